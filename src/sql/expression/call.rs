//! A call of a function: its operands, and how its value is computed from their values.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use bumpalo::Bump;

use super::Expression;
use crate::sql::values::context::{Evaluated, EvaluationContext, EvaluationError};
use crate::types::data_type::DataType;
use crate::types::time_zone::TimeZone;
use crate::types::value::Value;

/// How the value of a function is computed. The fields of the type that implements this trait contain what a call needs in
/// addition to its operands, such as a compiled pattern. They are made once, when the job file is read. No item has a
/// default.
pub trait Evaluate: fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Whether the function can have a value if an operand is NULL. If false, the value is NULL whenever an operand is
    /// NULL.
    const TAKES_NULL: bool;
    /// Whether the value depends on the time. If false, a call with constant operands is computed once, at the start.
    const ASKS_THE_CLOCK: bool;

    /// The value for one row. It is called for each row: memory comes from the arena.
    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a>;
}

/// The operands of a call for one row.
pub struct Operands<'a, 'c> {
    pub values: &'a [Value<'a>],
    /// The type of the call's value.
    pub data_type: &'a DataType,
    pub context: &'c EvaluationContext<'a>,
}

impl<'a> Operands<'a, '_> {
    pub fn arena(&self) -> &'a Bump {
        self.context.arena
    }

    pub fn zone(&self) -> &'a TimeZone {
        self.context.zone
    }

    /// The error for operands that the function doesn't take. It can't happen, because the plan checks their number and
    /// their types.
    pub fn unexpected(&self) -> Evaluated<'a> {
        Err(EvaluationError::Refused("a function was called with operands it doesn't take"))
    }
}

/// A function that is called in an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub function: Callable,
    pub operands: Vec<Expression>,
    pub data_type: DataType,
}

/// Any type that implements [`Evaluate`], with the values of its fields.
#[derive(Clone)]
pub struct Callable {
    function: Arc<dyn AnyFunction>,
    takes_null: bool,
    asks_the_clock: bool,
}

/// [`Evaluate`] without the items that a trait object can't have.
trait AnyFunction: Any + fmt::Debug + Send + Sync {
    /// The arguments are not put into one struct, so that they are passed in registers: the caller is recursive.
    fn value<'a>(
        &self,
        operands: &'a [Value<'a>],
        data_type: &'a DataType,
        context: &EvaluationContext<'a>,
    ) -> Evaluated<'a>;

    fn equals(&self, other: &(dyn AnyFunction + 'static)) -> bool;
}

impl<F: Evaluate> AnyFunction for F {
    fn value<'a>(
        &self,
        operands: &'a [Value<'a>],
        data_type: &'a DataType,
        context: &EvaluationContext<'a>,
    ) -> Evaluated<'a> {
        self.evaluate(&Operands { values: operands, data_type, context })
    }

    fn equals(&self, other: &(dyn AnyFunction + 'static)) -> bool {
        (other as &dyn Any).downcast_ref::<F>().is_some_and(|other| self == other)
    }
}

impl Expression {
    /// A call of the function. Its value has the type `data_type`.
    pub fn call<F: Evaluate>(function: F, operands: Vec<Expression>, data_type: DataType) -> Expression {
        let function =
            Callable { function: Arc::new(function), takes_null: F::TAKES_NULL, asks_the_clock: F::ASKS_THE_CLOCK };
        Expression::Call(Call { function, operands, data_type })
    }
}

impl Callable {
    pub fn is<F: Evaluate>(&self, function: &F) -> bool {
        function.equals(&*self.function)
    }

    pub fn takes_null(&self) -> bool {
        self.takes_null
    }

    pub fn asks_the_clock(&self) -> bool {
        self.asks_the_clock
    }

    pub fn value<'a>(
        &self,
        operands: &'a [Value<'a>],
        data_type: &'a DataType,
        context: &EvaluationContext<'a>,
    ) -> Evaluated<'a> {
        self.function.value(operands, data_type, context)
    }
}

impl fmt::Debug for Callable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.function.fmt(f)
    }
}

impl PartialEq for Callable {
    fn eq(&self, other: &Self) -> bool {
        self.function.equals(&*other.function)
    }
}
