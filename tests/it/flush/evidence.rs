//! Whether a refused row is rejected or the job stops. Each of about forty causes is tried with one bad row among 3000 rows and with bad
//! rows only.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use std::ops::Range;

use vecsink::internals::batch::{Batch, Op, RowEntry};
use vecsink::internals::error::{Error, Rejection, Result};
use vecsink::internals::postgres::{Settle, Target, Written};
use vecsink::internals::settings::{ConflictMode, Password, Sink};
use vecsink::internals::stop::Stop;

use super::fixture::{Outcome, Rows, open, sink};
use crate::support::{Schema, postgres18};

/// What happens to the bad row, or to all rows if all are bad.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fate {
    Rejected,
    Stops,
    Waits,
}

use Fate::{Rejected, Stops, Waits};

struct Cause {
    what: &'static str,
    /// The table `t`, with `id` and `name`, and what belongs to it.
    ddl: &'static str,
    /// Statements to run after the target is opened.
    after: &'static str,
    code: &'static str,
    /// What happens to one bad row, and what happens if all rows are bad.
    one: Option<Fate>,
    all: Fate,
    /// Rows are sent as text.
    text: bool,
    /// The name of a bad row.
    bad: &'static str,
}

const LONG: &str = match std::str::from_utf8(&[b'x'; 3000]) {
    Ok(text) => text,
    Err(_) => "",
};

const PLAIN: Cause = Cause {
    what: "",
    ddl: "CREATE TABLE t (id bigint PRIMARY KEY, name text)",
    after: "",
    code: "",
    one: Some(Rejected),
    all: Stops,
    text: false,
    bad: "bad",
};

/// A trigger that refuses each row with this name.
macro_rules! raising {
    ($what:literal, $code:literal, $all:expr) => {
        Cause {
            what: $what,
            ddl: concat!(
                "CREATE TABLE t (id bigint PRIMARY KEY, name text);
                 CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
                   IF NEW.name = 'bad' THEN RAISE 'no' USING ERRCODE = '",
                $code,
                "'; END IF; RETURN NEW; END$$;
                 CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"
            ),
            code: $code,
            all: $all,
            ..PLAIN
        }
    };
}

/// A value that the column's type doesn't accept.
macro_rules! value {
    ($type:literal, $code:literal, $bad:literal) => {
        Cause {
            what: $type,
            ddl: concat!("CREATE TABLE t (id bigint PRIMARY KEY, name ", $type, ")"),
            code: $code,
            all: Rejected,
            text: true,
            bad: $bad,
            ..PLAIN
        }
    };
}

/// A trigger that refuses every row.
macro_rules! table {
    ($what:literal, $code:literal, $ddl:expr, $after:expr) => {
        Cause { what: $what, ddl: $ddl, after: $after, code: $code, one: None, ..PLAIN }
    };
}

