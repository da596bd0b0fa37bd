//! Adds an INTERVAL to a moment or subtracts it: `moment + interval`, `moment - interval` and TIMESTAMPADD.

use super::calendar::{NANOS_PER_SECOND, add_months};
use super::unit::{Interval, UnitFunction};
use crate::sql::functions::definition::*;
use crate::types::calendar::java::SECONDS_PER_DAY;

pub const TIMESTAMPADD: UnitFunction = UnitFunction {
    name: "TIMESTAMPADD",
    plan: |unit, count, moment| {
        let count = constant_integer(Some(&count), "a number of units")?;
        by_constant(moment, unit.span(count).ok_or("takes the units SECOND to YEAR")?)
    },
};

fn by_constant(moment: Expression, interval: Interval) -> Result<Expression, String> {
    let data_type = shifted_type(&moment, interval.millis % 86_400_000 != 0)?;
    Ok(Expression::call(Shift(interval), vec![moment], data_type))
}

/// `moment + interval`, `moment - interval`
pub fn by(moment: Expression, interval: Expression, subtracts: bool) -> PlannedCall {
    let sign = if subtracts { -1 } else { 1 };
    match interval {
        // A literal is never the lowest number, so it can be negated.
        Expression::Literal(Literal::Months(months), _) => {
            by_constant(moment, Interval { months: i64::from(months) * sign, millis: 0 })
        }
        Expression::Literal(Literal::Millis(millis), _) => {
            by_constant(moment, Interval { months: 0, millis: millis.saturating_mul(sign) })
        }
        interval => {
            let data_type = shifted_type(&moment, *interval.type_ref() == DataType::IntervalDayTime)?;
            let function = if subtracts { ShiftBy::Earlier } else { ShiftBy::Later };
            Ok(Expression::call(function, vec![moment, interval], data_type))
        }
    }
}

fn shifted_type(moment: &Expression, by_hours: bool) -> Result<DataType, String> {
    Ok(match moment.data_type() {
        DataType::Date if by_hours => return Err("a DATE has no hours to add to; CAST it AS TIMESTAMP".into()),
        // An interval has milliseconds.
        DataType::Timestamp { precision } => DataType::Timestamp { precision: precision.max(3) },
        DataType::TimestampLtz { precision } => DataType::TimestampLtz { precision: precision.max(3) },
        data_type if data_type.is_moment() => data_type,
        other => return Err(format!("an INTERVAL is added to a date or a time, found {other}")),
    })
}

/// Adds a constant interval.
#[derive(Debug, PartialEq)]
struct Shift(Interval);

impl Evaluate for Shift {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [moment] => Ok(shift(*moment, self.0)),
            _ => operands.unexpected(),
        }
    }
}

/// Adds or subtracts the INTERVAL that is the second operand.
#[derive(Debug, PartialEq)]
enum ShiftBy {
    Later,
    Earlier,
}

impl Evaluate for ShiftBy {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        let [moment, interval] = operands.values else { return operands.unexpected() };
        let interval = match self {
            ShiftBy::Later => span(*interval),
            ShiftBy::Earlier => span(*interval).and_then(back),
        };
        Ok(interval.map_or(Value::Null, |interval| shift(*moment, interval)))
    }
}

/// The months or milliseconds of the INTERVAL. `None`: the value is not an INTERVAL.
fn span(value: Value<'_>) -> Option<Interval> {
    match value {
        Value::Months(months) => Some(Interval { months: months.into(), millis: 0 }),
        Value::Millis(millis) => Some(Interval { months: 0, millis }),
        _ => None,
    }
}

/// The negated interval. `None`: the lowest number has no positive counterpart.
fn back(interval: Interval) -> Option<Interval> {
    Some(Interval { months: interval.months.checked_neg()?, millis: interval.millis.checked_neg()? })
}

fn shift<'a>(value: Value<'a>, interval: Interval) -> Value<'a> {
    let moved = |seconds: i64, nanos: u32| {
        let seconds = if interval.months == 0 { seconds } else { add_months(seconds, interval.months) };
        let total = i128::from(seconds) * 1000 + i128::from(interval.millis);
        let nanos = i64::from(nanos) + total.rem_euclid(1000) as i64 * 1_000_000;
        let seconds = i64::try_from(total.div_euclid(1000)).ok()? + nanos / NANOS_PER_SECOND;
        Some((seconds, (nanos % NANOS_PER_SECOND) as u32))
    };
    let shifted = match value {
        Value::Timestamp { seconds, nanos } => {
            moved(seconds, nanos).map(|(seconds, nanos)| Value::Timestamp { seconds, nanos })
        }
        Value::Instant { seconds, nanos } => {
            moved(seconds, nanos).map(|(seconds, nanos)| Value::Instant { seconds, nanos })
        }
        Value::Date(days) => moved(i64::from(days) * SECONDS_PER_DAY, 0)
            .and_then(|(seconds, _)| i32::try_from(seconds.div_euclid(SECONDS_PER_DAY)).ok())
            .map(Value::Date),
        Value::Time(nanos) => {
            moved(nanos / NANOS_PER_SECOND, (nanos % NANOS_PER_SECOND) as u32).map(|(seconds, nanos)| {
                Value::Time(seconds.rem_euclid(SECONDS_PER_DAY) * NANOS_PER_SECOND + i64::from(nanos))
            })
        }
        _ => None,
    };
    shifted.unwrap_or(Value::Null)
}
