//! Flink's `maxwell-json` format: a MySQL row, and the old values of the columns that an update changed.

use bumpalo::Bump;

use super::decode_error::DecodeError;
use super::json::{JsonFields, JsonType, Missing};
use super::{Decode, Decoded};
use crate::change::Change;
use crate::error::Rejection;
use crate::excerpt::Excerpt;
use crate::formats::change::envelope::{ChangeMessage, Envelope, EnvelopeLayout, MetadataReading, PlainMetadata};
use crate::formats::change::json_format::JsonChangeFormat;
use crate::formats::change::options::ChangeFormat;
use crate::formats::json::options::json_options;
use crate::options::OptionDefinition;
use crate::record::Record;
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

impl JsonChangeFormat for MaxwellFormat {
    const NAME: &'static str = "maxwell-json";
    const OPTIONS: &'static [OptionDefinition<MaxwellFormat>] = json_options![];

    fn known_metadata() -> Vec<PlainMetadata> {
        let texts = DataType::Array(Box::new(DataType::STRING));
        vec![
            ("database", "database", DataType::STRING, MetadataReading::AsIs),
            ("table", "table", DataType::STRING, MetadataReading::AsIs),
            ("primary-key-columns", "primary_key_columns", texts, MetadataReading::AsIs),
            ("ingestion-timestamp", "ts", DataType::BigInt, MetadataReading::Seconds),
        ]
    }

    fn change_decoder(&self, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Box<dyn Decode> {
        Box::new(Maxwell::new(self, columns, metadata))
    }
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
        layout.plain_metadata(metadata, &MaxwellFormat::known_metadata());
        Maxwell { envelope: layout.into_envelope(options.change), data, old, kind }
    }

    fn changes<'a>(&self, message: &ChangeMessage<'a, '_>) -> Result<&'a [Change<'a>], DecodeError> {
        let missing = |name: &str| DecodeError::of_message(format!("found no '{name}' in a change"));
        let data = || message.row(self.data).ok_or_else(|| missing("data"));
        Ok(match message.text(self.kind) {
            // Maxwell writes this type for rows that were in the table before it started.
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
