//! Parts of SQL texts that several statements share.

use crate::batch::RowFormat;
use crate::postgres::catalog::column::CatalogColumn;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::connect::sql::quote;

/// The clause that lets an INSERT write an identity column, where there is one.
pub fn overriding(catalog: &Catalog) -> &'static str {
    if catalog.columns.iter().any(|column| column.identity_always) { " OVERRIDING SYSTEM VALUE" } else { "" }
}

/// The condition that `t` and `s` have the same key, compared as its index compares it.
pub fn same(catalog: &Catalog) -> String {
    same_as(catalog, |_, column| quote(&column.name))
}

/// The same where the columns of `s` are called `k0`, `k1` ….
pub fn same_numbered(catalog: &Catalog) -> String {
    same_as(catalog, |at, _| format!("k{at}"))
}

fn same_as(catalog: &Catalog, name_in_s: impl Fn(usize, &CatalogColumn) -> String) -> String {
    let key = key(catalog).into_iter().enumerate();
    let equal = key
        .map(|(at, column)| format!("t.{} = s.{}{}", quote(&column.name), name_in_s(at, column), collate(catalog, at)));
    equal.collect::<Vec<_>>().join(" AND ")
}

/// The columns of the key, none if there is no key.
pub fn key(catalog: &Catalog) -> Vec<&CatalogColumn> {
    catalog.keys.key.iter().flatten().map(|&index| &catalog.columns[index]).collect()
}

/// The clause that compares a column of the key as its index does.
fn collate(catalog: &Catalog, at: usize) -> String {
    catalog.keys.collations.get(at).and_then(Option::as_ref).map(|name| format!(" COLLATE {name}")).unwrap_or_default()
}

/// A parameter: values of one column of the key, as the elements of an array.
pub fn array(at: usize, column: &CatalogColumn, format: RowFormat) -> String {
    match format {
        RowFormat::Binary => format!("${}::{}[]", at + 1, column.base_type),
        RowFormat::Text => format!("${}::text[]::{}[]", at + 1, column.base_type),
    }
}

/// How statements find the rows of a table `t` by arrays of keys. The keys are compared as values of the columns' types, so that an
/// index can be used.
pub struct ByKeys {
    /// What is joined with the table, if anything.
    with: Option<String>,
    condition: String,
}

impl ByKeys {
    /// `None`: there is no key.
    pub fn new(catalog: &Catalog, format: RowFormat) -> Option<ByKeys> {
        match key(catalog).as_slice() {
            [] => None,
            [column] => {
                let name = quote(&column.name);
                let condition = format!("t.{name}{} = ANY({})", collate(catalog, 0), array(0, column, format));
                Some(ByKeys { with: None, condition })
            }
            columns => {
                let keys = columns.iter().enumerate();
                let keys = keys.map(|(at, column)| format!("unnest({}) AS k{at}", array(at, column, format)));
                let with = format!("(SELECT {}) AS s", keys.collect::<Vec<_>>().join(", "));
                Some(ByKeys { with: Some(with), condition: same_numbered(catalog) })
            }
        }
    }

    /// By the keys of the rows in the staging table.
    pub fn staged(catalog: &Catalog, staging: &str) -> ByKeys {
        ByKeys { with: Some(format!("{staging} AS s")), condition: same(catalog) }
    }

    /// `DELETE FROM table AS t …`.
    pub fn delete(&self, table: &str) -> String {
        match &self.with {
            Some(with) => format!("DELETE FROM {table} AS t USING {with} WHERE {}", self.condition),
            None => format!("DELETE FROM {table} AS t WHERE {}", self.condition),
        }
    }

    /// `SELECT … FROM table AS t …`.
    pub fn select(&self, what: &str, table: &str) -> String {
        match &self.with {
            Some(with) => format!("SELECT {what} FROM {table} AS t, {with} WHERE {}", self.condition),
            None => format!("SELECT {what} FROM {table} AS t WHERE {}", self.condition),
        }
    }
}
