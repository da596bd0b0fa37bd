//! A column of each type that Avro has, from end to end.

use apache_avro::types::Value;

use super::{MOMENT, datum, message, none, record, some};
use crate::main_job::scene::{Indexes, bounded, car_info, dead_letters, job_of, with_dead_letters};
use crate::support::postgresql::unique;
use crate::support::{kafka, postgres18, registry};

/// The job without its format and the types of its times.
const JOB: &str = "
    CREATE TABLE vector_kafka (id INT NOT NULL, sold BOOLEAN, tiny TINYINT, big BIGINT, single FLOAT, wide DOUBLE, name STRING,
        raw BYTES, price DECIMAL(10, 2), made DATE, opens TIME(3), painted AT, seen SEEN, feature ARRAY<FLOAT>,
        matrix ARRAY<DOUBLE NOT NULL> NOT NULL, extra MAP<STRING, INT>, maker ROW<name STRING, code INT>)
    WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}', 'topic' = 't', 'format' = FORMAT,
        'scan.startup.mode' = 'earliest-offset');
    CREATE TABLE vector_ingest (id INT, sold BOOLEAN, tiny TINYINT, big BIGINT, single FLOAT, wide DOUBLE, name STRING, raw BYTES,
        price DECIMAL(10, 2), made DATE, opens TIME(3), painted STRING, seen STRING, feature ARRAY<FLOAT>, matrix ARRAY<DOUBLE>,
        extra INT, maker STRING, code INT, PRIMARY KEY (id) NOT ENFORCED)
    WITH ('connector' = 'adbpg', 'url' = 'jdbc:postgresql://${PGHOST}:${PGPORT}/adbpg_test', 'tablename' = 'typed',
        'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'conflictmode' = 'upsert');
    INSERT INTO vector_ingest SELECT id, sold, tiny, big, single, wide, name, raw, price, made, opens, CAST(painted AS STRING),
        CAST(seen AS STRING), feature, matrix, extra['k'], m.maker.name, m.maker.code FROM vector_kafka AS m;";

const TABLE: &str = "CREATE TABLE typed (id int PRIMARY KEY, sold boolean, tiny smallint, big bigint, single real, wide float8,
    name text, raw bytea, price numeric(10, 2), made date, opens time, painted text, seen text, feature real[], matrix float8[],
    extra int, maker text, code int)";

/// The schema that Flink derives from the table, without the times.
const SCHEMA: &str = r#"{"type": "record", "name": "record", "fields": [
    {"name": "id", "type": "int"}, {"name": "sold", "type": ["null", "boolean"]}, {"name": "tiny", "type": ["null", "int"]},
    {"name": "big", "type": ["null", "long"]}, {"name": "single", "type": ["null", "float"]},
    {"name": "wide", "type": ["null", "double"]}, {"name": "name", "type": ["null", "string"]},
    {"name": "raw", "type": ["null", "bytes"]},
    {"name": "price", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}]},
    {"name": "made", "type": ["null", {"type": "int", "logicalType": "date"}]},
    {"name": "opens", "type": ["null", {"type": "int", "logicalType": "time-millis"}]},
    {"name": "painted", "type": ["null", {"type": "long", "logicalType": "AT"}]},
    {"name": "seen", "type": ["null", {"type": "long", "logicalType": "SEEN"}]},
    {"name": "feature", "type": ["null", {"type": "array", "items": ["null", "float"]}]},
    {"name": "matrix", "type": {"type": "array", "items": "double"}},
    {"name": "extra", "type": ["null", {"type": "map", "values": ["null", "int"]}]},
    {"name": "maker", "type": ["null", {"type": "record", "name": "record_maker", "fields": [
        {"name": "name", "type": ["null", "string"]},
        {"name": "code", "type": ["null", "int"]}]}]}]}"#;

