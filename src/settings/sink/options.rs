//! The options of a table that is written.
//!
//! An option is one entry here, and the field that it sets. Documentation, reading and checking come from the entry.

use std::path::PathBuf;

use super::behind::HotChildCreation;
use super::definition::Sink;
use super::ledger::DeliveryGuarantee;
use super::mode::{ConflictMode, DeadLetterTarget, ExceptionMode, VectorIndexMode};
use crate::options::value_types::is_topic;
use crate::options::{MOST, OptionDefinition, OptionValue, no_effect, with_defaults};
use crate::settings::{Password, TableName};

/// The values of a sink table's options. Some are fields of the sink already. From the others the rest of the sink is made,
/// after all options were read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SinkOptions {
    pub sink: Sink,
    /// May hold a password.
    pub url: Password,
    pub user: Option<String>,
    pub password: Option<Password>,
    /// Names are taken as they are written.
    pub case_sensitive: bool,
    pub write_mode: WriteModeOption,
    pub dead_letter: Option<DeadLetterOption>,
    /// `sink.ledger.stream-table`, as it is written.
    pub stream_table: Option<TableName>,
    /// `sink.ledger.replayed-table`, as it is written.
    pub replayed_table: Option<TableName>,
    /// `sink.ledger.shard-table`, as it is written.
    pub shard_table: Option<TableName>,
    /// `sink.vector-index.hot-table`, as it is written.
    pub hot_table: Option<TableName>,
    pub use_copy: bool,
    pub cache: Option<String>,
}

impl SinkOptions {
    /// Options of which none is set.
    pub fn new() -> Self {
        with_defaults(OPTIONS)
    }
}

/// `writemode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteModeOption {
    Insert,
    #[default]
    Copy,
    /// Whatever the conflict mode says.
    Upsert,
    /// Not supported.
    Merge,
}

/// `deadletter`, with a table's name as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterOption {
    File(PathBuf),
    Kafka(String),
    Table(TableName),
}

impl DeadLetterOption {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("file", "")) => Err("needs a path after 'file:'".into()),
            Some(("file", path)) => Ok(DeadLetterOption::File(PathBuf::from(path))),
            Some(("kafka", topic)) if is_topic(topic) => Ok(DeadLetterOption::Kafka(topic.to_owned())),
            Some(("kafka", _)) => Err("needs a topic's name after 'kafka:': letters, digits, '.', '_' and '-'".into()),
            Some(("table", name)) => TableName::parse(name).map(DeadLetterOption::Table).map_err(|_| {
                "needs SCHEMA.NAME after 'table:', with double quotes around a part that contains dots".to_owned()
            }),
            _ => Err("must be 'file:PATH', 'kafka:TOPIC' or 'table:SCHEMA.NAME'".into()),
        }
    }

    /// `folded`: names are in lower case, unless they are in double quotes. A table without a schema is in the sink's.
    pub fn resolve(self, schema: &str, folded: bool) -> DeadLetterTarget {
        match self {
            DeadLetterOption::File(path) => DeadLetterTarget::File(path),
            DeadLetterOption::Kafka(topic) => DeadLetterTarget::Kafka(topic),
            DeadLetterOption::Table(name) => {
                let (schema, table) = if folded { name.folded() } else { name }.or_in(schema);
                DeadLetterTarget::Table { schema, table }
            }
        }
    }
}

pub type SinkOption = OptionDefinition<SinkOptions>;

