//! Flink's rules for message keys (`key.format`, `upsert-kafka`). Each job is read from its text.

use std::sync::Arc;

use bumpalo::Bump;
use vecsink::internals::change::Change;
use vecsink::internals::job::decoder::of_source;
use vecsink::internals::job::settings::source::Source;
use vecsink::internals::job::{JobInput, parse_job};
use vecsink::internals::record::Record;
use vecsink::internals::types::value::Value;

pub(super) fn source(columns: &str, options: &str) -> Source {
    let connector = if options.contains("'connector'") {
        ""
    } else {
        "'connector' = 'kafka', 'scan.startup.mode' = 'earliest-offset', "
    };
    let text = format!(
        "CREATE TABLE m ({columns}) WITH ({connector}'properties.bootstrap.servers' = 'b:9092', 'topic' = 't', {options});
         CREATE TABLE s (a STRING) WITH ('connector' = 'adbpg', 'url' = 'jdbc:postgresql://h/d',
           'tablename' = 's', 'username' = 'u', 'password' = 'p', 'conflictmode' = 'upsert');
         INSERT INTO s SELECT CAST(id AS STRING) FROM m;"
    );
    let input =
        JobInput { text: &text, file_stem: None, overrides: &[], environment: &|_| None, properties: &|_| Vec::new() };
    parse_job(&input).unwrap_or_else(|error| panic!("{error}")).sources.remove(0)
}

fn shown(row: &[Value<'_>]) -> String {
    let value = |value: &Value<'_>| match value {
        Value::Null => "NULL".to_string(),
        Value::Unchanged => "-".to_string(),
        Value::Int(value) => value.to_string(),
        Value::Text(value) => value.to_string(),
        other => format!("{other:?}"),
    };
    row.iter().map(value).collect::<Vec<_>>().join(" ")
}

pub(super) fn change(change: &Change<'_>) -> String {
    match change {
        Change::Insert(row) => format!("+I {}", shown(row)),
        Change::Update { before: None, after } => format!("+U {}", shown(after)),
        Change::Update { before: Some(before), after } => format!("-U {} +U {}", shown(before), shown(after)),
        Change::Delete(row) => format!("-D {}", shown(row)),
    }
}

/// The changes of a message, and the number of parse errors that were ignored.
fn decode(source: &Source, key: Option<&str>, value: Option<&str>) -> Result<(Vec<String>, u64), String> {
    let (arena, topic) = (Bump::new(), Arc::from("t"));
    let record = Record { key: key.map(str::as_bytes), ..Record::of_value(&topic, value.map(str::as_bytes)) };
    let decoded =
        of_source(source, &|_| Ok(None)).unwrap().decode(&record, &arena).map_err(|rejection| rejection.to_string())?;
    Ok((decoded.changes.iter().map(change).collect(), decoded.parse_errors_ignored))
}

#[track_caller]
fn rows(source: &Source, key: Option<&str>, value: Option<&str>) -> Vec<String> {
    decode(source, key, value).unwrap_or_else(|error| panic!("{error}")).0
}

const NOTHING: [&str; 0] = [];

