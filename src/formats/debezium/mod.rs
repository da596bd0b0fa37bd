//! Flink's `debezium-json` format: a change with the row before and after it.

pub mod options;

use bumpalo::Bump;

use super::decode_error::DecodeError;
use super::json::{JsonFields, JsonType, Missing};
use super::{Decode, Decoded};
use crate::change::Change;
use crate::error::Rejection;
use crate::excerpt::Excerpt;
use crate::formats::change::envelope::{ChangeMessage, Envelope, EnvelopeLayout, MetadataReading, PlainMetadata};
use crate::formats::debezium::options::DebeziumFormat;
use crate::record::Record;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;
use crate::types::value::Value;

/// Debezium's placeholders for a large value that an update of PostgreSQL didn't carry, as each kind of column has them.
const PLACEHOLDERS: &[&str] = &[
    r#""__debezium_unavailable_value""#,
    r#"["__debezium_unavailable_value"]"#,
    // The placeholder in base64, and as an array of its bytes.
    r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#,
    "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101]",
    "[95.0,95.0,100.0,101.0,98.0,101.0,122.0,105.0,117.0,109.0,95.0,117.0,110.0,97.0,118.0,97.0,105.0,108.0,97.0,98.0,\
     108.0,101.0,95.0,118.0,97.0,108.0,117.0,101.0]",
    r#"{"__debezium_unavailable_value":"__debezium_unavailable_value"}"#,
    r#""{\"__debezium_unavailable_value\":\"__debezium_unavailable_value\"}""#,
];

fn known_metadata() -> [PlainMetadata; 7] {
    let properties = DataType::Map(Box::new(DataType::STRING), Box::new(DataType::STRING));
    let source = |key, reading| (key, "source", properties.clone(), reading);
    [
        ("schema", "schema", DataType::STRING, MetadataReading::Schema),
        ("ingestion-timestamp", "ts_ms", DataType::BigInt, MetadataReading::Millis),
        source("source.timestamp", MetadataReading::EntryMillis("ts_ms")),
        source("source.database", MetadataReading::Entry("db")),
        source("source.schema", MetadataReading::Entry("schema")),
        source("source.table", MetadataReading::Entry("table")),
        source("source.properties", MetadataReading::AsIs),
    ]
}

pub(crate) struct Debezium {
    envelope: Envelope,
    before: usize,
    after: usize,
    op: usize,
    /// The change is in the field `payload`.
    is_wrapped: bool,
}

impl Debezium {
    pub fn new(options: &DebeziumFormat, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Self {
        let row = || {
            let columns = columns.iter().map(|column| (column.name.as_str(), &column.data_type));
            JsonType::from(JsonFields::new(columns, Missing::Null).with_placeholders(PLACEHOLDERS))
        };
        let mut layout = EnvelopeLayout::default();
        let before = layout.field("before", row());
        let after = layout.field("after", row());
        let op = layout.typed("op", &DataType::STRING);
        layout.plain_metadata(metadata, &known_metadata());
        let envelope = match options.schema_include {
            true => layout.into_payload(options.change),
            false => layout.into_envelope(options.change),
        };
        Debezium { envelope, before, after, op, is_wrapped: options.schema_include }
    }

    fn changes<'a>(&self, message: &ChangeMessage<'a, '_>) -> Result<&'a [Change<'a>], DecodeError> {
        let before = message.row(self.before).map(|row| message.whole(row)).transpose()?;
        let after = message.row(self.after).map(|row| message.with_metadata(row)).transpose()?;
        let op = message.text(self.op);
        match (op, before, after) {
            (Some("c" | "r"), _, Some(after)) if after.contains(&Value::Unchanged) => {
                Err(DecodeError::of_message("found a new row with Debezium's placeholder for an unavailable value"))
            }
            (Some("c" | "r"), _, Some(after)) => Ok(message.one(Change::Insert(after))),
            (Some("u"), Some(before), Some(after)) => Ok(message.one(Change::Update { before: Some(before), after })),
            (Some("d"), Some(before), _) => Ok(message.one(Change::Delete(before))),
            (Some(op @ ("u" | "d")), None, _) => Err(DecodeError::of_message(format!(
                "found no 'before' in a change with 'op' = '{op}'; a PostgreSQL table must have REPLICA IDENTITY FULL"
            ))),
            (Some(op @ ("c" | "r" | "u")), _, None) => {
                Err(DecodeError::of_message(format!("found no 'after' in a change with 'op' = '{op}'")))
            }
            (Some(op), ..) => {
                let op = Excerpt(op.as_bytes());
                Err(DecodeError::of_message(format!("found 'op' = {op} where c, r, u or d was expected")))
            }
            (None, ..) if self.is_wrapped => Err(DecodeError::of_message(
                "found no 'op' under 'payload'; a message without its schema needs 'schema-include' = 'false'",
            )),
            (None, ..) => {
                Err(DecodeError::of_message("found no 'op'; a message with its schema needs 'schema-include' = 'true'"))
            }
        }
    }
}

impl Decode for Debezium {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        let depth = 1 + usize::from(self.is_wrapped);
        self.envelope.decode(record, depth, arena, |message| self.changes(message))
    }
}
