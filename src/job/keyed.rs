//! Makes rows of a message's key and value: for tables with `key.format`, and for `upsert-kafka`.

use bumpalo::Bump;

use crate::change::Change;
use crate::error::{Rejection, Result as JobResult};
use crate::formats::{Decode, Decoded};
use crate::job::settings::source::{KeyFormat, Source};
use crate::record::Record;
use crate::types::value::Value;

pub(crate) struct Keyed {
    key: Box<dyn Decode>,
    value: Box<dyn Decode>,
    /// For each field of the message key: the index of its column.
    in_key: Vec<usize>,
    /// For each value of a row that the message value's format decodes: the index of its column. `None`: these rows have
    /// all columns, in the order of the table.
    in_value: Option<Vec<usize>>,
    /// The length of a row: the number of columns, plus the number of the format's metadata columns.
    width: usize,
    upsert: bool,
}

impl Keyed {
    pub fn new(source: &Source, fields: &KeyFormat, key: Box<dyn Decode>, value: Box<dyn Decode>) -> Self {
        let columns = source.columns.len();
        let width = columns + source.format_metadata.len();
        let in_value = || source.columns_in_value().into_iter().chain(columns..width).collect();
        Keyed {
            key,
            value,
            in_key: fields.fields.iter().map(|field| field.column).collect(),
            in_value: (!fields.also_in_value).then(in_value),
            width,
            upsert: source.upsert,
        }
    }

    /// A row of the message value, completed by the columns that only the message key has. If both have a column, the
    /// message value's counts, even if it is NULL.
    fn joined<'a>(&self, key: &'a [Value<'a>], row: &'a [Value<'a>], arena: &'a Bump) -> &'a [Value<'a>] {
        let lacks = |column: &usize| row.get(*column) == Some(&Value::Unchanged);
        match &self.in_value {
            None if !self.in_key.iter().any(lacks) => row,
            None => self.row(key, (0..).zip(row), arena),
            Some(in_value) => self.row(key, in_value.iter().copied().zip(row), arena),
        }
    }

    /// A row of the key's fields and these values. Columns that are in neither are [`Value::Unchanged`].
    fn row<'a>(
        &self,
        key: &'a [Value<'a>],
        values: impl Iterator<Item = (usize, &'a Value<'a>)>,
        arena: &'a Bump,
    ) -> &'a [Value<'a>] {
        let row = arena.alloc_slice_fill_copy(self.width, Value::Unchanged);
        let values = values.filter(|(_, value)| **value != Value::Unchanged);
        for (column, value) in self.in_key.iter().copied().zip(key).chain(values) {
            if let Some(place) = row.get_mut(column) {
                *place = *value;
            }
        }
        row
    }
}

impl Decode for Keyed {
    fn is_ready(&mut self, record: &Record<'_>) -> JobResult<bool> {
        Ok(self.key.is_ready(&Record { value: record.key, ..*record })? && self.value.is_ready(record)?)
    }

    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        let of_key = self.key.decode(&Record { value: record.key, ..*record }, arena).map_err(of_the_key)?;
        // A format of message keys only inserts rows, at most one for each message.
        let Some(Change::Insert(key)) = of_key.changes.first() else {
            return Ok(Decoded { changes: &[], ..of_key });
        };
        if self.upsert && record.value.is_none() {
            // The other columns aren't NULL but unknown. WHERE must not take them for NULL.
            let row = self.row(key, std::iter::empty(), arena);
            return Ok(Decoded { changes: std::slice::from_ref(arena.alloc(Change::Delete(row))), ..of_key });
        }
        let of_value = self.value.decode(record, arena)?;
        let changes = arena.alloc_slice_fill_iter(of_value.changes.iter().map(|change| match *change {
            Change::Insert(row) if self.upsert => Change::Update { before: None, after: self.joined(key, row, arena) },
            Change::Insert(row) => Change::Insert(self.joined(key, row, arena)),
            Change::Update { before, after } => Change::Update {
                before: before.map(|before| self.joined(key, before, arena)),
                after: self.joined(key, after, arena),
            },
            Change::Delete(row) => Change::Delete(self.joined(key, row, arena)),
        }));
        Ok(Decoded {
            changes,
            parse_errors_ignored: of_key.parse_errors_ignored + of_value.parse_errors_ignored,
            fields_ignored: of_key.fields_ignored + of_value.fields_ignored,
        })
    }
}

fn of_the_key(rejection: Rejection) -> Rejection {
    Rejection { reason: format!("in the message key: {}", rejection.reason), ..rejection }
}
