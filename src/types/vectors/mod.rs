//! The elements of vectors: read from every form that they come in, and written to every form that columns store.

pub mod dimension;
pub mod element;
pub mod float2;
pub mod input;
mod literal;
pub mod normalize;
pub mod packed;
