//! What follows from the table's catalog: statements, the order of rows, and the schema versions while the sink is open.

mod check_times;
pub(crate) mod clauses;
pub(crate) mod order;
pub(crate) mod others;
pub(crate) mod schema_version;
pub(crate) mod statements;
pub(crate) mod table_schema;
mod unchanged;
