//! Skips the writer's values that no column reads.

use std::collections::HashMap;

use super::cursor::AvroCursor;
use crate::formats::avro::schema::{AvroKind, AvroSchema, TypeId};
use crate::formats::decode_error::DecodeError;

/// How deep records in records may be nested.
const DEEPEST: usize = 100;

/// How to skip one value. All values except those of `Bytes` take at least one byte.
#[derive(Debug, Clone)]
pub enum Skip {
    /// A fixed number of bytes.
    Bytes(usize),
    Whole,
    Counted,
    Array(Box<Skip>),
    Map(Box<Skip>),
    Union(Box<[Skip]>),
    /// A record, by its number, because it can contain itself.
    Record(usize),
}

/// How the types of a writer's schema are skipped.
#[derive(Debug, Default)]
pub struct Skips {
    records: Vec<Box<[Skip]>>,
    by_type: HashMap<TypeId, Skip>,
}

impl Skips {
    pub fn of(&mut self, schema: &AvroSchema, id: TypeId) -> Skip {
        match schema.kind(id) {
            AvroKind::Null => Skip::Bytes(0),
            AvroKind::Boolean => Skip::Bytes(1),
            AvroKind::Int | AvroKind::Long | AvroKind::Enum(_) => Skip::Whole,
            AvroKind::Float => Skip::Bytes(4),
            AvroKind::Double => Skip::Bytes(8),
            AvroKind::Bytes | AvroKind::String => Skip::Counted,
            AvroKind::Fixed(size) => Skip::Bytes(*size),
            AvroKind::Array(items) => Skip::Array(Box::new(self.of(schema, *items))),
            AvroKind::Map(values) => Skip::Map(Box::new(self.of(schema, *values))),
            AvroKind::Union(branches) => Skip::Union(branches.iter().map(|branch| self.of(schema, *branch)).collect()),
            AvroKind::Record(fields) => {
                if let Some(skip) = self.by_type.get(&id) {
                    return skip.clone();
                }
                let number = self.records.len();
                self.records.push(Box::default());
                // The record gets its number before its fields are read, because they can be of this type.
                self.by_type.insert(id, Skip::Record(number));
                let mut parts = Vec::new();
                for field in fields {
                    push(&mut parts, self.of(schema, field.field_type));
                }
                let skip = match parts[..] {
                    [] => Skip::Bytes(0),
                    [Skip::Bytes(length)] => Skip::Bytes(length),
                    _ => Skip::Record(number),
                };
                self.records[number] = parts.into();
                self.by_type.insert(id, skip.clone());
                skip
            }
        }
    }

    pub fn pass(&self, skip: &Skip, cursor: &mut AvroCursor<'_>) -> Result<(), DecodeError> {
        self.pass_at(skip, cursor, 0)
    }

    fn pass_at(&self, skip: &Skip, cursor: &mut AvroCursor<'_>, depth: usize) -> Result<(), DecodeError> {
        match skip {
            Skip::Bytes(length) => cursor.take(*length).map(|_| ()),
            Skip::Whole => cursor.whole().map(|_| ()),
            Skip::Counted => cursor.counted().map(|_| ()),
            Skip::Array(item) => blocks(cursor, item, |cursor| self.pass_at(item, cursor, depth)),
            Skip::Map(value) => {
                let entry = |cursor: &mut AvroCursor<'_>| {
                    cursor.counted()?;
                    self.pass_at(value, cursor, depth)
                };
                blocks(cursor, &Skip::Counted, entry)
            }
            Skip::Union(branches) => {
                let branch = cursor.branch(branches.len())?;
                self.pass_at(&branches[branch], cursor, depth)
            }
            Skip::Record(_) if depth == DEEPEST => {
                Err(DecodeError::new(cursor.at(), format!("found records that are nested more than {DEEPEST} deep")))
            }
            Skip::Record(number) => {
                self.records[*number].iter().try_for_each(|part| self.pass_at(part, cursor, depth + 1))
            }
        }
    }
}

fn blocks<'a>(
    cursor: &mut AvroCursor<'a>,
    item: &Skip,
    mut pass: impl FnMut(&mut AvroCursor<'a>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    loop {
        match (cursor.block()?, item) {
            ((0, _), _) => return Ok(()),
            ((_, Some(length)), _) => cursor.take(length).map(|_| ())?,
            ((count, None), Skip::Bytes(length)) => match count.checked_mul(*length) {
                Some(length) => cursor.take(length).map(|_| ())?,
                None => cursor.expect_room(count, *length)?,
            },
            ((count, None), _) => {
                cursor.expect_room(count, 1)?;
                for _ in 0..count {
                    pass(cursor)?;
                }
            }
        }
    }
}

/// Adds a step. Neighbouring steps of a fixed length become one step.
pub fn push(parts: &mut Vec<Skip>, skip: Skip) {
    match (parts.last_mut(), &skip) {
        (_, Skip::Bytes(0)) => {}
        (Some(Skip::Bytes(before)), Skip::Bytes(length)) => *before = before.saturating_add(*length),
        _ => parts.push(skip),
    }
}
