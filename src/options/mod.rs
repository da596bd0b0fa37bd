//! The one option table: name, aliases, type, default and meaning of every option. Reading, checking and documentation
//! all come from it.

mod definition;
mod entry;
pub(crate) mod environment;
mod given;

pub(crate) mod nearest;

mod reader;
pub(crate) mod report;

pub mod value_types;

use std::borrow::Cow;

pub use definition::{MOST, OptionDefinition, Value, no_effect, specs, with_defaults};
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
    Choice(Cow<'static, [&'static str]>),
    /// Exactly one character.
    Character,
    /// The name of a message format; `takes_changes`: also of one whose messages update and delete rows.
    Format {
        takes_changes: bool,
    },
    /// Any text, blank too.
    Any,
}

/// One option. Names that stand for a whole group end in `*`.
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
    pub(crate) const fn new(name: &'static str, value: ValueType, meaning: &'static str) -> Self {
        OptionSpec { name, aliases: &[], value, default: None, required: false, meaning, since: "1.13" }
    }

    pub(crate) const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn since(mut self, version: &'static str) -> Self {
        self.since = version;
        self
    }

    /// Nothing like it is in Flink.
    pub(crate) const fn own(self) -> Self {
        self.since("vecsink")
    }

    pub(crate) const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(crate) fn is_called(&self, key: &str) -> bool {
        Named::is_called(self, key)
    }

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
