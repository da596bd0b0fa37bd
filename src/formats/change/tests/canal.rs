use super::*;

fn filtered(database: Option<&str>, table: Option<&str>) -> Format {
    Format::Canal(CanalFormat {
        change: options(),
        database_include: database.map(str::to_string),
        table_include: table.map(str::to_string),
    })
}

fn format() -> Format {
    filtered(None, None)
}

fn ignoring_errors() -> Format {
    Format::Canal(CanalFormat { change: ignoring(), database_include: None, table_include: None })
}

const UPDATE: &str = r#"{"data": [{"id": "7", "color": "blue", "feature": "{0.1,0.2}", "price": "1.5"}], "old": [{"color": "red"}], "type": "UPDATE",
 "database": "shop", "table": "cars", "pkNames": ["id"], "sqlType": {"id": 4}, "es": 1709281800000, "ts": 1709281800456, "isDdl": false}"#;

#[test]
fn the_row_before_an_update_has_the_old_values_and_otherwise_the_new_ones() {
    assert_eq!(decode(&format(), UPDATE), ["-U 7 red {0.1,0.2} 150e-2 +U 7 blue {0.1,0.2} 150e-2"]);
    let was_null = UPDATE.replace(r#"{"color": "red"}"#, r#"{"color": null, "id": "6"}"#);
    assert_eq!(decode(&format(), &was_null), ["-U 6 NULL {0.1,0.2} 150e-2 +U 7 blue {0.1,0.2} 150e-2"]);
}

#[test]
fn a_message_has_several_rows() {
    let rows = r#""data": [{"id":"1","color":"a"},{"id":"2","color":"b"}]"#;
    assert_eq!(
        decode(&format(), &format!(r#"{{{rows},"old":null,"type":"INSERT"}}"#)),
        ["+I 1 a NULL NULL", "+I 2 b NULL NULL"]
    );
    assert_eq!(decode(&format(), &format!(r#"{{"type":"DELETE",{rows}}}"#)), ["-D 1 a NULL NULL", "-D 2 b NULL NULL"]);
    // Each row has an entry of its own in `old`.
    let update = format!(r#"{{{rows},"old":[{{"color":"x"}},{{"id":"3"}}],"type":"UPDATE"}}"#);
    assert_eq!(decode(&format(), &update), ["-U 1 x NULL NULL +U 1 a - -", "-U 3 b NULL NULL +U 2 b - -"]);
}

#[test]
fn columns_that_an_update_does_not_carry_stay_as_they_are() {
    let message = r#"{"type":"UPDATE","data":[{"id":"7","color":null}],"old":[{"color":"red"}]}"#;
    assert_eq!(decode(&format(), message), ["-U 7 red NULL NULL +U 7 NULL - -"]);
}

#[test]
fn an_update_without_old_is_refused() {
    for message in [
        UPDATE.replace(r#"[{"color": "red"}]"#, "null"),
        UPDATE.replace(r#"[{"color": "red"}]"#, "[]"),
        UPDATE.replace(r#""old": [{"color": "red"}],"#, ""),
    ] {
        assert_eq!(refused(&format(), &message), "decode refused: found no 'old' in a change");
        assert_eq!(decode_with(&ignoring_errors(), &columns(), &[], Some(&message)).unwrap(), (vec![], 1));
    }
}

#[test]
fn create_is_skipped_and_other_statements_are_refused() {
    assert_eq!(decode(&format(), r#"{"type":"CREATE","data":null,"isDdl":true}"#), Vec::<String>::new());
    for kind in ["ALTER", "ERASE", "TRUNCATE", "QUERY", "RENAME", "insert"] {
        let message = format!(r#"{{"type":"{kind}","data":null,"isDdl":true}}"#);
        assert!(refused(&format(), &message).contains(&format!("found 'type' = '{kind}'")));
        assert_eq!(decode_with(&ignoring_errors(), &columns(), &[], Some(&message)).unwrap(), (vec![], 1));
    }
    assert!(refused(&format(), r#"{"data":[]}"#).contains("found no 'type'"));
    assert!(refused(&format(), r#"{"type":"INSERT","data":null}"#).contains("found no 'data'"));
    assert!(refused(&format(), r#"{"type":"INSERT","data":[null]}"#).ends_with("found no 'data' in a change, at /0"));
    assert_eq!(decode_with(&format(), &columns(), &[], None).unwrap(), (vec![], 0));
}

#[test]
fn messages_of_other_tables_are_skipped_before_their_rows_are_read() {
    let other = r#"{"data":[{"id":"not a number"}],"type":"INSERT","database":"shop","table":"people"}"#;
    assert!(decode_with(&format(), &columns(), &[], Some(other)).is_err());
    assert_eq!(decode(&filtered(None, Some("cars")), other), Vec::<String>::new());
    assert_eq!(decode(&filtered(Some("sh"), None), UPDATE), Vec::<String>::new());
    assert_eq!(decode(&filtered(Some("sh.*"), Some("cars|buses")), UPDATE).len(), 1);
    assert_eq!(
        refused(&filtered(Some("shop"), None), r#"{"type":"INSERT","data":[]}"#),
        "decode refused: found no 'database', which the job filters by"
    );
    let without_table = r#"{"type":"INSERT","data":[],"database":"shop","table":null}"#;
    assert!(refused(&filtered(Some("shop"), Some("cars")), without_table).contains("found no 'table'"));
}

#[test]
fn metadata_is_read_from_the_envelope() {
    let keys = [
        ("database", DataType::STRING),
        ("table", DataType::STRING),
        ("sql-type", DataType::Map(Box::new(DataType::STRING), Box::new(DataType::Int))),
        ("pk-names", DataType::Array(Box::new(DataType::STRING))),
        ("ingestion-timestamp", INSTANT),
        ("event-timestamp", INSTANT),
    ];
    let message = UPDATE.replace("UPDATE", "INSERT");
    assert_eq!(
        metadata_of(&format(), &keys, &message),
        "shop cars Map([(Text(\"id\"), Int(4))]) Array([Text(\"id\")]) @1709281800.456000000 @1709281800.000000000"
    );
}

#[test]
fn an_empty_string_is_not_a_number() {
    let message = r#"{"type":"INSERT","data":[{"id":"1"},{"id":""}]}"#;
    assert_eq!(
        refused(&format(), message),
        "decode refused column id: found '\"\"' where INT was expected: a whole number from -2147483648 to 2147483647, at \
         /data/1/id, byte 42"
    );
    let (changes, nulled) = decode_with(&ignoring_errors(), &columns(), &[], Some(message)).unwrap();
    assert_eq!((changes.len(), nulled), (2, 1));
}
