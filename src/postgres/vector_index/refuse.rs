//! Tables and servers whose vector index can't be behind their rows, and what to do about it.

use super::parent::{Constraint, Parent, ParentIndex};
use crate::error::{Error, Result};
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::connect::server::Server;
use crate::postgres::connect::sql::{qualified, quote};

/// The first version with ON CONFLICT and SKIP LOCKED: PostgreSQL 9.5.
const OLDEST: u32 = 90_500;

/// An UPDATE moves rows from one partition into another since this version.
const MOVES_BETWEEN_PARTITIONS: u32 = 110_000;

const INLINE: &str = "set 'sink.vector-index' to 'inline'";

/// Refuses a server that lacks what `sink.vector-index` = `behind` needs.
pub fn refuse_server(server: &Server, name: &str) -> Result<()> {
    let version = &server.version;
    if server.greenplum {
        return Err(Error::target(format!(
            "{name}: 'sink.vector-index' = 'behind' needs PostgreSQL, and this is {version}; {INLINE} (an ann index of \
             AnalyticDB with algorithm = novad takes a new row at once and adds it to its graph in the background)"
        )));
    }
    if server.version_number < OLDEST {
        return Err(Error::target(format!(
            "{name}: 'sink.vector-index' = 'behind' needs PostgreSQL 9.5 or newer, and this is {version}; {INLINE}"
        )));
    }
    Ok(())
}

/// Refuses a server on which rows can't move between partitions.
pub fn refuse_server_for_partitions(server: &Server, name: &str) -> Result<()> {
    match server.version_number < MOVES_BETWEEN_PARTITIONS {
        true => Err(Error::target(format!(
            "{name}: the partitioned layout needs PostgreSQL 11 or newer, and this is {}: an older server moves no row from one \
             partition into another",
            server.version
        ))),
        false => refuse_server(server, name),
    }
}

/// Refuses a table that can't have a hot child.
pub fn refuse_parent(parent: &Parent, catalog: &Catalog) -> Result<()> {
    match other_kind(parent) {
        Some(_) if catalog.is_partitioned() => {
            Err(Error::target(format!("{} has the partitioned layout already; nothing has to be made", catalog.name())))
        }
        Some(what) if parent.kind == "p" => Err(impossible(
            catalog,
            &format!(
                "it is {what}, and not in the layout that 'vecsink ddl --partitioned' prints for a plain one; {INLINE}"
            ),
        )),
        Some(what) => Err(impossible(catalog, &format!("it is {what}, which can't have a hot child; {INLINE}"))),
        None => refuse_rules(parent, catalog),
    }
}

/// Refuses a table with rules that don't hold between it and its hot child.
pub fn refuse_rules(parent: &Parent, catalog: &Catalog) -> Result<()> {
    let why = if let Some(key) = parent.referencing.first() {
        format!(
            "the foreign key {key} points to it, and a foreign key doesn't find rows in a hot child; drop the foreign key, or {INLINE}"
        )
    } else if let Some(index) = parent.indexes.iter().find(|index| index.exclusion) {
        format!(
            "the exclusion constraint {} doesn't hold between it and its hot child; drop it, or {INLINE}",
            index.name
        )
    } else if let Some(index) = parent.indexes.iter().find(|index| index.unique && !index.immediate) {
        format!("its unique constraint {} is deferrable; make it NOT DEFERRABLE, or {INLINE}", index.name)
    } else if let Some(index) = parent.indexes.iter().find(|index| is_another_key(index, catalog)) {
        format!(
            "the unique index {} doesn't hold between it and its hot child, since it doesn't contain the whole key{}; drop it, \
             or {INLINE}",
            index.name,
            shown_key(catalog)
        )
    } else if !catalog.key_triggers.is_empty() {
        format!(
            "the trigger {} may change a row's key, and it would only do so when the row moves out of the hot child; drop it, or \
             {INLINE}",
            catalog.key_triggers.join(", ")
        )
    } else if catalog.keys.key.is_some() && !catalog.key_is_exact() {
        format!(
            "the key's collation or operator class may take different values for equal, so a row that has moved might not be found \
             by its key; {INLINE}"
        )
    } else {
        return Ok(());
    };
    Err(impossible(catalog, &why))
}

fn impossible(catalog: &Catalog, why: &str) -> Error {
    Error::target(format!("{}: 'sink.vector-index' = 'behind' isn't possible: {why}", catalog.name()))
}

pub(super) fn other_kind(parent: &Parent) -> Option<&'static str> {
    match parent.kind.as_str() {
        "p" => Some("a partitioned table"),
        "v" => Some("a view"),
        "f" => Some("a foreign table"),
        _ if parent.is_partition => Some("a partition of another table"),
        _ if parent.persistence == "t" => Some("a temporary table"),
        _ => None,
    }
}