pub const CONNECTOR: SinkOption = SinkOption::new(
    "connector",
    OptionValue::Text(|_, _| {}),
    "Either adbpg, or adbpg-nightly- and a version, such as adbpg-nightly-1.13.",
)
.required()
// It says that the table is a sink, which is known here.
.read_when(|_| false);
pub const URL: SinkOption = SinkOption::new(
    "url",
    // The URL can hold a password.
    OptionValue::Secret(|options, url| options.url = Password::new(url)),
    "The database: jdbc:postgresql://host[:port][,host2…]/database[?sslmode=…&connectTimeout=…], or a postgresql:// URL as \
     libpq reads it, whose host may also be the directory of a Unix socket.",
)
.required();
pub const TABLE_NAME: SinkOption = SinkOption::new(
    "tablename",
    OptionValue::Text(|options, name| options.sink.table = name),
    "The table's name in the database, without its schema.",
)
.required();
pub const USER_NAME: SinkOption = SinkOption::new(
    "username",
    OptionValue::Text(|options, user| options.user = Some(user)),
    "The user who logs in. It replaces the user of the url. One of the two is required.",
)
.setter("user");
pub const PASSWORD: SinkOption = SinkOption::new(
    "password",
    OptionValue::Secret(|options, password| options.password = Some(Password::new(password))),
    "The password of the user. It replaces the password of the url. A jdbc: url without sslkey needs one of the two. \
     ${NAME} stands for the environment variable NAME.",
)
.setter("password");
pub const TARGET_SCHEMA: SinkOption = SinkOption::new(
    "targetschema",
    OptionValue::Text(|options, name| options.sink.schema = name),
    "The table's schema.",
)
.default("public");
pub const BATCH_SIZE: SinkOption = SinkOption::new(
    "batchsize",
    OptionValue::Count { most: MOST, set: |options, rows| options.sink.batch_size = Some(rows as usize) },
    "The most rows that one transaction writes. If rows take the server long, it writes fewer, so that it takes about 100 \
     ms. Without this option the number is tuned while the job runs, from 3000.",
)
.setter("batch_size");
pub const BATCH_WRITE_TIMEOUT: SinkOption = SinkOption::new(
    "batchwritetimeoutms",
    OptionValue::Millis(|options, limit| options.sink.batch_write_timeout = limit),
    "The longest time that a row waits for its batch to fill, in milliseconds. A writer without other work takes the row \
     much earlier.",
)
.default("10000");
pub const CONNECTION_MAX_ACTIVE: SinkOption = SinkOption::new(
    "connectionmaxactive",
    OptionValue::Count { most: 10_000, set: |options, most| options.sink.connection_max_active = most },
    "The most connections for writers, and so the most writers at once.",
)
.default("20")
.setter("connections");
pub const CONNECTION_MAX_WAIT: SinkOption = SinkOption::new(
    "connectionmaxwait",
    OptionValue::Millis(|options, limit| options.sink.connection_max_wait = limit),
    "The longest time that a writer waits for a free connection, in milliseconds.",
)
.default("15000");
pub const MAX_RETRY_TIMES: SinkOption = SinkOption::new(
    "maxretrytimes",
    OptionValue::Count { most: MOST, set: |options, times| options.sink.max_retry_times = times },
    "How many times a batch is tried again after an error that does not show which row is refused. After these retries \
     vecsink looks for the row. Outages do not count as retries.",
)
.default("2");
pub const RETRY_WAIT_TIME: SinkOption = SinkOption::new(
    "retrywaittime",
    OptionValue::Millis(|options, wait| options.sink.retry_wait_time = wait),
    "The time before the first retry, in milliseconds. Later retries wait longer.",
)
.default("200");
pub const WRITE_MODE: SinkOption = SinkOption::new(
    "writemode",
    OptionValue::Choice(&[
        ("0", |options| options.write_mode = WriteModeOption::Insert),
        ("1", |options| options.write_mode = WriteModeOption::Copy),
        ("2", |options| options.write_mode = WriteModeOption::Upsert),
        ("3", |options| options.write_mode = WriteModeOption::Merge),
    ]),
    "0: rows are written by INSERT from the start. 1: they are written by COPY as long as COPY works. Both give the same \
     result. 2: as 0, and conflictmode is upsert, whatever its value. 3 is not supported.",
)
.default("1");
pub const CONFLICT_MODE: SinkOption = SinkOption::new(
    "conflictmode",
    OptionValue::Choice(&[
        ("ignore", |options| options.sink.conflict_mode = ConflictMode::Ignore),
        ("strict", |options| options.sink.conflict_mode = ConflictMode::Strict),
        ("update", |options| options.sink.conflict_mode = ConflictMode::Upsert),
        ("upsert", |options| options.sink.conflict_mode = ConflictMode::Upsert),
    ]),
    "What happens to a row whose key is already in the table: ignore keeps the old row, upsert (or update) replaces it, \
     strict stops the job. For rows that a program pushes the default is upsert.",
)
.default("ignore")
.setter("conflict_mode");
pub const EXCEPTION_MODE: SinkOption = SinkOption::new(
    "exceptionmode",
    OptionValue::Choice(&[
        ("ignore", |options| options.sink.exception_mode = ExceptionMode::Ignore),
        ("strict", |options| options.sink.exception_mode = ExceptionMode::Strict),
    ]),
    "What happens to a record that can't be decoded or written: ignore rejects it and goes on, strict stops the job.",
)
.default("ignore")
.setter("exception_mode");
pub const CASE_SENSITIVE: SinkOption = SinkOption::new(
    "casesensitive",
    OptionValue::Choice(&[
        ("0", |options| options.case_sensitive = false),
        ("1", |options| options.case_sensitive = true),
    ]),
    "0: the names of the schema, the table and the columns are folded to lower case. 1: they are taken as they are written.",
)
.default("0");
pub const REPLACE_BREAK: SinkOption = SinkOption::new(
    "replacebreak",
    OptionValue::Boolean(|options, on| options.sink.remove_line_feeds = on),
    "true: line feeds are removed from strings.",
)
.default("false")
.since("1.14");
pub const REPLACE_NULL_CHAR: SinkOption = SinkOption::new(
    "replacenullchar",
    OptionValue::Boolean(|options, on| options.sink.remove_null_characters = on),
    "true: the character U+0000 is removed from strings. false: a record with this character in a string is rejected.",
)
.default("false")
.since("1.14");
pub const DEAD_LETTER: SinkOption = SinkOption::new(
    "deadletter",
    OptionValue::Parsed(|options, text| DeadLetterOption::parse(text).map(|target| options.dead_letter = Some(target))),
    "Where rejected records are stored: file:PATH appends them to a file as JSON Lines, kafka:TOPIC sends them to a topic \
     of the source's brokers, table:SCHEMA.NAME writes them into a table of the sink's database. Without this option they \
     are only counted and logged.",
)
.own()
.setter("dead_letter_file");
pub const DELIVERY_GUARANTEE: SinkOption = SinkOption::new(
    "sink.delivery-guarantee",
    OptionValue::Choice(&[
        ("at-least-once", |options| options.sink.delivery = DeliveryGuarantee::AtLeastOnce),
        ("exactly-once", |options| options.sink.delivery = DeliveryGuarantee::ExactlyOnce),
    ]),
    "at-least-once: after a crash some rows are written again, which changes nothing if the table has a key. exactly-once: \
     progress is stored in the same transaction as the rows, so each row is written once; a program that pushes rows must give \
     the stream a name and the rows numbers of its own.",
)
.default("at-least-once")
.own()
.setter("delivery_guarantee");
pub const LEDGER_STREAM_TABLE: SinkOption = SinkOption::new(
    "sink.ledger.stream-table",
    OptionValue::Parsed(|options, text| TableName::parse(text).map(|name| options.stream_table = Some(name))),
    "With exactly-once, and for named streams: the table that has one row for each stream, as SCHEMA.NAME or NAME. The default \
     is vecsink_stream in the target table's schema. vecsink ddl --ledger prints the statement that makes it.",
)
.own();
pub const LEDGER_SHARD_TABLE: SinkOption = SinkOption::new(
    "sink.ledger.shard-table",
    OptionValue::Parsed(|options, text| TableName::parse(text).map(|name| options.shard_table = Some(name))),
    "With exactly-once, and for named streams: the table that has one row for each shard of a stream, as SCHEMA.NAME or NAME. \
     The default is vecsink_shard in the target table's schema.",
)
.own();
pub const LEDGER_REPLAYED_TABLE: SinkOption = SinkOption::new(
    "sink.ledger.replayed-table",
    OptionValue::Parsed(|options, text| TableName::parse(text).map(|name| options.replayed_table = Some(name))),
    "With exactly-once: the table of the records that vecsink replay has written, as SCHEMA.NAME or NAME. The first replay makes it. The \
     default is vecsink_replayed in the target table's schema.",
)
.own();
pub const SKIP_UNCHANGED: SinkOption = SinkOption::new(
    "sink.skip-unchanged",
    OptionValue::Boolean(|options, on| options.sink.skip_unchanged = Some(on)),
    "true: a row that is in the table already with the same values is not written again; it makes no index entry and no \
     WAL, runs no trigger, and is counted by rows_unchanged. false: every row is written. Without this option it is true, \
     unless the table has triggers on INSERT or UPDATE; rows of a table without a vector index are then compared only as \
     long as the comparison finds unchanged rows.",
)
.own();
pub const LOG_ROW_VALUES: SinkOption = SinkOption::new(
    "log.row-values",
    OptionValue::Boolean(|options, on| options.sink.log_row_values = on),
    "false: log lines contain no values of rows. The line about a rejected row names its position, column and SQLSTATE. The \
     reason can contain values, so only the dead letter has it.",
)
.default("true")
.own();
pub const VECTOR_DIMENSION: SinkOption = SinkOption::new(
    "vector.dimension",
    OptionValue::Count {
        most: 1_000_000,
        set: |options, length| options.sink.vector_dimension = Some(length as usize),
    },
    "The length that vectors must have if the table's types and indexes don't say it.",
)
.own()
.setter("vector_dimension");
pub const VECTOR_NORMALIZE: SinkOption = SinkOption::new(
    "vector.normalize",
    OptionValue::Choice(&[
        ("none", |options| options.sink.vector_normalize = false),
        ("l2", |options| options.sink.vector_normalize = true),
    ]),
    "l2: vectors are scaled to length 1 before they are stored; this is for indexes by inner product. A record with a zero \
     vector is rejected.",
)
.default("none")
.own()
.setter("vector_normalize");
pub const VECTOR_INDEX: SinkOption = SinkOption::new(
    "sink.vector-index",
    OptionValue::Choice(&[
        ("inline", |options| options.sink.vector_index = VectorIndexMode::Inline),
        ("behind", |options| options.sink.vector_index = VectorIndexMode::Behind),
        ("defer", |options| options.sink.vector_index = VectorIndexMode::Defer),
    ]),
    "How rows get into the table's vector index. inline: the server adds each row when it is written. behind: rows are \
     written to a child table without a vector index, where queries find them at once, and move into the index later. defer: \
     the index is dropped before the rows are written, and built again after them.",
)
.default("inline")
.own()
.setter("vector_index");
pub const VECTOR_INDEX_CREATE: SinkOption = SinkOption::new(
    "sink.vector-index.create",
    OptionValue::Boolean(|options, on| {
        options.sink.behind.creation = if on { HotChildCreation::Allowed } else { HotChildCreation::Refused };
    }),
    "With behind: whether vecsink makes the hot child if it is missing. false: a missing hot child is an error, which shows \
     the statements that make it. vecsink ddl prints them, too.",
)
.default("true")
.own();
pub const VECTOR_INDEX_HOT_TABLE: SinkOption = SinkOption::new(
    "sink.vector-index.hot-table",
    OptionValue::Parsed(|options, text| TableName::parse(text).map(|name| options.hot_table = Some(name))),
    "With behind: the name of the hot child, as SCHEMA.NAME or NAME. The default is the target table's name with _hot at \
     its end, in the same schema.",
)
.own();
pub const VECTOR_INDEX_SCAN_LIMIT: SinkOption = SinkOption::new(
    "sink.vector-index.scan-limit",
    OptionValue::Millis(|options, limit| options.sink.behind.scan_limit = limit),
    "With behind: how many milliseconds a query may spend on the rows that are in no vector index. When these rows take \
     longer, the hot child is sealed and gets an index of its own.",
)
.default("20")
.own();
pub const VECTOR_INDEX_MOVERS: SinkOption = SinkOption::new(
    "sink.vector-index.movers",
    OptionValue::Count { most: 1000, set: |options, most| options.sink.behind.movers = Some(most) },
    "With behind: the most threads that move rows into the index. The default is half of connectionmaxactive, but at least \
     1 and at most 8.",
)
.own();
pub const USE_COPY: SinkOption = SinkOption::new(
    "usecopy",
    OptionValue::Choice(&[("0", |options| options.use_copy = false), ("1", |options| options.use_copy = true)]),
    "Accepted, no effect: writemode decides.",
);
pub const RESERVE_MS: SinkOption = SinkOption::new(
    "reservems",
    OptionValue::Choice(&[("0", no_effect), ("1", no_effect)]),
    "Accepted, no effect: the milliseconds of a timestamp in a key always count.",
);
pub const VERBOSE: SinkOption =
    SinkOption::new("verbose", OptionValue::Choice(&[("0", no_effect), ("1", no_effect)]), "Accepted, no effect.");
