//! FROM_UNIXTIME and UNIX_TIMESTAMP: seconds since 1970.

use super::date_format;
use super::format::format_or_default;
use super::time_format::TimeFormat;
use crate::sql::functions::definition::*;
use crate::types::time_zone::TimeZone;

pub const FROM_UNIXTIME: Function = Function {
    name: "FROM_UNIXTIME",
    parameters: Parameters::of(&[Integer, Text]).optional(1),
    form: "FROM_UNIXTIME(seconds[, format])",
    meaning: "The local time at a number of seconds since 1970, as text, in the zone `table.local-time-zone`.",
    plan: |mut operands| {
        let format = format_or_default(&mut operands)?;
        Ok(Expression::call(FromUnixtime(format), operands, DataType::STRING))
    },
};

pub const UNIX_TIMESTAMP: Function = Function {
    name: "UNIX_TIMESTAMP",
    parameters: Parameters::of(&[Text, Text]).optional(2),
    form: "UNIX_TIMESTAMP([text[, format]])",
    meaning: "Seconds since 1970 at this local time in the zone `table.local-time-zone`; without a text, of the current time. NULL if the text doesn't have the format.",
    plan: |mut operands| {
        if operands.is_empty() {
            return Ok(Expression::call(CurrentUnixTimestamp, operands, DataType::BigInt));
        }
        let format = format_or_default(&mut operands)?;
        Ok(Expression::call(UnixTimestamp(format), operands, DataType::BigInt))
    },
};

#[derive(Debug, PartialEq)]
struct FromUnixtime(TimeFormat);

impl Evaluate for FromUnixtime {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Int(seconds)] => {
                let moment = Value::Instant { seconds: *seconds, nanos: 0 };
                Ok(date_format::print(moment, &self.0, operands.context))
            }
            _ => operands.unexpected(),
        }
    }
}

#[derive(Debug, PartialEq)]
struct UnixTimestamp(TimeFormat);

impl Evaluate for UnixTimestamp {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(unix_timestamp(text, &self.0, operands.zone())),
            _ => operands.unexpected(),
        }
    }
}

/// If the format has no zone, the session's zone counts.
fn unix_timestamp<'a>(text: &str, format: &TimeFormat, zone: &TimeZone) -> Value<'a> {
    format.parse(text, true).map_or(Value::Null, |(seconds, _, offset)| {
        Value::Int(offset.map_or_else(|| zone.instant(seconds), |offset| seconds - i64::from(offset)))
    })
}

#[derive(Debug, PartialEq)]
struct CurrentUnixTimestamp;

impl Evaluate for CurrentUnixTimestamp {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = true;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        let (seconds, _) = operands.context.now();
        Ok(Value::Int(seconds))
    }
}
