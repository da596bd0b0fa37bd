//! Ids of the crate uuid.

use uuid::Uuid;

use super::{Scratch, ToValue};
use crate::types::value::Value;

/// As a text, which columns of uuid and of text take.
impl ToValue for Uuid {
    fn to_value<'a>(&'a self, scratch: &'a Scratch) -> Value<'a> {
        scratch.text(self.as_hyphenated())
    }
}
