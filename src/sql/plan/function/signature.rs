//! What a function takes, checked before it is planned.

use crate::sql::expression::Expression;
use crate::sql::expression::conversion::cast;
use crate::sql::plan::moment::is_moment;
use crate::sql::plan::operator::typed_null;
use crate::types::data_type::DataType;

/// What may stand for a parameter.
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

/// One function.
pub struct Signature {
    pub name: &'static str,
    parameters: &'static [ParameterType],
    /// So many of the last parameters may be left out.
    optional: usize,
    /// The last parameter may be repeated.
    repeats: bool,
    /// As the documentation and errors show it.
    pub form: &'static str,
    #[cfg_attr(not(feature = "internals"), expect(dead_code))]
    pub meaning: &'static str,
    plan: fn(Vec<Expression>) -> Result<Expression, String>,
}

impl Signature {
    pub const fn new(
        name: &'static str,
        parameters: &'static [ParameterType],
        form: &'static str,
        meaning: &'static str,
        plan: fn(Vec<Expression>) -> Result<Expression, String>,
    ) -> Self {
        Signature { name, parameters, optional: 0, repeats: false, form, meaning, plan }
    }

    pub const fn optional(self, optional: usize) -> Self {
        Signature { optional, ..self }
    }

    pub const fn repeats(self) -> Self {
        Signature { repeats: true, ..self }
    }

    /// The call, or why there can't be one.
    pub fn call(&self, operands: Vec<Expression>) -> Result<Expression, String> {
        let found: Vec<String> = operands.iter().map(|operand| operand.type_ref().to_string()).collect();
        let least = self.parameters.len() - self.optional;
        let fits = operands.len() >= least && (self.repeats || operands.len() <= self.parameters.len());
        let wrong = || format!("{} is called as {}, found ({})", self.name, self.form, found.join(", "));
        if !fits {
            return Err(wrong());
        }
        let last = self.parameters.last().copied().unwrap_or(ParameterType::Any);
        let kinds = self.parameters.iter().copied().chain(std::iter::repeat(last));
        let operands: Option<Vec<Expression>> =
            operands.into_iter().zip(kinds).map(|(operand, kind)| kind.accept(operand)).collect();
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
            ParameterType::Moment if is_moment(operand.type_ref()) => Some(operand),
            ParameterType::Moment => null_of(DataType::Timestamp { precision: 3 }),
            ParameterType::Text | ParameterType::Real => None,
        }
    }
}
