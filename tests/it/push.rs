//! Rows that a host program pushes, read back from PostgreSQL with pgvector.

mod failures;
mod rows;
mod scene;
