//! WHERE, and updates that don't have all columns.

use crate::support::{Job, Schema, kafka, postgres18};

const JOB: &str = "
    CREATE TABLE changes (id BIGINT, color STRING, note STRING) WITH (
      'connector' = 'kafka', 'topic' = '${TOPIC}', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}',
      'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset', 'format' = 'debezium-json');
    CREATE TABLE t (id BIGINT, color STRING, note STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
      'connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 't', 'targetschema' = '${SCHEMA}',
      'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'conflictmode' = 'upsert');
    INSERT INTO t SELECT id, color, note FROM changes WHERE color = 'red';";

fn row(id: i64, color: &str, note: &str) -> String {
    format!(r#"{{"id":{id},"color":"{color}","note":"{note}"}}"#)
}

fn message(op: &str, before: Option<String>, after: Option<String>) -> String {
    let or_null = |row: Option<String>| row.unwrap_or_else(|| "null".into());
    format!(r#"{{"op":"{op}","before":{},"after":{}}}"#, or_null(before), or_null(after))
}

/// The result of a job that reads these messages, for a table that has the rows `old`: the table's rows as `id:color:note`, and how many
/// rows were read, written, deleted and dead-lettered.
fn outcome(old: &str, messages: &[String]) -> Option<(String, [u64; 4])> {
    let (server, kafka) = (postgres18()?, kafka()?);
    let mut schema = Schema::new(&server);
    schema
        .execute(&format!("CREATE TABLE t (id bigint PRIMARY KEY, color text, note text); INSERT INTO t VALUES {old}"));
    let topic = kafka.topic(1);
    topic.produce(0, messages);
    let job = Job::run(JOB)
        .variable("TOPIC", &topic.name)
        .variable("KAFKA_BROKERS", &kafka.brokers)
        .variable("URL", server.jdbc_url())
        .variable("SCHEMA", &schema.name)
        .variable("PGUSER", &server.user)
        .variable("PGPASSWORD", &server.password);
    let finished = job.finish().exited(0);
    let counts = ["rows_read", "rows_written", "rows_deleted", "rows_dead_lettered"].map(|name| finished.count(name));
    let table = schema.text("SELECT string_agg(id || ':' || color || ':' || note, ' ' ORDER BY id) FROM t");
    Some((table.unwrap_or_default(), counts))
}

#[test]
fn a_row_that_no_longer_passes_where_is_deleted_and_one_that_never_did_is_left_alone() {
    let update = |id, from: &str, to: &str| message("u", Some(row(id, from, "x")), Some(row(id, to, "y")));
    let messages = [
        update(1, "red", "blue"),
        update(2, "blue", "red"),
        // The row belongs to another job.
        update(3, "blue", "green"),
        update(4, "red", "red"),
        message("c", None, Some(row(5, "blue", "x"))),
        message("d", Some(row(3, "blue", "x")), None),
        // The source database logs only the key of the old row.
        message("d", Some(r#"{"id":6}"#.into()), None),
    ];
    let old = "(1, 'red', 'x'), (3, 'blue', 'other'), (4, 'red', 'x'), (6, 'red', 'x')";
    let Some((table, counts)) = outcome(old, &messages) else { return };
    assert_eq!(table, "2:red:y 3:blue:other 4:red:y");
    assert_eq!(counts, [4, 2, 2, 0]);
}

#[test]
fn an_update_of_the_key_moves_the_row() {
    let moved =
        |from, to, before: &str, after: &str| message("u", Some(row(from, before, "x")), Some(row(to, after, "moved")));
    let messages = [moved(1, 11, "red", "red"), moved(2, 12, "red", "blue"), moved(3, 13, "blue", "red")];
    let Some((table, counts)) = outcome("(1, 'red', 'x'), (2, 'red', 'x')", &messages) else { return };
    assert_eq!(table, "11:red:moved 13:red:moved");
    assert_eq!(counts, [4, 2, 2, 0]);
}

#[test]
fn columns_that_an_update_does_not_carry_are_kept_or_the_update_is_rejected() {
    let missing = "__debezium_unavailable_value";
    let messages = [
        message("u", Some(row(1, "red", missing)), Some(row(1, "red", missing))),
        message("u", Some(row(2, "red", "x")), Some(row(2, "red", missing))),
        // WHERE can't be evaluated without a column that the message lacks.
        message("u", Some(row(3, missing, "x")), Some(row(3, missing, "y"))),
        // The table doesn't have the row, so its other columns are missing.
        message("u", Some(row(4, "red", missing)), Some(row(14, "red", missing))),
        message("u", Some(row(9, "red", missing)), Some(row(9, "red", missing))),
    ];
    let old = "(1, 'blue', 'kept'), (2, 'blue', 'x'), (3, 'red', 'kept'), (4, 'red', 'kept')";
    let Some((table, counts)) = outcome(old, &messages) else { return };
    assert_eq!(table, "1:red:kept 2:red:x 3:red:kept 4:red:kept");
    assert_eq!(counts, [5, 2, 0, 3]);
}
