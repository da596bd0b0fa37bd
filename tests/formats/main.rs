//! The examples of docs/formats.md: each job is read, each message decoded, and the rows are those on the page.

mod absent;
mod drift;
mod keys;
mod page;

use std::sync::Arc;

use bumpalo::Bump;
use vecsink::internals::change::Change;
use vecsink::internals::formats::format::FORMATS;
use vecsink::internals::formats::metadata::RecordMetadata;
use vecsink::internals::job::decoder::of_source;
use vecsink::internals::job::selection::{Selected, Selection};
use vecsink::internals::job::settings::job::Job;
use vecsink::internals::job::{JobInput, parse_job};
use vecsink::internals::record::Record;
use vecsink::internals::schema_registry::schemas::Schemas;
use vecsink::internals::sql::expression::Expression;
use vecsink::internals::types::data_type::DataType;
use vecsink::internals::types::value::Value;

use self::page::{PageRegistry, section_of, sections};

fn job(text: &str) -> Job {
    let input = JobInput { text, file_stem: None, overrides: &[], environment: &|_| None, properties: &|_| Vec::new() };
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

fn rows(job: &Job, messages: &[Vec<u8>]) -> Vec<String> {
    let source = &job.sources[0];
    let mut mapping = job.mappings[0].clone();
    for feed in mapping.expressions.iter_mut().filter(|feed| feed.data_type() != DataType::STRING) {
        *feed = Expression::Cast(Box::new(feed.clone()), DataType::STRING);
    }
    mapping.sink.columns.iter_mut().for_each(|column| column.not_null = false);
    let selection = Selection::new(&mapping);
    let of_record = RecordMetadata::new(&source.record_metadata).expect("known keys");
    let schemas = Arc::new(PageRegistry) as Arc<dyn Schemas>;
    let mut decoder = of_source(source, &|_| Ok(Some(Arc::clone(&schemas)))).expect("a decoder");
    let (arena, topic) = (Bump::new(), Arc::from("cars"));
    let mut rows = Vec::new();
    for (offset, message) in messages.iter().enumerate() {
        // With keys a message is written as `key => value`, one without a value as `key =>`.
        let end = message.windows(3).position(|sign| sign == b" =>").filter(|_| source.key.is_some());
        let (key, value) = match end {
            Some(end) => (Some(&message[..end]), message[end + 3..].trim_ascii_start()),
            None => (None, message.as_slice()),
        };
        let record = Record {
            offset: offset as i64,
            key,
            ..Record::of_value(&topic, (key.is_none() || !value.is_empty()).then_some(value))
        };
        assert_eq!(decoder.is_ready(&record), Ok(true));
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
    for section in sections() {
        let rows = rows(&job(&section.job), &section.messages);
        assert_eq!(rows, section.rows, "{}", section.name);
    }
}

#[test]
fn the_page_has_a_section_for_each_format_in_the_order_of_the_list() {
    let names: Vec<&str> = sections().iter().map(|section| section.name).collect();
    let mut expected: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    expected.extend(["Message keys", "upsert-kafka"]);
    assert_eq!(names, expected);
}

#[test]
fn a_format_s_section_names_its_metadata() {
    for format in FORMATS {
        let section = section_of(format.name);
        for column in job(&section.job).sources[0].format.metadata() {
            let key = format!("`value.{}`", column.key);
            assert!(section.text.contains(&key), "docs/formats.md, {}: {key} is missing", format.name);
        }
    }
}
