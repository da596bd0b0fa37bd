//! Numbers as Java reads and prints them, which Flink promises. Dates and times are in `types/calendar/java.rs`.

pub(crate) mod decimal;
pub(crate) mod number;
pub(crate) mod real;
