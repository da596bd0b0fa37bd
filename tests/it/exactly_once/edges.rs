//! Exactly-once when the ledger, the table or the topic isn't what the last run left.

use super::expected;
use super::scene::Scene;

#[test]
fn without_its_rows_in_the_ledger_a_job_begins_where_the_group_stands() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..1_000);
    scene.bounded().finish().exited(0);
    scene.schema.execute("TRUNCATE vecsink_stream, vecsink_shard");
    scene.produce(1_000..2_000);
    scene.bounded().finish().exited(0);
    assert_eq!(scene.counted(), expected(2_000));
}

#[test]
fn a_ledger_that_lacks_shards_or_is_beyond_the_topics_end_stops_the_job() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..100);
    scene.bounded().finish().exited(0);
    scene.schema.execute("UPDATE vecsink_shard SET next_offset = 1000000 WHERE shard = 9");
    let refused = scene.bounded().finish().exited(1);
    assert!(refused.stderr.contains("created again"), "{}", refused.stderr);
    scene.schema.execute("DELETE FROM vecsink_shard WHERE shard = 9");
    let refused = scene.bounded().finish().exited(1);
    assert!(refused.stderr.contains("the ledger is damaged: it has 63 rows"), "{}", refused.stderr);
    assert_eq!(scene.schema.text("SELECT max(epoch) FROM vecsink_stream").as_deref(), Some("1"), "nobody was fenced");
}

#[test]
fn rows_may_be_divided_in_another_way_only_when_all_that_was_read_is_written() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..20_000);
    let mut running = scene.job().start();
    scene.reaches(&mut running, 3_000);
    running.kill();
    // As a kill may meet the job just after it has stored how far it is.
    scene.schema.execute("UPDATE vecsink_stream SET low = 0");
    scene.schema.execute("ALTER TABLE t ADD PRIMARY KEY (part, off)");
    let refused = scene.bounded().finish().exited(1);
    assert!(refused.stderr.contains("finish with the old job file first"), "{}", refused.stderr);
    scene.schema.execute("ALTER TABLE t DROP CONSTRAINT t_pkey");
    scene.bounded().finish().exited(0);
    scene.schema.execute("ALTER TABLE t ADD PRIMARY KEY (part, off)");
    scene.produce(20_000..21_000);
    scene.bounded().finish().exited(0);
    assert_eq!(scene.counted(), expected(21_000));
}

#[test]
fn after_a_restore_the_job_goes_on_where_the_restored_ledger_stands() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..3_000);
    scene.bounded().finish().exited(0);
    let tables = ["t", "rejected", "vecsink_stream", "vecsink_shard"];
    tables.iter().for_each(|table| scene.schema.execute(&format!("CREATE TABLE backup_of_{table} AS TABLE {table}")));
    scene.produce(3_000..6_000);
    scene.bounded().finish().exited(0);
    tables.iter().for_each(|table| {
        scene.schema.execute(&format!("TRUNCATE {table}; INSERT INTO {table} TABLE backup_of_{table}"))
    });
    let finished = scene.bounded().finish().exited(0);
    assert!(finished.stderr.contains("the ledger decides"), "{}", finished.stderr);
    assert_eq!(scene.counted(), expected(6_000));
}

#[test]
fn a_topic_that_was_created_again_stops_the_job_also_when_it_is_longer_than_before() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..100);
    scene.bounded().finish().exited(0);
    scene.topic.create_again();
    scene.produce(0..400);
    let refused = scene.bounded().finish().exited(1);
    assert!(refused.stderr.contains("the topic was created again"), "{}", refused.stderr);
    assert_eq!(scene.schema.text("SELECT max(epoch) FROM vecsink_stream").as_deref(), Some("1"), "nobody was fenced");
    let reset = scene.command(&["offsets", "reset"]).argument("--to").argument("earliest").argument("--yes");
    reset.finish().exited(0);
    scene.schema.execute("TRUNCATE t, rejected");
    scene.bounded().finish().exited(0);
    assert_eq!(scene.counted(), expected(400), "all of the new topic");
}

#[test]
fn records_that_are_deleted_before_a_running_job_has_read_them_stop_it() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..1_000);
    let mut running = scene.job().start();
    scene.reaches(&mut running, expected(1_000).0);
    running.signal("STOP");
    // The broker answers the request that it has with this record. The next request is made later.
    scene.topic.produce(0, ["5000,a"]);
    scene.topic.produce(0, (5_001..5_101).map(|id| format!("{id},a")));
    scene.topic.delete_before(0, 301);
    running.signal("CONT");
    let stopped = running.wait().exited(1);
    assert!(stopped.stderr.contains("are lost") || stopped.stderr.contains("are gone"), "{}", stopped.stderr);
    let beyond = scene.schema.text("SELECT count(*) FROM t WHERE part = 0 AND off >= 301");
    assert_eq!(beyond.as_deref(), Some("0"), "nothing behind the gap is written");
}

#[test]
fn a_partition_that_is_a_foreign_table_is_refused() {
    let Some(mut scene) = Scene::new() else { return };
    let server = scene.schema.name.clone();
    scene.schema.execute(&format!(
        "CREATE TABLE parts (LIKE t) PARTITION BY RANGE (part);
         CREATE FOREIGN DATA WRAPPER {server}; CREATE SERVER {server} FOREIGN DATA WRAPPER {server};
         CREATE FOREIGN TABLE far PARTITION OF parts FOR VALUES FROM (0) TO (9) SERVER {server}"
    ));
    let refused = scene.bounded().option("t.tablename", "parts").finish();
    scene.schema.execute(&format!("DROP FOREIGN DATA WRAPPER {server} CASCADE"));
    let refused = refused.exited(1);
    assert!(refused.stderr.contains(".far is a foreign table"), "{}", refused.stderr);
}
