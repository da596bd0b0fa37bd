//! Assigns the columns of a query to the columns of a sink table, by position and with Flink's implicit conversions.

use super::table::DeclaredTable;
use crate::job::settings::source::Source;
use crate::options::report::Report;
use crate::settings::SinkColumn;
use crate::sql::expression::conversion::{ColumnConversion, assign};
use crate::sql::expression::{Expression, Literal};
use crate::sql::parse::{Insert, Name, error};
use crate::sql::plan::{OutputColumn, Projection};
use crate::types::column::SourceColumn;
use crate::types::data_type::{DataType, UNBOUNDED};

/// The columns of a sink table, and the expressions whose values they get.
#[derive(Default)]
pub struct Mapped {
    pub columns: Vec<SinkColumn>,
    pub declared_key: Option<Vec<usize>>,
    pub expressions: Vec<Expression>,
    pub filter: Option<Expression>,
}

/// The written columns are all declared ones, in their order. Columns that the INSERT doesn't list are NULL. `trim_pad`:
/// texts and bytes are always cut or padded to the declared lengths.
pub fn map(
    insert: &Insert,
    table: &DeclaredTable,
    projection: Projection,
    trim_pad: bool,
    report: &mut Report,
) -> Mapped {
    let declared = table.columns();
    let targets = targets(insert.columns.as_deref(), &declared, table, report);
    if targets.len() != projection.outputs.len() {
        let takes: Vec<&str> =
            targets.iter().map(|target| target.map_or("?", |index| declared[index].name.as_str())).collect();
        let message = format!(
            "the query has {} but '{}' takes {} ({})",
            columns(projection.outputs.len()),
            table.name(),
            targets.len(),
            takes.join(", ")
        );
        report.error(Some(insert.query_at), message);
        return Mapped::default();
    }
    let mut feeds: Vec<Option<Expression>> = declared.iter().map(|_| None).collect();
    let mut is_listed = vec![false; declared.len()];
    for (target, output) in targets.into_iter().zip(projection.outputs) {
        let Some(index) = target else { continue };
        is_listed[index] = true;
        let feed = output.and_then(|output| feed(output, &declared[index], table, report));
        feeds[index] = feed.map(|feed| if trim_pad { fit(feed, &declared[index].data_type) } else { feed });
    }
    let columns = declared.iter().zip(feeds).zip(&is_listed).map(|((column, feed), listed)| {
        if column.not_null && !listed {
            let message = format!("column '{}' is NOT NULL, so the INSERT must list it", column.name);
            report.error(Some(insert.table.at), message);
        }
        let feed = feed.unwrap_or_else(|| Expression::Literal(Literal::Null, column.data_type.clone()));
        (SinkColumn { name: column.name.clone(), data_type: feed.data_type(), not_null: column.not_null }, feed)
    });
    let (columns, expressions) = columns.unzip();
    let position = |name: &Name| declared.iter().position(|column| column.name == name.text);
    let key = table.definition.primary_key.as_ref();
    let declared_key = key.map(|key| key.columns.iter().filter_map(position).collect());
    Mapped { columns, declared_key, expressions, filter: projection.filter }
}

/// Checks the key of an `upsert-kafka` source. A message without a value deletes the row of its key, and the row can only
/// be found by this key.
pub fn check_upsert_key(insert: &Insert, table: &DeclaredTable, source: &Source, mapped: &Mapped, report: &mut Report) {
    // A source without a key was refused before.
    let Some(fields) = source.key.as_ref().map(|key| &key.fields).filter(|fields| !fields.is_empty()) else { return };
    let carried = |index: &usize| fields.iter().any(|field| field.column == *index);
    let column = |&index: &usize| mapped.columns.get(index).zip(mapped.expressions.get(index));
    for (column, feed) in mapped.declared_key.iter().flatten().filter_map(column) {
        let mut rest = vec![feed];
        while let Some(expression) = rest.pop() {
            match expression {
                Expression::Column(index, _) if !carried(index) => {
                    let needed = source.columns.get(*index).map_or("metadata", |column| column.name.as_str());
                    let message = format!(
                        "'{}' is written by its key, and column '{}' of its key needs '{needed}', which isn't in the PRIMARY \
                         KEY of '{}': a message that deletes carries nothing else",
                        table.name(),
                        column.name,
                        source.table
                    );
                    report.error(Some(insert.query_at), message);
                }
                Expression::Column(..) => {}
                other => rest.extend(other.operands()),
            }
        }
    }
}

fn columns(count: usize) -> String {
    if count == 1 { "1 column".into() } else { format!("{count} columns") }
}

/// Indexes of the columns that get the query's values, in the query's order. `None` stands for an unknown column.
fn targets(
    listed: Option<&[Name]>,
    declared: &[SourceColumn],
    table: &DeclaredTable,
    report: &mut Report,
) -> Vec<Option<usize>> {
    let Some(listed) = listed else {
        return (0..declared.len()).map(Some).collect();
    };
    let mut targets = Vec::with_capacity(listed.len());
    for name in listed {
        let target = declared.iter().position(|column| column.name == name.text);
        let is_declared = table.definition.columns.iter().any(|column| column.name.text == name.text);
        if target.is_none() && is_declared {
            let message = format!("column '{}' can't be written: it is METADATA or computed", name.text);
            report.error(Some(name.at), message);
        } else if target.is_none() {
            report.error(Some(name.at), format!("table '{}' has no column '{}'", table.name(), name.text));
        } else if targets.contains(&target) {
            report.error(Some(name.at), format!("column '{}' is listed twice", name.text));
        }
        targets.push(target);
    }
    targets
}

/// Makes a text or bytes fit the declared length.
fn fit(feed: Expression, declared: &DataType) -> Expression {
    let has_length = match declared {
        DataType::Char(length) | DataType::Varchar(length) => *length != UNBOUNDED,
        DataType::Binary(length) | DataType::Varbinary(length) => *length != UNBOUNDED,
        _ => false,
    };
    match feed {
        _ if !has_length => feed,
        // The cast is made even if the source's column has the same type: a source doesn't check that a value has the
        // length of its column's type.
        Expression::Column(index, data_type) => {
            let unbounded = if data_type.is_text() { DataType::STRING } else { DataType::Varbinary(UNBOUNDED) };
            Expression::Cast(Box::new(Expression::Column(index, unbounded)), declared.clone())
        }
        Expression::Cast(_, ref target) if target == declared => feed,
        feed => Expression::Cast(Box::new(feed), declared.clone()),
    }
}

fn feed(output: OutputColumn, column: &SourceColumn, table: &DeclaredTable, report: &mut Report) -> Option<Expression> {
    let OutputColumn { expression, shown, at, .. } = output;
    let from = expression.data_type();
    let place = format!("column '{}' {} of table '{}'", column.name, column.data_type, table.name());
    if column.not_null && from == DataType::Null {
        report.diagnostics.push(error(at, format!("NULL can't go into {place}, which is NOT NULL")));
        return None;
    }
    match assign(expression, &column.data_type) {
        ColumnConversion::Fits(expression) => return Some(expression),
        ColumnConversion::NeedsCast => {
            let message = format!("{shown} {from} goes into {place} only as CAST({shown} AS {})", column.data_type);
            report.diagnostics.push(error(at, message));
        }
        ColumnConversion::Impossible => {
            report.diagnostics.push(error(at, format!("{shown} {from} can't be converted for {place}")));
        }
    }
    None
}
