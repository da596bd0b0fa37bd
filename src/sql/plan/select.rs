//! Queries: `[WITH …] SELECT … FROM a table, a view or a query in parentheses [WHERE …]`. The name of a view or query is
//! replaced by its expressions, so that in the end every value is computed from a row of one table.

use sqlparser::ast::{
    Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    SetOperator, SetQuantifier, TableAlias, TableFactor,
};

use super::expression::{NamedExpression, Planned, Scope};
use super::refuse::{place, refuse_clauses, refuse_extras, relation_name, unsupported};
use super::size;
use crate::error::{Diagnostic, Location};
use crate::sql::expression::Expression;
use crate::sql::parse::check_qualifiers;
use crate::sql::parse::{Name, error};

/// The meaning of a name in FROM: columns that are computed from the row of a table, and a condition on the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// The number in the catalog of the table whose rows are read.
    pub table: usize,
    pub columns: Vec<NamedExpression>,
    pub filter: Option<Expression>,
}

/// One column of a query's result.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputColumn {
    /// The name that a query around this one has for the column.
    pub name: Option<String>,
    pub expression: Expression,
    /// The name of the column in errors.
    pub shown: String,
    pub at: Location,
}

/// The result of one SELECT.
#[derive(Debug)]
pub struct Projection {
    pub table: usize,
    /// The columns. `None` stands for a column with an error, which was added.
    pub outputs: Vec<Option<OutputColumn>>,
    pub filter: Option<Expression>,
}

/// Returns the meaning of a name in FROM. `None`: there is an error, which was added.
pub type Tables<'a> = dyn FnMut(&Name) -> Option<Relation> + 'a;

/// Plans a query, and adds all its errors. The result has one projection for each SELECT of a UNION ALL.
pub fn plan(query: &Query, at: Location, tables: &mut Tables<'_>, errors: &mut Vec<Diagnostic>) -> Vec<Projection> {
    Planner { at, tables, errors, known: Vec::new() }.union(query)
}

