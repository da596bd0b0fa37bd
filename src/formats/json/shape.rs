//! A table's columns in the form that the decoder needs.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use twox_hash::XxHash64;

use crate::formats::json::options::TimestampStandard;
use crate::types::data_type::DataType;
use crate::types::value::Value;

/// A declared type, and how its values are read.
#[derive(Debug)]
pub struct JsonType {
    pub data_type: DataType,
    pub kind: JsonKind,
}

#[derive(Debug)]
pub enum JsonKind {
    Boolean,
    Integer {
        least: i64,
        most: i64,
        /// true: only the whole part of a number with a point or an exponent is used. false: such a number is refused.
        truncates: bool,
    },
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Text,
    Bytes,
    Date,
    Time,
    Timestamp,
    Instant,
    /// INTERVAL YEAR TO MONTH.
    Months,
    /// INTERVAL DAY TO SECOND.
    Millis,
    Array(Box<JsonElements>),
    Row(Box<JsonFields>),
    /// The shape of the values. The keys are strings.
    Map(Box<JsonType>),
    /// A type without values.
    Null,
}

#[derive(Debug)]
pub struct JsonElements {
    pub shape: JsonType,
    /// How many elements there were the last time. The vectors of a column mostly have the same length.
    pub count: Cell<usize>,
}

/// The value of a field that an object doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Null,
    /// [`Value::Unchanged`].
    Unchanged,
    Refused,
}

/// The fields of an object.
#[derive(Debug)]
pub struct JsonFields {
    fields: Vec<JsonField>,
    by_name: HashMap<Box<str>, usize, BuildHasherDefault<XxHash64>>,
    /// For the start and for each field: the index of the field that followed the last time.
    followers: Vec<Cell<usize>>,
    missing: Missing,
    /// The texts that messages have in place of a value that they leave out.
    placeholders: &'static [&'static str],
    /// Unknown fields are not counted, because they aren't the table's.
    is_envelope: bool,
}

#[derive(Debug)]
pub struct JsonField {
    pub name: String,
    /// The name as messages usually spell it.
    quoted: Box<[u8]>,
    pub shape: JsonType,
}

impl JsonType {
    pub fn new(data_type: &DataType, missing: Missing) -> Self {
        let integer = |least, most, truncates| JsonKind::Integer { least, most, truncates };
        let kind = match data_type {
            DataType::Boolean => JsonKind::Boolean,
            DataType::TinyInt => integer(i8::MIN.into(), i8::MAX.into(), false),
            DataType::SmallInt => integer(i16::MIN.into(), i16::MAX.into(), false),
            DataType::Int => integer(i32::MIN.into(), i32::MAX.into(), true),
            DataType::BigInt => integer(i64::MIN, i64::MAX, true),
            DataType::Float => JsonKind::Float,
            DataType::Double => JsonKind::Double,
            DataType::Decimal { precision, scale } => JsonKind::Decimal { precision: *precision, scale: *scale },
            DataType::Char(_) | DataType::Varchar(_) => JsonKind::Text,
            DataType::Binary(_) | DataType::Varbinary(_) => JsonKind::Bytes,
            DataType::Date => JsonKind::Date,
            DataType::Time { .. } => JsonKind::Time,
            DataType::Timestamp { .. } => JsonKind::Timestamp,
            DataType::TimestampLtz { .. } => JsonKind::Instant,
            DataType::Array(element) => {
                JsonKind::Array(Box::new(JsonElements { shape: JsonType::new(element, missing), count: Cell::new(0) }))
            }
            DataType::Row(fields) => {
                let fields = fields.iter().map(|field| (field.name.as_str(), &field.data_type));
                JsonKind::Row(Box::new(JsonFields::new(fields, missing)))
            }
            DataType::Map(_, value) => JsonKind::Map(Box::new(JsonType::new(value, missing))),
            DataType::Multiset(_) => JsonKind::Map(Box::new(JsonType::new(&DataType::Int, missing))),
            DataType::IntervalYearMonth => JsonKind::Months,
            DataType::IntervalDayTime => JsonKind::Millis,
            DataType::Null => JsonKind::Null,
        };
        JsonType { data_type: data_type.clone(), kind }
    }
}

impl From<JsonFields> for JsonType {
    /// An object with these fields. Only messages have this type, columns don't.
    fn from(fields: JsonFields) -> JsonType {
        JsonType { data_type: DataType::Row(Vec::new()), kind: JsonKind::Row(Box::new(fields)) }
    }
}

impl JsonType {
    pub fn array(element: JsonType) -> JsonType {
        let data_type = DataType::Array(Box::new(element.data_type.clone()));
        JsonType { data_type, kind: JsonKind::Array(Box::new(JsonElements { shape: element, count: Cell::new(0) })) }
    }
}

