//! Makes a sink of the options of a table.

use super::definition::{Sink, SinkColumn};
use super::mode::{ConflictMode, DeadLetterTarget, WriteMode};
use super::options::{
    CASE_SENSITIVE, CONFLICT_MODE, DEAD_LETTER, LEDGER_REPLAYED_TABLE, LEDGER_SHARD_TABLE, LEDGER_STREAM_TABLE,
    OPTIONS, PASSWORD, STREAMING_HOST, SinkOptions, URL, USER_NAME, VECTOR_INDEX_HOT_TABLE, WRITE_MODE,
    WriteModeOption,
};
use crate::options::{TableOptions, specs};
use crate::settings::{Connection, RowOrigin, SslMode, TableName};

/// What is known of a sink in addition to its options. Column names are as they are written.
#[derive(Debug, Default)]
pub struct DeclaredSink {
    pub columns: Vec<SinkColumn>,
    pub declared_key: Option<Vec<usize>>,
    /// The source updates and deletes rows.
    pub changing: bool,
    pub origin: RowOrigin,
    pub not_null_drop: bool,
}

/// Reads the options of a table and makes the sink. Its `name` has no `#2`, `#3` … yet.
pub fn read(options: &mut TableOptions<'_>, connector: &str, written: DeclaredSink) -> Sink {
    options.refuse_unknown(connector, &[("", &specs(OPTIONS))], &[]);
    let mut given = SinkOptions::new();
    options.read_into(OPTIONS, &mut given);
    finish(options, given, written)
}

/// Makes the sink. Each option was checked alone; here they are checked together.
pub fn finish(options: &mut TableOptions<'_>, mut given: SinkOptions, written: DeclaredSink) -> Sink {
    modes(options, &mut given, written.changing);
    notice_no_effect(options, &given);
    let connection = connection(options, &given);
    let SinkOptions {
        mut sink, case_sensitive, dead_letter, hot_table, stream_table, shard_table, replayed_table, ..
    } = given;
    let fold = |name: String| if case_sensitive { name } else { name.to_ascii_lowercase() };
    sink.connection = connection;
    sink.schema = fold(sink.schema);
    sink.table = fold(sink.table);
    sink.name = format!("{}.{}", sink.schema, sink.table);
    sink.origin = written.origin;
    sink.changing = written.changing;
    sink.declared_key = written.declared_key;
    sink.not_null_drop = written.not_null_drop;
    let names: Vec<String> = written.columns.iter().map(|column| column.name.clone()).collect();
    sink.columns = written.columns.into_iter().map(|column| SinkColumn { name: fold(column.name), ..column }).collect();
    for (index, SinkColumn { name, .. }) in sink.columns.iter().enumerate() {
        if names[..index].contains(&names[index]) {
            options.error_by_name(&format!("column '{name}' is listed twice; name each column once"));
        } else if sink.columns[..index].iter().any(|other| other.name == *name) {
            let message = format!("= '0' makes two columns the same: '{name}'; set it to '1' or rename one");
            options.error(&CASE_SENSITIVE, &message);
        }
    }
    let schema = sink.schema.clone();
    let named = |name: TableName| if case_sensitive { name } else { name.folded() }.or_in(&schema);
    sink.behind.hot_table = hot_table.map(named);
    sink.ledger.stream_table = stream_table.map(named);
    sink.ledger.shard_table = shard_table.map(named);
    sink.ledger.replayed_table = replayed_table.map(named);
    check_delivery(options, &sink);
    if sink.behind.hot_table.as_ref() == Some(&(sink.schema.clone(), sink.table.clone())) {
        options.error(&VECTOR_INDEX_HOT_TABLE, "is the table that the rows belong to; name another table");
    }
    sink.dead_letter = dead_letter.map(|target| target.resolve(&sink.schema, !case_sensitive));
    let own = DeadLetterTarget::Table { schema: sink.schema.clone(), table: sink.table.clone() };
    if sink.dead_letter == Some(own) {
        options.error(&DEAD_LETTER, "is the table that the rows go to; name another table");
    }
    sink
}

