//! timestamp, with and without time zone.

use super::facets::*;
use super::field;
use crate::types::calendar::postgres::{self as calendar, EPOCH_DAY, SECONDS_A_DAY};
use crate::types::text::scalar;

pub(super) struct Timestamp;
pub(super) struct TimestampTz;

impl Facets for Timestamp {
    /// Fraction digits.
    type Modifier = u8;

    const CATALOG: Catalog = Catalog::BuiltIn { name: "timestamp", oid: 1114 };
    fn modifier(of: &CatalogType) -> Option<u8> {
        Some(of.fraction_digits())
    }

    fn natural_source(fraction: &u8) -> DataType {
        DataType::Timestamp { precision: *fraction }
    }
    fn fit(_: &u8, source: &DataType, _: Option<VectorEncoding>) -> Fit {
        match source {
            DataType::Date | DataType::Timestamp { .. } | DataType::TimestampLtz { .. } => Fit::Binary,
            source => Fit::binary_if(source.is_text()),
        }
    }
    fn takes(_: &DataType) -> &'static str {
        TAKES_TIMES
    }

    #[inline]
    fn encode(fraction: &u8, _: Context<'_>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        field::fixed(timestamp(value, *fraction)?.to_be_bytes(), out);
        Ok(())
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        room::any(value)
    }
    fn print(_: &u8, bytes: &[u8], out: &mut Vec<u8>) {
        print(bytes, b"", out);
    }

    const KEY: Key = Key { images: KeyImages::EqualUnlessText, family: None };
    fn key_image(fraction: &u8, _: &DataType, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&timestamp(value, *fraction)?.to_be_bytes());
        Ok(())
    }

    const IS_BARE_ELEMENT: bool = false;
    const BRACKETS: Option<[u8; 2]> = None;
    const VECTOR: Option<VectorColumn> = None;
}

impl Facets for TimestampTz {
    /// Fraction digits.
    type Modifier = u8;

    const CATALOG: Catalog = Catalog::BuiltIn { name: "timestamptz", oid: 1184 };
    fn modifier(of: &CatalogType) -> Option<u8> {
        Some(of.fraction_digits())
    }

    fn natural_source(fraction: &u8) -> DataType {
        DataType::TimestampLtz { precision: *fraction }
    }
    fn fit(_: &u8, source: &DataType, _: Option<VectorEncoding>) -> Fit {
        match source {
            DataType::TimestampLtz { .. } => Fit::Binary,
            DataType::Date | DataType::Timestamp { .. } => Fit::Text,
            source => Fit::binary_if(source.is_text()),
        }
    }
    fn takes(_: &DataType) -> &'static str {
        TAKES_TIMES
    }

    #[inline]
    fn encode(fraction: &u8, _: Context<'_>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        field::fixed(instant(value, *fraction)?.to_be_bytes(), out);
        Ok(())
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        room::any(value)
    }
    fn print(_: &u8, bytes: &[u8], out: &mut Vec<u8>) {
        print(bytes, b"+00", out);
    }

    const KEY: Key = Key { images: KeyImages::EqualUnlessText, family: None };
    fn key_image(fraction: &u8, _: &DataType, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&instant(value, *fraction)?.to_be_bytes());
        Ok(())
    }

    const IS_BARE_ELEMENT: bool = false;
    const BRACKETS: Option<[u8; 2]> = None;
    const VECTOR: Option<VectorColumn> = None;
}

/// Microseconds since 2000-01-01 on a wall clock. An instant is the clock of UTC.
fn timestamp(value: &Value<'_>, fraction: u8) -> Result<i64, EncodeError> {
    let (seconds, nanos) = match *value {
        Value::Timestamp { seconds, nanos } | Value::Instant { seconds, nanos } => (seconds, nanos),
        Value::Date(days) => (i64::from(days) * SECONDS_A_DAY, 0),
        Value::Text(text) => calendar::parse_timestamp(text.as_bytes()).ok_or(EncodeError::AsText)?,
        _ => return Err(EncodeError::AsText),
    };
    calendar::timestamp(seconds, nanos, fraction).ok_or_else(|| out_of_calendar(value, "timestamp"))
}

/// Microseconds since 2000-01-01 in UTC. A wall clock without zone is the server's to place.
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
    scalar::timestamp(seconds + EPOCH_DAY * SECONDS_A_DAY, nanos, zone, out);
}