impl JsonFields {
    pub fn new<'n>(fields: impl IntoIterator<Item = (&'n str, &'n DataType)>, missing: Missing) -> Self {
        // The parts of a column can't be unchanged: only a whole column can.
        let inner = if missing == Missing::Unchanged { Missing::Null } else { missing };
        Self::of(fields.into_iter().map(|(name, data_type)| (name, JsonType::new(data_type, inner))), missing)
    }

    /// The fields of the object around the rows of a message.
    pub fn envelope<'n>(fields: impl IntoIterator<Item = (&'n str, JsonType)>) -> Self {
        JsonFields { is_envelope: true, ..Self::of(fields, Missing::Null) }
    }

    /// A value with one of these texts is [`Value::Unchanged`].
    pub fn with_placeholders(self, placeholders: &'static [&'static str]) -> Self {
        JsonFields { placeholders, ..self }
    }

    fn of<'n>(fields: impl IntoIterator<Item = (&'n str, JsonType)>, missing: Missing) -> Self {
        let fields: Vec<JsonField> = fields
            .into_iter()
            .map(|(name, shape)| {
                let quoted = serde_json::Value::from(name).to_string().into_bytes().into();
                JsonField { name: name.to_string(), quoted, shape }
            })
            .collect();
        let by_name = fields.iter().enumerate().map(|(index, field)| (field.name.as_str().into(), index)).collect();
        let followers = (0..=fields.len()).map(Cell::new).collect();
        JsonFields { fields, by_name, followers, missing, placeholders: &[], is_envelope: false }
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_envelope(&self) -> bool {
        self.is_envelope
    }

    /// The placeholder that `rest` begins with, if there is one.
    #[inline(always)]
    pub fn placeholder(&self, rest: &[u8]) -> Option<&'static str> {
        self.placeholders.iter().copied().find(|placeholder| rest.starts_with(placeholder.as_bytes()))
    }

    /// The field that followed `place` the last time. The place is 0 at the start of an object, and after a field it is the
    /// field's index + 1.
    #[inline(always)]
    pub fn follower(&self, place: usize) -> Option<(usize, &JsonField)> {
        let index = self.followers.get(place)?.get();
        Some((index, self.fields.get(index)?))
    }

    /// The field with this name, which comes after `place` in the message. It is remembered as the follower of `place`.
    pub fn find(&self, name: &str, place: usize) -> Option<(usize, &JsonField)> {
        let index = *self.by_name.get(name)?;
        if let Some(follower) = self.followers.get(place) {
            follower.set(index);
        }
        Some((index, self.fields.get(index)?))
    }

    /// The value that a row's fields have before they are read.
    pub fn absent(&self) -> Value<'static> {
        match self.missing {
            Missing::Null => Value::Null,
            Missing::Unchanged | Missing::Refused => Value::Unchanged,
        }
    }

    /// The first field that a row must have but doesn't have.
    pub fn first_refused(&self, row: &[Value<'_>]) -> Option<&JsonField> {
        if self.missing != Missing::Refused {
            return None;
        }
        self.fields.get(row.iter().position(|value| *value == Value::Unchanged)?)
    }
}

impl JsonField {
    #[inline(always)]
    pub fn quoted(&self) -> &[u8] {
        &self.quoted
    }
}

/// The values that are expected for a type. For dates and times they depend on `timestamp-format.standard`.
pub fn expected(data_type: &DataType, standard: TimestampStandard) -> String {
    let iso = standard == TimestampStandard::Iso8601;
    match data_type {
        DataType::Boolean => "true or false".into(),
        DataType::TinyInt => format!("a whole number from {} to {}", i8::MIN, i8::MAX),
        DataType::SmallInt => format!("a whole number from {} to {}", i16::MIN, i16::MAX),
        DataType::Int => format!("a whole number from {} to {}", i32::MIN, i32::MAX),
        DataType::BigInt => format!("a whole number from {} to {}", i64::MIN, i64::MAX),
        DataType::IntervalYearMonth => format!("a whole number of months from {} to {}", i32::MIN, i32::MAX),
        DataType::IntervalDayTime => "a whole number of milliseconds".into(),
        DataType::Float | DataType::Double => "a number such as 0.5 or 1e-3, or \"NaN\" or \"-Infinity\"".into(),
        DataType::Decimal { .. } => "a number such as 0.5".into(),
        DataType::Date => "\"yyyy-MM-dd\"".into(),
        DataType::Time { .. } => "\"HH:mm:ss[.fraction]\"".into(),
        DataType::Timestamp { .. } if iso => "\"yyyy-MM-ddTHH:mm[:ss[.fraction]]\"".into(),
        DataType::Timestamp { .. } => "\"yyyy-MM-dd HH:mm:ss[.fraction]\"".into(),
        DataType::TimestampLtz { .. } if iso => "\"yyyy-MM-ddTHH:mm[:ss[.fraction]]Z\"".into(),
        DataType::TimestampLtz { .. } => "\"yyyy-MM-dd HH:mm:ss[.fraction]Z\"".into(),
        DataType::Binary(_) | DataType::Varbinary(_) => "base64 in a string".into(),
        DataType::Array(_) => "a JSON array".into(),
        DataType::Row(_) | DataType::Map(..) | DataType::Multiset(_) => "a JSON object".into(),
        DataType::Char(_) | DataType::Varchar(_) | DataType::Null => "any value".into(),
    }
}
