//! A query's expressions, typed.

use sqlparser::ast::{BinaryOperator, CastKind, Expr, Ident, Spanned, TypedString, UnaryOperator, Value};

use super::conversion::{can_cast, cast, common_type};
use super::literal;
use crate::config::flink_sql::{error, location, parse_type_text};
use crate::data_type::DataType;
use crate::error::{Diagnostic, Location};
use crate::expression::{Comparison, Expression, Literal};

type Planned<T> = Result<T, Diagnostic>;

/// A name, and what it stands for in terms of the source's row.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    pub name: String,
    pub expression: Expression,
}

/// The names that an expression can use.
pub struct Scope<'a> {
    /// The table, or its alias, by which its columns may be qualified.
    pub qualifier: &'a str,
    pub columns: &'a [Named],
    /// Where the query starts, for parts whose own place the parser doesn't know.
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
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(Expression::Not(self.condition(expr)?.into())),
            Expr::UnaryOp { op: sign @ (UnaryOperator::Minus | UnaryOperator::Plus), expr: operand } => {
                match operand.as_ref() {
                    Expr::Value(value) if matches!(value.value, Value::Number(..)) => {
                        self.number(&value.value, *sign == UnaryOperator::Minus, expr)
                    }
                    _ => Err(self.unsupported(expr, "arithmetic")),
                }
            }
            Expr::Cast { kind: CastKind::Cast, expr: operand, data_type, format: None } => {
                self.cast(operand, &data_type.to_string())
            }
            Expr::Cast { .. } => Err(self.unsupported(expr, "any cast but CAST(x AS type)")),
            Expr::IsNull(operand) => Ok(Expression::IsNull(self.expression(operand)?.into())),
            Expr::IsNotNull(operand) => {
                Ok(Expression::Not(Box::new(Expression::IsNull(self.expression(operand)?.into()))))
            }
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, expr),
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
        let start = node.span().start;
        if start.line == 0 { self.at } else { location(start) }
    }

    fn unsupported(&self, expr: &Expr, what: &str) -> Diagnostic {
        error(self.place(expr), format!("not supported: {what}"))
    }

    fn column(&self, name: &Ident) -> Planned<Expression> {
        match self.columns.iter().find(|column| column.name == name.value) {
            Some(column) => Ok(column.expression.clone()),
            None => Err(self.unknown_column(name)),
        }
    }

    fn unknown_column(&self, name: &Ident) -> Diagnostic {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let suggestion = match crate::config::nearest::nearest(&name.value, names.iter().copied()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("it has {}", names.join(", ")),
        };
        let message = format!("table '{}' has no column '{}'; {suggestion}", self.qualifier, name.value);
        error(location(name.span.start), message)
    }

    fn qualified(&self, parts: &[Ident]) -> Planned<Expression> {
        match parts {
            [table, column] if table.value == self.qualifier => self.column(column),
            [column, _] if self.columns.iter().any(|known| known.name == column.value) => {
                Err(error(location(column.span.start), "not supported: fields of a column"))
            }
            [first, ..] => {
                let message = format!("unknown table '{}'; the query reads '{}'", first.value, self.qualifier);
                Err(error(location(first.span.start), message))
            }
            [] => Err(error(self.at, "expected a column")),
        }
    }

    fn constant(&self, value: &Value, expr: &Expr) -> Planned<Expression> {
        let (constant, data_type) = match value {
            Value::Number(..) => return self.number(value, false, expr),
            Value::SingleQuotedString(text) | Value::UnicodeStringLiteral(text) => literal::text(text.clone()),
            Value::Boolean(truth) => (Literal::Bool(*truth), DataType::Boolean),
            Value::Null => (Literal::Null, DataType::Null),
            Value::DoubleQuotedString(_) => {
                let message = "double quotes have no meaning here; a string has single quotes, a name back-quotes";
                return Err(error(self.place(expr), message));
            }
            _ => return Err(self.unsupported(expr, "this kind of literal")),
        };
        Ok(Expression::Literal(constant, data_type))
    }

    fn number(&self, value: &Value, negative: bool, expr: &Expr) -> Planned<Expression> {
        if let Value::Number(digits, true) = value {
            let message = format!("a number has no 'L' here; {digits} is a BIGINT by itself where it has to be");
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
            .ok_or_else(|| error(self.place(expr), format!("'{text}' is no {name}; it is written {form}")))
    }

    fn cast(&self, operand: &Expr, type_text: &str) -> Planned<Expression> {
        let at = self.place(operand);
        let target = parse_type_text(type_text, at)?;
        let operand = self.expression(operand)?;
        let from = operand.data_type();
        if can_cast(&from, &target) {
            Ok(cast(operand, &target))
        } else {
            Err(error(at, format!("a value of type {from} can't be CAST to {target}")))
        }
    }

    fn binary(&self, left: &Expr, op: &BinaryOperator, right: &Expr, whole: &Expr) -> Planned<Expression> {
        let comparison = match op {
            BinaryOperator::And => {
                return Ok(Expression::And(self.condition(left)?.into(), self.condition(right)?.into()));
            }
            BinaryOperator::Or => {
                return Ok(Expression::Or(self.condition(left)?.into(), self.condition(right)?.into()));
            }
            BinaryOperator::Eq => Comparison::Equal,
            BinaryOperator::NotEq => Comparison::NotEqual,
            BinaryOperator::Lt => Comparison::Less,
            BinaryOperator::LtEq => Comparison::LessOrEqual,
            BinaryOperator::Gt => Comparison::Greater,
            BinaryOperator::GtEq => Comparison::GreaterOrEqual,
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo => return Err(self.unsupported(whole, "arithmetic")),
            _ => return Err(self.unsupported(whole, &format!("the operator {op}"))),
        };
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let (left_type, right_type) = (left.data_type(), right.data_type());
        let (left, right) = (beside(left, &right_type), beside(right, &left_type));
        match common_type(&left.data_type(), &right.data_type()) {
            Some(common) => {
                Ok(Expression::Compare(comparison, cast(left, &common).into(), cast(right, &common).into()))
            }
            None => {
                let message = format!("{left_type} and {right_type} can't be compared; CAST one of them");
                Err(error(self.place(whole), message))
            }
        }
    }
}

/// What a query around this one calls a value that has no AS.
pub fn own_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|name| name.value.clone()),
        Expr::Nested(inner) => own_name(inner),
        _ => None,
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

/// What an error calls an expression that isn't supported.
fn what_is(expr: &Expr) -> &'static str {
    match expr {
        Expr::Function(_) | Expr::Extract { .. } | Expr::Substring { .. } | Expr::Trim { .. } => "functions",
        Expr::Ceil { .. } | Expr::Floor { .. } | Expr::Position { .. } | Expr::Overlay { .. } => "functions",
        Expr::Case { .. } => "CASE",
        Expr::Between { .. } => "BETWEEN; write x >= a AND x <= b",
        Expr::InList { .. } | Expr::InSubquery { .. } => "IN; write x = a OR x = b",
        Expr::Like { .. } | Expr::SimilarTo { .. } => "LIKE and SIMILAR TO",
        Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsFalse(_) | Expr::IsNotFalse(_) => "IS TRUE and IS FALSE",
        Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => "IS DISTINCT FROM",
        Expr::Subquery(_) | Expr::Exists { .. } => "subqueries",
        Expr::Interval(_) => "INTERVAL",
        Expr::Array(_) => "ARRAY constructors",
        Expr::CompoundFieldAccess { .. } => "elements and fields of a column",
        Expr::UnaryOp { .. } => "this operator",
        _ => "this expression",
    }
}
