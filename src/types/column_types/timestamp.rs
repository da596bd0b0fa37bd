//! timestamp, with and without time zone.

use super::facets::*;
use super::field::{self, put};
use crate::types::calendar::SECONDS_PER_DAY;
use crate::types::calendar::postgres::{self as calendar, EPOCH_DAY};
use crate::types::text::scalar;

/// The modifier is the number of fraction digits.
pub(super) const TIMESTAMP: Facets<u8> = Facets {
    catalog: CatalogName::BuiltIn { name: "timestamp", oid: 1114 },
    modifier: |of| Some(of.fraction_digits()),
    natural_source: |fraction| DataType::Timestamp { precision: *fraction },
    fit: |_, source, _| match source {
        DataType::Date | DataType::Timestamp { .. } | DataType::TimestampLtz { .. } => Fit::Binary,
        source => Fit::binary_if(source.is_text()),
    },
    takes: |_| TAKES_TIMES,
    encode: |fraction, _, value, out| field::fixed(timestamp(value, *fraction)?.to_be_bytes(), out),
    most_bytes: room::any,
    print: |_, bytes, out| print(bytes, b"", out),
    key: Key { images: KeyImages::EqualUnlessText, family: None },
    key_image: |fraction, _, value, out| put(&timestamp(value, *fraction)?.to_be_bytes(), out),
    is_bare_element: false,
    brackets: None,
    vector: None,
};

/// The modifier is the number of fraction digits.
pub(super) const TIMESTAMPTZ: Facets<u8> = Facets {
    catalog: CatalogName::BuiltIn { name: "timestamptz", oid: 1184 },
    modifier: |of| Some(of.fraction_digits()),
    natural_source: |fraction| DataType::TimestampLtz { precision: *fraction },
    fit: |_, source, _| match source {
        DataType::TimestampLtz { .. } => Fit::Binary,
        DataType::Date | DataType::Timestamp { .. } => Fit::Text,
        source => Fit::binary_if(source.is_text()),
    },
    takes: |_| TAKES_TIMES,
    encode: |fraction, _, value, out| field::fixed(instant(value, *fraction)?.to_be_bytes(), out),
    most_bytes: room::any,
    print: |_, bytes, out| print(bytes, b"+00", out),
    key: Key { images: KeyImages::EqualUnlessText, family: None },
    key_image: |fraction, _, value, out| put(&instant(value, *fraction)?.to_be_bytes(), out),
    is_bare_element: false,
    brackets: None,
    vector: None,
};

/// Microseconds since 2000-01-01 on a wall clock. An instant is stored as the wall clock in UTC shows it.
fn timestamp(value: &Value<'_>, fraction: u8) -> Result<i64, EncodeError> {
    let (seconds, nanos) = match *value {
        Value::Timestamp { seconds, nanos } | Value::Instant { seconds, nanos } => (seconds, nanos),
        Value::Date(days) => (i64::from(days) * SECONDS_PER_DAY, 0),
        Value::Text(text) => calendar::parse_timestamp(text.as_bytes()).ok_or(EncodeError::AsText)?,
        _ => return Err(EncodeError::AsText),
    };
    calendar::timestamp(seconds, nanos, fraction).ok_or_else(|| out_of_calendar(value, "timestamp"))
}

/// Microseconds since 2000-01-01 in UTC. The time of a wall clock without a zone is left to the server, which knows the
/// session's zone.
fn instant(value: &Value<'_>, fraction: u8) -> Result<i64, EncodeError> {
    let (seconds, nanos) = match *value {
        Value::Instant { seconds, nanos } => (seconds, nanos),
        Value::Text(text) => {
            let clock = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00")).ok_or(EncodeError::AsText)?;
            calendar::parse_timestamp(clock.as_bytes()).ok_or(EncodeError::AsText)?
        }
        _ => return Err(EncodeError::AsText),
    };
    calendar::timestamp(seconds, nanos, fraction).ok_or_else(|| out_of_calendar(value, "timestamp with time zone"))
}

fn print(bytes: &[u8], zone: &[u8], out: &mut Vec<u8>) {
    let (seconds, nanos) = calendar::seconds_and_nanos(field::integer(bytes));
    scalar::timestamp(seconds + EPOCH_DAY * SECONDS_PER_DAY, nanos, zone, out);
}
