//! Exactly-once in each mode of the vector index, under `strict`, and with several sinks of a source.

use super::scene::with_second_sink;
use super::{JOB, PARTITIONS, bounded, job, job_of, reaches};
use crate::support::{Schema, Topic, eventually, kafka, postgres18, servers};

fn produce(topic: &Topic, records: std::ops::Range<i64>) {
    topic.produce_spread(records.map(|id| format!("{id},name {id}")));
}

/// How many rows there are, and how many different positions they have.
fn rows(schema: &mut Schema, table: &str) -> (i64, i64) {
    (schema.count(table), schema.count(&format!("(SELECT DISTINCT part, off FROM {table}) AS d")))
}

#[test]
fn with_a_vector_index_that_is_behind_or_deferred_each_record_is_there_once() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    const RECORDS: i64 = 6_000;
    let sql = JOB
        .replace(
            "id BIGINT, name STRING) WITH (\n  'connector' = 'adbpg'",
            "id BIGINT, v STRING) WITH (\n  'connector' = 'adbpg'",
        )
        .replace("SELECT part, off, id, name", "SELECT part, off, id, '[1,2,' || CAST(id AS STRING) || ']'");
    for mode in ["behind", "defer"] {
        let topic = kafka.topic(PARTITIONS);
        produce(&topic, 0..RECORDS);
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE t (part int, off bigint, id bigint, v vector(3), PRIMARY KEY (part, off));
             CREATE INDEX t_v ON t USING hnsw (v vector_l2_ops)",
        );
        let job = |schema: &Schema| job_of(&sql, schema, &topic).option("t.sink.vector-index", mode);
        for round in 1..4 {
            let mut running = job(&schema).start();
            reaches(&mut running, &mut schema, RECORDS * round / 5);
            running.kill();
        }
        bounded(job(&schema)).finish().exited(0);
        assert_eq!(rows(&mut schema, "t"), (RECORDS, RECORDS), "{mode}");
        let is_clean =
            "SELECT bool_and(h.next_offset <= s.low) FROM vecsink_shard h JOIN vecsink_stream s USING (stream)";
        assert_eq!(schema.text(is_clean).as_deref(), Some("true"), "{mode}");
    }
}

#[test]
fn under_strict_a_job_that_was_killed_meets_none_of_its_own_rows() {
    let Some(kafka) = kafka() else { return };
    const RECORDS: i64 = 20_000;
    for server in servers(&[]) {
        let topic = kafka.topic(PARTITIONS);
        produce(&topic, 0..RECORDS);
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (part int, off bigint, id bigint PRIMARY KEY, name text)");
        let strict = |schema: &Schema| job(schema, &topic).option("t.conflictmode", "strict");
        for round in 1..4 {
            let mut running = strict(&schema).start();
            reaches(&mut running, &mut schema, RECORDS * round / 5);
            running.kill();
        }
        bounded(strict(&schema)).finish().exited(0);
        assert_eq!(schema.count("t"), RECORDS);
    }
}

#[test]
fn under_ignore_a_row_that_a_deferrable_constraint_refuses_is_ignored_and_the_job_goes_on() {
    let Some(kafka) = kafka() else { return };
    for server in servers(&[]) {
        let topic = kafka.topic(1);
        topic.produce(0, ["1,a", "2,a", "3,b", "4,taken"].map(String::from));
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE t (part int, off bigint, id bigint PRIMARY KEY, name text UNIQUE DEFERRABLE);
             INSERT INTO t VALUES (0, -1, 0, 'taken')",
        );
        bounded(job(&schema, &topic)).finish().exited(0);
        let rows = "SELECT string_agg(id || '=' || name, ' ' ORDER BY id) FROM t";
        assert_eq!(schema.text(rows).as_deref(), Some("0=taken 1=a 3=b"));
        assert_eq!(schema.count("rejected"), 0);
    }
}

#[test]
fn a_sink_that_lags_behind_another_one_of_its_source_gets_each_record_once_too() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    const RECORDS: i64 = 20_000;
    let sql = with_second_sink(JOB);
    let topic = kafka.topic(PARTITIONS);
    produce(&topic, 0..RECORDS);
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE t (part int, off bigint, id bigint, name text); CREATE TABLE u (LIKE t)");
    let mut other = schema.connect();
    let mut running = job_of(&sql, &schema, &topic).start();
    reaches(&mut running, &mut schema, 1_000);
    // From now on the second sink is kept waiting.
    let mut lock = other.transaction().expect("a transaction");
    lock.batch_execute("LOCK TABLE u IN SHARE MODE").expect("it locks");
    eventually("the first sink is ahead", || {
        running.lives();
        schema.count("t") > schema.count("u") + 1_000
    });
    running.kill();
    lock.rollback().expect("it unlocks");
    bounded(job_of(&sql, &schema, &topic)).finish().exited(0);
    assert_eq!((rows(&mut schema, "t"), rows(&mut schema, "u")), ((RECORDS, RECORDS), (RECORDS, RECORDS)));
}
