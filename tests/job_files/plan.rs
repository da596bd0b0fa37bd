//! A job's settings in a readable form: what is read, and how each target column is computed.

use std::fmt::Write;

use vecsink::internals::formats::avro::confluent_options::ConfluentFormat;
use vecsink::internals::formats::avro::debezium_options::DebeziumConfluentFormat;
use vecsink::internals::formats::avro::options::AvroFormat;
use vecsink::internals::formats::format::Format;
use vecsink::internals::job::settings::job::Job;
use vecsink::internals::job::settings::mapping::Mapping;
use vecsink::internals::job::settings::source::Source;
use vecsink::internals::sql::expression::call::Call;
use vecsink::internals::sql::expression::{Comparison, Expression, Literal};
use vecsink::internals::types::data_type::DataType;
use vecsink::internals::types::value::Decimal;

pub fn print(job: &Job) -> String {
    let mut text = format!("job {}\n", job.name().unwrap_or("without a name"));
    for source in &job.sources {
        print_source(&mut text, source);
    }
    for mapping in &job.mappings {
        print_mapping(&mut text, mapping, &job.sources[mapping.source]);
    }
    if !job.notices.is_empty() {
        text += "\nnotices\n";
    }
    for notice in &job.notices {
        writeln!(text, "  {notice}").unwrap();
    }
    text
}

fn print_source(text: &mut String, source: &Source) {
    let Source { table, columns, format_metadata, record_metadata, kafka, format, .. } = source;
    let name = |format: &Format| {
        let debug = format!("{format:?}");
        debug.split(['(', ' ']).next().unwrap_or_default().to_lowercase()
    };
    let format = name(format);
    writeln!(
        text,
        "\nread {table}: {} at {}, {:?} to {:?}, as {format}",
        kafka.topics, kafka.brokers, kafka.startup, kafka.bounded
    )
    .unwrap();
    print_avro(text, &source.format);
    if let Some(key) = &source.key {
        let fields = key.fields.iter().map(|field| format!("{} = {}", columns[field.column].name, field.name));
        let fields = fields.collect::<Vec<_>>().join(", ");
        let upsert = if source.upsert { ", each message in place of its key's row" } else { "" };
        writeln!(text, "  key as {}: {fields}{upsert}", name(&key.format)).unwrap();
        let in_value = source.columns_in_value().into_iter().map(|index| columns[index].name.as_str());
        writeln!(text, "  value: {}", in_value.collect::<Vec<_>>().join(", ")).unwrap();
    }
    for column in columns {
        writeln!(text, "  {} {}{}", column.name, column.data_type, if column.not_null { " NOT NULL" } else { "" })
            .unwrap();
    }
    for metadata in format_metadata {
        writeln!(text, "  metadata value.{} {}", metadata.key, metadata.data_type).unwrap();
    }
    for metadata in record_metadata {
        writeln!(text, "  metadata {} {}", metadata.key, metadata.data_type).unwrap();
    }
}

/// The options of an Avro format: the encoding, and where schemas are.
fn print_avro(text: &mut String, format: &Format) {
    match format {
        Format::Avro(AvroFormat { schema, encoding, .. }) => writeln!(text, "  {encoding:?} by {schema}").unwrap(),
        Format::AvroConfluent(ConfluentFormat { schema, registry })
        | Format::DebeziumAvroConfluent(DebeziumConfluentFormat(ConfluentFormat { schema, registry })) => {
            writeln!(text, "  by {schema}\n  with {registry:?}").unwrap();
        }
        _ => {}
    }
}

