//! What a message asks of a table.

use crate::types::value::Value;

/// One change of a source table: rows have a value for each of its columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change<'a> {
    Insert(&'a [Value<'a>]),
    /// `before`: the row as it was, where the message has it; only its key is needed, to notice that the key changed.
    /// Columns of `after` that the message doesn't carry are [`Value::Unchanged`].
    Update {
        before: Option<&'a [Value<'a>]>,
        after: &'a [Value<'a>],
    },
    /// At least the key's columns have values; the others may be NULL.
    Delete(&'a [Value<'a>]),
}
