//! The SQL texts of one target. Every name is quoted.

use tokio_postgres::Statement as Prepared;

use super::clauses::{ByKeys, overriding, same};
use super::others::{OtherTable, Resolution, others};
use super::unchanged::Unchanged;
use crate::batch::RowFormat;
use crate::postgres::catalog::capabilities::Capabilities;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::{Session, StagingTable};
use crate::postgres::connect::sql::{assignments, list, own_name, quote};
use crate::settings::ConflictMode;

/// How the staging table's name begins. It ends with random bits, because behind a transaction pooler a session of the server
/// may still have the table of another process.
pub const STAGE: &str = "vecsink_stage";

/// One of a target's statements, and its place in a session's prepared ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement {
    CopyBinary,
    CopyText,
    /// ADBPG's COPY that resolves conflicts itself.
    ResolvingBinary,
    ResolvingText,
    StagingBinary,
    StagingText,
    /// From the staging table into the table; on servers without ON CONFLICT in two steps.
    Store,
    StoreRest,
    /// The same for updates of the source under `strict`. They replace the row that has their key: that is no conflict.
    Upsert,
    UpsertRest,
    ClearStaging,
    /// Keeps the tree as it is until the transaction ends. Empty without a tree.
    LockHotChild,
    /// Takes the rows out of the staging table that the table has already, exactly so. Empty where such rows are written again.
    DropUnchanged,
    /// Deletes by key. The keys are arrays in the binary form of their types, or of text.
    DeleteBinary,
    DeleteText,
}

const COUNT: usize = Statement::DeleteText as usize + 1;

#[derive(Debug)]
pub struct Statements {
    texts: [String; COUNT],
    /// How the staging table is made.
    pub staging: StagingTable,
    /// The oids of the types that deletes compare, in the order of the key's columns.
    pub key_types: Vec<u32>,
    /// The places of the key's columns in a row, in the same order.
    pub key: Vec<usize>,
    /// Inserts a copy of a row of the table, to see whether the table takes rows at all.
    pub insert_copy: String,
    patch: Patch,
    /// The other tables of the tree.
    pub others: Vec<OtherTable>,
    unchanged: Option<Unchanged>,
    /// What becomes of a written row whose key one of the other tables has. `None`: there are none, or no key is unique.
    pub resolution: Option<Resolution>,
}

/// The parts of a partial update.
#[derive(Debug)]
struct Patch {
    /// The tables that may have the row.
    tables: Vec<String>,
    staging: String,
    columns: Vec<String>,
    /// The condition that a row of the table and one of the staging table have the same key.
    same: String,
    /// Finds a staged row whose key is nowhere in the tree; empty without a tree.
    missing: String,
}

impl Statements {
    pub fn new(catalog: &Catalog, mode: ConflictMode, capabilities: &Capabilities) -> Self {
        Statements::with_staging(catalog, mode, capabilities, &own_name(STAGE))
    }

