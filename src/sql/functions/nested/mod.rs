//! Functions of ARRAY, MAP and ROW.

mod array;
mod array_contains;
mod cardinality;
pub mod element;
mod map;
mod row;

use super::definition::Function;

pub const FUNCTIONS: &[Function] =
    &[array::ARRAY, map::MAP, row::ROW, cardinality::CARDINALITY, array_contains::ARRAY_CONTAINS];
