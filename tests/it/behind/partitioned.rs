//! The partitioned layout: other programs that meet a row in flight get an error, and keys stay unique.

use std::thread;

use postgres::error::SqlState;
use vecsink::internals::postgres::{TableLayout, layout_ddl};
use vecsink::internals::settings::{ConflictMode, Password, Sink, VectorIndexMode};
use vecsink::internals::stop::Stop;

use super::fixture::{COLUMNS, MODES, WRITE_MODES, behind, layout, partitioned, places, plain, rows};
use super::foreign::{process_of, waits_for_a_lock};
use super::layout::printed;
use super::races::{CHANGES, batch, write_against};
use super::scene::Scene;
use super::told::{JOB, with_variables};
use super::writes::{compare_with_plain, no_key_is_twice};
use crate::flush::changes::Changes;
use crate::flush::fixture::{open, refusal, write};
use crate::support::postgresql::unique;
use crate::support::{Feature, Job, Schema, eventually, kafka, postgres18, postgres96, servers};

const PLACES: [Option<&str>; 3] = [Some("t_hot"), Some("t_indexed"), None];

/// Moves these rows as a mover does, in the caller's transaction.
fn moves(ids: &str) -> String {
    format!("UPDATE t SET vecsink_tier = 1 WHERE vecsink_tier = 0 AND id IN ({ids})")
}

#[test]
fn every_change_has_the_same_effect_as_on_a_plain_table_in_each_partition() {
    for server in servers(&[Feature::Partitions]) {
        for mode in MODES {
            for write_mode in WRITE_MODES {
                compare_with_plain(&mut partitioned(&server, COLUMNS, "id"), &PLACES, mode, write_mode);
            }
        }
    }
}

#[test]
fn a_change_of_a_row_that_is_being_moved_is_repeated_and_not_lost() {
    for server in servers(&[Feature::Partitions]) {
        for (mode, change, expected) in CHANGES {
            for (write_mode, commits) in WRITE_MODES.into_iter().flat_map(|mode| [(mode, true), (mode, false)]) {
                let mut schema = partitioned(&server, COLUMNS, "id");
                schema.execute("INSERT INTO t VALUES (1, 'old', 'old'), (2, 'old', 'old')");
                let target = open(&behind(&schema, mode, write_mode));
                let mut second = schema.connect();
                let mut mover = second.transaction().expect("begins");
                mover.batch_execute(&moves("1, 2")).expect("the rows are free");
                let outcome = write_against(&mut schema, &target, &batch(change), mover, commits, |_| {});
                assert_eq!(
                    rows(&mut schema, "t"),
                    format!("{expected} 2:old:old").trim_start(),
                    "{mode:?} {change} {write_mode:?} {commits}"
                );
                assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
                no_key_is_twice(&mut schema);
            }
        }
    }
}

/// Statements of another program. Each finds its row when it is repeated.
const STATEMENTS: [&str; 3] = [
    "UPDATE t SET kept = kept + 1 WHERE id = 1",
    "DELETE FROM t WHERE id = 1",
    "SELECT 1 FROM t WHERE id = 1 FOR UPDATE",
];

#[test]
fn a_foreign_statement_that_meets_a_move_gets_a_serialization_failure_and_can_be_repeated() {
    for server in servers(&[Feature::Partitions]) {
        for statement in STATEMENTS {
            let mut schema = partitioned(&server, "id bigint, a text, b text, kept int DEFAULT 1", "id");
            schema.execute("INSERT INTO t VALUES (1, 'old', 'old')");
            let mut mover = schema.connect();
            mover.batch_execute(&format!("BEGIN; {}", moves("1"))).expect("the row is moved");
            let mut foreign = schema.connect();
            let process = process_of(&mut foreign);
            let changed = thread::spawn(move || (foreign.execute(statement, &[]), foreign));
            eventually("the other program waits for the move", || waits_for_a_lock(&mut schema, process));
            mover.batch_execute("COMMIT").expect("the move is committed");
            let (refused, mut foreign) = changed.join().expect("the other program's thread ends");
            let code = refused.expect_err("an error").code().cloned();
            assert_eq!(code, Some(SqlState::T_R_SERIALIZATION_FAILURE), "{statement}");
            assert_eq!(foreign.execute(statement, &[]).expect("it is repeated"), 1, "{statement}");
        }
    }
}

