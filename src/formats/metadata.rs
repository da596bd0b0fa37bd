//! The metadata of a record: topic, partition, offset, timestamp, headers.

use bumpalo::Bump;

use crate::record::{Header, Record, TimestampType};
use crate::types::column::MetadataColumn;
use crate::types::value::Value;

/// The metadata columns of one source.
#[derive(Debug, Clone)]
pub struct RecordMetadata {
    keys: Vec<MetadataKey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MetadataKey {
    Topic,
    Partition,
    Offset,
    Timestamp,
    TimestampType,
    LeaderEpoch,
    Headers,
    HeaderList,
}

impl RecordMetadata {
    /// `None`: a column names a key that no record has.
    pub fn new(columns: &[MetadataColumn]) -> Option<Self> {
        let key = |column: &MetadataColumn| {
            Some(match column.key.as_str() {
                "topic" => MetadataKey::Topic,
                "partition" => MetadataKey::Partition,
                "offset" => MetadataKey::Offset,
                "timestamp" => MetadataKey::Timestamp,
                "timestamp-type" => MetadataKey::TimestampType,
                "leader-epoch" => MetadataKey::LeaderEpoch,
                "headers" => MetadataKey::Headers,
                "header-list" => MetadataKey::HeaderList,
                _ => return None,
            })
        };
        Some(RecordMetadata { keys: columns.iter().map(key).collect::<Option<_>>()? })
    }

    pub fn needs_headers(&self) -> bool {
        self.keys.iter().any(|key| matches!(key, MetadataKey::Headers | MetadataKey::HeaderList))
    }

    /// The columns' values, in their order.
    pub fn read<'a>(&self, record: &Record<'a>, arena: &'a Bump) -> &'a [Value<'a>] {
        if self.keys.is_empty() {
            return &[];
        }
        arena.alloc_slice_fill_iter(self.keys.iter().map(|key| match key {
            MetadataKey::Topic => Value::Text(record.topic),
            MetadataKey::Partition => Value::Int(record.partition.into()),
            MetadataKey::Offset => Value::Int(record.offset),
            MetadataKey::Timestamp => record.timestamp_ms.map_or(Value::Null, |millis| Value::Instant {
                seconds: millis.div_euclid(1000),
                nanos: millis.rem_euclid(1000) as u32 * 1_000_000,
            }),
            MetadataKey::TimestampType => Value::Text(match record.timestamp_type {
                TimestampType::Missing => "NoTimestampType",
                TimestampType::Created => "CreateTime",
                TimestampType::Appended => "LogAppendTime",
            }),
            MetadataKey::LeaderEpoch => record.leader_epoch.map_or(Value::Null, |epoch| Value::Int(epoch.into())),
            MetadataKey::Headers => Value::Map(last_of_each(record.headers, arena)),
            MetadataKey::HeaderList => Value::Array(list(record.headers, arena)),
        }))
    }
}

fn value<'a>(bytes: Option<&'a [u8]>) -> Value<'a> {
    bytes.map_or(Value::Null, Value::Bytes)
}

/// The headers as a MAP, in which a key comes once. If several headers have the same name, the last one counts.
fn last_of_each<'a>(headers: &'a [Header<'a>], arena: &'a Bump) -> &'a [(Value<'a>, Value<'a>)] {
    let mut entries = bumpalo::collections::Vec::with_capacity_in(headers.len(), arena);
    for (index, (name, bytes)) in headers.iter().enumerate() {
        if !headers[index + 1..].iter().any(|(later, _)| later == name) {
            entries.push((Value::Text(name), value(*bytes)));
        }
    }
    entries.into_bump_slice()
}

fn list<'a>(headers: &'a [Header<'a>], arena: &'a Bump) -> &'a [Value<'a>] {
    arena.alloc_slice_fill_iter(
        headers.iter().map(|(name, bytes)| Value::Row(arena.alloc([Value::Text(name), value(*bytes)]))),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::types::data_type::DataType;

    fn columns(keys: &[&str]) -> Vec<MetadataColumn> {
        keys.iter().map(|key| MetadataColumn { key: key.to_string(), data_type: DataType::Null }).collect()
    }

    #[test]
    fn the_metadata_of_a_record_says_where_and_when_it_was_written() {
        let (topic, arena) = (Arc::from("cars"), Bump::new());
        let record = Record {
            topic: &topic,
            partition: 3,
            offset: 42,
            timestamp_ms: Some(-1),
            timestamp_type: TimestampType::Appended,
            leader_epoch: Some(7),
            key: None,
            headers: &[("a", Some(b"1")), ("b", None), ("a", Some(b"2"))],
            value: None,
        };
        let keys =
            ["offset", "topic", "partition", "timestamp", "timestamp-type", "leader-epoch", "headers", "header-list"];
        let metadata = RecordMetadata::new(&columns(&keys)).unwrap();
        assert_eq!(
            metadata.read(&record, &arena),
            [
                Value::Int(42),
                Value::Text("cars"),
                Value::Int(3),
                Value::Instant { seconds: -1, nanos: 999_000_000 },
                Value::Text("LogAppendTime"),
                Value::Int(7),
                Value::Map(&[(Value::Text("b"), Value::Null), (Value::Text("a"), Value::Bytes(b"2"))]),
                Value::Array(&[
                    Value::Row(&[Value::Text("a"), Value::Bytes(b"1")]),
                    Value::Row(&[Value::Text("b"), Value::Null]),
                    Value::Row(&[Value::Text("a"), Value::Bytes(b"2")]),
                ]),
            ]
        );
        assert!(metadata.needs_headers());
        assert!(!RecordMetadata::new(&columns(&["topic"])).unwrap().needs_headers());
    }

    #[test]
    fn an_unknown_metadata_key_is_refused() {
        assert!(RecordMetadata::new(&columns(&["topic", "colour"])).is_none());
    }
}
