//! What holds for every decoder: its rows fit their types, a second decoding gives the same rows, its memory is bounded, and
//! a rejection says where the error is, in a text that isn't too long for a log.

use std::sync::Arc;

use bumpalo::Bump;
use vecsink::internals::change::Change;
use vecsink::internals::error::{Rejection, Stage};
use vecsink::internals::formats::format::Format;
use vecsink::internals::formats::{Decode, Decoded};
use vecsink::internals::record::Record;
use vecsink::internals::types::column::{MetadataColumn, SourceColumn};
use vecsink::internals::types::data_type::{DataType, RowField};
use vecsink::internals::types::value::Value;

/// How many bytes a record's arena may take for each byte of the message. A field of one byte becomes a value of 24 bytes, and
/// a growing list allocates room for as many values again.
const ARENA_PER_BYTE: usize = 160;
/// How many bytes it may take in addition.
const ARENA: usize = 32 << 10;

/// The most bytes of a reason, because it becomes a line of the log.
const LONGEST_REASON: usize = 2000;

pub struct Case<'a> {
    pub format: Format,
    pub columns: &'a [SourceColumn],
    pub metadata: &'a [MetadataColumn],
    /// `ignore-parse-errors` is set: nothing is refused.
    pub ignores: bool,
}

/// Decodes a message, checks what holds for all messages, and passes the result to `inspect`.
pub fn check(case: &Case<'_>, message: &[u8], inspect: impl FnOnce(&Result<Decoded<'_>, Rejection>)) {
    check_with(case, case.format.decoder(case.columns, case.metadata, None).as_mut(), message, inspect);
}

