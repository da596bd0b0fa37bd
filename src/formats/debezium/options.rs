//! `'format' = 'debezium-json'` and its options.

use super::{Debezium, known_metadata};
use crate::formats::Decode;
use crate::formats::change::envelope::PlainMetadata;
use crate::formats::change::json_format::JsonChangeFormat;
use crate::formats::change::options::ChangeFormat;
use crate::formats::json::options::json_options;
use crate::options::{OptionDefinition, OptionValue};
use crate::types::column::{MetadataColumn, SourceColumn};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DebeziumFormat {
    pub change: ChangeFormat,
    /// The message is wrapped with its schema: Kafka Connect's `schemas.enable`.
    pub schema_include: bool,
}

const SCHEMA_INCLUDE: OptionDefinition<DebeziumFormat> = OptionDefinition::new(
    "schema-include",
    OptionValue::Boolean(|debezium: &mut DebeziumFormat, on| debezium.schema_include = on),
    "true: the change is under \"payload\", beside its schema, as Kafka Connect writes it with schemas.enable = true.",
)
.default("false");

impl AsMut<ChangeFormat> for DebeziumFormat {
    fn as_mut(&mut self) -> &mut ChangeFormat {
        &mut self.change
    }
}

impl JsonChangeFormat for DebeziumFormat {
    const NAME: &'static str = "debezium-json";
    const OPTIONS: &'static [OptionDefinition<DebeziumFormat>] = json_options![SCHEMA_INCLUDE];

    fn known_metadata() -> Vec<PlainMetadata> {
        known_metadata().into()
    }

    fn change_decoder(&self, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Box<dyn Decode> {
        Box::new(Debezium::new(self, columns, metadata))
    }
}
