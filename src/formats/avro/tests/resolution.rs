//! A writer's schema that differs from the table's: fields are matched by name, types are promoted, and the writer's
//! logical types count.

use super::*;

/// One column and the writer's field of its name.
fn one(column: DataType, writer: &str, message: &str) -> Result<String, String> {
    read(column, r#""null", "#, writer, message)
}

fn read(column: DataType, null: &str, writer: &str, message: &str) -> Result<String, String> {
    // Only the shape of the reader's types counts. The column's type says what a value is.
    fn plain(data_type: &DataType) -> String {
        match data_type {
            DataType::Array(element) => format!(r#"{{"type": "array", "items": ["null", {}]}}"#, plain(element)),
            DataType::Map(_, value) => format!(r#"{{"type": "map", "values": ["null", {}]}}"#, plain(value)),
            DataType::Multiset(_) => r#"{"type": "map", "values": ["null", "int"]}"#.into(),
            DataType::Row(fields) => {
                let field = |field: &RowField| {
                    format!(
                        r#"{{"name": "{}", "type": ["null", {}], "default": null}}"#,
                        field.name,
                        plain(&field.data_type)
                    )
                };
                let fields: Vec<String> = fields.iter().map(field).collect();
                format!(r#"{{"type": "record", "name": "inner", "fields": [{}]}}"#, fields.join(", "))
            }
            _ => r#""string""#.into(),
        }
    }
    let record = |of: &str| format!(r#"{{"type": "record", "name": "r", "fields": [{{"name": "a", "type": {of}}}]}}"#);
    let reader = record(&format!("[{null}{}]", plain(&column)));
    let columns = fields(&[("a", column)]);
    let mut confluent = Confluent::new(schema(&reader), columns, known(&[(1, &record(writer))]));
    let message = [&[0, 0, 0, 0, 1][..], &bytes(message)].concat();
    decode(&mut confluent, Some(&message)).map(|row| row.trim_start_matches("+I ").to_string())
}

#[track_caller]
fn is(column: DataType, writer: &str, message: &str, expected: &str) {
    assert_eq!(one(column, writer, message).as_deref(), Ok(expected));
}

#[track_caller]
fn refused(column: DataType, writer: &str, message: &str, expected: &str) {
    let reason = one(column, writer, message).unwrap_err();
    assert!(reason.contains(expected), "{reason}");
}

fn array(element: DataType) -> DataType {
    DataType::Array(Box::new(element))
}

#[test]
fn numbers_are_promoted_as_avro_says() {
    is(DataType::Int, r#""int""#, "01", "-1");
    is(DataType::BigInt, r#""int""#, "02", "1");
    is(DataType::BigInt, r#""long""#, "ff ff ff ff ff ff ff ff ff 01", "-9223372036854775808");
    is(DataType::Float, r#""int""#, "02", "1f");
    is(DataType::Float, r#""long""#, "02", "1f");
    is(DataType::Double, r#""long""#, "02", "1");
    is(DataType::Double, r#""float""#, "00 00 00 3f", "0.5");
    is(DataType::Double, r#""double""#, "00 00 00 00 00 00 e0 3f", "0.5");
    is(DataType::Boolean, r#""boolean""#, "01", "true");
    refused(DataType::Int, r#""long""#, "02", "the writer's long can't become INT, at /a, byte 5");
    refused(DataType::Float, r#""double""#, "00 00 00 00 00 00 e0 3f", "the writer's double can't become FLOAT");
    refused(DataType::STRING, r#""int""#, "02", "the writer's int can't become STRING");
    refused(DataType::Boolean, r#""boolean""#, "02", "found byte 2 where a boolean was expected");
}

#[test]
fn a_number_outside_its_column_is_refused_not_cut() {
    is(DataType::TinyInt, r#""int""#, "fe 01", "127");
    refused(DataType::TinyInt, r#""int""#, "80 02", "found 128 where a whole number from -128 to 127 was expected");
    refused(DataType::SmallInt, r#""int""#, "80 80 04", "from -32768 to 32767");
    refused(DataType::Int, r#""int""#, "80 80 80 80 10", "found 2147483648");
    refused(DataType::BigInt, r#""long""#, "ff ff ff ff ff ff ff ff ff 02", "more than 64 bits");
}

#[test]
fn text_is_read_from_bytes_and_bytes_from_text() {
    is(DataType::STRING, r#""string""#, "04 61 62", "'ab'");
    is(DataType::STRING, r#""bytes""#, "04 61 62", "'ab'");
    is(DataType::Varbinary(9), r#""string""#, "04 61 62", "x6162");
    is(DataType::Varbinary(9), r#"{"type": "fixed", "name": "f", "size": 2}"#, "61 62", "x6162");
    is(DataType::STRING, r#"{"type": "enum", "name": "e", "symbols": ["X", "Y"]}"#, "02", "'Y'");
    refused(DataType::STRING, r#"{"type": "enum", "name": "e", "symbols": ["X", "Y"]}"#, "04", "one of 2 branches");
    refused(DataType::STRING, r#""string""#, "02 ff", "found a text that is not UTF-8, at /a, byte 5");
}

#[test]
fn the_writers_logical_type_says_what_a_number_counts() {
    let logical = |plain: &str, logical: &str| format!(r#"{{"type": "{plain}", "logicalType": "{logical}"}}"#);
    let (timestamp, instant) = (DataType::Timestamp { precision: 3 }, DataType::TimestampLtz { precision: 3 });
    is(timestamp.clone(), &logical("long", "timestamp-millis"), "b7 17", "-2s+500000000");
    is(timestamp.clone(), &logical("long", "timestamp-micros"), "c0 84 3d", "0s+500000000");
    is(timestamp.clone(), &logical("long", "local-timestamp-nanos"), "04", "0s+2");
    is(instant, &logical("long", "timestamp-micros"), "04", "0sZ+2000");
    // Without a logical type, Flink's reader takes milliseconds.
    is(timestamp.clone(), r#""long""#, "04", "0s+2000000");
    is(DataType::BigInt, &logical("long", "timestamp-micros"), "04", "2");
    is(DataType::Date, &logical("int", "date"), "04", "day 2");
    is(DataType::Date, r#""int""#, "04", "day 2");
    is(DataType::Time { precision: 0 }, &logical("int", "time-millis"), "04", "time 2000000");
    is(DataType::Time { precision: 0 }, &logical("long", "time-micros"), "04", "time 2000");
    refused(timestamp, &logical("int", "date"), "04", "the writer's int (date) can't become TIMESTAMP(3)");
    refused(DataType::Time { precision: 0 }, r#""long""#, "04", "can't become TIME(0)");
    refused(DataType::Time { precision: 0 }, r#""int""#, "01", "not within a day");
}

#[test]
fn a_decimal_has_the_writers_scale_and_becomes_the_columns() {
    let decimal = DataType::Decimal { precision: 5, scale: 2 };
    let written = |plain: &str, scale: u32| {
        format!(r#"{{"type": {plain}, "logicalType": "decimal", "precision": 9, "scale": {scale}}}"#)
    };
    is(decimal.clone(), &written(r#""bytes""#, 2), "04 30 39", "12345e-2");
    is(decimal.clone(), &written(r#""bytes""#, 3), "04 30 39", "1235e-2");
    is(decimal.clone(), &written(r#""bytes""#, 0), "02 ff", "-100e-2");
    // A number with too many digits becomes NULL, as in Flink.
    is(decimal.clone(), &written(r#""bytes""#, 0), "04 30 39", "null");
    is(decimal.clone(), r#""bytes""#, "02 80", "-128e-2");
    let fixed = r#"{"type": "fixed", "name": "f", "size": 20, "logicalType": "decimal", "precision": 40, "scale": 2}"#;
    is(decimal.clone(), fixed, &format!("{}30 39", "00 ".repeat(18)), "12345e-2");
    is(decimal.clone(), fixed, &format!("{}fe", "ff ".repeat(19)), "-2e-2");
    is(decimal.clone(), fixed, &format!("01 {}", "00 ".repeat(19)), "null");
    refused(decimal, &written(r#""bytes""#, 2), "00", "found no bytes where a decimal was expected");
}

#[test]
fn unions_are_read_by_the_branch_that_was_written() {
    is(DataType::Int, r#"["null", "int"]"#, "02 02", "1");
    is(DataType::Int, r#"["int", "null"]"#, "02", "null");
    is(DataType::Double, r#"["null", "int", "double"]"#, "02 02", "1");
    is(DataType::Double, r#"["null", "int", "double"]"#, "04 00 00 00 00 00 00 e0 3f", "0.5");
    is(DataType::Int, r#""null""#, "", "null");
    // If a branch can't become the column's type, only messages with this branch are rejected.
    is(DataType::Int, r#"["string", "int"]"#, "02 02", "1");
    refused(DataType::Int, r#"["string", "int"]"#, "00 02 61", "the writer's string can't become INT");
    refused(DataType::Int, r#"["null", "int"]"#, "04", "found 2 where one of 2 branches of a union was expected");
    let not_null = read(DataType::Int, "", r#"["null", "int"]"#, "00").unwrap_err();
    assert!(not_null.contains("found null where the table says NOT NULL"), "{not_null}");
    assert_eq!(read(DataType::Int, "", r#"["null", "int"]"#, "02 02").as_deref(), Ok("1"));
}

#[test]
fn vectors_are_read_from_floats_and_doubles_with_or_without_nulls() {
    let (float, double) = ("00 00 00 3f", "00 00 00 00 00 00 e0 3f");
    let of = |items: &str| format!(r#"{{"type": "array", "items": {items}}}"#);
    is(array(DataType::Float), &of(r#""float""#), &format!("04 {float} {float} 00"), "<0.5f,0.5f>");
    is(array(DataType::Double), &of(r#""float""#), &format!("02 {float} 00"), "<0.5>");
    is(array(DataType::Double), &of(r#""double""#), &format!("02 {double} 02 {double} 00"), "<0.5,0.5>");
    is(array(DataType::Double), &of(r#"["double", "null"]"#), &format!("02 00 {double} 00"), "<0.5>");
    is(array(DataType::Double), &of(r#"["double", "null"]"#), &format!("04 00 {double} 02 00"), "[0.5,null]");
    is(array(DataType::Double), &of(r#""int""#), "04 02 04 00", "[1,2]");
    is(array(array(DataType::Float)), &of(&of(r#""float""#)), &format!("02 02 {float} 00 00"), "[[0.5f]]");
    refused(array(DataType::Float), &of(r#""double""#), &format!("02 {double} 00"), "can't become FLOAT, at /a/0");
    let row = DataType::Row(fields(&[("v", array(DataType::Float))]));
    let inner =
        r#"{"type": "record", "name": "i", "fields": [{"name": "v", "type": {"type": "array", "items": "float"}}]}"#;
    is(row, inner, &format!("02 {float} 00"), "(<0.5f>)");
}

#[test]
fn fields_are_found_by_name_and_fields_without_a_column_are_skipped_and_counted() {
    let reader = r#"{"type": "record", "name": "r", "fields": [
        {"name": "id", "type": "int"}, {"name": "b", "type": ["null", "string"], "default": null},
        {"name": "c", "type": ["null", "string"], "default": null}]}"#;
    let columns = || fields(&[("id", DataType::Int), ("b", DataType::STRING), ("c", DataType::STRING)]);
    let writer = r#"{"type": "record", "name": "other", "fields": [
        {"name": "C", "type": "string"}, {"name": "skip", "type": {"type": "map", "values": {"type": "array", "items": "float"}}},
        {"name": "b", "type": "string"}, {"name": "id", "type": "int"}]}"#;
    let mut confluent = Confluent::new(schema(reader), columns(), known(&[(1, writer)]));
    let message = bytes("00 00 00 00 01 02 58 02 02 6b 02 00 00 00 3f 00 00 02 79 0e");
    assert_eq!(decode(&mut confluent, Some(&message)).as_deref(), Ok("+I 7, 'y', null"));
    let (topic, arena) = (Arc::from("t"), Bump::new());
    assert_eq!(confluent.decode(&Record::of_value(&topic, Some(&message)), &arena).unwrap().fields_ignored, 2);
    // A column that is NOT NULL and has no default.
    let without = r#"{"type": "record", "name": "w", "fields": [{"name": "b", "type": "string"}]}"#;
    let mut confluent = Confluent::new(schema(reader), columns(), known(&[(1, without)]));
    let reason = decode(&mut confluent, Some(&bytes("00 00 00 00 01 02 79"))).unwrap_err();
    assert_eq!(
        reason,
        "decode refused column id: the writer has no such field, and the reading schema gives no default for it, at /id"
    );
}

#[test]
fn a_given_schema_has_aliases_and_defaults() {
    let reader = r#"{"type": "record", "name": "r", "fields": [
        {"name": "id", "type": "int", "aliases": ["number"]}, {"name": "b", "type": "string", "default": "none"},
        {"name": "v", "type": {"type": "array", "items": "float"}, "default": [0.5]}]}"#;
    let columns = fields(&[("id", DataType::Int), ("b", DataType::STRING), ("v", array(DataType::Float))]);
    let writer = r#"{"type": "record", "name": "w", "fields": [{"name": "number", "type": "int"}]}"#;
    let mut confluent = Confluent::new(schema(reader), columns, known(&[(1, writer)]));
    assert_eq!(decode(&mut confluent, Some(&bytes("00 00 00 00 01 0e"))).as_deref(), Ok("+I 7, 'none', [0.5f]"));
}

#[test]
fn rows_and_maps_are_resolved_inside() {
    let row = DataType::Row(fields(&[("y", DataType::BigInt), ("z", DataType::STRING)]));
    let inner =
        r#"{"type": "record", "name": "i", "fields": [{"name": "x", "type": "double"}, {"name": "y", "type": "int"}]}"#;
    is(row, inner, "00 00 00 00 00 00 e0 3f 02", "(1,null)");
    let map = DataType::Map(Box::new(DataType::STRING), Box::new(DataType::BigInt));
    is(map.clone(), r#"{"type": "map", "values": "int"}"#, "02 02 61 02 02 02 62 04 00", "{'a'=1,'b'=2}");
    let set = DataType::Multiset(Box::new(DataType::STRING));
    is(set.clone(), r#"{"type": "map", "values": "int"}"#, "02 02 61 06 00", "{'a'=3}");
    is(set.clone(), r#"{"type": "map", "values": ["null", "int"]}"#, "04 02 61 02 06 02 62 00 00", "{'a'=3,'b'=null}");
    refused(set, r#"{"type": "array", "items": "string"}"#, "00", "array can't become MULTISET<STRING>");
    refused(map, r#"{"type": "map", "values": "string"}"#, "02 02 61 02 62 00", "can't become BIGINT, at /a/a");
}

#[test]
fn messages_with_an_invalid_schema_are_refused() {
    let mut confluent = Confluent::new(schema(READER), columns(), known(&[(1, "{"), (2, r#""int""#)]));
    assert!(decode(&mut confluent, Some(&[0, 0, 0, 0, 1])).unwrap_err().contains("schema 1: can't be read: not JSON"));
    assert_eq!(
        decode(&mut confluent, Some(&[0, 0, 0, 0, 2])).unwrap_err(),
        "decode refused: schema 2: the writer's schema is int where a record was expected"
    );
}
