//! Memory for values that can't be borrowed from a row's own fields.

use std::fmt::{Display, Write};

use bumpalo::Bump;
use bumpalo::collections::String;

use crate::types::value::{Decimal, Value};

/// Memory for one row, for [`ToValue`](super::ToValue): values that can't be borrowed from the row's fields are made here. It
/// allocates nothing as long as nothing is put into it.
#[derive(Debug, Default)]
pub struct Scratch(Bump);

impl Scratch {
    /// The text that `shown` is displayed as.
    pub fn text(&self, shown: impl Display) -> Value<'_> {
        let mut text = String::new_in(&self.0);
        // Writing to a String fails only if the Display of `shown` fails. Then the text ends there.
        let _ = write!(text, "{shown}");
        Value::Text(text.into_bump_str())
    }

    /// An exact number.
    pub fn decimal(&self, number: Decimal) -> Value<'_> {
        Value::Decimal(self.0.alloc(number))
    }
}
