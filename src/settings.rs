//! A job's checked settings: what `config` makes of a job file, and what the other stages are built from. Plain data;
//! every value has been checked, nothing has been opened.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::data_type::DataType;
use crate::expression::Expression;
use crate::time_zone::TimeZone;
use crate::topics::Topics;

/// A whole job file.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// `SET 'pipeline.name'`, if the file has one. See [`Job::name`] for what stands in for it.
    pub pipeline_name: Option<String>,
    /// The job file's stem, `job` for `job.sql`.
    pub file_stem: Option<String>,
    pub sources: Vec<Source>,
    /// One for every INSERT INTO, in the order of the file.
    pub sinks: Vec<Sink>,
    /// Bytes of rows held between reading and COMMIT, in the whole process.
    pub buffer_memory: usize,
    /// How long the database may be away before the job gives up. `None`: no end.
    pub max_outage: Option<Duration>,
    /// What the user should be told at start: options without effect, defaults that differ from the Java connector's.
    pub notices: Vec<String>,
}

/// A table that is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub table: String,
    /// What the format decodes. Expressions count these first, then `format_metadata`, then `record_metadata`.
    pub columns: Vec<Column>,
    /// Metadata that the format reads from the message (`value.…` of the table's METADATA columns).
    pub format_metadata: Vec<MetadataColumn>,
    /// Metadata of the record itself: `topic`, `partition`, `offset`, `timestamp` …
    pub record_metadata: Vec<MetadataColumn>,
    pub kafka: KafkaSource,
    /// Of the message values.
    pub format: Format,
    /// What the message keys hold, if they are read.
    pub key: Option<KeyFormat>,
    /// `upsert-kafka`: a message replaces the row of its key, and one without a value deletes it.
    pub upsert: bool,
    /// `vector.encoding`: what BYTES hold where they feed a vector.
    pub vector_encoding: Option<VectorEncoding>,
}

/// `key.format` and `key.fields`: columns that the message key holds.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyFormat {
    pub format: Format,
    /// In the order in which the key has them.
    pub fields: Vec<KeyField>,
    /// `value.fields-include` = ALL: the value holds these columns too, and counts where both do.
    pub also_in_value: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyField {
    /// Index into [`Source::columns`].
    pub column: usize,
    /// As the key calls it: without `key.fields-prefix`.
    pub name: String,
}

impl Source {
    /// Whether its messages can update and delete rows.
    pub fn is_changing(&self) -> bool {
        self.upsert || self.format.is_changing()
    }

    /// Where the schemas of its messages are kept: of their values, of their keys.
    pub fn registries(&self) -> impl Iterator<Item = &Registry> {
        self.format.registry().into_iter().chain(self.key.as_ref().and_then(|key| key.format.registry()))
    }

    /// The columns as the key's format sees them.
    pub fn key_columns(&self) -> Vec<Column> {
        let fields = self.key.iter().flat_map(|key| &key.fields);
        let column =
            |field: &KeyField| Some(Column { name: field.name.clone(), ..self.columns.get(field.column)?.clone() });
        fields.filter_map(column).collect()
    }

    /// The columns that the value's format sees, as indexes.
    pub fn columns_in_value(&self) -> Vec<usize> {
        let only_in_key = |column: &usize| {
            self.key
                .as_ref()
                .is_some_and(|key| !key.also_in_value && key.fields.iter().any(|field| field.column == *column))
        };
        (0..self.columns.len()).filter(|column| !only_in_key(column)).collect()
    }
}

/// How a vector's numbers stand in bytes, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorEncoding {
    pub number: PackedNumber,
    pub big_endian: bool,
    /// STRING columns hold these bytes too, as base64.
    pub base64: bool,
}

/// A float of IEEE 754 of 2, 4 or 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackedNumber {
    F16,
    F32,
    F64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub data_type: DataType,
    pub not_null: bool,
}

/// `name TYPE METADATA [FROM 'key']`: `data_type` is the key's own; a column declared otherwise is a cast of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataColumn {
    pub key: String,
    pub data_type: DataType,
}

#[derive(Clone, PartialEq)]
pub struct KafkaSource {
    /// `host:port,…`
    pub brokers: String,
    pub topics: Topics,
    pub group_id: Option<String>,
    pub startup: Startup,
    pub bounded: Bounded,
    pub assignment: Assignment,
    /// How often to look for new topics and partitions. `None`: never.
    pub discovery_interval: Option<Duration>,
    /// `properties.auto.offset.reset`, only meaningful with [`Startup::GroupOffsets`].
    pub auto_offset_reset: Option<OffsetReset>,
    /// `properties.*` without the prefix, as the job file has them (Java client names), in its order.
    pub properties: Vec<(String, String)>,
}

