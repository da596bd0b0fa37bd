//! Flink's `json` format: each message is one object, and its fields are found by name.

mod cursor;
pub mod options;
mod print;
mod quoted;
mod reader;
mod scalar;
mod shape;
#[cfg(test)]
mod tests;
mod vector;

use bumpalo::Bump;

use self::options::JsonFormat;
pub(crate) use self::reader::{JsonReader, JsonRules};
pub(crate) use self::shape::{JsonFields, JsonType, Missing};
use super::{Decode, Decoded};
use crate::error::Rejection;
use crate::record::Record;
use crate::types::column::SourceColumn;

pub(crate) struct Json {
    fields: JsonFields,
    rules: JsonRules,
}

impl Json {
    pub fn new(options: &JsonFormat, columns: &[SourceColumn]) -> Self {
        let missing = if options.fail_on_missing_field { Missing::Refused } else { Missing::Null };
        let columns = columns.iter().map(|column| (column.name.as_str(), &column.data_type));
        let rules = JsonRules {
            ignore_parse_errors: options.ignore_parse_errors,
            timestamps: options.timestamps,
            numbers_as_doubles: false,
        };
        Json { fields: JsonFields::new(columns, missing), rules }
    }
}

impl Decode for Json {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        let Some(message) = record.value.filter(|message| !message.is_empty()) else {
            return Ok(Decoded::default());
        };
        let mut reader = JsonReader::new(message, self.rules, arena);
        match reader.message(&self.fields) {
            Ok(row) => Ok(Decoded {
                parse_errors_ignored: reader.nulled,
                fields_ignored: reader.unknown,
                ..Decoded::insert(row, arena)
            }),
            Err(_) if self.rules.ignore_parse_errors => Ok(Decoded { parse_errors_ignored: 1, ..Decoded::default() }),
            Err(fault) => Err(fault.into_rejection(0)),
        }
    }
}
