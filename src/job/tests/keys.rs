//! `key.format` and the options about keys, and `upsert-kafka`.

use super::*;
use crate::formats::format::Format;
use crate::job::settings::source::{KeyField, Source};
use crate::settings::kafka::Startup;

/// A job that reads `k (id INT, k_part STRING, v STRING)` with these options.
fn text(connector: &str, key: &str, options: &str) -> String {
    format!(
        "CREATE TABLE k (id INT, k_part STRING, v STRING{key}) WITH ('connector' = '{connector}', \
         'properties.bootstrap.servers' = 'b:9092', 'topic' = 't', {options});\n\
         CREATE TABLE s (id INT, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ({});\n\
         INSERT INTO s SELECT id, v FROM k;",
        SINK_OPTIONS.replace("'ignore'", "'upsert'")
    )
}

fn kafka(options: &str) -> String {
    text("kafka", "", &format!("'scan.startup.mode' = 'earliest-offset', {options}"))
}

fn upsert(options: &str) -> String {
    text("upsert-kafka", ", PRIMARY KEY (id) NOT ENFORCED", options)
}

#[track_caller]
fn source(text: &str) -> Source {
    job(text).sources.remove(0)
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let found = only_error(text);
    assert!(found.contains(expected), "{found}");
}

#[test]
fn key_and_value_formats_have_options_of_their_own() {
    let source = source(&kafka(
        "'value.format' = 'csv', 'value.csv.field-delimiter' = '|', 'key.format' = 'csv', \
         'key.csv.field-delimiter' = ';', 'key.fields' = 'k_part;id'",
    ));
    let key = source.key.expect("a key");
    let (Format::Csv(value), Format::Csv(of_key)) = (&source.format, &key.format) else { panic!("not csv") };
    assert_eq!((value.field_delimiter, of_key.field_delimiter, key.also_in_value), ('|', ';', true));
    let fields = [KeyField { column: 1, name: "k_part".into() }, KeyField { column: 0, name: "id".into() }];
    assert_eq!(key.fields, fields);
}

#[test]
fn with_format_the_options_of_the_value_have_no_prefix_value() {
    let source =
        source(&kafka("'format' = 'csv', 'csv.field-delimiter' = '|', 'key.format' = 'raw', 'key.fields' = 'v'"));
    let Format::Csv(csv) = &source.format else { panic!("not csv") };
    assert_eq!(csv.field_delimiter, '|');
    let mixed = kafka("'format' = 'csv', 'value.csv.field-delimiter' = '|'");
    refused(&mixed, "unknown option 'value.csv.field-delimiter'");
}

#[test]
fn key_options_that_cannot_work_are_refused() {
    for (options, expected) in [
        ("'key.format' = 'csv'", "option 'key.format' needs 'key.fields'"),
        ("'key.format' = 'csv', 'key.fields' = ''", "option 'key.fields' = '' must name a column"),
        ("'key.fields' = 'id'", "option 'key.fields' needs 'key.format'"),
        ("'key.format' = 'csv', 'key.fields' = 'id;x'", "names 'x', which is not a column that a message contains"),
        ("'key.format' = 'debezium-json', 'key.fields' = 'id'", "must be a format whose messages only insert rows"),
        ("'key.format' = 'cvs', 'key.fields' = 'id'", "option 'key.format' = 'cvs' is unknown"),
        (
            "'key.format' = 'csv', 'key.fields' = 'k_part', 'key.fields-prefix' = 'k_'",
            "needs 'value.fields-include' = 'EXCEPT_KEY'",
        ),
        (
            "'key.format' = 'csv', 'key.fields' = 'id', 'key.fields-prefix' = 'k_', \
             'value.fields-include' = 'EXCEPT_KEY'",
            "'id' begins otherwise",
        ),
        ("'key.format' = 'csv', 'key.fields' = 'id', 'key.json.x' = '1'", "unknown option 'key.json.x'"),
        ("'key.csv.field-delimiter' = ';'", "unknown option 'key.csv.field-delimiter'"),
        (
            "'key.format' = 'raw', 'key.fields' = 'id;v'",
            "format 'raw' makes exactly one column of a message key, but the table has 2",
        ),
        ("'value.fields-include' = 'SOME'", "must be one of ALL, EXCEPT_KEY"),
    ] {
        refused(&kafka(&format!("'format' = 'json', {options}")), expected);
    }
    let raw = "'format' = 'raw', 'key.format' = 'csv', 'key.fields' = 'id'";
    refused(&kafka(raw), "format 'raw' makes exactly one column of a message value, but the table has 3");
}

