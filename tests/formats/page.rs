//! docs/formats.md as data. Each section is a job, messages, and the rows that they give. The tests of decoding, the fuzz target
//! `formats` and the test of all formats from end to end use it, so the section of a new format is enough for all three.

use std::sync::Arc;

use vecsink::internals::schema_registry::schemas::{RegisteredSchema, SchemaLookup, Schemas};

pub const PAGE: &str = include_str!("../../docs/formats.md");

/// The schemas in the registry of the page, by their ids.
pub const SCHEMAS: [(u32, &str); 2] = [
    (
        42,
        r#"{"type": "record", "name": "Car", "fields": [{"name": "color", "type": "string"},
            {"name": "maker", "type": "string"}, {"name": "id", "type": "long"}]}"#,
    ),
    (
        43,
        r#"{"type": "record", "name": "Envelope", "fields": [{"name": "before", "type": ["null", {"type": "record",
            "name": "Value", "fields": [{"name": "id", "type": "int"}, {"name": "color", "type": ["null", "string"]}]}]},
            {"name": "after", "type": ["null", "Value"]}, {"name": "op", "type": "string"}]}"#,
    ),
];

/// The registry of the page, without a server.
#[allow(dead_code)] // the end-to-end test has a real one
pub struct PageRegistry;

impl Schemas for PageRegistry {
    fn find(&self, id: u32) -> SchemaLookup {
        match SCHEMAS.iter().find(|(known, _)| *known == id) {
            Some((_, text)) => {
                SchemaLookup::Schema(Arc::new(RegisteredSchema { text: (*text).into(), references: Vec::new() }))
            }
            None => SchemaLookup::Nothing(format!("no schema {id}")),
        }
    }
}

#[allow(dead_code)] // each test reads some of it
pub struct Section {
    /// The format's name, or the section's title if it isn't about a format.
    pub name: &'static str,
    pub text: &'static str,
    /// The whole job file.
    pub job: String,
    pub messages: Vec<Vec<u8>>,
    /// As Flink prints them: `+I 7, NULL, red, NULL, NULL`.
    pub rows: Vec<&'static str>,
}

pub fn sections() -> Vec<Section> {
    let mut parts = PAGE.split("\n## ");
    let target = blocks(parts.next().expect("an introduction"))[0];
    let section = |text: &'static str| {
        let name = text.lines().next().unwrap_or_default();
        let [source, sent, expected] = blocks(text)[..] else { panic!("{name}: a job, messages and rows") };
        Section {
            name,
            text,
            job: format!("{target}{source}"),
            messages: messages(sent, text.contains("```hex\n")),
            rows: expected.lines().collect(),
        }
    };
    parts.map(section).collect()
}

/// The section of a format.
pub fn section_of(format: &str) -> Section {
    let found = sections().into_iter().find(|section| section.name == format);
    found.unwrap_or_else(|| panic!("docs/formats.md has no section '{format}', with a job, messages and rows"))
}

/// The messages of a block, one in each line. `is_hex`: they are written in hexadecimal.
fn messages(block: &str, is_hex: bool) -> Vec<Vec<u8>> {
    let byte = |hex: &str| u8::from_str_radix(hex, 16).expect("two digits");
    block.lines().map(|line| if is_hex { line.split(' ').map(byte).collect() } else { line.into() }).collect()
}

/// The fenced blocks of a text, without the fences.
fn blocks(text: &str) -> Vec<&str> {
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').map_or("", |(_, inside)| inside)).collect()
}
