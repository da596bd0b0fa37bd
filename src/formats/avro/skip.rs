//! Passes over what a writer wrote and no column reads.

use std::collections::HashMap;

use super::cursor::Cursor;
use crate::formats::avro::schema::{Kind, Schema, TypeId};
use crate::formats::fault::Fault;

/// Records in records.
const DEEPEST: usize = 100;

/// How to pass over one value. All but `Bytes` take at least one byte.
#[derive(Debug, Clone)]
pub enum Skip {
    /// Always so many.
    Bytes(usize),
    Whole,
    Counted,
    Array(Box<Skip>),
    Map(Box<Skip>),
    Union(Box<[Skip]>),
    /// A record that may hold itself, by its number.
    Record(usize),
}

/// The skips of a writer's schema.
#[derive(Debug, Default)]
pub struct Skips {
    records: Vec<Box<[Skip]>>,
    by_type: HashMap<TypeId, Skip>,
}

impl Skips {
    pub fn of(&mut self, schema: &Schema, id: TypeId) -> Skip {
        match schema.kind(id) {
            Kind::Null => Skip::Bytes(0),
            Kind::Boolean => Skip::Bytes(1),
            Kind::Int | Kind::Long | Kind::Enum(_) => Skip::Whole,
            Kind::Float => Skip::Bytes(4),
            Kind::Double => Skip::Bytes(8),
            Kind::Bytes | Kind::String => Skip::Counted,
            Kind::Fixed(size) => Skip::Bytes(*size),
            Kind::Array(items) => Skip::Array(Box::new(self.of(schema, *items))),
            Kind::Map(values) => Skip::Map(Box::new(self.of(schema, *values))),
            Kind::Union(branches) => Skip::Union(branches.iter().map(|branch| self.of(schema, *branch)).collect()),
            Kind::Record(fields) => {
                if let Some(skip) = self.by_type.get(&id) {
                    return skip.clone();
                }
                let number = self.records.len();
                self.records.push(Box::default());
                // Known before its fields, which may be of it.
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

    pub fn pass(&self, skip: &Skip, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        self.pass_at(skip, cursor, 0)
    }

    fn pass_at(&self, skip: &Skip, cursor: &mut Cursor<'_>, depth: usize) -> Result<(), Fault> {
        match skip {
            Skip::Bytes(length) => cursor.take(*length).map(|_| ()),
            Skip::Whole => cursor.whole().map(|_| ()),
            Skip::Counted => cursor.counted().map(|_| ()),
            Skip::Array(item) => blocks(cursor, item, |cursor| self.pass_at(item, cursor, depth)),
            Skip::Map(value) => {
                let entry = |cursor: &mut Cursor<'_>| {
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
                Err(Fault::new(cursor.at(), format!("found records in records, more than {DEEPEST} deep")))
            }
            Skip::Record(number) => {
                self.records[*number].iter().try_for_each(|part| self.pass_at(part, cursor, depth + 1))
            }
        }
    }
}

fn blocks<'a>(
    cursor: &mut Cursor<'a>,
    item: &Skip,
    mut pass: impl FnMut(&mut Cursor<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
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

/// Adds a step; lengths that stand side by side are one.
pub fn push(parts: &mut Vec<Skip>, skip: Skip) {
    match (parts.last_mut(), &skip) {
        (_, Skip::Bytes(0)) => {}
        (Some(Skip::Bytes(before)), Skip::Bytes(length)) => *before = before.saturating_add(*length),
        _ => parts.push(skip),
    }
}
