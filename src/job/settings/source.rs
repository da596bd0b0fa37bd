//! A table that is read: its columns, and how its messages hold them.

use crate::formats::format::Format;
use crate::settings::kafka::KafkaSource;
use crate::settings::registry::Registry;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::vector_encoding::VectorEncoding;

/// A table that is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub table: String,
    /// What the format decodes. Expressions count these first, then `format_metadata`, then `record_metadata`.
    pub columns: Vec<SourceColumn>,
    /// Metadata that the format reads from the message (`value.…` of the table's METADATA columns).
    pub format_metadata: Vec<MetadataColumn>,
    /// Metadata of the record itself: `topic`, `partition`, `offset`, `timestamp` …
    pub record_metadata: Vec<MetadataColumn>,
    pub kafka: KafkaSource,
    /// Of the message values.
    pub format: Format,
    /// What the message keys hold, if they are read.
    pub key: Option<KeyFormat>,
    /// `upsert-kafka`: a message replaces the row of its key, and one without a value deletes it.
    pub upsert: bool,
    /// `vector.encoding`: what BYTES hold where they feed a vector.
    pub vector_encoding: Option<VectorEncoding>,
}

impl Source {
    /// Whether its messages can update and delete rows.
    pub fn is_changing(&self) -> bool {
        self.upsert || self.format.is_changing()
    }

    /// Where the schemas of its messages are kept: of their values, of their keys.
    pub fn registries(&self) -> impl Iterator<Item = &Registry> {
        self.format.registry().into_iter().chain(self.key.as_ref().and_then(|key| key.format.registry()))
    }

    /// The columns as the key's format sees them.
    pub fn key_columns(&self) -> Vec<SourceColumn> {
        let fields = self.key.iter().flat_map(|key| &key.fields);
        let column = |field: &KeyField| {
            Some(SourceColumn { name: field.name.clone(), ..self.columns.get(field.column)?.clone() })
        };
        fields.filter_map(column).collect()
    }

    /// The columns that the value's format sees, as indexes.
    pub fn columns_in_value(&self) -> Vec<usize> {
        let only_in_key = |column: &usize| {
            self.key
                .as_ref()
                .is_some_and(|key| !key.also_in_value && key.fields.iter().any(|field| field.column == *column))
        };
        (0..self.columns.len()).filter(|column| !only_in_key(column)).collect()
    }
}

/// `key.format` and `key.fields`: columns that the message key holds.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyFormat {
    pub format: Format,
    /// In the order in which the key has them.
    pub fields: Vec<KeyField>,
    /// `value.fields-include` = ALL: the value holds these columns too, and counts where both do.
    pub also_in_value: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyField {
    /// Index into [`Source::columns`].
    pub column: usize,
    /// As the key calls it: without `key.fields-prefix`.
    pub name: String,
}
