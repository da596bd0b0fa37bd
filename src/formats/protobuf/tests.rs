//! Messages as bytes. `fuzz/` checks that any message is read as prost-reflect reads it.

use std::sync::Arc;

use prost_reflect::DescriptorPool;

use super::*;
use crate::change::Change;
use crate::types::data_type::{DataType, RowField};

const DESCRIPTORS: &[u8] = include_bytes!("../../../tests/protobuf/everything.desc");

fn options() -> ProtobufFormat {
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let message = pool.get_message_by_name("test.Everything").unwrap();
    ProtobufFormat { message, ignore_parse_errors: false, read_default_values: false }
}

fn array(element: DataType) -> DataType {
    DataType::Array(Box::new(element))
}

fn row_of(fields: &[(&str, DataType)]) -> DataType {
    let field =
        |(name, data_type): &(&str, DataType)| RowField { name: name.to_string(), data_type: data_type.clone() };
    DataType::Row(fields.iter().map(field).collect())
}

/// The row's values, and how many fields were skipped.
fn decode(options: &ProtobufFormat, columns: &[(&str, DataType)], message: &[u8]) -> Result<(String, u64), String> {
    let column = |(name, data_type): &(&str, DataType)| SourceColumn {
        name: name.to_string(),
        data_type: data_type.clone(),
        not_null: false,
    };
    let columns: Vec<SourceColumn> = columns.iter().map(column).collect();
    let (arena, topic) = (Bump::new(), Arc::from("t"));
    let record = Record::of_value(&topic, Some(message));
    let mut decoder = Protobuf::new(options, &columns);
    let decoded = decoder.decode(&record, &arena).map_err(|rejection| rejection.to_string())?;
    let shown = match decoded.changes {
        [Change::Insert(row)] => row.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", "),
        [] => "nothing".into(),
        other => panic!("{other:?}"),
    };
    Ok((shown, decoded.fields_ignored))
}

#[track_caller]
fn check(columns: &[(&str, DataType)], message: &[u8], expected: &str) {
    assert_eq!(decode(&options(), columns, message).map(|(row, _)| row).as_deref(), Ok(expected));
}

#[test]
fn a_vector_is_read_from_packed_floats_and_from_single_floats() {
    let vector = [("vector", array(DataType::Float))];
    let packed = b"\xa2\x01\x08\0\0\0\x3f\0\0\x80\x3e";
    check(&vector, packed, "Vector(Float([0.5, 0.25]))");
    let single = b"\xa5\x01\0\0\0\x3f\xa5\x01\0\0\x80\x3e";
    check(&vector, single, "Vector(Float([0.5, 0.25]))");
    check(&vector, &[&packed[..], single].concat(), "Vector(Float([0.5, 0.25, 0.5, 0.25]))");
    let ragged = decode(&options(), &vector, b"\xa2\x01\x07\0\0\0\x3f\0\0\x80").unwrap_err();
    assert_eq!(
        ragged,
        "decode refused column vector: found 7 bytes where packed numbers of 4 were expected, at /vector, byte 3"
    );
}

