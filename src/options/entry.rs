//! An option as it was set.

use std::fmt;

use crate::error::Location;

/// One `'key' = 'value'` of a WITH list. The places are `None` if the option came from the command line.
#[derive(Clone, PartialEq, Eq)]
pub struct OptionEntry {
    pub key: String,
    pub key_at: Option<Location>,
    pub value: String,
    pub value_at: Option<Location>,
}

impl OptionEntry {
    /// An option that a program sets. It has no place in a file, and `${` in its value is not a variable.
    pub fn of_program(key: &str, value: &str) -> OptionEntry {
        let nowhere = Some(Location { line: 0, column: 0 });
        OptionEntry { key: key.to_owned(), key_at: nowhere, value: value.replace("${", "$${"), value_at: nowhere }
    }
}

/// Leaves out the value, because it may be a secret.
impl fmt::Debug for OptionEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionEntry").field("key", &self.key).finish_non_exhaustive()
    }
}
