//! Reads the elements of vectors from every form in which they come, and writes them in every form that columns store.

pub mod dimension;
pub mod element;
pub mod float2;
pub mod input;
mod literal;
pub mod normalize;
pub mod packed;
