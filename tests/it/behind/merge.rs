//! Sealed children of similar size are merged into one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use postgres::Client;

use super::scene::Scene;
use crate::push::scene::builder;
use crate::support::eventually;
use crate::support::postgresql::{Schema, postgres18};

/// The sealed children, by name.
fn sealed(schema: &mut Schema) -> Vec<String> {
    let query =
        "SELECT string_agg(c.relname, ' ' ORDER BY c.oid) FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
                 WHERE h.inhparent = 'cars'::regclass AND c.relname LIKE 'cars_sealed_%'";
    schema.text(query).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// Sealed children with 1,000 rows each and their indexes: the first has the ids from 1 to 1,000.
fn seal(scene: &mut Scene, children: i64) {
    for child in 1..=children {
        scene.schema.execute(&format!("CREATE TABLE cars_sealed_{child} (PRIMARY KEY (id)) INHERITS (cars)"));
        scene.fill(&format!("cars_sealed_{child}"), (child - 1) * 1000 + 1..=child * 1000);
        scene.schema.execute(&format!("CREATE INDEX ON cars_sealed_{child} USING hnsw (v vector_l2_ops)"));
    }
}

/// Locks rows of the hot child in the transaction of a writer. As long as movers wait for these rows, they don't empty sealed children,
/// and a merge can't end before the transaction.
fn writer(scene: &mut Scene) -> Client {
    scene.fill("cars_hot", 100_001..=102_000);
    let mut writer = scene.schema.connect();
    writer.batch_execute("BEGIN; UPDATE ONLY cars_hot SET note = 'held'").expect("the rows are free");
    writer
}

/// Rows of the hot child that can't be moved. As long as movers wait for them, they don't empty sealed children.
const REFUSED: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
                       CREATE TRIGGER refuse BEFORE INSERT ON cars FOR EACH ROW EXECUTE FUNCTION refuse()";

fn refused(scene: &mut Scene) {
    scene.fill("cars_hot", 100_001..=102_000);
    scene.schema.execute(REFUSED);
}

/// Waits until a merge has copied the rows and built the index, and waits for its locks.
fn waits_for_its_end(scene: &mut Scene) -> bool {
    let query = format!(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = '{}' AND state = 'idle in transaction' AND query LIKE '%pg_locks%'
           AND state_change < clock_timestamp() - interval '0.2 s'",
        scene.movers()
    );
    scene.schema.text(&query).is_some()
}

/// The tables that are no children: an interrupted merge could leave such a table.
fn left(scene: &mut Scene) -> Option<String> {
    let query = "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = current_schema::regnamespace AND relkind = 'r'
                 AND relname <> 'cars' AND oid NOT IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'cars'::regclass)";
    scene.schema.text(query)
}

#[test]
fn sealed_children_of_similar_size_are_merged_and_queries_see_each_row_once_meanwhile() {
    let Some(mut scene) = Scene::new("note text") else { return };
    seal(&mut scene, 4);
    scene.fill("cars", 10_001..=10_100);
    let mut writer = writer(&mut scene);
    let (ended, clients) = (AtomicBool::new(false), [(); 2].map(|()| scene.schema.connect()));
    let (sink, reads) = std::thread::scope(|scope| {
        let readers = clients.map(|mut client| {
            let ended = &ended;
            scope.spawn(move || {
                let mut reads = 0;
                while !ended.load(Ordering::Relaxed) {
                    let rows =
                        client.query_one("SELECT count(*), count(DISTINCT id) FROM cars", &[]).expect("it reads");
                    assert_eq!((rows.get::<_, i64>(0), rows.get::<_, i64>(1)), (6100, 6100));
                    reads += 1;
                }
                reads
            })
        });
        let sink = scene.open();
        eventually("the merge waits for the writer", || waits_for_its_end(&mut scene));
        writer.batch_execute("COMMIT").expect("it ends");
        eventually("one child is left", || sealed(&mut scene.schema).len() < 4);
        ended.store(true, Ordering::Relaxed);
        (sink, readers.map(|reader| reader.join().expect("each row is there once")).iter().sum::<i32>())
    });
    assert!(reads > 20, "{reads}");
    sink.close(Duration::from_secs(10)).expect("it closes");
    assert_eq!(left(&mut scene), None);
    for (id, child) in [(1, "cars_sealed_%"), (4000, "cars_sealed_%"), (10_001, "cars")] {
        let query = format!("SELECT tableoid::regclass::text LIKE '{child}' FROM cars WHERE id = {id}");
        let place = scene.schema.text(&query);
        // Movers may have begun to empty the child.
        assert!(place.as_deref() == Some("true") || scene.schema.count(&format!("ONLY cars WHERE id = {id}")) == 1);
    }
}

