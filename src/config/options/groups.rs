//! All options there are, as documentation lists them.

use super::source::{avro, canal, confluent, csv, debezium, json, kafka, protobuf, raw, upsert_kafka};
use super::{OptionSpec, setting, sink};

/// Options that belong together.
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
    use crate::config::options::ValueType;
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
