//! The tables that hold a target table's rows when its vector index is behind them.

use super::unreadable::unreadable;
use crate::error::Result;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::quote;

/// How the name of the hot child ends.
const HOT: &str = "_hot";

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

/// The tree of the table with this oid. `None`: it has no hot child.
pub fn read(session: &mut Session, table: u32, name: &str) -> Result<Option<Tree>> {
    let rows = session
        .client()
        .query(
            "SELECT c.oid, n.nspname::text, c.relname::text FROM pg_catalog.pg_class c
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.oid = $1 OR c.oid IN (SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = $1)
             ORDER BY c.oid = $1, c.oid",
            &[&table],
        )
        .map_err(|error| unreadable(session, name, &error))?;
    let found = rows.iter().map(|row| TableRef { oid: row.get(0), schema: row.get(1), name: row.get(2) });
    let (mut hot, mut others): (Vec<_>, Vec<_>) =
        found.partition(|child| child.oid != table && child.name.ends_with(HOT));
    let tree = hot.pop().map(|hot| Tree { hot, others: std::mem::take(&mut others) });
    Ok(tree)
}
