//! Gives the expressions of a query their types.

use sqlparser::ast::{BinaryOperator, CastKind, Expr, Ident, Spanned, TypedString, Value};

use super::interval;
use super::refuse::place;
use crate::error::{Diagnostic, Location};
use crate::options::nearest::nearest;
use crate::sql::expression::conversion::{can_cast, cast};
use crate::sql::expression::literal;
use crate::sql::expression::{Expression, Literal};
use crate::sql::parse::{error, parse_type_text};
use crate::types::data_type::DataType;

pub(super) type Planned<T> = Result<T, Diagnostic>;

/// A name, and the expression over the source's row that it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedExpression {
    pub name: String,
    pub expression: Expression,
}

/// The names that an expression can use.
pub struct Scope<'a> {
    /// The table's name or alias. Column names can be qualified by it.
    pub qualifier: &'a str,
    pub columns: &'a [NamedExpression],
    /// The start of the query. It is used for parts whose own place the parser doesn't know.
    pub at: Location,
}

impl Scope<'_> {
    pub fn expression(&self, expr: &Expr) -> Planned<Expression> {
        match expr {
            Expr::Identifier(name) => self.column(name),
            Expr::CompoundIdentifier(parts) => self.qualified(parts),
            Expr::Nested(inner) => self.expression(inner),
            Expr::Value(value) => self.constant(&value.value, expr),
            Expr::TypedString(typed) => self.moment(typed, expr),
            Expr::UnaryOp { op, expr: operand } => self.unary(*op, operand, expr),
            Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. } => self.connected(expr),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, expr),
            Expr::Cast { kind: CastKind::Cast, expr: operand, data_type, format: None } => {
                self.cast(operand, &data_type.to_string(), Expression::Cast)
            }
            Expr::Cast { kind: CastKind::TryCast, expr: operand, data_type, format: None } => {
                self.cast(operand, &data_type.to_string(), Expression::TryCast)
            }
            Expr::Cast { .. } => Err(self.unsupported(expr, "any cast but CAST(x AS type) and TRY_CAST(x AS type)")),
            Expr::IsNull(operand) => Ok(Expression::IsNull(self.expression(operand)?.into())),
            Expr::IsNotNull(operand) => Ok(negated(true, Expression::IsNull(self.expression(operand)?.into()))),
            Expr::IsTrue(operand) => Ok(Expression::Is(true, self.condition(operand)?.into())),
            Expr::IsNotTrue(operand) => Ok(negated(true, Expression::Is(true, self.condition(operand)?.into()))),
            Expr::IsFalse(operand) => Ok(Expression::Is(false, self.condition(operand)?.into())),
            Expr::IsNotFalse(operand) => Ok(negated(true, Expression::Is(false, self.condition(operand)?.into()))),
            Expr::IsUnknown(operand) => Ok(Expression::IsNull(self.condition(operand)?.into())),
            Expr::IsNotUnknown(operand) => Ok(negated(true, Expression::IsNull(self.condition(operand)?.into()))),
            Expr::IsDistinctFrom(left, right) => self.is_distinct(left, right, expr),
            Expr::IsNotDistinctFrom(left, right) => Ok(negated(true, self.is_distinct(left, right, expr)?)),
            Expr::Between { expr: operand, negated: not, low, high } => {
                Ok(negated(*not, self.between(operand, low, high, expr)?))
            }
            Expr::InList { expr: operand, list, negated: not } => Ok(negated(*not, self.in_list(operand, list, expr)?)),
            Expr::Like { negated: not, any: false, expr: operand, pattern, escape_char } => {
                Ok(negated(*not, self.like(operand, pattern, escape_char.as_deref(), expr)?))
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), expr)
            }
            Expr::Interval(interval) => interval::constant(interval, self.place(expr)),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Expr::Function(_)
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::Extract { .. }
            | Expr::Ceil { .. }
            | Expr::Floor { .. }
            | Expr::Position { .. }
            | Expr::Array(_)
            | Expr::Tuple(_) => self.function(expr),
            _ => Err(self.unsupported(expr, what_is(expr))),
        }
    }

    /// An expression that is TRUE, FALSE or NULL.
    pub fn condition(&self, expr: &Expr) -> Planned<Expression> {
        let condition = self.expression(expr)?;
        match condition.data_type() {
            DataType::Boolean => Ok(condition),
            DataType::Null => Ok(cast(condition, &DataType::Boolean)),
            other => Err(error(self.place(expr), format!("expected a condition, found a value of type {other}"))),
        }
    }

    pub fn place(&self, node: &impl Spanned) -> Location {
        place(node.span().start, self.at)
    }

    #[inline(never)]
    pub(super) fn unsupported(&self, expr: &Expr, what: &str) -> Diagnostic {
        error(self.place(expr), format!("not supported: {what}"))
    }

    #[inline(never)]
    pub(super) fn column(&self, name: &Ident) -> Planned<Expression> {
        match self.columns.iter().find(|column| column.name == name.value) {
            Some(column) => Ok(column.expression.clone()),
            None => Err(self.unknown_column(name)),
        }
    }

    fn unknown_column(&self, name: &Ident) -> Diagnostic {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let suggestion = match nearest(&name.value, names.iter().copied()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("it has {}", names.join(", ")),
        };
        let message = format!("table '{}' has no column '{}'; {suggestion}", self.qualifier, name.value);
        error(place(name.span.start, self.at), message)
    }

    #[inline(never)]
    fn constant(&self, value: &Value, expr: &Expr) -> Planned<Expression> {
        let (constant, data_type) = match value {
            Value::Number(..) => return self.number(value, false, expr),
            Value::SingleQuotedString(text) | Value::UnicodeStringLiteral(text) => literal::text(text.clone()),
            Value::Boolean(truth) => (Literal::Bool(*truth), DataType::Boolean),
            Value::Null => (Literal::Null, DataType::Null),
            Value::DoubleQuotedString(_) => {
                let message = "double quotes have no meaning in Flink SQL; write a string in single quotes, a name in back-quotes";
                return Err(error(self.place(expr), message));
            }
            _ => return Err(self.unsupported(expr, "this kind of literal")),
        };
        Ok(Expression::Literal(constant, data_type))
    }

    #[inline(never)]
    pub(super) fn number(&self, value: &Value, negative: bool, expr: &Expr) -> Planned<Expression> {
        if let Value::Number(digits, true) = value {
            let message =
                format!("Flink SQL has no suffix 'L'; write {digits}, which becomes a BIGINT where one is needed");
            return Err(error(self.place(expr), message));
        }
        let parsed = match value {
            Value::Number(digits, false) => literal::number(digits, negative),
            _ => None,
        };
        parsed
            .map(|(constant, data_type)| Expression::Literal(constant, data_type))
            .ok_or_else(|| error(self.place(expr), "a number has at most 38 digits"))
    }

    /// `DATE '…'`, `TIME '…'`, `TIMESTAMP '…'`.
    #[inline(never)]
    fn moment(&self, typed: &TypedString, expr: &Expr) -> Planned<Expression> {
        let Value::SingleQuotedString(text) = &typed.value.value else {
            return Err(self.unsupported(expr, "this kind of literal"));
        };
        let name = typed.data_type.to_string();
        let parsed = match name.as_str() {
            "DATE" => literal::date(text).map(|days| (Literal::Date(days), DataType::Date)),
            "TIME" => {
                literal::time(text).map(|(nanos, precision)| (Literal::Time(nanos), DataType::Time { precision }))
            }
            "TIMESTAMP" => {
                literal::timestamp(text).map(|(moment, precision)| (moment, DataType::Timestamp { precision }))
            }
            _ => return Err(self.unsupported(expr, &format!("{name} literals"))),
        };
        let form = match name.as_str() {
            "DATE" => "DATE '2024-03-01'",
            "TIME" => "TIME '08:30:00'",
            _ => "TIMESTAMP '2024-03-01 08:30:00'",
        };
        parsed
            .map(|(constant, data_type)| Expression::Literal(constant, data_type))
            .ok_or_else(|| error(self.place(expr), format!("'{text}' is not a valid {name}; write it as {form}")))
    }

    #[inline(never)]
    fn cast(
        &self,
        operand: &Expr,
        type_text: &str,
        form: fn(Box<Expression>, DataType) -> Expression,
    ) -> Planned<Expression> {
        let at = self.place(operand);
        let target = parse_type_text(type_text, at)?;
        let operand = self.expression(operand)?;
        let from = operand.data_type();
        if let (Expression::Literal(Literal::Int(_), _), true) = (&operand, target.is_interval()) {
            // In Flink a constant counts units, but a column's number counts months or milliseconds.
            return Err(error(at, "a constant INTERVAL is written INTERVAL '1' DAY"));
        }
        if !can_cast(&from, &target) {
            return Err(error(at, format!("a value of type {from} can't be CAST to {target}")));
        }
        Ok(match cast(operand, &target) {
            Expression::Cast(operand, target) => form(operand, target),
            done => done,
        })
    }
}

fn negated(not: bool, condition: Expression) -> Expression {
    if not { Expression::Not(condition.into()) } else { condition }
}

/// The name of a value without AS, for a query around this one.
pub fn own_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|name| name.value.clone()),
        Expr::Nested(inner) => own_name(inner),
        _ => None,
    }
}

/// The name of an expression that isn't supported, for errors.
fn what_is(expr: &Expr) -> &'static str {
    match expr {
        Expr::InSubquery { .. } | Expr::Subquery(_) | Expr::Exists { .. } => "subqueries",
        Expr::SimilarTo { .. } => "SIMILAR TO; REGEXP(text, pattern) takes a regular expression",
        Expr::Overlay { .. } => "OVERLAY; write SUBSTRING and ||",
        Expr::AtTimeZone { .. } => "AT TIME ZONE; SET 'table.local-time-zone' and CAST",
        _ => "this expression",
    }
}
