//! The statements that make deferred indexes, for the server and for people.

use super::refuse::{grant_create, grant_records};
use crate::postgres::connect::sql::{literal, quote};
use crate::postgres::own_tables::deferred_indexes::{DeferredIndex, DeferredIndexTable};
use crate::postgres::vector_index::parent::Parent;

/// How an index is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildKind {
    /// CREATE INDEX: reads the table once, and deletes the record in the same transaction. Other sessions that write the table wait
    /// meanwhile.
    Plain,
    /// CREATE INDEX CONCURRENTLY: for a table that rows are still written to. It reads the table twice, and waits for transactions that
    /// are older than itself.
    Concurrent,
}

/// `CREATE INDEX …`.
pub fn create_index(index: &DeferredIndex, kind: BuildKind) -> String {
    match kind {
        BuildKind::Plain => index.statement.clone(),
        BuildKind::Concurrent => index.statement.replacen("CREATE INDEX ", "CREATE INDEX CONCURRENTLY ", 1),
    }
}

/// The value of `default_tablespace` for the build. Empty for the database's default tablespace.
pub fn tablespace(index: &DeferredIndex) -> String {
    literal(&index.tablespace)
}

/// The statements that are run in one transaction when the index is there.
pub fn finish(index: &DeferredIndex, table: &DeferredIndexTable) -> String {
    let forget = table.forget(&index.name);
    match index.afterwards.as_str() {
        "" => forget,
        afterwards => format!("{afterwards}; {forget}"),
    }
}

/// The statements for a person who builds the indexes by hand.
pub fn by_hand(indexes: &[DeferredIndex], table: &DeferredIndexTable) -> String {
    let statements = |index: &DeferredIndex| {
        let tablespace =
            (!index.tablespace.is_empty()).then(|| format!("SET default_tablespace TO {}", tablespace(index)));
        let made = [create_index(index, BuildKind::Plain), finish(index, table)];
        tablespace.into_iter().chain(made).collect::<Vec<_>>().join("; ")
    };
    indexes.iter().map(statements).collect::<Vec<_>>().join("; ")
}

/// The statements that `vecsink ddl` prints, for a role that isn't the table's owner or may create no table.
pub fn needed(parent: &Parent, table: &DeferredIndexTable, is_there: bool) -> String {
    let (name, role) = (format!("{}.{}", parent.schema, parent.name), quote(&parent.role));
    let mut lines = vec![format!("-- {name}: what 'sink.vector-index' = 'defer' needs")];
    if !is_there {
        lines.push("-- The definitions of the dropped indexes are stored here until they are built again.".to_owned());
        lines.push(format!("{};", table.ddl()));
    }
    lines.push(format!("{};", grant_records(parent, table)));
    lines.push(format!("{};", grant_create(parent)));
    if !parent.may_own {
        lines.push(format!("-- Only the owner of {name} may drop and build its indexes."));
        lines.push(format!("GRANT {} TO {role};", quote(&parent.owner)));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> DeferredIndex {
        DeferredIndex {
            name: "Cars_v".into(),
            statement: r#"CREATE INDEX "Cars_v" ON s.cars USING hnsw (v public.vector_l2_ops)"#.into(),
            tablespace: String::new(),
            afterwards: String::new(),
            dropped: String::new(),
        }
    }

    #[test]
    fn the_recorded_statement_is_run_as_it_is_or_concurrently() {
        assert_eq!(create_index(&index(), BuildKind::Plain), index().statement);
        assert_eq!(
            create_index(&index(), BuildKind::Concurrent),
            r#"CREATE INDEX CONCURRENTLY "Cars_v" ON s.cars USING hnsw (v public.vector_l2_ops)"#
        );
    }

    #[test]
    fn the_statements_for_a_person_set_the_comment_and_delete_the_record_too() {
        let table = DeferredIndexTable::new("s", "cars", false);
        let special = DeferredIndex {
            tablespace: "fast".into(),
            afterwards: "COMMENT ON INDEX s.c IS 'it''s'".into(),
            ..index()
        };
        assert_eq!(
            by_hand(&[special], &table),
            r#"SET default_tablespace TO 'fast'; CREATE INDEX "Cars_v" ON s.cars USING hnsw (v public.vector_l2_ops); COMMENT ON INDEX s.c IS 'it''s'; DELETE FROM "s"."vecsink_deferred_index" WHERE table_name = 'cars' AND index_name = 'Cars_v'"#
        );
        assert_eq!(tablespace(&index()), "''");
    }
}
