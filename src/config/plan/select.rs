//! `SELECT … FROM one table [WHERE …]`.

use sqlparser::ast::{
    Distinct, GroupByExpr, Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Spanned, TableFactor,
};

use super::expression::Scope;
use crate::config::flink_sql::{Name, error, location};
use crate::error::{Diagnostic, Location};
use crate::expression::Expression;
use crate::settings::Column;

type Planned<T> = Result<T, Diagnostic>;

/// One value that the query gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub expression: Expression,
    /// As an error names it.
    pub shown: String,
    pub at: Location,
}

#[derive(Debug, Default)]
pub struct Projection {
    /// `None` stands for one that is wrong, which has been noted.
    pub outputs: Vec<Option<Output>>,
    pub filter: Option<Expression>,
}

/// The table the query reads. An error names the first thing in the query that isn't supported.
pub fn source_table(query: &Query, at: Location) -> Planned<Name> {
    let select = plain_select(query, at)?;
    let [from] = select.from.as_slice() else {
        return Err(error(at, "not supported: a query without FROM, or with several tables"));
    };
    if let Some(join) = from.joins.first() {
        return Err(unsupported(join, at, "joins"));
    }
    let TableFactor::Table { name, args, alias, sample, .. } = &from.relation else {
        return Err(unsupported(&from.relation, at, "subqueries and table functions in FROM"));
    };
    if args.is_some() {
        return Err(unsupported(name, at, "table functions"));
    }
    if alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()) || sample.is_some() {
        return Err(unsupported(name, at, "column lists and samples in FROM"));
    }
    let parts = identifiers(name).ok_or_else(|| unsupported(name, at, "this table name"))?;
    let Some((last, qualifiers)) = parts.split_last() else {
        return Err(error(at, "expected a table"));
    };
    let name = Name { text: last.value.clone(), at: location(last.span.start) };
    let qualifiers: Vec<&str> = qualifiers.iter().map(|part| part.value.as_str()).collect();
    crate::config::flink_sql::check_qualifiers(&qualifiers, &name)?;
    Ok(name)
}

/// Types everything the query computes from the table's columns, and notes what is wrong with each.
pub fn plan(query: &Query, columns: &[Column], at: Location, errors: &mut Vec<Diagnostic>) -> Projection {
    let mut projection = Projection::default();
    let select = match plain_select(query, at) {
        Ok(select) => select,
        Err(diagnostic) => {
            errors.push(diagnostic);
            return projection;
        }
    };
    let qualifier = select.from.first().map(|from| qualifier(&from.relation)).unwrap_or_default();
    let scope = Scope { qualifier: &qualifier, columns, at };
    for item in &select.projection {
        if let Err(diagnostic) = outputs(&scope, item, &mut projection.outputs) {
            errors.push(diagnostic);
            projection.outputs.push(None);
        }
    }
    if let Some(condition) = &select.selection {
        match scope.condition(condition) {
            Ok(condition) => projection.filter = Some(condition),
            Err(diagnostic) => errors.push(diagnostic),
        }
    }
    projection
}

fn outputs(scope: &Scope<'_>, item: &SelectItem, outputs: &mut Vec<Option<Output>>) -> Planned<()> {
    let all = |at: Location| {
        scope.columns.iter().enumerate().map(move |(index, column)| {
            let expression = Expression::Column(index, column.data_type.clone());
            Some(Output { expression, shown: column.name.clone(), at })
        })
    };
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            let expression = scope.expression(expr)?;
            outputs.push(Some(Output { expression, shown: expr.to_string(), at: scope.place(expr) }));
        }
        SelectItem::Wildcard(_) => outputs.extend(all(scope.place(item))),
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
            match identifiers(name).as_deref() {
                Some([table]) if table.value == scope.qualifier => outputs.extend(all(scope.place(name))),
                _ => {
                    let message = format!("unknown table '{name}'; the query reads '{}'", scope.qualifier);
                    return Err(error(scope.place(name), message));
                }
            }
        }
        _ => return Err(error(scope.place(item), "not supported: this form of SELECT")),
    }
    Ok(())
}

/// The alias, or else the table's own name.
fn qualifier(relation: &TableFactor) -> String {
    match relation {
        TableFactor::Table { alias: Some(alias), .. } => alias.name.value.clone(),
        TableFactor::Table { name, .. } => {
            identifiers(name).and_then(|parts| Some(parts.last()?.value.clone())).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn identifiers(name: &ObjectName) -> Option<Vec<&Ident>> {
    let identifier = |part: &'_ ObjectNamePart| matches!(part, ObjectNamePart::Identifier(_));
    name.0.iter().all(identifier).then(|| name.0.iter().filter_map(ObjectNamePart::as_ident).collect())
}

fn unsupported(node: &impl Spanned, at: Location, what: &str) -> Diagnostic {
    let start = node.span().start;
    error(if start.line == 0 { at } else { location(start) }, format!("not supported: {what}"))
}

/// The SELECT of a query that has no more to it than columns, FROM and WHERE.
fn plain_select(query: &Query, at: Location) -> Planned<&Select> {
    if let Some(with) = &query.with {
        return Err(unsupported(with, at, "WITH"));
    }
    if let Some(order_by) = &query.order_by {
        return Err(unsupported(order_by, at, "ORDER BY"));
    }
    if query.limit_clause.is_some() || query.fetch.is_some() {
        return Err(error(at, "not supported: LIMIT, OFFSET and FETCH"));
    }
    if !query.locks.is_empty() || query.for_clause.is_some() {
        return Err(error(at, "not supported: FOR"));
    }
    let select = match query.body.as_ref() {
        SetExpr::Select(select) => select,
        SetExpr::Query(inner) => return plain_select(inner, at),
        SetExpr::SetOperation { op, .. } => return Err(error(at, format!("not supported: {op}; write two INSERTs"))),
        _ => return Err(error(at, "not supported: a query that is no SELECT")),
    };
    let group_by = match &select.group_by {
        GroupByExpr::Expressions(expressions, _) => expressions.first(),
        GroupByExpr::All(_) => return Err(error(at, "not supported: GROUP BY")),
    };
    if let Some(first) = group_by {
        return Err(unsupported(first, at, "GROUP BY"));
    }
    if let Some(condition) = select.having.as_ref().or(select.qualify.as_ref()) {
        return Err(unsupported(condition, at, "HAVING and QUALIFY"));
    }
    let others = [
        (select.distinct.as_ref().is_some_and(|distinct| *distinct != Distinct::All), "SELECT DISTINCT"),
        (select.top.is_some(), "TOP"),
        (select.into.is_some(), "SELECT INTO"),
        (!select.lateral_views.is_empty(), "LATERAL VIEW"),
        (!select.named_window.is_empty(), "WINDOW"),
        (!select.cluster_by.is_empty() || !select.distribute_by.is_empty() || !select.sort_by.is_empty(), "SORT BY"),
        (!select.connect_by.is_empty(), "CONNECT BY"),
    ];
    match others.iter().find(|(present, _)| *present) {
        Some((_, what)) => Err(error(at, format!("not supported: {what}"))),
        None => Ok(select),
    }
}
