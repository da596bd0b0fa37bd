//! Flink's `maxwell-json` format: a MySQL row, and what an update changed of it.

use std::sync::Arc;

use bumpalo::Bump;

use super::decode_error::DecodeError;
use super::definition::{MessageFormat, keys_that_are_no_texts};
use super::json::{JsonFields, JsonType, Missing};
use super::{Decode, Decoded};
use crate::change::Change;
use crate::error::Rejection;
use crate::excerpt::Excerpt;
use crate::formats::change::envelope::{
    ChangeMessage, Envelope, EnvelopeLayout, MetadataReading, PlainMetadata, metadata_columns,
};
use crate::formats::change::options::ChangeFormat;
use crate::formats::json::options::{
    ignore_null_fields, ignore_parse_errors, map_null_key_literal, map_null_key_mode, plain_decimals,
    timestamp_standard,
};
use crate::options::{OptionDefinition, TableOptions};
use crate::record::Record;
use crate::schema_registry::schemas::Schemas;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

/// `'format' = 'maxwell-json'` and its options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MaxwellFormat {
    pub change: ChangeFormat,
}

impl AsMut<ChangeFormat> for MaxwellFormat {
    fn as_mut(&mut self) -> &mut ChangeFormat {
        &mut self.change
    }
}

impl MessageFormat for MaxwellFormat {
    const NAME: &'static str = "maxwell-json";
    const IS_CHANGING: bool = true;
    type Options = MaxwellFormat;
    const OPTIONS: &'static [OptionDefinition<MaxwellFormat>] = &[
        ignore_parse_errors(),
        timestamp_standard(),
        map_null_key_mode(),
        map_null_key_literal(),
        plain_decimals(),
        ignore_null_fields(),
    ];

    fn new(given: MaxwellFormat, _: &mut TableOptions<'_>) -> Option<Self> {
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
        Box::new(Maxwell::new(self, columns, metadata))
    }
}

fn known_metadata() -> [PlainMetadata; 4] {
    let texts = DataType::Array(Box::new(DataType::STRING));
    [
        ("database", "database", DataType::STRING, MetadataReading::AsIs),
        ("table", "table", DataType::STRING, MetadataReading::AsIs),
        ("primary-key-columns", "primary_key_columns", texts, MetadataReading::AsIs),
        ("ingestion-timestamp", "ts", DataType::BigInt, MetadataReading::Seconds),
    ]
}

pub(crate) struct Maxwell {
    envelope: Envelope,
    data: usize,
    old: usize,
    kind: usize,
}

impl Maxwell {
    pub fn new(options: &MaxwellFormat, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Self {
        let row = || {
            let columns = columns.iter().map(|column| (column.name.as_str(), &column.data_type));
            JsonType::from(JsonFields::new(columns, Missing::Unchanged))
        };
        let mut layout = EnvelopeLayout::default();
        let data = layout.field("data", row());
        let old = layout.field("old", row());
        let kind = layout.typed("type", &DataType::STRING);
        layout.plain_metadata(metadata, &known_metadata());
        Maxwell { envelope: layout.into_envelope(options.change), data, old, kind }
    }

    fn changes<'a>(&self, message: &ChangeMessage<'a, '_>) -> Result<&'a [Change<'a>], DecodeError> {
        let missing = |name: &str| DecodeError::of_message(format!("found no '{name}' in a change"));
        let data = || message.row(self.data).ok_or_else(|| missing("data"));
        Ok(match message.text(self.kind) {
            // A bootstrap reads a table that was there before.
            Some("insert" | "bootstrap-insert") => message.one(Change::Insert(message.whole(data()?)?)),
            Some("delete") => message.one(Change::Delete(message.whole(data()?)?)),
            Some("update") => {
                let (data, old) = (data()?, message.row(self.old).ok_or_else(|| missing("old"))?);
                let (before, after) = (message.overlaid(data, old)?, message.with_metadata(data)?);
                message.one(Change::Update { before: Some(before), after })
            }
            Some("bootstrap-start" | "bootstrap-complete") => &[],
            Some(other) => {
                let reason =
                    format!("found 'type' = {} where insert, update or delete was expected", Excerpt(other.as_bytes()));
                return Err(DecodeError::of_message(reason));
            }
            None => return Err(DecodeError::of_message("found no 'type'")),
        })
    }
}

impl Decode for Maxwell {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        self.envelope.decode(record, 1, arena, |message| self.changes(message))
    }
}
