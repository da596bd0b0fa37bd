//! Options of a source table: those of its connector and of the formats of its messages.

pub mod avro;
pub mod canal;
pub mod confluent;
pub mod csv;
pub mod debezium;
pub mod format;
pub mod json;
pub mod kafka;
pub mod message;
pub mod protobuf;
pub mod raw;
mod scan;
pub mod upsert_kafka;

use super::{OptionSpec, TableOptions, ValueType};
