//! The settings that the options of a source table make. They depend on its connector.

use super::message::{self, MessageFormats, Specs};
use crate::options::{Named, TableOptions, with_defaults};
use crate::settings::kafka::KafkaSource;
use crate::settings::kafka::options::{
    FORMAT, KAFKA_OPTIONS, KEY_FIELDS, KEY_FORMAT, STARTUP_MODE, STARTUP_OFFSETS, STARTUP_TIMESTAMP, SourceOptions,
    UPSERT_FORMAT, UPSERT_KAFKA_OPTIONS, UPSERT_KEY_FORMAT,
};
use crate::settings::kafka::read::finish;
use crate::types::column::SourceColumn;
use crate::types::vector_encoding::VectorEncoding;

/// The settings of a source table: topics, messages, and vectors in bytes.
pub struct SourceSettings {
    pub kafka: KafkaSource,
    pub messages: MessageFormats,
    pub vector_encoding: Option<VectorEncoding>,
}

const KAFKA: Specs = Specs { connector: "kafka", options: KAFKA_OPTIONS, format: &FORMAT, key_format: &KEY_FORMAT };
const UPSERT_KAFKA: Specs = Specs {
    connector: "upsert-kafka",
    options: UPSERT_KAFKA_OPTIONS,
    format: &UPSERT_FORMAT,
    key_format: &UPSERT_KEY_FORMAT,
};

pub fn kafka(options: &mut TableOptions<'_>, columns: &[SourceColumn]) -> SourceSettings {
    let given = given(options, &KAFKA);
    let messages = message::read(options, &KAFKA, &given, columns, None);
    settings(options, given, messages)
}

/// `primary_key` is the table's primary key, as indexes into its columns.
pub fn upsert_kafka(
    options: &mut TableOptions<'_>,
    columns: &[SourceColumn],
    primary_key: Vec<usize>,
) -> SourceSettings {
    for option in [&STARTUP_MODE, &STARTUP_TIMESTAMP, &STARTUP_OFFSETS] {
        options.take_out(
            option.name(),
            "is not allowed with 'upsert-kafka', which is always read from its beginning; remove it",
        );
    }
    options.take_out(KEY_FIELDS.name, "is not allowed with 'upsert-kafka': its keys hold the table's PRIMARY KEY");
    options.take_out(FORMAT.name, "is not allowed with 'upsert-kafka', which needs 'key.format' and 'value.format'");
    let given = given(options, &UPSERT_KAFKA);
    let messages = message::read(options, &UPSERT_KAFKA, &given, columns, Some(primary_key));
    message::only_adds(options, &UPSERT_FORMAT, &messages.format);
    settings(options, given, messages)
}

fn given(options: &mut TableOptions<'_>, specs: &Specs) -> SourceOptions {
    let mut given = with_defaults(specs.options);
    options.read_into(specs.options, &mut given);
    given
}

fn settings(options: &mut TableOptions<'_>, given: SourceOptions, messages: MessageFormats) -> SourceSettings {
    let vector_encoding = given.vector_encoding;
    SourceSettings { kafka: finish(options, given), messages, vector_encoding }
}