fn causes() -> Vec<Cause> {
    vec![
        // Values.
        value!("integer", "22P02", "bad"),
        value!("smallint", "22003", "70000"),
        value!("varchar(4)", "22001", "too long"),
        value!("date", "22007", "bad"),
        value!("timestamp", "22008", "2024-02-31 10:00:00"),
        value!("jsonb", "22P02", "{bad"),
        value!("jsonpath", "42601", "$.["),
        value!("tsvector", "42601", "'bad"),
        value!("integer[]", "22P02", "{1,"),
        value!("jsonb", "22P05", r#""\\u0000""#),
        // This server is built without XML. That is not an error of a row, although it is reported when a value is read.
        Cause { one: None, all: Stops, ..value!("xml", "0A000", "<a/>") },
        value!("numeric(3,1)", "22003", "12345"),
        value!("inet", "22P02", "300.1.1.1"),
        Cause {
            what: "an enum's label",
            ddl: "CREATE TYPE mood AS ENUM ('fine'); CREATE TABLE t (id bigint PRIMARY KEY, name mood)",
            ..value!("mood", "22P02", "bad")
        },
        // Rules that the table declares for values.
        Cause {
            what: "CHECK",
            ddl: "CREATE TABLE t (id bigint PRIMARY KEY, name text CHECK (name <> 'bad'))",
            code: "23514",
            all: Rejected,
            ..PLAIN
        },
        Cause {
            what: "a domain's CHECK",
            ddl: "CREATE DOMAIN d AS text CHECK (VALUE <> 'bad'); CREATE TABLE t (id bigint PRIMARY KEY, name d)",
            code: "23514",
            all: Rejected,
            ..PLAIN
        },
        Cause {
            what: "a CHECK that divides by zero",
            ddl: "CREATE TABLE t (id bigint PRIMARY KEY, name text CHECK (1 / (length(name) - 3) < 9))",
            code: "22012",
            ..PLAIN
        },
        Cause {
            what: "an expression of an index",
            ddl: "CREATE TABLE t (id bigint PRIMARY KEY, name text);
                  CREATE INDEX ON t ((CASE WHEN name = 'bad' THEN name::int ELSE 1 END))",
            code: "22P02",
            ..PLAIN
        },
        Cause {
            what: "foreign key",
            ddl: "CREATE TABLE p (name text PRIMARY KEY); INSERT INTO p VALUES ('good');
                  CREATE TABLE t (id bigint PRIMARY KEY, name text REFERENCES p)",
            code: "23503",
            ..PLAIN
        },
        Cause {
            what: "foreign key at COMMIT",
            ddl: "CREATE TABLE p (name text PRIMARY KEY); INSERT INTO p VALUES ('good');
                  CREATE TABLE t (id bigint PRIMARY KEY, name text REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
            code: "23503",
            ..PLAIN
        },
        Cause {
            what: "a row that is too big for its index",
            ddl: "CREATE TABLE t (id bigint PRIMARY KEY, name text); ALTER TABLE t ALTER name SET STORAGE EXTERNAL;
                  CREATE INDEX ON t (name)",
            code: "54000",
            bad: LONG,
            ..PLAIN
        },
        // Partitions.
        Cause {
            what: "missing partition",
            ddl: "CREATE TABLE t (id bigint, name text) PARTITION BY LIST (name);
                  CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('good')",
            code: "23514",
            ..PLAIN
        },
        table!(
            "no partition at all",
            "23514",
            "CREATE TABLE t (id bigint, name text) PARTITION BY LIST (name)",
            ""
        ),
        // Policies and privileges.
        Cause {
            what: "row-level security",
            ddl: "CREATE TABLE t (id bigint PRIMARY KEY, name text); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
                  ALTER TABLE t FORCE ROW LEVEL SECURITY;
                  CREATE POLICY p ON t FOR ALL USING (true) WITH CHECK (name <> 'bad')",
            code: "42501",
            ..PLAIN
        },
        table!("INSERT revoked", "42501", PLAIN.ddl, "REVOKE ALL ON t FROM writer"),
        table!(
            "a trigger's table is not readable",
            "42501",
            "CREATE TABLE hidden (a int);
             CREATE TABLE t (id bigint PRIMARY KEY, name text);
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
               PERFORM 1 FROM hidden; RETURN NEW; END$$;
             ALTER FUNCTION f() SET search_path FROM CURRENT;
             CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
            "REVOKE ALL ON hidden FROM writer"
        ),
        // Sequences.
        table!(
            "sequence at its end",
            "2200H",
            "CREATE TABLE t (id bigint, name text, n serial)",
            "SELECT setval('t_n_seq', 2147483647)"
        ),
        table!(
            "sequence at its end, and rows there before",
            "2200H",
            "CREATE TABLE t (id bigint, name text, n serial); INSERT INTO t VALUES (-1, 'old', 1)",
            "SELECT setval('t_n_seq', 2147483647)"
        ),
        // Table.
        table!("dropped", "42P01", PLAIN.ddl, "DROP TABLE t"),
        table!("a column without a default", "", PLAIN.ddl, "ALTER TABLE t ADD must int NOT NULL"),
        table!(
            "a trigger's function is broken",
            "42P01",
            "CREATE TABLE t (id bigint PRIMARY KEY, name text);
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO nowhere VALUES (1); RETURN NEW; END';
             CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
            ""
        ),
        table!(
            "a trigger of the statement",
            "P0001",
            PLAIN.ddl,
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''closed''; END';
             CREATE TRIGGER r BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION f()"
        ),
        table!(
            "a default that fails",
            "22012",
            "CREATE TABLE t (id bigint PRIMARY KEY, name text, n int DEFAULT 1 / (random() * 0)::int)",
            ""
        ),
        // Triggers that raise some error, for a row.
        raising!("a trigger's own code", "P0001", Stops),
        raising!("a trigger's assertion", "P0004", Stops),
        raising!("a trigger that lacks a table", "42P01", Stops),
        raising!("a trigger that lacks a function", "42883", Stops),
        raising!("a trigger with a value's code", "22023", Stops),
        raising!("a trigger with a feature", "0A000", Stops),
        raising!("a trigger with a limit", "54000", Stops),
        raising!("a trigger with a login", "28000", Stops),
        raising!("a trigger with an unknown code", "U0001", Stops),
        raising!("an internal error", "XX000", Stops),
        raising!("an object in a wrong state", "55000", Stops),
        raising!("a missing library", "58P01", Stops),
        // Damaged data, which is not an error of a row, and errors that pass.
        Cause { one: Some(Stops), ..raising!("a damaged index", "XX002", Stops) },
        Cause { one: Some(Waits), ..raising!("disk full", "53100", Waits) },
        Cause { one: Some(Waits), ..raising!("out of memory", "53200", Waits) },
        Cause { one: Some(Waits), ..raising!("input and output", "58030", Waits) },
        Cause { one: Some(Waits), ..raising!("a segment is away", "58M01", Waits) },
        Cause { one: Some(Waits), ..raising!("a deadlock", "40P01", Waits) },
        Cause { one: Some(Waits), ..raising!("a lock", "55P03", Waits) },
        Cause { one: Some(Waits), ..raising!("transaction_timeout", "25P04", Waits) },
    ]
}

const ROWS: i64 = 3000;
const BAD: i64 = 1700;

fn batch(cause: &Cause, is_bad: impl Fn(i64) -> bool) -> Batch {
    let good = good_of(cause);
    let add = |rows: Rows, id: i64| {
        let name = if is_bad(id) { cause.bad } else { good };
        if cause.text { rows.text(id, name) } else { rows.binary(id, Some(name)) }
    };
    (0..ROWS).fold(Rows::default(), add).batch()
}

fn good_of(cause: &Cause) -> &'static str {
    match cause.what {
        "integer" | "smallint" | "numeric(3,1)" => "7",
        "date" | "timestamp" => "2024-02-01",
        "jsonb" => "{}",
        "jsonpath" => "$.a",
        "integer[]" => "{1}",
        "xml" => "<a/>",
        "inet" => "10.0.0.1",
        "varchar(4)" | "an enum's label" => "fine",
        _ => "good",
    }
}

/// Runs one cause once, as a role that owns nothing. Returns what went wrong, if anything did.
fn tried(cause: &Cause, all: bool, mode: ConflictMode) -> Option<String> {
    let server = postgres18()?;
    let mut schema = Schema::new(&server);
    let role = format!("{}_writer", schema.name);
    schema.execute(cause.ddl);
    schema.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'writes'; GRANT ALL ON SCHEMA {0} TO {role};
         GRANT ALL ON ALL TABLES IN SCHEMA {0} TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA {0} TO {role}",
        schema.name
    ));
    let wrong = tried_as(cause, all, mode, &mut schema, &role);
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    wrong
}

