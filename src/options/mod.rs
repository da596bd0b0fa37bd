//! Options: their names, aliases, types, defaults and meanings. There is a list of definitions for each kind of table, each
//! format, and SET. Reading, checking and documentation all use these lists.

mod definition;
mod entry;
pub(crate) mod environment;
mod given;

pub(crate) mod nearest;

mod reader;
#[cfg(feature = "job")]
pub(crate) mod regular_expression;
pub(crate) mod report;

pub mod value_types;

pub use definition::{MOST, OptionDefinition, OptionValue, no_effect, specs, with_defaults};
pub(super) use entry::OptionEntry;
pub use given::Given;

pub(super) use reader::TableOptions;

/// The form of an option's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueType {
    /// Any text that is not blank.
    Text,
    /// Any text that is not blank. It is never shown.
    Secret,
    /// A whole number within bounds.
    Integer {
        least: i64,
        most: i64,
    },
    /// `true` or `false`.
    Boolean,
    Duration,
    MemorySize,
    /// One of these words, in upper or lower case.
    Choice(Vec<&'static str>),
    /// Exactly one character.
    Character,
    /// The name of a message format. `takes_changes`: formats whose messages update and delete rows are allowed too.
    Format {
        takes_changes: bool,
    },
    /// Any text, which may be blank.
    Any,
}

/// The description of an option for the documentation. The name of an option that stands for a whole group ends in `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionSpec {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub value: ValueType,
    /// The default as a job file would write it.
    pub default: Option<&'static str>,
    pub required: bool,
    pub meaning: &'static str,
    /// The first version of Flink, or of the connector for it, that has the option; `vecsink` for our own.
    pub since: &'static str,
}

impl OptionSpec {
    /// Whether the option stands for a group, and the key belongs to this group.
    pub(crate) fn begins(&self, key: &str) -> bool {
        self.name.strip_suffix('*').is_some_and(|group| key.len() > group.len() && key.starts_with(group))
    }
}

/// Something that has an option's name.
pub trait Named {
    fn name(&self) -> &'static str;

    fn aliases(&self) -> &'static [&'static str];

    fn is_called(&self, key: &str) -> bool {
        self.name() == key || self.aliases().contains(&key)
    }
}

impl<S> Named for OptionDefinition<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }
}

impl Named for OptionSpec {
    fn name(&self) -> &'static str {
        self.name
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }
}
