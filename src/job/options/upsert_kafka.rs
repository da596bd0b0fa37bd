//! Options of a source table: `'connector' = 'upsert-kafka'`.

use super::kafka;
use super::message::{self, FIELDS_INCLUDE, KEY_FIELDS, KEY_FIELDS_PREFIX, MessageFormats, Specs};
use super::scan::{BOUNDED_MODE, BOUNDED_OFFSETS, BOUNDED_TIMESTAMP, STARTUP_MODE, STARTUP_OFFSETS, STARTUP_TIMESTAMP};
use crate::options::{OptionSpec, TableOptions, ValueType};
use crate::settings::kafka::{KafkaSource, Startup};
use crate::types::column::SourceColumn;

pub const CONNECTOR: OptionSpec = OptionSpec::new("connector", ValueType::Text, "upsert-kafka").required();
pub const FORMAT: OptionSpec = OptionSpec::new(
    "value.format",
    ValueType::Format { takes_changes: false },
    "How message values are decoded. Its options have the prefix 'value.' before their own. A message without a value \
     deletes the row of its key.",
)
.required();
pub const KEY_FORMAT: OptionSpec = OptionSpec::new(
    "key.format",
    ValueType::Format { takes_changes: false },
    "How message keys are decoded. They hold the columns of the table's PRIMARY KEY, in its order.",
)
.required();

pub const OPTIONS: &[OptionSpec] = &[
    CONNECTOR,
    kafka::BROKERS,
    kafka::TOPIC,
    kafka::TOPIC_PATTERN,
    FORMAT,
    KEY_FORMAT,
    KEY_FIELDS_PREFIX,
    FIELDS_INCLUDE,
    BOUNDED_MODE,
    BOUNDED_TIMESTAMP,
    BOUNDED_OFFSETS,
    kafka::ASSIGNMENT,
    kafka::DISCOVERY_INTERVAL,
    kafka::PARALLELISM,
    kafka::PROPERTY_VERSION,
    kafka::GROUP_ID,
    kafka::PROPERTIES,
    kafka::VECTOR_ENCODING,
    kafka::SINK_OPTIONS,
];

const SPECS: Specs = Specs { connector: "upsert-kafka", options: OPTIONS, format: &FORMAT, key_format: &KEY_FORMAT };

const FROM_THE_BEGINNING: &str = "has no place in 'upsert-kafka', which is always read from its beginning: take it out";

/// `primary_key`: the table's, as indexes into its columns.
pub fn read(
    options: &mut TableOptions<'_>,
    columns: &[SourceColumn],
    primary_key: Vec<usize>,
) -> (KafkaSource, MessageFormats) {
    for option in [&STARTUP_MODE, &STARTUP_TIMESTAMP, &STARTUP_OFFSETS] {
        options.take_out(option.name, FROM_THE_BEGINNING);
    }
    options.take_out(KEY_FIELDS.name, "has no place in 'upsert-kafka': its keys hold the table's PRIMARY KEY");
    options
        .take_out(message::FORMAT.name, "has no place in 'upsert-kafka', which needs 'key.format' and 'value.format'");
    let messages = message::read(options, &SPECS, columns, Some(primary_key));
    message::only_adds(options, &FORMAT, &messages.format);
    (kafka::source(options, |_, _| Startup::Earliest), messages)
}
