//! Flink's `maxwell-json` format: a MySQL row, and what an update changed of it.

use bumpalo::Bump;

use super::fault::Fault;
use super::json::{Fields, Missing, Shape};
use super::{Decode, Decoded};
use crate::change::Change;
use crate::error::Rejection;
use crate::excerpt::Excerpt;
use crate::formats::change::envelope::{Envelope, Layout, Message, Plain, Reading};
use crate::formats::change::settings::ChangeFormat;
use crate::record::Record;
use crate::types::column::{Column, MetadataColumn};
use crate::types::data_type::DataType;

pub(crate) struct Maxwell {
    envelope: Envelope,
    data: usize,
    old: usize,
    kind: usize,
}

impl Maxwell {
    pub fn new(options: &ChangeFormat, columns: &[Column], metadata: &[MetadataColumn]) -> Self {
        let texts = DataType::Array(Box::new(DataType::STRING));
        let known: [Plain; 4] = [
            ("database", "database", DataType::STRING, Reading::AsIs),
            ("table", "table", DataType::STRING, Reading::AsIs),
            ("primary-key-columns", "primary_key_columns", texts, Reading::AsIs),
            ("ingestion-timestamp", "ts", DataType::BigInt, Reading::Seconds),
        ];
        let row = || {
            let columns = columns.iter().map(|column| (column.name.as_str(), &column.data_type));
            Shape::from(Fields::new(columns, Missing::Unchanged))
        };
        let mut layout = Layout::default();
        let data = layout.field("data", row());
        let old = layout.field("old", row());
        let kind = layout.typed("type", &DataType::STRING);
        layout.plain_metadata(metadata, &known);
        Maxwell { envelope: layout.into_envelope(*options), data, old, kind }
    }

    fn changes<'a>(&self, message: &Message<'a, '_>) -> Result<&'a [Change<'a>], Fault> {
        let missing = |name: &str| Fault::of_message(format!("found no '{name}' in a change"));
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
                return Err(Fault::of_message(reason));
            }
            None => return Err(Fault::of_message("found no 'type'")),
        })
    }
}

impl Decode for Maxwell {
    fn decode<'a>(&mut self, record: &Record<'a>, arena: &'a Bump) -> Result<Decoded<'a>, Rejection> {
        self.envelope.decode(record, 1, arena, |message| self.changes(message))
    }
}
