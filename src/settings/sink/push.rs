//! The sink of a program that pushes rows. It has the options of a sink table, but there is no job file.

use super::options::{OPTIONS, SinkOptions};
use super::read::{DeclaredSink, finish};
use crate::error::{Diagnostic, Error};
use crate::options::report::Report;
use crate::options::{Given, TableOptions, specs};
use crate::settings::{RowOrigin, Sink, SinkColumn};
use crate::types::data_type::DataType;

/// Options by their names, each at most once.
pub type GivenOptions = Vec<(String, Given<SinkOptions>)>;

/// Sets an option, in place of the value that it has.
pub fn give(options: &mut GivenOptions, name: impl Into<String>, value: Given<SinkOptions>) {
    let name = name.into();
    options.retain(|(earlier, _)| !earlier.eq_ignore_ascii_case(&name));
    options.push((name, value));
}

/// The checked settings of a sink and the notices for the user, or [`Error::Config`] with all errors: those of the options,
/// and those that the caller has found. Names are taken as the database has them. If no columns are named, all columns of
/// the table are written.
pub fn push_sink(
    (schema, table): (&str, &str),
    columns: &[String],
    mut given: GivenOptions,
    wrong: Vec<String>,
) -> Result<(Sink, Vec<String>), Error> {
    let (named_schema, named_table) = (schema.to_owned(), table.to_owned());
    give(&mut given, "targetschema", Given::typed(|options: &mut SinkOptions| options.sink.schema = named_schema));
    give(&mut given, "tablename", Given::typed(|options: &mut SinkOptions| options.sink.table = named_table));
    give(&mut given, "casesensitive", Given::typed(|options: &mut SinkOptions| options.case_sensitive = true));
    let mut report = Report::default();
    wrong.into_iter().for_each(|message| report.error(None, message));
    let mut options = TableOptions::of_program(table, given.iter().map(|(name, _)| name.as_str()), &mut report);
    options.refuse_unknown("adbpg", &[("", &specs(OPTIONS))], &[]);
    let mut settings = SinkOptions::new();
    options.take(OPTIONS, given, &mut settings);
    let column = |name: &String| SinkColumn { name: name.clone(), data_type: DataType::STRING, not_null: false };
    let columns = columns.iter().map(column).collect();
    let written = DeclaredSink { columns, origin: RowOrigin::Program, ..DeclaredSink::default() };
    let sink = finish(&mut options, settings, written);
    if report.diagnostics.is_empty() {
        return Ok((sink, report.notices));
    }
    let errors = report.into_errors();
    Err(Error::Config(errors.into_iter().map(|error| Diagnostic { location: None, ..error }).collect()))
}
