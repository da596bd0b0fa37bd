//! A table that is written, and what becomes of rows that are in the way.

use std::path::PathBuf;
use std::time::Duration;

use crate::settings::{Connection, RowOrigin};
use crate::types::data_type::DataType;
use crate::types::encode::{EncodeOptions, VectorOptions};
use crate::types::vector_encoding::VectorEncoding;

/// Where rows go.
#[derive(Debug, Clone, PartialEq)]
pub struct Sink {
    /// `schema.table`, with `#2`, `#3` … for a further INSERT into the same table.
    pub name: String,
    pub origin: RowOrigin,
    /// Rows can be updated and deleted, too.
    pub changing: bool,
    /// The written columns.
    pub columns: Vec<SinkColumn>,
    /// Indexes into `columns` of the job file's PRIMARY KEY.
    pub declared_key: Option<Vec<usize>>,
    pub connection: Connection,
    /// Names as the database has them: already folded (`casesensitive` = 0) or as written (1), not quoted.
    pub schema: String,
    pub table: String,
    /// `None`: tuned while running, from 3000.
    pub batch_size: Option<usize>,
    pub batch_write_timeout: Duration,
    /// Size of the connection pool, and so the most writers at once.
    pub connection_max_active: u32,
    /// How long to wait for a free pooled connection.
    pub connection_max_wait: Duration,
    pub max_retry_times: u32,
    pub retry_wait_time: Duration,
    pub write_mode: WriteMode,
    pub conflict_mode: ConflictMode,
    pub exception_mode: ExceptionMode,
    /// `table.exec.sink.not-null-enforcer` = DROP: a NULL in a NOT NULL column drops the row and counts it as ignored.
    pub not_null_drop: bool,
    /// `replacebreak`: line feeds are removed from strings.
    pub remove_line_feeds: bool,
    /// `replacenullchar`: U+0000 is removed from strings.
    pub remove_null_characters: bool,
    pub dead_letter: Option<DeadLetterTarget>,
    /// `log.row-values`: log lines may quote values of rows.
    pub log_row_values: bool,
    /// `vector.dimension`: the length every vector must have when the table doesn't say.
    pub vector_dimension: Option<usize>,
    /// `vector.normalize` = l2: vectors are scaled to length 1.
    pub vector_normalize: bool,
}

impl Sink {
    /// How its values become rows. `encoding`: the source's `vector.encoding`.
    pub fn encode_options(&self, encoding: Option<VectorEncoding>) -> EncodeOptions {
        EncodeOptions {
            remove_line_feeds: self.remove_line_feeds,
            remove_null_characters: self.remove_null_characters,
            vectors: VectorOptions { encoding, normalize: self.vector_normalize },
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct SinkColumn {
    /// The column's name in the database.
    pub name: String,
    /// Of what feeds it.
    pub data_type: DataType,
    /// Declared NOT NULL, or part of the declared PRIMARY KEY.
    pub not_null: bool,
}

/// Which path rows take; a hint, the result is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// `0` and `2`: go through INSERT … ON CONFLICT from the start.
    Insert,
    /// `1`: COPY while it works.
    Copy,
}

/// What happens to a row whose key is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictMode {
    /// The row that was there first stays; the new one is counted as ignored.
    Ignore,
    /// The job stops.
    Strict,
    /// The new row replaces it; `update` means the same.
    Upsert,
}

/// What happens to a record that can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceptionMode {
    /// It becomes a dead letter, or is counted and logged where no dead-letter target is set.
    Ignore,
    /// The job stops.
    Strict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterTarget {
    /// JSON Lines, appended.
    File(PathBuf),
    /// A topic of the source's brokers.
    Kafka(String),
    /// A table of the sink's database; names as the database has them.
    Table { schema: String, table: String },
}
