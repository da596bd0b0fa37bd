//! The sink's database: rows are written into its table, with conflicts, retries and refused rows.

mod catalog;
mod connect;
mod own_tables;
mod schema;
mod target;
mod vector_index;
mod write;

pub use self::catalog::tree::{TableRef, Tree};
pub use self::own_tables::dead_letters::changes::{DeadLetterChanges, ReplayedDeadLetters, WrittenRecords};
pub use self::own_tables::dead_letters::open::check_dead_letters;
pub use self::own_tables::dead_letters::read::read_dead_letters;
pub use self::own_tables::dead_letters::table::dead_letter_table_ddl;
pub use self::own_tables::ledger::low::PositionOutcome;
pub use self::own_tables::ledger::operate::{LedgerSession, LedgerStream};
pub use self::own_tables::ledger::print::{ledger_ddl, replayed_insert};
pub use self::own_tables::ledger::tables::{Forgotten, StreamsOf};
pub use self::own_tables::ledger::take_over::{Start, TakenStream};
pub use self::schema::schema_version::SchemaVersion;
pub use self::target::Target;
#[cfg(feature = "internals")]
pub use self::target::description::Description;
pub use self::vector_index::ages::Ages;
pub use self::vector_index::build::Built;
pub use self::vector_index::deferral::catch_up::CatchUp;
pub use self::vector_index::deferral::index_deferral::{Deferred, IndexDeferral, Restored};
pub use self::vector_index::deferral::progress::BuildProgress;
pub use self::vector_index::deferral::script::BuildKind;
pub use self::vector_index::doctor::Finding;
#[cfg(feature = "internals")]
pub use self::vector_index::doctor::{CHECKS, Diagnosis};
pub use self::vector_index::holders::LockWatch;
pub use self::vector_index::keeper::{KeeperSession, SealedChild, TreeKeeper, TreeLook};
pub use self::vector_index::layout::{TableLayout, layout_ddl};
pub use self::vector_index::lock_tries::{LONGEST as LONGEST_LOCK_WAIT, LockTries};
pub use self::vector_index::measure::ScanTimer;
pub use self::vector_index::merge::Merged;
pub use self::vector_index::merge_rule::children_to_merge;
pub use self::vector_index::mover::Moved;
pub use self::vector_index::pace::Pace;
pub use self::vector_index::policy::{Figures, Orders, Policy};
pub use self::vector_index::seal::TreeChange;
pub use self::write::settle::Settle;
pub use self::write::written::Written;
