//! The change formats read values by the rules of the json format, and count ignored errors.

use super::*;

/// A change format, and a function that makes its message for a new row.
type Case = (Format, fn(&str) -> String);

fn formats(change: ChangeFormat) -> [Case; 4] {
    let canal = CanalFormat { change, database_include: None, table_include: None };
    [
        (Format::Debezium(DebeziumFormat { change, schema_include: false }), |row| {
            format!(r#"{{"op":"c","after":{row}}}"#)
        }),
        (Format::Canal(canal), |row| format!(r#"{{"type":"INSERT","data":[{row}]}}"#)),
        (Format::Maxwell(MaxwellFormat { change }), |row| format!(r#"{{"type":"insert","data":{row}}}"#)),
        (Format::Ogg(OggFormat { change }), |row| format!(r#"{{"op_type":"I","after":{row}}}"#)),
    ]
}

/// Checks the only value of a row in each format.
#[track_caller]
fn check(change: ChangeFormat, data_type: DataType, json: &str, expected: Option<(&str, u64)>) {
    let columns = [SourceColumn { name: "c".into(), data_type, not_null: false }];
    for (format, message) in formats(change) {
        let message = message(&format!(r#"{{"c":{json}}}"#));
        let found = decode_with(&format, &columns, &[], Some(&message)).ok();
        assert_eq!(found, expected.map(|(row, nulled)| (vec![format!("+I {row}")], nulled)), "{message}");
    }
}

#[test]
fn timestamps_follow_the_standard_of_the_job() {
    let iso = ChangeFormat { timestamps: TimestampStandard::Iso8601, ..options() };
    let (sql, with_t) = (r#""1970-01-01 00:00:01.5""#, r#""1970-01-01T00:00:01.5""#);
    let timestamp = DataType::Timestamp { precision: 3 };
    let expected = Some(("Timestamp { seconds: 1, nanos: 500000000 }", 0));
    check(options(), timestamp.clone(), sql, expected);
    check(options(), timestamp.clone(), with_t, None);
    check(iso, timestamp.clone(), with_t, expected);
    check(iso, timestamp, sql, None);
    check(iso, INSTANT, r#""1970-01-01T00:00:01Z""#, Some(("@1.000000000", 0)));
}

#[test]
fn a_moment_that_is_written_as_a_number_needs_a_bigint() {
    check(options(), DataType::Timestamp { precision: 3 }, "1709281800000", None);
    check(options(), DataType::Date, "19783", None);
    check(options(), DataType::BigInt, "1709281800000", Some(("1709281800000", 0)));
}

#[test]
fn numbers_and_booleans_are_read_from_texts() {
    check(options(), DataType::Int, r#"" 12 ""#, Some(("12", 0)));
    check(options(), DataType::Double, r#""1e-3""#, Some(("Double(0.001)", 0)));
    check(options(), DataType::Boolean, r#""TRUE""#, Some(("Bool(true)", 0)));
    check(options(), DataType::STRING, r#"[0.10, {"a" : 1}]"#, Some((r#"[0.1,{"a":1}]"#, 0)));
}

#[test]
fn only_int_and_bigint_take_numbers_with_a_fraction() {
    for data_type in [DataType::TinyInt, DataType::SmallInt] {
        check(options(), data_type.clone(), "5", Some(("5", 0)));
        check(options(), data_type.clone(), r#"" 5 ""#, Some(("5", 0)));
        for json in ["5.0", "-32.768", "1e1", r#""5.0""#] {
            check(options(), data_type.clone(), json, None);
            check(ignoring(), data_type.clone(), json, Some(("NULL", 1)));
        }
    }
    for data_type in [DataType::Int, DataType::BigInt] {
        for (json, expected) in [("5.0", "5"), ("-32.768", "-32"), ("1e1", "10")] {
            check(options(), data_type.clone(), json, Some((expected, 0)));
        }
    }
}

#[test]
fn an_ignored_error_in_a_value_makes_it_null_and_one_in_the_message_drops_the_message() {
    check(ignoring(), DataType::Int, r#""x""#, Some(("NULL", 1)));
    let columns = [SourceColumn { name: "c".into(), data_type: DataType::Int, not_null: false }];
    for (format, _) in formats(ignoring()) {
        for broken in ["{", "[]", "7", " ", "null", r#"{"op":"c","type":"INSERT","op_type":"I"}"#] {
            assert_eq!(decode_with(&format, &columns, &[], Some(broken)).unwrap(), (vec![], 1), "{broken}");
        }
    }
}
