//! Options of a sink table: `'connector' = 'adbpg-nightly-1.13'`.

use std::path::PathBuf;

use crate::options::value_types::is_topic;
use crate::options::{FLAG, OptionSpec, POSITIVE, TableOptions, ValueType};
use crate::settings::connection::jdbc_url;
use crate::settings::{
    ConflictMode, Connection, DeadLetterTarget, ExceptionMode, Password, RowOrigin, Sink, SinkColumn, SslMode,
    TableName, WriteMode,
};

pub const CONNECTOR: OptionSpec =
    OptionSpec::new("connector", ValueType::Text, "adbpg, or adbpg-nightly-1.13 and its other versions.").required();
pub const URL: OptionSpec = OptionSpec::new(
    "url",
    // The URL can hold a password.
    ValueType::Secret,
    "jdbc:postgresql://host[:port][,host2…]/database[?sslmode=…&connectTimeout=…], or postgresql:// as libpq reads it, also with the directory of a Unix socket as the host.",
)
.required();
pub const TABLE_NAME: OptionSpec =
    OptionSpec::new("tablename", ValueType::Text, "The table's name in the database, without its schema.").required();
pub const USER_NAME: OptionSpec = OptionSpec::new(
    "username",
    ValueType::Text,
    "Who logs in. Wins over the user of the url; one of them is required.",
);
pub const PASSWORD: OptionSpec = OptionSpec::new(
    "password",
    ValueType::Secret,
    "Wins over the password of the url; one of them is required. ${NAME} takes it from the environment.",
);
pub const TARGET_SCHEMA: OptionSpec =
    OptionSpec::new("targetschema", ValueType::Text, "The table's schema.").default("public");
pub const BATCH_SIZE: OptionSpec = OptionSpec::new(
    "batchsize",
    POSITIVE,
    "Rows written in one transaction at most. Left out: tuned while running, from 3000.",
);
pub const BATCH_WRITE_TIMEOUT: OptionSpec = OptionSpec::new(
    "batchwritetimeoutms",
    POSITIVE,
    "The longest a row waits for its batch to fill, in milliseconds; an idle writer takes it much earlier.",
)
.default("10000");
pub const CONNECTION_MAX_ACTIVE: OptionSpec = OptionSpec::new(
    "connectionmaxactive",
    ValueType::Integer { least: 1, most: 10_000 },
    "Connections at most, and so writers at once.",
)
.default("20");
pub const CONNECTION_MAX_WAIT: OptionSpec =
    OptionSpec::new("connectionmaxwait", POSITIVE, "Milliseconds to wait for a free connection.").default("15000");
pub const MAX_RETRY_TIMES: OptionSpec = OptionSpec::new(
    "maxretrytimes",
    POSITIVE,
    "How often a refused batch is tried again before its rows are tried one by one. Outages don't count.",
)
.default("2");
pub const RETRY_WAIT_TIME: OptionSpec =
    OptionSpec::new("retrywaittime", POSITIVE, "Milliseconds before the first retry; later ones wait longer.")
        .default("200");
pub const WRITE_MODE: OptionSpec = OptionSpec::new(
    "writemode",
    ValueType::Choice(&["0", "1", "2", "3"]),
    "0 INSERT, 1 COPY: hints for the path, the result is the same. 2: upsert, whatever conflictmode says.",
)
.default("1");
pub const CONFLICT_MODE: OptionSpec = OptionSpec::new(
    "conflictmode",
    ValueType::Choice(&["ignore", "strict", "update", "upsert"]),
    "A row whose key is already there: ignore keeps the old row, upsert (or update) replaces it, strict stops the job. \
     For rows that a program pushes the default is upsert.",
)
.default("ignore");
pub const EXCEPTION_MODE: OptionSpec = OptionSpec::new(
    "exceptionmode",
    ValueType::Choice(&["ignore", "strict"]),
    "A record that can't be written: ignore makes it a dead letter, strict stops the job.",
)
.default("ignore");
pub const CASE_SENSITIVE: OptionSpec = OptionSpec::new(
    "casesensitive",
    FLAG,
    "0: schema, table and column names are folded to lower case, 1: they are taken as written.",
)
.default("0");
pub const REPLACE_BREAK: OptionSpec =
    OptionSpec::new("replacebreak", ValueType::Boolean, "Line feeds are removed from strings.")
        .default("false")
        .since("1.14");