#[test]
fn a_foreign_update_of_a_row_that_an_upsert_replaces_gets_a_serialization_failure_and_then_is_not_lost() {
    for server in servers(&[Feature::Partitions]) {
        for write_mode in WRITE_MODES {
            let mut schema = partitioned(&server, "id bigint, a text, b text, kept int DEFAULT 1", "id");
            schema.execute("INSERT INTO t_indexed VALUES (1, 'old', 'old', 7), (2, 'old', 'old', 8)");
            let target = open(&behind(&schema, ConflictMode::Upsert, write_mode));
            // The writer has locked the row 1 when it waits for the row 2.
            let mut second = schema.connect();
            let mut holder = second.transaction().expect("begins");
            holder.batch_execute("SELECT FROM t_indexed WHERE id = 2 FOR UPDATE").expect("the row is free");
            let changes = Changes::default().update(1, "new", "x").update(2, "new", "x").batch();
            let mut foreign = schema.connect();
            let process = process_of(&mut foreign);
            let mut updating = None;
            write_against(&mut schema, &target, &changes, holder, true, |schema| {
                updating = Some(thread::spawn(move || (foreign.execute(STATEMENTS[0], &[]), foreign)));
                eventually("the other program waits for the writer", || waits_for_a_lock(schema, process));
            });
            let (refused, mut foreign) = updating.expect("a thread").join().expect("it ends");
            let code = refused.expect_err("an error").code().cloned();
            assert_eq!(code, Some(SqlState::T_R_SERIALIZATION_FAILURE));
            foreign.execute(STATEMENTS[0], &[]).expect("it is repeated");
            assert_eq!(places(&mut schema), "t_hot 1 2");
            let kept = schema.text("SELECT string_agg(id || a || kept, ' ' ORDER BY id) FROM t");
            assert_eq!(kept.as_deref(), Some("1new8 2new8"));
            assert_eq!(schema.count("t_replaced"), 0);
        }
    }
}

