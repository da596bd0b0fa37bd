//! The vector indexes that a table has, including the invalid ones.

use std::time::Duration;

use super::cost::TableSize;
use crate::postgres::catalog::tree::TableRef;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::vector_index::parent::{from_using, is_vector_index};

/// How often [`undisturbed`] tries, and how long it waits between two tries.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);
/// What a row takes in its page besides its values, in bytes.
const ROW_OVERHEAD: u64 = 8;

/// A vector index that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresentIndex {
    pub oid: String,
    pub name: String,
    /// From USING on.
    pub definition: String,
    /// A build that failed or was interrupted leaves an invalid one.
    pub is_valid: bool,
    pub bytes: u64,
    /// 0: not known.
    pub dimensions: usize,
    /// Its tablespace, if the session's role may create nothing there. Otherwise empty.
    pub closed_tablespace: String,
}

/// The vector indexes of the table with this oid. Unique indexes and those of exclusion constraints are never among them.
pub fn read(session: &mut Session, table: u32) -> Attempt<Vec<PresentIndex>> {
    let rows = session.ask(&format!(
        "SELECT x.oid, x.relname, pg_catalog.pg_get_indexdef(x.oid), i.indisvalid, pg_catalog.pg_relation_size(x.oid),
                m.amname, coalesce(t.typname, ''),
                (SELECT greatest(a.atttypmod, 0) FROM pg_catalog.pg_attribute a WHERE a.attrelid = x.oid AND a.attnum = 1),
                coalesce((SELECT s.spcname FROM pg_catalog.pg_tablespace s
                          WHERE s.oid = x.reltablespace AND NOT pg_catalog.has_tablespace_privilege(s.oid, 'CREATE')), '')
         FROM pg_catalog.pg_index i
         JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
         JOIN pg_catalog.pg_am m ON m.oid = x.relam
         LEFT JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[0]
         LEFT JOIN pg_catalog.pg_type t ON t.oid = o.opcintype
         WHERE i.indrelid = {table} AND NOT i.indisunique AND NOT i.indisexclusion ORDER BY x.relname"
    ))?;
    let index = |row: &Vec<String>| match row.as_slice() {
        [oid, name, definition, is_valid, bytes, method, operand, dimensions, closed_tablespace]
            if is_vector_index(method, operand) =>
        {
            Some(PresentIndex {
                oid: oid.clone(),
                name: name.clone(),
                definition: from_using(definition).to_owned(),
                is_valid: is_valid == "t",
                bytes: bytes.parse().unwrap_or(0),
                dimensions: dimensions.parse().unwrap_or(0),
                closed_tablespace: closed_tablespace.clone(),
            })
        }
        _ => None,
    };
    Ok(rows.iter().filter_map(index).collect())
}

/// Repeats `work` while another process drops an index at the same moment: the server can't describe that index.
pub fn undisturbed<T>(session: &mut Session, mut work: impl FnMut(&mut Session) -> Attempt<T>) -> Attempt<T> {
    for _ in 1..TRIES {
        match work(session) {
            // "cache lookup failed"
            Err(failure) if failure.is("XX000") => {
                session.forgive();
                session.recover();
                std::thread::sleep(PAUSE);
            }
            outcome => return outcome,
        }
    }
    work(session)
}

/// The indexes that are recorded when all are dropped. An invalid one is recorded, too, so that it is built again, unless it is only
/// left over from the build of another index with the same definition.
pub fn to_record(present: &[PresentIndex]) -> Vec<&PresentIndex> {
    let is_leftover = |index: &PresentIndex| {
        let earlier = present.iter().take_while(|other| other.oid != index.oid);
        let valid = present.iter().any(|other| other.is_valid && other.definition == index.definition);
        !index.is_valid && (valid || earlier.into_iter().any(|other| other.definition == index.definition))
    };
    present.iter().filter(|index| !is_leftover(index)).collect()
}

/// The number of rows and their width, from the server's estimates and a few of the rows. After a crash the server has no estimate: then
/// the number of rows is computed from the table's bytes.
pub fn size(session: &mut Session, table: &TableRef) -> Attempt<TableSize> {
    let row = session.ask(&format!(
        "SELECT greatest(c.reltuples::bigint, pg_catalog.pg_stat_get_live_tuples(c.oid), 0),
                coalesce((SELECT avg(pg_catalog.pg_column_size(s.*)) FROM (SELECT * FROM ONLY {} LIMIT 20) AS s), 0)::bigint,
                pg_catalog.pg_table_size(c.oid)
         FROM pg_catalog.pg_class c WHERE c.oid = {}",
        table.quoted(),
        table.oid
    ))?;
    let number = |at: usize| row.first().and_then(|row| row.get(at)).and_then(|text| text.parse().ok()).unwrap_or(0);
    let (estimate, width, bytes): (u64, u64, u64) = (number(0), number(1), number(2));
    let rows = match estimate {
        0 if width > 0 => bytes / (width + ROW_OVERHEAD),
        _ => estimate,
    };
    Ok(TableSize { rows, width })
}

/// Counts the rows. The estimates lack those of the last seconds, and a build that is given too little memory takes many times longer.
/// Reading all rows once more costs little, because the build reads them anyway.
pub fn count(session: &mut Session, table: &TableRef) -> Attempt<u64> {
    let count = session.first_value(&format!("SELECT pg_catalog.count(*) FROM ONLY {}", table.quoted()))?;
    Ok(count.and_then(|count| count.parse().ok()).unwrap_or(0))
}

/// `a, b`.
pub fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_index_is_recorded_unless_it_is_a_leftover_of_another() {
        let index = |oid: &str, definition: &str, is_valid| PresentIndex {
            oid: oid.to_owned(),
            definition: definition.to_owned(),
            is_valid,
            ..PresentIndex::default()
        };
        let oids = |present: &[PresentIndex]| {
            to_record(present).into_iter().map(|index| index.oid.clone()).collect::<Vec<_>>()
        };
        assert_eq!(oids(&[index("1", "a", false), index("2", "a", true), index("3", "b", true)]), ["2", "3"]);
        assert_eq!(oids(&[index("1", "a", false), index("2", "a", false)]), ["1"]);
        assert_eq!(oids(&[index("1", "a", true), index("2", "a", true)]), ["1", "2"], "both were made on purpose");
    }
}
