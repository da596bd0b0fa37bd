//! Operators: arithmetic, comparisons, and conditions.

use sqlparser::ast::{BinaryOperator, CaseWhen, Expr, UnaryOperator, Value};

use super::expression::{Planned, Scope};
use crate::error::{Diagnostic, Location};
use crate::sql::expression::conversion::{cast, common_type, typed_null};
use crate::sql::expression::{Comparison, Expression, Literal};
use crate::sql::functions::choice::case::case;
use crate::sql::functions::number::arithmetic::arithmetic;
use crate::sql::functions::number::operation::Operation;
use crate::sql::functions::number::sign::negated;
use crate::sql::functions::text::concat::concatenation;
use crate::sql::functions::text::like::{Like, like};
use crate::sql::parse::error;
use crate::types::data_type::DataType;

impl Scope<'_> {
    #[inline(never)]
    pub(super) fn unary(&self, op: UnaryOperator, operand: &Expr, whole: &Expr) -> Planned<Expression> {
        let sign = match op {
            UnaryOperator::Not => return Ok(Expression::Not(self.condition(operand)?.into())),
            UnaryOperator::Plus | UnaryOperator::Minus => op,
            _ => return Err(self.unsupported(whole, &format!("the operator {op}"))),
        };
        if let Expr::Value(value) = operand
            && matches!(value.value, Value::Number(..))
        {
            return self.number(&value.value, sign == UnaryOperator::Minus, whole);
        }
        let operand = self.expression(operand)?;
        let data_type = operand.data_type();
        if !data_type.is_numeric() && !data_type.is_interval() {
            return Err(error(self.place(whole), format!("{sign} takes a number, found {data_type}")));
        }
        Ok(match sign {
            UnaryOperator::Minus => negated(operand),
            _ => operand,
        })
    }

    /// A chain of AND and OR. Its tree is deep on the left side and can have a thousand links, so it is read without
    /// recursion.
    #[inline(never)]
    pub(super) fn connected(&self, whole: &Expr) -> Planned<Expression> {
        let mut links = Vec::new();
        let mut first = whole;
        while let Expr::BinaryOp { left, op: op @ (BinaryOperator::And | BinaryOperator::Or), right } = first {
            links.push((op, right));
            first = left;
        }
        let mut chain = self.condition(first)?;
        for (op, right) in links.into_iter().rev() {
            let (left, right) = (Box::new(chain), Box::new(self.condition(right)?));
            chain = match op {
                BinaryOperator::And => Expression::And(left, right),
                _ => Expression::Or(left, right),
            };
        }
        Ok(chain)
    }

    #[inline(never)]
    pub(super) fn binary(&self, left: &Expr, op: &BinaryOperator, right: &Expr, whole: &Expr) -> Planned<Expression> {
        let comparison = match op {
            BinaryOperator::Eq => Comparison::Equal,
            BinaryOperator::NotEq => Comparison::NotEqual,
            BinaryOperator::Lt => Comparison::Less,
            BinaryOperator::LtEq => Comparison::LessOrEqual,
            BinaryOperator::Gt => Comparison::Greater,
            BinaryOperator::GtEq => Comparison::GreaterOrEqual,
            BinaryOperator::Plus => return self.arithmetic(Operation::Add, left, right, whole),
            BinaryOperator::Minus => return self.arithmetic(Operation::Subtract, left, right, whole),
            BinaryOperator::Multiply => return self.arithmetic(Operation::Multiply, left, right, whole),
            BinaryOperator::Divide => return self.arithmetic(Operation::Divide, left, right, whole),
            BinaryOperator::Modulo => return self.arithmetic(Operation::Remainder, left, right, whole),
            BinaryOperator::StringConcat => return self.concatenation(left, right, whole),
            _ => return Err(self.unsupported(whole, &format!("the operator {op}"))),
        };
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        compare(comparison, left, right, self.place(whole))
    }

    #[inline(never)]
    fn arithmetic(&self, operation: Operation, left: &Expr, right: &Expr, whole: &Expr) -> Planned<Expression> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        arithmetic(operation, left, right).map_err(|message| error(self.place(whole), message))
    }

    #[inline(never)]
    fn concatenation(&self, left: &Expr, right: &Expr, whole: &Expr) -> Planned<Expression> {
        let (left, right) = (typed_null(self.expression(left)?), typed_null(self.expression(right)?));
        concatenation(left, right).map_err(|message| error(self.place(whole), message))
    }

    #[inline(never)]
    pub(super) fn between(&self, operand: &Expr, low: &Expr, high: &Expr, whole: &Expr) -> Planned<Expression> {
        let at = self.place(whole);
        let (operand, low, high) = (self.expression(operand)?, self.expression(low)?, self.expression(high)?);
        let least = compare(Comparison::GreaterOrEqual, operand.clone(), low, at)?;
        let most = compare(Comparison::LessOrEqual, operand, high, at)?;
        Ok(Expression::And(least.into(), most.into()))
    }

    #[inline(never)]
    pub(super) fn in_list(&self, operand: &Expr, list: &[Expr], whole: &Expr) -> Planned<Expression> {
        let mut operand = self.expression(operand)?;
        let mut candidates = Vec::with_capacity(list.len());
        let mut common = operand.data_type();
        for candidate in list {
            let candidate = typed_like(self.expression(candidate)?, operand.type_ref());
            operand = typed_like(operand, candidate.type_ref());
            common = common_type(&common, candidate.type_ref()).ok_or_else(|| {
                let message = format!("{common} and {} can't be compared; CAST one of them", candidate.type_ref());
                error(self.place(whole), message)
            })?;
            candidates.push(candidate);
        }
        let list = candidates.into_iter().map(|candidate| cast(candidate, &common)).collect();
        Ok(Expression::In(cast(operand, &common).into(), list))
    }

    #[inline(never)]
    pub(super) fn like(
        &self,
        operand: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        whole: &Expr,
    ) -> Planned<Expression> {
        let at = self.place(whole);
        let operand = typed_null(self.expression(operand)?);
        if !operand.type_ref().is_text() {
            return Err(error(at, format!("LIKE takes a text, found {}; CAST it AS STRING", operand.type_ref())));
        }
        let Expression::Literal(Literal::Text(pattern), _) = self.expression(pattern)? else {
            return Err(error(self.place(pattern), "not supported: a pattern of LIKE that is not a constant"));
        };
        let escape = match escape.map(|escape| self.expression(escape)).transpose()? {
            None => None,
            Some(Expression::Literal(Literal::Text(escape), DataType::Char(1))) => escape.chars().next(),
            Some(_) => return Err(error(at, "ESCAPE takes one character in single quotes")),
        };
        let pattern =
            Like::new(&pattern, escape).map_err(|message| error(at, format!("LIKE '{pattern}': {message}")))?;
        Ok(like(operand, pattern))
    }

    #[inline(never)]
    pub(super) fn is_distinct(&self, left: &Expr, right: &Expr, whole: &Expr) -> Planned<Expression> {
        let (left, right) = comparable(self.expression(left)?, self.expression(right)?, self.place(whole))?;
        Ok(Expression::IsDistinct(left.into(), right.into()))
    }

    #[inline(never)]
    pub(super) fn case(
        &self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
        whole: &Expr,
    ) -> Planned<Expression> {
        let operand = operand.map(|operand| self.expression(operand)).transpose()?;
        let mut branches = Vec::with_capacity(conditions.len());
        for CaseWhen { condition, result } in conditions {
            let when = match &operand {
                Some(operand) => {
                    let candidate = self.expression(condition)?;
                    compare(Comparison::Equal, operand.clone(), candidate, self.place(condition))?
                }
                None => self.condition(condition)?,
            };
            branches.push((when, self.expression(result)?));
        }
        let otherwise = match otherwise {
            Some(otherwise) => self.expression(otherwise)?,
            None => Expression::Literal(Literal::Null, DataType::Null),
        };
        case(branches, otherwise).map_err(|message| error(self.place(whole), format!("CASE: {message}")))
    }
}

pub(super) fn compare(
    comparison: Comparison,
    left: Expression,
    right: Expression,
    at: Location,
) -> Result<Expression, Diagnostic> {
    let (left, right) = comparable(left, right, at)?;
    Ok(Expression::Compare(comparison, left.into(), right.into()))
}

/// Both sides, converted to the type in which they are compared.
fn comparable(left: Expression, right: Expression, at: Location) -> Result<(Expression, Expression), Diagnostic> {
    let (left_type, right_type) = (left.data_type(), right.data_type());
    let (left, right) = (typed_like(left, &right_type), typed_like(right, &left_type));
    match common_type(left.type_ref(), right.type_ref()) {
        Some(common) => Ok((cast(left, &common), cast(right, &common))),
        None => Err(error(at, format!("{left_type} and {right_type} can't be compared; CAST one of them"))),
    }
}

/// A constant string gets the type of the text that it is compared with, so that no value has to be cast for each row.
fn typed_like(side: Expression, other: &DataType) -> Expression {
    match side {
        Expression::Literal(Literal::Text(text), _) if other.is_text() => {
            Expression::Literal(Literal::Text(text), other.clone())
        }
        side => side,
    }
}
