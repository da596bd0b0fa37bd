//! Moves rows from a child of the target table into the table itself. A move is one statement in a short transaction: it locks
//! rows that nobody else has locked, deletes them in the child and inserts them into the table. A writer changes a key in the
//! child first. If a move has this key in flight, the writer waits there for its end, and finds the row in the table afterwards.

use crate::postgres::catalog::partitioned::{HOT, INDEXED, TIER};
use crate::postgres::catalog::tree::TableRef;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{assignments, list, literal};

/// The error quotes this word, in whatever language the server's messages are.
const ALTERED: &str = "vecsink_altered";

/// What a move copies: all columns but those that the database generates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedColumns {
    names: Vec<String>,
    /// Those that an UPDATE may not set: GENERATED ALWAYS AS IDENTITY.
    fixed: Vec<String>,
    /// The clause that lets an INSERT write an identity column, where there is one.
    overriding: &'static str,
    /// What [`shape_of`] gives for the target table.
    shape: String,
}

/// What a move did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    pub rows: usize,
    /// Rows that replaced one that another program had inserted into the table.
    pub replaced: usize,
    /// The last page of the child from which rows were taken. `None`: there were none to take.
    pub last_page: Option<u64>,
}

/// A query for the names and types of a table's columns, in one text.
fn shape_of(table: &TableRef) -> String {
    format!(
        "SELECT coalesce(pg_catalog.string_agg(a.attname::text || ' ' || a.atttypid::text || ' ' || a.atttypmod::text || ' '
             || coalesce(pg_catalog.row_to_json(a) ->> 'attgenerated', ''), ',' ORDER BY a.attname), '')
         FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = {}::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped",
        literal(&table.quoted())
    )
}

impl MovedColumns {
    /// The quoted names with commas between them.
    pub fn list(&self) -> String {
        list(self.names.iter().map(String::as_str))
    }

    pub fn read(session: &mut Session, parent: &TableRef) -> Attempt<MovedColumns> {
        let rows = session.ask(&format!(
            "SELECT a.attname, coalesce(pg_catalog.row_to_json(a) ->> 'attgenerated', ''),
                    coalesce(pg_catalog.row_to_json(a) ->> 'attidentity', ''), ({})
             FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = {}::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            shape_of(parent),
            literal(&parent.quoted())
        ))?;
        let mut columns = MovedColumns { names: Vec::new(), fixed: Vec::new(), overriding: "", shape: String::new() };
        for row in rows {
            let [name, generated, identity, shape] = row.as_slice() else { continue };
            if generated.is_empty() {
                columns.names.push(name.clone());
            }
            if !identity.is_empty() {
                columns.overriding = " OVERRIDING SYSTEM VALUE";
            }
            if identity == "a" {
                columns.fixed.push(name.clone());
            }
            columns.shape.clone_from(shape);
        }
        Ok(columns)
    }

    /// The statement that moves at most `rows` rows, from this page of the child on. If the table has a row with the same key, which
    /// only another program can have inserted, the moved row replaces it.
    fn statement(&self, child: &TableRef, parent: &TableRef, key: &[String], rows: usize, page: u64) -> String {
        let columns = self.list();
        let (child, parent, overriding) = (child.quoted(), parent.quoted(), self.overriding);
        let may_change = |name: &&String| !key.contains(name) && !self.fixed.contains(name);
        let changed: Vec<&str> = self.names.iter().filter(may_change).map(String::as_str).collect();
        let by_key = list(key.iter().map(String::as_str));
        let on_conflict = match (key, changed.as_slice()) {
            ([], _) => String::new(),
            (_, []) => format!(" ON CONFLICT ({by_key}) DO NOTHING"),
            (_, changed) => format!(" ON CONFLICT ({by_key}) DO UPDATE SET {}", assignments(changed, "EXCLUDED")),
        };
        format!(
            "WITH taken AS ({}), gone AS (
               DELETE FROM ONLY {child} WHERE ctid = ANY (ARRAY(SELECT place FROM taken)) RETURNING {columns}
             ), moved AS (
               INSERT INTO {parent} ({columns}){overriding} SELECT {columns} FROM gone{on_conflict}
               RETURNING xmax::text <> '0' AS replaced
             )
             SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM moved WHERE replaced), ({LAST_PAGE})",
            taken(&child, rows, page)
        )
    }
}

/// Locks at most `rows` rows of a child that nobody else holds, from this page on.
fn taken(child: &str, rows: usize, page: u64) -> String {
    format!(
        "SELECT ctid AS place FROM ONLY {child} WHERE ctid >= '({page},0)'::pg_catalog.tid LIMIT {rows} FOR UPDATE SKIP LOCKED"
    )
}