/// Plans a view. Its columns can get new names. `None`: it has an error, which was added.
pub fn plan_view(
    query: &Query,
    names: Option<&[Name]>,
    at: Location,
    tables: &mut Tables<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Option<Relation> {
    let mut planner = Planner { at, tables, errors, known: Vec::new() };
    let relation = planner.relation(query)?;
    let names = names.map(|names| names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>());
    planner.rename(relation, names.as_deref(), at)
}

struct Planner<'a, 'b> {
    /// Where the query starts, for parts whose own place the parser doesn't know.
    at: Location,
    tables: &'a mut Tables<'b>,
    errors: &'a mut Vec<Diagnostic>,
    /// The queries of WITH that were planned so far.
    known: Vec<(String, Option<Relation>)>,
}

impl Planner<'_, '_> {
    fn note<T>(&mut self, planned: Planned<T>) -> Option<T> {
        planned.map_err(|diagnostic| self.errors.push(diagnostic)).ok()
    }

    fn union(&mut self, query: &Query) -> Vec<Projection> {
        if self.enter(query).is_none() {
            return Vec::new();
        }
        let mut projections = Vec::new();
        let mut rest = vec![query.body.as_ref()];
        while let Some(body) = rest.pop() {
            match body {
                SetExpr::SetOperation { op: SetOperator::Union, set_quantifier: SetQuantifier::All, left, right } => {
                    rest.extend([right.as_ref(), left.as_ref()]);
                }
                SetExpr::Query(inner) => projections.extend(self.union(inner)),
                body => projections.extend(self.body(body)),
            }
        }
        projections
    }

    /// Reads the clauses around the SELECT: refuses those that aren't supported, and plans the queries of WITH.
    fn enter(&mut self, query: &Query) -> Option<()> {
        let refused = refuse_extras(query, self.at);
        self.note(refused)?;
        let Some(with) = &query.with else { return Some(()) };
        if with.recursive {
            self.errors.push(unsupported(with, self.at, "WITH RECURSIVE"));
            return None;
        }
        for named in &with.cte_tables {
            let relation = self.relation(&named.query);
            let relation = relation.and_then(|relation| self.rename_by(relation, &named.alias));
            self.known.push((named.alias.name.value.clone(), relation));
        }
        Some(())
    }

    fn body(&mut self, body: &SetExpr) -> Option<Projection> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(inner) => {
                self.enter(inner)?;
                self.body(&inner.body)
            }
            SetExpr::SetOperation { op: SetOperator::Union, set_quantifier: SetQuantifier::All, right, .. } => {
                let what = "UNION ALL inside another query or a view; several INSERTs do the same";
                self.errors.push(unsupported(right.as_ref(), self.at, what));
                None
            }
            SetExpr::SetOperation { op, right, .. } => {
                let what = match op {
                    SetOperator::Union => "UNION without ALL; UNION ALL keeps every row".to_string(),
                    op => op.to_string(),
                };
                self.errors.push(unsupported(right.as_ref(), self.at, &what));
                None
            }
            SetExpr::Values(values) => {
                self.errors.push(unsupported(values, self.at, "VALUES; a job reads from a table"));
                None
            }
            _ => {
                self.errors.push(error(self.at, "not supported: a query that is not a SELECT"));
                None
            }
        }
    }

    fn select(&mut self, select: &Select) -> Option<Projection> {
        let refused = refuse_clauses(select, self.at);
        self.note(refused)?;
        let (relation, qualifier) = self.from(select)?;
        let scope = Scope { qualifier: &qualifier, columns: &relation.columns, at: self.at };
        let mut outputs = Vec::new();
        for item in &select.projection {
            if let Err(diagnostic) = items(&scope, item, &mut outputs) {
                self.errors.push(diagnostic);
                outputs.push(None);
            }
        }
        let own = select.selection.as_ref().and_then(|condition| {
            let place = scope.place(condition);
            let planned = scope.condition(condition).and_then(|filter| size::check(filter, place));
            planned.map_err(|diagnostic| self.errors.push(diagnostic)).ok()
        });
        let filter = match (relation.filter, own) {
            (Some(inner), Some(own)) => Some(Expression::And(inner.into(), own.into())),
            (inner, own) => inner.or(own),
        };
        let filter = filter.map(|filter| size::check(filter, self.at));
        let filter = filter.and_then(|filter| self.note(filter));
        Some(Projection { table: relation.table, outputs, filter })
    }

    /// The table, view or query that this query reads, and the name that qualifies its columns.
    fn from(&mut self, select: &Select) -> Option<(Relation, String)> {
        let from = match select.from.as_slice() {
            [from] => from,
            [] => {
                self.errors.push(error(self.at, "not supported: a query without FROM; a job reads from a table"));
                return None;
            }
            [_, second, ..] => {
                self.errors.push(unsupported(second, self.at, "joins: a query reads from one table"));
                return None;
            }
        };
        if let Some(join) = from.joins.first() {
            self.errors.push(unsupported(join, self.at, "joins: a query reads from one table"));
            return None;
        }
        match &from.relation {
            TableFactor::Table { name, args: None, alias, sample: None, version: None, .. } => {
                let name = table_name(name, self.at);
                let name = self.note(name)?;
                let known = self.known.iter().rev().find(|(known, _)| *known == name.text);
                let relation = match known {
                    Some((_, relation)) => relation.clone(),
                    None => (self.tables)(&name),
                };
                match alias {
                    Some(alias) => Some((self.rename_by(relation?, alias)?, alias.name.value.clone())),
                    None => Some((relation?, name.text)),
                }
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                let visible = self.known.len();
                let relation = self.relation(subquery);
                self.known.truncate(visible);
                match alias {
                    Some(alias) => Some((self.rename_by(relation?, alias)?, alias.name.value.clone())),
                    None => Some((relation?, String::new())),
                }
            }
            other => {
                self.errors.push(unsupported(other, self.at, relation_name(other)));
                None
            }
        }
    }

    /// Plans a query that another query reads.
    fn relation(&mut self, query: &Query) -> Option<Relation> {
        self.enter(query)?;
        let before = self.errors.len();
        let Projection { table, outputs, filter } = self.body(&query.body)?;
        if self.errors.len() > before {
            return None; // not all of its columns are known
        }
        let columns = outputs.into_iter().flatten().enumerate().map(|(index, output)| NamedExpression {
            name: output.name.unwrap_or_else(|| format!("EXPR${index}")),
            expression: output.expression,
        });
        Some(Relation { table, columns: columns.collect(), filter })
    }

    fn rename_by(&mut self, relation: Relation, alias: &TableAlias) -> Option<Relation> {
        let names: Vec<&str> = alias.columns.iter().map(|column| column.name.value.as_str()).collect();
        self.rename(
            relation,
            Some(names.as_slice()).filter(|names| !names.is_empty()),
            place(alias.name.span.start, self.at),
        )
    }

    fn rename(&mut self, mut relation: Relation, names: Option<&[&str]>, at: Location) -> Option<Relation> {
        if let Some(names) = names {
            if names.len() != relation.columns.len() {
                let count =
                    |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
                let (listed, columns) = (count(names.len(), "name"), count(relation.columns.len(), "column"));
                let message = format!("the query has {columns}, but {listed} for them");
                self.errors.push(error(at, message));
                return None;
            }
            relation.columns.iter_mut().zip(names).for_each(|(column, name)| column.name = (*name).to_string());
        }
        let twice = relation
            .columns
            .iter()
            .enumerate()
            .find(|(index, column)| relation.columns[..*index].iter().any(|earlier| earlier.name == column.name));
        if let Some((_, column)) = twice {
            self.errors.push(error(at, format!("two columns are called '{}'; rename one with AS", column.name)));
            return None;
        }
        Some(relation)
    }
}

/// Adds the columns of one item of the SELECT list.
fn items(scope: &Scope<'_>, item: &SelectItem, outputs: &mut Vec<Option<OutputColumn>>) -> Planned<()> {
    let all = |at: Location| {
        scope.columns.iter().map(move |NamedExpression { name, expression }| {
            Some(OutputColumn { name: Some(name.clone()), expression: expression.clone(), shown: name.clone(), at })
        })
    };
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            let at = scope.place(expr);
            let expression = size::check(scope.expression(expr)?, at)?;
            let name = match item {
                SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
                _ => super::expression::own_name(expr),
            };
            outputs.push(Some(OutputColumn { name, expression, shown: expr.to_string(), at }));
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

fn table_name(name: &ObjectName, at: Location) -> Planned<Name> {
    let parts = identifiers(name).ok_or_else(|| unsupported(name, at, "this table name"))?;
    let Some((last, qualifiers)) = parts.split_last() else {
        return Err(error(at, "expected a table"));
    };
    let name = Name { text: last.value.clone(), at: place(last.span.start, at) };
    let qualifiers: Vec<&str> = qualifiers.iter().map(|part| part.value.as_str()).collect();
    check_qualifiers(&qualifiers, &name)?;
    Ok(name)
}

fn identifiers(name: &ObjectName) -> Option<Vec<&Ident>> {
    let identifier = |part: &'_ ObjectNamePart| matches!(part, ObjectNamePart::Identifier(_));
    name.0.iter().all(identifier).then(|| name.0.iter().filter_map(ObjectNamePart::as_ident).collect())
}
