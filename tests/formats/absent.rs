//! What each format makes of a message without a value and of an empty value, as observed of Flink 1.20.

use std::sync::Arc;

use bumpalo::Bump;
use vecsink::internals::change::Change;
use vecsink::internals::job::decoder::of_source;
use vecsink::internals::job::settings::source::Source;
use vecsink::internals::job::{JobInput, parse_job};
use vecsink::internals::record::Record;

fn source(options: &str) -> Source {
    let text = format!(
        "CREATE TABLE m (v STRING) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'b:9092', 'topic' = 't',
           'scan.startup.mode' = 'earliest-offset', {options});
         CREATE TABLE s (v STRING, PRIMARY KEY (v) NOT ENFORCED) WITH ('connector' = 'adbpg', 'url' = 'jdbc:postgresql://h/d',
           'tablename' = 's', 'username' = 'u', 'password' = 'p', 'conflictmode' = 'upsert');
         INSERT INTO s SELECT * FROM m;"
    );
    let input =
        JobInput { text: &text, file_stem: None, overrides: &[], environment: &|_| None, properties: &|_| Vec::new() };
    parse_job(&input).unwrap_or_else(|error| panic!("{error}")).sources.remove(0)
}

/// `nothing`, the one row, or `refused`.
fn decode(options: &str, value: Option<&[u8]>) -> String {
    let (arena, topic) = (Bump::new(), Arc::from("t"));
    let record = Record::of_value(&topic, value);
    let mut decoder = of_source(&source(options), &|_| Ok(None)).unwrap();
    match decoder.decode(&record, &arena).map(|decoded| decoded.changes) {
        Ok([]) => "nothing".into(),
        Ok([Change::Insert([value])]) => format!("{value:?}"),
        Ok(other) => panic!("{other:?}"),
        Err(_) => "refused".into(),
    }
}

#[test]
fn missing_and_empty_values_are_read_as_in_flink() {
    for (options, null, empty) in [
        ("'format' = 'csv'", "nothing", "refused"),
        ("'format' = 'csv', 'csv.ignore-parse-errors' = 'true'", "nothing", "nothing"),
        ("'format' = 'json'", "nothing", "nothing"),
        ("'format' = 'avro'", "nothing", "refused"),
        ("'format' = 'debezium-json'", "nothing", "nothing"),
        ("'format' = 'canal-json'", "nothing", "nothing"),
        ("'format' = 'canal-json', 'canal-json.table.include' = 'x'", "nothing", "nothing"),
        ("'format' = 'maxwell-json'", "nothing", "nothing"),
        ("'format' = 'ogg-json'", "nothing", "nothing"),
        ("'format' = 'raw'", "Null", "Text(\"\")"),
    ] {
        assert_eq!(decode(options, None), null, "{options}, null");
        assert_eq!(decode(options, Some(b"")), empty, "{options}, empty");
    }
}