fn tried_as(cause: &Cause, all: bool, mode: ConflictMode, schema: &mut Schema, role: &str) -> Option<String> {
    let mut sink = Sink { conflict_mode: mode, retry_wait_time: Duration::from_millis(5), ..sink(schema, "t") };
    (sink.connection.user, sink.connection.password) = (role.to_owned(), Password::new("writes"));
    let longest = Duration::from_millis(300);
    let target = match Target::open(&sink, "vecsink-test", Some(longest)) {
        Ok(target) => target,
        Err(error) => return Some(format!("{}: {error}", cause.what)),
    };
    schema.execute(&cause.after.replace("writer", role));
    let fate = if all { cause.all } else { cause.one? };
    let batch = batch(cause, |id| all || id == BAD);
    let mut outcome = Outcome::default();
    let result = target.writer.write(&batch, &mut outcome, &Stop::default());
    let said = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
    let codes = outcome.rejected.iter().all(|(_, why)| why.sqlstate.as_deref() == Some(cause.code));
    let stored = if cause.code == "42P01" && !cause.after.is_empty() { 0 } else { schema.count("t") };
    let before = if cause.what.ends_with("before") { 1 } else { 0 };
    let written = outcome.counts().0 as i64;
    let right = match (fate, all) {
        (Rejected, false) => outcome.rejected_rows() == [BAD as usize] && stored == ROWS - 1,
        (Rejected, true) => outcome.rejected.len() == ROWS as usize && stored == 0,
        (Stops, _) => {
            let says = said.contains(cause.code) && said.contains("nothing is lost") && !said.contains("max.outage");
            says && outcome.rejected.is_empty()
        }
        (Waits, _) => said.contains(cause.code) && said.contains("max.outage") && outcome.rejected.is_empty(),
    };
    let right = right && codes && stored - before == written && (fate == Rejected) == result.is_ok();
    (!right).then(|| {
        format!(
            "{} ({}), all: {all}, {mode:?}: expected {fate:?}; rejected {:?}…, {written} written, {stored} stored: {said}",
            cause.what,
            cause.code,
            outcome.rejected.iter().take(2).collect::<Vec<_>>(),
        )
    })
}

