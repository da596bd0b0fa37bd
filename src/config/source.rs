//! A table that is read: its options, and what its columns stand for in terms of the rows that are decoded.

use super::Input;
use super::avro;
use super::flink_sql::{ColumnKind, Name, error};
use super::metadata::Metadata;
use super::options::{TableOptions, format, kafka};
use super::plan::{Named, Relation, Scope, can_cast, cast, check_size};
use super::report::Report;
use super::table::Table;
use crate::data_type::DataType;
use crate::expression::{Expression, Literal};
use crate::settings::{Format, Source};

/// A source as a query sees it. `number` is the table's in the catalog.
pub fn read(table: &Table, number: usize, input: &Input<'_>, report: &mut Report) -> (Source, Relation) {
    let definition = &table.definition;
    let mut options =
        TableOptions::new(table.name(), definition.name.at, &definition.options, false, input.environment, report);
    let (kafka, format) = kafka::read(&mut options);
    let vector_encoding = kafka::vector_encoding(&mut options);
    if options.can_read_all("properties.") {
        (input.properties)(&kafka).iter().for_each(|message| options.error_by_name(message));
    }
    if let Some(key) = &definition.primary_key
        && !format.is_changing()
    {
        let message = format!(
            "table '{}' can't have a PRIMARY KEY: its format only ever adds rows; declare it on the table written to",
            table.name()
        );
        report.error(Some(key.at), message);
    }
    check_types(table, &format, report);
    if let Some(message) = format::refuse_count(&format, table.columns().len()) {
        report.error(Some(definition.name.at), format!("table '{}': {message}", table.name()));
    }
    let format = avro::complete(format, table, &table.columns(), report);
    let metadata = Metadata::of(table, &format, report);
    let relation = Relation { table: number, columns: columns(table, &metadata, report), filter: None };
    let source = Source {
        table: table.name().to_string(),
        columns: table.columns(),
        format_metadata: metadata.format,
        record_metadata: metadata.record,
        kafka,
        format,
        vector_encoding,
    };
    (source, relation)
}

/// All columns in the order of the declaration. A computed one may use every column that is not, and those computed
/// before it.
fn columns(table: &Table, metadata: &Metadata, report: &mut Report) -> Vec<Named> {
    let mut physical = 0;
    let mut known: Vec<Named> = Vec::new();
    for column in &table.definition.columns {
        let expression = match &column.kind {
            ColumnKind::Physical { data_type, .. } => {
                physical += 1;
                Expression::Column(physical - 1, data_type.clone())
            }
            ColumnKind::Metadata { data_type, key, .. } => metadata_value(metadata, key, data_type, report),
            ColumnKind::Computed(_) => continue,
        };
        known.push(Named { name: column.name.text.clone(), expression });
    }
    for column in &table.definition.columns {
        if let ColumnKind::Computed(expression) = &column.kind {
            let scope = Scope { qualifier: table.name(), columns: &known, at: column.name.at };
            let planned = scope.expression(expression).and_then(|planned| check_size(planned, column.name.at));
            let expression = report.note(planned).unwrap_or_else(|| null(DataType::Null));
            known.push(Named { name: column.name.text.clone(), expression });
        }
    }
    let place = |named: &Named| table.definition.columns.iter().position(|column| column.name.text == named.name);
    known.sort_by_cached_key(place);
    known
}

/// The key's value, as the type that the column is declared with.
fn metadata_value(metadata: &Metadata, key: &Name, declared: &DataType, report: &mut Report) -> Expression {
    let Some((index, data_type)) = metadata.find(&key.text) else { return null(declared.clone()) };
    if can_cast(data_type, declared) {
        return cast(Expression::Column(index, data_type.clone()), declared);
    }
    let message = format!("the metadata '{}' is {data_type}, which can't be CAST to {declared}", key.text);
    report.diagnostics.push(error(key.at, message));
    null(declared.clone())
}

/// Stands in for what is wrong and has been noted.
fn null(data_type: DataType) -> Expression {
    Expression::Literal(Literal::Null, data_type)
}

fn check_types(table: &Table, format: &Format, report: &mut Report) {
    for column in &table.definition.columns {
        if let ColumnKind::Physical { data_type, .. } = &column.kind
            && let Some(message) = format::refuse_column(format, &column.name.text, data_type)
        {
            report.error(Some(column.name.at), message);
        }
    }
}
