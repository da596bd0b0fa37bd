//! Flink SQL: its statements (`parse`), what they mean (`plan`), and their expressions at work (`evaluate`).

pub(crate) mod evaluate;
pub mod expression;
pub(crate) mod parse;
pub(crate) mod plan;
pub(crate) mod values;
