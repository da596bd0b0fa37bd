//! A field's text → a value of the column's type.

use std::fmt;

use bumpalo::Bump;
use memchr::memmem;

use crate::excerpt::Excerpt;
use crate::formats::csv::options::CsvFormat;
use crate::formats::{base64, temporal};
use crate::types::calendar::java::cut_fraction;
use crate::types::data_type::{DataType, RowField};
use crate::types::java::{decimal, number};
use crate::types::value::Value;

/// The format's options that concern single fields.
pub struct Converter {
    null_literal: Option<Vec<u8>>,
    elements_end: memmem::Finder<'static>,
    ignore_parse_errors: bool,
}

/// The error for a text that is not a value of its column's type.
pub struct Unfit<'a> {
    found: &'a [u8],
    /// The number of the element in an array or a row, counted from 1.
    element: Option<usize>,
    expected: &'a DataType,
}

impl Converter {
    pub fn new(options: &CsvFormat) -> Self {
        Converter {
            null_literal: options.null_literal.as_ref().map(|text| text.as_bytes().to_vec()),
            elements_end: memmem::Finder::new(&options.array_element_delimiter).into_owned(),
            ignore_parse_errors: options.ignore_parse_errors,
        }
    }

    /// Converts a field. `nulled` counts the elements that become NULL because parse errors are ignored.
    #[inline]
    pub fn convert<'e, 'a: 'e>(
        &self,
        data_type: &'e DataType,
        text: &'a [u8],
        arena: &'a Bump,
        nulled: &mut u64,
    ) -> Result<Value<'a>, Unfit<'e>> {
        if self.null_literal.as_deref() == Some(text) {
            return Ok(Value::Null);
        }
        match data_type {
            DataType::Array(element) => self.array(element, text, arena, nulled),
            DataType::Row(fields) => self.row(fields, data_type, text, arena, nulled),
            scalar => {
                self::scalar(scalar, text, arena).ok_or(Unfit { found: text, element: None, expected: data_type })
            }
        }
    }

    fn array<'e, 'a: 'e>(
        &self,
        data_type: &'e DataType,
        text: &'a [u8],
        arena: &'a Bump,
        nulled: &mut u64,
    ) -> Result<Value<'a>, Unfit<'e>> {
        if number::trim(text).is_empty() {
            return Ok(Value::Array(&[]));
        }
        let elements = arena.alloc_slice_fill_copy(self.elements_end.find_iter(text).count() + 1, Value::Null);
        for ((index, element), found) in elements.iter_mut().enumerate().zip(self.elements(text)) {
            *element = self.element(data_type, index, found, arena, nulled)?;
        }
        Ok(Value::Array(elements))
    }

    /// Converts a ROW, whose fields are found by position. An empty text is NULL. If the number of fields is wrong, the
    /// text is refused. If parse errors are ignored, missing fields are NULL and additional fields are left out.
    fn row<'e, 'a: 'e>(
        &self,
        fields: &'e [RowField],
        data_type: &'e DataType,
        text: &'a [u8],
        arena: &'a Bump,
        nulled: &mut u64,
    ) -> Result<Value<'a>, Unfit<'e>> {
        if number::trim(text).is_empty() {
            return Ok(Value::Null);
        }
        let count = self.elements_end.find_iter(text).count() + 1;
        if count != fields.len() {
            if !self.ignore_parse_errors {
                return Err(Unfit { found: text, element: None, expected: data_type });
            }
            *nulled += 1;
        }
        let row = arena.alloc_slice_fill_copy(fields.len(), Value::Null);
        for (((index, value), field), found) in row.iter_mut().enumerate().zip(fields).zip(self.elements(text)) {
            *value = self.element(&field.data_type, index, found, arena, nulled)?;
        }
        Ok(Value::Row(row))
    }

    /// The parts of a text between the element delimiters.
    fn elements<'a>(&self, text: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'_, 'a> {
        let mut rest = Some(text);
        std::iter::from_fn(move || {
            let text = rest?;
            let end = self.elements_end.find(text);
            rest = end.and_then(|end| text.get(end + self.elements_end.needle().len()..));
            Some(&text[..end.unwrap_or(text.len())])
        })
    }

    /// Converts one part. An empty part is a value like any other: it is the empty string, but it is not a number.
    fn element<'e, 'a: 'e>(
        &self,
        data_type: &'e DataType,
        index: usize,
        found: &'a [u8],
        arena: &'a Bump,
        nulled: &mut u64,
    ) -> Result<Value<'a>, Unfit<'e>> {
        if self.null_literal.as_deref() == Some(found) {
            return Ok(Value::Null);
        }
        match scalar(data_type, found, arena) {
            Some(value) => Ok(value),
            None if self.ignore_parse_errors => {
                *nulled += 1;
                Ok(Value::Null)
            }
            None => Err(Unfit { found, element: Some(index + 1), expected: data_type }),
        }
    }
}

