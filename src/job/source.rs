//! Reads a source table: its options, and how its columns are made of the decoded rows.

use super::JobInput;
use super::metadata::Metadata;
use super::table::{ConnectorKind, DeclaredTable};
use crate::formats::definition::DeclaredColumn;
use crate::formats::format::Format;
use crate::job::options::source::{SourceSettings, kafka, upsert_kafka};
use crate::job::settings::source::Source;
use crate::options::TableOptions;
use crate::options::report::Report;
use crate::sql::expression::conversion::{can_cast, cast};
use crate::sql::expression::{Expression, Literal};
use crate::sql::parse::{ColumnKind, Name, error};
use crate::sql::plan::{NamedExpression, Relation, Scope, check_size};
use crate::types::column::SourceColumn;
use crate::types::data_type::DataType;

/// The source, and its columns for queries. `number` is the table's number in the catalog.
pub fn read(table: &DeclaredTable, number: usize, input: &JobInput<'_>, report: &mut Report) -> (Source, Relation) {
    let definition = &table.definition;
    let mut options =
        TableOptions::new(table.name(), definition.name.at, &definition.options, false, input.environment, report);
    let columns = table.columns();
    let upsert = table.connector == ConnectorKind::UpsertKafka;
    let SourceSettings { kafka, messages, vector_encoding } = match upsert {
        true => upsert_kafka(&mut options, &columns, primary_key(table, &columns)),
        false => kafka(&mut options, &columns),
    };
    if options.can_read_all("properties.") {
        (input.properties)(&kafka).iter().for_each(|message| options.error_by_name(message));
    }
    let metadata = Metadata::of(table, &messages.format, report);
    let mut source = Source {
        table: table.name().to_string(),
        columns,
        format_metadata: metadata.format.clone(),
        record_metadata: metadata.record.clone(),
        kafka,
        format: messages.format,
        key: messages.key,
        upsert,
        vector_encoding,
    };
    check_primary_key(table, &source, report);
    check_columns(table, &source, report);
    complete(table, &mut source, report);
    let relation = Relation { table: number, columns: named_columns(table, &metadata, report), filter: None };
    (source, relation)
}

/// The columns of the primary key, as indexes.
fn primary_key(table: &DeclaredTable, columns: &[SourceColumn]) -> Vec<usize> {
    let key = table.definition.primary_key.iter().flat_map(|key| &key.columns);
    key.filter_map(|name| columns.iter().position(|column| column.name == name.text)).collect()
}

fn check_primary_key(table: &DeclaredTable, source: &Source, report: &mut Report) {
    match &table.definition.primary_key {
        Some(key) if !source.is_changing() => {
            let message = format!(
                "table '{}' can't have a PRIMARY KEY: its format only inserts rows; declare the key on the table that is written to",
                table.name()
            );
            report.error(Some(key.at), message);
        }
        None if source.upsert => {
            let message = format!(
                "table '{}' needs PRIMARY KEY (…) NOT ENFORCED: 'upsert-kafka' reads its columns from the message key",
                table.name()
            );
            report.error(Some(table.definition.name.at), message);
        }
        _ => {}
    }
}

/// Checks whether the formats can have the columns that the table gives them.
fn check_columns(table: &DeclaredTable, source: &Source, report: &mut Report) {
    let in_value = source.columns_in_value();
    let in_key: Vec<usize> = source.key.iter().flat_map(|key| &key.fields).map(|field| field.column).collect();
    let of_key = source.key.as_ref().map(|key| (&key.format, in_key, "key"));
    for (format, columns, part) in [(&source.format, in_value, "value")].into_iter().chain(of_key) {
        check_types(table, source, &columns, format, report);
        // An empty key was refused before.
        if part == "value" || !columns.is_empty() {
            let problem = format.refuse_count(columns.len(), part);
            problem.into_iter().for_each(|message| {
                report.error(Some(table.definition.name.at), format!("table '{}': {message}", table.name()));
            });
        }
    }
}

/// All columns in the order of the declaration. A computed column can use all columns that aren't computed, and the
/// computed columns before it.
fn named_columns(table: &DeclaredTable, metadata: &Metadata, report: &mut Report) -> Vec<NamedExpression> {
    let mut physical = 0;
    let mut known: Vec<NamedExpression> = Vec::new();
    for column in &table.definition.columns {
        let expression = match &column.kind {
            ColumnKind::Physical { data_type, .. } => {
                physical += 1;
                Expression::Column(physical - 1, data_type.clone())
            }
            ColumnKind::Metadata { data_type, key, .. } => metadata_value(metadata, key, data_type, report),
            ColumnKind::Computed(_) => continue,
        };
        known.push(NamedExpression { name: column.name.text.clone(), expression });
    }
    for column in &table.definition.columns {
        if let ColumnKind::Computed(expression) = &column.kind {
            let scope = Scope { qualifier: table.name(), columns: &known, at: column.name.at };
            let planned = scope.expression(expression).and_then(|planned| check_size(planned, column.name.at));
            let expression = report.note(planned).unwrap_or_else(|| null(DataType::Null));
            known.push(NamedExpression { name: column.name.text.clone(), expression });
        }
    }
    let place =
        |named: &NamedExpression| table.definition.columns.iter().position(|column| column.name.text == named.name);
    known.sort_by_cached_key(place);
    known
}

/// The value of a metadata key, cast to the type that the column is declared with.
fn metadata_value(metadata: &Metadata, key: &Name, declared: &DataType, report: &mut Report) -> Expression {
    let Some((index, data_type)) = metadata.find(&key.text) else { return null(declared.clone()) };
    if can_cast(data_type, declared) {
        return cast(Expression::Column(index, data_type.clone()), declared);
    }
    let message = format!("the metadata '{}' is {data_type}, which can't be CAST to {declared}", key.text);
    report.diagnostics.push(error(key.at, message));
    null(declared.clone())
}

/// Takes the place of an expression with an error, after the error was added.
fn null(data_type: DataType) -> Expression {
    Expression::Literal(Literal::Null, data_type)
}

/// Gives each format that needs a schema the schema of its columns.
fn complete(table: &DeclaredTable, source: &mut Source, report: &mut Report) {
    let declared = |index: usize, column: SourceColumn| {
        let name = source.columns.get(index).map_or("", |column| column.name.as_str());
        DeclaredColumn { column, parts: table.parts(name) }
    };
    let in_value = source.columns_in_value().into_iter();
    let in_value: Vec<_> =
        in_value.filter_map(|index| Some(declared(index, source.columns.get(index)?.clone()))).collect();
    let in_key = source.key.iter().flat_map(|key| &key.fields).zip(source.key_columns());
    let in_key: Vec<_> = in_key.map(|(field, column)| declared(field.column, column)).collect();
    let of_key = source.key.as_mut().map(|key| (&mut key.format, in_key));
    for (format, columns) in [(&mut source.format, in_value)].into_iter().chain(of_key) {
        if let Err(message) = format.complete(table.name(), &columns) {
            report.error(Some(table.definition.name.at), message);
        }
    }
}

fn check_types(table: &DeclaredTable, source: &Source, columns: &[usize], format: &Format, report: &mut Report) {
    for column in columns.iter().filter_map(|&index| source.columns.get(index)) {
        let declared = table.definition.columns.iter().find(|declared| declared.name.text == column.name);
        if let Some(message) = format.refuse_column(&column.name, &column.data_type) {
            report.error(declared.map(|declared| declared.name.at), message);
        }
    }
}
