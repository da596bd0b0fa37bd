use super::*;

fn format() -> Format {
    Format::Debezium(DebeziumFormat { change: options(), schema_include: false })
}

fn wrapped() -> Format {
    Format::Debezium(DebeziumFormat { change: options(), schema_include: true })
}

fn ignoring_errors() -> Format {
    Format::Debezium(DebeziumFormat { change: ignoring(), schema_include: false })
}

const UPDATE: &str = r#"{"before": {"id": 7, "color": "red", "feature": "{0.1,0.2}"}, "after": {"id": 7, "color": "blue", "feature": "{0.1,0.2}"},
 "source": {"db": "shop", "schema": "public", "table": "cars", "ts_ms": 1709281800000, "lsn": 5, "snapshot": null}, "op": "u", "ts_ms": 1709281800123}"#;

#[test]
fn each_op_is_a_change() {
    assert_eq!(decode(&format(), UPDATE), ["-U 7 red {0.1,0.2} NULL +U 7 blue {0.1,0.2} NULL"]);
    let row = r#"{"id":7,"color":"red","feature":"f","price":1.005}"#;
    for op in ["c", "r"] {
        let message = format!(r#"{{"before":null,"after":{row},"op":"{op}"}}"#);
        assert_eq!(decode(&format(), &message), ["+I 7 red f 101e-2"]);
    }
    assert_eq!(decode(&format(), &format!(r#"{{"op":"d","before":{row},"after":null}}"#)), ["-D 7 red f 101e-2"]);
    assert_eq!(decode(&format(), r#"{"op":"d","before":{"id":7}}"#), ["-D 7 NULL NULL NULL"]);
}

#[test]
fn tombstones_and_empty_messages_are_skipped() {
    assert_eq!(decode_with(&format(), &columns(), &[], None).unwrap(), (vec![], 0));
    assert_eq!(decode(&format(), ""), Vec::<String>::new());
}

#[test]
fn an_update_without_before_is_refused_with_what_to_do() {
    let message = UPDATE.replace(r#"{"id": 7, "color": "red", "feature": "{0.1,0.2}"}"#, "null");
    assert_eq!(
        refused(&format(), &message),
        "decode refused: found no 'before' in a change with 'op' = 'u'; a PostgreSQL table must have REPLICA IDENTITY FULL"
    );
    assert!(refused(&format(), r#"{"op":"d","before":null}"#).contains("REPLICA IDENTITY FULL"));
    for lost in [message.as_str(), r#"{"op":"d","before":null}"#] {
        assert_eq!(decode_with(&ignoring_errors(), &columns(), &[], Some(lost)).unwrap(), (vec![], 1));
    }
}

#[test]
fn other_ops_are_refused() {
    for op in ["t", "m", "C", "x"] {
        let message = format!(r#"{{"op":"{op}","after":{{"id":1}}}}"#);
        assert!(refused(&format(), &message).contains(&format!("found 'op' = '{op}'")), "{op}");
        assert_eq!(decode_with(&ignoring_errors(), &columns(), &[], Some(&message)).unwrap(), (vec![], 1), "{op}");
    }
    assert!(refused(&format(), r#"{"op":"c","after":null}"#).contains("found no 'after'"));
    assert!(refused(&format(), "null").contains("a JSON object was expected"));
}

#[test]
fn the_payload_is_where_the_job_says() {
    let message = format!(r#"{{"schema":{{"type":"struct"}},"payload":{UPDATE}}}"#);
    assert_eq!(decode(&wrapped(), &message), decode(&format(), UPDATE));
    assert!(refused(&format(), &message).contains("'schema-include' = 'true'"));
    assert!(refused(&wrapped(), UPDATE).contains("'schema-include' = 'false'"));
    assert!(refused(&wrapped(), r#"{"schema":null,"payload":{}}"#).contains("'schema-include' = 'false'"));
    let ignoring_wrapped = Format::Debezium(DebeziumFormat { change: ignoring(), schema_include: true });
    for (format, message) in [(ignoring_errors(), message.as_str()), (ignoring_wrapped, UPDATE)] {
        assert_eq!(decode_with(&format, &columns(), &[], Some(message)).unwrap(), (vec![], 1));
    }
}

#[test]
fn metadata_is_read_from_the_envelope() {
    let source = DataType::Map(Box::new(DataType::STRING), Box::new(DataType::STRING));
    let keys = [
        ("ingestion-timestamp", INSTANT),
        ("source.timestamp", INSTANT),
        ("source.database", DataType::STRING),
        ("source.schema", DataType::STRING),
        ("source.table", DataType::STRING),
        ("schema", DataType::STRING),
    ];
    let message = UPDATE.replace(r#""op": "u""#, r#""op": "c""#);
    assert_eq!(
        metadata_of(&format(), &keys, &message),
        "@1709281800.123000000 @1709281800.000000000 shop public cars NULL"
    );
    let properties = metadata_of(&format(), &[("source.properties", source)], &message);
    assert!(properties.starts_with("Map([(Text(\"db\"), Text(\"shop\")),"), "{properties}");
    assert!(properties.contains("(Text(\"lsn\"), Text(\"5\")), (Text(\"snapshot\"), Null)"), "{properties}");
    let in_payload = format!(r#"{{"schema":{{"type" : "struct"}},"payload":{message}}}"#);
    assert_eq!(metadata_of(&wrapped(), &[("schema", DataType::STRING)], &in_payload), r#"{"type":"struct"}"#);
    assert_eq!(metadata_of(&format(), &[("source.table", DataType::STRING)], r#"{"op":"c","after":{"id":1}}"#), "NULL");
}

#[test]
fn a_value_that_debezium_calls_unavailable_stays_as_it_is() {
    let types = [
        ("id", DataType::Int),
        ("text", DataType::STRING),
        ("bytes", DataType::Varbinary(9)),
        ("vector", DataType::Array(Box::new(DataType::Float))),
        ("ints", DataType::Array(Box::new(DataType::Int))),
        ("number", DataType::Decimal { precision: 10, scale: 2 }),
    ];
    let columns = types.map(|(name, data_type)| SourceColumn { name: name.into(), data_type, not_null: false });
    let bytes = b"__debezium_unavailable_value";
    let list = |suffix: &str| bytes.map(|byte| format!("{byte}{suffix}")).join(",");
    let message = format!(
        r#"{{"op":"u","before":{{"id":1,"text":"__debezium_unavailable_value"}},"after":{{"id":1,
            "text": "__debezium_unavailable_value","bytes":"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==",
            "vector":[{}],"ints":[{}],"number":"__debezium_unavailable_value"}}}}"#,
        list(".0"),
        list("")
    );
    let (changes, _) = decode_with(&format(), &columns, &[], Some(&message)).unwrap();
    assert_eq!(changes, ["-U 1 NULL NULL NULL NULL NULL +U 1 - - - - -"]);
    let insert = message.replace(r#""op":"u""#, r#""op":"c""#);
    assert!(decode_with(&format(), &columns, &[], Some(&insert)).is_err());
}

#[test]
fn a_rejection_names_the_column() {
    assert_eq!(
        refused(&format(), r#"{"op":"c","after":{"id":"x"}}"#),
        "decode refused column id: found '\"x\"' where INT was expected: a whole number from -2147483648 to 2147483647, \
         at /after/id, byte 24"
    );
    assert!(
        refused(&wrapped(), r#"{"payload":{"op":"c","after":{"id":true}}}"#)
            .starts_with("decode refused column id: found 'true' where INT was expected")
    );
}

#[test]
fn a_number_in_a_string_column_is_that_of_its_double() {
    let message = r#"{"op":"c","after":{"id":1,"color":1.50,"feature":100,"price":"2.5"}}"#;
    assert_eq!(decode(&format(), message), ["+I 1 1.5 100 250e-2"]);
}