#[inline]
fn scalar<'a>(data_type: &DataType, text: &'a [u8], arena: &'a Bump) -> Option<Value<'a>> {
    match data_type {
        DataType::Char(_) | DataType::Varchar(_) => utf8(text).map(Value::Text),
        DataType::TinyInt => integer::<i8>(text),
        DataType::SmallInt => integer::<i16>(text),
        DataType::Int => integer::<i32>(text),
        DataType::BigInt => integer::<i64>(text),
        DataType::IntervalYearMonth => match integer::<i32>(text)? {
            Value::Int(months) => i32::try_from(months).ok().map(Value::Months),
            _ => None,
        },
        DataType::IntervalDayTime => match integer::<i64>(text)? {
            Value::Int(millis) => Some(Value::Millis(millis)),
            _ => None,
        },
        DataType::Float => number::real(text).map(Value::Float),
        DataType::Double => number::real(text).map(Value::Double),
        DataType::Timestamp { .. } => {
            temporal::timestamp(number::trim(text)).map(|(seconds, nanos)| Value::Timestamp { seconds, nanos })
        }
        DataType::TimestampLtz { .. } => {
            let local = number::trim(text).strip_suffix(b"Z")?;
            temporal::timestamp(local).map(|(seconds, nanos)| Value::Instant { seconds, nanos })
        }
        DataType::Date => temporal::date(text).map(Value::Date),
        DataType::Time { precision } => {
            temporal::time_of_day(text).map(|nanos| Value::Time(cut_fraction(nanos, *precision)))
        }
        // Any text except "true" is false, as in Java.
        DataType::Boolean => Some(Value::Bool(number::trim(text).eq_ignore_ascii_case(b"true"))),
        DataType::Decimal { precision, scale } => match decimal::parse(text, *precision, *scale).ok()? {
            Some(value) => Some(Value::Decimal(arena.alloc(value))),
            // A number that is too large is NULL and not an error, as in Flink.
            None => Some(Value::Null),
        },
        DataType::Binary(_) | DataType::Varbinary(_) => base64::decode(text, arena).map(Value::Bytes),
        DataType::Null => Some(Value::Null),
        // These types are not allowed as elements.
        DataType::Array(_) | DataType::Row(_) | DataType::Map(..) | DataType::Multiset(_) => None,
    }
}

/// Texts up to this length are checked by `std`, because starting the vectorized check would take longer.
const SHORT: usize = 64;

#[inline]
fn utf8(text: &[u8]) -> Option<&str> {
    if text.len() <= SHORT { std::str::from_utf8(text).ok() } else { simdutf8::basic::from_utf8(text).ok() }
}

#[inline]
fn integer<'a, T: TryFrom<i64>>(text: &[u8]) -> Option<Value<'a>> {
    // Most texts are digits only. The others are trimmed first.
    let value = match number::integer(text) {
        Some(value) => value,
        None => number::integer(number::trim(text))?,
    };
    T::try_from(value).is_ok().then_some(Value::Int(value))
}

