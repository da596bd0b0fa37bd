//! TIMESTAMPDIFF.

use super::calendar::{NANOS_PER_SECOND, add_months};
use super::unit::{CalendarUnit, UnitFunction};
use crate::sql::functions::definition::*;
use crate::sql::values::cast::temporal;
use crate::types::calendar::date_from_days;
use crate::types::calendar::java::SECONDS_PER_DAY;
use crate::types::time_zone::TimeZone;

pub const TIMESTAMPDIFF: UnitFunction = UnitFunction {
    name: "TIMESTAMPDIFF",
    plan: |unit, earlier, later| {
        for moment in [&earlier, &later] {
            if !moment.type_ref().is_moment() {
                return Err(format!("takes dates and times, found {}", moment.type_ref()));
            }
        }
        unit.span(1).ok_or("takes the units SECOND to YEAR")?;
        let data_type = if matches!(
            unit,
            CalendarUnit::Year | CalendarUnit::Quarter | CalendarUnit::Month | CalendarUnit::Week | CalendarUnit::Day
        ) {
            DataType::Int
        } else {
            DataType::BigInt
        };
        Ok(Expression::call(Difference(unit), vec![later, earlier], data_type))
    },
};

/// The number of whole units from the second operand to the first.
#[derive(Debug, PartialEq)]
struct Difference(CalendarUnit);

impl Evaluate for Difference {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [later, earlier] => Ok(difference(self.0, *later, *earlier, operands.zone())),
            _ => operands.unexpected(),
        }
    }
}

/// The number of whole units from the earlier to the later moment.
fn difference<'a>(unit: CalendarUnit, later: Value<'a>, earlier: Value<'a>, zone: &TimeZone) -> Value<'a> {
    let (Some(later), Some(earlier)) = (temporal::local(later, 9, zone), temporal::local(earlier, 9, zone)) else {
        return Value::Null;
    };
    let nanos = |(seconds, nanos): (i64, u32)| i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(nanos);
    let units =
        |length: i64| ((nanos(later) - nanos(earlier)) / (i128::from(length) * i128::from(NANOS_PER_SECOND))) as i64;
    Value::Int(match unit {
        CalendarUnit::Year => months_between(later, earlier) / 12,
        CalendarUnit::Quarter => months_between(later, earlier) / 3,
        CalendarUnit::Month => months_between(later, earlier),
        CalendarUnit::Week => units(7 * SECONDS_PER_DAY),
        CalendarUnit::Day => units(SECONDS_PER_DAY),
        CalendarUnit::Hour => units(3600),
        CalendarUnit::Minute => units(60),
        _ => units(1),
    })
}

fn months_between(later: (i64, u32), earlier: (i64, u32)) -> i64 {
    if later < earlier {
        return -months_between(earlier, later);
    }
    let month = |seconds: i64| {
        let (year, month, _) = date_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        year * 12 + i64::from(month)
    };
    let months = month(later.0) - month(earlier.0);
    months - i64::from((add_months(earlier.0, months), earlier.1) > later)
}