#[test]
fn changes_that_are_made_during_a_merge_are_kept() {
    let Some(mut scene) = Scene::new("note text") else { return };
    seal(&mut scene, 4);
    let mut writer = writer(&mut scene);
    let sink = scene.open();
    eventually("the merge waits for the writer", || waits_for_its_end(&mut scene));
    for changes in [
        "UPDATE cars SET note = 'updated' WHERE id IN (1, 2)",
        "UPDATE ONLY cars_sealed_2 SET v = array_fill(7, ARRAY[32]), note = 'updated' WHERE id = 1001",
        "DELETE FROM cars WHERE id IN (3, 2001)",
        "BEGIN; DELETE FROM ONLY cars_sealed_1 WHERE id = 4; ROLLBACK",
        "BEGIN; UPDATE cars SET note = 'twice' WHERE id = 5; UPDATE cars SET note = 'updated' WHERE id = 5; COMMIT",
        "UPDATE cars SET note = 'gone' WHERE id = 6; DELETE FROM cars WHERE id = 6",
    ] {
        scene.schema.execute(changes);
    }
    writer.batch_execute("COMMIT").expect("it ends");
    eventually("one child is left", || sealed(&mut scene.schema).len() == 1);
    let merged = sealed(&mut scene.schema).remove(0);
    drop(sink);
    assert_eq!((scene.schema.count("cars"), scene.distinct()), (5997, 5997));
    let of = |condition: &str| format!("SELECT string_agg(id::text, ' ' ORDER BY id) FROM cars WHERE {condition}");
    assert_eq!(scene.schema.text(&of("note = 'updated'")).as_deref(), Some("1 2 5 1001"));
    assert_eq!(scene.schema.text(&of("id < 8")).as_deref(), Some("1 2 4 5 7"));
    assert_eq!(scene.schema.count("cars WHERE id = 1001 AND v = array_fill(7, ARRAY[32])::vector"), 1);
    let names = format!("SELECT '{merged}' = 'cars_sealed_' || '{merged}'::regclass::oid");
    assert_eq!(scene.schema.text(&names).as_deref(), Some("true"), "a number that was never given before");
}

#[test]
fn a_merge_that_is_killed_leaves_nothing_behind_and_is_started_again() {
    let Some(mut scene) = Scene::new("note text") else { return };
    seal(&mut scene, 4);
    let mut writer = writer(&mut scene);
    let sink = scene.open();
    eventually("the merge waits for the writer", || waits_for_its_end(&mut scene));
    let ended = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{}'",
        scene.movers()
    );
    scene.schema.execute(&ended);
    eventually("the server has taken all back", || left(&mut scene).is_none());
    assert_eq!((sealed(&mut scene.schema).len(), scene.schema.count("cars")), (4, 6000));
    drop(sink);
    let sink = scene.open();
    eventually("the next sink begins again", || waits_for_its_end(&mut scene));
    let begun = Instant::now();
    sink.close(Duration::from_secs(10)).expect("it closes");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    eventually("the server has taken all back", || left(&mut scene).is_none());
    scene.schema.execute(REFUSED);
    writer.batch_execute("COMMIT").expect("it ends");
    let sink = scene.open();
    eventually("one child is left", || sealed(&mut scene.schema).len() == 1);
    assert_eq!((scene.schema.count("cars"), scene.distinct()), (6000, 6000));
    drop(sink);
}

