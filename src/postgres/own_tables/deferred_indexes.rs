//! The table of deferred indexes: what `sink.vector-index` = defer has dropped and not built again yet, one row for each index.

use super::create::{create, exists, try_create};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{literal, qualified};

const TABLE: &str = "vecsink_deferred_index";

/// An index that was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeferredIndex {
    pub name: String,
    /// The statement that makes it. All names in it are qualified.
    pub statement: String,
    /// Empty for the database's default tablespace.
    pub tablespace: String,
    /// Statements for what the definition leaves out: the comment, and the statistics targets of expressions. Often empty.
    pub afterwards: String,
    /// When and by which process it was dropped, for messages.
    pub dropped: String,
}

/// The table of deferred indexes, in the schema of a sink's table.
pub struct DeferredIndexTable {
    /// The schema of the sink's table.
    schema: String,
    /// The sink's table.
    table: String,
    greenplum: bool,
}

impl DeferredIndexTable {
    pub fn new(schema: &str, table: &str, greenplum: bool) -> DeferredIndexTable {
        DeferredIndexTable { schema: schema.to_owned(), table: table.to_owned(), greenplum }
    }

    /// `"schema"."name"`.
    pub fn quoted(&self) -> String {
        qualified(&self.schema, TABLE)
    }

    pub fn ddl(&self) -> String {
        let distributed = if self.greenplum { " DISTRIBUTED BY (table_name)" } else { "" };
        format!(
            "CREATE TABLE {} (table_name text, index_name text, definition text NOT NULL, tablespace text NOT NULL, \
             afterwards text NOT NULL, process text NOT NULL, dropped timestamptz NOT NULL, PRIMARY KEY (table_name, index_name)){distributed}",
            self.quoted()
        )
    }

    pub fn is_there(&self, session: &mut Session) -> Attempt<bool> {
        exists(session, &self.schema, TABLE)
    }

    /// Makes it where it is missing.
    pub fn ensure(&self, session: &mut Session) -> Attempt<()> {
        if !self.is_there(session)? {
            create(session, &self.ddl())?;
        }
        Ok(())
    }

    /// Whether [`DeferredIndexTable::ensure`] would succeed; leaves nothing behind.
    pub fn try_ensure(&self, session: &mut Session) -> Attempt<()> {
        if self.is_there(session)? {
            return Ok(());
        }
        match try_create(session, &self.ddl()) {
            // Another process has made it meanwhile.
            Err(failure) if failure.is_of_a_name_in_use() => Ok(()),
            tried => tried,
        }
    }

    /// Whether the session's role has the privileges that are needed. True as well where the table is missing.
    pub fn may_use(&self, session: &mut Session) -> Attempt<bool> {
        let may = session.first_value(&format!(
            "SELECT pg_catalog.bool_and(pg_catalog.has_table_privilege(c.oid, r.name))
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
                  (VALUES ('SELECT'), ('INSERT'), ('DELETE')) AS r (name)
             WHERE n.nspname = {} AND c.relname = '{TABLE}'",
            literal(&self.schema)
        ))?;
        Ok(may.as_deref() != Some("f"))
    }

    /// The indexes of the sink's table. None where there is no such table, or the role may not read it.
    pub fn read(&self, session: &mut Session) -> Attempt<Vec<DeferredIndex>> {
        let readable = session.first_value(&format!(
            "SELECT pg_catalog.has_table_privilege(c.oid, 'SELECT')
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = {} AND c.relname = '{TABLE}'",
            literal(&self.schema)
        ))?;
        if readable.as_deref() != Some("t") {
            return Ok(Vec::new());
        }
        let rows = session.ask(&format!(
            "SELECT index_name, definition, tablespace, afterwards, pg_catalog.date_trunc('second', dropped) || ' by ' || process
             FROM {} WHERE table_name = {} ORDER BY index_name",
            self.quoted(),
            literal(&self.table)
        ))?;
        let index = |row: Vec<String>| match <[String; 5]>::try_from(row) {
            Ok([name, statement, tablespace, afterwards, dropped]) => {
                Some(DeferredIndex { name, statement, tablespace, afterwards, dropped })
            }
            Err(_) => None,
        };
        Ok(rows.into_iter().filter_map(index).collect())
    }

    /// The statement that records indexes by their oids. It replaces older records of the same names.
    pub fn record(&self, names: &[&str], oids: &[&str], process: &str) -> String {
        let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
        format!(
            "DELETE FROM {0} WHERE table_name = {1} AND index_name IN ({2});
             INSERT INTO {0} (table_name, index_name, definition, tablespace, afterwards, process, dropped)
             SELECT {1}, x.relname, pg_catalog.pg_get_indexdef(x.oid), coalesce(s.spcname, ''),
                    pg_catalog.concat_ws('; ',
                        'COMMENT ON INDEX ' || {5} || ' IS ' || pg_catalog.quote_literal(pg_catalog.obj_description(x.oid, 'pg_class')),
                        (SELECT pg_catalog.string_agg('ALTER INDEX ' || {5} || ' ALTER COLUMN ' || a.attnum || ' SET STATISTICS '
                                                      || a.attstattarget, '; ' ORDER BY a.attnum)
                         FROM pg_catalog.pg_attribute a
                         WHERE a.attrelid = x.oid AND a.attstattarget >= 0
                           AND pg_catalog.current_setting('server_version_num')::int >= 110000)),
                    {3}, pg_catalog.now()
             FROM pg_catalog.pg_class x JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
             LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = x.reltablespace
             WHERE x.oid IN ({4})",
            self.quoted(),
            literal(&self.table),
            names.join(", "),
            literal(process),
            oids.join(", "),
            "pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(x.relname)"
        )
    }

    /// The statement that forgets an index.
    pub fn forget(&self, index: &str) -> String {
        format!(
            "DELETE FROM {} WHERE table_name = {} AND index_name = {}",
            self.quoted(),
            literal(&self.table),
            literal(index)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted_in_every_statement() {
        let table = DeferredIndexTable::new("S", "it's", false);
        assert_eq!(
            table.forget("a\\b"),
            r#"DELETE FROM "S"."vecsink_deferred_index" WHERE table_name = 'it''s' AND index_name = E'a\\b'"#
        );
        let record = table.record(&["i'", "j"], &["1", "2"], "vecsink job's/1");
        assert!(record.contains("index_name IN ('i''', 'j')"), "{record}");
        assert!(record.contains("'vecsink job''s/1'") && record.contains("x.oid IN (1, 2)"), "{record}");
        assert!(DeferredIndexTable::new("s", "t", true).ddl().ends_with("DISTRIBUTED BY (table_name)"));
    }
}
