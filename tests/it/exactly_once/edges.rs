//! Exactly-once when the ledger, the table or the topic isn't what the last run left.

use super::{PARTITIONS, bounded, counted, expected, job, produce, reaches, table};
use crate::support::{kafka, postgres18};

#[test]
fn without_its_rows_in_the_ledger_a_job_begins_where_the_group_stands() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..1_000);
    let mut schema = table(&server);
    bounded(job(&schema, &topic)).finish().exited(0);
    schema.execute("TRUNCATE vecsink_stream, vecsink_shard");
    produce(&topic, 1_000..2_000);
    bounded(job(&schema, &topic)).finish().exited(0);
    assert_eq!(counted(&mut schema), expected(2_000));
}

#[test]
fn a_ledger_that_lacks_shards_or_is_beyond_the_topics_end_stops_the_job() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..100);
    let mut schema = table(&server);
    bounded(job(&schema, &topic)).finish().exited(0);
    schema.execute("UPDATE vecsink_shard SET next_offset = 1000000 WHERE shard = 9");
    let refused = bounded(job(&schema, &topic)).finish().exited(1);
    assert!(refused.stderr.contains("created again"), "{}", refused.stderr);
    schema.execute("DELETE FROM vecsink_shard WHERE shard = 9");
    let refused = bounded(job(&schema, &topic)).finish().exited(1);
    assert!(refused.stderr.contains("the ledger is damaged: it has 63 rows"), "{}", refused.stderr);
    assert_eq!(schema.text("SELECT max(epoch) FROM vecsink_stream").as_deref(), Some("1"), "nobody was fenced");
}

#[test]
fn rows_may_be_divided_in_another_way_only_when_all_that_was_read_is_written() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..20_000);
    let mut schema = table(&server);
    let mut running = job(&schema, &topic).start();
    reaches(&mut running, &mut schema, 3_000);
    running.kill();
    // As a kill may meet the job just after it has stored how far it is.
    schema.execute("UPDATE vecsink_stream SET low = 0");
    schema.execute("ALTER TABLE t ADD PRIMARY KEY (part, off)");
    let refused = bounded(job(&schema, &topic)).finish().exited(1);
    assert!(refused.stderr.contains("finish with the old job file first"), "{}", refused.stderr);
    schema.execute("ALTER TABLE t DROP CONSTRAINT t_pkey");
    bounded(job(&schema, &topic)).finish().exited(0);
    schema.execute("ALTER TABLE t ADD PRIMARY KEY (part, off)");
    produce(&topic, 20_000..21_000);
    bounded(job(&schema, &topic)).finish().exited(0);
    assert_eq!(counted(&mut schema), expected(21_000));
}

#[test]
fn after_a_restore_the_job_goes_on_where_the_restored_ledger_stands() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..3_000);
    let mut schema = table(&server);
    bounded(job(&schema, &topic)).finish().exited(0);
    let tables = ["t", "rejected", "vecsink_stream", "vecsink_shard"];
    tables.iter().for_each(|table| schema.execute(&format!("CREATE TABLE backup_of_{table} AS TABLE {table}")));
    produce(&topic, 3_000..6_000);
    bounded(job(&schema, &topic)).finish().exited(0);
    tables
        .iter()
        .for_each(|table| schema.execute(&format!("TRUNCATE {table}; INSERT INTO {table} TABLE backup_of_{table}")));
    let finished = bounded(job(&schema, &topic)).finish().exited(0);
    assert!(finished.stderr.contains("the ledger decides"), "{}", finished.stderr);
    assert_eq!(counted(&mut schema), expected(6_000));
}