fn check_delivery(options: &mut TableOptions<'_>, sink: &Sink) {
    let tables = sink.ledger_tables();
    if tables.stream == tables.shard {
        options.error(&LEDGER_SHARD_TABLE, "is the table of the streams; name another table");
    }
    let own = (sink.schema.clone(), sink.table.clone());
    let named = [
        (&LEDGER_STREAM_TABLE, &tables.stream),
        (&LEDGER_SHARD_TABLE, &tables.shard),
        (&LEDGER_REPLAYED_TABLE, &tables.replayed),
    ];
    for (option, table) in named {
        if *table == own && options.is_set(option) {
            options.error(option, "is the table that the rows go to; name another table");
        }
    }
}

fn modes(options: &mut TableOptions<'_>, given: &mut SinkOptions, changing: bool) {
    given.sink.write_mode = match given.write_mode {
        WriteModeOption::Insert | WriteModeOption::Upsert => WriteMode::Insert,
        WriteModeOption::Copy | WriteModeOption::Merge => WriteMode::Copy,
    };
    match given.write_mode {
        WriteModeOption::Upsert => {
            if options.is_set(&CONFLICT_MODE) && given.sink.conflict_mode != ConflictMode::Upsert {
                options.notice("'conflictmode' has no effect, since 'writemode' = '2' means upsert");
            }
            given.sink.conflict_mode = ConflictMode::Upsert;
            return;
        }
        WriteModeOption::Merge => options.error(
            &WRITE_MODE,
            "= '3' (merge) is not supported: it needs the vendor's streaming server; '1' with 'conflictmode' = \
             'upsert' has the same result",
        ),
        WriteModeOption::Insert | WriteModeOption::Copy => {}
    }
    check_conflict_mode(options, given.sink.conflict_mode, changing);
}

fn check_conflict_mode(options: &mut TableOptions<'_>, mode: ConflictMode, changing: bool) {
    match (options.is_set(&CONFLICT_MODE), changing) {
        (false, true) => options.error(
            &CONFLICT_MODE,
            "is missing, but the source updates and deletes rows: set it to 'upsert' to follow its changes (the default of \
             the Java connector), to 'ignore' to keep each row as it came first until it is deleted, or to 'strict' to \
             stop at an insert of a key that is already there",
        ),
        (false, false) => options.notice(
            "'conflictmode' is missing, so a row whose key is already there is ignored; the default of the Java connector \
             is 'upsert'. Set the mode that you want",
        ),
        (true, true) if mode == ConflictMode::Ignore => options.notice(
            "the source updates rows, but 'conflictmode' = 'ignore' drops the updates of rows that are already there; \
             deletes still delete. 'upsert' follows all changes",
        ),
        _ => {}
    }
}

/// Adds notices about options that have no effect, although the user could expect one.
fn notice_no_effect(options: &mut TableOptions<'_>, given: &SinkOptions) {
    if given.use_copy {
        options.notice("'usecopy' has no effect, 'writemode' decides");
    }
    if given.cache.as_ref().is_some_and(|cache| !cache.eq_ignore_ascii_case("none")) {
        options.notice("'cache' has no effect, it is for lookups only");
    }
    if options.is_set(&STREAMING_HOST) {
        options.notice("'adbsshost' has no effect, rows go to the database itself");
    }
}

fn connection(options: &mut TableOptions<'_>, given: &SinkOptions) -> Connection {
    let url = given.url.reveal();
    let (mut connection, findings) = Connection::from_url(url);
    if !url.is_empty() {
        findings.errors.iter().for_each(|message| options.error(&URL, message));
        findings.notices.iter().for_each(|message| options.notice(message));
    }
    if let Some(user) = &given.user {
        connection.user = user.clone();
    } else if connection.user.is_empty() && !options.is_set(&USER_NAME) {
        options.error(&USER_NAME, "is required");
    }
    if let Some(password) = &given.password {
        connection.password = password.clone();
    } else if connection.password.reveal().is_empty()
        && !options.is_set(&PASSWORD)
        && url.starts_with("jdbc:")
        && connection.ssl_key.is_none()
    {
        // A jdbc: URL needs a password, unless a client certificate takes its place. A postgresql:// URL may have none, as
        // in libpq, because a server need not ask for one.
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
