//! time.

use super::facets::*;
use super::field::{self, put};
use crate::types::calendar::postgres as calendar;
use crate::types::text::scalar;

/// The modifier is the number of fraction digits.
pub(super) const TIME: Facets<u8> = Facets {
    catalog: CatalogName::BuiltIn { name: "time", oid: 1083 },
    modifier: |of| Some(of.fraction_digits()),
    natural_source: |fraction| DataType::Time { precision: *fraction },
    fit: |_, source, _| match source {
        DataType::Time { .. } => Fit::Binary,
        DataType::Timestamp { .. } | DataType::TimestampLtz { .. } => Fit::Text,
        source => Fit::binary_if(source.is_text()),
    },
    takes: |_| TAKES_TIMES,
    encode: |fraction, _, value, out| field::fixed(time(value, *fraction)?.to_be_bytes(), out),
    most_bytes: room::any,
    print: |_, bytes, out| {
        let (seconds, nanos) = calendar::seconds_and_nanos(field::integer(bytes));
        scalar::time(seconds, nanos, out);
    },
    key: Key { images: KeyImages::EqualUnlessText, family: None },
    key_image: |fraction, _, value, out| put(&time(value, *fraction)?.to_be_bytes(), out),
    is_bare_element: false,
    brackets: None,
    vector: None,
};

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
