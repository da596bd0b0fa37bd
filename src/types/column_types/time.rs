//! time.

use super::facets::*;
use super::field;
use crate::types::calendar::postgres as calendar;
use crate::types::text::scalar;

pub(super) struct Time;

impl Facets for Time {
    /// Fraction digits.
    type Modifier = u8;

    const CATALOG: Catalog = Catalog::BuiltIn { name: "time", oid: 1083 };
    fn modifier(of: &CatalogType) -> Option<u8> {
        Some(of.fraction_digits())
    }

    fn natural_source(fraction: &u8) -> DataType {
        DataType::Time { precision: *fraction }
    }
    fn fit(_: &u8, source: &DataType, _: Option<VectorEncoding>) -> Fit {
        match source {
            DataType::Time { .. } => Fit::Binary,
            DataType::Timestamp { .. } | DataType::TimestampLtz { .. } => Fit::Text,
            source => Fit::binary_if(source.is_text()),
        }
    }
    fn takes(_: &DataType) -> &'static str {
        TAKES_TIMES
    }

    #[inline]
    fn encode(fraction: &u8, _: Context<'_>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        field::fixed(time(value, *fraction)?.to_be_bytes(), out);
        Ok(())
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        room::any(value)
    }
    fn print(_: &u8, bytes: &[u8], out: &mut Vec<u8>) {
        let (seconds, nanos) = calendar::seconds_and_nanos(field::integer(bytes));
        scalar::time(seconds, nanos, out);
    }

    const KEY: Key = Key { images: KeyImages::EqualUnlessText, family: None };
    fn key_image(fraction: &u8, _: &DataType, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&time(value, *fraction)?.to_be_bytes());
        Ok(())
    }

    const IS_BARE_ELEMENT: bool = false;
    const BRACKETS: Option<[u8; 2]> = None;
    const VECTOR: Option<VectorColumn> = None;
}

/// Microseconds since midnight.
fn time(value: &Value<'_>, fraction: u8) -> Result<i64, EncodeError> {
    let nanos = match *value {
        Value::Time(nanos) => nanos,
        Value::Text(text) => {
            let (seconds, nanos) = calendar::parse_time(text.as_bytes()).ok_or(EncodeError::AsText)?;
            seconds * 1_000_000_000 + i64::from(nanos)
        }
        _ => return Err(EncodeError::AsText),
    };
    calendar::time(nanos, fraction).ok_or_else(|| out_of_calendar(value, "time"))
}
