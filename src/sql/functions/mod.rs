//! Flink's functions and operators that compute a value from values: a file for each, or for a few that share their
//! evaluation. The file contains everything about the function: its name and parameters, its lines for the documentation,
//! the expression of a call, and the evaluation.

pub mod choice;
pub mod definition;
pub mod moment;
pub mod nested;
pub mod number;
pub mod text;

use self::definition::Function;
use self::moment::unit::UnitFunction;

/// All functions that are called by name, in the order of the documentation. Each folder has the list of its functions.
pub fn all() -> impl Iterator<Item = &'static Function> {
    [number::FUNCTIONS, text::FUNCTIONS, moment::FUNCTIONS, choice::FUNCTIONS, nested::FUNCTIONS].into_iter().flatten()
}

/// The function of this name whose first argument is a unit.
pub fn with_unit(name: &str) -> Option<&'static UnitFunction> {
    moment::UNIT_FUNCTIONS.iter().find(|function| function.name == name)
}
