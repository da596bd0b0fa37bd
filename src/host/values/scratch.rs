//! Room for values that a row's own fields don't hold in the form of a value.

use std::fmt::{Display, Write};

use bumpalo::Bump;
use bumpalo::collections::String;

use crate::types::value::{Decimal, Value};

/// Memory of one row, for [`ToValue`](super::ToValue): what a value borrows and no field holds. It allocates nothing as long
/// as nothing is put into it.
#[derive(Debug, Default)]
pub struct Scratch(Bump);

impl Scratch {
    /// The text that something is shown as.
    pub fn text(&self, shown: impl Display) -> Value<'_> {
        let mut text = String::new_in(&self.0);
        // Writing to a String fails only where the value's own Display does; then its text ends there.
        let _ = write!(text, "{shown}");
        Value::Text(text.into_bump_str())
    }

    /// An exact number.
    pub fn decimal(&self, number: Decimal) -> Value<'_> {
        Value::Decimal(self.0.alloc(number))
    }
}
