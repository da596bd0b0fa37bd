use super::*;

fn format() -> Format {
    Format::Ogg(OggFormat { change: options() })
}

const INSERT: &str = r#"{"table": "SHOP.CARS", "op_type": "I", "op_ts": "2024-03-01 08:30:00.000001", "current_ts": "2024-03-01T08:30:01.5",
    "primary_keys": ["id"], "after": {"id": 7, "color": "red"}}"#;

#[test]
fn each_op_type_is_a_change() {
    assert_eq!(decode(&format(), INSERT), ["+I 7 red NULL NULL"]);
    let update =
        r#"{"op_type":"U","before":{"id":7,"color":"red","feature":"f","price":1},"after":{"id":7,"color":"blue"}}"#;
    assert_eq!(decode(&format(), update), ["-U 7 red f 100e-2 +U 7 blue - -"]);
    assert_eq!(decode(&format(), r#"{"op_type":"D","before":{"id":7}}"#), ["-D 7 NULL NULL NULL"]);
}

#[test]
fn what_is_missing_or_another_op_type_is_refused() {
    for message in [
        r#"{"op_type":"U","after":{"id":7}}"#,
        r#"{"op_type":"U","before":{"id":7}}"#,
        r#"{"op_type":"D","after":{"id":7}}"#,
        r#"{"op_type":"I","before":{"id":7}}"#,
        r#"{"op_type":"T"}"#,
        r#"{"after":{"id":7}}"#,
    ] {
        assert!(refused(&format(), message).starts_with("decode refused: found "), "{message}");
        let ignored = decode_with(&Format::Ogg(OggFormat { change: ignoring() }), &columns(), &[], Some(message));
        assert_eq!(ignored.unwrap(), (vec![], 1), "{message}");
    }
}

#[test]
fn metadata_is_read_from_the_envelope() {
    let micros = DataType::TimestampLtz { precision: 6 };
    let keys = [
        ("table", DataType::STRING),
        ("primary-keys", DataType::Array(Box::new(DataType::STRING))),
        ("ingestion-timestamp", micros.clone()),
        ("event-timestamp", micros),
    ];
    assert_eq!(
        metadata_of(&format(), &keys, INSERT),
        "SHOP.CARS Array([Text(\"id\")]) @1709281801.500000000 @1709281800.000001000"
    );
}
