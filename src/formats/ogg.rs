//! Flink's `ogg-json` format: the changes that Oracle GoldenGate writes.

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

impl JsonChangeFormat for OggFormat {
    const NAME: &'static str = "ogg-json";
    const OPTIONS: &'static [OptionDefinition<OggFormat>] = json_options![];

    fn known_metadata() -> Vec<PlainMetadata> {
        let texts = DataType::Array(Box::new(DataType::STRING));
        vec![
            ("table", "table", DataType::STRING, MetadataReading::AsIs),
            ("primary-keys", "primary_keys", texts, MetadataReading::AsIs),
            ("ingestion-timestamp", "current_ts", DataType::STRING, MetadataReading::DateTime),
            ("event-timestamp", "op_ts", DataType::STRING, MetadataReading::DateTime),
        ]
    }

    fn change_decoder(&self, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Box<dyn Decode> {
        Box::new(Ogg::new(self, columns, metadata))
    }
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
        layout.plain_metadata(metadata, &OggFormat::known_metadata());
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
