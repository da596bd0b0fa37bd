//! The sink's database: rows are written into its table, with conflicts, retries and refused rows.

mod catalog;
mod connect;
mod own_tables;
mod schema;
mod target;
mod vector_index;
mod write;

pub use self::own_tables::dead_letters::beside::{Answered, Beside};
pub use self::own_tables::dead_letters::open::check_dead_letters;
pub use self::own_tables::dead_letters::read::read_dead_letters;
pub use self::own_tables::dead_letters::table::dead_letter_table_ddl;
pub use self::own_tables::streams::{OwnStream, PositionOutcome, StreamName};
pub use self::schema::schema_version::SchemaVersion;
pub use self::target::Target;
#[cfg(feature = "internals")]
pub use self::target::description::Description;
pub use self::vector_index::layout::{TableLayout, layout_ddl};
pub use self::write::settle::Settle;
pub use self::write::written::Written;
