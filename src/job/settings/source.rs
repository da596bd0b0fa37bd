//! A source: its columns, and where they are in its messages.

use crate::formats::format::Format;
use crate::settings::kafka::KafkaSource;
use crate::settings::registry::Registry;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::vector_encoding::VectorEncoding;

/// The settings of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub table: String,
    /// The columns that the formats decode. Expressions number these columns first, then `format_metadata`, then
    /// `record_metadata`.
    pub columns: Vec<SourceColumn>,
    /// Metadata that the format reads from the message (`value.…` of the table's METADATA columns).
    pub format_metadata: Vec<MetadataColumn>,
    /// Metadata of the record itself: `topic`, `partition`, `offset`, `timestamp` …
    pub record_metadata: Vec<MetadataColumn>,
    pub kafka: KafkaSource,
    /// The format of the message values.
    pub format: Format,
    /// The columns in the message keys, if the keys are read.
    pub key: Option<KeyFormat>,
    /// `upsert-kafka`: a message replaces the row of its key. A message without a value deletes this row.
    pub upsert: bool,
    /// `vector.encoding`: the number type and byte order of vectors that come as BYTES.
    pub vector_encoding: Option<VectorEncoding>,
}

impl Source {
    /// Whether the source's messages can update and delete rows.
    pub fn is_changing(&self) -> bool {
        self.upsert || self.format.is_changing()
    }

    /// The registries with the schemas of the message values and keys.
    pub fn registries(&self) -> impl Iterator<Item = &Registry> {
        self.format.registry().into_iter().chain(self.key.as_ref().and_then(|key| key.format.registry()))
    }

    /// The columns of the key's format.
    pub fn key_columns(&self) -> Vec<SourceColumn> {
        let fields = self.key.iter().flat_map(|key| &key.fields);
        let column = |field: &KeyField| {
            Some(SourceColumn { name: field.name.clone(), ..self.columns.get(field.column)?.clone() })
        };
        fields.filter_map(column).collect()
    }

    /// The columns of the value's format, as indexes.
    pub fn columns_in_value(&self) -> Vec<usize> {
        let only_in_key = |column: &usize| {
            self.key
                .as_ref()
                .is_some_and(|key| !key.also_in_value && key.fields.iter().any(|field| field.column == *column))
        };
        (0..self.columns.len()).filter(|column| !only_in_key(column)).collect()
    }
}

/// `key.format` and `key.fields`: the columns that the message key contains.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyFormat {
    pub format: Format,
    /// The fields, in the order of the key.
    pub fields: Vec<KeyField>,
    /// `value.fields-include` = ALL: the message value contains these columns too. If both have a column, the message value
    /// counts.
    pub also_in_value: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyField {
    /// Index into [`Source::columns`].
    pub column: usize,
    /// The field's name in the key, without `key.fields-prefix`.
    pub name: String,
}