pub const REPLACE_NULL_CHAR: OptionSpec = OptionSpec::new(
    "replacenullchar",
    ValueType::Boolean,
    "U+0000 is removed from strings; otherwise such a row is refused.",
)
.default("false")
.since("1.14");
pub const DEAD_LETTER: OptionSpec = OptionSpec::new(
    "deadletter",
    ValueType::Text,
    "Where rejected records go: file:PATH, as JSON Lines; kafka:TOPIC, of the source's brokers; table:SCHEMA.NAME, of the \
     sink's database. Left out: they are counted and logged.",
)
.own();
pub const LOG_ROW_VALUES: OptionSpec = OptionSpec::new(
    "log.row-values",
    ValueType::Boolean,
    "false: log lines quote no values of rows. Where a row is rejected they name its position, column and SQLSTATE; the \
     reason, which quotes values, is in the dead letter only.",
)
.default("true")
.own();
pub const VECTOR_DIMENSION: OptionSpec = OptionSpec::new(
    "vector.dimension",
    ValueType::Integer { least: 1, most: 1_000_000 },
    "The length of every vector. Left out: what the table's types and indexes say.",
)
.own();
pub const VECTOR_NORMALIZE: OptionSpec = OptionSpec::new(
    "vector.normalize",
    ValueType::Choice(&["none", "l2"]),
    "l2: vectors are scaled to length 1 before they are stored, for indexes by inner product; a zero vector is refused.",
)
.default("none")
.own();
pub const USE_COPY: OptionSpec = OptionSpec::new("usecopy", FLAG, "Accepted, no effect: writemode decides.");
pub const RESERVE_MS: OptionSpec =
    OptionSpec::new("reservems", FLAG, "Accepted, no effect: keys keep their milliseconds.");
pub const VERBOSE: OptionSpec = OptionSpec::new("verbose", FLAG, "Accepted, no effect.");
pub const DELIMITER: OptionSpec =
    OptionSpec::new("delimiter", ValueType::Any, "Accepted, no effect: COPY is binary.").since("1.14");
pub const STREAMING_HOST: OptionSpec =
    OptionSpec::new("adbsshost", ValueType::Any, "Accepted, no effect: rows go to the database itself.").since("1.14");
pub const STREAMING_PORT: OptionSpec =
    OptionSpec::new("adbssport", ValueType::Any, "Accepted, no effect.").since("1.14");
pub const JOIN_MAX_ROWS: OptionSpec =
    OptionSpec::new("joinmaxrows", ValueType::Any, "Accepted, no effect: for lookups only.");
pub const CACHE: OptionSpec = OptionSpec::new("cache", ValueType::Any, "Accepted, no effect: for lookups only.");
pub const CACHE_SIZE: OptionSpec =
    OptionSpec::new("cachesize", ValueType::Any, "Accepted, no effect: for lookups only.");
pub const CACHE_TTL: OptionSpec =
    OptionSpec::new("cachettlms", ValueType::Any, "Accepted, no effect: for lookups only.");
pub const PROPERTY_VERSION: OptionSpec = OptionSpec::new("property-version", ValueType::Any, "Accepted, no effect.");

