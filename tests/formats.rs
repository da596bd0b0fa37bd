//! The examples of docs/formats.md: each job is read, each message decoded, and the rows are those on the page.

use std::sync::Arc;

use bumpalo::Bump;
use vecsink::change::Change;
use vecsink::config::{Input, parse_job};
use vecsink::data_type::DataType;
use vecsink::decode::decoder;
use vecsink::decode::metadata::RecordMetadata;
use vecsink::decode::select::{Selected, Selection};
use vecsink::expression::Expression;
use vecsink::record::{Record, TimestampType};
use vecsink::settings::Job;
use vecsink::value::Value;

const PAGE: &str = include_str!("../docs/formats.md");

/// The fenced blocks of a text, without the fences.
fn blocks(text: &str) -> Vec<&str> {
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').map_or("", |(_, inside)| inside)).collect()
}

fn job(text: &str) -> Job {
    let input = Input { text, file_stem: None, overrides: &[], environment: &|_| None, properties: &|_| Vec::new() };
    parse_job(&input).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A row as its values print in Flink.
fn shown(selection: &Selection, row: &[Value<'_>], metadata: &[Value<'_>]) -> String {
    let arena = Bump::new();
    let carried: Vec<Value<'_>> =
        row.iter().map(|value| if *value == Value::Unchanged { Value::Text("(unchanged)") } else { *value }).collect();
    let Ok(Selected::Row(values)) = selection.apply(&carried, metadata, &arena) else { panic!("{row:?}") };
    let text = |value: &Value<'_>| match value {
        Value::Text(text) => text.to_string(),
        Value::Null => "NULL".to_string(),
        other => panic!("{other:?}"),
    };
    values.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn rows(job: &Job, messages: &str) -> Vec<String> {
    let source = &job.sources[0];
    let mut sink = job.sinks[0].clone();
    for column in &mut sink.columns {
        let value = column.expression.clone();
        if value.data_type() != DataType::STRING {
            column.expression = Expression::Cast(Box::new(value), DataType::STRING);
        }
        column.not_null = false;
    }
    let selection = Selection::new(&sink);
    let of_record = RecordMetadata::new(&source.record_metadata).expect("known keys");
    let mut decoder = decoder(&source.format, &source.columns, &source.format_metadata);
    let (arena, topic) = (Bump::new(), Arc::from("cars"));
    let mut rows = Vec::new();
    for (offset, message) in messages.lines().enumerate() {
        let record = Record {
            topic: &topic,
            partition: 0,
            offset: offset as i64,
            timestamp_ms: None,
            timestamp_type: TimestampType::Missing,
            leader_epoch: None,
            key: None,
            headers: &[],
            value: Some(message.as_bytes()),
        };
        let metadata = of_record.read(&record, &arena);
        let decoded = decoder.decode(&record, &arena).unwrap_or_else(|rejection| panic!("{rejection}"));
        for change in decoded.changes {
            match change {
                Change::Insert(row) => rows.push(format!("+I {}", shown(&selection, row, metadata))),
                Change::Delete(row) => rows.push(format!("-D {}", shown(&selection, row, metadata))),
                Change::Update { before, after } => {
                    rows.extend(before.map(|row| format!("-U {}", shown(&selection, row, metadata))));
                    rows.push(format!("+U {}", shown(&selection, after, metadata)));
                }
            }
        }
    }
    rows
}

#[test]
fn the_examples_of_the_page_give_the_rows_of_the_page() {
    let mut sections = PAGE.split("\n## ");
    let target = blocks(sections.next().expect("an introduction"))[0];
    let mut names = Vec::new();
    for section in sections {
        let name = section.lines().next().unwrap_or_default();
        let [source, messages, expected] = blocks(section)[..] else { panic!("{name}: a job, messages and rows") };
        let rows = rows(&job(&format!("{target}{source}")), messages);
        assert_eq!(rows, expected.lines().collect::<Vec<_>>(), "{name}");
        names.push(name);
    }
    assert_eq!(names, ["csv", "json", "raw", "debezium-json", "canal-json", "maxwell-json", "ogg-json"]);
}