    fn with_staging(catalog: &Catalog, mode: ConflictMode, capabilities: &Capabilities, own_staging: &str) -> Self {
        // Where there is a tree, rows are written to the hot child.
        let table = catalog.tree.as_ref().map_or_else(|| catalog.quoted(), |tree| tree.hot.quoted());
        let columns = list(catalog.columns.iter().map(|column| column.name.as_str()));
        let copy = |into: &str, format: &str, tail: &str| {
            format!("COPY {into} ({columns}) FROM STDIN (FORMAT {format}){tail}")
        };
        let staging = format!("pg_temp.{own_staging}");
        let others = others(catalog, COUNT, &staging);
        let resolve = match mode {
            ConflictMode::Upsert => " DO ON CONFLICT DO UPDATE",
            ConflictMode::Ignore | ConflictMode::Strict => " DO ON CONFLICT DO NOTHING",
        };
        let store = |mode| store(catalog, mode, capabilities, &table, &columns, &staging);
        let (store, rest, (upsert, upsert_rest)) = {
            let ((first, rest), upsert) = (store(mode), store(ConflictMode::Upsert));
            (first, rest, upsert)
        };
        let missing = match &catalog.tree {
            Some(_) => format!(
                "SELECT 1 FROM {staging} AS s WHERE NOT EXISTS (SELECT 1 FROM {} AS t WHERE {}) LIMIT 1",
                catalog.quoted(),
                same(catalog)
            ),
            None => String::new(),
        };
        let lock =
            catalog.tree.as_ref().map(|tree| format!("LOCK TABLE ONLY {} IN ROW EXCLUSIVE MODE", tree.hot.quoted()));
        let unchanged = Unchanged::new(catalog, &staging);
        let all: Vec<usize> = (0..catalog.columns.len()).collect();
        Statements {
            texts: [
                copy(&table, "binary", ""),
                copy(&table, "text", ""),
                copy(&table, "binary", resolve),
                copy(&table, "text", resolve),
                copy(&staging, "binary", ""),
                copy(&staging, "text", ""),
                store,
                rest.unwrap_or_default(),
                upsert,
                upsert_rest.unwrap_or_default(),
                format!("DELETE FROM {staging}"),
                lock.unwrap_or_default(),
                unchanged.as_ref().and_then(|unchanged| unchanged.drop(&all)).unwrap_or_default(),
                delete(catalog, &table, RowFormat::Binary),
                delete(catalog, &table, RowFormat::Text),
            ],
            staging: StagingTable {
                for_session: create_staging(catalog, own_staging, "DELETE ROWS"),
                for_transaction: create_staging(catalog, own_staging, "DROP"),
            },
            key: catalog.keys.key.clone().unwrap_or_default(),
            key_types: catalog.keys.key.iter().flatten().map(|&index| catalog.columns[index].base_type_id).collect(),
            insert_copy: format!(
                "INSERT INTO {table} ({columns}){} SELECT {columns} FROM {} LIMIT 1",
                overriding(catalog),
                catalog.quoted()
            ),
            patch: Patch {
                tables: [table].into_iter().chain(others.iter().map(|other| other.only.clone())).collect(),
                staging,
                columns: catalog.columns.iter().map(|column| column.name.clone()).collect(),
                same: same(catalog),
                missing,
            },
            unchanged,
            resolution: catalog.usable_key().filter(|_| !others.is_empty()).map(|_| Resolution::of(mode)),
            others,
        }
    }

    pub fn text(&self, statement: Statement) -> &str {
        &self.texts[statement as usize]
    }

    /// Prepares a statement, unless the session has done so.
    pub fn prepare(&self, session: &mut Session, statement: Statement) -> Attempt<Prepared> {
        session.prepare(statement as usize, self.text(statement))
    }

    /// Executes a statement and returns the number of rows that it wrote.
    pub fn execute(&self, session: &mut Session, statement: Statement) -> Attempt<u64> {
        session.execute(statement as usize, self.text(statement))
    }

    /// The statements that write the staged rows into the table, in this order.
    pub fn store(&self) -> impl Iterator<Item = Statement> + '_ {
        self.without_empty([Statement::Store, Statement::StoreRest])
    }

    /// The statements that replace rows by the staged ones, whatever the conflict mode.
    pub fn upsert(&self) -> impl Iterator<Item = Statement> + '_ {
        self.without_empty([Statement::Upsert, Statement::UpsertRest])
    }

    fn without_empty(&self, statements: [Statement; 2]) -> impl Iterator<Item = Statement> + '_ {
        statements.into_iter().filter(|statement| !self.text(*statement).is_empty())
    }

    /// The statements that update the carried columns, except those of the key, of the rows whose keys are in the staging table.
    /// Where there is a tree, there is one for each of its tables, the hot child first.
    pub fn patch(&self, carried: &[usize]) -> Vec<String> {
        let Patch { tables, staging, columns, same, missing: _ } = &self.patch;
        let name = |index: &usize| columns.get(*index).map(String::as_str);
        let set: Vec<&str> = carried.iter().filter(|index| !self.key.contains(index)).filter_map(name).collect();
        let set = assignments(&set, "s");
        tables.iter().map(|table| format!("UPDATE {table} AS t SET {set} FROM {staging} AS s WHERE {same}")).collect()
    }

    /// How a batch is compared with the table; `None`: never.
    pub fn unchanged(&self) -> Option<&Unchanged> {
        self.unchanged.as_ref()
    }

    /// Whether the key of each staged row is in some table of the tree; false without a tree. The query goes through the target
    /// table, so that one snapshot sees all of them.
    pub fn has_all_staged(&self, session: &mut Session) -> Attempt<bool> {
        match self.patch.missing.as_str() {
            "" => Ok(false),
            query => Ok(session.first_value(query)?.is_none()),
        }
    }
}

