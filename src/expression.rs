//! Typed expressions over a source row: what `SELECT` computes. The job file's parser makes them, checked and with
//! every implicit conversion written out as a cast, so that evaluation never meets a type it must refuse.

use crate::data_type::DataType;
use crate::value::Decimal;

/// An owned constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Decimal(Decimal),
    Text(String),
    Date(i32),
    Time(i64),
    Timestamp { seconds: i64, nanos: u32 },
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

/// An expression whose type is known. Boolean ones follow SQL's three-valued logic.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// The source row's column of this index.
    Column(usize, DataType),
    Literal(Literal, DataType),
    /// Flink's CAST from the operand's type. A value that can't be converted rejects the record.
    Cast(Box<Expression>, DataType),
    /// Both sides have the same type.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    IsNull(Box<Expression>),
}

impl Expression {
    pub fn data_type(&self) -> DataType {
        match self {
            Expression::Column(_, data_type) | Expression::Literal(_, data_type) | Expression::Cast(_, data_type) => {
                data_type.clone()
            }
            _ => DataType::Boolean,
        }
    }

    /// What this is computed from.
    pub fn operands(&self) -> Vec<&Expression> {
        match self {
            Expression::Column(..) | Expression::Literal(..) => Vec::new(),
            Expression::Cast(operand, _) | Expression::Not(operand) | Expression::IsNull(operand) => vec![operand],
            Expression::Compare(_, left, right) | Expression::And(left, right) | Expression::Or(left, right) => {
                vec![left, right]
            }
        }
    }
}
