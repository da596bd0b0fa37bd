//! Checked settings. `job` makes them of a job file, and `sink/read.rs` of a sink's options; the other parts are built from
//! them. They are plain data: every value has been checked, nothing has been opened.

pub(crate) mod connection;
#[cfg(feature = "job")]
pub mod kafka;
mod origin;
mod password;
#[cfg(feature = "job")]
pub mod registry;
pub mod sink;
mod table_name;
#[cfg(feature = "job")]
pub mod topics;

pub use self::connection::{Connection, Host, SslMode};

pub use self::origin::RowOrigin;
pub use self::password::Password;
pub use self::sink::{
    ConflictMode, DeadLetterTarget, DeliveryGuarantee, ExceptionMode, LedgerTables, Sink, SinkColumn, VectorIndexMode,
    WriteMode,
};

pub use self::table_name::TableName;