#[test]
fn foreign_inserts_go_into_the_hot_partition_and_never_make_a_key_twice() {
    for server in servers(&[Feature::Partitions]) {
        let mut schema = partitioned(&server, COLUMNS, "id");
        let role = unique("inserts");
        schema.execute(&format!(
            "INSERT INTO t_indexed VALUES (1, 'indexed', 'x'); INSERT INTO t_hot VALUES (2, 'hot', 'x');
             CREATE ROLE {role}; GRANT USAGE ON SCHEMA \"{0}\" TO {role}; GRANT INSERT ON t TO {role}",
            schema.name
        ));
        let mut other = schema.connect();
        other.batch_execute(&format!("SET ROLE {role}")).expect("a role");
        for (insert, code) in [
            ("INSERT INTO t VALUES (1, 'other', 'x')", SqlState::UNIQUE_VIOLATION),
            ("INSERT INTO t VALUES (1, 'other', 'x') ON CONFLICT DO NOTHING", SqlState::UNIQUE_VIOLATION),
            ("INSERT INTO t VALUES (2, 'other', 'x')", SqlState::UNIQUE_VIOLATION),
            ("INSERT INTO t VALUES (3, 'other', 'x', 1)", SqlState::CHECK_VIOLATION),
            ("INSERT INTO t VALUES (3, 'o', 'x') ON CONFLICT (id) DO NOTHING", SqlState::INVALID_COLUMN_REFERENCE),
            (
                "BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO t VALUES (3, 'o', 'x')",
                SqlState::FEATURE_NOT_SUPPORTED,
            ),
        ] {
            let error = other.batch_execute(insert).expect_err(insert);
            assert_eq!(error.code(), Some(&code), "{insert}: {error}");
            let _ = other.batch_execute("ROLLBACK");
        }
        other.batch_execute("INSERT INTO t VALUES (3, 'other', 'x'), (4, 'other', 'x')").expect("new keys");
        assert_eq!(places(&mut schema), "t_indexed 1, t_hot 2 3 4");
        schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
}

#[test]
fn a_foreign_insert_waits_for_a_writer_of_its_key() {
    for server in servers(&[Feature::Partitions]) {
        let mut schema = partitioned(&server, COLUMNS, "id");
        schema.execute("INSERT INTO t_indexed VALUES (1, 'old', 'old'), (2, 'old', 'old')");
        let target = open(&behind(&schema, ConflictMode::Upsert, WRITE_MODES[0]));
        let mut second = schema.connect();
        let mut holder = second.transaction().expect("begins");
        holder.batch_execute("SELECT FROM t_indexed WHERE id = 2 FOR UPDATE").expect("the row is free");
        let changes = Changes::default().insert(1, "new", "x").insert(2, "new", "x").insert(3, "new", "x").batch();
        let mut foreign = schema.connect();
        let process = process_of(&mut foreign);
        let mut inserting = None;
        write_against(&mut schema, &target, &changes, holder, true, |schema| {
            inserting = Some(thread::spawn(move || foreign.execute("INSERT INTO t VALUES (3, 'other', 'x')", &[])));
            eventually("the other program waits for the writer", || waits_for_a_lock(schema, process));
        });
        let refused = inserting.expect("a thread").join().expect("it ends").expect_err("the key is there");
        assert_eq!(refused.code(), Some(&SqlState::UNIQUE_VIOLATION));
        assert_eq!(rows(&mut schema, "t"), "1:new:x 2:new:x 3:new:x");
    }
}

/// `cars (id, v, …)` with these further columns and rows, an HNSW index, and the partitioned layout.
fn cars(columns: &str, last: i64) -> Option<(Scene, String)> {
    let mut schema = Schema::new(&postgres18()?);
    schema.execute(&format!(
        "CREATE TABLE cars (id bigint PRIMARY KEY, v vector(32), {columns}); CREATE INDEX cars_v ON cars USING hnsw (v vector_l2_ops)"
    ));
    let mut scene = Scene { schema };
    scene.fill("cars", 1..=last);
    let stored = "SELECT relfilenode::text FROM pg_class WHERE oid = 'cars'::regclass";
    let stored = scene.schema.text(stored).expect("a file");
    let sink = Sink { vector_index: VectorIndexMode::Behind, ..plain(&scene.schema, "cars", MODES[0], WRITE_MODES[0]) };
    let sink = Sink { columns: Vec::new(), ..sink };
    let script = layout_ddl(&sink, TableLayout::Partitioned);
    scene.schema.execute(&script.unwrap_or_else(|error| panic!("{error}")));
    Some((scene, stored))
}

#[test]
fn the_layout_keeps_rows_and_index_as_they_are_and_queries_merge_both_partitions() {
    let Some((mut scene, stored)) =
        cars("note text DEFAULT 'none', twice bigint GENERATED ALWAYS AS (id * 2) STORED", 2000)
    else {
        return;
    };
    let schema = &mut scene.schema;
    assert_eq!(schema.count("cars"), 2000);
    assert_eq!(schema.count(&format!("pg_class WHERE relfilenode = {stored} AND oid = 'cars_indexed'::regclass")), 1);
    schema.execute("INSERT INTO cars (id, v) SELECT 5000 + i, array_fill(i, ARRAY[32])::vector FROM generate_series(1, 50) AS i; ANALYZE cars");
    assert_eq!(schema.count("cars_hot WHERE twice = id * 2 AND note = 'none'"), 50);
    let query = "EXPLAIN SELECT id FROM cars ORDER BY v <-> (SELECT array_fill(7, ARRAY[32])::vector) LIMIT 10";
    let plan: Vec<String> = schema.client.query(query, &[]).expect("a plan").iter().map(|row| row.get(0)).collect();
    for part in ["Merge Append", "Index Scan using cars_v on cars_indexed", "Seq Scan on cars_hot"] {
        assert!(plan.iter().any(|line| line.contains(part)), "{part}: {plan:#?}");
    }
    let nearest = schema.text("SELECT id::text FROM cars ORDER BY v <-> array_fill(7, ARRAY[32])::vector LIMIT 1");
    assert_eq!(nearest.as_deref(), Some("5007"));
}

#[test]
fn movers_take_rows_of_the_hot_partition_into_the_indexed_one_with_all_their_columns() {
    let Some((mut scene, _)) =
        cars("note text, n bigint DEFAULT 5, twice bigint GENERATED ALWAYS AS (id * 2) STORED", 10)
    else {
        return;
    };
    scene.schema.execute("INSERT INTO cars (id, v, note, n) SELECT i, array_fill(i, ARRAY[32])::vector, 'old', i FROM generate_series(11, 3000) AS i");
    let sink = scene.open();
    eventually("all rows are moved", || scene.schema.count("cars_hot") == 0);
    assert_eq!(scene.schema.count("cars_indexed WHERE id > 10 AND note = 'old' AND n = id AND twice = 2 * id"), 2990);
    eventually("they are counted", || {
        sink.stats().counters.rows_moved == 2990 && sink.stats().rows_waiting_for_index == 0
    });
    scene.schema.execute("ALTER TABLE cars ADD COLUMN more int; INSERT INTO cars (id, more) VALUES (4000, 3)");
    eventually("a row with a new column moves, too", || scene.schema.count("cars_indexed WHERE more = 3") == 1);
    drop(sink);
}

#[test]
fn the_statements_of_the_page_undo_the_layout() {
    let Some((mut scene, _)) = cars("note text", 20) else { return };
    scene.schema.execute("INSERT INTO cars (id) VALUES (50)");
    let page = include_str!("../../../docs/vector-index.md");
    let (_, undoing) = page.split_once("To undo it, when the job runs no more").expect("a paragraph");
    let undo = undoing.split_once("```sql").and_then(|(_, rest)| rest.split_once("```")).expect("statements").0;
    scene.schema.execute(undo);
    assert_eq!(scene.schema.count("ONLY cars"), 21);
    let columns = "SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = 'cars'::regclass AND attnum > 0 AND NOT attisdropped";
    assert_eq!(scene.schema.text(columns).as_deref(), Some("id v note"));
    assert_eq!(scene.schema.text("SELECT to_regclass('cars_hot')"), None);
}

#[test]
fn a_role_that_owns_nothing_writes_and_moves_with_the_rights_that_the_script_gives_it() {
    for server in servers(&[Feature::Partitions]) {
        let mut schema = Schema::new(&server);
        let role = unique("writer");
        schema.execute(&format!(
            "CREATE TABLE t (id bigint PRIMARY KEY, a text, b text, kept int DEFAULT 7); CREATE ROLE {role} LOGIN PASSWORD '{role}';
             GRANT USAGE ON SCHEMA \"{0}\" TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {role}",
            schema.name
        ));
        let mut sink = behind(&schema, ConflictMode::Upsert, WRITE_MODES[0]);
        sink.connection.user.clone_from(&role);
        sink.connection.password = Password::new(&role);
        let script = layout_ddl(&sink, TableLayout::Partitioned).unwrap_or_else(|error| panic!("{error}"));
        schema.execute(&script);
        schema.execute("INSERT INTO t_indexed VALUES (1, 'old', 'old', 8), (2, 'old', 'old', 8)");
        let target = open(&sink);
        let changes = Changes::default().insert(1, "new", "x").delete(2).insert(3, "new", "x").batch();
        assert!(write(&target, &changes).rejected.is_empty());
        assert_eq!(rows(&mut schema, "t"), "1:new:x 3:new:x");
        assert_eq!(schema.count("t WHERE id = 1 AND kept = 8"), 1);
        let (keeper, stop) = (target.keeper.as_ref().expect("a keeper"), Stop::default());
        let moved = keeper.move_rows(&mut keeper.session(&stop), None, 10, 0).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((moved.rows, places(&mut schema).as_str()), (2, "t_indexed 1 3"));
        drop(target);
        schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
}

#[test]
fn a_table_without_a_key_can_have_the_layout() {
    for server in servers(&[Feature::Partitions]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint, a text, b text)");
        schema.execute(&layout(&schema));
        let sink = Sink { changing: false, ..behind(&schema, ConflictMode::Ignore, WRITE_MODES[0]) };
        write(&open(&sink), &Changes::default().insert(1, "a", "x").insert(1, "b", "x").batch());
        assert_eq!(places(&mut schema), "t_hot 1 1");
    }
}

#[test]
fn wrong_partitioned_layouts_are_refused_with_the_reason() {
    for server in servers(&[Feature::Partitions]) {
        for (alter, reason) in [
            (
                "DROP TRIGGER vecsink_replaced ON t_replaced",
                "ask the table's owner to create it: CREATE OR REPLACE FUNCTION",
            ),
            ("ALTER TABLE t DISABLE TRIGGER vecsink_inserted", "the trigger vecsink_inserted of"),
            ("ALTER TABLE t_hot DROP CONSTRAINT t_hot_pkey", "it lacks the unique index of the table's key"),
            ("ALTER TABLE t DETACH PARTITION t_replaced", "exactly one partition for each of the values 0, 1 and 2"),
        ] {
            let mut schema = partitioned(&server, COLUMNS, "id");
            schema.execute(alter);
            let refused = refusal(&behind(&schema, ConflictMode::Upsert, WRITE_MODES[0]));
            assert!(refused.contains(reason), "{alter}: {refused}");
        }
        let schema = partitioned(&server, COLUMNS, "id");
        let refused = refusal(&plain(&schema, "t", ConflictMode::Upsert, WRITE_MODES[0]));
        assert!(refused.contains("set 'sink.vector-index' to 'behind' in all jobs"), "{refused}");
    }
}

#[test]
fn a_table_that_cannot_get_the_layout_is_named_with_the_reason() {
    let Some(server) = postgres18() else { return };
    for (table, reason) in [
        (
            "CREATE TABLE cars (id int PRIMARY KEY, color text, v text, n int GENERATED ALWAYS AS IDENTITY)",
            "is an identity column",
        ),
        (
            "CREATE TABLE cars (id int PRIMARY KEY, color text, v text, CONSTRAINT c CHECK (id > 0) NO INHERIT)",
            "constraint c is NO INHERIT",
        ),
        (
            "CREATE TABLE cars (id int PRIMARY KEY, color text, v text); CREATE VIEW seen AS SELECT * FROM cars",
            ".seen would go on reading",
        ),
        (
            "CREATE TABLE cars (id int PRIMARY KEY, color text, v text); ALTER TABLE cars ENABLE ROW LEVEL SECURITY",
            "it has row security",
        ),
        (
            "CREATE TABLE cars (id int PRIMARY KEY, color text, v text); CREATE TABLE cars_hot () INHERITS (cars)",
            "if it is a hot child",
        ),
        (
            "CREATE TABLE cars (id int PRIMARY KEY, color text, v text); CREATE TABLE r (id int REFERENCES cars)",
            "the foreign key",
        ),
    ] {
        let mut schema = Schema::new(&server);
        schema.execute(table);
        let ddl = with_variables(Job::ddl(JOB), &schema, "none", "127.0.0.1:1").argument("--partitioned");
        let failed = ddl.finish().exited(1);
        assert!(failed.stderr.contains(reason), "{}", failed.stderr);
    }
    let Some(server) = postgres96() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE cars (id int PRIMARY KEY, color text, v text)");
    let ddl = with_variables(Job::ddl(JOB), &schema, "none", "127.0.0.1:1").argument("--partitioned");
    let failed = ddl.finish().exited(1);
    assert!(failed.stderr.contains("the partitioned layout needs PostgreSQL 11 or newer"), "{}", failed.stderr);
}

#[test]
fn the_command_prints_the_layout_and_check_says_what_it_costs() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let mut schema = Schema::new(&server);
    let (role, name) = (unique("changes"), schema.name.clone());
    schema.execute(&format!(
        "CREATE TABLE cars (id int PRIMARY KEY, color text, v vector(3)); CREATE INDEX cars_v ON cars USING hnsw (v vector_l2_ops);
         CREATE ROLE {role}; GRANT UPDATE ON cars TO {role}"
    ));
    let check = |schema: &Schema| {
        with_variables(Job::check(JOB), schema, &topic.name, &kafka.brokers).finish().exited(0).stdout
    };
    let before = check(&schema);
    assert!(before.contains("The layout that 'vecsink ddl --partitioned' prints gives both an error"), "{before}");
    let script = printed(&schema, &["--partitioned"]);
    schema.execute(&script);
    let said = check(&schema);
    for expected in [
        format!("rows are written to the partition {name}.cars_hot and move from there into cars_indexed"),
        "gets an error (40001), and the program must repeat it".to_owned(),
        "what the layout costs: no unique key over all of cars".to_owned(),
    ] {
        assert!(said.contains(&expected), "{expected}: {said}");
    }
    for wrong in ["these roles may change rows", "index-missing", "unique-key", "will be made"] {
        assert!(!said.contains(wrong), "{wrong}: {said}");
    }
    assert_eq!(
        schema.text(&format!("SELECT has_table_privilege('{role}', 'cars', 'UPDATE')::text")).as_deref(),
        Some("true")
    );
    schema.execute(&format!("GRANT INSERT ON cars_indexed TO {role}"));
    assert!(check(&schema).contains("REVOKE INSERT, UPDATE, DELETE ON"), "the partition is named");
    let failed =
        with_variables(Job::ddl(JOB), &schema, "none", "127.0.0.1:1").argument("--partitioned").finish().exited(1);
    assert!(failed.stderr.contains("has the partitioned layout already"), "{}", failed.stderr);
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
