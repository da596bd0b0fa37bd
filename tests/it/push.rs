//! Rows that a host program pushes, read back from PostgreSQL with pgvector.

mod batches;
mod crash;
mod drift;
mod ends;
mod exactly_once;
mod examples;
mod expensive_rows;
mod failures;
mod rows;
pub mod scene;
mod text_types;
mod values;
mod words;
