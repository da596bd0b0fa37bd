//! The rules observed of Flink 1.20's json format: whole messages.

mod oracle;
mod values;

use std::sync::Arc;

use super::*;
use crate::change::Change;
use crate::formats::definition::MessageFormat;
use crate::formats::json::options::TimestampStandard;
use crate::types::data_type::{DataType, RowField};
use crate::types::value::Value;

const INT: DataType = DataType::Int;
const TIMESTAMP: DataType = DataType::Timestamp { precision: 6 };

fn defaults() -> JsonFormat {
    JsonFormat { fail_on_missing_field: false, ignore_parse_errors: false, timestamps: TimestampStandard::Sql }
}

fn ignoring() -> JsonFormat {
    JsonFormat { ignore_parse_errors: true, ..defaults() }
}

fn iso() -> JsonFormat {
    JsonFormat { timestamps: TimestampStandard::Iso8601, ..defaults() }
}

fn columns(columns: &[(&str, DataType)]) -> Vec<SourceColumn> {
    let column = |(name, data_type): &(&str, DataType)| SourceColumn {
        name: name.to_string(),
        data_type: data_type.clone(),
        not_null: false,
    };
    columns.iter().map(column).collect()
}

/// Rows as text, the ignored errors and the unknown fields.
type Outcome = (Vec<String>, u64, u64);

fn decode_bytes(options: &JsonFormat, types: &[(&str, DataType)], value: Option<&[u8]>) -> Result<Outcome, Rejection> {
    let (arena, topic) = (Bump::new(), Arc::from("t"));
    let decoded = options.decoder(&columns(types), &[], None).decode(&Record::of_value(&topic, value), &arena)?;
    let row = |change: &Change<'_>| match change {
        Change::Insert(row) => format!("{row:?}"),
        other => panic!("json only inserts: {other:?}"),
    };
    Ok((decoded.changes.iter().map(row).collect(), decoded.parse_errors_ignored, decoded.fields_ignored))
}

fn decode(options: &JsonFormat, types: &[(&str, DataType)], message: &str) -> Result<Outcome, Rejection> {
    decode_bytes(options, types, Some(message.as_bytes()))
}

#[track_caller]
fn row(types: &[(&str, DataType)], message: &str) -> String {
    match decode(&defaults(), types, message) {
        Ok((mut rows, 0, _)) if rows.len() == 1 => rows.remove(0),
        other => panic!("{other:?}"),
    }
}

