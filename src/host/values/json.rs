//! JSON documents of serde_json.

use serde_json::Value as Json;

use super::{Scratch, ToValue};
use crate::types::value::Value;

/// A JSON document. JSON's `null` is a document, too; for NULL use `None`.
impl ToValue for Json {
    fn to_value<'a>(&'a self, scratch: &'a Scratch) -> Value<'a> {
        scratch.text(self)
    }
}
