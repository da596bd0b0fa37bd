//! Flink SQL: its statements (`parse`), their meaning (`plan`), and the evaluation of expressions (`evaluate`). The SQL
//! functions are in `functions`.

pub(crate) mod evaluate;
pub mod expression;
pub mod functions;
pub(crate) mod parse;
pub(crate) mod plan;
pub(crate) mod values;
