//! The functions a query may call: their names, what they take, and what becomes of a call.

mod choice;
mod moment;
mod nested;
mod number;
mod signature;
mod text;

use sqlparser::ast::{
    CeilFloorKind, DateTimeField, Expr, Function as Written, FunctionArg, FunctionArgExpr, FunctionArguments,
    ObjectNamePart, TrimWhereField,
};

use self::signature::Signature;
use super::expression::{Planned, Scope};
use super::moment::unit;
use crate::error::Location;
use crate::options::nearest::nearest;
use crate::sql::expression::{Expression, Function, Literal};
use crate::sql::parse::error;
use crate::types::data_type::DataType;

/// The expression of a call, or what is wrong with it.
type PlannedCall = Result<Expression, String>;

/// All of them, in the order of the documentation.
pub fn signatures() -> impl Iterator<Item = &'static Signature> {
    [number::SIGNATURES, text::SIGNATURES, moment::SIGNATURES, choice::SIGNATURES, nested::SIGNATURES]
        .into_iter()
        .flatten()
}

const AGGREGATES: &[&str] = &[
    "AVG",
    "COLLECT",
    "COUNT",
    "CUME_DIST",
    "DENSE_RANK",
    "FIRST_VALUE",
    "LAG",
    "LAST_VALUE",
    "LEAD",
    "LISTAGG",
    "MAX",
    "MIN",
    "NTILE",
    "PERCENT_RANK",
    "RANK",
    "ROW_NUMBER",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "SUM",
    "VAR_POP",
    "VAR_SAMP",
];

impl Scope<'_> {
    /// A call, also in the forms that have a syntax of their own.
    #[inline(never)]
    pub(super) fn function(&self, expr: &Expr) -> Planned<Expression> {
        let at = self.place(expr);
        match expr {
            Expr::Function(written) => self.written(written, at),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let operands = [Some(expr), substring_from.as_ref(), substring_for.as_ref()];
                self.call("SUBSTRING", operands.into_iter().flatten().map(|operand| &**operand), at)
            }
            Expr::Trim { expr, trim_where, trim_what, .. } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "LTRIM",
                    Some(TrimWhereField::Trailing) => "RTRIM",
                    Some(TrimWhereField::Both) | None => "TRIM",
                };
                self.call(name, [Some(expr), trim_what.as_ref()].into_iter().flatten().map(|operand| &**operand), at)
            }
            Expr::Position { expr, r#in } => self.call("POSITION", [&**expr, &**r#in], at),
            Expr::Extract { field, expr, .. } => {
                let value = self.expression(expr)?;
                let named = unit(&field.to_string());
                named
                    .ok_or_else(|| format!("unknown unit {field}"))
                    .and_then(|unit| moment::extract(unit, value))
                    .map_err(|message| error(at, format!("EXTRACT: {message}")))
            }
            Expr::Ceil { expr, field } => self.rounded("CEIL", Function::CeilTo, expr, field, at),
            Expr::Floor { expr, field } => self.rounded("FLOOR", Function::FloorTo, expr, field, at),
            Expr::Array(array) => self.call("ARRAY", &array.elem, at),
            Expr::Tuple(fields) => self.call("ROW", fields, at),
            other => Err(self.unsupported(other, "this expression")),
        }
    }

    fn rounded(
        &self,
        name: &str,
        function: fn(crate::sql::expression::CalendarUnit) -> Function,
        operand: &Expr,
        field: &CeilFloorKind,
        at: Location,
    ) -> Planned<Expression> {
        match field {
            CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => self.call(name, [operand], at),
            CeilFloorKind::DateTimeField(field) => {
                let value = self.expression(operand)?;
                let named = unit(&field.to_string());
                named
                    .ok_or_else(|| format!("unknown unit {field}"))
                    .and_then(|unit| moment::rounded(function(unit), value))
                    .map_err(|message| error(at, format!("{name}: {message}")))
            }
            CeilFloorKind::Scale(_) => {
                Err(error(at, format!("{name} takes one number; ROUND and TRUNCATE take digits")))
            }
        }
    }

    fn written(&self, written: &Written, at: Location) -> Planned<Expression> {
        let [ObjectNamePart::Identifier(name)] = written.name.0.as_slice() else {
            return Err(error(at, format!("not supported: functions of a catalog, such as {}", written.name)));
        };
        let name = name.value.to_ascii_uppercase();
        if written.over.is_some() {
            return Err(error(at, "not supported: OVER; a query computes each row from itself"));
        }
        if AGGREGATES.contains(&name.as_str()) {
            return Err(error(
                at,
                format!("not supported: aggregates such as {name}; a query computes each row from itself"),
            ));
        }
        let mut operands: Vec<&Expr> = Vec::new();
        match &written.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => return Err(error(at, "not supported: subqueries")),
            FunctionArguments::List(list) => {
                for operand in &list.args {
                    match operand {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(operand)) => operands.push(operand),
                        _ => return Err(error(at, format!("not supported: this argument of {name}"))),
                    }
                }
                if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
                    return Err(error(at, format!("not supported: this call of {name}")));
                }
            }
        }
        match name.as_str() {
            "TIMESTAMPADD" | "TIMESTAMPDIFF" => self.with_unit(&name, &operands, at),
            name => self.call(name, operands, at),
        }
    }

    /// `TIMESTAMPADD(DAY, 1, moment)`, `TIMESTAMPDIFF(DAY, earlier, later)`: the first argument is a word.
    fn with_unit(&self, name: &str, operands: &[&Expr], at: Location) -> Planned<Expression> {
        let planned = match operands {
            [Expr::Identifier(word), second, third] => match unit(&word.value) {
                Some(unit) => moment::with_unit(name, unit, self.expression(second)?, self.expression(third)?),
                None => Err(format!("unknown unit {}", word.value)),
            },
            _ => Err("takes a unit such as DAY and two values".into()),
        };
        planned.map_err(|message| error(at, format!("{name}: {message}")))
    }

    fn call<'e>(&self, name: &str, operands: impl IntoIterator<Item = &'e Expr>, at: Location) -> Planned<Expression> {
        let Some(signature) = signatures().find(|signature| signature.name == name) else {
            let suggestion = match nearest(name, signatures().map(|signature| signature.name)) {
                Some(near) => format!("; did you mean {near}?"),
                None => String::new(),
            };
            return Err(error(at, format!("unknown function {name}{suggestion}")));
        };
        let operands: Vec<Expression> =
            operands.into_iter().map(|operand| self.expression(operand)).collect::<Planned<_>>()?;
        signature.call(operands).map_err(|message| error(at, message))
    }
}

/// A constant text that a function needs before it sees a row.
fn constant_text<'e>(operand: Option<&'e Expression>, what: &str) -> Result<&'e str, String> {
    match operand {
        Some(Expression::Literal(Literal::Text(text), _)) => Ok(text),
        _ => Err(format!("not supported: {what} that is no constant text")),
    }
}

fn constant_integer(operand: Option<&Expression>, what: &str) -> Result<i64, String> {
    match operand {
        Some(Expression::Literal(Literal::Int(number), _)) => Ok(*number),
        _ => Err(format!("not supported: {what} that is no constant number")),
    }
}

fn of_type(function: Function, operands: Vec<Expression>, data_type: DataType) -> Result<Expression, String> {
    Ok(Expression::Call(function, operands, data_type))
}