/// The value of a one-column message under some options.
fn value_with(options: &JsonFormat, data_type: DataType, json: &str) -> Option<String> {
    let (rows, ..) = decode(options, &[("c", data_type)], &format!(r#"{{"c": {json}}}"#)).ok()?;
    rows.into_iter().next().map(|row| row[1..row.len() - 1].to_string())
}

fn value(data_type: DataType, json: &str) -> Option<String> {
    value_with(&defaults(), data_type, json)
}

fn text(json: &str) -> Option<String> {
    value(DataType::STRING, json)
}

fn reason(types: &[(&str, DataType)], message: &str) -> String {
    decode(&defaults(), types, message).unwrap_err().to_string()
}

fn array(element: DataType) -> DataType {
    DataType::Array(Box::new(element))
}

fn row_of(fields: &[(&str, DataType)]) -> DataType {
    let field =
        |(name, data_type): &(&str, DataType)| RowField { name: name.to_string(), data_type: data_type.clone() };
    DataType::Row(fields.iter().map(field).collect())
}

#[test]
fn the_samples_of_flinks_documentation_are_read() {
    let types = [
        ("id", INT),
        ("market_time", TIMESTAMP),
        ("color", DataType::Varchar(10)),
        ("price", INT),
        ("feature", DataType::STRING),
    ];
    let first = r#"{"id": 7, "market_time": "2024-03-01 08:30:00.5", "color": "red", "price": "19900", "feature": [0.12, -0.5, 0.03]}"#;
    assert_eq!(
        row(&types, first),
        "[Int(7), Timestamp { seconds: 1709281800, nanos: 500000000 }, Text(\"red\"), Int(19900), Text(\"[0.12,-0.5,0.03]\")]"
    );
    let second = r#"{"id": 8, "color": null, "feature": "{0.1,0.2,0.3}", "extra": {"ignored": true}}"#;
    let (rows, nulled, unknown) = decode(&defaults(), &types, second).unwrap();
    assert_eq!(rows, ["[Int(8), Null, Null, Null, Text(\"{0.1,0.2,0.3}\")]"]);
    assert_eq!((nulled, unknown), (0, 1));
}

#[test]
fn missing_and_empty_values_make_no_row() {
    assert_eq!(decode_bytes(&defaults(), &[("c", INT)], None).unwrap(), (vec![], 0, 0));
    assert_eq!(decode_bytes(&defaults(), &[("c", INT)], Some(b"")).unwrap(), (vec![], 0, 0));
}

#[test]
fn the_top_level_is_an_object() {
    for message in ["[1]", "\"a\"", "7", "null", "  ", "true", "x"] {
        assert!(decode(&defaults(), &[("c", INT)], message).is_err(), "{message}");
        assert_eq!(decode(&ignoring(), &[("c", INT)], message).unwrap(), (vec![], 1, 0), "{message}");
    }
}

#[test]
fn text_after_the_object_is_ignored() {
    for message in [r#"{"c":1} xx"#, r#"{"c":1}{"c":2}"#, "{\"c\":1}\n", "\u{feff}{\"c\":1}", " \t\r\n{\"c\" : 1 }"] {
        assert_eq!(row(&[("c", INT)], message), "[Int(1)]", "{message}");
    }
    let message = [br#"{"c":1}"#.as_slice(), b"\xff"].concat();
    assert!(decode_bytes(&defaults(), &[("c", INT)], Some(&message)).is_ok());
}

#[test]
fn fields_are_found_by_their_exact_name_in_any_order() {
    let types = [("a", INT), ("b", INT), ("c", INT)];
    assert_eq!(row(&types, r#"{"c":3,"b":2,"a":1}"#), "[Int(1), Int(2), Int(3)]");
    assert_eq!(row(&types, r#"{"A":3,"b":2}"#), "[Null, Int(2), Null]");
    assert_eq!(row(&types, r#"{"\u0061":1, "é":2}"#), "[Int(1), Null, Null]");
    assert_eq!(row(&[("a\"b", INT), ("é", INT)], r#"{"a\"b":1,"é":2}"#), "[Int(1), Int(2)]");
    assert_eq!(row(&types, "{}"), "[Null, Null, Null]");
}

#[test]
fn the_order_of_fields_may_change_from_message_to_message() {
    let types = [("a", INT), ("b", INT), ("c", INT)];
    let mut decoder = defaults().decoder(&columns(&types), &[], None);
    let topic = Arc::from("t");
    for message in [
        r#"{"a":1,"b":2,"c":3}"#,
        r#"{"c":3,"a":1,"b":2}"#,
        r#"{"c":3,"a":1,"b":2}"#,
        r#"{"x":0,"b":2,"y":0,"c":3,"a":1}"#,
        r#"{"a":1,"b":2,"c":3}"#,
    ] {
        let arena = Bump::new();
        let decoded = decoder.decode(&Record::of_value(&topic, Some(message.as_bytes())), &arena).unwrap();
        assert_eq!(decoded.changes, [Change::Insert(&[Value::Int(1), Value::Int(2), Value::Int(3)])], "{message}");
    }
}

#[test]
fn if_a_field_comes_twice_the_last_value_counts() {
    let types = [("a", INT), ("b", INT)];
    assert_eq!(row(&types, r#"{"a":1,"a":2,"b":3}"#), "[Int(2), Int(3)]");
    assert_eq!(row(&types, r#"{"a":1,"b":3,"a":null}"#), "[Null, Int(3)]");
}

#[test]
fn a_missing_field_is_null_unless_the_job_forbids_it() {
    let strict = JsonFormat { fail_on_missing_field: true, ..defaults() };
    let types = [("a", INT), ("r", row_of(&[("x", INT)]))];
    assert_eq!(decode(&strict, &types, r#"{"a":null,"r":{"x":1}}"#).unwrap().0, ["[Null, Row([Int(1)])]"]);
    let rejection = decode(&strict, &types, r#"{"r":null}"#).unwrap_err();
    assert_eq!(rejection.to_string(), "decode refused column a: the field is missing, at /a, byte 0");
    let rejection = decode(&strict, &types, r#"{"a":1,"r":{}}"#).unwrap_err();
    assert_eq!(rejection.to_string(), "decode refused column r: the field is missing, at /r/x, byte 11");
}

#[test]
fn a_message_with_broken_json_makes_no_row_even_if_errors_are_ignored() {
    let types = [("c", DataType::STRING)];
    for message in [
        "{'c':1}",
        r#"{"c":1,}"#,
        r#"{"c":[1,]}"#,
        r#"{"c":NaN}"#,
        r#"{"c":1"#,
        r#"{"c":"#,
        r#"{"c""#,
        r#"{"c":"a"#,
        r#"{"c":"a\"#,
        r#"{"c":"\q"}"#,
        r#"{"c":"\u12g4"}"#,
        r#"{"c":"\u12"#,
        r#"{"c":tru}"#,
        r#"{"c":nulls}"#,
        r#"{"c" 1}"#,
        r#"{"c":01}"#,
        r#"{"c":-}"#,
        r#"{"c":1.}"#,
        r#"{"c":.5}"#,
        r#"{"c":+1}"#,
        r#"{"c":1e}"#,
        r#"{"c":1 2}"#,
        r#"{"c":{]}"#,
        r#"{"x":{"c":1]}"#,
        r#"{"x":[1 2],"c":1}"#,
        r#"{"x":"\q","c":1}"#,
        r#"{"x":-,"c":1}"#,
        r#"{c:1}"#,
    ] {
        assert!(decode(&defaults(), &types, message).is_err(), "{message}");
        assert_eq!(decode(&ignoring(), &types, message).unwrap(), (vec![], 1, 0), "{message}");
    }
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    let types = [("id", INT), ("feature", array(DataType::Float)), ("r", row_of(&[("a/b", INT)]))];
    assert_eq!(
        reason(&types, r#"{"id":1,"feature":[0.5,"x"]}"#),
        "decode refused column feature: found '\"x\"' where FLOAT was expected: a number such as 0.5 or 1e-3, or \"NaN\" or \
         \"-Infinity\", at /feature/1, byte 23"
    );
    assert_eq!(
        reason(&types, r#"{"id":99999999999}"#),
        "decode refused column id: found '99999999999' where INT was expected: a whole number from -2147483648 to \
         2147483647, at /id, byte 6"
    );
    assert_eq!(
        reason(&types, r#"{"r":{"a/b":[]}}"#),
        "decode refused column r: found '[]' where INT was expected: a whole number from -2147483648 to 2147483647, at \
         /r/a~1b, byte 12"
    );
    assert_eq!(
        reason(&types, r#"{"id":1,"feature":[0.5,"#),
        "decode refused column feature: the message ends where a value was expected, at /feature/1, byte 23"
    );
    assert_eq!(
        reason(&types, r#"{"id":1,}"#),
        "decode refused: found '}' where a field's name was expected, at byte 8"
    );
    assert_eq!(reason(&types, "[]"), "decode refused: found '[' where a JSON object was expected, at byte 0");
    assert_eq!(
        reason(&types, "{\"id\":1,\"x\":\"abc"),
        "decode refused: the message ends where the end of a string was expected, at byte 16"
    );
}

#[test]
fn a_message_with_bytes_that_are_not_utf8_is_refused() {
    let message = b"{\"c\":\"a\xffb\"}";
    let rejection = decode_bytes(&defaults(), &[("c", DataType::STRING)], Some(message)).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "decode refused column c: found a byte that is not UTF-8 where the end of a string was expected, at /c, byte 7"
    );
    assert_eq!(decode_bytes(&ignoring(), &[("c", DataType::STRING)], Some(message)).unwrap(), (vec![], 1, 0));
}

#[test]
fn unknown_fields_are_skipped_and_counted() {
    let message = r#"{"x":{"a":[1,{"b":"}]\""}],"c":1.5e3},"c":1,"y":[],"z":"\u0041"}"#;
    let (rows, nulled, unknown) = decode(&defaults(), &[("c", INT)], message).unwrap();
    assert_eq!((rows, nulled, unknown), (vec!["[Int(1)]".to_string()], 0, 3));
}

#[test]
fn a_message_with_too_deeply_nested_objects_and_arrays_is_refused() {
    for open in ["[", "{\"a\":"] {
        for field in ["c", "x"] {
            let deep = format!("{{\"{field}\":{}", open.repeat(100_000));
            let rejection = decode(&defaults(), &[("c", DataType::STRING)], &deep).unwrap_err();
            assert!(rejection.reason.starts_with("found more than 1000 nested objects and arrays"), "{rejection}");
        }
    }
    let fits = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
    assert_eq!(text(&fits), Some(format!("Text({fits:?})")));
}

#[test]
fn ignored_errors_are_counted() {
    let types = [("a", INT), ("b", array(INT)), ("c", INT)];
    let message = r#"{"a":"x","b":["y",1,{}],"c":3}"#;
    let (rows, nulled, _) = decode(&ignoring(), &types, message).unwrap();
    assert_eq!((rows, nulled), (vec!["[Null, Array([Null, Int(1), Null]), Int(3)]".to_string()], 3));
}

#[test]
fn a_text_without_escapes_is_borrowed_from_the_message() {
    let (arena, topic) = (Bump::new(), Arc::from("t"));
    let message = br#"{"c":"abc"}"#.to_vec();
    let mut decoder = defaults().decoder(&columns(&[("c", DataType::STRING)]), &[], None);
    let decoded = decoder.decode(&Record::of_value(&topic, Some(&message)), &arena).unwrap();
    let [Change::Insert([Value::Text(text)])] = decoded.changes else { panic!("{decoded:?}") };
    assert!(message.as_ptr_range().contains(&text.as_ptr()));
}
