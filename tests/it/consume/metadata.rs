//! Columns with a record's metadata; and tables that read the same topic share one reader.

use std::time::Duration;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer};

use crate::support::postgresql::Postgres;
use crate::support::{Job, Schema, Topic, kafka, postgres18};

const SINK: &str = "'connector' = 'adbpg', 'url' = '${URL}', 'username' = '${PGUSER}', 'password' = '${PGPASSWORD}',
    'targetschema' = '${SCHEMA}', 'conflictmode' = 'strict'";
const SOURCE: &str = "'connector' = 'kafka', 'topic' = '${TOPIC}', 'properties.bootstrap.servers' = '${BROKERS}',
    'properties.group.id' = 'group-${TOPIC}', 'format' = 'csv', 'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = 'latest-offset'";

fn job(text: &str, server: &Postgres, schema: &Schema, topic: &Topic) -> Job {
    Job::run(&text.replace("SINK", SINK).replace("SOURCE", SOURCE))
        .variable("URL", server.jdbc_url())
        .variable("PGUSER", &server.user)
        .variable("PGPASSWORD", &server.password)
        .variable("SCHEMA", &schema.name)
        .variable("TOPIC", &topic.name)
        .variable("BROKERS", &topic.kafka.brokers)
}

#[test]
fn a_records_place_time_and_headers_are_columns() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(3);
    let producer = topic.producer(0);
    let headers = OwnedHeaders::new()
        .insert(Header { key: "made-by", value: Some("a") })
        .insert(Header { key: "made-by", value: Some("b") });
    let record = BaseRecord::<str, str>::to(&topic.name).partition(2).payload("7,x").timestamp(1_700_000_000_123);
    assert!(producer.send(record.headers(headers)).is_ok());
    let record = BaseRecord::<str, str>::to(&topic.name).partition(2).payload("8,y").timestamp(1_700_000_000_456);
    assert!(producer.send(record).is_ok());
    producer.flush(Duration::from_secs(60)).unwrap();
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE places (id int PRIMARY KEY, topic text, part int, place bigint, made timestamptz, kind text,
            headers text, epoch int)",
    );
    let text = "
        CREATE TABLE places (id INT, topic STRING, part INT, place BIGINT, made TIMESTAMP_LTZ(3), kind STRING,
            headers STRING, epoch INT) WITH (SINK, 'tablename' = 'places');
        CREATE TABLE messages (id INT, name STRING, topic STRING METADATA VIRTUAL, part INT METADATA FROM 'partition',
            place BIGINT METADATA FROM 'offset', made TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
            kind STRING METADATA FROM 'timestamp-type', headers MAP<STRING, BYTES> METADATA,
            epoch INT METADATA FROM 'leader-epoch') WITH (SOURCE);
        INSERT INTO places SELECT id, topic, part, place, made, kind, CAST(headers AS STRING), epoch FROM messages;";
    let finished = job(text, &server, &schema, &topic).finish().exited(0);
    assert_eq!(finished.count("rows_written"), 2, "{}", finished.stderr);
    let shown = "SELECT string_agg(concat_ws(' ', id, topic, part, place, extract(epoch FROM made)::text, kind,
        headers, epoch), '; ' ORDER BY id) FROM places";
    let expected = format!(
        "7 {0} 2 0 1700000000.123000 CreateTime {{made-by=b}} 0; 8 {0} 2 1 1700000000.456000 CreateTime {{}} 0",
        topic.name
    );
    assert_eq!(schema.text(shown), Some(expected));
}

#[test]
fn a_header_name_that_is_not_utf8_does_not_cut_off_the_headers_after_it() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let producer = topic.producer(0);
    let name = b"caf\xe9".to_vec();
    // SAFETY: the producer only forwards the bytes of a name.
    let name = unsafe { std::str::from_utf8_unchecked(&name) };
    let headers = OwnedHeaders::new()
        .insert(Header { key: "before", value: Some("a") })
        .insert(Header { key: name, value: Some("b") })
        .insert(Header { key: "after", value: Some("c") });
    let record = BaseRecord::<str, str>::to(&topic.name).partition(0).payload("7,x").headers(headers);
    assert!(producer.send(record).is_ok());
    producer.flush(Duration::from_secs(60)).unwrap();
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE seen (id int PRIMARY KEY, before text, odd text, after text)");
    let text = "
        CREATE TABLE seen (id INT, `before` STRING, odd STRING, `after` STRING) WITH (SINK, 'tablename' = 'seen');
        CREATE TABLE messages (id INT, name STRING, headers MAP<STRING, BYTES> METADATA) WITH (SOURCE);
        INSERT INTO seen SELECT id, CAST(headers['before'] AS STRING), CAST(headers['caf\u{fffd}'] AS STRING),
            CAST(headers['after'] AS STRING) FROM messages;";
    job(text, &server, &schema, &topic).finish().exited(0);
    assert_eq!(schema.text("SELECT concat_ws(' ', id, before, odd, after) FROM seen").as_deref(), Some("7 a b c"));
}

#[test]
fn two_tables_over_one_topic_and_group_share_a_reader_and_its_progress() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(2);
    topic.produce_spread((0..5000).map(|id| format!("{id},{}", id * 2)));
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE small (id int PRIMARY KEY); CREATE TABLE large (id int PRIMARY KEY, twice int)");
    let text = "
        CREATE TABLE small (id INT) WITH (SINK, 'tablename' = 'small');
        CREATE TABLE large (id INT, twice INT) WITH (SINK, 'tablename' = 'large');
        CREATE TABLE ids (id INT, other STRING) WITH (SOURCE);
        CREATE TABLE pairs (id INT, twice INT) WITH (SOURCE);
        INSERT INTO small SELECT id FROM ids WHERE id < 100;
        INSERT INTO large SELECT * FROM pairs;";
    job(text, &server, &schema, &topic).finish().exited(0);
    assert_eq!((schema.count("small"), schema.count("large")), (100, 5000));
    topic.produce(0, ["-1,-2"]);
    let finished = job(text, &server, &schema, &topic).finish().exited(0);
    assert_eq!(finished.count("rows_written"), 2, "each goes on where it was: a repeated row would be a conflict");
    let group = format!("group-{}", topic.name);
    assert_eq!(kafka.committed(&group, &topic.name, 0), Some(2501));
    let other = text.replacen("SOURCE", &SOURCE.replace("'topic' = '${TOPIC}'", "'topic' = '${TOPIC};more'"), 1);
    let refused = job(&other, &server, &schema, &topic).finish().exited(2);
    assert!(refused.stderr.contains("tables ids and pairs have the same 'properties.group.id'"), "{}", refused.stderr);
}
