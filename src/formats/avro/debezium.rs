//! Flink's `debezium-avro-confluent` format: a change with the row before and after it, in Confluent's wire format.

use std::sync::Arc;

use bumpalo::Bump;

use super::confluent::ConfluentMessages;
use crate::change::Change;
use crate::error::{Rejection, Result};
use crate::excerpt::Excerpt;
use crate::formats::avro::schema::AvroSchema;
use crate::formats::decode_error::DecodeError;
use crate::formats::{Decode, Decoded};
use crate::record::Record;
use crate::schema_registry::schemas::Schemas;
use crate::types::data_type::{DataType, RowField};
use crate::types::value::{Value, Vector};

/// Debezium's placeholder for a large value that an update of PostgreSQL didn't carry. It is written as text, as bytes, or
/// as an array of numbers.
const PLACEHOLDER: &str = "__debezium_unavailable_value";

pub struct DebeziumAvro {
    messages: ConfluentMessages,
}

impl DebeziumAvro {
    pub fn new(reader: AvroSchema, columns: Vec<RowField>, schemas: Arc<dyn Schemas>) -> Self {
        let field = |name: &str, data_type| RowField { name: name.into(), data_type };
        let row = DataType::Row(columns);
        let envelope = vec![field("before", row.clone()), field("after", row), field("op", DataType::STRING)];
        DebeziumAvro { messages: ConfluentMessages::new(reader, envelope, schemas) }
    }

    fn changes<'a>(&self, message: &'a [u8], arena: &'a Bump) -> std::result::Result<Decoded<'a>, DecodeError> {
        let (envelope, fields_ignored, _) = self.messages.read(message, arena)?;
        let (before, after, op) = match envelope {
            [before, after, Value::Text(op)] => (row(before), row(after), *op),
            _ => return Err(DecodeError::of_message("found no 'op' where c, r, u or d was expected")),
        };
        let change = match (op, before, after) {
            ("c" | "r", _, Some(after)) => match after.iter().any(is_unavailable) {
                true => {
                    return Err(DecodeError::of_message(
                        "found a new row with Debezium's placeholder for an unavailable value",
                    ));
                }
                false => Change::Insert(after),
            },
            ("u", Some(before), Some(after)) => Change::Update {
                before: Some(replaced(before, Value::Null, arena)),
                after: replaced(after, Value::Unchanged, arena),
            },
            ("d", Some(before), _) => Change::Delete(replaced(before, Value::Null, arena)),
            ("u" | "d", None, _) => {
                return Err(DecodeError::of_message(format!(
                    "found no 'before' in a change with 'op' = '{op}'; a PostgreSQL table must have REPLICA IDENTITY FULL"
                )));
            }
            ("c" | "r" | "u", _, None) => {
                return Err(DecodeError::of_message(format!("found no 'after' in a change with 'op' = '{op}'")));
            }
            (op, ..) => {
                let op = Excerpt(op.as_bytes());
                return Err(DecodeError::of_message(format!("found 'op' = {op} where c, r, u or d was expected")));
            }
        };
        Ok(Decoded { changes: std::slice::from_ref(arena.alloc(change)), fields_ignored, ..Decoded::default() })
    }
}

impl Decode for DebeziumAvro {
    fn is_ready(&mut self, record: &Record<'_>) -> Result<bool> {
        record.value.filter(|message| !message.is_empty()).map_or(Ok(true), |message| self.messages.prepare(message))
    }

    /// A tombstone, which follows a delete, makes no change.
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> std::result::Result<Decoded<'a>, Rejection> {
        match record.value.filter(|message| !message.is_empty()) {
            Some(message) => self.changes(message, arena).map_err(|fault| fault.into_rejection(1)),
            None => Ok(Decoded::default()),
        }
    }
}

fn row<'a>(value: &Value<'a>) -> Option<&'a [Value<'a>]> {
    match value {
        Value::Row(row) => Some(row),
        _ => None,
    }
}

fn is_unavailable(value: &Value<'_>) -> bool {
    let bytes = PLACEHOLDER.as_bytes();
    match value {
        Value::Text(text) => *text == PLACEHOLDER,
        Value::Bytes(found) => *found == bytes,
        Value::Array([Value::Text(text)]) => *text == PLACEHOLDER,
        Value::Vector(Vector::Float(numbers)) => numbers.iter().copied().eq(bytes.iter().map(|byte| f32::from(*byte))),
        Value::Vector(Vector::Double(numbers)) => numbers.iter().copied().eq(bytes.iter().map(|byte| f64::from(*byte))),
        Value::Array(numbers) => {
            numbers.len() == bytes.len()
                && numbers.iter().zip(bytes).all(|(number, byte)| *number == Value::Int(i64::from(*byte)))
        }
        _ => false,
    }
}

/// The row with `by` in the place of each unavailable value.
fn replaced<'a>(row: &'a [Value<'a>], by: Value<'a>, arena: &'a Bump) -> &'a [Value<'a>] {
    if !row.iter().any(is_unavailable) {
        return row;
    }
    let row = arena.alloc_slice_copy(row);
    for value in row.iter_mut().filter(|value| is_unavailable(value)) {
        *value = by;
    }
    row
}