impl fmt::Debug for KafkaSource {
    /// The properties' values hold logins and keys, so only their names are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: Vec<&str> = self.properties.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("KafkaSource")
            .field("brokers", &self.brokers)
            .field("topics", &self.topics)
            .field("group_id", &self.group_id)
            .field("startup", &self.startup)
            .field("bounded", &self.bounded)
            .field("assignment", &self.assignment)
            .field("discovery_interval", &self.discovery_interval)
            .field("auto_offset_reset", &self.auto_offset_reset)
            .field("properties", &properties)
            .finish()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetReset {
    Earliest,
    Latest,
    None,
}

/// `scan.startup.mode`: where a partition without stored progress is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Startup {
    Earliest,
    Latest,
    GroupOffsets,
    /// Milliseconds since the epoch.
    Timestamp(i64),
    SpecificOffsets(PartitionOffsets),
}

/// `scan.bounded.mode`: where reading ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bounded {
    Unbounded,
    Latest,
    GroupOffsets,
    /// Milliseconds since the epoch.
    Timestamp(i64),
    SpecificOffsets(PartitionOffsets),
}

/// An offset for some of a topic's partitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionOffsets(pub Vec<(i32, i64)>);

impl PartitionOffsets {
    /// The last one given for the partition.
    pub fn of(&self, partition: i32) -> Option<i64> {
        self.0.iter().rev().find(|(id, _)| *id == partition).map(|(_, offset)| *offset)
    }
}

/// `scan.assignment`: who decides which partitions this process reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// It reads all of them.
    Manual,
    /// The consumer group shares them among its members.
    Group,
}

/// How message values are decoded.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    Csv(CsvFormat),
    Json(JsonFormat),
    Raw(RawFormat),
    Debezium(DebeziumFormat),
    Canal(CanalFormat),
    Maxwell(ChangeFormat),
    Ogg(ChangeFormat),
    Avro(AvroFormat),
    AvroConfluent(ConfluentFormat),
    DebeziumAvroConfluent(ConfluentFormat),
    Protobuf(ProtobufFormat),
}

impl Format {
    /// Whether its messages can update and delete rows; the others only ever add some.
    pub fn is_changing(&self) -> bool {
        match self {
            Format::Csv(_)
            | Format::Json(_)
            | Format::Raw(_)
            | Format::Avro(_)
            | Format::AvroConfluent(_)
            | Format::Protobuf(_) => false,
            Format::Debezium(_) | Format::Canal(_) | Format::Maxwell(_) | Format::Ogg(_) => true,
            Format::DebeziumAvroConfluent(_) => true,
        }
    }

    /// Where its messages' schemas are kept, if they name them.
    pub fn registry(&self) -> Option<&Registry> {
        match self {
            Format::AvroConfluent(options) | Format::DebeziumAvroConfluent(options) => Some(&options.registry),
            _ => None,
        }
    }
}

/// Options of `format = 'csv'`; see Flink's csv format for their meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvFormat {
    pub field_delimiter: char,
    /// `None`: `disable-quote-character`.
    pub quote_character: Option<char>,
    pub allow_comments: bool,
    pub ignore_parse_errors: bool,
    pub array_element_delimiter: String,
    pub escape_character: Option<char>,
    pub null_literal: Option<String>,
}

/// Options of `format = 'json'`; see Flink's json format for their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonFormat {
    pub fail_on_missing_field: bool,
    pub ignore_parse_errors: bool,
    pub timestamps: TimestampStandard,
}

/// What the options of all change formats in JSON have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeFormat {
    pub ignore_parse_errors: bool,
    pub timestamps: TimestampStandard,
}

/// Options of `format = 'debezium-json'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DebeziumFormat {
    pub change: ChangeFormat,
    /// The message is wrapped with its schema: Kafka Connect's `schemas.enable`.
    pub schema_include: bool,
}

/// Options of `format = 'canal-json'`: regular expressions that a message's database and table must match as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanalFormat {
    pub change: ChangeFormat,
    pub database_include: Option<String>,
    pub table_include: Option<String>,
}

/// Options of `format = 'raw'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawFormat {
    pub charset: Charset,
    pub little_endian: bool,
}

/// Options of `format = 'avro'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvroFormat {
    /// What the messages are written with: the schema that Flink derives from the table.
    pub schema: String,
    pub encoding: AvroEncoding,
    /// `timestamp_mapping.legacy`: TIMESTAMP is an instant in milliseconds.
    pub legacy_timestamps: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvroEncoding {
    Binary,
    Json,
}

/// Options of the formats whose messages name their schema in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfluentFormat {
    /// The reader's: `schema`, or the one that Flink derives from the table.
    pub schema: String,
    pub registry: Registry,
}