/// A record with values, and a record that is null in each field that may be null.
fn records([painted, seen]: [Value; 2]) -> [Value; 2] {
    let floats = [0.5, -1.0].map(|number| some(Value::Float(number)));
    let maker = [("name", some(Value::String("Ö".into()))), ("code", some(Value::Int(2)))];
    let values = [
        ("sold", Value::Boolean(true)),
        ("tiny", Value::Int(-5)),
        ("big", Value::Long(i64::MIN)),
        ("single", Value::Float(0.1)),
        ("wide", Value::Double(-1e-300)),
        ("name", Value::String("é".into())),
        ("raw", Value::Bytes(vec![0, 255])),
        ("price", Value::Decimal((-12345_i32).to_be_bytes().into())),
        ("made", Value::Date((MOMENT / 86_400) as i32)),
        ("opens", Value::TimeMillis(30_600_001)),
        ("painted", painted),
        ("seen", seen),
        ("feature", Value::Array(floats.into())),
        ("extra", Value::Map([("k".to_string(), some(Value::Int(3)))].into())),
        ("maker", record(&maker)),
    ];
    let with = |id: i32, is_null: bool| {
        let matrix = ("matrix", Value::Array(if is_null { vec![] } else { vec![Value::Double(0.1)] }));
        let mut fields = vec![("id", Value::Int(id))];
        fields.extend(values.iter().map(|(name, value)| (*name, if is_null { none() } else { some(value.clone()) })));
        fields.insert(14, matrix);
        record(&fields)
    };
    [with(7, false), with(8, true)]
}

/// `declared` and `written`: the two times in the table and in the schema.
#[track_caller]
fn check(format: &str, declared: [&str; 2], written: [&str; 2], times: [Value; 2], expected: [&str; 2]) {
    let (Some(server), Some(kafka), Some(registry)) = (postgres18(), kafka(), registry()) else { return };
    let mut place = car_info(&server, Indexes::Structured);
    place.execute(TABLE);
    let schema = SCHEMA.replace("\"AT\"", &format!("\"{}\"", written[0])).replace("SEEN", written[1]);
    let topic = kafka.topic(1);
    let records = records(times);
    if format.contains("confluent") {
        let id = registry.register(&unique("types"), &schema);
        topic.produce(0, records.map(|record| message(id, &schema, record)));
    } else {
        topic.produce(0, records.map(|record| datum(&schema, record)));
    }
    let text = JOB.replace("painted AT", &format!("painted {}", declared[0]));
    let text = text.replace("SEEN", declared[1]).replace("FORMAT", format);
    let job = job_of(&text, &place, &topic).variable("REGISTRY_URL", &registry.url);
    let finished = bounded(with_dead_letters(job).0).finish().exited(0);
    assert!(dead_letters(&finished).is_empty(), "{:#?}", dead_letters(&finished));
    let rows = place.text("SELECT string_agg(t::text, ' ' ORDER BY id) FROM typed t");
    let [painted, seen] = expected;
    let expected = format!(
        r#"(7,t,-5,-9223372036854775808,0.1,-1e-300,é,"\\x00ff",-123.45,2024-03-01,08:30:00.001,"{painted}","{seen}","{{0.5,-1}}",{{0.1}},3,Ö,2) (8,,,,,,,,,,,,,,{{}},,,)"#
    );
    assert_eq!(rows.as_deref(), Some(expected.as_str()));
}

#[test]
fn every_type_of_avro_is_stored_in_its_column() {
    let millis = || Value::TimestampMillis(MOMENT * 1000 + 250);
    check("'avro'", ["TIMESTAMP(3)"; 2], ["timestamp-millis"; 2], [millis(), millis()], ["2024-03-01 08:30:00.250"; 2]);
}

#[test]
fn times_of_avro_without_the_legacy_mapping_are_local_or_moments() {
    check(
        "'avro', 'avro.timestamp_mapping.legacy' = 'false'",
        ["TIMESTAMP", "TIMESTAMP_LTZ(3)"],
        ["local-timestamp-micros", "timestamp-millis"],
        [Value::LocalTimestampMicros(MOMENT * 1_000_000 + 250_001), Value::TimestampMillis(MOMENT * 1000 + 250)],
        ["2024-03-01 08:30:00.250001", "2024-03-01 08:30:00.250"],
    );
}

#[test]
fn every_type_of_a_registrys_schema_is_stored_in_its_column() {
    check(
        "'avro-confluent', 'avro-confluent.url' = '${REGISTRY_URL}'",
        ["TIMESTAMP(6)", "TIMESTAMP_LTZ(6)"],
        ["timestamp-micros", "local-timestamp-millis"],
        [Value::TimestampMicros(MOMENT * 1_000_000 + 250_001), Value::LocalTimestampMillis(MOMENT * 1000 + 250)],
        ["2024-03-01 08:30:00.250001", "2024-03-01 08:30:00.250000"],
    );
}
