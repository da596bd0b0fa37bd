//! date.

use super::facets::*;
use super::field;
use crate::types::calendar::postgres::{self as calendar, EPOCH_DAY, SECONDS_A_DAY};
use crate::types::text::scalar;

pub(super) struct Date;

impl Facets for Date {
    type Modifier = ();

    const CATALOG: Catalog = Catalog::BuiltIn { name: "date", oid: 1082 };
    fn modifier(_: &CatalogType) -> Option<()> {
        Some(())
    }

    fn natural_source((): &()) -> DataType {
        DataType::Date
    }
    fn fit((): &(), source: &DataType, _: Option<VectorEncoding>) -> Fit {
        match source {
            DataType::Date | DataType::Timestamp { .. } => Fit::Binary,
            DataType::TimestampLtz { .. } => Fit::Text,
            source => Fit::binary_if(source.is_text()),
        }
    }
    fn takes(_: &DataType) -> &'static str {
        TAKES_TIMES
    }

    #[inline]
    fn encode((): &(), _: Context<'_>, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        field::fixed(date(value)?.to_be_bytes(), out);
        Ok(())
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        room::any(value)
    }
    fn print((): &(), bytes: &[u8], out: &mut Vec<u8>) {
        scalar::date(field::integer(bytes) + EPOCH_DAY, out);
    }

    const KEY: Key = Key { images: KeyImages::EqualUnlessText, family: None };
    fn key_image((): &(), _: &DataType, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&i64::from(date(value)?).to_be_bytes());
        Ok(())
    }

    const IS_BARE_ELEMENT: bool = false;
    const BRACKETS: Option<[u8; 2]> = None;
    const VECTOR: Option<VectorColumn> = None;
}

/// Days since 2000-01-01.
fn date(value: &Value<'_>) -> Result<i32, EncodeError> {
    let days = match *value {
        Value::Date(days) => i64::from(days),
        Value::Timestamp { seconds, .. } => seconds.div_euclid(SECONDS_A_DAY),
        Value::Text(text) => calendar::parse_date(text.as_bytes()).ok_or(EncodeError::AsText)?,
        _ => return Err(EncodeError::AsText),
    };
    calendar::date(days).ok_or_else(|| out_of_calendar(value, "date"))
}
