//! What a change means for the sink's table: encoded rows and deletes, before they are accepted.

use std::ops::Range;

use bumpalo::Bump;

use crate::batch::{Op, RowFormat};
use crate::change::Change;
use crate::error::{Rejection, Result, Stage};
use crate::job::selection::{Selected, Selection};
use crate::types::encode::{EncodeOptions, RowEncoder};
use crate::types::target::TargetTable;
use crate::types::value::Value;

/// The record's metadata, and the memory for the values that expressions compute.
type RowContext<'a> = (&'a [Value<'a>], &'a Bump);

type Prepared<T> = std::result::Result<T, Rejection>;

/// An entry that is not accepted yet: where its parts are in the buffers of [`Prepare`].
pub struct PreparedEntry {
    pub op: Op,
    pub format: RowFormat,
    pub row: Range<usize>,
    pub key: Range<usize>,
}

/// Turns a record's changes into entries. Its buffers hold the bytes of all records since [`Prepare::clear`].
pub struct Prepare {
    pub selection: Selection,
    encoder: RowEncoder,
    key: Option<DeleteKey>,
    pub rows: Vec<u8>,
    pub keys: Vec<u8>,
    pub entries: Vec<Prepared<PreparedEntry>>,
    /// With exactly-once: for each refused entry its key image in `keys`, empty if it has none.
    pub refused_keys: Vec<Range<usize>>,
    keeps_refused_keys: bool,
    /// Rows that the NOT NULL enforcer dropped.
    pub dropped: u64,
}

/// The key, as deletes need it.
struct DeleteKey {
    columns: Vec<usize>,
    encoder: RowEncoder,
}

impl Prepare {
    pub fn new(
        selection: Selection,
        target: &TargetTable,
        options: EncodeOptions,
        keeps_refused_keys: bool,
    ) -> Result<Prepare> {
        let key = match &target.key {
            Some(columns) => {
                Some(DeleteKey { columns: columns.clone(), encoder: RowEncoder::new(&target.of_key(), options)? })
            }
            None => None,
        };
        Ok(Prepare {
            selection,
            encoder: RowEncoder::new(target, options)?,
            key,
            rows: Vec::new(),
            keys: Vec::new(),
            entries: Vec::new(),
            refused_keys: Vec::new(),
            keeps_refused_keys,
            dropped: 0,
        })
    }