#[test]
fn sessions_that_are_ended_at_any_moment_of_a_merge_lose_and_double_nothing() {
    let Some(mut scene) = Scene::new("note text") else { return };
    seal(&mut scene, 4);
    refused(&mut scene);
    for millisecond in [50, 150, 300, 500, 700] {
        let sink = scene.open();
        std::thread::sleep(Duration::from_millis(millisecond));
        let query = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{}'",
            scene.movers()
        );
        scene.schema.execute(&query);
        assert_eq!((scene.schema.count("cars"), scene.distinct()), (6000, 6000));
        drop(sink);
    }
    let sink = scene.open();
    eventually("one child is left", || sealed(&mut scene.schema).len() == 1);
    assert_eq!((scene.schema.count("cars"), scene.distinct(), left(&mut scene)), (6000, 6000, None));
    drop(sink);
}

#[test]
fn two_sinks_merge_children_once() {
    let Some(mut scene) = Scene::new("note text") else { return };
    seal(&mut scene, 5);
    refused(&mut scene);
    let sinks = [scene.open(), scene.open()];
    eventually("one child is left", || {
        assert_eq!(scene.schema.count("cars"), 7000, "each snapshot has every row once");
        sealed(&mut scene.schema).len() == 1
    });
    assert_eq!(scene.distinct(), 7000);
    drop(sinks);
}

#[test]
fn a_merged_child_has_all_that_a_sealed_one_has() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE colors (name text PRIMARY KEY); INSERT INTO colors VALUES ('red');
         CREATE TABLE cars (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v vector(3), color text DEFAULT 'red' REFERENCES colors,
             twice int GENERATED ALWAYS AS (id * 2) STORED, note text, CHECK (id <> 13), CONSTRAINT short CHECK (length(note) < 5) NO INHERIT);
         CREATE INDEX ON cars USING hnsw (v vector_l2_ops); CREATE INDEX ON cars (color); CREATE UNIQUE INDEX ON cars (note, id);
         ALTER TABLE cars REPLICA IDENTITY FULL; GRANT SELECT ON cars TO PUBLIC",
    );
    let open = |schema: &Schema| {
        let builder = builder(schema, "cars").columns(["id", "v"]).option("sink.vector-index", "behind");
        builder.option("sink.vector-index.scan-limit", "60000").open().unwrap_or_else(|error| panic!("{error}"))
    };
    for child in 1..=4 {
        // This makes the hot child.
        drop(open(&schema));
        schema.execute(&format!(
            "INSERT INTO cars_hot (id, v, note) SELECT {child} * 1000 + i, array_fill(i, ARRAY[3]), 'x' FROM generate_series(1, 900) AS i;
             ALTER TABLE cars_hot RENAME TO cars_sealed_{child}; CREATE INDEX ON cars_sealed_{child} USING hnsw (v vector_l2_ops)"
        ));
    }
    drop(open(&schema));
    schema.execute(
        "INSERT INTO cars_hot (id, v) SELECT 100000 + i, array_fill(i, ARRAY[3]) FROM generate_series(1, 2000) AS i",
    );
    schema.execute(REFUSED);
    let sink = open(&schema);
    eventually("one child is left", || sealed(&mut schema).len() == 1);
    drop(sink);
    let merged = sealed(&mut schema).remove(0);
    let facts = |table: &str| {
        [
            format!(
                "SELECT string_agg(concat(contype, pg_get_constraintdef(oid)), ' ' ORDER BY pg_get_constraintdef(oid)) FROM pg_constraint
                 WHERE conrelid = '{table}'::regclass"
            ),
            format!(
                "SELECT string_agg(split_part(indexdef, ' USING ', 2), ';' ORDER BY split_part(indexdef, ' USING ', 2)) FROM pg_indexes
                 WHERE schemaname = current_schema AND tablename = '{table}' AND indexdef NOT LIKE '%hnsw%'"
            ),
            format!(
                "SELECT string_agg(concat(a.attname, a.attnotnull, a.attstorage, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)), ' ' ORDER BY attname)
                 FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                 WHERE a.attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
            ),
            format!(
                "SELECT concat(relreplident, relpersistence, has_table_privilege('public', oid, 'SELECT'), relowner, obj_description(oid))
                 FROM pg_class WHERE oid = '{table}'::regclass"
            ),
        ]
    };
    for (of_merged, of_hot) in facts(&merged).iter().zip(facts("cars_hot")) {
        let hot = schema.text(&of_hot);
        assert!(hot.is_some());
        assert_eq!(schema.text(of_merged), hot);
    }
    assert_eq!(schema.count(&format!("pg_indexes WHERE tablename = '{merged}' AND indexdef LIKE '%hnsw%'")), 1);
    assert_eq!(schema.count("cars WHERE twice = 2 * id AND color = 'red'"), 5600);
    let not_valid = format!("pg_constraint WHERE conrelid = '{merged}'::regclass AND NOT convalidated");
    assert_eq!(schema.count(&not_valid), 0);
}

