//! Which columns and options each message format takes.

use super::*;
use crate::formats::format::FORMATS;
use crate::formats::format::Format;
use crate::formats::json::options::TimestampStandard;
use crate::formats::raw::options::Charset;

/// A job that reads a source with these columns and this format.
fn of(columns: &str, format: &str) -> String {
    job_of(columns, "id INT", "INSERT INTO s SELECT 1 FROM k").replace("'format' = 'csv'", format)
}

fn format(options: &str) -> Format {
    job(&of("id INT", options)).sources.remove(0).format
}

#[test]
fn csv_holds_arrays_and_rows_of_simple_values_only() {
    job(&of("id INT, a ARRAY<DOUBLE>, b ROW<x INT, y STRING>", "'format' = 'csv'"));
    for refused in
        ["MAP<STRING, INT>", "ARRAY<ARRAY<INT>>", "ARRAY<ROW<`x` INT>>", "ROW<`x` ROW<`y` INT>>", "ROW<`x` ARRAY<INT>>"]
    {
        let error = only_error(&of(&format!("id INT, a {refused}"), "'format' = 'csv'"));
        assert!(error.contains(&format!("format 'csv' can't hold {refused}")), "{error}");
    }
}

#[test]
fn raw_holds_texts_bytes_and_numbers_of_fixed_width_only() {
    for taken in ["STRING", "CHAR(3)", "BYTES", "BINARY(3)", "BOOLEAN", "TINYINT", "BIGINT", "FLOAT", "DOUBLE"] {
        job(&of(&format!("a {taken}"), "'format' = 'raw'"));
    }
    for refused in ["DATE", "TIME(0)", "TIMESTAMP(6)", "DECIMAL(10, 0)", "ARRAY<FLOAT>", "MAP<STRING, INT>"] {
        let error = only_error(&of(&format!("a {refused}"), "'format' = 'raw'"));
        assert!(error.contains(&format!("format 'raw' can't hold {refused}")), "{error}");
    }
    let two = only_error(&of("a INT, b INT", "'format' = 'raw'"));
    assert!(two.contains("format 'raw' makes exactly one column of a message value, but the table has 2"), "{two}");
}

#[test]
fn a_map_in_json_has_text_for_keys() {
    for format in ["json", "debezium-json", "canal-json", "maxwell-json", "ogg-json"] {
        let with = |columns: &str| {
            of(columns, &format!("'format' = '{format}'"))
                .replace("'ignore'", "'upsert'")
                .replace("(id INT) ", "(id INT, PRIMARY KEY (id) NOT ENFORCED) ")
        };
        job(&with("a MAP<STRING, ARRAY<INT>>"));
        let error = only_error(&with("a ROW<b MAP<INT, INT>>"));
        assert!(error.contains("a MAP in JSON has STRING keys, not INT"), "{error}");
    }
}

#[test]
fn every_format_can_be_that_of_keys_unless_its_messages_update_and_delete_rows() {
    for format in FORMATS {
        let keys = format!("'key.format' = '{}', 'key.fields' = 'id'", format.name);
        let said = match parse(&with_source_options(&keys)) {
            Err(Error::Config(said)) => said,
            _ => Vec::new(),
        };
        let refused = said
            .iter()
            .any(|error| error.message.contains("must be a format whose messages only insert rows: csv, json,"));
        assert_eq!(refused, format.is_changing, "{}: {said:?}", format.name);
        assert!(!said.iter().any(|error| error.message.contains("is unknown")), "{said:?}");
    }
}

#[test]
fn fail_on_missing_field_and_ignore_parse_errors_exclude_each_other() {
    let both = "'format' = 'json', 'json.fail-on-missing-field' = 'true', 'json.ignore-parse-errors' = 'true'";
    assert!(only_error(&of("id INT", both)).contains("exclude each other"));
    let Format::Json(json) =
        format(&both.replace("'json.ignore-parse-errors' = 'true'", "'json.ignore-parse-errors' = 'false'"))
    else {
        panic!("not json")
    };
    assert!(json.fail_on_missing_field);
}

#[test]
fn the_timestamp_standard_must_be_written_in_capital_letters() {
    let standard = |word: &str| format!("'format' = 'json', 'json.timestamp-format.standard' = '{word}'");
    for (word, expected) in [("SQL", TimestampStandard::Sql), ("ISO-8601", TimestampStandard::Iso8601)] {
        let Format::Json(json) = format(&standard(word)) else { panic!("not json") };
        assert_eq!(json.timestamps, expected);
    }
    for word in ["iso-8601", "sql", "ISO"] {
        assert!(
            only_error(&of("id INT", &standard(word))).contains("must be SQL or ISO-8601, in capital letters"),
            "{word}"
        );
    }
}

#[test]
fn options_for_writing_have_no_effect() {
    job(&of("id INT", "'format' = 'csv', 'csv.write-bigdecimal-in-scientific-notation' = 'false'"));
    for prefix in ["json", "debezium-json", "canal-json", "maxwell-json", "ogg-json"] {
        let options = format!(
            "'format' = '{prefix}', '{prefix}.map-null-key.mode' = 'LITERAL', '{prefix}.map-null-key.literal' = 'x',
             '{prefix}.encode.decimal-as-plain-number' = 'true', '{prefix}.encode.ignore-null-fields' = 'true'"
        );
        assert_eq!(format(&options), format(&format!("'format' = '{prefix}'")), "{prefix}");
    }
    let streaming = format("'format' = 'json', 'json.decode.json-parser.enabled' = 'false'");
    assert_eq!(streaming, format("'format' = 'json'"));
}

#[test]
fn only_the_field_delimiter_of_csv_may_be_a_java_escape() {
    let csv = |options: &str| of("id INT", &format!("'format' = 'csv', {options}"));
    job(&csv("'csv.field-delimiter' = '\\u007c'"));
    for option in ["quote-character", "array-element-delimiter", "escape-character"] {
        let error = only_error(&csv(&format!("'csv.{option}' = '\\t'")));
        assert!(error.contains("must be exactly one character"), "{error}");
    }
    let Format::Csv(read) = job(&csv("'csv.null-literal' = '\\t'")).sources.remove(0).format else { panic!("not csv") };
    assert_eq!(read.null_literal.as_deref(), Some("\\t"));
}

#[test]
fn the_options_of_raw_take_javas_names_in_any_case() {
    let raw = |options: &str| match format(&format!("'format' = 'raw', {options}")) {
        Format::Raw(raw) => (raw.charset, raw.little_endian),
        other => panic!("{other:?}"),
    };
    assert_eq!(raw("'raw.endianness' = 'LITTLE-endian', 'raw.charset' = 'iso8859_1'"), (Charset::Latin1, true));
    assert_eq!(raw("'raw.endianness' = 'big-endian', 'raw.charset' = 'utf8'"), (Charset::Utf8, false));
    for (options, expected) in [
        ("'raw.endianness' = 'middle'", "must be one of big-endian, little-endian"),
        ("'raw.charset' = 'klingon'", "is not a known charset"),
        ("'raw.ignore-parse-errors' = 'true'", "unknown option 'raw.ignore-parse-errors'"),
    ] {
        let error = only_error(&of("id INT", &format!("'format' = 'raw', {options}")));
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn canals_filters_are_regular_expressions() {
    let error = only_error(&of("id INT", "'format' = 'canal-json', 'canal-json.table.include' = '('"));
    assert!(error.contains("is not a supported regular expression"), "{error}");
}
