//! The tables that hold a target table's rows when its vector index is behind them.

use super::unreadable::unreadable;
use crate::error::Result;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::quote;
use crate::settings::Sink;

/// How the names of the children end: that of the hot one, and those of the sealed ones before their number.
const HOT: &str = "_hot";
const SEALED: &str = "_sealed_";

/// The longest name that the server keeps, in bytes.
const LONGEST_NAME: usize = 63;

/// A table by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRef {
    pub oid: u32,
    pub schema: String,
    pub name: String,
}

impl TableRef {
    /// `"schema"."name"`.
    pub fn quoted(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.name))
    }
}

/// The target table and its children. In each committed state a key is in one of them at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The child that rows are written to.
    pub hot: TableRef,
    /// The tables that rows were moved to: the sealed children, then the target table itself.
    pub others: Vec<TableRef>,
}

/// The tree of the table with this oid. `None`: it has no hot child. Children that were not made by vecsink are in no tree.
pub fn read(session: &mut Session, table: u32, sink: &Sink) -> Result<Option<Tree>> {
    let name = format!("{}.{}", sink.schema, sink.table);
    let rows = session
        .client()
        .query(
            "SELECT c.oid, n.nspname::text, c.relname::text FROM pg_catalog.pg_class c
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.oid = $1 OR c.oid IN (SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = $1)",
            &[&table],
        )
        .map_err(|error| unreadable(session, &name, &error))?;
    let found = rows.iter().map(|row| TableRef { oid: row.get(0), schema: row.get(1), name: row.get(2) });
    Ok(tree(found.collect(), table, sink))
}

/// Which of these tables is what. The oldest sealed child comes first.
fn tree(found: Vec<TableRef>, table: u32, sink: &Sink) -> Option<Tree> {
    let (hot_schema, hot_name) = hot_child_name(sink);
    let mut hot = None;
    let mut others = Vec::new();
    for child in found {
        if child.oid == table {
            others.push((u32::MAX, child));
        } else if child.name == hot_name && child.schema == hot_schema {
            hot = Some(child);
        } else if let Some(number) = sealed_number(&sink.table, &child.name) {
            others.push((number, child));
        }
    }
    others.sort_by_key(|(number, child)| (*number, child.oid));
    Some(Tree { hot: hot?, others: others.into_iter().map(|(_, child)| child).collect() })
}

/// Schema and name of a sink's hot child.
pub fn hot_child_name(sink: &Sink) -> (String, String) {
    sink.behind.hot_table.clone().unwrap_or_else(|| (sink.schema.clone(), with_ending(&sink.table, HOT)))
}

/// The name of a table's sealed child; `number` is 1 at least.
pub fn sealed_name(table: &str, number: u32) -> String {
    with_ending(table, &format!("{SEALED}{number}"))
}

/// The number of a table's sealed child that has this name. `None`: it is no sealed child of the table.
pub fn sealed_number(table: &str, name: &str) -> Option<u32> {
    let (_, number) = name.rsplit_once(SEALED)?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    (sealed_name(table, number) == name).then_some(number)
}

/// A name with this ending. If the server would cut it, the name before the ending is cut.
pub fn with_ending(name: &str, ending: &str) -> String {
    let mut end = name.len().min(LONGEST_NAME.saturating_sub(ending.len()));
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(hot_table: Option<(&str, &str)>) -> Sink {
        let mut sink = Sink { schema: "s".into(), table: "cars".into(), ..Sink::default() };
        sink.behind.hot_table = hot_table.map(|(schema, name)| (schema.into(), name.into()));
        sink
    }

    fn found(tables: &[(u32, &str, &str)]) -> Vec<TableRef> {
        let table = |(oid, schema, name): &(u32, &str, &str)| TableRef {
            oid: *oid,
            schema: (*schema).to_owned(),
            name: (*name).to_owned(),
        };
        tables.iter().map(table).collect()
    }

    #[test]
    fn the_hot_child_is_known_by_its_name_and_sealed_ones_by_their_numbers() {
        let tables = [
            (1, "s", "cars"),
            (2, "s", "cars_sealed_10"),
            (3, "s", "cars_hot"),
            (4, "s", "cars_sealed_9"),
            (5, "s", "trucks"),
        ];
        let tree = |sink: &Sink| tree(found(&tables), 1, sink);
        let by_default = tree(&sink(None)).expect("a hot child");
        assert_eq!(by_default.hot.oid, 3);
        assert_eq!(by_default.others.iter().map(|other| other.oid).collect::<Vec<_>>(), [4, 2, 1]);
        assert_eq!(tree(&sink(Some(("s", "trucks")))).map(|tree| tree.hot.oid), Some(5));
        assert_eq!(tree(&sink(Some(("t", "trucks")))), None);
    }

    #[test]
    fn a_childs_name_is_no_longer_than_the_server_keeps() {
        let long = "ü".repeat(31);
        assert_eq!(with_ending("cars", HOT), "cars_hot");
        assert_eq!(with_ending(&long, HOT), format!("{}_hot", "ü".repeat(29)));
        let sealed = sealed_name(&long, 1234);
        assert_eq!(sealed.len(), 62, "one more letter of two bytes doesn't fit: {sealed}");
        assert_eq!(sealed_number(&long, &sealed), Some(1234));
    }

    #[test]
    fn only_names_that_it_would_make_are_those_of_sealed_children() {
        assert_eq!(sealed_number("cars", "cars_sealed_7"), Some(7));
        for other in
            ["cars_sealed_", "cars_sealed_0", "cars_sealed_07", "cars_sealed_+7", "trucks_sealed_7", "cars_hot"]
        {
            assert_eq!(sealed_number("cars", other), None, "{other}");
        }
    }
}
