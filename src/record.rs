//! A raw message and its place.

use std::sync::Arc;

use crate::position::Position;

/// One header of a message. Names may repeat; a value may be absent.
pub type Header<'a> = (&'a str, Option<&'a [u8]>);

/// Who set a record's timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// Nobody: the record has no timestamp.
    Missing,
    /// The producer.
    Created,
    /// The broker, when it appended the record.
    Appended,
}

/// A raw message as its source handed it over. It borrows the source's buffers, so it lives until the next poll.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    pub topic: &'a Arc<str>,
    pub partition: i32,
    pub offset: i64,
    /// Milliseconds since 1970 in UTC, if the source has a timestamp.
    pub timestamp_ms: Option<i64>,
    pub timestamp_type: TimestampType,
    /// The epoch of the partition's leader when the record was written, if the source tells it.
    pub leader_epoch: Option<i32>,
    pub key: Option<&'a [u8]>,
    pub headers: &'a [Header<'a>],
    /// `None` is Kafka's null value (a tombstone), which differs from zero bytes.
    pub value: Option<&'a [u8]>,
}

impl<'a> Record<'a> {
    /// A message that has only a value.
    pub fn of_value(topic: &'a Arc<str>, value: Option<&'a [u8]>) -> Record<'a> {
        Record {
            topic,
            partition: 0,
            offset: 0,
            timestamp_ms: None,
            timestamp_type: TimestampType::Missing,
            leader_epoch: None,
            key: None,
            headers: &[],
            value,
        }
    }

    pub fn position(&self) -> Position {
        Position { topic: Arc::clone(self.topic), partition: self.partition, offset: self.offset }
    }
}

/// A record's key, headers and value kept beside its encoded row, so that a dead letter can carry the original.
/// Topic, partition and offset are not in it: the entry has them.
pub struct Original<'a> {
    pub timestamp_ms: Option<i64>,
    pub key: Option<&'a [u8]>,
    pub headers: Vec<Header<'a>>,
    pub value: Option<&'a [u8]>,
}

const ABSENT: u32 = u32::MAX;

impl<'a> Record<'a> {
    /// Appends the original to `out`; [`Original::read`] is its inverse.
    pub fn store_original(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp_ms.unwrap_or(i64::MIN).to_le_bytes());
        put(out, self.key);
        put(out, self.value);
        out.extend_from_slice(&(self.headers.len() as u32).to_le_bytes());
        for (name, value) in self.headers {
            put(out, Some(name.as_bytes()));
            put(out, *value);
        }
    }
}

impl<'a> Original<'a> {
    /// Reads what [`Record::store_original`] wrote. `None` if `bytes` are something else.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let timestamp = i64::from_le_bytes(take(&mut rest, 8)?.try_into().ok()?);
        let key = get(&mut rest)?;
        let value = get(&mut rest)?;
        let count = u32::from_le_bytes(take(&mut rest, 4)?.try_into().ok()?);
        let mut headers = Vec::new();
        for _ in 0..count {
            let name = std::str::from_utf8(get(&mut rest)??).ok()?;
            headers.push((name, get(&mut rest)?));
        }
        Some(Original { timestamp_ms: (timestamp != i64::MIN).then_some(timestamp), key, headers, value })
    }
}

fn put(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    out.extend_from_slice(&bytes.map_or(ABSENT, |bytes| bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes.unwrap_or_default());
}

fn get<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = u32::from_le_bytes(take(rest, 4)?.try_into().ok()?);
    if length == ABSENT { Some(None) } else { take(rest, length as usize).map(Some) }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head)
}
