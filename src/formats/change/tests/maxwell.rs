use super::*;

fn format() -> Format {
    Format::Maxwell(MaxwellFormat { change: options() })
}

const UPDATE: &str = r#"{"database": "shop", "table": "cars", "type": "update", "ts": 1709281800, "primary_key_columns": ["id"],
    "data": {"id": 7, "color": "blue", "feature": null, "price": 1.5}, "old": {"color": "red"}}"#;

#[test]
fn each_type_is_a_change() {
    assert_eq!(decode(&format(), UPDATE), ["-U 7 red NULL 150e-2 +U 7 blue NULL 150e-2"]);
    for (kind, expected) in [("insert", "+I"), ("bootstrap-insert", "+I"), ("delete", "-D")] {
        let message = UPDATE.replace("\"update\"", &format!("\"{kind}\""));
        assert_eq!(decode(&format(), &message), [format!("{expected} 7 blue NULL 150e-2")]);
    }
}

#[test]
fn columns_that_an_update_does_not_carry_stay_as_they_are() {
    let message = r#"{"type":"update","data":{"id":7,"color":"blue"},"old":{"color":"red"}}"#;
    assert_eq!(decode(&format(), message), ["-U 7 red NULL NULL +U 7 blue - -"]);
    let insert = r#"{"type":"insert","data":{"id":7,"color":"blue"}}"#;
    assert_eq!(decode(&format(), insert), ["+I 7 blue NULL NULL"]);
}

#[test]
fn unknown_types_and_changes_without_their_rows_are_refused_but_the_ends_of_a_bootstrap_are_skipped() {
    for kind in ["bootstrap-start", "bootstrap-complete"] {
        assert_eq!(decode(&format(), &format!(r#"{{"type":"{kind}","data":{{}}}}"#)), Vec::<String>::new());
    }
    for kind in ["table-create", "INSERT"] {
        let message = format!(r#"{{"type":"{kind}","data":{{"id":1}}}}"#);
        assert!(refused(&format(), &message).contains(&format!("found 'type' = '{kind}'")));
        let ignored =
            decode_with(&Format::Maxwell(MaxwellFormat { change: ignoring() }), &columns(), &[], Some(&message));
        assert_eq!(ignored.unwrap(), (vec![], 1));
    }
    let without_old = UPDATE.replace(r#", "old": {"color": "red"}"#, "");
    assert_eq!(refused(&format(), &without_old), "decode refused: found no 'old' in a change");
    let ignored =
        decode_with(&Format::Maxwell(MaxwellFormat { change: ignoring() }), &columns(), &[], Some(&without_old));
    assert_eq!(ignored.unwrap(), (vec![], 1));
    assert_eq!(refused(&format(), r#"{"type":"insert"}"#), "decode refused: found no 'data' in a change");
    assert_eq!(decode_with(&format(), &columns(), &[], None).unwrap(), (vec![], 0));
}

#[test]
fn metadata_is_read_from_the_envelope() {
    let keys = [
        ("database", DataType::STRING),
        ("table", DataType::STRING),
        ("primary-key-columns", DataType::Array(Box::new(DataType::STRING))),
        ("ingestion-timestamp", INSTANT),
    ];
    let message = UPDATE.replace("update", "insert");
    assert_eq!(metadata_of(&format(), &keys, &message), "shop cars Array([Text(\"id\")]) @1709281800.000000000");
}
