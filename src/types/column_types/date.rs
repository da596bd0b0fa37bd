//! date.

use super::facets::*;
use super::field::{self, put};
use crate::types::calendar::SECONDS_PER_DAY;
use crate::types::calendar::postgres::{self as calendar, EPOCH_DAY};
use crate::types::text::scalar;

pub(super) const DATE: Facets<()> = Facets {
    catalog: CatalogName::BuiltIn { name: "date", oid: 1082 },
    modifier: |_| Some(()),
    natural_source: |_| DataType::Date,
    fit: |_, source, _| match source {
        DataType::Date | DataType::Timestamp { .. } => Fit::Binary,
        DataType::TimestampLtz { .. } => Fit::Text,
        source => Fit::binary_if(source.is_text()),
    },
    takes: |_| TAKES_TIMES,
    encode: |_, _, value, out| field::fixed(date(value)?.to_be_bytes(), out),
    most_bytes: room::any,
    print: |_, bytes, out| scalar::date(field::integer(bytes) + EPOCH_DAY, out),
    key: Key { images: KeyImages::EqualUnlessText, family: None },
    key_image: |_, _, value, out| put(&i64::from(date(value)?).to_be_bytes(), out),
    is_bare_element: false,
    brackets: None,
    vector: None,
};

/// Days since 2000-01-01.
fn date(value: &Value<'_>) -> Result<i32, EncodeError> {
    let days = match *value {
        Value::Date(days) => i64::from(days),
        Value::Timestamp { seconds, .. } => seconds.div_euclid(SECONDS_PER_DAY),
        Value::Text(text) => calendar::parse_date(text.as_bytes()).ok_or(EncodeError::AsText)?,
        _ => return Err(EncodeError::AsText),
    };
    calendar::date(days).ok_or_else(|| out_of_calendar(value, "date"))
}