#[test]
fn except_key_may_be_written_in_any_case() {
    let source = source(&kafka(
        "'format' = 'csv', 'key.format' = 'csv', 'key.fields' = 'k_part', 'key.fields-prefix' = 'k_', \
         'value.fields-include' = 'except_key'",
    ));
    assert_eq!(source.columns_in_value(), [0, 2]);
    assert_eq!(source.key_columns()[0].name, "part");
}

#[test]
fn upsert_kafka_is_read_from_its_beginning_with_the_primary_key_from_the_key() {
    let source = source(&upsert("'key.format' = 'csv', 'value.format' = 'json', 'sink.parallelism' = '2'"));
    assert!(source.upsert && source.is_changing());
    assert_eq!(source.kafka.startup, Startup::Earliest);
    assert_eq!(source.key.expect("a key").fields, [KeyField { column: 0, name: "id".into() }]);
}

#[test]
fn upsert_kafka_refuses_what_flink_refuses() {
    let formats = "'key.format' = 'csv', 'value.format' = 'json'";
    for (options, expected) in [
        ("'value.format' = 'json'".to_owned(), "option 'key.format' is required"),
        ("'key.format' = 'csv'".to_owned(), "option 'value.format' is required"),
        (format!("{formats}, 'format' = 'json'"), "option 'format' is not allowed with 'upsert-kafka'"),
        (format!("{formats}, 'key.fields' = 'id'"), "option 'key.fields' is not allowed with 'upsert-kafka'"),
        (
            format!("{formats}, 'scan.startup.mode' = 'earliest-offset'"),
            "option 'scan.startup.mode' is not allowed with 'upsert-kafka'",
        ),
        (
            "'key.format' = 'canal-json', 'value.format' = 'json'".to_owned(),
            "'key.format' must be a format whose messages only insert rows",
        ),
        (
            "'key.format' = 'csv', 'value.format' = 'canal-json'".to_owned(),
            "'value.format' must be a format whose messages only insert rows",
        ),
        (format!("{formats}, 'json.ignore-parse-errors' = 'true'"), "did you mean 'value.json.ignore-parse-errors'?"),
    ] {
        refused(&upsert(&options), expected);
    }
    refused(&text("upsert-kafka", "", formats), "table 'k' needs PRIMARY KEY (…) NOT ENFORCED");
}

#[test]
fn upsert_kafka_needs_a_conflict_mode_like_every_source_with_updates() {
    let text = upsert("'key.format' = 'csv', 'value.format' = 'json'");
    refused(&text.replace(", 'conflictmode' = 'upsert'", ""), "'conflictmode' is missing, but the source updates");
    let ignoring = job(&text.replace("'conflictmode' = 'upsert'", "'conflictmode' = 'ignore'"));
    assert!(ignoring.notices.iter().any(|notice| notice.contains("drops the updates")), "{:?}", ignoring.notices);
}

#[test]
fn a_sinks_key_must_come_from_the_primary_key_because_a_delete_carries_nothing_else() {
    let formats = "'key.format' = 'csv', 'value.format' = 'json'";
    let text = upsert(formats).replace("INSERT INTO s SELECT id, v", "INSERT INTO s SELECT CAST(v AS INT), v");
    refused(&text, "column 'id' of its key needs 'v'");
}
