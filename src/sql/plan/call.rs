//! Calls of functions, including those with a syntax of their own.

use sqlparser::ast::{
    CeilFloorKind, DateTimeField, Expr, Function as Written, FunctionArg, FunctionArgExpr, FunctionArguments,
    ObjectNamePart, TrimWhereField,
};

use super::expression::{Planned, Scope};
use crate::error::Location;
use crate::options::nearest::nearest;
use crate::sql::expression::Expression;
use crate::sql::functions;
use crate::sql::functions::definition::PlannedCall;
use crate::sql::functions::moment::unit::{CalendarUnit, UnitFunction};
use crate::sql::functions::moment::{extract, round_to_unit};
use crate::sql::parse::error;

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
    /// A call of a function, including those with a syntax of their own.
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
            Expr::Extract { field, expr, .. } => self.of_unit("EXTRACT", extract::extract, field, expr, at),
            Expr::Ceil { expr, field } => self.rounded("CEIL", round_to_unit::ceil, expr, field, at),
            Expr::Floor { expr, field } => self.rounded("FLOOR", round_to_unit::floor, expr, field, at),
            Expr::Array(array) => self.call("ARRAY", &array.elem, at),
            Expr::Tuple(fields) => self.call("ROW", fields, at),
            other => Err(self.unsupported(other, "this expression")),
        }
    }

    fn rounded(
        &self,
        name: &str,
        to_unit: fn(CalendarUnit, Expression) -> PlannedCall,
        operand: &Expr,
        field: &CeilFloorKind,
        at: Location,
    ) -> Planned<Expression> {
        match field {
            CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => self.call(name, [operand], at),
            CeilFloorKind::DateTimeField(field) => self.of_unit(name, to_unit, field, operand, at),
            CeilFloorKind::Scale(_) => {
                Err(error(at, format!("{name} takes one number; ROUND and TRUNCATE take digits")))
            }
        }
    }

    /// `EXTRACT(unit FROM moment)`, `FLOOR(moment TO unit)`
    fn of_unit(
        &self,
        name: &str,
        plan: fn(CalendarUnit, Expression) -> PlannedCall,
        unit: &DateTimeField,
        moment: &Expr,
        at: Location,
    ) -> Planned<Expression> {
        let moment = self.expression(moment)?;
        CalendarUnit::named(&unit.to_string())
            .ok_or_else(|| format!("unknown unit {unit}"))
            .and_then(|unit| plan(unit, moment))
            .map_err(|message| error(at, format!("{name}: {message}")))
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
        match functions::with_unit(&name) {
            Some(function) => self.with_unit(function, &operands, at),
            None => self.call(&name, operands, at),
        }
    }

    /// `TIMESTAMPADD(DAY, 1, moment)`, `TIMESTAMPDIFF(DAY, earlier, later)`: the first argument is a word.
    fn with_unit(&self, function: &UnitFunction, operands: &[&Expr], at: Location) -> Planned<Expression> {
        let planned = match operands {
            [Expr::Identifier(word), second, third] => match CalendarUnit::named(&word.value) {
                Some(unit) => (function.plan)(unit, self.expression(second)?, self.expression(third)?),
                None => Err(format!("unknown unit {}", word.value)),
            },
            _ => Err("takes a unit such as DAY and two values".into()),
        };
        planned.map_err(|message| error(at, format!("{}: {message}", function.name)))
    }

    fn call<'e>(&self, name: &str, operands: impl IntoIterator<Item = &'e Expr>, at: Location) -> Planned<Expression> {
        let Some(function) = functions::all().find(|function| function.name == name) else {
            let suggestion = match nearest(name, functions::all().map(|function| function.name)) {
                Some(near) => format!("; did you mean {near}?"),
                None => String::new(),
            };
            return Err(error(at, format!("unknown function {name}{suggestion}")));
        };
        let operands: Vec<Expression> =
            operands.into_iter().map(|operand| self.expression(operand)).collect::<Planned<_>>()?;
        function.call(operands).map_err(|message| error(at, message))
    }
}
