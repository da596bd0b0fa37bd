//! The tables that hold a target table's rows when its vector index is behind them.

use tokio_postgres::Row;

use super::unreadable::unreadable;
use crate::error::{Error, Result};
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::qualified;
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
        qualified(&self.schema, &self.name)
    }
}

/// The target table and its children. In each committed state a key is in one of them at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The child that rows are written to.
    pub hot: TableRef,
    /// The other tables that have rows: the sealed children, then the target table itself. In the partitioned layout the indexed
    /// partition alone.
    pub others: Vec<TableRef>,
    /// `None`: the children inherit from the target table.
    pub partitioned: Option<Partitioned>,
}

/// What else there is in the partitioned layout: see [`partitioned`](super::partitioned).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitioned {
    /// The target table. It has no rows of its own.
    pub root: TableRef,
    /// The partition into which replaced rows go. It keeps none of them.
    pub replaced: TableRef,
}

impl Tree {
    /// The table with the vector index, into which rows move.
    pub fn indexed(&self) -> Option<&TableRef> {
        self.others.last()
    }

    /// The target table, through which all rows are read.
    pub fn target(&self) -> Option<&TableRef> {
        self.partitioned.as_ref().map(|partitioned| &partitioned.root).or(self.indexed())
    }

    /// All tables but the target table.
    pub fn children(&self) -> Vec<&TableRef> {
        let target = self.target();
        let replaced = self.partitioned.as_ref().map(|partitioned| &partitioned.replaced);
        [&self.hot].into_iter().chain(&self.others).chain(replaced).filter(|table| Some(*table) != target).collect()
    }
}

/// The tree of the table with this oid. `None`: it has no hot child.
pub fn read(session: &mut Session, table: u32, sink: &Sink) -> Result<Option<Tree>> {
    let children = children(session, table, sink)?;
    let itself = TableRef { oid: table, schema: sink.schema.clone(), name: sink.table.clone() };
    tree(itself, children.into_iter().map(|(child, _)| child).collect(), sink).map_err(|child| {
        Error::target(format!(
            "{}: 'sink.vector-index' = 'behind' isn't possible: it has another child, {}.{}, and a row there may have \
             the same key as one in the hot child; run: ALTER TABLE {} NO INHERIT {}; or set 'sink.vector-index' to 'inline'. (If it is the hot \
             child of an earlier run, set 'sink.vector-index.hot-table' to its name)",
            sink.name,
            child.schema,
            child.name,
            child.quoted(),
            TableRef { oid: table, schema: sink.schema.clone(), name: sink.table.clone() }.quoted()
        ))
    })
}

/// The end of the comment on each child that vecsink makes.
pub const COMMENT: &str = "vecsink moves them.";

/// Refuses a job that would write into the table itself while some rows are in children that vecsink has made: their keys wouldn't be
/// found.
pub fn refuse_left_children(session: &mut Session, table: u32, sink: &Sink) -> Result<()> {
    let children = children(session, table, sink)?;
    let own: Vec<&TableRef> = children.iter().filter(|(_, is_own)| *is_own).map(|(child, _)| child).collect();
    let list = |show: fn(&TableRef) -> String| own.iter().map(|child| show(child)).collect::<Vec<_>>().join(", ");
    if own.is_empty() {
        return Ok(());
    }
    Err(Error::target(format!(
        "{}: it has children of 'sink.vector-index' = 'behind' ({}), and a row whose key is in one of them would be written a second \
         time; set 'sink.vector-index' to 'behind' in all jobs that write it, or, when no job uses them, move their rows into the \
         table (docs/vector-index.md says how) and run: DROP TABLE {}",
        sink.name,
        list(|child| format!("{}.{}", child.schema, child.name)),
        list(TableRef::quoted)
    )))
}

/// The table's children, and whether vecsink has made them.
fn children(session: &mut Session, table: u32, sink: &Sink) -> Result<Vec<(TableRef, bool)>> {
    let rows = session
        .client()
        .query(
            "SELECT c.oid, n.nspname::text, c.relname::text,
                    coalesce(pg_catalog.obj_description(c.oid, 'pg_class') LIKE '%' || $2::text, false)
             FROM pg_catalog.pg_inherits i
             JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE i.inhparent = $1",
            &[&table, &COMMENT],
        )
        .map_err(|error| unreadable(session, &sink.name, &error))?;
    let child = |row: &Row| (TableRef { oid: row.get(0), schema: row.get(1), name: row.get(2) }, row.get(3));
    Ok(rows.iter().map(child).collect())
}

/// Finds out which child is the hot one and which are sealed. The oldest sealed child comes first. The error is a child that is
/// neither.
fn tree(table: TableRef, children: Vec<TableRef>, sink: &Sink) -> std::result::Result<Option<Tree>, TableRef> {
    let (hot_schema, hot_name) = hot_child_name(sink);
    let mut hot = None;
    let mut others = vec![(u32::MAX, table)];
    for child in children {
        if child.name == hot_name && child.schema == hot_schema {
            hot = Some(child);
        } else if let Some(number) = sealed_number(&sink.table, &child.name) {
            others.push((number, child));
        } else {
            return Err(child);
        }
    }
    others.sort_by_key(|(number, child)| (*number, child.oid));
    let others = others.into_iter().map(|(_, table)| table).collect();
    Ok(hot.map(|hot| Tree { hot, others, partitioned: None }))
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
        let tables = [(2, "s", "cars_sealed_10"), (3, "s", "cars_hot"), (4, "s", "cars_sealed_9")];
        let cars = || TableRef { oid: 1, schema: "s".into(), name: "cars".into() };
        let by_default = tree(cars(), found(&tables), &sink(None)).expect("no other child").expect("a hot child");
        assert_eq!(by_default.hot.oid, 3);
        assert_eq!(by_default.others.iter().map(|other| other.oid).collect::<Vec<_>>(), [4, 2, 1]);
        let named = |schema| tree(cars(), found(&[(5, "s", "trucks")]), &sink(Some((schema, "trucks"))));
        assert_eq!(named("s").expect("no other child").map(|tree| tree.hot.oid), Some(5));
        assert_eq!(named("t").map_err(|other| other.oid), Err(5));
        assert_eq!(tree(cars(), Vec::new(), &sink(None)), Ok(None));
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
    fn only_a_name_that_sealing_gives_is_that_of_a_sealed_child() {
        assert_eq!(sealed_number("cars", "cars_sealed_7"), Some(7));
        for other in
            ["cars_sealed_", "cars_sealed_0", "cars_sealed_07", "cars_sealed_+7", "trucks_sealed_7", "cars_hot"]
        {
            assert_eq!(sealed_number("cars", other), None, "{other}");
        }
    }
}
