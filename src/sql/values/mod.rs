//! The values of SQL: CAST, their order, and how they are printed.

pub(crate) mod cast;
pub(crate) mod context;
pub(crate) mod elements;
pub(crate) mod order;
mod print;

use crate::types::data_type::DataType;
use crate::types::time_zone::TimeZone;
use crate::types::value::Value;

/// The text of a value, as CAST to text prints it.
#[cfg_attr(not(feature = "kafka"), allow(dead_code))]
pub fn print(value: Value<'_>, data_type: &DataType, zone: &TimeZone) -> String {
    let mut text = String::new();
    // Writing into a String never fails.
    let _ = print::write(value, data_type, zone, &mut text);
    text
}
