//! Expressions over the values of a row, as Flink evaluates them.

mod call;
mod cast;
pub(crate) mod context;
#[allow(clippy::module_inception)]
pub(crate) mod evaluate;
pub(crate) mod fold;
mod order;
mod print;

use crate::types::data_type::DataType;
use crate::types::time_zone::TimeZone;
use crate::types::value::Value;

/// A value as CAST to text prints it.
#[cfg_attr(not(feature = "kafka"), allow(dead_code))]
pub fn print(value: Value<'_>, data_type: &DataType, zone: &TimeZone) -> String {
    let mut text = String::new();
    // Writing into a String never fails.
    let _ = print::write(value, data_type, zone, &mut text);
    text
}
