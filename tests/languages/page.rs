//! The tables of docs/languages.md.

use std::fs;
use std::path::PathBuf;

pub const LANGUAGES: [&str; 4] = ["Rust", "C", "C++", "Python"];

/// One table whose columns are languages.
pub struct Table {
    /// The heading of its first column: "function", "option", "error" or "figure".
    pub of: String,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub what: String,
    /// One cell for each of [`LANGUAGES`].
    pub cells: [String; 4],
}

pub fn read(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn tables(page: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        let Some(cells) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
            inside = false;
            continue;
        };
        let cells: Vec<String> = cells.split('|').map(|cell| cell.trim().to_owned()).collect();
        if !inside && cells.get(1..5).is_some_and(|names| names == LANGUAGES) {
            tables.push(Table { of: cells[0].clone(), rows: Vec::new() });
            inside = true;
        } else if inside && !cells[0].starts_with("---") {
            let [what, rust, c, cpp, python, ..] = &cells[..] else { panic!("too few cells: {line}") };
            let cells = [rust, c, cpp, python].map(String::clone);
            tables.last_mut().unwrap().rows.push(Row { what: what.clone(), cells });
        }
    }
    tables
}

/// The parts of a cell between backticks.
pub fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}