pub const DELIMITER: SinkOption =
    SinkOption::new("delimiter", OptionValue::NoEffect, "Accepted, no effect: COPY is binary.").since("1.14");
pub const STREAMING_HOST: SinkOption =
    SinkOption::new("adbsshost", OptionValue::NoEffect, "Accepted, no effect: rows go to the database itself.")
        .since("1.14");
pub const STREAMING_PORT: SinkOption =
    SinkOption::new("adbssport", OptionValue::NoEffect, "Accepted, no effect.").since("1.14");
pub const JOIN_MAX_ROWS: SinkOption =
    SinkOption::new("joinmaxrows", OptionValue::NoEffect, "Accepted, no effect: it is for lookups only.");
pub const CACHE: SinkOption = SinkOption::new(
    "cache",
    OptionValue::Any(|options, kind| {
        options.cache = Some(kind.to_owned());
        Ok(())
    }),
    "Accepted, no effect: it is for lookups only.",
);
pub const CACHE_SIZE: SinkOption =
    SinkOption::new("cachesize", OptionValue::NoEffect, "Accepted, no effect: it is for lookups only.");
pub const CACHE_TTL: SinkOption =
    SinkOption::new("cachettlms", OptionValue::NoEffect, "Accepted, no effect: it is for lookups only.");