#[test]
fn the_value_counts_for_a_column_that_is_also_in_the_key_even_if_it_is_null() {
    let source = source("id INT, color STRING", "'format' = 'json', 'key.format' = 'csv', 'key.fields' = 'id'");
    assert_eq!(rows(&source, Some("7"), Some(r#"{"id":8,"color":"red"}"#)), ["+I 8 red"]);
    assert_eq!(rows(&source, Some("7"), Some(r#"{"color":"red"}"#)), ["+I NULL red"]);
    assert_eq!(rows(&source, Some("7"), Some(r#"{"id":null}"#)), ["+I NULL NULL"]);
}

#[test]
fn except_key_takes_the_keys_columns_from_the_key_alone() {
    let source = source(
        "color STRING, id INT, number BIGINT, feature STRING",
        "'format' = 'csv', 'key.format' = 'csv', 'key.csv.field-delimiter' = '|', 'key.fields' = 'number;id',
         'value.fields-include' = 'EXCEPT_KEY'",
    );
    assert_eq!(rows(&source, Some("9|7"), Some(r#"red,"[1,2]""#)), ["+I red 7 9 [1,2]"]);
    let error = decode(&source, Some("9|7"), Some("red,7,9,[1]")).unwrap_err();
    assert!(error.contains("more than the 2 fields"), "{error}");
}

#[test]
fn the_prefix_is_stripped_from_the_names_in_the_key() {
    let source = source(
        "k_id INT, id INT",
        "'value.format' = 'json', 'key.format' = 'json', 'key.fields' = 'k_id', 'key.fields-prefix' = 'k_',
         'value.fields-include' = 'EXCEPT_KEY'",
    );
    assert_eq!(rows(&source, Some(r#"{"id":1,"k_id":3}"#), Some(r#"{"id":2}"#)), ["+I 1 2"]);
}

#[test]
fn a_message_whose_key_makes_no_row_makes_no_row() {
    for format in ["csv", "json"] {
        let options = format!("'format' = 'json', 'key.format' = '{format}', 'key.fields' = 'id'");
        let strict = source("id INT, color STRING", &options);
        assert_eq!(rows(&strict, None, Some(r#"{"id":8}"#)), NOTHING, "{format}");
        let error = decode(&strict, Some("{x"), Some(r#"{"id":8}"#)).unwrap_err();
        assert!(error.contains("in the message key: "), "{error}");
    }
    let lax = "'format' = 'json', 'key.format' = 'json', 'key.fields' = 'id', 'key.json.ignore-parse-errors' = 'true'";
    let lax = source("id INT, color STRING", lax);
    assert_eq!(decode(&lax, Some("{x"), Some(r#"{"id":8}"#)), Ok((vec![], 1)));
}

#[test]
fn a_null_key_in_raw_is_one_row_with_null() {
    let source = source(
        "id STRING, color STRING",
        "'format' = 'csv', 'key.format' = 'raw', 'key.fields' = 'id', 'value.fields-include' = 'EXCEPT_KEY'",
    );
    assert_eq!(rows(&source, None, Some("red")), ["+I NULL red"]);
    assert_eq!(rows(&source, Some("k"), Some("red")), ["+I k red"]);
    assert_eq!(rows(&source, Some("k"), None), NOTHING, "a tombstone is no row outside of upsert-kafka");
}

#[test]
fn a_raw_value_may_have_a_key_of_several_columns() {
    let source = source(
        "id INT, part INT, feature STRING",
        "'format' = 'raw', 'key.format' = 'json', 'key.fields' = 'part;id', 'value.fields-include' = 'EXCEPT_KEY'",
    );
    assert_eq!(rows(&source, Some(r#"{"id":1,"part":2}"#), Some("[0.5]")), ["+I 1 2 [0.5]"]);
    assert_eq!(rows(&source, Some(r#"{"id":1,"part":2}"#), None), ["+I 1 2 NULL"]);
}

#[test]
fn each_row_of_a_value_is_combined_with_the_key() {
    let source = source(
        "id INT, tenant STRING, color STRING, kind STRING METADATA FROM 'value.table'",
        "'format' = 'canal-json', 'key.format' = 'raw', 'key.fields' = 'tenant', 'value.fields-include' = 'EXCEPT_KEY'",
    );
    let insert = r#"{"data":[{"id":1,"color":"red"},{"id":2,"color":"blue"}],"type":"INSERT","table":"cars"}"#;
    assert_eq!(rows(&source, Some("t"), Some(insert)), ["+I 1 t red cars", "+I 2 t blue cars"]);
    let update = r#"{"data":[{"id":1}],"old":[{"id":3}],"type":"UPDATE","table":"cars"}"#;
    assert_eq!(rows(&source, Some("t"), Some(update)), ["-U 3 t NULL cars +U 1 t - cars"]);
    let delete = r#"{"data":[{"id":1,"color":"red"}],"type":"DELETE","table":"cars"}"#;
    assert_eq!(rows(&source, Some("t"), Some(delete)), ["-D 1 t red cars"]);
}

#[test]
fn the_key_gives_a_column_that_an_update_leaves_out() {
    let options = "'format' = 'maxwell-json', 'key.format' = 'csv', 'key.fields' = 'id'";
    let source = source("id INT, color STRING, price INT", options);
    let update = r#"{"type":"update","data":{"color":"blue"},"old":{"color":"red"}}"#;
    let [row] = &rows(&source, Some("7"), Some(update))[..] else { panic!() };
    assert!(row.ends_with("+U 7 blue -"), "{row}");
}

const UPSERT: &str = "'connector' = 'upsert-kafka', 'key.format' = 'csv', 'value.format' = 'json'";

#[test]
fn upsert_kafka_replaces_a_row_by_a_value_and_deletes_it_by_a_tombstone() {
    let source = source("color STRING, id INT, PRIMARY KEY (id) NOT ENFORCED", UPSERT);
    assert!(source.is_changing());
    assert_eq!(rows(&source, Some("7"), Some(r#"{"id":7,"color":"red"}"#)), ["+U red 7"]);
    assert_eq!(rows(&source, Some("7"), None), ["-D - 7"]);
}

#[test]
fn upsert_kafka_reads_the_key_in_primary_key_order() {
    let source = source(
        "a INT, id INT, b STRING, PRIMARY KEY (b, a) NOT ENFORCED",
        &format!("{UPSERT}, 'value.fields-include' = 'EXCEPT_KEY'"),
    );
    assert_eq!(rows(&source, Some("x,1"), Some(r#"{"id":7,"a":9}"#)), ["+U 1 7 x"]);
    assert_eq!(rows(&source, Some("x,1"), None), ["-D 1 - x"]);
}

#[test]
fn a_value_that_decodes_to_no_row_deletes_nothing() {
    let columns = "id INT, color STRING, PRIMARY KEY (id) NOT ENFORCED";
    let options = format!("{UPSERT}, 'value.json.ignore-parse-errors' = 'true'");
    let source = source(columns, &options);
    assert_eq!(rows(&source, Some("7"), Some("")), NOTHING);
    assert_eq!(decode(&source, Some("7"), Some("{x")), Ok((vec![], 1)));
    assert_eq!(rows(&source, None, None), NOTHING, "a tombstone whose key is no row");
}

#[test]
fn an_upsert_value_in_raw_may_be_empty_and_a_tombstone_is_still_a_delete() {
    let options = "'connector' = 'upsert-kafka', 'key.format' = 'raw', 'value.format' = 'raw',
         'value.fields-include' = 'EXCEPT_KEY'";
    let source = source("id STRING, v STRING, PRIMARY KEY (id) NOT ENFORCED", options);
    assert_eq!(rows(&source, Some("k"), Some("")), ["+U k "]);
    assert_eq!(rows(&source, Some("k"), None), ["-D k -"]);
}
