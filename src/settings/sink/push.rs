//! The sink of a host program that pushes its rows: the options of a sink table without a job file around them.

use super::read as sink;
use super::read::DeclaredSink;
use crate::error::{Diagnostic, Error, Location};
use crate::options::report::Report;
use crate::options::{OptionEntry, TableOptions};
use crate::settings::{RowOrigin, Sink, SinkColumn};
use crate::types::data_type::DataType;

/// A program's options have no place in a file.
const NOWHERE: Location = Location { line: 0, column: 0 };

/// The checked settings of a sink and what the user should be told, or [`Error::Config`] with everything wrong with the
/// options. Names are taken as the database has them; without columns all of the table are written.
pub fn push_sink(
    table: (&str, &str),
    columns: &[String],
    options: &[(String, String)],
) -> Result<(Sink, Vec<String>), Error> {
    let named = [("targetschema", table.0), ("tablename", table.1), ("casesensitive", "1")];
    let named = named.map(|(name, value)| (name.to_string(), value.to_string()));
    let entries: Vec<OptionEntry> = options.iter().chain(&named).map(entry).collect();
    let mut report = Report::default();
    let mut options = TableOptions::new(table.1, NOWHERE, &entries, true, &|_| None, &mut report);
    let column = |name: &String| SinkColumn { name: name.clone(), data_type: DataType::STRING, not_null: false };
    let columns = columns.iter().map(column).collect();
    let sink = sink::read(
        &mut options,
        "adbpg",
        DeclaredSink { columns, origin: RowOrigin::Program, ..DeclaredSink::default() },
    );
    if report.diagnostics.is_empty() {
        return Ok((sink, report.notices));
    }
    let errors = report.into_errors();
    Err(Error::Config(errors.into_iter().map(|error| Diagnostic { location: None, ..error }).collect()))
}

/// Nothing in a program's values stands for something else: `${` is itself.
fn entry((name, value): &(String, String)) -> OptionEntry {
    let value = value.replace("${", "$${");
    OptionEntry { key: name.clone(), key_at: Some(NOWHERE), value, value_at: Some(NOWHERE) }
}
