//! The table's own state: dead rows, autovacuum, statistics, its key, how vectors are stored.

use super::{Scene, eventually};

const HNSW: &str = "CREATE INDEX i ON t USING hnsw (feature vector_l2_ops)";

#[test]
fn many_dead_rows_are_found() {
    let Some(mut scene) = Scene::new(3, HNSW) else { return };
    scene.insert(101, 3000, 3);
    scene.schema.execute("DELETE FROM t WHERE id <= 1500");
    scene.tell();
    let finding = scene.only("dead-rows");
    assert!(finding.text.starts_with("1500 of 3000 rows are dead"), "{finding:?}");
    for statement in finding.remedy.split("; ") {
        scene.schema.execute(statement);
    }
    // VACUUM leaves rows that an open transaction of another test may still see.
    let vacuum = finding.remedy.rsplit("; ").next().unwrap_or_default();
    eventually("no row is dead", || {
        scene.schema.execute(vacuum);
        scene.tell();
        scene.found("dead-rows").is_empty()
    });
}

#[test]
fn dead_rows_of_partitions_are_counted_together() {
    let Some(mut scene) = Scene::new(
        3,
        "DROP TABLE t; CREATE TABLE t (id bigint PRIMARY KEY, feature vector(3)) PARTITION BY HASH (id);
         CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0) WITH (autovacuum_enabled = false);
         CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (autovacuum_enabled = false);
         CREATE INDEX i ON t USING hnsw (feature vector_l2_ops)",
    ) else {
        return;
    };
    scene.insert(1, 3000, 3);
    scene.schema.execute("DELETE FROM t WHERE id <= 1500");
    scene.tell();
    let finding = scene.only("dead-rows");
    assert!(finding.text.starts_with("1500 of 3000 rows are dead"), "{finding:?}");
    assert!(finding.remedy.starts_with("REINDEX INDEX CONCURRENTLY"), "{finding:?}");
}

#[test]
fn a_table_without_autovacuum_is_found() {
    let Some(mut scene) = Scene::new(3, "ALTER TABLE t SET (autovacuum_enabled = off)") else { return };
    scene.cure("autovacuum");
}

#[test]
fn a_table_that_was_never_analyzed_is_found() {
    let Some(mut scene) =
        Scene::new(3, "CREATE TABLE u (LIKE t INCLUDING ALL); DROP TABLE t; ALTER TABLE u RENAME TO t")
    else {
        return;
    };
    assert_eq!(scene.found("statistics"), [], "an empty table needs none");
    scene.insert(1, 100, 3);
    scene.cure("statistics");
}

#[test]
fn a_table_without_a_unique_key_is_found() {
    let Some(mut scene) = Scene::new(3, "ALTER TABLE t DROP CONSTRAINT t_pkey") else { return };
    let finding = scene.only("unique-key");
    scene.schema.execute(&finding.remedy.replace('…', "id"));
    assert_eq!(scene.found("unique-key"), []);
}

#[test]
fn long_vectors_that_the_server_tries_to_compress_are_found() {
    let Some(mut scene) = Scene::new(3000, "ALTER TABLE t ALTER feature SET STORAGE EXTENDED") else { return };
    scene.cure("storage");
}