/// A schema registry with Confluent's API, and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Tried in order; without a login in them.
    pub urls: Vec<String>,
    pub login: RegistryLogin,
    pub trust_store: Option<KeyStore>,
    pub key_store: Option<KeyStore>,
    /// `false`: the certificate may be in any name.
    pub verify_host: bool,
    pub connect_timeout: Duration,
    pub read_timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryLogin {
    None,
    User {
        name: String,
        password: Password,
    },
    /// The user of a `sasl.jaas.config`.
    Jaas(Password),
    Token(Password),
}

/// A file with keys or certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStore {
    pub path: String,
    pub password: Option<Password>,
    /// PEM, PKCS12 …, where it is told.
    pub kind: Option<String>,
}

/// Options of `format = 'protobuf'`.
#[derive(Clone, PartialEq)]
pub struct ProtobufFormat {
    /// The type of the messages, with all types that it is made of.
    pub message: prost_reflect::MessageDescriptor,
    pub ignore_parse_errors: bool,
    /// Fields that aren't set have their default instead of NULL.
    pub read_default_values: bool,
}

impl fmt::Debug for ProtobufFormat {
    /// A descriptor shows itself with all of its file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtobufFormat")
            .field("message", &self.message.full_name())
            .field("ignore_parse_errors", &self.ignore_parse_errors)
            .field("read_default_values", &self.read_default_values)
            .finish()
    }
}

/// How bytes are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    Utf8,
    Ascii,
    /// Each byte is the character of its number.
    Latin1,
    /// By its byte order mark, big-endian without one.
    Utf16,
    Utf16Be,
    Utf16Le,
    /// Another one of the WHATWG's list, such as GBK.
    Other(&'static encoding_rs::Encoding),
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Charset::Utf8 => "UTF-8",
            Charset::Ascii => "US-ASCII",
            Charset::Latin1 => "ISO-8859-1",
            Charset::Utf16 => "UTF-16",
            Charset::Utf16Be => "UTF-16BE",
            Charset::Utf16Le => "UTF-16LE",
            Charset::Other(encoding) => encoding.name(),
        })
    }
}

/// `timestamp-format.standard`: how JSON spells timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampStandard {
    /// `2024-03-01 08:30:00.5`
    Sql,
    /// `2024-03-01T08:30:00.5`
    Iso8601,
}

/// One INSERT INTO: a projection of one source into one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Sink {
    /// `schema.table`, with `#2`, `#3` … for a further INSERT into the same table.
    pub name: String,
    /// Index into [`Job::sources`].
    pub source: usize,
    /// Rows for which this is not TRUE are left out.
    pub filter: Option<Expression>,
    /// The source can update and delete rows: see [`Source::is_changing`].
    pub changing: bool,
    /// The written columns with what feeds each.
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
    /// `table.local-time-zone`: where TIMESTAMP_LTZ meets local times.
    pub time_zone: TimeZone,
    /// `replacebreak`: line feeds are removed from strings.
    pub remove_line_feeds: bool,
    /// `replacenullchar`: U+0000 is removed from strings.
    pub remove_null_characters: bool,
    pub dead_letter: Option<DeadLetterTarget>,
    /// `vector.dimension`: the length every vector must have when the table doesn't say.
    pub vector_dimension: Option<usize>,
    /// `vector.normalize` = l2: vectors are scaled to length 1.
    pub vector_normalize: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SinkColumn {
    /// The column's name in the database.
    pub name: String,
    pub expression: Expression,
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

/// How to reach the database: the JDBC URL and the options that override it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Tried in order.
    pub hosts: Vec<(String, u16)>,
    pub database: String,
    pub user: String,
    pub password: Password,
    pub ssl_mode: SslMode,
    pub ssl_root_cert: Option<PathBuf>,
    pub ssl_cert: Option<PathBuf>,
    pub ssl_key: Option<PathBuf>,
    pub ssl_password: Option<Password>,
    pub connect_timeout: Duration,
    /// `None`: no limit.
    pub socket_timeout: Option<Duration>,
    pub application_name: Option<String>,
    /// `currentSchema`, the session's search_path.
    pub current_schema: Option<String>,
    /// `options`: command-line options of the session.
    pub options: Option<String>,
    pub tcp_keep_alive: bool,
    /// `targetServerType` = primary: only a server that takes writes.
    pub primary_only: bool,
    pub load_balance_hosts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// A secret. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    pub fn new(text: impl Into<String>) -> Self {
        Password(text.into())
    }

    /// The secret itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Job {
    /// The name under which progress is kept: `pipeline.name`, else the first group id, else the file's stem.
    pub fn name(&self) -> Option<&str> {
        self.pipeline_name
            .as_deref()
            .or_else(|| self.sources.iter().find_map(|source| source.kafka.group_id.as_deref()))
            .or(self.file_stem.as_deref())
    }
}
