//! What an expression can call: Flink's operators and functions that compute a value from values. What they need
//! besides (a compiled pattern, a format) is made once, when the job file is read.

use super::like::Like;
use super::pattern::Pattern;
use super::time_format::TimeFormat;

/// A function. Without another word it is NULL where an operand is. Operands are of the types named in the comments.
#[derive(Debug, Clone, PartialEq)]
pub enum Function {
    // Operands of the result's type; DECIMALs each of its own.
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Negate,
    Absolute,
    Sign,
    Floor,
    Ceil,
    /// A number and the digits to keep.
    Round,
    Truncate,
    // DOUBLE.
    Power,
    SquareRoot,
    Exponential,
    NaturalLogarithm,
    DecimalLogarithm,
    // All of one type.
    Greatest,
    Least,

    // Texts.
    Concat,
    /// The separator first; NULLs behind it are left out.
    ConcatWithSeparator,
    Upper,
    Lower,
    InitialCapitals,
    Reverse,
    /// Characters to take away may follow the text; blanks else.
    Trim(Side),
    /// Text, start, and perhaps a length.
    Substring,
    Left,
    Right,
    Repeat,
    PadLeft,
    PadRight,
    /// Text, what to look for, what to put there.
    Replace,
    /// Text and replacement, which is taken as it is.
    RegexpReplace(Pattern),
    /// The group of this number in the first match.
    RegexpExtract(Pattern, usize),
    Regexp(Pattern),
    Like(Like),
    /// Text, separator, and an index from 0.
    SplitIndex,
    CharLength,
    /// What to look for, the text, and perhaps the place to begin at.
    Position,
    Ascii,
    Md5,
    Sha256,
    ToBase64,
    FromBase64,

    // Dates and times.
    Extract(CalendarUnit),
    FloorTo(CalendarUnit),
    CeilTo(CalendarUnit),
    Shift(Interval),
    /// A moment and an INTERVAL to add.
    Later,
    /// A moment and an INTERVAL to subtract.
    Earlier,
    /// Whole units from the second to the first.
    Difference(CalendarUnit),
    /// A text in this format, as TIMESTAMP(3) or DATE; NULL where it is none.
    ToTimestamp(TimeFormat),
    ToDate(TimeFormat),
    /// A DATE, TIMESTAMP or TIMESTAMP_LTZ as text.
    DateFormat(TimeFormat),
    /// Seconds since 1970 as text.
    FromUnixtime(TimeFormat),
    /// A text as seconds since 1970.
    UnixTimestamp(TimeFormat),
    /// Seconds, or milliseconds, since 1970.
    ToInstant {
        millis: bool,
    },
    CurrentTimestamp,
    LocalTimestamp,
    CurrentDate,
    CurrentTime,
    CurrentUnixTimestamp,

    // ARRAY, ROW and MAP.
    Cardinality,
    /// The ARRAY and an index from 1.
    Element,
    /// The MAP and a key of its type.
    Lookup,
    Contains,
    MakeArray,
    MakeRow,
    /// Keys and values by turns.
    MakeMap,
}

/// Where blanks are taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Both,
    Leading,
    Trailing,
}

/// A part of a date or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarUnit {
    Millennium,
    Century,
    Decade,
    Year,
    IsoYear,
    Quarter,
    Month,
    Week,
    Day,
    /// From 1, Sunday.
    DayOfWeek,
    /// From 1, Monday.
    IsoDayOfWeek,
    DayOfYear,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Epoch,
}

/// A span of time to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub months: i64,
    pub millis: i64,
}

impl Function {
    /// Whether it has a value although an operand is NULL.
    pub fn takes_null(&self) -> bool {
        matches!(
            self,
            Function::ConcatWithSeparator
                | Function::MakeArray
                | Function::MakeRow
                | Function::MakeMap
                | Function::Contains
        )
    }

    /// Whether it gives another value at another time.
    pub fn asks_the_clock(&self) -> bool {
        matches!(
            self,
            Function::CurrentTimestamp
                | Function::LocalTimestamp
                | Function::CurrentDate
                | Function::CurrentTime
                | Function::CurrentUnixTimestamp
        )
    }
}