/// The same with this decoder: for formats whose decoder needs more than the case has.
pub fn check_with(
    case: &Case<'_>,
    decoder: &mut dyn Decode,
    message: &[u8],
    inspect: impl FnOnce(&Result<Decoded<'_>, Rejection>),
) {
    let topic: Arc<str> = Arc::from("t");
    let record = record(&topic, message);
    assert_eq!(decoder.is_ready(&record), Ok(true));
    let arena = Bump::new();
    let first = decoder.decode(&record, &arena);
    assert!(
        arena.allocated_bytes() <= ARENA + ARENA_PER_BYTE * message.len(),
        "{} bytes for a message of {}",
        arena.allocated_bytes(),
        message.len()
    );
    match &first {
        Ok(decoded) => decoded.changes.iter().for_each(|change| check_change(case, change)),
        Err(rejection) => {
            assert!(!case.ignores, "refused in spite of ignore-parse-errors: {rejection}");
            check_rejection(rejection, message);
        }
    }
    // The decoder remembers things about the first message. They don't change how it decodes the second one.
    let again = decoder.decode(&record, &arena);
    assert_eq!(format!("{first:?}"), format!("{again:?}"));
    inspect(&first);
}

pub fn record<'a>(topic: &'a Arc<str>, message: &'a [u8]) -> Record<'a> {
    Record::of_value(topic, Some(message))
}

fn check_change(case: &Case<'_>, change: &Change<'_>) {
    let (rows, may_leave_out) = match change {
        Change::Insert(row) | Change::Delete(row) => ([Some(*row), None], false),
        Change::Update { before, after } => ([Some(*after), *before], true),
    };
    for row in rows.into_iter().flatten() {
        assert_eq!(row.len(), case.columns.len() + case.metadata.len(), "{row:?}");
        let types = case.columns.iter().map(|column| &column.data_type);
        let types = types.chain(case.metadata.iter().map(|column| &column.data_type));
        for (value, data_type) in row.iter().zip(types) {
            let fits = fits(value, data_type) || may_leave_out && *value == Value::Unchanged;
            assert!(fits, "{value:?} is no {data_type}");
        }
    }
}

fn check_rejection(rejection: &Rejection, message: &[u8]) {
    let reason = &rejection.reason;
    assert_eq!(rejection.stage, Stage::Decode);
    assert!(!reason.is_empty() && reason.len() < LONGEST_REASON, "{} bytes: {reason}", reason.len());
    assert!(!reason.contains(char::is_control), "{reason:?}");
    if let Some((_, at)) = reason.rsplit_once("byte ")
        && let Ok(at) = at.parse::<usize>()
    {
        assert!(at <= message.len(), "{reason}, of {}", message.len());
    }
}

/// Whether a column of the type can hold the value.
fn fits(value: &Value<'_>, data_type: &DataType) -> bool {
    let within = |least: i64, most: i64| matches!(value, Value::Int(value) if (least..=most).contains(value));
    match data_type {
        _ if value.is_null() => true,
        DataType::Boolean => matches!(value, Value::Bool(_)),
        DataType::TinyInt => within(i8::MIN.into(), i8::MAX.into()),
        DataType::SmallInt => within(i16::MIN.into(), i16::MAX.into()),
        DataType::Int => within(i32::MIN.into(), i32::MAX.into()),
        DataType::BigInt => within(i64::MIN, i64::MAX),
        DataType::Float => matches!(value, Value::Float(_)),
        DataType::Double => matches!(value, Value::Double(_)),
        DataType::Decimal { precision, scale } => match value {
            Value::Decimal(value) => {
                value.scale <= *scale && value.unscaled.unsigned_abs() < 10_u128.pow((*precision).into())
            }
            _ => false,
        },
        DataType::Char(_) | DataType::Varchar(_) => matches!(value, Value::Text(_)),
        DataType::Binary(_) | DataType::Varbinary(_) => matches!(value, Value::Bytes(_)),
        DataType::Date => matches!(value, Value::Date(_)),
        DataType::Time { .. } => matches!(value, Value::Time(nanos) if (0..86_400_000_000_000).contains(nanos)),
        DataType::Timestamp { .. } => matches!(value, Value::Timestamp { nanos: 0..1_000_000_000, .. }),
        DataType::TimestampLtz { .. } => matches!(value, Value::Instant { nanos: 0..1_000_000_000, .. }),
        DataType::Array(element) => match value {
            Value::Array(elements) => elements.iter().all(|value| fits(value, element)),
            Value::Vector(vector) => (0..vector.len()).all(|index| fits(&vector.element(index), element)),
            _ => false,
        },
        DataType::Row(fields) => match value {
            Value::Row(values) => {
                values.len() == fields.len()
                    && values.iter().zip(fields).all(|(value, field)| fits(value, &field.data_type))
            }
            _ => false,
        },
        DataType::Map(..) | DataType::Multiset(_) => match (value, data_type.entries()) {
            (Value::Map(entries), Some((key, element))) => {
                entries.iter().all(|(name, value)| fits(name, key) && fits(value, element))
            }
            _ => false,
        },
        DataType::IntervalYearMonth => matches!(value, Value::Months(_)),
        DataType::IntervalDayTime => matches!(value, Value::Millis(_)),
        DataType::Null => false,
    }
}

pub fn column(name: &str, data_type: DataType) -> SourceColumn {
    SourceColumn { name: name.into(), data_type, not_null: false }
}

pub fn array(element: DataType) -> DataType {
    DataType::Array(Box::new(element))
}

pub fn row_of(fields: &[(&str, DataType)]) -> DataType {
    let field =
        |(name, data_type): &(&str, DataType)| RowField { name: name.to_string(), data_type: data_type.clone() };
    DataType::Row(fields.iter().map(field).collect())
}

/// A column of each type. The columns' names are letters, in order.
pub fn of_every_type(nested: bool) -> Vec<SourceColumn> {
    let mut types = vec![
        DataType::Int,
        DataType::STRING,
        array(DataType::Float),
        DataType::Boolean,
        DataType::TinyInt,
        DataType::BigInt,
        DataType::Double,
        DataType::Decimal { precision: 10, scale: 2 },
        DataType::Decimal { precision: 38, scale: 38 },
        DataType::Date,
        DataType::Time { precision: 3 },
        DataType::Timestamp { precision: 6 },
        DataType::TimestampLtz { precision: 3 },
        DataType::Varbinary(9),
        DataType::SmallInt,
    ];
    if nested {
        types.push(DataType::Map(Box::new(DataType::STRING), Box::new(array(DataType::Double))));
        types.push(row_of(&[("x", DataType::Float), ("y", row_of(&[("z", array(DataType::STRING))]))]));
        types.push(DataType::Multiset(Box::new(DataType::STRING)));
        types.extend([DataType::IntervalYearMonth, DataType::IntervalDayTime]);
    }
    types.into_iter().zip('a'..).map(|(data_type, letter)| column(&letter.to_string(), data_type)).collect()
}