#[test]
fn a_field_that_is_not_set_is_zero_only_if_it_has_no_presence() {
    let inner = row_of(&[("a", DataType::Int), ("b", DataType::STRING)]);
    let default = "Row([Int(0), Text(\"\")])";
    for (field, data_type, plainly, with_defaults) in [
        ("f_bool", DataType::Boolean, "Bool(false)", "Bool(false)"),
        ("f_int32", DataType::Int, "Int(0)", "Int(0)"),
        ("f_uint64", DataType::BigInt, "Int(0)", "Int(0)"),
        ("f_float", DataType::Float, "Float(0.0)", "Float(0.0)"),
        ("f_double", DataType::Double, "Double(0.0)", "Double(0.0)"),
        ("f_string", DataType::STRING, "Text(\"\")", "Text(\"\")"),
        ("f_bytes", DataType::Varbinary(9), "Bytes([])", "Bytes([])"),
        ("f_enum", DataType::STRING, "Text(\"UNKNOWN\")", "Text(\"UNKNOWN\")"),
        ("f_enum", DataType::SmallInt, "Int(0)", "Int(0)"),
        ("o_int32", DataType::Int, "Null", "Int(0)"),
        ("o_string", DataType::STRING, "Null", "Text(\"\")"),
        ("c_string", DataType::STRING, "Null", "Text(\"\")"),
        ("f_message", inner.clone(), "Null", default),
        ("c_message", inner, "Null", default),
        ("vector", array(DataType::Float), "Null", "Array([])"),
        ("m_text", DataType::Map(Box::new(DataType::STRING), Box::new(DataType::Int)), "Null", "Map([])"),
        ("at", DataType::TimestampLtz { precision: 3 }, "Null", "Instant { seconds: 0, nanos: 0 }"),
    ] {
        let columns = [(field, data_type)];
        check(&columns, b"", plainly);
        let options = ProtobufFormat { read_default_values: true, ..options() };
        assert_eq!(decode(&options, &columns, b"").unwrap().0, with_defaults, "{field}");
    }
}

#[test]
fn an_optional_field_that_is_set_to_its_zero_is_not_null() {
    check(&[("o_int32", DataType::Int), ("o_string", DataType::STRING)], b"\x90\x01\0\x9a\x01\0", "Int(0), Text(\"\")");
}

#[test]
fn defaults_are_read_on_request() {
    let legacy = row_of(&[("number", DataType::Int), ("text", DataType::STRING), ("closed", DataType::STRING)]);
    let columns = [("legacy", legacy), ("vector", array(DataType::Float)), ("o_string", DataType::STRING)];
    check(&columns, b"", "Null, Null, Null");
    check(&columns, b"\x92\x02\x02\x08\x01", "Row([Null, Null, Null]), Null, Null");
    let options = ProtobufFormat { read_default_values: true, ..options() };
    let expected = "Row([Int(88), Text(\"grün\"), Text(\"SECOND\")]), Array([]), Text(\"\")";
    assert_eq!(decode(&options, &columns, b"").unwrap().0, expected);
}

#[test]
fn an_enumeration_is_read_as_names_or_as_numbers() {
    let named = [("f_enum", DataType::STRING)];
    check(&named, b"\x80\x01\xac\x02", "Text(\"BLUE\")");
    check(&named, b"\x80\x01\x05", "Text(\"UNRECOGNIZED\")");
    check(&[("f_enum", DataType::Int)], b"\x80\x01\x05", "Int(5)");
    let refused = decode(&options(), &[("f_enum", DataType::TinyInt)], b"\x80\x01\xac\x02").unwrap_err();
    assert!(
        refused.contains("found 300 where a number from -128 to 127 was expected, at /f_enum, byte 2"),
        "{refused}"
    );
    // Enumerations of proto2 are closed.
    let legacy = [("legacy", row_of(&[("closed", DataType::STRING), ("list", array(DataType::Int))]))];
    check(&legacy, b"\x92\x02\x08\x08\x01\x20\x07\x28\x02\x28\x07", "Row([Null, Array([Int(2)])])");
}

#[test]
fn the_last_member_of_a_oneof_counts_even_if_it_has_no_column() {
    let columns = [("c_int32", DataType::Int), ("c_message", row_of(&[("a", DataType::Int)]))];
    check(&columns, b"\xf0\x01\x07", "Int(7), Null");
    check(&columns, b"\xf0\x01\x07\x82\x02\x02\x08\x01", "Null, Row([Int(1)])");
    check(&columns, b"\xf0\x01\x07\xfa\x01\x01x", "Null, Null");
}

