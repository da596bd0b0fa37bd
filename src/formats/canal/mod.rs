//! Flink's `canal-json` format: the rows of a MySQL change, and their old values.

pub mod options;

use bumpalo::Bump;
use bumpalo::collections::Vec;
use regex::Regex;

use self::options::CanalFormat;
use super::decode_error::DecodeError;
use super::json::{JsonFields, JsonType, Missing};
use super::{Decode, Decoded};
use crate::change::Change;
use crate::error::Rejection;
use crate::excerpt::Excerpt;
use crate::formats::change::envelope::{
    ChangeMessage, Envelope, EnvelopeLayout, MetadataReading, PlainMetadata, row_of,
};
use crate::options::regular_expression::compile_whole;

use crate::record::Record;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

fn known_metadata() -> [PlainMetadata; 6] {
    let texts = DataType::Array(Box::new(DataType::STRING));
    let types = DataType::Map(Box::new(DataType::STRING), Box::new(DataType::Int));
    [
        ("database", "database", DataType::STRING, MetadataReading::AsIs),
        ("table", "table", DataType::STRING, MetadataReading::AsIs),
        ("sql-type", "sqlType", types, MetadataReading::AsIs),
        ("pk-names", "pkNames", texts, MetadataReading::AsIs),
        ("ingestion-timestamp", "ts", DataType::BigInt, MetadataReading::Millis),
        ("event-timestamp", "es", DataType::BigInt, MetadataReading::Millis),
    ]
}

pub(crate) struct Canal {
    /// Filters messages by database and table before their rows are read, because another table's rows can have other types.
    filter: Option<Filter>,
    envelope: Envelope,
    data: usize,
    old: usize,
    kind: usize,
}

struct Filter {
    envelope: Envelope,
    /// The field's index, its name, and the pattern that the whole field must match.
    patterns: std::vec::Vec<(usize, &'static str, Regex)>,
}

impl Canal {
    pub fn new(options: &CanalFormat, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Self {
        let rows = || {
            let columns = columns.iter().map(|column| (column.name.as_str(), &column.data_type));
            JsonType::array(JsonFields::new(columns, Missing::Unchanged).into())
        };
        let mut layout = EnvelopeLayout::default();
        let data = layout.field("data", rows());
        let old = layout.field("old", rows());
        let kind = layout.typed("type", &DataType::STRING);
        layout.plain_metadata(metadata, &known_metadata());
        Canal { filter: Filter::new(options), envelope: layout.into_envelope(options.change), data, old, kind }
    }

    fn changes<'a>(&self, message: &ChangeMessage<'a, '_>) -> Result<&'a [Change<'a>], DecodeError> {
        let kind = message.text(self.kind);
        match kind {
            Some("INSERT" | "UPDATE" | "DELETE") => {}
            Some("CREATE") => return Ok(&[]),
            Some(other) => {
                let reason = format!(
                    "found 'type' = {} where INSERT, UPDATE, DELETE or CREATE was expected",
                    Excerpt(other.as_bytes())
                );
                return Err(DecodeError::of_message(reason));
            }
            None => return Err(DecodeError::of_message("found no 'type'")),
        }
        let missing = |name: &str| DecodeError::of_message(format!("found no '{name}' in a change"));
        let data = message.rows(self.data).ok_or_else(|| missing("data"))?;
        let old = message.rows(self.old);
        let mut changes = Vec::with_capacity_in(data.len(), message.arena);
        for (index, row) in data.iter().enumerate() {
            let row = row_of(Some(row)).ok_or_else(|| missing("data").in_element(index))?;
            changes.push(match kind {
                Some("INSERT") => Change::Insert(message.whole(row)?),
                Some("DELETE") => Change::Delete(message.whole(row)?),
                _ => {
                    // Each row has an entry of its own in `old`.
                    let old = row_of(old.and_then(|old| old.get(index))).ok_or_else(|| missing("old"))?;
                    Change::Update { before: Some(message.overlaid(row, old)?), after: message.with_metadata(row)? }
                }
            });
        }
        Ok(changes.into_bump_slice())
    }
}

impl Filter {
    fn new(options: &CanalFormat) -> Option<Self> {
        let mut layout = EnvelopeLayout::default();
        let mut patterns = std::vec::Vec::new();
        for (name, pattern) in [("database", &options.database_include), ("table", &options.table_include)] {
            // The pattern was checked when the job file was read.
            let whole = pattern.as_ref().and_then(|pattern| compile_whole(pattern).ok());
            patterns.extend(whole.map(|pattern| (layout.typed(name, &DataType::STRING), name, pattern)));
        }
        let is_set = !patterns.is_empty();
        is_set.then(|| Filter { envelope: layout.into_envelope(options.change), patterns })
    }

    fn matches(&self, message: &ChangeMessage<'_, '_>) -> Result<bool, DecodeError> {
        for (field, name, pattern) in &self.patterns {
            match message.text(*field) {
                Some(text) if pattern.is_match(text) => {}
                Some(_) => return Ok(false),
                None => return Err(DecodeError::of_message(format!("found no '{name}', which the job filters by"))),
            }
        }
        Ok(true)
    }
}

impl Decode for Canal {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        if let Some(filter) = &self.filter {
            let mut matches = false;
            let filtered = filter.envelope.decode(record, 2, arena, |message| {
                matches = filter.matches(message)?;
                Ok(&[])
            })?;
            if !matches {
                return Ok(filtered);
            }
        }
        self.envelope.decode(record, 2, arena, |message| self.changes(message))
    }
}
