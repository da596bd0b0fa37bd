//! Operators: arithmetic, comparisons, and the conditions built of them.

use sqlparser::ast::{BinaryOperator, CaseWhen, Expr, UnaryOperator, Value};

use super::expression::{Planned, Scope};
use super::moment;
use crate::error::{Diagnostic, Location};
use crate::sql::expression::conversion::{cast, common_type, exact_digits, merge, widen};
use crate::sql::expression::like::Like;
use crate::sql::expression::{Comparison, Expression, Function, Literal};
use crate::sql::parse::error;
use crate::types::data_type::{DataType, UNBOUNDED};

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
            UnaryOperator::Minus => Expression::Call(Function::Negate, vec![operand], data_type),
            _ => operand,
        })
    }

    /// A chain of AND and OR. It leans to the left and may have a thousand links, so it is walked without recursion.
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
            BinaryOperator::Plus => return self.arithmetic(Function::Add, left, right, whole),
            BinaryOperator::Minus => return self.arithmetic(Function::Subtract, left, right, whole),
            BinaryOperator::Multiply => return self.arithmetic(Function::Multiply, left, right, whole),
            BinaryOperator::Divide => return self.arithmetic(Function::Divide, left, right, whole),
            BinaryOperator::Modulo => return self.arithmetic(Function::Remainder, left, right, whole),
            BinaryOperator::StringConcat => return self.concatenation(left, right, whole),
            _ => return Err(self.unsupported(whole, &format!("the operator {op}"))),
        };
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        compare(comparison, left, right, self.place(whole))
    }

    #[inline(never)]
    fn arithmetic(&self, function: Function, left: &Expr, right: &Expr, whole: &Expr) -> Planned<Expression> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        arithmetic(function, left, right).map_err(|message| error(self.place(whole), message))
    }

    #[inline(never)]
    fn concatenation(&self, left: &Expr, right: &Expr, whole: &Expr) -> Planned<Expression> {
        let (left, right) = (typed_null(self.expression(left)?), typed_null(self.expression(right)?));
        let (left_type, right_type) = (left.data_type(), right.data_type());
        let data_type = match (&left_type, &right_type) {
            (DataType::Char(left), DataType::Char(right)) => DataType::Char(left.saturating_add(*right)),
            (DataType::Char(left) | DataType::Varchar(left), DataType::Char(right) | DataType::Varchar(right)) => {
                DataType::Varchar(left.saturating_add(*right).min(UNBOUNDED))
            }
            _ => {
                let message = format!("|| takes two texts, found {left_type} and {right_type}; CAST them AS STRING");
                return Err(error(self.place(whole), message));
            }
        };
        let mut parts = Vec::new();
        for side in [left, right] {
            match side {
                Expression::Call(Function::Concat, inner, _) => parts.extend(inner),
                other => parts.push(other),
            }
        }
        Ok(Expression::Call(Function::Concat, parts, data_type))
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
            let candidate = beside(self.expression(candidate)?, operand.type_ref());
            operand = beside(operand, candidate.type_ref());
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
            return Err(error(self.place(pattern), "not supported: a pattern of LIKE that is no constant"));
        };
        let escape = match escape.map(|escape| self.expression(escape)).transpose()? {
            None => None,
            Some(Expression::Literal(Literal::Text(escape), DataType::Char(1))) => escape.chars().next(),
            Some(_) => return Err(error(at, "ESCAPE takes one character in single quotes")),
        };
        let like = Like::new(&pattern, escape).map_err(|message| error(at, format!("LIKE '{pattern}': {message}")))?;
        Ok(Expression::Call(Function::Like(like), vec![operand], DataType::Boolean))
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
        choose(branches, otherwise).map_err(|message| error(self.place(whole), format!("CASE: {message}")))
    }
}

/// A CASE whose values have been brought to one type.
pub(super) fn choose(branches: Vec<(Expression, Expression)>, otherwise: Expression) -> Result<Expression, String> {
    let types: Vec<&DataType> =
        branches.iter().map(|(_, then)| then.type_ref()).chain([otherwise.type_ref()]).collect();
    let data_type = merge(&types).ok_or_else(|| no_common_type(&types))?;
    Ok(Expression::Case {
        branches: branches.into_iter().map(|(when, then)| (when, widen(then, &data_type))).collect(),
        otherwise: widen(otherwise, &data_type).into(),
        data_type,
    })
}

pub(super) fn no_common_type(types: &[&DataType]) -> String {
    let mut shown: Vec<String> = types.iter().map(|data_type| data_type.to_string()).collect();
    shown.dedup();
    format!("{} have no type in common; CAST them to one", shown.join(" and "))
}

