//! The partitioned layout of a table whose vector index is behind its rows, for tables that other programs change, too. A column says
//! in which partition a row is. A row moves when this column is updated through the table. A statement of another program that
//! meets a row just then gets a serialization failure. With children that inherit from the target table, that statement would
//! do nothing, without an error.

use super::tree::{Partitioned, TableRef, Tree};
use super::unreadable::unreadable;
use crate::error::{Error, Result};
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::qualified;
use crate::settings::Sink;

/// The column by which the table is partitioned.
pub const TIER: &str = "vecsink_tier";

/// Its value in each partition: in the hot one, in the indexed one, and in the one that keeps no row.
pub const HOT: i16 = 0;
pub const INDEXED: i16 = 1;
pub const REPLACED: i16 = 2;

/// The tree of a partitioned table. `None`: it has another layout.
pub fn read(session: &mut Session, table: u32, sink: &Sink) -> Result<Option<Tree>> {
    let rows = session
        .client()
        .query(
            "SELECT c.oid, n.nspname::text, c.relname::text, pg_catalog.pg_get_expr(c.relpartbound, c.oid)
             FROM pg_catalog.pg_inherits i
             JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE i.inhparent = $1 AND c.relkind = 'r' AND pg_catalog.pg_get_partkeydef(i.inhparent) = $2::text",
            &[&table, &format!("LIST ({TIER})")],
        )
        .map_err(|error| unreadable(session, &sink.name, &error))?;
    let partition = |tier: i16| {
        let row = rows.iter().find(|row| row.get::<_, Option<&str>>(3).and_then(tier_of) == Some(tier))?;
        Some(TableRef { oid: row.get(0), schema: row.get(1), name: row.get(2) })
    };
    let (3, Some(hot), Some(indexed), Some(replaced)) =
        (rows.len(), partition(HOT), partition(INDEXED), partition(REPLACED))
    else {
        return if rows.is_empty() { Ok(None) } else { Err(incomplete(sink)) };
    };
    let root = TableRef { oid: table, schema: sink.schema.clone(), name: sink.table.clone() };
    Ok(Some(Tree { hot, others: vec![indexed], partitioned: Some(Partitioned { root, replaced }) }))
}

fn incomplete(sink: &Sink) -> Error {
    Error::target(format!(
        "{}: it is partitioned by {TIER}, but doesn't have exactly one partition for each of the values {HOT}, {INDEXED} and {REPLACED}; \
         attach the one that is missing: ALTER TABLE {} ATTACH PARTITION … FOR VALUES IN (…)",
        sink.name,
        qualified(&sink.schema, &sink.table)
    ))
}

/// The one value in `FOR VALUES IN ('1')`.
fn tier_of(bound: &str) -> Option<i16> {
    bound.strip_prefix("FOR VALUES IN (")?.strip_suffix(')')?.trim_matches('\'').parse().ok()
}

/// Refuses a job that writes the column itself.
pub fn refuse_tier(name: &str, sink: &Sink) -> Result<()> {
    match sink.columns.iter().any(|column| column.name == TIER) {
        true => Err(Error::target(format!(
            "{name}: the column {TIER} says in which partition a row is, and only vecsink changes it; leave it out of the sink \
             table's columns"
        ))),
        false => Ok(()),
    }
}

/// The error of a job whose rows would go into the hot partition, from where nobody moves them.
pub fn only_behind(name: &str) -> Error {
    Error::target(format!(
        "{name}: it has the partitioned layout of 'sink.vector-index' = 'behind'; set 'sink.vector-index' to 'behind' in all jobs that \
         write it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_known_by_its_one_value() {
        assert_eq!(tier_of("FOR VALUES IN ('1')"), Some(1));
        assert_eq!(tier_of("FOR VALUES IN (2)"), Some(2));
        for other in ["FOR VALUES IN ('0', '1')", "DEFAULT", "FOR VALUES FROM (0) TO (1)", "FOR VALUES IN (NULL)"] {
            assert_eq!(tier_of(other), None, "{other}");
        }
    }
}
