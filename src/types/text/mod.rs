//! Values as text.

pub mod json;
pub mod print;
pub mod scalar;
pub mod shown;
