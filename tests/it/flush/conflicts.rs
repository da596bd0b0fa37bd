//! The conflict modes, in every way of writing.

use vecsink::internals::settings::{ConflictMode, Sink, WriteMode};
use vecsink::internals::stop::Stop;

use super::fixture::{Outcome, Rows, chunks, open, refusal, sink, table, write};
use crate::support::postgresql::Postgres;
use crate::support::{Feature, Schema, postgres18, servers};

fn schema(server: &Postgres) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    schema
}

fn with(schema: &Schema, mode: ConflictMode, write_mode: WriteMode) -> Sink {
    Sink { conflict_mode: mode, write_mode, ..sink(schema, "t") }
}

#[test]
fn ignore_keeps_the_row_that_was_first() {
    for server in servers(&[]) {
        for write_mode in [WriteMode::Copy, WriteMode::Insert] {
            let mut schema = schema(&server);
            schema.execute("INSERT INTO t VALUES (2, 'old')");
            let target = open(&with(&schema, ConflictMode::Ignore, write_mode));
            let batch = Rows::default()
                .binary(1, Some("a"))
                .binary(2, Some("b"))
                .text(3, "c")
                .binary(1, Some("again"))
                .binary(3, Some("late"))
                .binary(4, None);
            let outcome = write(&target, &batch.batch());
            assert_eq!(outcome.counts(), (3, 3, 0), "{write_mode:?}");
            assert_eq!(table(&mut schema, "t"), "1=a 2=old 3=c 4=NULL");
        }
    }
}

#[test]
fn duplicates_within_a_batch_need_no_staging_table() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        let target = open(&with(&schema, ConflictMode::Ignore, WriteMode::Copy));
        let batch = chunks([
            Rows::default().many(0..1000, "first"),
            Rows::default().binary(7, Some("second")).many(1000..2000, "first"),
        ]);
        let outcome = write(&target, &batch);
        assert_eq!(outcome.counts(), (2000, 1, 0));
        assert_eq!((outcome.transactions, outcome.retried), (1, 0));
        assert_eq!(schema.count("t"), 2000);
        assert_eq!(schema.count("t WHERE name = 'first'"), 2000);
    }
}

#[test]
fn upsert_lets_the_last_row_of_a_key_win() {
    for server in servers(&[]) {
        for write_mode in [WriteMode::Copy, WriteMode::Insert] {
            let mut schema = schema(&server);
            schema.execute("INSERT INTO t VALUES (2, 'old')");
            let target = open(&with(&schema, ConflictMode::Upsert, write_mode));
            let batch = Rows::default()
                .binary(1, Some("a"))
                .text(2, "b")
                .binary(1, Some("again"))
                .binary(2, Some("last"))
                .text(3, "c");
            let outcome = write(&target, &batch.batch());
            assert_eq!(outcome.counts(), (3, 0, 2), "{write_mode:?}");
            assert_eq!(table(&mut schema, "t"), "1=again 2=last 3=c");
            let outcome = write(&target, &Rows::default().binary(3, None).binary(9, Some("z")).batch());
            assert_eq!(outcome.counts(), (2, 0, 0));
            assert_eq!(table(&mut schema, "t"), "1=again 2=last 3=NULL 9=z");
        }
    }
}

#[test]
fn strict_names_the_conflict_and_commits_nothing_of_the_batch() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        schema.execute("INSERT INTO t VALUES (2, 'old')");
        let target = open(&with(&schema, ConflictMode::Strict, WriteMode::Insert));
        let batch = Rows::default().binary(1, Some("a")).binary(2, Some("b")).binary(3, Some("c")).batch();
        let mut outcome = Outcome::default();
        let error = target.writer.write(&batch, &mut outcome, &Stop::default()).unwrap_err().to_string();
        for word in [&schema.name, "t_pkey", "(id)=(2)", "23505"] {
            assert!(error.contains(word), "{word}: {error}");
        }
        assert_eq!(table(&mut schema, "t"), "2=old");
        let twice = Rows::default().binary(5, Some("a")).binary(5, Some("b")).batch();
        assert!(target.writer.write(&twice, &mut outcome, &Stop::default()).is_err());
        assert_eq!(schema.count("t"), 1);
    }
}

