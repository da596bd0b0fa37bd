//! Functions of dates and times.

mod calendar;
mod clock;
mod date_format;
pub mod extract;
mod format;
pub mod round_to_unit;
pub mod shift;
pub mod time_format;
mod timestamp_diff;
mod to_timestamp;
mod to_timestamp_ltz;
pub mod unit;
mod unix_time;

use self::unit::UnitFunction;
use super::definition::Function;

pub const FUNCTIONS: &[Function] = &[
    to_timestamp::TO_TIMESTAMP,
    to_timestamp_ltz::TO_TIMESTAMP_LTZ,
    to_timestamp::TO_DATE,
    unix_time::FROM_UNIXTIME,
    unix_time::UNIX_TIMESTAMP,
    date_format::DATE_FORMAT,
    extract::YEAR,
    extract::QUARTER,
    extract::MONTH,
    extract::WEEK,
    extract::DAYOFYEAR,
    extract::DAYOFMONTH,
    extract::DAYOFWEEK,
    extract::HOUR,
    extract::MINUTE,
    extract::SECOND,
    clock::CURRENT_TIMESTAMP,
    clock::NOW,
    clock::CURRENT_ROW_TIMESTAMP,
    clock::PROCTIME,
    clock::LOCALTIMESTAMP,
    clock::CURRENT_DATE,
    clock::CURRENT_TIME,
    clock::LOCALTIME,
];

/// The functions whose first argument is a unit. docs/job-file.md has them in its list of operators.
pub const UNIT_FUNCTIONS: &[UnitFunction] = &[shift::TIMESTAMPADD, timestamp_diff::TIMESTAMPDIFF];
