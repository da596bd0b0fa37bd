//! Flink SQL's logical types, as a job file declares them.

use std::fmt;

/// The length of STRING, BYTES and of VARCHAR without a length.
pub const UNBOUNDED: u32 = i32::MAX as u32;

/// A Flink logical type. Nullability belongs to the column, not to the type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataType {
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Char(u32),
    /// `Varchar(UNBOUNDED)` is STRING.
    Varchar(u32),
    Binary(u32),
    /// `Varbinary(UNBOUNDED)` is BYTES.
    Varbinary(u32),
    Date,
    Time {
        precision: u8,
    },
    Timestamp {
        precision: u8,
    },
    TimestampLtz {
        precision: u8,
    },
    /// Every INTERVAL of years and months. Its values are months, as in Flink's planner.
    IntervalYearMonth,
    /// Every INTERVAL from DAY to SECOND. Its values are milliseconds.
    IntervalDayTime,
    Array(Box<DataType>),
    Row(Vec<RowField>),
    Map(Box<DataType>, Box<DataType>),
    /// Elements, and how often each of them occurs. Its values are those of a MAP from the element to INT.
    Multiset(Box<DataType>),
    /// The type of a bare NULL literal.
    Null,
}

/// A field of a ROW.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowField {
    pub name: String,
    pub data_type: DataType,
}

/// Which parts of a type are NOT NULL. The parts are the element of an ARRAY or a MULTISET, the key and value of a MAP, the
/// fields of a ROW. They are kept apart from the type, because only formats whose bytes depend on NOT NULL need them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypePart {
    pub not_null: bool,
    pub parts: Vec<TypePart>,
}

impl DataType {
    pub const STRING: DataType = DataType::Varchar(UNBOUNDED);
    pub const BYTES: DataType = DataType::Varbinary(UNBOUNDED);

    pub fn is_text(&self) -> bool {
        matches!(self, DataType::Char(_) | DataType::Varchar(_))
    }

    pub fn is_bytes(&self) -> bool {
        matches!(self, DataType::Binary(_) | DataType::Varbinary(_))
    }

    pub fn is_integer(&self) -> bool {
        matches!(self, DataType::TinyInt | DataType::SmallInt | DataType::Int | DataType::BigInt)
    }

    /// Whether it is a date, a time of day, or both.
    pub fn is_moment(&self) -> bool {
        matches!(
            self,
            DataType::Date | DataType::Time { .. } | DataType::Timestamp { .. } | DataType::TimestampLtz { .. }
        )
    }

    pub fn is_interval(&self) -> bool {
        matches!(self, DataType::IntervalYearMonth | DataType::IntervalDayTime)
    }

    /// Whether the values consist of other values.
    pub fn is_nested(&self) -> bool {
        matches!(self, DataType::Array(_) | DataType::Row(_) | DataType::Map(..) | DataType::Multiset(_))
    }

    /// The types of the keys and values of a MAP or a MULTISET.
    pub fn entries(&self) -> Option<(&DataType, &DataType)> {
        match self {
            DataType::Map(key, value) => Some((key, value)),
            DataType::Multiset(element) => Some((element, &DataType::Int)),
            _ => None,
        }
    }

    /// The result of `test` for this type. If it is `None`: the first result for a type inside this one (elements, values
    /// and fields).
    pub fn find_map<T>(&self, test: &impl Fn(&DataType) -> Option<T>) -> Option<T> {
        test(self).or_else(|| match self {
            DataType::Array(inner) | DataType::Map(_, inner) => inner.find_map(test),
            DataType::Row(fields) => fields.iter().find_map(|field| field.data_type.find_map(test)),
            DataType::Boolean
            | DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::BigInt
            | DataType::Float
            | DataType::Double
            | DataType::Decimal { .. }
            | DataType::Char(_)
            | DataType::Varchar(_)
            | DataType::Binary(_)
            | DataType::Varbinary(_)
            | DataType::Date
            | DataType::Time { .. }
            | DataType::Timestamp { .. }
            | DataType::TimestampLtz { .. }
            | DataType::IntervalYearMonth
            | DataType::IntervalDayTime
            | DataType::Multiset(_)
            | DataType::Null => None,
        })
    }

    pub fn is_numeric(&self) -> bool {
        self.is_integer() || matches!(self, DataType::Float | DataType::Double | DataType::Decimal { .. })
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Boolean => f.write_str("BOOLEAN"),
            DataType::TinyInt => f.write_str("TINYINT"),
            DataType::SmallInt => f.write_str("SMALLINT"),
            DataType::Int => f.write_str("INT"),
            DataType::BigInt => f.write_str("BIGINT"),
            DataType::Float => f.write_str("FLOAT"),
            DataType::Double => f.write_str("DOUBLE"),
            DataType::Decimal { precision, scale } => write!(f, "DECIMAL({precision}, {scale})"),
            DataType::Char(n) => write!(f, "CHAR({n})"),
            DataType::Varchar(UNBOUNDED) => f.write_str("STRING"),
            DataType::Varchar(n) => write!(f, "VARCHAR({n})"),
            DataType::Binary(n) => write!(f, "BINARY({n})"),
            DataType::Varbinary(UNBOUNDED) => f.write_str("BYTES"),
            DataType::Varbinary(n) => write!(f, "VARBINARY({n})"),
            DataType::Date => f.write_str("DATE"),
            DataType::Time { precision } => write!(f, "TIME({precision})"),
            DataType::Timestamp { precision } => write!(f, "TIMESTAMP({precision})"),
            DataType::TimestampLtz { precision } => write!(f, "TIMESTAMP_LTZ({precision})"),
            DataType::IntervalYearMonth => f.write_str("INTERVAL YEAR TO MONTH"),
            DataType::IntervalDayTime => f.write_str("INTERVAL DAY TO SECOND"),
            DataType::Array(element) => write!(f, "ARRAY<{element}>"),
            DataType::Row(fields) => {
                f.write_str("ROW<")?;
                for (at, field) in fields.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(f, "{comma}`{}` {}", field.name.replace('`', "``"), field.data_type)?;
                }
                f.write_str(">")
            }
            DataType::Map(key, value) => write!(f, "MAP<{key}, {value}>"),
            DataType::Multiset(element) => write!(f, "MULTISET<{element}>"),
            DataType::Null => f.write_str("NULL"),
        }
    }
}
