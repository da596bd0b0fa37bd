//! Damaged messages of the Avro formats, byte by byte: bare records, those that name their schema, and Debezium's changes.

use super::{Bad, DEEP, check, check_with};
use crate::support::postgresql::unique;
use crate::support::registry;
use crate::support::registry::Registry;

const BARE: &str = include_str!("../../../../examples/sql/avro.sql");
const CONFLUENT: &str = include_str!("../../../../examples/sql/avro_confluent.sql");
const DEBEZIUM: &str = include_str!("../../../../examples/sql/debezium_avro_confluent.sql");

/// The fields of the schema that Flink derives from the job's table.
const FIELDS: &str = r#"{"name": "id", "type": ["null", "int"]},
    {"name": "market_time", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
    {"name": "color", "type": ["null", "string"]}, {"name": "price", "type": ["null", "int"]},
    {"name": "feature", "type": ["null", {"type": "array", "items": ["null", "float"]}]}"#;

/// A field that no column reads, and a type that may contain itself.
const CHAIN: &str = r#"{"type": "record", "name": "Chain", "fields": [{"name": "next", "type": ["null", "Chain"]}]}"#;

const ROWS: &str = "7 red 1 {0.5,0.25}; 8 red 1 {0.5,0.25}";
const ENDS: &str = "the message ends after";
const RED: &[u8] = b"\x06red";
const FEATURE: &[u8] = b"\x04\x02\0\0\0\x3f\x02\0\0\x80\x3e\0";

/// A whole number in Avro's encoding.
fn whole(value: i64) -> Vec<u8> {
    let mut left = (value << 1 ^ value >> 63) as u64;
    let mut bytes = Vec::new();
    while left > 0x7f {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

/// A record with all columns except the time. Before each value comes the number of its union's branch.
fn record(id: &[u8], color: &[u8], feature: &[u8]) -> Vec<u8> {
    [b"\x02", id, b"\0\x02", color, b"\x02\x02\x02", feature].concat()
}

fn good(id: i64) -> Vec<u8> {
    record(&whole(id), RED, FEATURE)
}

/// A text after its length.
fn text(bytes: &[u8]) -> Vec<u8> {
    [whole(bytes.len() as i64).as_slice(), bytes].concat()
}

/// Records that are damaged in every way. `message` makes a message of a record.
fn damaged(message: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Bad> {
    let nine = whole(9);
    let with_id = |id: &[u8]| message(&record(id, RED, FEATURE));
    let with_color = |color: &[u8]| message(&record(&nine, color, FEATURE));
    let with_feature = |feature: &[&[u8]]| message(&record(&nine, RED, &feature.concat()));
    let far = [b"\x02\x12\x02", whole(i64::MAX).as_slice(), b"\x02", RED, b"\0\0"].concat();
    let whole_one = message(&good(9));
    vec![
        (whole_one[..whole_one.len() - 3].to_vec(), ENDS),
        (message(b"\x04"), "found 2 where one of 2 branches of a union was expected"),
        (message(b"\x01"), "found -1 where one of 2 branches of a union was expected"),
        (with_id(&whole(1 << 31)), "found 2147483648 where a whole number from -2147483648 to 2147483647 was expected"),
        (with_id(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "more than 64 bits"),
        (with_id(&[0x80; 40]), "more than 64 bits"),
        (with_color(&text(b"r\xffd")), "not UTF-8, at "),
        (with_color(&whole(1 << 62)), ENDS),
        (with_color(&whole(-1)), "found -1 where a length was expected"),
        (with_color(&text(b"more than ten")), "the column takes 10"),
        (with_feature(&[&whole(1 << 62)]), "found a block of 4611686018427387904 values"),
        (with_feature(&[&whole(i64::MIN), b"\x02", FEATURE]), "found a block of 9223372036854775808 values"),
        (with_feature(&[&whole(-1), &whole(1 << 62)]), "found a block of 4611686018427387904 bytes"),
        (with_feature(&[&whole(-1), &whole(-1)]), "found a block of -1 bytes"),
        (with_feature(&[b"\x02\x06"]), "branches of a union was expected, at "),
        (message(&far), "out of range"),
    ]
}

/// The same in messages with a schema id, and messages whose id is wrong. `around` makes a message's content of a record and this many
/// nested `Chain`s.
fn damaged_with_schema(registry: &Registry, schema: &str, around: impl Fn(usize, &[u8]) -> Vec<u8>) -> Vec<Bad> {
    let registered = |schema: &str| registry.register(&unique("malformed"), schema);
    let with = |id: u32, bytes: &[u8]| [&[0], &id.to_be_bytes()[..], bytes].concat();
    let own = registered(schema);
    let message = |record: &[u8]| with(own, &around(0, record));
    let other = schema.replace(r#"{"name": "id", "type": ["null", "int"]}"#, r#"{"name": "id", "type": "string"}"#);
    let not_null = around(0, &[&text(b"9"), &good(9)[2..]].concat());
    let json = serde_json::json!({"schema": r#"{"$schema": "http://json-schema.org/draft-07/schema#"}"#, "schemaType": "JSON"});
    let json = registry.register_with(&unique("malformed"), json);
    let mut first = message(&good(9));
    first[0] = 1;
    let mut bad = damaged(message);
    bad.extend([
        (with(own, &around(DEEP, &good(9))), "found records that are nested more than 100 deep"),
        (first, "found byte 1 at the start where 0 was expected"),
        (br#"{"id": 9}"#.to_vec(), "is the message in Confluent's format"),
        (vec![0, 0, 0], "the message ends after 3 bytes, within the id of its schema"),
        (with(own, b""), ENDS),
        (with(2_000_000_000, &around(0, &good(9))), "the registry doesn't know the schema of the message"),
        (with(registered(r#""string""#), &text(b"red")), "the writer's schema is string where a record was expected"),
        (with(registered(&other), &not_null), "the writer's string can't become INT, at "),
        (with(json, &around(0, &good(9))), "is of type JSON, not AVRO"),
    ]);
    bad
}

/// A message with this schema id and this record.
fn of_schema(id: u32, record: &[u8]) -> Vec<u8> {
    [&[0], &id.to_be_bytes()[..], record].concat()
}

fn confluent_schema() -> String {
    format!(r#"{{"type": "record", "name": "Car", "fields": [{{"name": "chain", "type": {CHAIN}}}, {FIELDS}]}}"#)
}

fn in_chains(deep: usize, record: &[u8]) -> Vec<u8> {
    [vec![2; deep].as_slice(), &[0], record].concat()
}

fn debezium_schema() -> String {
    format!(
        r#"{{"type": "record", "name": "Envelope", "fields": [
            {{"name": "before", "type": ["null", {{"type": "record", "name": "Value", "fields": [{FIELDS}]}}]}},
            {{"name": "after", "type": ["null", "Value"]}}, {{"name": "source", "type": {CHAIN}}},
            {{"name": "op", "type": "string"}}]}}"#
    )
}

/// A change with this row in it.
fn insert(deep: usize, row: &[u8]) -> Vec<u8> {
    [b"\0\x02", row, &vec![2; deep], b"\0\x02c"].concat()
}

#[test]
fn bad_records_of_avro_are_rejected_alone() {
    let mut bad = damaged(<[u8]>::to_vec);
    bad.extend([
        (Vec::new(), "the message ends after 0 more bytes"),
        (br#"{"id":7}"#.to_vec(), "branches of a union was expected, at /id"),
        (b"\0".to_vec(), ENDS),
    ]);
    check(BARE, &[], [&good(7), &good(8)], &bad, ROWS);
}

#[test]
fn bad_records_of_avro_in_json_are_rejected_alone() {
    let record = |id: &str, color: &str| {
        format!(
            r#"{{"id":{{"int":{id}}},"market_time":null,"color":{{"string":"{color}"}},"price":{{"int":1}},
                "feature":{{"array":[{{"float":0.5}},{{"float":0.25}}]}}}}"#
        )
        .into_bytes()
    };
    let whole = record("9", "red");
    let bad = [
        (whole[..whole.len() - 3].to_vec(), "the message is not JSON"),
        (record("99999999999", "red"), "found 99999999999 where int in Avro's JSON was expected, at /id"),
        (record("\"x\"", "red"), "found \"x\" where int in Avro's JSON was expected"),
        (br#"{"id":9}"#.to_vec(), "found 9 where null or {\"int\": …} was expected"),
        (br#"{"id":{"long":9}}"#.to_vec(), "where null or {\"int\": …} was expected"),
        (br#"{"id":{"int":9}}"#.to_vec(), "found no such field, at /market_time"),
        (["[".repeat(DEEP).as_bytes(), b"1"].concat(), "the message is not JSON: recursion limit exceeded"),
        (b"{\"id\":{\"int\":9},\"color\":\"\xff\"}".to_vec(), "the message is not JSON"),
        (b"[1]".to_vec(), "where an object was expected"),
        (Vec::new(), "the message is not JSON"),
    ];
    let job = BARE.replace("'format' = 'avro',", "'format' = 'avro', 'avro.encoding' = 'json',");
    check(&job, &[], [&record("7", "red"), &record("8", "red")], &bad, ROWS);
}

#[test]
fn bad_records_of_a_registrys_schemas_are_rejected_alone() {
    let Some(registry) = registry() else { return };
    let schema = confluent_schema();
    let id = registry.register(&unique("malformed"), &schema);
    let mut bad = damaged_with_schema(&registry, &schema, in_chains);
    bad.push((Vec::new(), "found no byte where a schema's id was expected"));
    let good = [7, 8].map(|car| of_schema(id, &in_chains(0, &good(car))));
    check_with(&[("REGISTRY_URL", &registry.url)], CONFLUENT, &[], [&good[0], &good[1]], &bad, ROWS);
}

#[test]
fn bad_changes_of_debezium_in_avro_are_rejected_alone() {
    let Some(registry) = registry() else { return };
    let schema = debezium_schema();
    let id = registry.register(&unique("malformed"), &schema);
    let mut bad = damaged_with_schema(&registry, &schema, insert);
    bad.extend([
        (of_schema(id, b"\0\0\0\x02c"), "found no 'after' in a change with 'op' = 'c'"),
        (of_schema(id, b"\0\0\0\x02d"), "a PostgreSQL table must have REPLICA IDENTITY FULL"),
        (
            of_schema(id, &[b"\0\x02", &good(9)[..], b"\0\x02x"].concat()),
            "found 'op' = 'x' where c, r, u or d was expected",
        ),
    ]);
    let good = [7, 8].map(|car| of_schema(id, &insert(0, &good(car))));
    check_with(&[("REGISTRY_URL", &registry.url)], DEBEZIUM, &[], [&good[0], &good[1]], &bad, ROWS);
}

#[test]
fn records_of_a_hundred_megabytes_are_rejected_alone() {
    let Some(registry) = registry() else { return };
    let long = record(&whole(9), &text(&vec![b'x'; 99_999_000]), FEATURE);
    let of = |schema: &str| registry.register(&unique("malformed"), schema);
    let (confluent, debezium) = (of(&confluent_schema()), of(&debezium_schema()));
    type Around<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let formats: [(&str, Around<'_>); 3] = [
        (BARE, &<[u8]>::to_vec),
        (CONFLUENT, &|record| of_schema(confluent, &in_chains(0, record))),
        (DEBEZIUM, &|record| of_schema(debezium, &insert(0, record))),
    ];
    for (job, around) in formats {
        let (first, last) = (around(&good(7)), around(&good(8)));
        let settings = [("max.message.bytes", "104000000")];
        let bad = [(around(&long), "the column takes 10")];
        check_with(&[("REGISTRY_URL", &registry.url)], job, &settings, [&first, &last], &bad, ROWS);
    }
}