#[test]
fn columns_the_job_leaves_out_keep_their_values_and_get_their_defaults() {
    for server in servers(&[]) {
        for write_mode in [WriteMode::Copy, WriteMode::Insert] {
            let mut schema = Schema::new(&server);
            schema.execute(
                "CREATE DOMAIN note AS text NOT NULL DEFAULT 'none';
                 CREATE TABLE t (serial bigserial, kept int NOT NULL DEFAULT 7, id bigint PRIMARY KEY, \"na\"\"me\" text, n note);
                 ALTER TABLE t RENAME \"na\"\"me\" TO name; INSERT INTO t (id, kept, name) VALUES (1, 8, 'old')",
            );
            let target = open(&with(&schema, ConflictMode::Upsert, write_mode));
            let outcome = write(&target, &Rows::default().binary(1, Some("new")).text(2, "two").batch());
            assert_eq!(outcome.counts(), (2, 0, 0));
            let rows = schema.text("SELECT string_agg(id || name || kept || n, ' ' ORDER BY id) FROM t");
            assert_eq!(rows.as_deref(), Some("1new8none 2two7none"));
        }
    }
}

#[test]
fn names_may_contain_any_characters() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute(r#"CREATE TABLE "Weird "" $1 table" ("select" bigint PRIMARY KEY, "a""b;--" text)"#);
        let sink = Sink {
            conflict_mode: ConflictMode::Upsert,
            ..super::fixture::sink_of(&schema, "Weird \" $1 table", &["select", "a\"b;--"])
        };
        let target = open(&sink);
        for expected in [(2, 0), (0, 2)] {
            let outcome = write(&target, &Rows::default().binary(1, Some("x")).text(2, "y").batch());
            assert_eq!((outcome.written.inserted, outcome.written.unchanged), expected);
        }
        assert_eq!(schema.count(r#""Weird "" $1 table""#), 2);
    }
}

#[test]
fn a_key_of_all_columns_is_upserted_without_a_set_list() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint, name text, PRIMARY KEY (id, name)); INSERT INTO t VALUES (1, 'a')");
        let target = open(&with(&schema, ConflictMode::Upsert, WriteMode::Copy));
        let outcome = write(&target, &Rows::default().binary(1, Some("a")).binary(2, Some("b")).batch());
        assert_eq!(outcome.counts(), (1, 1, 0));
        assert_eq!(table(&mut schema, "t"), "1=a 2=b");
    }
}

#[test]
fn an_upserted_row_that_violates_another_unique_constraint_is_rejected() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = schema(&server);
        schema.execute("ALTER TABLE t ADD UNIQUE (name); INSERT INTO t VALUES (1, 'taken')");
        let target = open(&with(&schema, ConflictMode::Upsert, WriteMode::Copy));
        assert!(target.table.other_unique);
        let batch =
            Rows::default().many(10..11, "x").binary(2, Some("taken")).binary(1, Some("new")).binary(3, Some("free"));
        let outcome = write(&target, &batch.batch());
        assert_eq!(outcome.rejected_rows(), [1]);
        assert_eq!(outcome.rejected[0].1.sqlstate.as_deref(), Some("23505"));
        assert_eq!(table(&mut schema, "t"), "1=new 3=free 10=x");
    }
}

#[test]
fn a_unique_value_moves_between_rows_of_a_batch_and_a_second_row_with_it_is_rejected() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        schema.execute("ALTER TABLE t ADD UNIQUE (name); INSERT INTO t VALUES (1, 'taken')");
        let target = open(&with(&schema, ConflictMode::Upsert, WriteMode::Copy));
        let batch =
            Rows::default().binary(1, Some("new")).binary(2, Some("taken")).binary(3, Some("new")).binary(4, None);
        let outcome = write(&target, &batch.batch());
        assert_eq!(outcome.rejected_rows(), [2]);
        assert_eq!(outcome.rejected[0].1.sqlstate.as_deref(), Some("23505"));
        assert_eq!(table(&mut schema, "t"), "1=new 2=taken 4=NULL");
    }
}

#[test]
fn with_ignore_another_unique_constraint_drops_the_later_row() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        schema.execute("ALTER TABLE t ADD UNIQUE (name); INSERT INTO t VALUES (1, 'new')");
        let target = open(&with(&schema, ConflictMode::Ignore, WriteMode::Copy));
        let batch = Rows::default().text(20, "once").binary(21, Some("once")).binary(22, Some("new"));
        let outcome = write(&target, &batch.batch());
        assert_eq!(outcome.counts(), (1, 2, 0), "the row that came first wins, whatever its format");
        assert_eq!(schema.count("t WHERE id = 20"), 1);
    }
}

#[test]
fn rows_are_appended_to_a_table_without_unique_constraints() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint, name text)");
        let target = open(&with(&schema, ConflictMode::Upsert, WriteMode::Copy));
        let outcome = write(&target, &Rows::default().many(0..3, "a").many(0..3, "b").batch());
        assert_eq!(outcome.counts(), (6, 0, 0));
        assert_eq!(schema.count("t"), 6);
    }
}

