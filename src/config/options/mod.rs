//! The one option table: name, aliases, type, default and meaning of every option. Reading, checking and documentation
//! all come from it.

mod avro;
mod canal;
mod confluent;
pub(super) mod csv;
mod debezium;
pub(super) mod format;
pub(super) mod json;
pub(super) mod kafka;
pub(super) mod message;
mod protobuf;
mod raw;
mod reader;
mod scan;
pub(super) mod setting;
pub(super) mod sink;
pub(super) mod upsert_kafka;

pub(super) use reader::TableOptions;

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    Choice(&'static [&'static str]),
    /// Exactly one character.
    Character,
    /// Any text, blank too.
    Any,
}

/// One option. Names that stand for a whole group end in `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    const fn new(name: &'static str, value: ValueType, meaning: &'static str) -> Self {
        OptionSpec { name, aliases: &[], value, default: None, required: false, meaning, since: "1.13" }
    }

    const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn since(mut self, version: &'static str) -> Self {
        self.since = version;
        self
    }

    /// Nothing like it is in Flink.
    const fn own(self) -> Self {
        self.since("vecsink")
    }

    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    fn is_called(&self, key: &str) -> bool {
        self.name == key || self.aliases.contains(&key)
    }

    /// Whether it stands for a group that the key is of.
    fn begins(&self, key: &str) -> bool {
        self.name.strip_suffix('*').is_some_and(|group| key.len() > group.len() && key.starts_with(group))
    }
}

/// A count or a time in milliseconds.
const POSITIVE: ValueType = ValueType::Integer { least: 1, most: i32::MAX as i64 };
const FLAG: ValueType = ValueType::Choice(&["0", "1"]);

/// Options that belong together, as documentation lists them.
#[derive(Debug, Clone, Copy)]
pub struct OptionGroup {
    pub title: &'static str,
    pub options: &'static [OptionSpec],
}

pub const GROUPS: &[OptionGroup] = &[
    OptionGroup { title: "Sink table, 'connector' = 'adbpg-nightly-1.13' or 'adbpg'", options: sink::OPTIONS },
    OptionGroup { title: "Source table, 'connector' = 'kafka'", options: kafka::OPTIONS },
    OptionGroup { title: "Source table, 'connector' = 'upsert-kafka'", options: upsert_kafka::OPTIONS },
    OptionGroup { title: "'format' = 'csv', with the prefix 'csv.' (or 'value.csv.')", options: csv::OPTIONS },
    OptionGroup { title: "'format' = 'json', with the prefix 'json.' (or 'value.json.')", options: json::OPTIONS },
    OptionGroup { title: "'format' = 'raw', with the prefix 'raw.' (or 'value.raw.')", options: raw::OPTIONS },
    OptionGroup {
        title: "'format' = 'debezium-json', with the prefix 'debezium-json.' (or 'value.debezium-json.')",
        options: debezium::OPTIONS,
    },
    OptionGroup {
        title: "'format' = 'canal-json', with the prefix 'canal-json.' (or 'value.canal-json.')",
        options: canal::OPTIONS,
    },
    OptionGroup {
        title: "'format' = 'maxwell-json' and 'ogg-json', with the prefix 'maxwell-json.' or 'ogg-json.' (after 'value.' or not)",
        options: json::OF_CHANGES,
    },
    OptionGroup { title: "'format' = 'avro', with the prefix 'avro.' (or 'value.avro.')", options: avro::OPTIONS },
    OptionGroup {
        title: "'format' = 'avro-confluent' and 'debezium-avro-confluent', with the prefix 'avro-confluent.' or \
                'debezium-avro-confluent.' (after 'value.' or not)",
        options: confluent::OPTIONS,
    },
    OptionGroup {
        title: "'format' = 'protobuf', with the prefix 'protobuf.' (or 'value.protobuf.')",
        options: protobuf::OPTIONS,
    },
    OptionGroup { title: "SET", options: setting::OPTIONS },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value_types;

    #[test]
    fn every_default_is_a_value_that_the_option_takes() {
        for option in GROUPS.iter().flat_map(|group| group.options) {
            let Some(default) = option.default else { continue };
            let fits = match option.value {
                ValueType::Text | ValueType::Secret => !default.trim().is_empty(),
                ValueType::Integer { least, most } => value_types::integer(default, least, most).is_ok(),
                ValueType::Boolean => value_types::boolean(default).is_ok(),
                ValueType::Duration => value_types::duration(default).is_ok(),
                ValueType::MemorySize => value_types::memory_size(default).is_ok(),
                ValueType::Choice(words) => words.contains(&default),
                ValueType::Character => value_types::character(default).is_ok(),
                ValueType::Any => true,
            };
            assert!(fits, "{}", option.name);
        }
    }

    #[test]
    fn every_option_says_what_it_means_and_has_a_name_of_its_own() {
        for group in GROUPS {
            for (index, option) in group.options.iter().enumerate() {
                assert!(!option.meaning.is_empty(), "{}", option.name);
                assert!(!group.options[..index].iter().any(|other| other.is_called(option.name)), "{}", option.name);
            }
        }
    }
}
