//! Typed expressions over a source row, which a `SELECT` computes. `sql/plan` makes them. It checks them and makes every
//! implicit conversion a cast, so that evaluation never gets a type that it must refuse.

pub mod call;
pub mod conversion;
pub mod literal;

use self::call::Call;

use crate::types::data_type::DataType;
use crate::types::value::Decimal;

/// An owned constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Decimal(Decimal),
    Text(String),
    Bytes(Vec<u8>),
    Date(i32),
    Time(i64),
    Timestamp {
        seconds: i64,
        nanos: u32,
    },
    Instant {
        seconds: i64,
        nanos: u32,
    },
    /// INTERVAL YEAR TO MONTH.
    Months(i32),
    /// INTERVAL DAY TO SECOND.
    Millis(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An expression whose type is known. Boolean expressions follow SQL's three-valued logic.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// The source row's column with this index. The indexes of the record's metadata come after those of the row's columns.
    Column(usize, DataType),
    Literal(Literal, DataType),
    /// Flink's CAST from the operand's type. A value that can't be converted rejects the record.
    Cast(Box<Expression>, DataType),
    /// Flink's TRY_CAST: NULL if the value can't be converted.
    TryCast(Box<Expression>, DataType),
    /// Both sides have the same type.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// Both sides have the same type. NULL is a value like any other.
    IsDistinct(Box<Expression>, Box<Expression>),
    /// All values have the same type.
    In(Box<Expression>, Vec<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    IsNull(Box<Expression>),
    /// IS TRUE, IS FALSE: never NULL.
    Is(bool, Box<Expression>),
    /// The value of the first branch whose condition is TRUE. All values have the same type.
    Case {
        branches: Vec<(Expression, Expression)>,
        otherwise: Box<Expression>,
        data_type: DataType,
    },
    /// The first value that isn't NULL.
    Coalesce(Vec<Expression>, DataType),
    /// The ROW's field with this index.
    Field(Box<Expression>, usize, DataType),
    Call(Call),
}

impl Expression {
    pub fn data_type(&self) -> DataType {
        self.type_ref().clone()
    }

    pub fn type_ref(&self) -> &DataType {
        match self {
            Expression::Column(_, data_type)
            | Expression::Literal(_, data_type)
            | Expression::Cast(_, data_type)
            | Expression::TryCast(_, data_type)
            | Expression::Case { data_type, .. }
            | Expression::Coalesce(_, data_type)
            | Expression::Field(_, _, data_type)
            | Expression::Call(Call { data_type, .. }) => data_type,
            Expression::Compare(..)
            | Expression::IsDistinct(..)
            | Expression::In(..)
            | Expression::And(..)
            | Expression::Or(..)
            | Expression::Not(_)
            | Expression::IsNull(_)
            | Expression::Is(..) => &DataType::Boolean,
        }
    }
    /// The expressions from which this one is computed.
    pub fn operands(&self) -> Vec<&Expression> {
        match self {
            Expression::Column(..) | Expression::Literal(..) => Vec::new(),
            Expression::Cast(operand, _)
            | Expression::TryCast(operand, _)
            | Expression::Not(operand)
            | Expression::IsNull(operand)
            | Expression::Is(_, operand)
            | Expression::Field(operand, ..) => vec![operand],
            Expression::Compare(_, left, right)
            | Expression::IsDistinct(left, right)
            | Expression::And(left, right)
            | Expression::Or(left, right) => vec![left, right],
            Expression::In(operand, list) => std::iter::once(operand.as_ref()).chain(list).collect(),
            Expression::Case { branches, otherwise, .. } => branches
                .iter()
                .flat_map(|(when, then)| [when, then])
                .chain(std::iter::once(otherwise.as_ref()))
                .collect(),
            Expression::Coalesce(operands, _) | Expression::Call(Call { operands, .. }) => operands.iter().collect(),
        }
    }
}
