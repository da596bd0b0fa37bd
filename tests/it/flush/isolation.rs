//! When the server refuses a row, only that row is rejected.

use std::ops::Range;

use vecsink::internals::error::{Error, Rejection, Result};
use vecsink::internals::postgres::{Settle, Written};
use vecsink::internals::settings::{ConflictMode, Sink, WriteMode};
use vecsink::internals::stop::Stop;

use super::fixture::{Outcome, Rows, open, sink, write};
use crate::support::{Schema, servers};

#[test]
fn three_bad_rows_of_three_thousand_are_the_only_ones_missing() {
    for server in servers(&[]) {
        for write_mode in [WriteMode::Copy, WriteMode::Insert] {
            let mut schema = Schema::new(&server);
            schema.execute("CREATE TABLE t (id bigint PRIMARY KEY CHECK (id <> 2500), name varchar(10) NOT NULL)");
            let target = open(&Sink { write_mode, ..sink(&schema, "t") });
            let rows = Rows::default()
                .many(0..700, "fine")
                .binary(700, Some("much too long"))
                .many(701..1400, "fine")
                .binary(1400, None)
                .many(1401..3000, "fine");
            let outcome = write(&target, &rows.batch());
            assert_eq!(outcome.counts(), (2997, 0, 0), "{write_mode:?}");
            assert_eq!(outcome.rejected_rows(), [700, 1400, 2500]);
            let states: Vec<_> = outcome.rejected.iter().filter_map(|(_, why)| why.sqlstate.as_deref()).collect();
            assert_eq!(states, ["22001", "23502", "23514"]);
            assert_eq!(outcome.rejected[0].1.column.as_deref(), Some("name"));
            assert_eq!(schema.count("t"), 2997);
            let attempts = outcome.transactions;
            assert!(attempts < 60, "{attempts} transactions");
        }
    }
}

#[test]
fn bad_text_rows_and_conflicts_are_told_apart() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name int); INSERT INTO t VALUES (3, 3)");
        for (mode, counts) in [(ConflictMode::Ignore, (2, 1, 0)), (ConflictMode::Upsert, (3, 0, 0))] {
            schema.execute("DELETE FROM t WHERE id <> 3");
            let target = open(&Sink { conflict_mode: mode, ..sink(&schema, "t") });
            let rows = Rows::default().text(1, "1").text(2, "two").text(3, "33").text(4, "4").text(5, "5x");
            let outcome = write(&target, &rows.batch());
            assert_eq!(outcome.rejected_rows(), [1, 4]);
            assert!(outcome.rejected[0].1.reason.contains("two"), "{:?}", outcome.rejected[0]);
            assert_eq!(outcome.counts(), counts);
        }
    }
}

#[test]
fn a_batch_with_only_bad_rows_ends() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name varchar(2))");
        let target = open(&sink(&schema, "t"));
        let outcome = write(&target, &Rows::default().many(0..300, "too long").batch());
        assert_eq!(outcome.rejected.len(), 300);
        assert_eq!(schema.count("t"), 0);
    }
}

#[test]
fn a_row_that_violates_a_constraint_checked_at_commit_is_rejected_alone() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE parent (id bigint PRIMARY KEY); INSERT INTO parent SELECT generate_series(0, 99) WHERE true;
         DELETE FROM parent WHERE id = 40;
         CREATE TABLE t (id bigint REFERENCES parent DEFERRABLE INITIALLY DEFERRED, name text)",
        );
        let target = open(&sink(&schema, "t"));
        let outcome = write(&target, &Rows::default().many(0..100, "x").batch());
        assert_eq!(outcome.rejected_rows(), [40]);
        assert_eq!(outcome.rejected[0].1.sqlstate.as_deref(), Some("23503"));
        assert_eq!(schema.count("t"), 99);
    }
}

#[test]
fn a_row_that_is_refused_without_a_known_reason_is_rejected_after_the_retries() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, name text);
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN IF NEW.name = ''bad'' THEN RAISE ''not this one''; END IF; RETURN NEW; END';
         CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE PROCEDURE f()",
        );
        let target = open(&sink(&schema, "t"));
        let outcome =
            write(&target, &Rows::default().many(0..50, "x").binary(50, Some("bad")).many(51..80, "x").batch());
        assert_eq!(outcome.rejected_rows(), [50]);
        assert_eq!(outcome.retried, 2);
        assert_eq!(schema.count("t"), 79);
    }
}

#[test]
fn if_every_row_is_refused_in_the_same_way_the_job_stops() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, name text);
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''closed for today''; END';
         CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE PROCEDURE f()",
        );
        let target = open(&sink(&schema, "t"));
        let mut outcome = Outcome::default();
        let error = target.writer.write(&Rows::default().many(0..500, "x").batch(), &mut outcome, &Stop::default());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("closed for today") && error.contains("the cause is in no row"), "{error}");
        assert!(outcome.rejected.is_empty());
    }
}

/// Takes no rejection.
#[derive(Default)]
struct Unforgiving {
    durable: usize,
}

impl Settle for Unforgiving {
    fn durable(&mut self, rows: Range<usize>, _: Written) {
        self.durable += rows.len();
    }

    fn rejected(&mut self, _: usize, rejection: Rejection) -> Result<()> {
        Err(Error::target(rejection.to_string()))
    }

    fn retried(&mut self) {}
}

#[test]
fn committed_rows_are_settled_even_if_a_rejection_stops_the_job() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, name text);
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
           IF NEW.id = 3 THEN RAISE 'not this one'; END IF; RETURN NEW; END$$;
         CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE PROCEDURE f()",
        );
        let target = open(&sink(&schema, "t"));
        let mut settled = Unforgiving::default();
        let error =
            target.writer.write(&Rows::default().many(0..10, "x").batch(), &mut settled, &Stop::default()).unwrap_err();
        assert!(error.to_string().contains("not this one"), "{error}");
        assert_eq!(settled.durable as i64, schema.count("t"));
        assert!(
            settled.durable > 3,
            "rows behind the refused one were committed before it was known to be the only one"
        );
    }
}
