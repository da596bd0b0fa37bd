//! Rows that are put together of a message's key and its value: `key.format`, and `upsert-kafka`.
//!
//! As in Flink's Kafka connector: each row of the key is combined with each of the value; a field that both have is the
//! value's; a key that decodes to no row leaves the whole message without one.

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::{Decode, Decoded};
use crate::change::Change;
use crate::error::Rejection;
use crate::record::Record;
use crate::settings::{Column, Keyed as Settings};
use crate::value::Value;

pub(super) struct Keyed {
    key: Box<dyn Decode>,
    value: Box<dyn Decode>,
    /// For each field of the key its place in the row.
    key_places: std::vec::Vec<usize>,
    /// The same for the value; `None`: it has every column, so nothing is left for the key to say.
    value_places: Option<std::vec::Vec<usize>>,
    columns: usize,
    metadata: usize,
    /// A null value deletes, any other replaces.
    upsert: bool,
}

impl Keyed {
    /// `columns`: how many the table has, and `metadata`: how many values the value's format adds to a row of them.
    pub fn new(
        settings: &Settings,
        key: Box<dyn Decode>,
        value: Box<dyn Decode>,
        columns: usize,
        metadata: usize,
    ) -> Self {
        Keyed {
            key,
            value,
            key_places: settings.fields.clone(),
            value_places: settings.except_key.then(|| settings.value_places(columns)),
            columns,
            metadata,
            upsert: settings.upsert,
        }
    }

    /// A row of the table with the key's fields in their places and NULL elsewhere.
    fn of_key<'a>(&self, key: &[Value<'a>], arena: &'a Bump) -> &'a mut [Value<'a>] {
        let row = arena.alloc_slice_fill_copy(self.columns + self.metadata, Value::Null);
        for (place, value) in self.key_places.iter().zip(key) {
            if let Some(field) = row.get_mut(*place) {
                *field = *value;
            }
        }
        row
    }

    fn combined<'a>(&self, key: &[Value<'a>], value: &'a [Value<'a>], arena: &'a Bump) -> &'a [Value<'a>] {
        let Some(places) = &self.value_places else { return value };
        let row = self.of_key(key, arena);
        let (fields, metadata) = value.split_at(places.len().min(value.len()));
        for (place, field) in places.iter().zip(fields) {
            if let Some(into) = row.get_mut(*place) {
                *into = *field;
            }
        }
        for (into, value) in row.iter_mut().skip(self.columns).zip(metadata) {
            *into = *value;
        }
        row
    }

    fn change<'a>(&self, key: &[Value<'a>], change: &Change<'a>, arena: &'a Bump) -> Change<'a> {
        match change {
            Change::Insert(row) if self.upsert => {
                Change::Update { before: None, after: self.combined(key, row, arena) }
            }
            Change::Insert(row) => Change::Insert(self.combined(key, row, arena)),
            Change::Update { before, after } => Change::Update {
                before: before.map(|row| self.combined(key, row, arena)),
                after: self.combined(key, after, arena),
            },
            Change::Delete(row) => Change::Delete(self.combined(key, row, arena)),
        }
    }
}

/// The message that the key's decoder reads.
fn key_of<'a>(record: &Record<'a>) -> Record<'a> {
    Record { value: record.key, ..*record }
}

impl Decode for Keyed {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        let key = self.key.decode(&key_of(record), arena).map_err(|rejection| Rejection {
            reason: format!("in the message's key: {}", rejection.reason),
            ..rejection
        })?;
        // The formats of keys only add rows.
        let keys = key.changes.iter().filter_map(|change| match change {
            Change::Insert(row) => Some(*row),
            _ => None,
        });
        let mut changes = Vec::new_in(arena);
        let mut value = Decoded::default();
        if self.upsert && record.value.is_none() {
            changes.extend(keys.map(|key| Change::Delete(self.of_key(key, arena))));
        } else {
            value = self.value.decode(record, arena)?;
            for key in keys {
                changes.extend(value.changes.iter().map(|change| self.change(key, change, arena)));
            }
        }
        Ok(Decoded {
            changes: changes.into_bump_slice(),
            parse_errors_ignored: key.parse_errors_ignored + value.parse_errors_ignored,
            fields_ignored: key.fields_ignored + value.fields_ignored,
        })
    }
}

/// The columns as the key's format names them.
pub(super) fn key_columns(settings: &Settings, columns: &[Column]) -> std::vec::Vec<Column> {
    let named = |column: &Column| {
        let name = column.name.strip_prefix(&settings.prefix).unwrap_or(&column.name).to_owned();
        Column { name, ..column.clone() }
    };
    settings.fields.iter().filter_map(|place| columns.get(*place)).map(named).collect()
}

/// The columns that the value's format decodes.
pub(super) fn value_columns(settings: &Settings, columns: &[Column]) -> std::vec::Vec<Column> {
    match settings.except_key {
        false => columns.to_vec(),
        true => {
            settings.value_places(columns.len()).into_iter().filter_map(|place| columns.get(place).cloned()).collect()
        }
    }
}
