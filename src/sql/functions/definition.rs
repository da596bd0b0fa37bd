//! The definition of a function, and how a call of it is checked before it is planned.

// With `use crate::sql::functions::definition::*` a function's file imports all names that its definition needs.
pub use self::ParameterType::{Any, Condition, Integer, Moment, Number, Real, Text};
pub use crate::sql::expression::call::{Evaluate, Operands};
use crate::sql::expression::conversion::{cast, typed_null};
pub use crate::sql::expression::{Expression, Literal};
pub use crate::sql::values::context::{Evaluated, EvaluationError};
pub use crate::types::data_type::DataType;
pub use crate::types::value::Value;

/// The expression of a call, or the error in the call.
pub type PlannedCall = Result<Expression, String>;

/// A function that a query calls by its name. No field has a default: if a function's file leaves one out, the crate doesn't
/// compile. The value is computed by a type that implements [`Evaluate`], in the same file.
pub struct Function {
    /// The name in capital letters. An alias is a [`Function`] of its own with the same `plan`.
    pub name: &'static str,
    pub parameters: Parameters,
    /// How the function is called, as the documentation and errors show it.
    pub form: &'static str,
    /// The meaning of the value, for the documentation.
    #[cfg_attr(not(feature = "internals"), expect(dead_code))]
    pub meaning: &'static str,
    /// Makes the expression of a call: [`Expression::call`] with the type of the value, or another expression that means the
    /// same. The operands fit the parameters. Any other condition on them is checked here.
    pub plan: fn(Vec<Expression>) -> PlannedCall,
}

/// The parameters of a function.
pub struct Parameters {
    types: &'static [ParameterType],
    optional: usize,
    repeats: bool,
}

/// The types of operands that a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    Text,
    Integer,
    /// Any number.
    Number,
    /// Any number, as DOUBLE.
    Real,
    Condition,
    Moment,
    Any,
}

impl Parameters {
    /// One operand for each type.
    pub const fn of(types: &'static [ParameterType]) -> Parameters {
        Parameters { types, optional: 0, repeats: false }
    }

    /// The last operands, at most this many, may be left out.
    pub const fn optional(self, optional: usize) -> Parameters {
        Parameters { optional, ..self }
    }

    /// More operands of the last type may follow.
    pub const fn repeated(self) -> Parameters {
        Parameters { repeats: true, ..self }
    }
}

impl Function {
    /// The expression of a call, or the error in the call.
    pub fn call(&self, operands: Vec<Expression>) -> PlannedCall {
        let found: Vec<String> = operands.iter().map(|operand| operand.type_ref().to_string()).collect();
        let Parameters { types, optional, repeats } = self.parameters;
        let fits = operands.len() >= types.len() - optional && (repeats || operands.len() <= types.len());
        let wrong = || format!("{} is called as {}, found ({})", self.name, self.form, found.join(", "));
        if !fits {
            return Err(wrong());
        }
        let last = types.last().copied().unwrap_or(ParameterType::Any);
        let types = types.iter().copied().chain(std::iter::repeat(last));
        let operands: Option<Vec<Expression>> =
            operands.into_iter().zip(types).map(|(operand, parameter)| parameter.accept(operand)).collect();
        (self.plan)(operands.ok_or_else(wrong)?).map_err(|message| format!("{}: {message}", self.name))
    }
}

impl ParameterType {
    fn accept(self, operand: Expression) -> Option<Expression> {
        let is_null = *operand.type_ref() == DataType::Null;
        let null_of = |data_type: DataType| is_null.then(|| cast(operand.clone(), &data_type));
        match self {
            ParameterType::Any => Some(operand),
            ParameterType::Text if operand.type_ref().is_text() || is_null => Some(typed_null(operand)),
            ParameterType::Integer if operand.type_ref().is_integer() => Some(operand),
            ParameterType::Integer => null_of(DataType::Int),
            ParameterType::Number if operand.type_ref().is_numeric() => Some(operand),
            ParameterType::Number => null_of(DataType::Int),
            ParameterType::Real if operand.type_ref().is_numeric() || is_null => Some(cast(operand, &DataType::Double)),
            ParameterType::Condition if *operand.type_ref() == DataType::Boolean => Some(operand),
            ParameterType::Condition => null_of(DataType::Boolean),
            ParameterType::Moment if operand.type_ref().is_moment() => Some(operand),
            ParameterType::Moment => null_of(DataType::Timestamp { precision: 3 }),
            ParameterType::Text | ParameterType::Real => None,
        }
    }
}

/// The type of the first operand. INT if there is none.
pub fn first_type(operands: &[Expression]) -> DataType {
    operands.first().map_or(DataType::Int, Expression::data_type)
}

/// A constant text that a function needs before the first row.
pub fn constant_text<'e>(operand: Option<&'e Expression>, what: &str) -> Result<&'e str, String> {
    match operand {
        Some(Expression::Literal(Literal::Text(text), _)) => Ok(text),
        _ => Err(format!("not supported: {what} that is not a constant text")),
    }
}

/// A constant number that a function needs before the first row.
pub fn constant_integer(operand: Option<&Expression>, what: &str) -> Result<i64, String> {
    match operand {
        Some(Expression::Literal(Literal::Int(number), _)) => Ok(*number),
        _ => Err(format!("not supported: {what} that is not a constant number")),
    }
}
