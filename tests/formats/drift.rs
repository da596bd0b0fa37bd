//! What each format makes of messages that have more fields than the table, or fewer.

use std::sync::Arc;

use bumpalo::Bump;
use vecsink::internals::job::decoder::of_source;
use vecsink::internals::record::Record;

use super::keys::{change, source};
use super::page::PageRegistry;

/// The changes of a message, the fields of it that have no column, and the errors that were ignored.
fn decode(columns: &str, format: &str, message: &[u8]) -> Result<(Vec<String>, u64, u64), String> {
    let (arena, topic) = (Bump::new(), Arc::from("t"));
    let record = Record::of_value(&topic, Some(message));
    let source = source(columns, &format!("'format' = {format}"));
    let mut decoder =
        of_source(&source, &|_| Ok(Some(Arc::new(PageRegistry)))).unwrap_or_else(|error| panic!("{error}"));
    decoder.is_ready(&record).unwrap_or_else(|error| panic!("{error}"));
    let decoded = decoder.decode(&record, &arena).map_err(|rejection| rejection.to_string())?;
    Ok((decoded.changes.iter().map(change).collect(), decoded.fields_ignored, decoded.parse_errors_ignored))
}

const COLUMNS: &str = "id INT, color STRING, price INT";

#[track_caller]
fn check(format: &str, message: &str, changes: &str, ignored: u64) {
    let found = decode(COLUMNS, format, message.as_bytes());
    assert_eq!(found, Ok((vec![changes.to_owned()], ignored, 0)), "{format}");
}

/// The table has no columns for the fields `maker` and `more`, and the message has no field `price`.
const ROW: &str = r#"{"id":7,"maker":"VW","color":"red","more":{"id":8,"list":[1,{}]}}"#;

#[test]
fn a_field_without_a_column_is_left_out_and_counted_and_a_column_without_a_field_is_null() {
    let row = "+I 7 red NULL";
    check("'json'", ROW, row, 2);
    check("'debezium-json'", &format!(r#"{{"op":"c","source":{{"a":1}},"after":{ROW}}}"#), row, 2);
    check("'canal-json'", &format!(r#"{{"type":"INSERT","es":1,"data":[{ROW}]}}"#), row, 2);
    check("'maxwell-json'", &format!(r#"{{"type":"insert","xid":1,"data":{ROW}}}"#), row, 2);
    check("'ogg-json'", &format!(r#"{{"op_type":"I","pos":"1","after":{ROW}}}"#), row, 2);
}

#[test]
fn a_column_that_an_update_does_not_carry_is_null_in_debezium_and_stays_as_it_is_in_the_others() {
    let (before, after) = (r#"{"id":7,"color":"red","maker":"VW"}"#, r#"{"id":7,"color":"blue","maker":"VW"}"#);
    let old = r#"{"color":"red","maker":"BMW"}"#;
    let images = format!(r#""before":{before},"after":{after}"#);
    check("'debezium-json'", &format!(r#"{{"op":"u",{images}}}"#), "-U 7 red NULL +U 7 blue NULL", 2);
    check("'ogg-json'", &format!(r#"{{"op_type":"U",{images}}}"#), "-U 7 red NULL +U 7 blue -", 2);
    let kept = "-U 7 red NULL +U 7 blue -";
    check("'canal-json'", &format!(r#"{{"type":"UPDATE","data":[{after}],"old":[{old}]}}"#), kept, 2);
    check("'maxwell-json'", &format!(r#"{{"type":"update","data":{after},"old":{old}}}"#), kept, 2);
}

#[test]
fn json_refuses_a_message_that_lacks_a_field_where_the_job_says_so() {
    let strict = "'json', 'json.fail-on-missing-field' = 'true'";
    let refused = decode(COLUMNS, strict, ROW.as_bytes()).unwrap_err();
    assert_eq!(refused, "decode refused column price: the field is missing, at /price, byte 0");
    check(strict, r#"{"id":7,"color":"red","price":null,"maker":"VW"}"#, "+I 7 red NULL", 1);
}

#[test]
fn csv_finds_fields_by_position_so_another_number_of_fields_is_an_error() {
    let lax = "'csv', 'csv.ignore-parse-errors' = 'true'";
    for (message, refused, ignored) in [
        ("7,red", "found 2 fields where 3 were expected", Some("+I 7 red NULL")),
        ("7,red,1,more", "found more than the 3 fields that were expected", None),
    ] {
        let error = decode(COLUMNS, "'csv'", message.as_bytes()).unwrap_err();
        assert!(error.contains(refused), "{error}");
        let rows = ignored.map(str::to_owned).into_iter().collect();
        assert_eq!(decode(COLUMNS, lax, message.as_bytes()), Ok((rows, 0, 1)), "{message}");
    }
}

#[test]
fn avro_finds_fields_by_the_names_in_the_writers_schema() {
    // The writer has color, maker and id.
    let registered = "'avro-confluent', 'avro-confluent.url' = 'http://registry:8081'";
    let message = b"\0\0\0\0\x2a\x06red\x04VW\x0e";
    let found = decode("id BIGINT, color STRING, price INT", registered, message);
    assert_eq!(found, Ok((vec!["+I 7 red NULL".into()], 1, 0)));
    // Here id and color.
    let changes = "'debezium-avro-confluent', 'debezium-avro-confluent.url' = 'http://registry:8081'";
    let found = decode("id INT, price INT", changes, b"\0\0\0\0\x2b\0\x02\x0e\x02\x06red\x02c");
    assert_eq!(found, Ok((vec!["+I 7 NULL".into()], 1, 0)));
}

#[test]
fn protobuf_counts_fields_without_a_column_and_undeclared_fields() {
    let format = "'protobuf', 'protobuf.descriptor-file' = 'tests/protobuf/everything.desc',
        'protobuf.message' = 'test.Everything'";
    // A text, a number, and the undeclared field 1000; the two optional ones are not there.
    let message = b"\x72\x03red\x10\x07\xc2\x3e\x03new";
    let columns = "f_int32 INT, id AS f_int32, o_int32 INT, o_string STRING";
    assert_eq!(decode(columns, format, message), Ok((vec!["+I 7 NULL NULL".into()], 2, 0)));
    let defaults = format!("{format}, 'protobuf.read-default-values' = 'true'");
    assert_eq!(decode(columns, &defaults, message), Ok((vec!["+I 7 0 ".into()], 2, 0)));
}