/// Prints how long a merge of 300,000 rows takes, and how long other sessions wait at its end.
#[test]
#[ignore = "takes minutes"]
fn queries_wait_only_for_an_instant_while_300_000_rows_are_merged() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE cars (id bigint PRIMARY KEY, v vector(128), note text); CREATE INDEX ON cars USING hnsw (v vector_l2_ops);
         CREATE TABLE cars_hot (PRIMARY KEY (id)) INHERITS (cars);
         CREATE FUNCTION v(i int) RETURNS vector LANGUAGE sql IMMUTABLE AS 'SELECT array_agg(sin(i * k * 0.37)) FROM generate_series(1, 128) AS k'",
    );
    for child in 1..=4 {
        schema.execute(&format!(
            "CREATE TABLE cars_sealed_{child} (PRIMARY KEY (id)) INHERITS (cars);
             INSERT INTO cars_sealed_{child} SELECT i, v(i) FROM generate_series({child} * 75000 + 1, {child} * 75000 + 75000) AS i;
             SET maintenance_work_mem TO '256MB'; CREATE INDEX ON cars_sealed_{child} USING hnsw (v vector_l2_ops)"
        ));
    }
    let builder = builder(&schema, "cars").columns(["id", "v"]).option("sink.vector-index", "behind");
    let sink = builder.option("sink.vector-index.scan-limit", "60000").open().unwrap_or_else(|error| panic!("{error}"));
    let (begun, mut longest, mut reads) = (Instant::now(), Duration::ZERO, 0);
    let (mut writes, mut longest_write, mut writer) = (0, Duration::ZERO, schema.connect());
    while sealed(&mut schema).len() > 1 {
        let read = Instant::now();
        let found = schema.client.query("SELECT id FROM cars ORDER BY v <-> v(7) LIMIT 10", &[]).expect("it reads");
        assert_eq!(found.len(), 10);
        (longest, reads) = (longest.max(read.elapsed()), reads + 1);
        let write = Instant::now();
        let changed = writer.execute("UPDATE cars SET note = 'x' WHERE id = $1", &[&(75_001 + writes * 7)]);
        assert_eq!(changed.expect("it is updated"), 1);
        (longest_write, writes) = (longest_write.max(write.elapsed()), writes + 1);
        assert!(begun.elapsed() < Duration::from_secs(600), "it is merged");
        std::thread::sleep(Duration::from_millis(10));
    }
    println!(
        "{:?}; {reads} queries, {longest:?} at most; {writes} updates, {longest_write:?} at most",
        begun.elapsed()
    );
    assert_eq!(schema.count("cars"), 300_000);
    assert_eq!(schema.count("cars WHERE note = 'x'"), writes);
    drop(sink);
}