/// The statements that make the staging table. It has the written columns and nothing that would refuse a row that the table takes.
/// Its types are named, because LIKE needs the right to read the table.
fn create_staging(catalog: &Catalog, staging: &str, on_commit: &str) -> Vec<String> {
    let columns = catalog.columns.iter().map(|column| format!("{} {}", quote(&column.name), column.type_name));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let distribution = catalog.distribution.as_deref().unwrap_or_default();
    let mut statements = vec![
        format!("CREATE TEMPORARY TABLE {staging} ({columns}) ON COMMIT {on_commit} {distribution}")
            .trim_end()
            .to_owned(),
    ];
    // It would be a waste to compress vectors that are only copied into the table.
    let storage = catalog.columns.iter().filter_map(|column| {
        column.special_storage().map(|storage| format!("ALTER COLUMN {} SET STORAGE {storage}", quote(&column.name)))
    });
    let storage = storage.collect::<Vec<_>>().join(", ");
    if !storage.is_empty() {
        statements.push(format!("ALTER TABLE pg_temp.{staging} {storage}"));
    }
    statements
}

fn store(
    catalog: &Catalog,
    mode: ConflictMode,
    capabilities: &Capabilities,
    table: &str,
    columns: &str,
    staging: &str,
) -> (String, Option<String>) {
    let overriding = overriding(catalog);
    let insert = format!("INSERT INTO {table} ({columns}){overriding} SELECT {columns} FROM {staging}");
    let key: Option<Vec<&str>> = catalog.usable_key().map(|key| key.map(|column| column.name.as_str()).collect());
    let rest: Vec<&str> = match &key {
        Some(key) => {
            catalog.columns.iter().map(|column| column.name.as_str()).filter(|name| !key.contains(name)).collect()
        }
        None => Vec::new(),
    };
    if mode == ConflictMode::Strict {
        return (insert, None);
    }
    if capabilities.on_conflict {
        let resolved = match (mode, &key) {
            (ConflictMode::Upsert, Some(key)) if rest.is_empty() => {
                format!("{insert} ON CONFLICT ({}) DO NOTHING", list(key.iter().copied()))
            }
            (ConflictMode::Upsert, Some(key)) => format!(
                "{insert} ON CONFLICT ({}) DO UPDATE SET {}",
                list(key.iter().copied()),
                assignments(&rest, "EXCLUDED")
            ),
            (ConflictMode::Upsert, None) => insert,
            _ => format!("{insert} ON CONFLICT DO NOTHING"),
        };
        return (resolved, None);
    }
    // A server without ON CONFLICT (PostgreSQL 9.4 and older), or a deferrable key. The UPDATE comes first, because it takes the
    // stronger lock.
    if key.is_none() {
        return (insert, None);
    }
    let same = same(catalog);
    let selected = catalog.columns.iter().map(|column| format!("s.{}", quote(&column.name))).collect::<Vec<_>>();
    let absent = format!(
        "INSERT INTO {table} ({columns}){overriding} SELECT {} FROM {staging} AS s WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {same})",
        selected.join(", ")
    );
    if mode == ConflictMode::Upsert && !rest.is_empty() {
        let update = format!("UPDATE {table} AS t SET {} FROM {staging} AS s WHERE {same}", assignments(&rest, "s"));
        return (update, Some(absent));
    }
    (absent, None)
}