impl fmt::Display for Unfit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "found {}", Excerpt(self.found))?;
        if let Some(element) = self.element {
            write!(f, " as element {element}")?;
        }
        write!(f, " where {} was expected", self.expected)?;
        match self.expected {
            DataType::Char(_) | DataType::Varchar(_) => f.write_str(": not valid UTF-8"),
            DataType::TinyInt => write!(f, ": a whole number from {} to {}", i8::MIN, i8::MAX),
            DataType::SmallInt => write!(f, ": a whole number from {} to {}", i16::MIN, i16::MAX),
            DataType::Int => write!(f, ": a whole number from {} to {}", i32::MIN, i32::MAX),
            DataType::BigInt => write!(f, ": a whole number from {} to {}", i64::MIN, i64::MAX),
            DataType::IntervalYearMonth => {
                write!(f, ": a whole number of months from {} to {}", i32::MIN, i32::MAX)
            }
            DataType::IntervalDayTime => f.write_str(": a whole number of milliseconds"),
            DataType::Float | DataType::Double => f.write_str(": a number such as 0.5, 1e-3, NaN or -Infinity"),
            DataType::Decimal { .. } => f.write_str(": a number such as 0.5, without blanks"),
            DataType::Timestamp { .. } => f.write_str(": yyyy-MM-dd HH:mm:ss[.fraction]"),
            DataType::TimestampLtz { .. } => f.write_str(": yyyy-MM-dd HH:mm:ss[.fraction]Z"),
            DataType::Date => f.write_str(": yyyy-MM-dd"),
            DataType::Time { .. } => f.write_str(": HH:mm[:ss[.fraction]]"),
            DataType::Binary(_) | DataType::Varbinary(_) => f.write_str(": base64"),
            DataType::Row(fields) => write!(f, ": {} values", fields.len()),
            DataType::Array(_) | DataType::Map(..) | DataType::Multiset(_) | DataType::Boolean | DataType::Null => {
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(data_type: &DataType, text: &str, ignore_parse_errors: bool) -> Result<String, String> {
        let options = CsvFormat {
            field_delimiter: ',',
            quote_character: None,
            allow_comments: false,
            ignore_parse_errors,
            array_element_delimiter: ";".into(),
            escape_character: None,
            null_literal: None,
        };
        let (arena, mut nulled) = (Bump::new(), 0);
        let value = Converter::new(&options).convert(data_type, text.as_bytes(), &arena, &mut nulled);
        value.map(|value| format!("{value:?}")).map_err(|unfit| unfit.to_string())
    }

    #[test]
    fn intervals_are_whole_numbers_of_months_or_milliseconds() {
        let (months, millis) = (DataType::IntervalYearMonth, DataType::IntervalDayTime);
        assert_eq!(converted(&months, "14", false).as_deref(), Ok("Months(14)"));
        assert_eq!(converted(&months, " -14 ", false).as_deref(), Ok("Months(-14)"));
        assert_eq!(converted(&millis, "9223372036854775807", false).as_deref(), Ok("Millis(9223372036854775807)"));
        let list = DataType::Array(Box::new(millis.clone()));
        assert_eq!(converted(&list, "1;-2", false).as_deref(), Ok("Array([Millis(1), Millis(-2)])"));
        assert_eq!(converted(&list, "1;;-2", true).as_deref(), Ok("Array([Millis(1), Null, Millis(-2)])"));
        assert_eq!(converted(&list, "1;x", true).as_deref(), Ok("Array([Millis(1), Null])"));
        for (data_type, text, expected) in [
            (&months, "2147483648", "expected: a whole number of months from -2147483648 to 2147483647"),
            (&months, "+1-02", "INTERVAL YEAR TO MONTH was expected"),
            (&millis, "1.5", "a whole number of milliseconds"),
            (&millis, "", "a whole number of milliseconds"),
            (&list, "1;;-2", "found '' as element 2"),
        ] {
            let reason = converted(data_type, text, false).unwrap_err();
            assert!(reason.contains(expected), "{text}: {reason}");
        }
    }
}
