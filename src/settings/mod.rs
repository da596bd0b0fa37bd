//! Checked settings: what `config` makes of a job file or a sink's options, and what the other stages are built from.
//! Plain data; every value has been checked, nothing has been opened.

mod connection;
#[cfg(feature = "job")]
mod job;
#[cfg(feature = "job")]
mod mapping;
mod origin;
mod password;
mod sink;
#[cfg(feature = "job")]
mod source;
mod table_name;
mod vector_encoding;

pub use self::connection::{Connection, Host, SslMode};
#[cfg(feature = "job")]
pub use self::job::Job;
#[cfg(feature = "job")]
pub use self::mapping::Mapping;
pub use self::origin::Origin;
pub use self::password::Password;
pub use self::sink::{ConflictMode, DeadLetterTarget, ExceptionMode, Sink, SinkColumn, WriteMode};
#[cfg(feature = "job")]
pub use self::source::*;
pub use self::table_name::TableName;
pub use self::vector_encoding::{PackedNumber, VectorEncoding};
