//! The Avro formats from end to end: their job files, a real broker, a real registry, a real server. apache-avro writes the messages.

mod types;

use apache_avro::types::Value;
use apache_avro::{Schema, to_avro_datum};

use super::scene::{Indexes, bounded, car_info, dead_letters, job_of, with_dead_letters};
use crate::support::command::Finished;
use crate::support::registry::Registry;
use crate::support::{Job, PrivateRegistry, Schema as Place, Topic, eventually, kafka, postgres18, registry};

const CONFLUENT: &str = include_str!("../../../examples/sql/avro_confluent.sql");

/// The schema that Flink derives from the table of `avro.sql`.
const DERIVED: &str = r#"{"type": "record", "name": "record", "fields": [
    {"name": "id", "type": ["null", "int"]},
    {"name": "market_time", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
    {"name": "color", "type": ["null", "string"]}, {"name": "price", "type": ["null", "int"]},
    {"name": "feature", "type": ["null", {"type": "array", "items": ["null", "float"]}]}]}"#;

/// A writer's schema: its fields come in another order and are never null, and it has fields that the table lacks.
const FIRST: &str = r#"{"type": "record", "name": "Car", "namespace": "shop", "fields": [
    {"name": "feature", "type": {"type": "array", "items": "float"}},
    {"name": "maker", "type": {"type": "record", "name": "Maker", "fields": [{"name": "parent", "type": ["null", "Maker"]}]}},
    {"name": "id", "type": "int"},
    {"name": "market_time", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "color", "type": {"type": "enum", "name": "Color", "symbols": ["red", "blue"]}}]}"#;

/// A later version of it: the price was added, the maker and the color were removed.
const SECOND: &str = r#"{"type": "record", "name": "Car", "namespace": "shop", "fields": [
    {"name": "id", "type": "int"}, {"name": "price", "type": ["null", "int"], "default": null},
    {"name": "market_time", "type": {"type": "long", "logicalType": "local-timestamp-millis"}},
    {"name": "feature", "type": ["null", {"type": "array", "items": ["null", "float"]}]}]}"#;

/// 2024-03-01 08:30:00.
const MOMENT: i64 = 1_709_281_800;

fn record(fields: &[(&str, Value)]) -> Value {
    Value::Record(fields.iter().map(|(name, value)| (name.to_string(), value.clone())).collect())
}

fn some(value: Value) -> Value {
    Value::Union(1, Box::new(value))
}

fn none() -> Value {
    Value::Union(0, Box::new(Value::Null))
}

fn datum(schema: &str, value: Value) -> Vec<u8> {
    to_avro_datum(&Schema::parse_str(schema).unwrap(), value).unwrap()
}

fn message(id: u32, schema: &str, value: Value) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes(), &datum(schema, value)].concat()
}

fn first(id: u32, car: i32) -> Vec<u8> {
    let feature = Value::Array(vec![Value::Float(0.5), Value::Float(car as f32)]);
    let parent = Value::Union(1, Box::new(record(&[("parent", none())])));
    let fields = [
        ("feature", feature),
        ("maker", record(&[("parent", parent)])),
        ("id", Value::Int(car)),
        ("market_time", Value::TimestampMicros(MOMENT * 1_000_000 + 250_000)),
        ("color", Value::Enum(1, "blue".into())),
    ];
    message(id, FIRST, record(&fields))
}

fn second(id: u32, car: i32) -> Vec<u8> {
    let feature = some(Value::Array(vec![some(Value::Float(0.25))]));
    let fields = [
        ("id", Value::Int(car)),
        ("price", some(Value::Int(car * 100))),
        ("market_time", Value::LocalTimestampMillis(MOMENT * 1000)),
        ("feature", feature),
    ];
    message(id, SECOND, record(&fields))
}

fn rows(place: &mut Place) -> String {
    let all = "string_agg(concat_ws(' ', id, market_time, color, price, feature), '; ' ORDER BY id)";
    place.text(&format!("SELECT coalesce({all}, '') FROM car_info")).unwrap_or_default()
}

fn job(text: &str, place: &Place, topic: &Topic, registry: &Registry) -> Job {
    with_dead_letters(job_of(text, place, topic).variable("REGISTRY_URL", &registry.url)).0
}

#[track_caller]
fn expect_dead_letters(finished: &Finished, expected: &[(i64, &str)]) {
    let dead_letters = dead_letters(finished);
    assert_eq!(dead_letters.len(), expected.len(), "{dead_letters:#?}");
    for (dead_letter, (offset, reason)) in dead_letters.iter().zip(expected) {
        assert_eq!(dead_letter["offset"].as_i64(), Some(*offset), "{dead_letter}");
        assert_eq!(dead_letter["stage"], "decode");
        assert!(dead_letter["reason"].as_str().unwrap().contains(reason), "{dead_letter}");
    }
}