#[test]
fn a_nested_message_that_comes_twice_is_merged() {
    let columns =
        [("f_message", row_of(&[("a", DataType::Int), ("b", DataType::STRING), ("v", array(DataType::Float))]))];
    let (first, second) = (b"\x8a\x01\x07\x08\x01\x1d\0\0\0\x3f", b"\x8a\x01\x08\x12\x01x\x1d\0\0\x80\x3e");
    check(&columns, &[&first[..], second].concat(), "Row([Int(1), Text(\"x\"), Vector(Float([0.5, 0.25]))])");
}

#[test]
fn if_a_key_of_a_map_comes_twice_the_last_value_counts() {
    let map = DataType::Map(Box::new(DataType::STRING), Box::new(DataType::Int));
    let message = b"\xe2\x01\x05\x0a\x01a\x10\x01\xe2\x01\x03\x0a\x01b\xe2\x01\x05\x0a\x01a\x10\x02";
    check(&[("m_text", map)], message, "Map([(Text(\"b\"), Int(0)), (Text(\"a\"), Int(2))])");
}

#[test]
fn a_timestamp_is_an_instant_or_its_parts() {
    let message = b"\x8a\x02\x09\x08\xc8\xe2\x85\xaf\x06\x10\xe8\x07";
    let instant = [("at", DataType::TimestampLtz { precision: 3 })];
    check(&instant, message, "Instant { seconds: 1709273416, nanos: 1000 }");
    let parts = row_of(&[("seconds", DataType::BigInt), ("nanos", DataType::Int)]);
    check(&[("at", parts)], message, "Row([Int(1709273416), Int(1000)])");
    let refused =
        decode(&options(), &instant, b"\x8a\x02\x0b\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").unwrap_err();
    assert!(refused.contains("at /at, byte "), "{refused}");
}

#[test]
fn fields_without_a_column_are_skipped_and_counted() {
    let columns = [("f_bool", DataType::Boolean)];
    // A number, a text, a group of two, and a text where a number should be.
    let message = b"\x10\x07\x72\x01x\xfb\x3e\x08\x01\x12\0\xfc\x3e\x0a\x01y\x08\x01";
    assert_eq!(decode(&options(), &columns, message), Ok(("Bool(true)".into(), 4)));
}

#[test]
fn the_error_of_a_damaged_message_says_where_it_is_damaged() {
    let columns = [("f_string", DataType::STRING), ("f_int32", DataType::Int)];
    for (message, expected) in [
        (&b"\x72\x05abc"[..], "found a length of 5 bytes where 3 are left, at /f_string, byte 1"),
        (b"\x72\x02a\xff", "found 'a\u{fffd}' where text in UTF-8 was expected, at /f_string, byte 2"),
        (b"\x10\x80", "found the message's end inside a number, at /f_int32, byte 1"),
        (b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "found a number of more than 10 bytes"),
        (b"\x07", "found the wire type 7, which doesn't exist, at byte 0"),
        (b"\x00\x01", "found the field number 0, which is not allowed, at byte 0"),
        (b"\x0c", "found the end of the group 1 without its start"),
        (b"\xfb\x3e\x08\x01", "found the message's end inside a group, at byte 4"),
    ] {
        let refused = decode(&options(), &columns, message).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
        let ignoring = ProtobufFormat { ignore_parse_errors: true, ..options() };
        assert_eq!(decode(&ignoring, &columns, message).unwrap().0, "nothing");
    }
    let deep = [b"\xfb\x3e".repeat(101), b"\xfc\x3e".repeat(101)].concat();
    assert!(decode(&options(), &columns, &deep).unwrap_err().contains("more than 100 nested groups"));
}

#[test]
fn a_required_field_must_be_there_even_if_it_has_no_column() {
    let columns = [("legacy", row_of(&[("number", DataType::Int)]))];
    let refused = decode(&options(), &columns, b"\x92\x02\x02\x10\x01").unwrap_err();
    assert_eq!(refused, "decode refused column legacy: the required field is missing, at /legacy/id, byte 5");
}
