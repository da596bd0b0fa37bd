//! Numbers, dates and times as Java reads and prints them, which Flink promises.

pub(crate) mod decimal;
pub(crate) mod number;
pub(crate) mod real;