#[test]
fn avro_records_without_a_schema_id_become_rows() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut place = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    let car = |id: i32, feature: Value| {
        let fields = [
            ("id", some(Value::Int(id))),
            ("market_time", some(Value::TimestampMillis(MOMENT * 1000 + 500))),
            ("color", some(Value::String("red".into()))),
            ("price", none()),
            ("feature", feature),
        ];
        datum(DERIVED, record(&fields))
    };
    let vector = car(7, some(Value::Array(vec![some(Value::Float(0.5)), some(Value::Float(-1e-3))])));
    let with_null = car(8, some(Value::Array(vec![none()])));
    topic.produce(0, [vector.as_slice(), &vector[..vector.len() - 2], &[], &with_null, &[0x80; 40]]);
    let job = job_of(include_str!("../../../examples/sql/avro.sql"), &place, &topic);
    let finished = bounded(with_dead_letters(job).0).finish().exited(0);
    assert_eq!(rows(&mut place), "7 2024-03-01 08:30:00.5 red {0.5,-0.001}; 8 2024-03-01 08:30:00.5 red {NULL}");
    let ends = "the message ends after";
    expect_dead_letters(&finished, &[(1, ends), (2, ends), (4, "more than 64 bits")]);
}

#[test]
fn a_schema_may_change_in_the_middle_of_a_topic() {
    let (Some(server), Some(kafka), Some(registry)) = (postgres18(), kafka(), registry()) else { return };
    let mut place = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    let of = |schema: &str| registry.register(&format!("{}-{}", topic.name, schema.len()), schema);
    let (one, other) = (of(FIRST), of(SECOND));
    let cut = second(other, 9);
    topic.produce(
        0,
        [
            first(one, 1),
            second(other, 2),
            first(one, 3),
            second(1_000_000_000, 4),
            cut[..cut.len() - 3].to_vec(),
            br#"{"id": 5}"#.to_vec(),
            second(other, 6),
        ],
    );
    let finished = bounded(job(CONFLUENT, &place, &topic, &registry)).finish().exited(0);
    assert_eq!(
        rows(&mut place),
        "1 2024-03-01 08:30:00.25 blue {0.5,1}; 2 2024-03-01 08:30:00 200 {0.25}; \
         3 2024-03-01 08:30:00.25 blue {0.5,3}; 6 2024-03-01 08:30:00 600 {0.25}"
    );
    let expected =
        [(3, "the registry doesn't know the schema of the message"), (4, "the message ends after"), (5, "Confluent's")];
    expect_dead_letters(&finished, &expected);
    assert_eq!(finished.count("rows_dead_lettered"), 3);
}

#[test]
fn a_schema_may_refer_to_others() {
    let (Some(server), Some(kafka), Some(registry)) = (postgres18(), kafka(), registry()) else { return };
    let mut place = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    let vector = r#"{"type": "record", "name": "shop.Id", "fields": [{"name": "number", "type": "int"}]}"#;
    let subject = format!("{}-id", topic.name);
    registry.register(&subject, vector);
    let car = r#"{"type": "record", "name": "shop.Car", "fields": [{"name": "id", "type": "int"}, {"name": "of", "type": "shop.Id"},
        {"name": "price", "type": "int"}]}"#;
    let body = serde_json::json!({
        "schema": car, "references": [{"name": "shop.Id", "subject": subject, "version": 1}],
    });
    let id = registry.register_with(&format!("{}-car", topic.name), body);
    topic.produce(0, [[&[0][..], &id.to_be_bytes(), &[14, 2, 18]].concat()]);
    bounded(job(CONFLUENT, &place, &topic, &registry)).finish().exited(0);
    assert_eq!(rows(&mut place), "7 9");
}

#[test]
fn debezium_changes_in_avro_are_followed() {
    let (Some(server), Some(kafka), Some(registry)) = (postgres18(), kafka(), registry()) else { return };
    let mut place = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    let schema = r#"{"type": "record", "name": "shop.cars.Envelope", "fields": [
        {"name": "before", "type": ["null", {"type": "record", "name": "Value", "fields": [
            {"name": "id", "type": "int"}, {"name": "color", "type": ["null", "string"]},
            {"name": "feature", "type": ["null", {"type": "array", "items": ["null", "float"]}]}]}]},
        {"name": "after", "type": ["null", "Value"]},
        {"name": "source", "type": {"type": "record", "name": "Source", "fields": [{"name": "db", "type": "string"}]}},
        {"name": "op", "type": "string"}, {"name": "ts_ms", "type": ["null", "long"]}]}"#;
    let id = registry.register(&format!("{}-value", topic.name), schema);
    let row = |id: i32, color: &str| {
        let feature = some(Value::Array(vec![some(Value::Float(0.5))]));
        let fields = [("id", Value::Int(id)), ("color", some(Value::String(color.into()))), ("feature", feature)];
        some(record(&fields))
    };
    let change = |before: Value, after: Value, op: &str| {
        let source = record(&[("db", Value::String("shop".into()))]);
        let fields = [
            ("before", before),
            ("after", after),
            ("source", source),
            ("op", Value::String(op.into())),
            ("ts_ms", none()),
        ];
        message(id, schema, record(&fields))
    };
    topic.produce(
        0,
        [
            change(none(), row(7, "red"), "c"),
            change(none(), row(8, "green"), "r"),
            change(row(7, "red"), row(7, "blue"), "u"),
            change(row(8, "green"), none(), "d"),
            Vec::new(),
            change(none(), row(7, "white"), "u"),
            change(none(), row(10, "grey"), "c"),
            change(row(10, "grey"), row(10, "__debezium_unavailable_value"), "u"),
        ],
    );
    let text = include_str!("../../../examples/sql/debezium_avro_confluent.sql");
    let finished = bounded(job(text, &place, &topic, &registry)).finish().exited(0);
    expect_dead_letters(&finished, &[(5, "REPLICA IDENTITY FULL")]);
    assert_eq!(rows(&mut place), "7 blue {0.5}; 10 grey {0.5}");
}

