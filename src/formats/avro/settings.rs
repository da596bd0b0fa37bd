//! Messages in Avro.

use crate::settings::registry::Registry;

/// Options of `format = 'avro'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvroFormat {
    /// What the messages are written with: the schema that Flink derives from the table.
    pub schema: String,
    pub encoding: AvroEncoding,
    /// `timestamp_mapping.legacy`: TIMESTAMP is an instant in milliseconds.
    pub legacy_timestamps: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvroEncoding {
    Binary,
    Json,
}

/// Options of the formats whose messages name their schema in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfluentFormat {
    /// The reader's: `schema`, or the one that Flink derives from the table.
    pub schema: String,
    pub registry: Registry,
}
