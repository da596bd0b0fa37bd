//! Avro's JSON encoding, as Java reads it. A union's value is an object with the branch's name, unless it is null. Bytes
//! are characters up to U+00FF. The defaults in a reader's schema are written in the same way, but without the branches'
//! names.

use bumpalo::Bump;
use bumpalo::collections::Vec;
use serde_json::Value as Json;

use super::plan::{DecimalPlan, without_null};
use super::scalar;
use crate::excerpt::Shortened;
use crate::formats::avro::schema::{AvroKind, AvroSchema, AvroTimeUnit, Logical, TypeId};
use crate::formats::decode_error::DecodeError;
use crate::types::data_type::{DataType, RowField};
use crate::types::value::Value;

/// Reads a value by its schema and the type of its column.
#[derive(Clone, Copy)]
pub struct Walk<'s, 'a> {
    pub schema: &'s AvroSchema,
    /// Values of unions have their branch's name.
    pub tagged: bool,
    pub arena: &'a Bump,
}

impl<'a> Walk<'_, 'a> {
    pub fn row(&self, json: &Json, id: TypeId, columns: &[RowField]) -> Result<&'a [Value<'a>], DecodeError> {
        let (AvroKind::Record(fields), Json::Object(object)) = (self.schema.kind(id), json) else {
            return Err(self.unexpected(json, "an object"));
        };
        let values = self.arena.alloc_slice_fill_copy(columns.len(), Value::Null);
        for (value, column) in values.iter_mut().zip(columns) {
            let Some(field) = fields.iter().find(|field| field.name == column.name) else { continue };
            let Some(json) = object.get(&field.name) else {
                return Err(DecodeError::of_message("found no such field").in_field(&column.name));
            };
            *value =
                self.value(json, field.field_type, &column.data_type).map_err(|fault| fault.in_field(&column.name))?;
        }
        Ok(values)
    }

    pub fn value(&self, json: &Json, id: TypeId, data_type: &DataType) -> Result<Value<'a>, DecodeError> {
        let (inner, is_nullable) = without_null(self.schema, id);
        match (json, is_nullable) {
            (Json::Null, true) => return Ok(Value::Null),
            (Json::Object(object), true) if self.tagged => {
                let name = self.branch_name(inner);
                let mut entries = object.iter();
                return match (entries.next(), entries.next()) {
                    (Some((tag, json)), None) if *tag == name => self.plain(json, inner, data_type),
                    _ => Err(self.unexpected(json, &format!("null or {{\"{name}\": …}}"))),
                };
            }
            (_, true) if self.tagged => {
                return Err(self.unexpected(json, &format!("null or {{\"{}\": …}}", self.branch_name(inner))));
            }
            _ => {}
        }
        self.plain(json, inner, data_type)
    }

    fn branch_name(&self, id: TypeId) -> String {
        let of = self.schema.get(id);
        of.name.clone().unwrap_or_else(|| self.schema.describe(id).split(' ').next().unwrap_or_default().to_string())
    }

    #[cold]
    fn unexpected(&self, json: &Json, expected: &str) -> DecodeError {
        let found = json.to_string();
        DecodeError::of_message(format!("found {} where {expected} was expected", Shortened(&found)))
    }

    fn plain(&self, json: &Json, id: TypeId, data_type: &DataType) -> Result<Value<'a>, DecodeError> {
        let found = self.try_plain(json, id, data_type)?;
        found.ok_or_else(|| self.unexpected(json, &format!("{} in Avro's JSON", self.schema.describe(id))))
    }

    fn try_plain(&self, json: &Json, id: TypeId, data_type: &DataType) -> Result<Option<Value<'a>>, DecodeError> {
        let logical = self.schema.get(id).logical;
        Ok(match (self.schema.kind(id), json) {
            (AvroKind::Boolean, Json::Bool(value)) => Some(Value::Bool(*value)),
            (AvroKind::Int, Json::Number(number)) => {
                let value = number.as_i64().and_then(|value| i32::try_from(value).ok());
                value.and_then(|value| int(value, data_type))
            }
            (AvroKind::Long, Json::Number(number)) => number.as_i64().and_then(|value| long(value, logical, data_type)),
            (AvroKind::Float, json) => real(json).map(|value| match data_type {
                DataType::Double => Value::Double(f64::from(value as f32)),
                _ => Value::Float(value as f32),
            }),
            (AvroKind::Double, json) => real(json).map(Value::Double),
            (AvroKind::String | AvroKind::Enum(_), Json::String(text)) => Some(match data_type {
                DataType::Binary(_) | DataType::Varbinary(_) => {
                    Value::Bytes(self.arena.alloc_slice_copy(text.as_bytes()))
                }
                _ => Value::Text(self.arena.alloc_str(text)),
            }),
            (AvroKind::Bytes | AvroKind::Fixed(_), Json::String(text)) => self.bytes(text, logical, data_type),
            (AvroKind::Array(items), Json::Array(list)) => {
                let DataType::Array(element) = data_type else { return Ok(None) };
                let mut values = Vec::with_capacity_in(list.len(), self.arena);
                for (index, json) in list.iter().enumerate() {
                    values.push(self.value(json, *items, element).map_err(|fault| fault.in_element(index))?);
                }
                Some(Value::Array(values.into_bump_slice()))
            }
            (AvroKind::Map(of), Json::Object(object)) => {
                let Some((_, inner)) = data_type.entries() else { return Ok(None) };
                let mut entries = Vec::with_capacity_in(object.len(), self.arena);
                for (key, json) in object {
                    let value = self.value(json, *of, inner).map_err(|fault| fault.in_field(key))?;
                    entries.push((Value::Text(self.arena.alloc_str(key)), value));
                }
                Some(Value::Map(entries.into_bump_slice()))
            }
            (AvroKind::Record(_), Json::Object(_)) => {
                let DataType::Row(fields) = data_type else { return Ok(None) };
                Some(Value::Row(self.row(json, id, fields)?))
            }
            _ => None,
        })
    }

    fn bytes(&self, text: &str, logical: Option<Logical>, data_type: &DataType) -> Option<Value<'a>> {
        let mut bytes = Vec::with_capacity_in(text.len(), self.arena);
        for character in text.chars() {
            bytes.push(u8::try_from(u32::from(character)).ok()?);
        }
        match data_type {
            DataType::Decimal { precision, scale } => {
                let written_scale = match logical {
                    Some(Logical::Decimal { scale }) => scale,
                    _ => (*scale).into(),
                };
                let plan = DecimalPlan { fixed: None, written_scale, precision: *precision, scale: *scale };
                scalar::decimal(&bytes, &plan, self.arena)
            }
            DataType::Char(_) | DataType::Varchar(_) => {
                std::str::from_utf8(bytes.into_bump_slice()).ok().map(Value::Text)
            }
            _ => Some(Value::Bytes(bytes.into_bump_slice())),
        }
    }
}

fn int(value: i32, data_type: &DataType) -> Option<Value<'static>> {
    match data_type {
        DataType::TinyInt => i8::try_from(value).ok().map(|value| Value::Int(value.into())),
        DataType::SmallInt => i16::try_from(value).ok().map(|value| Value::Int(value.into())),
        DataType::Date => Some(Value::Date(value)),
        DataType::Time { .. } => scalar::time(value.into(), AvroTimeUnit::Millis),
        _ => Some(Value::Int(value.into())),
    }
}

fn long(value: i64, logical: Option<Logical>, data_type: &DataType) -> Option<Value<'static>> {
    let unit = match logical {
        Some(Logical::Timestamp(unit) | Logical::Time(unit)) => unit,
        _ => AvroTimeUnit::Millis,
    };
    let (seconds, nanos) = scalar::timestamp(value, unit);
    match data_type {
        DataType::Timestamp { .. } => Some(Value::Timestamp { seconds, nanos }),
        DataType::TimestampLtz { .. } => Some(Value::Instant { seconds, nanos }),
        DataType::Time { .. } => scalar::time(value, unit),
        _ => Some(Value::Int(value)),
    }
}

fn real(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" | "INF" => Some(f64::INFINITY),
            "-Infinity" | "-INF" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}
