//! What an option is: name, aliases, type, default and meaning, in a table for each kind of thing that has options. Reading,
//! checking and documentation come from these tables.

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

/// What a value must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueType {
    /// Any text that is not blank.
    Text,
    /// Like text, and never shown.
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
    /// One of these words, in any case.
    Choice(Vec<&'static str>),
    /// Exactly one character.
    Character,
    /// The name of a message format; `takes_changes`: also of one whose messages update and delete rows.
    Format {
        takes_changes: bool,
    },
    /// Any text, blank too.
    Any,
}

/// What documentation says of an option. Names that stand for a whole group end in `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionSpec {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub value: ValueType,
    /// As a job file would write it.
    pub default: Option<&'static str>,
    pub required: bool,
    pub meaning: &'static str,
    /// The first version of Flink, or of the connector for it, that has the option; `vecsink` for our own.
    pub since: &'static str,
}

impl OptionSpec {
    /// Whether it stands for a group that the key is of.
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
