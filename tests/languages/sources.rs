//! The functions of each language, from its sources: their names, with the types that they belong to.

use std::collections::BTreeSet;

use crate::page::read;

/// `Sink::push` in Rust, `vecsink_sink_push` in C, `sink::push` in C++, `Sink.push` in Python.
pub type Names = BTreeSet<String>;

/// The record of Rust's public API, which tests/api keeps true.
const RUST: &str = "tests/api/snapshots/api__the_public_interface_is_the_one_on_record.snap";
/// The types of Rust that all languages have. Rust's other types are values.
const RUST_TYPES: [&str; 6] = ["Sink", "SinkBuilder", "FilledRow", "Attach", "Pipeline", "PipelineBuilder"];
const CPP: [&str; 4] = ["sink.hpp", "sink_builder.hpp", "row.hpp", "pipeline.hpp"];
const PYTHON: [&str; 2] = ["_sink.py", "_pipeline.py"];

pub fn rust() -> Names {
    let mut names = Names::new();
    let mut of = "";
    let record = read(RUST);
    for line in record.lines() {
        if let Some(name) = line.strip_prefix("impl ").and_then(|rest| rest.strip_suffix(" {")) {
            of = name;
        } else if line == "}" {
            of = "";
        } else if let Some(rest) = line.strip_prefix("    pub fn ").filter(|_| RUST_TYPES.contains(&of)) {
            names.insert(format!("{of}::{}", word(rest)));
        }
    }
    names
}

pub fn c() -> Names {
    let header = read("include/vecsink.h");
    let mut names = Names::new();
    for (at, _) in header.match_indices("vecsink_") {
        let name = word(&header[at..]);
        let declared = header[at + name.len()..].starts_with('(') && !header[..at].ends_with('_');
        let line = header[..at].rfind('\n').map_or(0, |end| end + 1);
        let is_comment = header[line..at].trim_start().starts_with(['/', '*']);
        let has_type = header[line..at].contains(' ') && !header[line..at].starts_with(' ');
        if declared && !is_comment && has_type {
            names.insert(name.to_owned());
        }
    }
    names
}

pub fn cpp() -> Names {
    let mut names = Names::new();
    for file in CPP {
        let mut of = String::new();
        for line in read(&format!("include/vecsink/{file}")).lines() {
            if let Some(rest) = line.strip_prefix("class ").filter(|rest| rest.ends_with('{')) {
                of = word(rest).to_owned();
                names.insert(of.clone());
            } else if line.starts_with("  private:") || line.starts_with('}') {
                of.clear();
            } else if let Some(rest) = line.strip_prefix("    ").filter(|_| !of.is_empty()) {
                let is_code = !rest.starts_with([' ', '/', '}', '~']) && !rest.starts_with("return");
                if let Some(open) = rest
                    .find(" noexcept")
                    .or(Some(rest.len()))
                    .and_then(|end| opening(&rest[..end]))
                    .filter(|_| is_code)
                {
                    let name = rest[..open].rsplit(|c: char| !is_part(c)).next().unwrap_or_default();
                    if !name.is_empty() && name != of && !rest.contains("operator") {
                        names.insert(format!("{of}::{name}"));
                    }
                }
            }
        }
    }
    names
}

/// Where a function's parameters begin.
fn opening(line: &str) -> Option<usize> {
    let skip = if line.starts_with("template") { line.find('>')? } else { 0 };
    line[skip..].find('(').map(|at| at + skip)
}

pub fn python() -> Names {
    let mut names = Names::new();
    for file in PYTHON {
        let (mut of, mut in_docstring) = (String::new(), false);
        for line in read(&format!("bindings/python/src/vecsink/{file}")).lines() {
            let was_in_docstring = in_docstring;
            in_docstring ^= line.matches("\"\"\"").count() % 2 == 1;
            if was_in_docstring {
                continue;
            }
            if let Some(rest) = line.strip_prefix("class ") {
                of = word(rest).to_owned();
                names.insert(of.clone());
            } else if !line.is_empty() && !line.starts_with([' ', '"', '@', '#', ')']) {
                of.clear();
            } else if let Some(rest) = line.strip_prefix("    def ").filter(|_| !of.is_empty()) {
                names.insert(format!("{of}.{}", word(rest)));
            } else if let Some(rest) = line.strip_prefix("    ").filter(|_| !of.is_empty()) {
                let name = word(rest);
                if !name.is_empty() && rest[name.len()..].starts_with(": ") {
                    names.insert(format!("{of}.{name}"));
                }
            }
        }
    }
    names.retain(|name| ["Sink", "Pipeline"].contains(&name.split('.').next().unwrap()) && !name.contains("._"));
    names
}

/// The keyword arguments of a Python function.
pub fn python_keywords(file: &str, function: &str) -> Names {
    let text = read(&format!("bindings/python/src/vecsink/{file}"));
    let head = format!("    def {function}(\n");
    let start = text.find(&head).unwrap_or_else(|| panic!("{file} has no {function}")) + head.len();
    let parameters = text[start..].split("    )").next().unwrap_or_default();
    parameters.lines().filter_map(|line| line.trim().split_once(": ").map(|(name, _)| name.to_owned())).collect()
}

fn word(text: &str) -> &str {
    &text[..text.find(|c: char| !is_part(c)).unwrap_or(text.len())]
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