/// Whether two rows with different keys can have the same values in this unique index.
fn is_another_key(index: &ParentIndex, catalog: &Catalog) -> bool {
    let is_written = |number: &i16| *number == 0 || catalog.columns.iter().any(|column| column.number == *number);
    let key = catalog.keys.key.as_ref().map(|key| key.iter().map(|&at| catalog.columns[at].number));
    let has_key = key.is_some_and(|mut key| key.all(|number| index.columns.contains(&number)));
    // An index over columns that the job doesn't write does no harm: the server makes their values.
    index.unique && !has_key && index.columns.iter().any(is_written)
}

fn shown_key(catalog: &Catalog) -> String {
    let Some(key) = &catalog.keys.key else { return String::new() };
    let columns = key.iter().map(|&at| catalog.columns[at].name.as_str()).collect::<Vec<_>>();
    format!(" ({})", columns.join(", "))
}

/// Refuses a table that has the hot child's name and can't be it.
pub fn refuse_hot_child(parent: &Parent, hot: &Parent, catalog: &Catalog) -> Result<()> {
    let (child, table) = (hot.quoted(), parent.quoted());
    let why = if !parent.children.contains(&(hot.schema.clone(), hot.name.clone())) {
        format!("it is no child of {table}; set 'sink.vector-index.hot-table' to another name")
    } else if hot.kind != "r" || hot.persistence != parent.persistence {
        format!("it is another kind of table than {table}; drop it when it is empty, and have vecsink make it")
    } else if let Some(column) = hot.own_columns.first() {
        let column = quote(column);
        format!(
            "its column {column} is not in {table} and would be lost; run: ALTER TABLE {child} DROP COLUMN {column}"
        )
    } else if let Some((own, grandchild)) = hot.children.first() {
        format!(
            "it has a child of its own, {own}.{grandchild}; take it out of the hot child by ALTER TABLE … NO INHERIT"
        )
    } else {
        return refuse_indexes(parent, hot, catalog);
    };
    Err(no_hot_child(hot, catalog, &why))
}

/// Refuses a hot child with a vector index, or without an index or constraint that it needs.
pub fn refuse_indexes(parent: &Parent, hot: &Parent, catalog: &Catalog) -> Result<()> {
    let child = hot.quoted();
    let why = if let Some(index) = hot.vector_indexes().next() {
        let index = qualified(&hot.schema, &index.name);
        format!("each row would have to wait for its vector index; run: DROP INDEX {index}")
    } else if let Some(missing) = missing_key(parent, hot, catalog) {
        format!("it lacks the unique index of the table's key; run: CREATE UNIQUE INDEX ON {child} {missing}")
    } else if let Some(Constraint { name, definition }) = missing_constraint(parent, hot) {
        format!(
            "it lacks the table's constraint {name}, so it takes rows that could never move into the table; run: \
             ALTER TABLE {child} ADD CONSTRAINT {name} {definition}"
        )
    } else {
        return Ok(());
    };
    Err(no_hot_child(hot, catalog, &why))
}

fn no_hot_child(hot: &Parent, catalog: &Catalog, why: &str) -> Error {
    Error::target(format!("{}: {}.{} can't be its hot child: {why}", catalog.name(), hot.schema, hot.name))
}

/// The definition of an index of the parent's key, if the hot child has no such index.
fn missing_key<'a>(parent: &'a Parent, hot: &Parent, catalog: &Catalog) -> Option<&'a str> {
    let mut key: Vec<i16> = catalog.keys.key.iter().flatten().map(|&at| catalog.columns[at].number).collect();
    key.sort_unstable();
    let is_key = |index: &&ParentIndex| {
        let mut columns = index.columns.clone();
        columns.sort_unstable();
        index.unique && !index.partial && columns == key
    };
    // Definitions are compared, because the numbers of the columns may differ in a child.
    let columns = |index: &'_ ParentIndex| index.definition.split(" WITH (").next().unwrap_or_default().to_owned();
    let is_there = |wanted: &ParentIndex| {
        hot.indexes.iter().any(|index| index.unique && index.immediate && columns(index) == columns(wanted))
    };
    parent.indexes.iter().filter(is_key).find(|index| !is_there(index)).map(|index| index.definition.as_str())
}

/// A constraint that children don't inherit, for example because it was added to the table later.
fn missing_constraint<'a>(parent: &'a Parent, hot: &Parent) -> Option<&'a Constraint> {
    let is_there = |wanted: &&Constraint| hot.constraints.iter().any(|own| own.definition == wanted.definition);
    parent.constraints.iter().find(|wanted| !is_there(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greenplum_is_refused_with_what_its_own_indexes_do() {
        let refused = refuse_server(&Server::greenplum_sample(None), "s.t").expect_err("it is refused").to_string();
        assert!(refused.contains("Greenplum Database 6.25.3") && refused.contains("algorithm = novad"), "{refused}");
    }
}