/// The last page of which rows were taken.
const LAST_PAGE: &str = "SELECT max((place::text::pg_catalog.point)[0])::bigint FROM taken";

/// Moves rows in a transaction of their own. The transaction is undone if a column was added, dropped or altered since the columns
/// were read: see [`is_altered`].
pub fn move_rows(
    session: &mut Session,
    columns: &MovedColumns,
    (child, parent): (&TableRef, &TableRef),
    key: &[String],
    rows: usize,
    page: u64,
) -> Attempt<Moved> {
    session.begin_without_rows()?;
    let answer = session.ask(&columns.statement(child, parent, key, rows, page))?;
    let shape = literal(&columns.shape);
    // The transaction's own locks keep both tables as they are.
    session.run(&format!(
        "SELECT CASE WHEN s.parent = {shape} AND s.child = {shape} THEN 0
                     ELSE CAST('{ALTERED} ' || s.parent || ' ' || s.child AS int) END
         FROM (SELECT ({}) AS parent, ({}) AS child) AS s; COMMIT",
        shape_of(parent),
        shape_of(child)
    ))?;
    Ok(moved(&answer))
}

fn moved(answer: &[Vec<String>]) -> Moved {
    let number = |at: usize| answer.first().and_then(|row| row.get(at)).and_then(|text| text.parse::<u64>().ok());
    let count = |at| number(at).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    Moved { rows: count(0), replaced: count(1), last_page: number(2) }
}

/// The statement that moves rows from the hot partition into the indexed one. Whoever changes one of them meanwhile through the root
/// gets a serialization failure.
fn statement_of_partitions(hot: &TableRef, root: &TableRef, rows: usize, page: u64) -> String {
    format!(
        "WITH taken AS ({}), moved AS (
           UPDATE {} SET {TIER} = {INDEXED} WHERE {TIER} = {HOT} AND ctid = ANY (ARRAY(SELECT place FROM taken))
           RETURNING 1
         )
         SELECT (SELECT count(*) FROM moved), 0, ({LAST_PAGE})",
        taken(&hot.quoted(), rows, page),
        root.quoted()
    )
}

/// Moves rows between the partitions of a table, in a transaction of their own.
pub fn move_between_partitions(
    session: &mut Session,
    (hot, root): (&TableRef, &TableRef),
    rows: usize,
    page: u64,
) -> Attempt<Moved> {
    session.begin_without_rows()?;
    let answer = session.ask(&statement_of_partitions(hot, root, rows, page))?;
    session.run("COMMIT")?;
    Ok(moved(&answer))
}

/// Whether a move failed because the columns are no longer those that were read.
pub fn is_altered(failure: &AttemptError) -> bool {
    failure.text.contains(ALTERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(key: &[&str]) -> String {
        let table = |name: &str| TableRef { oid: 1, schema: "s".into(), name: name.into() };
        let columns = MovedColumns {
            names: vec!["id".into(), "A".into(), "n".into()],
            fixed: vec!["n".into()],
            overriding: " OVERRIDING SYSTEM VALUE",
            shape: String::new(),
        };
        let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        columns.statement(&table("t_hot"), &table("t"), &key, 7, 3)
    }

    #[test]
    fn in_the_partitioned_layout_a_move_is_an_update_through_the_root() {
        let table = |name: &str| TableRef { oid: 1, schema: "s".into(), name: name.into() };
        let moved = statement_of_partitions(&table("t_hot"), &table("t"), 7, 3);
        let update = r#"UPDATE "s"."t" SET vecsink_tier = 1 WHERE vecsink_tier = 0 AND ctid = ANY (ARRAY(SELECT place FROM taken))"#;
        assert!(moved.contains(update), "{moved}");
    }

    #[test]
    fn a_move_names_its_tables_and_columns_and_replaces_what_others_inserted() {
        let moved = statement(&["id"]);
        for part in [
            r#"FROM ONLY "s"."t_hot" WHERE ctid >= '(3,0)'::pg_catalog.tid LIMIT 7 FOR UPDATE SKIP LOCKED"#,
            r#"DELETE FROM ONLY "s"."t_hot" WHERE ctid = ANY (ARRAY(SELECT place FROM taken)) RETURNING "id", "A", "n""#,
            r#"INSERT INTO "s"."t" ("id", "A", "n") OVERRIDING SYSTEM VALUE SELECT "id", "A", "n" FROM gone"#,
            "ON CONFLICT (\"id\") DO UPDATE SET \"A\" = EXCLUDED.\"A\"\n",
        ] {
            assert!(moved.contains(part), "{part}: {moved}");
        }
        assert!(statement(&["id", "A"]).contains(r#"ON CONFLICT ("id", "A") DO NOTHING"#));
        assert!(!statement(&[]).contains("ON CONFLICT"));
    }
}
