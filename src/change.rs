//! What a message does to a row of a table.

use crate::types::value::Value;

/// One change of a row. A row has a value for each column of the source table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change<'a> {
    Insert(&'a [Value<'a>]),
    /// `before`: the row before the change, if the message has it. Only its key is needed, to see whether the key changed.
    /// Columns of `after` that the message doesn't carry are [`Value::Unchanged`].
    Update {
        before: Option<&'a [Value<'a>]>,
        after: &'a [Value<'a>],
    },
    /// The columns of the key have values; the others may be NULL.
    Delete(&'a [Value<'a>]),
}
