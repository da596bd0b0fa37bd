//! Ids of the crate uuid.

use uuid::Uuid;

use super::{Scratch, ToValue};
use crate::types::value::Value;

/// The id becomes a text, which columns of the types uuid and text take.
impl ToValue for Uuid {
    fn to_value<'a>(&'a self, scratch: &'a Scratch) -> Value<'a> {
        scratch.text(self.as_hyphenated())
    }
}