#[test]
fn an_upsert_without_a_usable_key_is_refused_at_the_start() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint UNIQUE, name text)");
        let sink = with(&schema, ConflictMode::Upsert, WriteMode::Copy);
        let error = refusal(&sink);
        assert!(error.contains("declare PRIMARY KEY"), "{error}");
        let error = refusal(&Sink { declared_key: Some(vec![1]), ..sink.clone() });
        assert!(error.contains("CREATE UNIQUE INDEX"), "{error}");
        assert_eq!(open(&Sink { declared_key: Some(vec![0]), ..sink }).table.key, Some(vec![0]));
    }
}

#[test]
fn the_error_for_an_upsert_without_a_usable_key_says_what_to_do() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE t (id bigint UNIQUE DEFERRABLE, name text); CREATE VIEW v AS SELECT * FROM t;
         CREATE TABLE plain (id bigint, name text)",
    );
    let refused = |table: &str| {
        refusal(&Sink { conflict_mode: ConflictMode::Upsert, declared_key: Some(vec![0]), ..sink(&schema, table) })
    };
    let deferrable = refused("t");
    assert!(deferrable.contains("is deferrable") && deferrable.contains("NOT DEFERRABLE"), "{deferrable}");
    assert!(!deferrable.contains("not unique"), "{deferrable}");
    let view = refused("v");
    assert!(view.contains("is a view") && view.contains("the table behind it"), "{view}");
    assert!(!view.contains("CREATE UNIQUE INDEX"), "{view}");
    let plain = refused("plain");
    assert!(plain.contains("is not unique in the table") && plain.contains("CREATE UNIQUE INDEX ON"), "{plain}");
    // The log and `check` name the table themselves; the SQL of a remedy has to name it.
    schema.execute("CREATE UNLOGGED TABLE u (id bigint UNIQUE DEFERRABLE, name text)");
    for table in ["u", "plain"] {
        let sink = Sink { declared_key: Some(vec![0]), ..sink(&schema, table) };
        for warning in &open(&sink).description.warnings {
            let (text, _) = warning.split_once("ALTER TABLE").unwrap_or((warning, ""));
            assert!(!text.contains(&schema.name), "{warning}");
        }
    }
}

#[test]
fn after_conflicts_the_staging_table_is_used_and_the_rows_are_the_same() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        let target = open(&with(&schema, ConflictMode::Ignore, WriteMode::Copy));
        for start in 0..40 {
            let outcome = write(&target, &Rows::default().many(start * 5..start * 5 + 10, "x").batch());
            assert_eq!(outcome.counts(), if start == 0 { (10, 0, 0) } else { (5, 5, 0) });
        }
        assert_eq!(schema.count("t"), 205);
    }
}

#[test]
fn a_view_is_written_through_the_staging_table() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        schema.execute("CREATE VIEW v AS SELECT id, name FROM t");
        let target = open(&sink(&schema, "v"));
        assert_eq!(write(&target, &Rows::default().many(0..10, "x").text(11, "y").batch()).counts(), (11, 0, 0));
        assert_eq!(schema.count("t"), 11);
    }
}

#[test]
fn a_later_row_of_a_key_counts_when_the_first_was_ignored_for_another_constraint() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        schema.execute("ALTER TABLE t ADD UNIQUE (name); INSERT INTO t VALUES (99, 'taken')");
        let target = open(&with(&schema, ConflictMode::Ignore, WriteMode::Copy));
        let batch = Rows::default().binary(1, Some("taken")).binary(1, Some("free")).binary(1, Some("late"));
        assert_eq!(write(&target, &batch.batch()).counts(), (1, 2, 0));
        assert_eq!(table(&mut schema, "t"), "1=free 99=taken");
    }
}

#[test]
fn ignore_works_with_a_deferrable_key() {
    for server in servers(&[]) {
        for deferrable in ["DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"] {
            for write_mode in [WriteMode::Copy, WriteMode::Insert] {
                let mut schema = Schema::new(&server);
                schema.execute(&format!(
                    "CREATE TABLE t (id bigint PRIMARY KEY {deferrable}, name text); INSERT INTO t VALUES (2, 'old')"
                ));
                let target = open(&with(&schema, ConflictMode::Ignore, write_mode));
                assert!(target.description.warnings.iter().any(|warning| warning.contains("deferrable")));
                let batch = Rows::default().binary(1, Some("a")).binary(2, Some("b")).text(3, "c");
                assert_eq!(write(&target, &batch.binary(1, Some("again")).batch()).counts(), (2, 2, 0));
                assert_eq!(write(&target, &Rows::default().many(2..5, "z").batch()).counts(), (1, 2, 0));
                assert_eq!(table(&mut schema, "t"), "1=a 2=old 3=c 4=z");
            }
        }
    }
}