/// Deletes by arrays of keys; empty without a key.
fn delete(catalog: &Catalog, table: &str, format: RowFormat) -> String {
    ByKeys::new(catalog, format).map(|keys| keys.delete(table)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store_of(catalog: &Catalog, mode: ConflictMode, on_conflict: bool) -> Vec<String> {
        let statements = Statements::with_staging(
            catalog,
            mode,
            &Capabilities { direct: true, on_conflict, resolving: false },
            STAGE,
        );
        statements.store().map(|statement| statements.text(statement).to_owned()).collect()
    }

    #[test]
    fn every_copy_names_its_columns_and_its_format() {
        let catalog = Catalog::sample("car \"info\"", &["id", "Feature"], &["id"]);
        let capabilities = Capabilities { direct: true, on_conflict: true, resolving: true };
        let statements = Statements::with_staging(&catalog, ConflictMode::Upsert, &capabilities, STAGE);
        assert_eq!(
            statements.text(Statement::CopyBinary),
            r#"COPY "s"."car ""info""" ("id", "Feature") FROM STDIN (FORMAT binary)"#
        );
        assert_eq!(
            statements.text(Statement::ResolvingText),
            r#"COPY "s"."car ""info""" ("id", "Feature") FROM STDIN (FORMAT text) DO ON CONFLICT DO UPDATE"#
        );
        assert_eq!(
            statements.text(Statement::StagingBinary),
            r#"COPY pg_temp.vecsink_stage ("id", "Feature") FROM STDIN (FORMAT binary)"#
        );
    }

    #[test]
    fn conflicts_are_resolved_as_the_mode_says() {
        let catalog = Catalog::sample("t", &["id", "a", "b"], &["id"]);
        let insert = r#"INSERT INTO "s"."t" ("id", "a", "b") SELECT "id", "a", "b" FROM pg_temp.vecsink_stage"#;
        assert_eq!(store_of(&catalog, ConflictMode::Strict, true), [insert]);
        assert_eq!(store_of(&catalog, ConflictMode::Ignore, true), [format!("{insert} ON CONFLICT DO NOTHING")]);
        assert_eq!(
            store_of(&catalog, ConflictMode::Upsert, true),
            [format!(r#"{insert} ON CONFLICT ("id") DO UPDATE SET "a" = EXCLUDED."a", "b" = EXCLUDED."b""#)]
        );
        let all = Catalog::sample("t", &["id", "a"], &["id", "a"]);
        assert!(store_of(&all, ConflictMode::Upsert, true)[0].ends_with(r#"ON CONFLICT ("id", "a") DO NOTHING"#));
        let keyless = Catalog::sample("t", &["id", "a", "b"], &[]);
        assert_eq!(store_of(&keyless, ConflictMode::Upsert, true), [insert]);
    }

    #[test]
    fn a_server_without_on_conflict_gets_an_update_and_an_insert_of_what_is_absent() {
        let catalog = Catalog::sample("t", &["id", "a"], &["id"]);
        let absent = r#"INSERT INTO "s"."t" ("id", "a") SELECT s."id", s."a" FROM pg_temp.vecsink_stage AS s WHERE NOT EXISTS (SELECT 1 FROM "s"."t" AS t WHERE t."id" = s."id")"#;
        let update = r#"UPDATE "s"."t" AS t SET "a" = s."a" FROM pg_temp.vecsink_stage AS s WHERE t."id" = s."id""#;
        assert_eq!(store_of(&catalog, ConflictMode::Ignore, false), [absent]);
        assert_eq!(store_of(&catalog, ConflictMode::Upsert, false), [update, absent]);
    }

    #[test]
    fn deletes_compare_keys_as_the_type_of_their_columns() {
        let catalog = Catalog::sample("t", &["id", "a", "b"], &["id"]);
        assert_eq!(delete(&catalog, "t", RowFormat::Binary), r#"DELETE FROM t AS t WHERE t."id" = ANY($1::bigint[])"#);
        let catalog = Catalog::sample("t", &["id", "a", "b"], &["id", "b"]);
        assert_eq!(
            delete(&catalog, "t", RowFormat::Text),
            r#"DELETE FROM t AS t USING (SELECT unnest($1::text[]::bigint[]) AS k0, unnest($2::text[]::bigint[]) AS k1) AS s WHERE t."id" = s.k0 AND t."b" = s.k1"#
        );
        assert_eq!(delete(&Catalog::sample("t", &["id"], &[]), "t", RowFormat::Text), "");
    }

    #[test]
    fn a_partial_update_sets_what_it_carries() {
        let catalog = Catalog::sample("t", &["id", "a", "b"], &["id"]);
        let capabilities = Capabilities { direct: true, on_conflict: true, resolving: false };
        let statements = Statements::with_staging(&catalog, ConflictMode::Upsert, &capabilities, STAGE);
        assert_eq!(
            statements.patch(&[0, 2]),
            [r#"UPDATE "s"."t" AS t SET "b" = s."b" FROM pg_temp.vecsink_stage AS s WHERE t."id" = s."id""#]
        );
    }

    #[test]
    fn the_staging_table_has_nothing_that_refuses_a_row() {
        let mut catalog = Catalog::sample("t", &["id", "a"], &["id"]);
        catalog.columns[1].storage = 'p';
        catalog.distribution = Some("DISTRIBUTED BY (id)".to_owned());
        assert_eq!(
            create_staging(&catalog, STAGE, "DELETE ROWS"),
            [
                r#"CREATE TEMPORARY TABLE vecsink_stage ("id" bigint, "a" bigint) ON COMMIT DELETE ROWS DISTRIBUTED BY (id)"#,
                r#"ALTER TABLE pg_temp.vecsink_stage ALTER COLUMN "a" SET STORAGE PLAIN"#
            ]
        );
    }
}
