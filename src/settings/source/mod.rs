//! A table that is read: where its messages are, and how they hold its columns.

mod avro;
mod change;
mod format;
mod kafka;
mod raw;
mod registry;
mod table;

pub use self::avro::{AvroEncoding, AvroFormat, ConfluentFormat};
pub use self::change::{CanalFormat, ChangeFormat, DebeziumFormat};
pub use self::format::{CsvFormat, Format, JsonFormat, ProtobufFormat, TimestampStandard};
pub use self::kafka::{Assignment, Bounded, KafkaSource, OffsetReset, PartitionOffsets, Startup};
pub use self::raw::{Charset, RawFormat};
pub use self::registry::{KeyStore, Registry, RegistryLogin};
pub use self::table::{Column, KeyField, KeyFormat, MetadataColumn, Source};