pub const OPTIONS: &[OptionSpec] = &[
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
    LOG_ROW_VALUES,
    VECTOR_DIMENSION,
    VECTOR_NORMALIZE,
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

/// `adbpg`, `adbpg-nightly-1.13` …; their keys are read in any case.
pub fn is_connector(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name == "adbpg" || name.strip_prefix("adbpg-nightly-").is_some_and(|version| version.split('.').all(is_number))
}

/// What is known of a sink besides its options, with column names as they are written.
#[derive(Debug, Default)]
pub struct DeclaredSink {
    pub columns: Vec<SinkColumn>,
    pub declared_key: Option<Vec<usize>>,
    /// The source updates and deletes rows.
    pub changing: bool,
    pub origin: RowOrigin,
    pub not_null_drop: bool,
}

/// The sink of checked options. `name` still lacks its `#2`, `#3` ….
pub fn read(options: &mut TableOptions<'_>, connector: &str, written: DeclaredSink) -> Sink {
    options.refuse_unknown(connector, &[("", OPTIONS)], &[]);
    let folded = options.choice(&CASE_SENSITIVE) != Some("1");
    let fold = |name: String| if folded { name.to_ascii_lowercase() } else { name };
    let schema = fold(options.text(&TARGET_SCHEMA).unwrap_or_default());
    let table = fold(options.text(&TABLE_NAME).unwrap_or_default());
    let (write_mode, conflict_mode) = modes(options, written.changing);
    let names: Vec<String> = written.columns.iter().map(|column| column.name.clone()).collect();
    let columns: Vec<SinkColumn> =
        written.columns.into_iter().map(|column| SinkColumn { name: fold(column.name), ..column }).collect();
    for (index, SinkColumn { name, .. }) in columns.iter().enumerate() {
        if names[..index].contains(&names[index]) {
            options.error_by_name(&format!("column '{name}' is there twice; name each column once"));
        } else if columns[..index].iter().any(|other| other.name == *name) {
            let message = format!("= '0' makes two columns the same: '{name}'; set it to '1' or rename one");
            options.error(&CASE_SENSITIVE, &message);
        }
    }
    no_effect(options);
    let dead_letter = options.convert(&DEAD_LETTER, |text| dead_letter(text, &schema, folded));
    if dead_letter == Some(DeadLetterTarget::Table { schema: schema.clone(), table: table.clone() }) {
        options.error(&DEAD_LETTER, "is the table that the rows go to; name another");
    }
    Sink {
        name: format!("{schema}.{table}"),
        origin: written.origin,
        changing: written.changing,
        columns,
        declared_key: written.declared_key,
        connection: connection(options),
        schema,
        table,
        batch_size: options.integer(&BATCH_SIZE).and_then(|size| usize::try_from(size).ok()),
        batch_write_timeout: options.millis(&BATCH_WRITE_TIMEOUT).unwrap_or_default(),
        connection_max_active: count(options, &CONNECTION_MAX_ACTIVE),
        connection_max_wait: options.millis(&CONNECTION_MAX_WAIT).unwrap_or_default(),
        max_retry_times: count(options, &MAX_RETRY_TIMES),
        retry_wait_time: options.millis(&RETRY_WAIT_TIME).unwrap_or_default(),
        write_mode,
        conflict_mode,
        exception_mode: match options.choice(&EXCEPTION_MODE) {
            Some("strict") => ExceptionMode::Strict,
            _ => ExceptionMode::Ignore,
        },
        not_null_drop: written.not_null_drop,
        remove_line_feeds: options.boolean(&REPLACE_BREAK),
        remove_null_characters: options.boolean(&REPLACE_NULL_CHAR),
        dead_letter,
        log_row_values: options.boolean(&LOG_ROW_VALUES),
        vector_dimension: options.integer(&VECTOR_DIMENSION).and_then(|length| usize::try_from(length).ok()),
        vector_normalize: options.choice(&VECTOR_NORMALIZE) == Some("l2"),
    }
}

fn count(options: &mut TableOptions<'_>, option: &OptionSpec) -> u32 {
    options.integer(option).and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn modes(options: &mut TableOptions<'_>, changing: bool) -> (WriteMode, ConflictMode) {
    let conflict_mode = match options.choice(&CONFLICT_MODE) {
        Some("strict") => ConflictMode::Strict,
        Some("update" | "upsert") => ConflictMode::Upsert,
        _ => ConflictMode::Ignore,
    };
    match options.choice(&WRITE_MODE) {
        Some("2") => {
            if options.is_set(&CONFLICT_MODE) && conflict_mode != ConflictMode::Upsert {
                options.notice("'conflictmode' has no effect, since 'writemode' = '2' means upsert");
            }
            return (WriteMode::Insert, ConflictMode::Upsert);
        }
        Some("3") => options.error(
            &WRITE_MODE,
            "= '3' (merge) is not supported: it needs the vendor's streaming server; '1' with 'conflictmode' = \
             'upsert' has the same result",
        ),
        Some("0") => return (WriteMode::Insert, checked_conflict_mode(options, conflict_mode, changing)),
        _ => {}
    }
    (WriteMode::Copy, checked_conflict_mode(options, conflict_mode, changing))
}

fn checked_conflict_mode(options: &mut TableOptions<'_>, mode: ConflictMode, changing: bool) -> ConflictMode {
    match (options.is_set(&CONFLICT_MODE), changing) {
        (false, true) => options.error(
            &CONFLICT_MODE,
            "is left out, but the source updates and deletes rows: set it to 'upsert' to follow its changes (what the \
             Java connector meant by leaving it out), to 'ignore' to keep each row as it came first until it is \
             deleted, or to 'strict' to stop at an insert of a key that is already there",
        ),
        (false, false) => options.notice(
            "'conflictmode' is left out, so a row whose key is already there is ignored; the Java connector meant \
             'upsert'. Set the one you want",
        ),
        (true, true) if mode == ConflictMode::Ignore => options.notice(
            "the source updates rows, but 'conflictmode' = 'ignore' drops the updates of rows that are already there; \
             deletes still delete. 'upsert' follows all changes",
        ),
        _ => {}
    }
    mode
}

/// Tells of options whose user could expect an effect.
fn no_effect(options: &mut TableOptions<'_>) {
    for option in [&USE_COPY, &RESERVE_MS, &VERBOSE] {
        options.choice(option);
    }
    if options.choice(&USE_COPY) == Some("1") {
        options.notice("'usecopy' has no effect, 'writemode' decides");
    }
    if options.text(&CACHE).is_some_and(|cache| !cache.eq_ignore_ascii_case("none")) {
        options.notice("'cache' has no effect, it is for lookups only");
    }
    if options.is_set(&STREAMING_HOST) {
        options.notice("'adbsshost' has no effect, rows go to the database itself");
    }
}

fn connection(options: &mut TableOptions<'_>) -> Connection {
    let user = options.text(&USER_NAME);
    let password = options.text(&PASSWORD);
    let url = options.text(&URL).unwrap_or_default();
    let (mut connection, findings) = jdbc_url::parse(&url);
    if !url.is_empty() {
        findings.errors.iter().for_each(|message| options.error(&URL, message));
        findings.notices.iter().for_each(|message| options.notice(message));
    }
    if let Some(user) = user {
        connection.user = user;
    } else if connection.user.is_empty() && !options.is_set(&USER_NAME) {
        options.error(&USER_NAME, "is required");
    }
    if let Some(password) = password {
        connection.password = Password::new(password);
    } else if connection.password.reveal().is_empty()
        && !options.is_set(&PASSWORD)
        && url.starts_with("jdbc:")
        && connection.ssl_key.is_none()
    {
        // A postgresql:// URL without one is how libpq is told that none is needed; a certificate may stand for it.
        options.error(&PASSWORD, "is required");
    }
    unused_files(options, &connection);
    connection
}

fn unused_files(options: &mut TableOptions<'_>, connection: &Connection) {
    let mode = match connection.ssl_mode {
        SslMode::Disable => "disable",
        SslMode::Allow => "allow",
        SslMode::Prefer => "prefer",
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => return,
    };
    if connection.ssl_root_cert.is_some() {
        options.notice(&format!(
            "the url's sslrootcert has no effect with sslmode={mode}; with sslmode=verify-full the server's certificate is checked"
        ));
    }
    for (name, file) in [("sslcert", &connection.ssl_cert), ("sslkey", &connection.ssl_key)] {
        if connection.ssl_mode == SslMode::Disable && file.is_some() {
            options.notice(&format!("the url's {name} has no effect with sslmode=disable"));
        }
    }
}

/// `folded`: names are in lower case, unless they are in double quotes. A table without a schema is in the sink's schema.
fn dead_letter(text: &str, schema: &str, folded: bool) -> Result<DeadLetterTarget, String> {
    let forms = "must be 'file:PATH', 'kafka:TOPIC' or 'table:SCHEMA.NAME'";
    match text.split_once(':') {
        Some(("file", "")) => Err("needs a path after 'file:'".into()),
        Some(("file", path)) => Ok(DeadLetterTarget::File(PathBuf::from(path))),
        Some(("kafka", topic)) if is_topic(topic) => Ok(DeadLetterTarget::Kafka(topic.to_owned())),
        Some(("kafka", _)) => Err("needs a topic's name after 'kafka:': letters, digits, '.', '_' and '-'".into()),
        Some(("table", name)) => {
            let name = TableName::parse(name).map_err(|_| {
                "needs SCHEMA.NAME after 'table:', with double quotes around a part that contains dots".to_owned()
            })?;
            let (schema, table) = if folded { name.folded() } else { name }.or_in(schema);
            Ok(DeadLetterTarget::Table { schema, table })
        }
        _ => Err(forms.into()),
    }
}