#[test]
fn each_cause_of_a_refusal_has_the_right_outcome() {
    if postgres18().is_none() {
        return;
    }
    let causes = causes();
    assert!(causes.len() > 40);
    let (causes, next) = (&causes, AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(cause) = causes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mode = ConflictMode::Upsert;
                    let found: Vec<_> = [false, true].into_iter().filter_map(|all| tried(cause, all, mode)).collect();
                    wrong.lock().expect("no panic").extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A table that refuses rows named `bad` in a trigger.
fn table_with_a_trigger(schema: &mut Schema, event: &str) {
    schema.execute(&format!(
        "CREATE TABLE t (id bigint PRIMARY KEY, name text);
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
           IF TG_OP = 'DELETE' OR NEW.name = 'bad' THEN RAISE 'no'; END IF; RETURN NEW; END$$;
         CREATE TRIGGER r BEFORE {event} ON t FOR EACH ROW EXECUTE FUNCTION f()"
    ));
}

fn one(id: i64, name: &str) -> Batch {
    Rows::default().binary(id, Some(name)).batch()
}

/// The result of writing a batch, and the rows that were rejected.
fn outcome_of(target: &Target, batch: &Batch) -> (Option<String>, Vec<usize>) {
    let mut outcome = Outcome::default();
    let result = target.writer.write(batch, &mut outcome, &Stop::default());
    (result.err().map(|error| error.to_string()), outcome.rejected_rows())
}

#[test]
fn a_lone_row_is_rejected_if_the_table_would_accept_a_copy_of_a_stored_row() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    table_with_a_trigger(&mut schema, "INSERT");
    schema.execute("INSERT INTO t VALUES (-1, 'good')");
    // As after a restart: the sink doesn't know yet whether other rows are accepted.
    let target = open(&sink(&schema, "t"));
    assert_eq!(outcome_of(&target, &one(1, "bad")), (None, vec![0]));
    assert_eq!(schema.count("t"), 1);
}

#[test]
fn a_lone_row_that_an_empty_table_refuses_stops_the_job_and_is_not_rejected() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    table_with_a_trigger(&mut schema, "INSERT");
    let (error, rejected) = outcome_of(&open(&sink(&schema, "t")), &one(1, "bad"));
    assert!(error.is_some_and(|error| error.contains("P0001") && error.contains("nothing is lost")));
    assert!(rejected.is_empty());
}

