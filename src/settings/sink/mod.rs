//! A table that is written.

pub(crate) mod behind;
mod definition;
mod ledger;
mod mode;
pub mod options;
pub mod push;
pub(crate) mod read;

pub use self::definition::{Sink, SinkColumn};
pub use self::ledger::{DeliveryGuarantee, LedgerTables};
pub use self::mode::{ConflictMode, DeadLetterTarget, ExceptionMode, VectorIndexMode, WriteMode};
