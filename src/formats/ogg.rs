//! Flink's `ogg-json` format: a change that Oracle GoldenGate tells.

use bumpalo::Bump;

use super::fault::DecodeError;
use super::json::{JsonFields, JsonType, Missing};
use super::{Decode, Decoded};
use crate::change::Change;
use crate::error::Rejection;
use crate::excerpt::Excerpt;
use crate::formats::change::envelope::{ChangeMessage, Envelope, Layout, MetadataReading, PlainMetadata};
use crate::formats::change::settings::ChangeFormat;
use crate::record::Record;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

pub(crate) struct Ogg {
    envelope: Envelope,
    before: usize,
    after: usize,
    op: usize,
}

impl Ogg {
    pub fn new(options: &ChangeFormat, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Self {
        let texts = DataType::Array(Box::new(DataType::STRING));
        let known: [PlainMetadata; 4] = [
            ("table", "table", DataType::STRING, MetadataReading::AsIs),
            ("primary-keys", "primary_keys", texts, MetadataReading::AsIs),
            ("ingestion-timestamp", "current_ts", DataType::STRING, MetadataReading::DateTime),
            ("event-timestamp", "op_ts", DataType::STRING, MetadataReading::DateTime),
        ];
        let row = || {
            let columns = columns.iter().map(|column| (column.name.as_str(), &column.data_type));
            JsonType::from(JsonFields::new(columns, Missing::Unchanged))
        };
        let mut layout = Layout::default();
        let before = layout.field("before", row());
        let after = layout.field("after", row());
        let op = layout.typed("op_type", &DataType::STRING);
        layout.plain_metadata(metadata, &known);
        Ogg { envelope: layout.into_envelope(*options), before, after, op }
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
