//! The current time. It is the same throughout a row.

use super::calendar::NANOS_PER_SECOND;
use crate::sql::functions::definition::*;
use crate::types::calendar::java::{SECONDS_PER_DAY, cut_fraction};

pub const CURRENT_TIMESTAMP: Function = Function {
    name: "CURRENT_TIMESTAMP",
    parameters: Parameters::of(&[]),
    form: "CURRENT_TIMESTAMP",
    meaning: "Now, TIMESTAMP_LTZ(3). NOW() means the same.",
    plan: |operands| Ok(Expression::call(Clock::CurrentTimestamp, operands, DataType::TimestampLtz { precision: 3 })),
};

pub const NOW: Function =
    Function { name: "NOW", form: "NOW", meaning: "The same as CURRENT_TIMESTAMP.", ..CURRENT_TIMESTAMP };

pub const CURRENT_ROW_TIMESTAMP: Function = Function {
    name: "CURRENT_ROW_TIMESTAMP",
    form: "CURRENT_ROW_TIMESTAMP",
    meaning: "The same as CURRENT_TIMESTAMP.",
    ..CURRENT_TIMESTAMP
};

pub const PROCTIME: Function =
    Function { name: "PROCTIME", form: "PROCTIME", meaning: "The same as CURRENT_TIMESTAMP.", ..CURRENT_TIMESTAMP };

pub const LOCALTIMESTAMP: Function = Function {
    name: "LOCALTIMESTAMP",
    parameters: Parameters::of(&[]),
    form: "LOCALTIMESTAMP",
    meaning: "Now, as local time in the zone `table.local-time-zone`, TIMESTAMP(3).",
    plan: |operands| Ok(Expression::call(Clock::LocalTimestamp, operands, DataType::Timestamp { precision: 3 })),
};

pub const CURRENT_DATE: Function = Function {
    name: "CURRENT_DATE",
    parameters: Parameters::of(&[]),
    form: "CURRENT_DATE",
    meaning: "Today in the zone `table.local-time-zone`.",
    plan: |operands| Ok(Expression::call(Clock::CurrentDate, operands, DataType::Date)),
};

pub const CURRENT_TIME: Function = Function {
    name: "CURRENT_TIME",
    parameters: Parameters::of(&[]),
    form: "CURRENT_TIME",
    meaning: "The time of day in the zone `table.local-time-zone`. LOCALTIME means the same.",
    plan: |operands| Ok(Expression::call(Clock::CurrentTime, operands, DataType::Time { precision: 0 })),
};

pub const LOCALTIME: Function =
    Function { name: "LOCALTIME", form: "LOCALTIME", meaning: "The same as CURRENT_TIME.", ..CURRENT_TIME };

#[derive(Debug, PartialEq)]
enum Clock {
    CurrentTimestamp,
    LocalTimestamp,
    CurrentDate,
    CurrentTime,
}

impl Evaluate for Clock {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = true;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        let (seconds, nanos) = operands.context.now();
        let nanos = cut_fraction(nanos.into(), 3) as u32;
        let local = operands.zone().local(seconds);
        Ok(match self {
            Clock::CurrentTimestamp => Value::Instant { seconds, nanos },
            Clock::LocalTimestamp => Value::Timestamp { seconds: local, nanos },
            Clock::CurrentDate => i32::try_from(local.div_euclid(SECONDS_PER_DAY)).map_or(Value::Null, Value::Date),
            Clock::CurrentTime => Value::Time(local.rem_euclid(SECONDS_PER_DAY) * NANOS_PER_SECOND),
        })
    }
}
