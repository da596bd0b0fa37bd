//! `'format' = 'avro'` and its options.

use std::sync::Arc;

use super::derive::{check_schema, record_of};
use super::schema::AvroSchema;
use super::{Avro, Unreadable, fields};
use crate::formats::Decode;
use crate::formats::definition::{DeclaredColumn, MessageFormat, keys_that_are_no_texts};
use crate::options::{OptionDefinition, OptionValue, TableOptions};
use crate::schema_registry::schemas::Schemas;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AvroFormat {
    /// The schema with which the messages were written: the one that Flink derives from the table. It is set when the
    /// columns are known.
    pub schema: String,
    pub encoding: AvroEncoding,
    /// `timestamp_mapping.legacy`: TIMESTAMP is an instant in milliseconds.
    pub legacy_timestamps: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AvroEncoding {
    #[default]
    Binary,
    Json,
}

type AvroOption = OptionDefinition<AvroFormat>;

const ENCODING: AvroOption = AvroOption::new(
    "encoding",
    OptionValue::Choice(&[
        ("binary", |avro| avro.encoding = AvroEncoding::Binary),
        ("json", |avro| avro.encoding = AvroEncoding::Json),
    ]),
    "How a message is written: in Avro's binary form or in its JSON form.",
)
.default("binary")
.since("1.18");
const LEGACY_TIMESTAMPS: AvroOption = AvroOption::new(
    "timestamp_mapping.legacy",
    OptionValue::Boolean(|avro, on| avro.legacy_timestamps = on),
    "true: TIMESTAMP with at most 3 digits is timestamp-millis, and TIMESTAMP_LTZ isn't supported. false: TIMESTAMP is \
     local-timestamp-millis (up to 3 digits) or local-timestamp-micros (up to 6), and TIMESTAMP_LTZ is timestamp-millis or \
     timestamp-micros.",
)
.default("true")
.since("1.19");
const CODEC: AvroOption = AvroOption::new("codec", OptionValue::NoEffect, "For files only; accepted, no effect.");

impl MessageFormat for AvroFormat {
    const NAME: &'static str = "avro";
    const IS_CHANGING: bool = false;
    type Options = AvroFormat;
    const OPTIONS: &'static [AvroOption] = &[ENCODING, LEGACY_TIMESTAMPS, CODEC];

    fn new(avro: AvroFormat, _: &mut TableOptions<'_>) -> Option<Self> {
        Some(avro)
    }

    /// This format has no metadata columns in Flink.
    fn metadata() -> Vec<MetadataColumn> {
        Vec::new()
    }

    fn refuse_column(&self, _: &str, data_type: &DataType) -> Option<String> {
        let to_false = "'avro.timestamp_mapping.legacy' = 'false'";
        let refuse = |data_type: &DataType| match data_type {
            DataType::Timestamp { precision: 4.. } if self.legacy_timestamps => Some(format!(
                "format 'avro' can't hold {data_type}: declare TIMESTAMP(3), whose messages are in milliseconds, or set {to_false}"
            )),
            DataType::TimestampLtz { .. } if self.legacy_timestamps => {
                Some(format!("format 'avro' can't hold {data_type}: declare TIMESTAMP(3), or set {to_false}"))
            }
            DataType::Timestamp { precision: 7.. } | DataType::TimestampLtz { precision: 7.. } => {
                Some(format!("format 'avro' can't hold {data_type}: 6 digits at most"))
            }
            DataType::Time { precision: 4.. } => {
                Some(format!("format 'avro' can't hold {data_type}: 3 digits at most"))
            }
            _ => None,
        };
        refuse_common(data_type).or_else(|| data_type.find_map(&refuse))
    }

    fn complete(&mut self, table: &str, columns: &[DeclaredColumn<'_>]) -> Result<(), String> {
        self.schema = record_of(columns, self.legacy_timestamps).to_string();
        // Two ROWs can get the same name. Then there is no schema in Flink either.
        check_schema(&self.schema, |_| Ok(())).map_err(|why| format!("table '{table}' has no Avro schema: {why}"))
    }

    fn decoder(&self, columns: &[SourceColumn], _: &[MetadataColumn], _: Option<Arc<dyn Schemas>>) -> Box<dyn Decode> {
        match AvroSchema::parse(&self.schema, &[]) {
            Ok(schema) => Box::new(Avro::new(schema, fields(columns), self.encoding)),
            Err(error) => Box::new(Unreadable(error)),
        }
    }
}

/// The reason why no Avro schema can have the type, `None` if it can.
pub fn refuse_common(data_type: &DataType) -> Option<String> {
    let keys = keys_that_are_no_texts(data_type, "Avro");
    if keys.is_some() {
        return keys;
    }
    let interval = data_type.find_map(&|inner| inner.is_interval().then(|| inner.clone()))?;
    let (number, unit) = match interval {
        DataType::IntervalYearMonth => ("INT", "months"),
        _ => ("BIGINT", "milliseconds"),
    };
    Some(format!(
        "Avro can't hold {interval}, as in Flink: declare {number}, the {unit}, and CAST it AS {interval} in the query"
    ))
}