#[test]
fn lone_rows_refused_one_after_another_stop_the_job_at_the_sixteenth() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    table_with_a_trigger(&mut schema, "INSERT");
    schema.execute("INSERT INTO t VALUES (-1, 'good')");
    let target = open(&sink(&schema, "t"));
    let fates: Vec<_> = (0..16).map(|id| outcome_of(&target, &one(id, "bad")).0).collect();
    assert_eq!(fates.iter().position(Option::is_some), Some(15), "{fates:?}");
}

#[test]
fn a_lone_row_without_a_partition_stops_the_job_although_older_rows_have_one() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE t (id bigint, name text) PARTITION BY LIST (name);
         CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('november'); INSERT INTO t VALUES (1, 'november')",
    );
    let target = open(&sink(&schema, "t"));
    let (error, rejected) = outcome_of(&target, &one(2, "december"));
    assert!(error.is_some_and(|error| error.contains("create the partition")));
    assert!(rejected.is_empty());
    schema.execute("CREATE TABLE t2 PARTITION OF t FOR VALUES IN ('december')");
    assert_eq!(outcome_of(&target, &one(2, "december")), (None, vec![]));
}

#[test]
fn accepted_rows_are_no_evidence_for_deletes() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    table_with_a_trigger(&mut schema, "INSERT OR DELETE");
    schema.execute("INSERT INTO t SELECT id, 'good' FROM generate_series(100, 120) id");
    let target = open(&Sink { changing: true, conflict_mode: ConflictMode::Upsert, ..sink(&schema, "t") });
    let mut batch = Rows::default().many(0..40, "good").batch();
    let chunk = &mut batch.chunks[0];
    for id in 100..120_i64 {
        let row = [&1_i16.to_be_bytes()[..], &8_i32.to_be_bytes(), &id.to_be_bytes()].concat();
        let key = [&8_u32.to_be_bytes()[..], &id.to_be_bytes()].concat();
        chunk.entries.push(RowEntry {
            op: Op::Delete,
            row_len: row.len() as u32,
            key_hash: id as u64,
            offset: id,
            ticket: id as u64,
            ..chunk.entries[0]
        });
        chunk.rows.extend_from_slice(&row);
        chunk.keys.extend_from_slice(&key);
    }
    let (error, rejected) = outcome_of(&target, &batch);
    assert!(error.is_some_and(|error| error.contains("P0001") && error.contains("DELETE FROM")));
    assert!(rejected.is_empty());
    assert_eq!(schema.count("t"), 61, "the rows are durable");
}

/// Remembers the row that the error under `strict` names.
#[derive(Default)]
struct Named(Option<usize>);

impl Settle for Named {
    fn durable(&mut self, _: Range<usize>, _: Written) {}

    fn rejected(&mut self, _: usize, rejection: Rejection) -> Result<()> {
        Err(Error::target(rejection.to_string()))
    }

    fn retried(&mut self) {}

    fn conflict(&mut self, row: Option<usize>, rejection: Rejection) -> Error {
        self.0 = row;
        Error::target(rejection.to_string())
    }
}

#[test]
fn strict_names_the_conflicting_row_even_if_the_server_does_not() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    // The error comes at COMMIT, so it names no line of the COPY.
    schema.execute(
        "CREATE TABLE t (id bigint PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, name text); INSERT INTO t VALUES (1234, 'x')",
    );
    let target = open(&Sink { conflict_mode: ConflictMode::Strict, ..sink(&schema, "t") });
    let mut named = Named::default();
    let result = target.writer.write(&Rows::default().many(0..3000, "y").batch(), &mut named, &Stop::default());
    assert!(result.is_err_and(|error| error.to_string().contains("23505")));
    assert_eq!((named.0, schema.count("t")), (Some(1234), 1));
}
