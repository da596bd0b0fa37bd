//! `'format' = 'debezium-json'` and its options.

use std::sync::Arc;

use super::{Debezium, known_metadata};
use crate::formats::Decode;
use crate::formats::change::envelope::metadata_columns;
use crate::formats::change::options::ChangeFormat;
use crate::formats::definition::{MessageFormat, keys_that_are_no_texts};
use crate::formats::json::options::{
    ignore_null_fields, ignore_parse_errors, map_null_key_literal, map_null_key_mode, plain_decimals,
    timestamp_standard,
};
use crate::options::{OptionDefinition, OptionValue, TableOptions};
use crate::schema_registry::schemas::Schemas;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DebeziumFormat {
    pub change: ChangeFormat,
    /// The message is wrapped with its schema: Kafka Connect's `schemas.enable`.
    pub schema_include: bool,
}

const SCHEMA_INCLUDE: OptionDefinition<DebeziumFormat> = OptionDefinition::new(
    "schema-include",
    OptionValue::Boolean(|debezium: &mut DebeziumFormat, on| debezium.schema_include = on),
    "The change is under \"payload\", beside its schema: Kafka Connect's schemas.enable.",
)
.default("false");

impl AsMut<ChangeFormat> for DebeziumFormat {
    fn as_mut(&mut self) -> &mut ChangeFormat {
        &mut self.change
    }
}

impl MessageFormat for DebeziumFormat {
    const NAME: &'static str = "debezium-json";
    const IS_CHANGING: bool = true;
    type Options = DebeziumFormat;
    const OPTIONS: &'static [OptionDefinition<DebeziumFormat>] = &[
        SCHEMA_INCLUDE,
        ignore_parse_errors(),
        timestamp_standard(),
        map_null_key_mode(),
        map_null_key_literal(),
        plain_decimals(),
        ignore_null_fields(),
    ];

    fn new(given: DebeziumFormat, _: &mut TableOptions<'_>) -> Option<Self> {
        Some(given)
    }

    fn metadata() -> Vec<MetadataColumn> {
        metadata_columns(&known_metadata())
    }

    fn refuse_column(&self, _: &str, data_type: &DataType) -> Option<String> {
        keys_that_are_no_texts(data_type, "JSON")
    }

    fn decoder(
        &self,
        columns: &[SourceColumn],
        metadata: &[MetadataColumn],
        _: Option<Arc<dyn Schemas>>,
    ) -> Box<dyn Decode> {
        Box::new(Debezium::new(self, columns, metadata))
    }
}
