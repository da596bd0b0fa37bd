//! A table that is read: where its messages are, and how they hold its columns.

mod avro;
mod change;
mod column;
mod csv;
mod format;
mod json;
mod kafka;
mod protobuf;
mod raw;
mod registry;
mod table;

pub use self::avro::{AvroEncoding, AvroFormat, ConfluentFormat};
pub use self::change::{CanalFormat, ChangeFormat, DebeziumFormat};
pub use self::column::{Column, MetadataColumn};
pub use self::csv::CsvFormat;
pub use self::format::Format;
pub use self::json::{JsonFormat, TimestampStandard};
pub use self::kafka::{Assignment, Bounded, KafkaSource, OffsetReset, PartitionOffsets, Startup};
pub use self::protobuf::ProtobufFormat;
pub use self::raw::{Charset, RawFormat};
pub use self::registry::{KeyStore, Registry, RegistryLogin};
pub use self::table::{KeyField, KeyFormat, Source};