/// A moment and an INTERVAL, two INTERVALs of a kind, or an INTERVAL and a whole number.
fn with_interval(function: Function, left: Expression, right: Expression) -> Result<Expression, String> {
    let (left_type, right_type) = (left.data_type(), right.data_type());
    match (&function, left_type.is_interval(), right_type.is_interval()) {
        (Function::Add | Function::Subtract, true, true) if left_type == right_type => {
            Ok(Expression::Call(function, vec![left, right], left_type))
        }
        (Function::Add | Function::Subtract, false, true) => moment::shifted_by(&function, left, right),
        (Function::Add, true, false) => moment::shifted_by(&function, right, left),
        (Function::Multiply | Function::Divide, true, false) if right_type.is_integer() => {
            Ok(Expression::Call(function, vec![left, right], left_type))
        }
        (Function::Multiply, false, true) if left_type.is_integer() => {
            Ok(Expression::Call(function, vec![right, left], right_type))
        }
        _ => Err(format!(
            "an INTERVAL goes with a moment, an INTERVAL of its kind or a whole number, found {left_type} and {right_type}"
        )),
    }
}

/// The operation in the type that Flink gives it.
pub(super) fn arithmetic(function: Function, left: Expression, right: Expression) -> Result<Expression, String> {
    let (left, right) = match (left.type_ref(), right.type_ref()) {
        (DataType::Null, DataType::Null) => (cast(left, &DataType::Int), cast(right, &DataType::Int)),
        (DataType::Null, other) => (cast(left, &other.clone()), right),
        (other, DataType::Null) => {
            let other = other.clone();
            (left, cast(right, &other))
        }
        _ => (left, right),
    };
    let (left_type, right_type) = (left.data_type(), right.data_type());
    if left_type.is_interval() || right_type.is_interval() {
        return with_interval(function, left, right);
    }
    let common = merge(&[&left_type, &right_type]).filter(|_| left_type.is_numeric() && right_type.is_numeric());
    let Some(common) = common else {
        let moment = matches!(left_type, DataType::Date | DataType::Timestamp { .. } | DataType::TimestampLtz { .. });
        let hint = if moment { "; see TIMESTAMPDIFF and INTERVAL" } else { "; CAST them" };
        return Err(format!("arithmetic takes numbers, found {left_type} and {right_type}{hint}"));
    };
    let data_type = match common {
        DataType::Decimal { .. } => {
            let own = |data_type: &DataType| {
                let (precision, scale) = exact_digits(data_type);
                DataType::Decimal { precision, scale }
            };
            let result = decimal_result(&function, exact_digits(&left_type), exact_digits(&right_type));
            return Ok(Expression::Call(
                function,
                vec![cast(left, &own(&left_type)), cast(right, &own(&right_type))],
                result,
            ));
        }
        // What is left over is never larger than the divisor.
        common if function == Function::Remainder && common.is_integer() => right_type,
        common => {
            let operands = vec![widen(left, &common), widen(right, &common)];
            return Ok(Expression::Call(function, operands, common));
        }
    };
    Ok(Expression::Call(function, vec![left, right], data_type))
}

/// Digits of the result from those of the operands, as SQL Server and Flink have it.
fn decimal_result(function: &Function, (p1, s1): (u8, u8), (p2, s2): (u8, u8)) -> DataType {
    let (p1, s1, p2, s2) = (i32::from(p1), i32::from(s1), i32::from(p2), i32::from(s2));
    let (precision, scale) = match function {
        Function::Multiply => (p1 + p2 + 1, s1 + s2),
        Function::Divide => {
            let scale = (s1 + p2 + 1).max(6);
            (p1 - s1 + s2 + scale, scale)
        }
        Function::Remainder => ((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
        _ => ((p1 - s1).max(p2 - s2) + s1.max(s2) + 1, s1.max(s2)),
    };
    // Beyond 38 digits the fraction is cut, but six of its digits stay.
    let (precision, scale) = match precision {
        ..=38 => (precision, scale),
        _ => (38, (38 - (precision - scale)).max(scale.min(6))),
    };
    DataType::Decimal { precision: precision.max(1) as u8, scale: scale as u8 }
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

/// Both sides in the type in which they are compared.
fn comparable(left: Expression, right: Expression, at: Location) -> Result<(Expression, Expression), Diagnostic> {
    let (left_type, right_type) = (left.data_type(), right.data_type());
    let (left, right) = (beside(left, &right_type), beside(right, &left_type));
    match common_type(left.type_ref(), right.type_ref()) {
        Some(common) => Ok((cast(left, &common), cast(right, &common))),
        None => Err(error(at, format!("{left_type} and {right_type} can't be compared; CAST one of them"))),
    }
}

/// A constant string takes the type of the text it is compared with, so that no row is cast for it.
fn beside(side: Expression, other: &DataType) -> Expression {
    match side {
        Expression::Literal(Literal::Text(text), _) if other.is_text() => {
            Expression::Literal(Literal::Text(text), other.clone())
        }
        side => side,
    }
}

/// A bare NULL where a text is taken is one.
pub(super) fn typed_null(expression: Expression) -> Expression {
    match expression.type_ref() {
        DataType::Null => cast(expression, &DataType::STRING),
        _ => expression,
    }
}
