//! The table is altered while pushed rows and deletes are not written yet.

use super::scene::{LONG, builder, open};
use crate::support::eventually;
use crate::support::postgresql::{Schema, postgres18};
use vecsink::ConflictMode;

#[test]
fn rows_and_deletes_pushed_before_and_after_an_alteration_are_all_applied() {
    const ROWS: i64 = 5_000;
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, name varchar(20), v float4[])");
    let sink = builder(&schema, "items").deletes(true).conflict_mode(ConflictMode::Upsert).open().unwrap();
    let push = |ids: std::ops::Range<i64>| {
        for id in ids {
            sink.push(&(id, format!("name {id}"), [id as f32, 0.1])).unwrap();
            if id % 5 == 0 {
                sink.delete(&(id,)).unwrap();
            }
        }
    };
    push(0..100);
    assert_eq!(sink.flush(LONG), Ok(()));
    let mut other = schema.connect();
    schema.execute("BEGIN; ALTER TABLE items ALTER id TYPE bigint, ALTER name TYPE text, ALTER v TYPE vector(2)");
    push(100..ROWS);
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'items'::regclass";
    eventually("a writer waits", || other.query_one(waiting, &[]).unwrap().get::<_, i64>(0) > 0);
    schema.execute("COMMIT");
    push(ROWS..ROWS + 100);
    assert_eq!(sink.flush(LONG), Ok(()));
    sink.push(&(1_i64 << 40, "far more than twenty characters", [1.0_f32, 2.0])).unwrap();
    let counters = sink.close(LONG).unwrap().counters;
    assert_eq!(counters.rows_dead_lettered, 0);
    let same =
        "SELECT count(*) FROM items WHERE id < 100000 AND name = 'name ' || id AND v = ('[' || id || ',0.1]')::vector";
    assert_eq!(schema.text(same), Some(((ROWS + 100) / 5 * 4).to_string()));
    assert_eq!(schema.count("items"), (ROWS + 100) / 5 * 4 + 1);
}

#[test]
fn the_schema_check_of_an_altered_table_opens_no_additional_connection() {
    let Some(server) = postgres18() else { return };
    for connections in [1, 2] {
        let mut schema = Schema::new(&server);
        let role = format!("{}_role", schema.name);
        schema.execute(&format!(
            "CREATE TABLE items (id int PRIMARY KEY, name varchar(20));
             CREATE ROLE {role} LOGIN PASSWORD 'x' CONNECTION LIMIT {connections};
             GRANT USAGE ON SCHEMA {0} TO {role}; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {0} TO {role}",
            schema.name
        ));
        let sink = builder(&schema, "items").user(&role).password("x").connections(connections).open().unwrap();
        sink.push(&(1, "one")).unwrap();
        assert_eq!(sink.flush(LONG), Ok(()));
        let mut other = schema.connect();
        schema.execute("BEGIN; ALTER TABLE items ALTER name TYPE text");
        (2..200).for_each(|id| assert!(sink.push(&(id, "more")).is_ok()));
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'items'::regclass";
        eventually("a writer waits", || other.query_one(waiting, &[]).unwrap().get::<_, i64>(0) > 0);
        schema.execute("COMMIT");
        assert_eq!(sink.flush(std::time::Duration::from_secs(30)), Ok(()));
        sink.push(&(200, "far more than twenty characters")).unwrap();
        assert_eq!(sink.close(LONG).unwrap().counters.rows_dead_lettered, 0);
        assert_eq!(schema.count("items"), 200);
        schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
}

#[test]
fn a_key_that_is_dropped_or_moved_stops_a_sink_before_it_writes_a_row_twice() {
    let Some(server) = postgres18() else { return };
    let modes = [ConflictMode::Upsert, ConflictMode::Ignore, ConflictMode::Strict];
    let alterations = [
        "ALTER TABLE items DROP CONSTRAINT items_pkey",
        "ALTER TABLE items DROP CONSTRAINT items_pkey, ADD PRIMARY KEY (n)",
        "ALTER TABLE items DROP CONSTRAINT items_pkey, ADD PRIMARY KEY (id, n)",
    ];
    for mode in modes {
        for (deletes, alteration) in alterations.iter().flat_map(|alteration| [(false, alteration), (true, alteration)])
        {
            let mut schema = Schema::new(&server);
            schema.execute("CREATE TABLE items (id int PRIMARY KEY, n int)");
            let sink = builder(&schema, "items").conflict_mode(mode).deletes(deletes).open().unwrap();
            (0..10).for_each(|id| assert!(sink.push(&(id, id)).is_ok()));
            assert_eq!(sink.flush(LONG), Ok(()));
            schema.execute(alteration);
            // As long as the table has the old key, each of these rows collides with a row of the table.
            (0..10).for_each(|id| drop(sink.push(&(id, id + 100))));
            let case = format!("{mode:?}, deletes: {deletes}, {alteration}");
            let error = sink.flush(LONG).map(|()| "flushed".to_owned());
            let error = error.expect_err(&case).to_string();
            for part in ["items was altered", "its unique indexes have changed", "open the sink again"] {
                assert!(error.contains(part), "{case}: {error}");
            }
            assert_eq!(
                schema.text("SELECT count(DISTINCT id) = count(*) FROM items").as_deref(),
                Some("true"),
                "{case}"
            );
            assert!(sink.close(LONG).is_err(), "{case}");
        }
    }
}

#[test]
fn an_index_that_is_built_again_or_that_is_not_unique_changes_nothing() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, n int)");
    let sink = open(&schema, "items");
    let mut pushed = 0;
    for alteration in [
        "REINDEX INDEX items_pkey",
        "REINDEX INDEX CONCURRENTLY items_pkey",
        "CREATE INDEX ON items (n)",
        "ALTER INDEX items_pkey RENAME TO items_key",
        "ALTER TABLE items SET (fillfactor = 80)",
        "CREATE UNIQUE INDEX twin ON items (id)",
        "DROP INDEX twin",
    ] {
        (0..10).for_each(|id| assert!(sink.push(&(id, id + pushed)).is_ok()));
        assert_eq!(sink.flush(LONG), Ok(()), "before {alteration}");
        schema.execute(alteration);
        pushed += 1;
    }
    (0..10).for_each(|id| assert!(sink.push(&(id, id + pushed)).is_ok()));
    sink.close(LONG).unwrap();
    assert_eq!(schema.text("SELECT count(*) || ' ' || min(n - id) FROM items"), Some(format!("10 {pushed}")));
}