fn print_mapping(text: &mut String, mapping: &Mapping, source: &Source) {
    let sink = &mapping.sink;
    writeln!(
        text,
        "\nwrite {} from {}: {:?}, {:?}, {:?}",
        sink.name, source.table, sink.write_mode, sink.conflict_mode, sink.exception_mode
    )
    .unwrap();
    let names = names(source);
    for (index, (column, feed)) in sink.columns.iter().zip(&mapping.expressions).enumerate() {
        let in_key = sink.declared_key.as_ref().is_some_and(|key| key.contains(&index));
        let marks = [(in_key, " KEY"), (column.not_null, " NOT NULL")];
        let marks: String = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
        writeln!(text, "  {} <- {}{marks}", column.name, show(feed, &names)).unwrap();
    }
    if let Some(filter) = &mapping.filter {
        writeln!(text, "  where {}", show(filter, &names)).unwrap();
    }
    if sink.not_null_drop {
        text.push_str("  rows with a NULL in a NOT NULL column are left out\n");
    }
    if mapping.time_zone.name() != "UTC" {
        writeln!(text, "  local times in {}", mapping.time_zone.name()).unwrap();
    }
}

/// The names of a row's columns, in the order in which expressions number them.
fn names(source: &Source) -> Vec<String> {
    let columns = source.columns.iter().map(|column| column.name.clone());
    let of_format = source.format_metadata.iter().map(|metadata| format!("value.{}", metadata.key));
    let of_record = source.record_metadata.iter().map(|metadata| format!("record.{}", metadata.key));
    columns.chain(of_format).chain(of_record).collect()
}

fn show(expression: &Expression, names: &[String]) -> String {
    let of = |expression: &Expression| show(expression, names);
    match expression {
        Expression::Column(index, _) => names[*index].clone(),
        Expression::Literal(literal, data_type) => show_literal(literal, data_type),
        Expression::Cast(operand, target) => format!("CAST({} AS {target})", of(operand)),
        Expression::Compare(comparison, left, right) => {
            let sign = match comparison {
                Comparison::Equal => "=",
                Comparison::NotEqual => "<>",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
            };
            format!("({} {sign} {})", of(left), of(right))
        }
        Expression::And(left, right) => format!("({} AND {})", of(left), of(right)),
        Expression::Or(left, right) => format!("({} OR {})", of(left), of(right)),
        Expression::Not(operand) => format!("NOT {}", of(operand)),
        Expression::IsNull(operand) => format!("{} IS NULL", of(operand)),
        Expression::Is(truth, operand) => format!("{} IS {}", of(operand), truth.to_string().to_uppercase()),
        Expression::TryCast(operand, target) => format!("TRY_CAST({} AS {target})", of(operand)),
        Expression::IsDistinct(left, right) => format!("({} IS DISTINCT FROM {})", of(left), of(right)),
        Expression::In(operand, list) => format!("{} IN ({})", of(operand), show_all(list, names)),
        Expression::Case { branches, otherwise, .. } => {
            let branch = |(when, then): &(Expression, Expression)| format!("WHEN {} THEN {} ", of(when), of(then));
            format!("CASE {}ELSE {} END", branches.iter().map(branch).collect::<String>(), of(otherwise))
        }
        Expression::Coalesce(operands, _) => format!("COALESCE({})", show_all(operands, names)),
        Expression::Field(row, index, _) => format!("{}.{index}", of(row)),
        Expression::Call(Call { function, operands, data_type }) => {
            let debug = format!("{function:?}");
            let name = debug.split(['(', ' ']).next().unwrap_or_default();
            format!("{name}({}):{data_type}", show_all(operands, names))
        }
    }
}

fn show_all(expressions: &[Expression], names: &[String]) -> String {
    expressions.iter().map(|expression| show(expression, names)).collect::<Vec<_>>().join(", ")
}

fn show_literal(literal: &Literal, data_type: &DataType) -> String {
    match literal {
        Literal::Null => format!("NULL:{data_type}"),
        Literal::Bool(truth) => truth.to_string().to_uppercase(),
        Literal::Int(number) => format!("{number}:{data_type}"),
        Literal::Double(number) => format!("{number:e}"),
        Literal::Decimal(Decimal { unscaled, scale }) => format!("{unscaled}e-{scale}:{data_type}"),
        Literal::Text(text) => format!("'{text}'"),
        other => format!("{other:?}"),
    }
}