    /// Forgets the bytes of all records so far.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.keys.clear();
    }

    /// Frees the memory of each buffer that has more than `most` bytes. The buffers are empty.
    pub fn trim(&mut self, most: usize) {
        for buffer in [&mut self.rows, &mut self.keys] {
            if buffer.capacity() > most {
                *buffer = Vec::new();
            }
        }
        self.encoder.trim(most);
    }

    /// Makes the entries of these changes, in their order.
    pub fn record<'a>(&mut self, changes: &'a [Change<'a>], metadata: &'a [Value<'a>], arena: &'a Bump) {
        let context = (metadata, arena);
        self.entries.clear();
        self.refused_keys.clear();
        self.dropped = 0;
        for change in changes {
            let outcome = match change {
                Change::Insert(row) => self.insert(row, context),
                Change::Update { before, after } => self.update(*before, after, context),
                Change::Delete(row) => self.delete(row, context),
            };
            if let Err(rejection) = outcome {
                if self.keeps_refused_keys {
                    let key = self.key_of_refused(change, context);
                    self.refused_keys.push(key);
                }
                self.entries.push(Err(rejection));
            }
        }
    }

    /// The key of a change that was refused for another reason. The record belongs to the shard of its key: after the table was
    /// altered it may be taken.
    fn key_of_refused<'a>(&mut self, change: &'a Change<'a>, context: RowContext<'a>) -> Range<usize> {
        let row = match change {
            Change::Insert(row) | Change::Delete(row) => row,
            Change::Update { after, .. } => after,
        };
        let start = self.keys.len();
        if let Some(key) = &self.key
            && let Ok(Selected::Row(selected)) = self.selection.key(&key.columns, row, context.0, context.1)
            && key.encoder.key_image(selected, &mut self.keys).is_err()
        {
            self.keys.truncate(start);
        }
        start..self.keys.len()
    }

    /// Whether an entry was rejected because a value doesn't fit its column.
    pub fn has_encode_rejection(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Err(rejection) if rejection.stage == Stage::Encode))
    }

    fn insert<'a>(&mut self, row: &'a [Value<'a>], context: RowContext<'a>) -> Prepared<()> {
        match self.selection.apply(row, context.0, context.1)? {
            Selected::Row(selected) => {
                let entry = put_row(&mut self.encoder, Op::Insert, selected, &mut self.rows, &mut self.keys)?;
                self.entries.push(Ok(entry));
            }
            Selected::Filtered => {}
            Selected::DroppedNull => self.dropped += 1,
        }
        Ok(())
    }

    /// Makes a delete, unless WHERE is certainly false for the row: then the row was never in the table. For a row that carries only its
    /// key, the result of WHERE may be unknown; such a row is deleted.
    fn delete<'a>(&mut self, row: &'a [Value<'a>], context: RowContext<'a>) -> Prepared<()> {
        if self.selection.matches(row, context.0, context.1)? != Some(false) {
            let entry = self.put_delete(row, context)?;
            self.entries.extend(entry.map(Ok));
        }
        Ok(())
    }

    fn update<'a>(
        &mut self,
        before: Option<&'a [Value<'a>]>,
        after: &'a [Value<'a>],
        context: RowContext<'a>,
    ) -> Prepared<()> {
        let after = completed(before, after, context.1);
        let was_in = before.map(|before| self.selection.matches(before, context.0, context.1)).transpose()?.flatten();
        match self.selection.matches(after, context.0, context.1)? {
            Some(true) => {}
            None if after.contains(&Value::Unchanged) => {
                let reason = "WHERE needs a column that the update doesn't carry";
                return Err(Rejection::new(Stage::Select, reason));
            }
            _ if was_in == Some(false) => return Ok(()),
            _ => {
                let entry = self.put_delete(before.unwrap_or(after), context)?;
                self.entries.extend(entry.map(Ok));
                return Ok(());
            }
        }
        let is_partial = after.contains(&Value::Unchanged);
        let moved = match before {
            Some(before) if was_in != Some(false) => self.old_key(before, after, context)?,
            _ => None,
        };
        let selected = if is_partial {
            self.selection.updated(after, context.0, context.1)?
        } else {
            self.selection.apply(after, context.0, context.1)?
        };
        match selected {
            Selected::Row(row) if is_partial && row.contains(&Value::Unchanged) => {
                if moved.is_some() {
                    let reason = "the update changes the key, but doesn't carry all columns of the row";
                    return Err(Rejection::new(Stage::Select, reason));
                }
                if self.changes_something(row) {
                    let entry = put_row(&mut self.encoder, Op::Patch, row, &mut self.rows, &mut self.keys)?;
                    self.entries.push(Ok(entry));
                }
            }
            Selected::Row(row) => {
                let entry = put_row(&mut self.encoder, Op::Update, row, &mut self.rows, &mut self.keys)?;
                self.entries.extend(moved.map(Ok));
                self.entries.push(Ok(entry));
            }
            Selected::DroppedNull => {
                self.dropped += 1;
                self.entries.extend(moved.map(Ok));
            }
            Selected::Filtered => {}
        }
        Ok(())
    }

    /// The delete of the row as it was, if the update gives it another key.
    fn old_key<'a>(
        &mut self,
        before: &'a [Value<'a>],
        after: &'a [Value<'a>],
        context: RowContext<'a>,
    ) -> Prepared<Option<PreparedEntry>> {
        let Some(key) = &self.key else { return Ok(None) };
        let before = completed(Some(after), before, context.1);
        let Selected::Row(new) = self.selection.key(&key.columns, after, context.0, context.1)? else {
            return Ok(None);
        };
        let start = self.keys.len();
        key.encoder.key_image(new, &mut self.keys)?;
        let new = start..self.keys.len();
        let Some(old) = self.put_delete(before, context)? else { return Ok(None) };
        Ok(if self.keys[new] == self.keys[old.key.clone()] { None } else { Some(old) })
    }

    /// Whether the row has a value besides those of its key.
    fn changes_something(&self, row: &[Value<'_>]) -> bool {
        let is_key = |index| self.key.as_ref().is_some_and(|key| key.columns.contains(&index));
        row.iter().enumerate().any(|(index, value)| *value != Value::Unchanged && !is_key(index))
    }

    fn put_delete<'a>(&mut self, row: &'a [Value<'a>], context: RowContext<'a>) -> Prepared<Option<PreparedEntry>> {
        let Some(key) = &mut self.key else {
            return Err(Rejection::new(Stage::Select, "the table has no key, so it isn't known which row to delete"));
        };
        match self.selection.key(&key.columns, row, context.0, context.1)? {
            Selected::Row(selected) => {
                put_row(&mut key.encoder, Op::Delete, selected, &mut self.rows, &mut self.keys).map(Some)
            }
            _ => {
                self.dropped += 1;
                Ok(None)
            }
        }
    }
}

#[inline]
fn put_row(
    encoder: &mut RowEncoder,
    op: Op,
    selected: &[Value<'_>],
    rows: &mut Vec<u8>,
    keys: &mut Vec<u8>,
) -> Prepared<PreparedEntry> {
    let (row_start, key_start) = (rows.len(), keys.len());
    let format = if op == Op::Patch { encoder.encode_partial(selected, rows) } else { encoder.encode(selected, rows) }?;
    encoder.key_image(selected, keys)?;
    Ok(PreparedEntry { op, format, row: row_start..rows.len(), key: key_start..keys.len() })
}

/// `row`, with the values that it doesn't carry taken from `other`. `other` is the same row before or after the change, and what
/// `row` doesn't carry did not change. A NULL isn't taken: it may mean that `other` doesn't carry the column either.
fn completed<'a>(other: Option<&'a [Value<'a>]>, row: &'a [Value<'a>], arena: &'a Bump) -> &'a [Value<'a>] {
    match other {
        Some(other) if row.contains(&Value::Unchanged) => {
            arena.alloc_slice_fill_iter(row.iter().enumerate().map(|(index, value)| match (value, other.get(index)) {
                (Value::Unchanged, Some(known)) if !known.is_null() => *known,
                _ => *value,
            }))
        }
        _ => row,
    }
}
