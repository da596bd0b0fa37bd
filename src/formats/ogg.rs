//! Flink's `ogg-json` format: a change that Oracle GoldenGate tells.

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

/// `'format' = 'ogg-json'` and its options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OggFormat {
    pub change: ChangeFormat,
}

impl AsMut<ChangeFormat> for OggFormat {
    fn as_mut(&mut self) -> &mut ChangeFormat {
        &mut self.change
    }
}

impl MessageFormat for OggFormat {
    const NAME: &'static str = "ogg-json";
    const IS_CHANGING: bool = true;
    type Options = OggFormat;
    const OPTIONS: &'static [OptionDefinition<OggFormat>] = &[
        ignore_parse_errors(),
        timestamp_standard(),
        map_null_key_mode(),
        map_null_key_literal(),
        plain_decimals(),
        ignore_null_fields(),
    ];

    fn new(given: OggFormat, _: &mut TableOptions<'_>) -> Option<Self> {
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
        Box::new(Ogg::new(self, columns, metadata))
    }
}

fn known_metadata() -> [PlainMetadata; 4] {
    let texts = DataType::Array(Box::new(DataType::STRING));
    [
        ("table", "table", DataType::STRING, MetadataReading::AsIs),
        ("primary-keys", "primary_keys", texts, MetadataReading::AsIs),
        ("ingestion-timestamp", "current_ts", DataType::STRING, MetadataReading::DateTime),
        ("event-timestamp", "op_ts", DataType::STRING, MetadataReading::DateTime),
    ]
}

pub(crate) struct Ogg {
    envelope: Envelope,
    before: usize,
    after: usize,
    op: usize,
}

impl Ogg {
    pub fn new(options: &OggFormat, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Self {
        let row = || {
            let columns = columns.iter().map(|column| (column.name.as_str(), &column.data_type));
            JsonType::from(JsonFields::new(columns, Missing::Unchanged))
        };
        let mut layout = EnvelopeLayout::default();
        let before = layout.field("before", row());
        let after = layout.field("after", row());
        let op = layout.typed("op_type", &DataType::STRING);
        layout.plain_metadata(metadata, &known_metadata());
        Ogg { envelope: layout.into_envelope(options.change), before, after, op }
    }

    fn changes<'a>(&self, message: &ChangeMessage<'a, '_>) -> Result<&'a [Change<'a>], DecodeError> {
        let row = |index, name: &str| {
            let missing = || DecodeError::of_message(format!("found no '{name}' in a change"));
            message.row(index).ok_or_else(missing)
        };
        Ok(match message.text(self.op) {
            Some("I") => message.one(Change::Insert(message.whole(row(self.after, "after")?)?)),
            Some("D") => message.one(Change::Delete(message.whole(row(self.before, "before")?)?)),
            Some("U") => {
                let (before, after) = (row(self.before, "before")?, row(self.after, "after")?);
                let before = Some(message.whole(before)?);
                message.one(Change::Update { before, after: message.with_metadata(after)? })
            }
            Some(other) => {
                return Err(DecodeError::of_message(format!(
                    "found 'op_type' = {} where I, U or D was expected",
                    Excerpt(other.as_bytes())
                )));
            }
            None => return Err(DecodeError::of_message("found no 'op_type'")),
        })
    }
}

impl Decode for Ogg {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        self.envelope.decode(record, 1, arena, |message| self.changes(message))
    }
}