pub const PROPERTY_VERSION: SinkOption =
    SinkOption::new("property-version", OptionValue::NoEffect, "Accepted, no effect.");

pub const OPTIONS: &[SinkOption] = &[
    CONNECTOR,
    URL,
    TABLE_NAME,
    USER_NAME,
    PASSWORD,
    TARGET_SCHEMA,
    BATCH_SIZE,
    BATCH_WRITE_TIMEOUT,
    CONNECTION_MAX_ACTIVE,
    CONNECTION_MAX_WAIT,
    MAX_RETRY_TIMES,
    RETRY_WAIT_TIME,
    WRITE_MODE,
    CONFLICT_MODE,
    EXCEPTION_MODE,
    CASE_SENSITIVE,
    REPLACE_BREAK,
    REPLACE_NULL_CHAR,
    DEAD_LETTER,
    DELIVERY_GUARANTEE,
    LEDGER_STREAM_TABLE,
    LEDGER_SHARD_TABLE,
    LEDGER_REPLAYED_TABLE,
    SKIP_UNCHANGED,
    LOG_ROW_VALUES,
    VECTOR_DIMENSION,
    VECTOR_NORMALIZE,
    VECTOR_INDEX,
    VECTOR_INDEX_CREATE,
    VECTOR_INDEX_HOT_TABLE,
    VECTOR_INDEX_SCAN_LIMIT,
    VECTOR_INDEX_MOVERS,
    USE_COPY,
    RESERVE_MS,
    VERBOSE,
    DELIMITER,
    STREAMING_HOST,
    STREAMING_PORT,
    JOIN_MAX_ROWS,
    CACHE,
    CACHE_SIZE,
    CACHE_TTL,
    PROPERTY_VERSION,
];