#[test]
fn keys_and_values_may_each_name_their_schema() {
    let (Some(server), Some(kafka), Some(registry)) = (postgres18(), kafka(), registry()) else { return };
    let mut place = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    let key_schema = r#"{"type": "record", "name": "Key", "fields": [{"name": "id", "type": "int"}]}"#;
    let value_schema =
        r#"{"type": "record", "name": "Car", "fields": [{"name": "color", "type": ["null", "string"]}]}"#;
    let keys = registry.register(&format!("{}-key", topic.name), key_schema);
    let values = registry.register(&format!("{}-value", topic.name), value_schema);
    let key = |number: u32, car: i32| Some(message(number, key_schema, record(&[("id", Value::Int(car))])));
    let color = |color: &str| {
        let fields = [("color", some(Value::String(color.into())))];
        Some(message(values, value_schema, record(&fields)))
    };
    topic.produce_keyed(
        0,
        [
            (key(keys, 7), color("red")),
            (key(keys, 8), color("green")),
            (key(1_000_000_000, 9), color("grey")),
            (key(keys, 10), key(values, 10)),
            (key(keys, 7), color("blue")),
            (key(keys, 8), None),
        ],
    );
    let (sink, _) = CONFLUENT.split_once("CREATE TABLE vector_kafka").unwrap();
    let text = format!(
        "{sink}CREATE TABLE vector_kafka (id INT, color VARCHAR(10), PRIMARY KEY (id) NOT ENFORCED) WITH (
            'connector' = 'upsert-kafka', 'properties.bootstrap.servers' = '${{KAFKA_BROKERS}}', 'topic' = 't',
            'key.format' = 'avro-confluent', 'key.avro-confluent.url' = '${{REGISTRY_URL}}',
            'value.format' = 'avro-confluent', 'value.avro-confluent.url' = '${{REGISTRY_URL}}',
            'value.fields-include' = 'EXCEPT_KEY');
         INSERT INTO vector_ingest (id, color) SELECT id, color FROM vector_kafka;"
    );
    let finished = bounded(job(&text, &place, &topic, &registry)).finish().exited(0);
    expect_dead_letters(&finished, &[(2, "the registry doesn't know the schema"), (3, "branches of a union")]);
    assert_eq!(rows(&mut place), "7 blue");
}

#[test]
fn records_wait_for_a_registry_that_is_away_and_none_is_lost() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let Some(mut private) = PrivateRegistry::start() else { return };
    let mut place = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    let (one, other) = (private.server.register("one", FIRST), private.server.register("other", SECOND));
    let running = job(CONFLUENT, &place, &topic, &private.server).start();
    topic.produce(0, (0..100).map(|car| first(one, car)));
    eventually("what has a known schema arrives", || place.count("car_info") == 100);
    private.stop();
    topic.produce(0, (100..150).map(|car| first(one, car)).chain((150..200).map(|car| second(other, car))));
    eventually("the log says that the registry does not answer", || {
        running.said().contains("the schema registry doesn't answer")
    });
    // For a schema that the job knows the registry isn't needed.
    eventually("what has a known schema arrives", || place.count("car_info") == 150);
    running.terminate();
    let finished = running.wait().exited(0);
    assert_eq!(finished.count("rows_written"), 150);
    assert!(dead_letters(&finished).is_empty());

    // The job is started again while the registry is still away. It goes on where it was, and waits.
    topic.produce(0, (200..300).map(|car| first(one, car)));
    let running = bounded(job(CONFLUENT, &place, &topic, &private.server)).start();
    eventually("the log says that the registry does not answer", || {
        running.said().contains("the schema registry doesn't answer")
    });
    private.start_again();
    let finished = running.wait().exited(0);
    assert!(finished.stderr.contains("the schema registry answers again"), "{}", finished.stderr);
    assert!(dead_letters(&finished).is_empty());
    assert_eq!(place.count("car_info"), 300);
}

#[test]
fn a_url_that_is_not_a_registry_stops_the_job_before_a_record_is_refused() {
    let (Some(server), Some(kafka), Some(registry)) = (postgres18(), kafka(), registry()) else { return };
    let place = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    topic.produce(0, [first(1, 1)]);
    let wrong = Registry { url: registry.url.replace("ccompat", "compat") };
    let finished = bounded(job(CONFLUENT, &place, &topic, &wrong)).finish().exited(1);
    assert!(finished.stderr.contains("must be that of a schema registry"), "{}", finished.stderr);
    assert!(dead_letters(&finished).is_empty());
}
