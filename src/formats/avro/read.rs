//! Reads messages by a plan: the writer's bytes become values in the arena.

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::cursor::AvroCursor;
use super::plan::{AvroAbsent, DecimalPlan, ElementPlan, FieldPlan, ResolutionPlan, RowPlan, ValuePlan};
use super::{json, scalar, vector};
use crate::formats::avro::schema::AvroSchema;
use crate::formats::decode_error::DecodeError;
use crate::types::value::Value;

pub struct AvroReader<'p, 'a> {
    pub plan: &'p ResolutionPlan,
    /// The reader's schema, which has the defaults.
    pub schema: &'p AvroSchema,
    pub arena: &'a Bump,
}

impl<'a> AvroReader<'_, 'a> {
    pub fn row(&self, row: &RowPlan, cursor: &mut AvroCursor<'a>) -> Result<&'a [Value<'a>], DecodeError> {
        let values = self.arena.alloc_slice_fill_copy(row.names.len(), Value::Null);
        for step in &row.steps {
            match step {
                FieldPlan::Read { column, read } => match self.value(read, cursor) {
                    Ok(value) => values[*column] = value,
                    Err(fault) => return Err(fault.in_field(&row.names[*column])),
                },
                FieldPlan::Skip(skip) => self.plan.skips.pass(skip, cursor)?,
            }
        }
        for (column, absent) in &row.absent {
            values[*column] = self.absent(absent).map_err(|fault| fault.in_field(&row.names[*column]))?;
        }
        cursor.skipped += row.skipped;
        Ok(values)
    }

    fn absent(&self, absent: &AvroAbsent) -> Result<Value<'a>, DecodeError> {
        match absent {
            AvroAbsent::Default { json: serde_json::Value::Null, .. } => Ok(Value::Null),
            AvroAbsent::Default { json, reader, data_type } => {
                json::Walk { schema: self.schema, tagged: false, arena: self.arena }.value(json, *reader, data_type)
            }
            AvroAbsent::Refused => Err(DecodeError::of_message(
                "the writer has no such field, and the reading schema gives no default for it",
            )),
        }
    }

    pub fn value(&self, read: &ValuePlan, cursor: &mut AvroCursor<'a>) -> Result<Value<'a>, DecodeError> {
        Ok(match read {
            ValuePlan::Nullable { null, inner } => match cursor.branch(2)? == *null {
                true => Value::Null,
                false => return self.value(inner, cursor),
            },
            ValuePlan::Null => Value::Null,
            ValuePlan::Boolean => match cursor.array()? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                [other] => {
                    let reason = format!("found byte {other} where a boolean was expected, 0 or 1");
                    return Err(DecodeError::new(cursor.at() - 1, reason));
                }
            },
            ValuePlan::Whole { least, most } => Value::Int(whole(cursor, *least, *most)?),
            ValuePlan::WholeAsFloat => Value::Float(cursor.whole()? as f32),
            ValuePlan::WholeAsDouble => Value::Double(cursor.whole()? as f64),
            ValuePlan::Float => Value::Float(f32::from_le_bytes(cursor.array()?)),
            ValuePlan::FloatAsDouble => Value::Double(f32::from_le_bytes(cursor.array()?).into()),
            ValuePlan::Double => Value::Double(f64::from_le_bytes(cursor.array()?)),
            ValuePlan::Decimal(plan) => self.decimal(plan, cursor)?,
            ValuePlan::Text => Value::Text(text(cursor)?),
            ValuePlan::Bytes => Value::Bytes(cursor.counted()?),
            ValuePlan::Fixed(size) => Value::Bytes(cursor.take(*size)?),
            ValuePlan::Symbol(symbols) => {
                let symbol = cursor.branch(symbols.len())?;
                Value::Text(self.arena.alloc_str(&symbols[symbol]))
            }
            ValuePlan::Date => Value::Date(whole(cursor, i32::MIN.into(), i32::MAX.into())? as i32),
            ValuePlan::Time(unit) => {
                let at = cursor.at();
                scalar::time(cursor.whole()?, *unit)
                    .ok_or_else(|| DecodeError::new(at, "found a time that is not within a day"))?
            }
            ValuePlan::Timestamp(unit) => {
                let (seconds, nanos) = scalar::timestamp(cursor.whole()?, *unit);
                Value::Timestamp { seconds, nanos }
            }
            ValuePlan::Instant(unit) => {
                let (seconds, nanos) = scalar::timestamp(cursor.whole()?, *unit);
                Value::Instant { seconds, nanos }
            }
            ValuePlan::Vector(plan) => match vector::read(plan, cursor, self.arena)? {
                Some(vector) => Value::Vector(vector),
                None => self.array(&plan.elements, cursor)?,
            },
            ValuePlan::Array(elements) => self.array(elements, cursor)?,
            ValuePlan::Map(value) => self.map(value, cursor)?,
            ValuePlan::Row(row) => Value::Row(self.row(row, cursor)?),
            ValuePlan::Union(branches) => {
                let branch = cursor.branch(branches.len())?;
                return self.value(&branches[branch], cursor);
            }
            ValuePlan::Refused(reason) => return Err(DecodeError::new(cursor.at(), reason.as_ref())),
        })
    }

    fn array(&self, elements: &ElementPlan, cursor: &mut AvroCursor<'a>) -> Result<Value<'a>, DecodeError> {
        let mut values = Vec::new_in(self.arena);
        loop {
            let (count, _) = cursor.block()?;
            if count == 0 {
                return Ok(Value::Array(values.into_bump_slice()));
            }
            cursor.expect_room(count, elements.least)?;
            // This reserves room for more values than asked for, so that many small blocks don't cause many allocations.
            values.reserve(count);
            for _ in 0..count {
                let value = self.value(&elements.read, cursor).map_err(|fault| fault.in_element(values.len()))?;
                values.push(value);
            }
        }
    }

    fn map(&self, value: &ValuePlan, cursor: &mut AvroCursor<'a>) -> Result<Value<'a>, DecodeError> {
        let mut entries: Vec<'_, (Value<'a>, Value<'a>)> = Vec::new_in(self.arena);
        loop {
            let (count, _) = cursor.block()?;
            if count == 0 {
                return Ok(Value::Map(entries.into_bump_slice()));
            }
            cursor.expect_room(count, 1)?;
            entries.reserve(count);
            for _ in 0..count {
                let key = text(cursor)?;
                let value = self.value(value, cursor).map_err(|fault| fault.in_field(key))?;
                entries.push((Value::Text(key), value));
            }
        }
    }

    fn decimal(&self, plan: &DecimalPlan, cursor: &mut AvroCursor<'a>) -> Result<Value<'a>, DecodeError> {
        let at = cursor.at();
        let bytes = match plan.fixed {
            Some(size) => cursor.take(size)?,
            None => cursor.counted()?,
        };
        scalar::decimal(bytes, plan, self.arena)
            .ok_or_else(|| DecodeError::new(at, "found no bytes where a decimal was expected"))
    }
}

#[inline(always)]
fn whole(cursor: &mut AvroCursor<'_>, least: i64, most: i64) -> Result<i64, DecodeError> {
    let at = cursor.at();
    let value = cursor.whole()?;
    match (least..=most).contains(&value) {
        true => Ok(value),
        false => {
            Err(DecodeError::new(at, format!("found {value} where a whole number from {least} to {most} was expected")))
        }
    }
}

#[inline(always)]
fn text<'a>(cursor: &mut AvroCursor<'a>) -> Result<&'a str, DecodeError> {
    let at = cursor.at();
    let bytes = cursor.counted()?;
    simdutf8::basic::from_utf8(bytes).map_err(|_| DecodeError::new(at, "found a text that is not UTF-8"))
}
