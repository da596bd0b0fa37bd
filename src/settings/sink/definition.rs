//! A table that is written, as its options and columns say.

use std::time::Duration;

use super::behind::BehindSettings;
use super::ledger::{DeliveryGuarantee, LedgerSettings, LedgerTables};
use super::mode::{ConflictMode, DeadLetterTarget, ExceptionMode, VectorIndexMode, WriteMode};
use crate::settings::{Connection, RowOrigin};
use crate::types::data_type::DataType;
use crate::types::encode::{EncodeOptions, VectorOptions};
use crate::types::vector_encoding::VectorEncoding;

/// Where rows go. [`SinkOptions::new`](super::options::SinkOptions::new) makes one with the defaults of all options.
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
    /// How long to wait for a free session of the pool.
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
    /// `sink.skip-unchanged`. `None`: unchanged rows are skipped, unless the table has triggers that would no longer run.
    pub skip_unchanged: Option<bool>,
    pub dead_letter: Option<DeadLetterTarget>,
    /// `sink.delivery-guarantee`.
    pub delivery: DeliveryGuarantee,
    /// `sink.ledger.…`.
    pub ledger: LedgerSettings,
    /// `log.row-values`: log lines may quote values of rows.
    pub log_row_values: bool,
    /// `vector.dimension`: the length every vector must have when the table doesn't say.
    pub vector_dimension: Option<usize>,
    /// `vector.normalize` = l2: vectors are scaled to length 1.
    pub vector_normalize: bool,
    /// `sink.vector-index`.
    pub vector_index: VectorIndexMode,
    /// `sink.vector-index.…`.
    pub behind: BehindSettings,
}

/// A sink before the options and their defaults are applied.
impl Default for Sink {
    fn default() -> Self {
        Sink {
            name: String::new(),
            origin: RowOrigin::default(),
            changing: false,
            columns: Vec::new(),
            declared_key: None,
            connection: Connection::default(),
            schema: String::new(),
            table: String::new(),
            batch_size: None,
            batch_write_timeout: Duration::ZERO,
            connection_max_active: 1,
            connection_max_wait: Duration::ZERO,
            max_retry_times: 0,
            retry_wait_time: Duration::ZERO,
            write_mode: WriteMode::Copy,
            conflict_mode: ConflictMode::Ignore,
            exception_mode: ExceptionMode::Ignore,
            not_null_drop: false,
            remove_line_feeds: false,
            remove_null_characters: false,
            skip_unchanged: None,
            dead_letter: None,
            delivery: DeliveryGuarantee::AtLeastOnce,
            ledger: LedgerSettings::default(),
            log_row_values: false,
            vector_dimension: None,
            vector_normalize: false,
            vector_index: VectorIndexMode::Inline,
            behind: BehindSettings::default(),
        }
    }
}

impl Sink {
    /// The ledger's tables, which a sink without exactly-once has as well.
    pub fn ledger_tables(&self) -> LedgerTables {
        let or = |given: &Option<(String, String)>, usual: &str| {
            given.clone().unwrap_or_else(|| (self.schema.clone(), usual.to_owned()))
        };
        LedgerTables {
            stream: or(&self.ledger.stream_table, "vecsink_stream"),
            shard: or(&self.ledger.shard_table, "vecsink_shard"),
            replayed: or(&self.ledger.replayed_table, "vecsink_replayed"),
        }
    }

    /// How values become this sink's rows. `encoding`: the source's `vector.encoding`.
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
    /// The type of the values that go into it.
    pub data_type: DataType,
    /// Declared NOT NULL, or part of the declared PRIMARY KEY.
    pub not_null: bool,
}
