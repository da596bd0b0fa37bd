//! Where each partition is read from and to.

pub mod extent;
pub mod mark;
pub mod position;
pub mod rules;
