//! Functions that choose one of their operands.

pub mod case;
mod coalesce;
mod extreme;
mod nullif;

use super::definition::Function;

pub const FUNCTIONS: &[Function] =
    &[coalesce::COALESCE, coalesce::IFNULL, nullif::NULLIF, case::IF, extreme::GREATEST, extreme::LEAST];
