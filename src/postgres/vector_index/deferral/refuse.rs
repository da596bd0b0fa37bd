//! Tables and sessions whose vector indexes can't be deferred, and what to do about it.

use crate::error::{Error, Result};
use crate::postgres::connect::sql::quote;
use crate::postgres::own_tables::deferred_indexes::DeferredIndexTable;
use crate::postgres::vector_index::parent::Parent;
use crate::postgres::vector_index::refuse::other_kind;

const INLINE: &str = "set 'sink.vector-index' to 'inline'";

/// Refuses a table whose indexes can't be dropped alone, and a pooler. `name`: schema and table, for the message.
pub fn refuse(parent: &Parent, name: &str, behind_pooler: bool) -> Result<()> {
    let why = if let Some(what) = other_kind(parent) {
        match parent.kind.as_str() {
            "p" => format!(
                "it is {what}: the indexes of its partitions belong to its own index, and none of them can be dropped alone; {INLINE}, or drop the \
                 index yourself and make it again after the load"
            ),
            _ => format!("it is {what}; {INLINE}"),
        }
    } else if behind_pooler {
        format!(
            "a pooler before the server gives each transaction another session, but the lock of a process that loads the table needs \
             one session for the whole time; connect to the server itself, or {INLINE}"
        )
    } else {
        return Ok(());
    };
    Err(Error::target(format!("{name}: 'sink.vector-index' = 'defer' isn't possible: {why}")))
}

/// What the session's role needs, besides the rights of the table's owner.
#[derive(Debug, Default)]
pub struct Rights {
    /// It may create something in the table's schema.
    pub may_create: bool,
    /// It may read and write the table of deferred indexes.
    pub may_record: bool,
    /// Tablespaces of indexes in which it may create nothing.
    pub closed_tablespaces: Vec<String>,
}

/// Dropping and building indexes needs the rights of the table's owner. Building needs other rights, too: an index that was dropped
/// without them couldn't be built again.
pub fn refuse_role(parent: &Parent, rights: &Rights, records: &DeferredIndexTable, name: &str) -> Result<()> {
    let (role, owner) = (&parent.role, &parent.owner);
    let why = if !parent.may_own {
        format!(
            "which only the table's owner may do, and {role} is neither {owner} nor a member of that role; ask {owner} to run what \
             vecsink ddl prints, or {INLINE}"
        )
    } else if !rights.may_create {
        format!("and {role} may create nothing in the table's schema; ask its owner to run: {}", grant_create(parent))
    } else if let Some(tablespace) = rights.closed_tablespaces.first() {
        format!(
            "and {role} may create nothing in the tablespace of an index; ask its owner to run: GRANT CREATE ON TABLESPACE {} TO {}",
            quote(tablespace),
            quote(role)
        )
    } else if !rights.may_record {
        format!("and {role} may not record them; ask the owner of the table to run: {}", grant_records(parent, records))
    } else {
        return Ok(());
    };
    Err(Error::Target {
        message: format!("{name}: 'sink.vector-index' = 'defer' drops and builds indexes, {why}"),
        sqlstate: Some("42501".to_owned()),
        passing: false,
    })
}

/// The statement that lets the job's role use the table of deferred indexes.
pub fn grant_records(parent: &Parent, records: &DeferredIndexTable) -> String {
    format!("GRANT SELECT, INSERT, DELETE ON {} TO {}", records.quoted(), quote(&parent.role))
}

/// The statement that lets the job's role make indexes in the table's schema.
pub fn grant_create(parent: &Parent) -> String {
    format!("GRANT CREATE ON SCHEMA {} TO {}", quote(&parent.schema), quote(&parent.role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pooler_and_other_kinds_of_tables_are_refused_with_what_to_do() {
        let parent = |kind: &str| Parent { kind: kind.to_owned(), ..Parent::default() };
        assert_eq!(refuse(&parent("r"), "s.t", false), Ok(()));
        for (parent, behind_pooler, expected) in [
            (parent("p"), false, "it is a partitioned table: the indexes of its partitions"),
            (parent("v"), false, "it is a view; set"),
            (parent("r"), true, "a pooler before the server"),
        ] {
            let error = refuse(&parent, "s.t", behind_pooler).expect_err("it is refused").to_string();
            assert!(error.contains(expected) && error.contains(INLINE), "{error}");
        }
    }
}
