//! The SQL texts of one target. Every name is quoted.

use std::fmt::Write as _;

use super::catalog::Catalog;
use super::probe::Capabilities;
use crate::settings::ConflictMode;

/// The staging table of a session. It belongs to the session, so the name needs no suffix.
pub const STAGE: &str = "vecsink_stage";

/// One of a target's statements, and its place in a session's prepared ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement {
    CopyBinary,
    CopyText,
    /// ADBPG's COPY that resolves conflicts itself.
    ResolvingBinary,
    ResolvingText,
    StageBinary,
    StageText,
    /// From the stage into the table; on servers without ON CONFLICT in two steps.
    Merge,
    MergeRest,
}

pub const COUNT: usize = Statement::MergeRest as usize + 1;

#[derive(Debug)]
pub struct Statements {
    texts: [String; COUNT],
    /// Makes the stage, in a transaction of its own.
    pub create_stage: Vec<String>,
}

impl Statements {
    pub fn new(catalog: &Catalog, mode: ConflictMode, capabilities: &Capabilities) -> Self {
        let table = catalog.quoted();
        let columns = list(catalog.columns.iter().map(|column| column.name.as_str()));
        let copy = |into: &str, format: &str, tail: &str| {
            format!("COPY {into} ({columns}) FROM STDIN (FORMAT {format}){tail}")
        };
        let stage = format!("pg_temp.{STAGE}");
        let resolve = match mode {
            ConflictMode::Upsert => " DO ON CONFLICT DO UPDATE",
            ConflictMode::Ignore | ConflictMode::Strict => " DO ON CONFLICT DO NOTHING",
        };
        let (merge, rest) = merge(catalog, mode, capabilities, &table, &columns, &stage);
        Statements {
            texts: [
                copy(&table, "binary", ""),
                copy(&table, "text", ""),
                copy(&table, "binary", resolve),
                copy(&table, "text", resolve),
                copy(&stage, "binary", ""),
                copy(&stage, "text", ""),
                merge,
                rest.unwrap_or_default(),
            ],
            create_stage: create_stage(catalog),
        }
    }

    pub fn text(&self, statement: Statement) -> &str {
        &self.texts[statement as usize]
    }

    /// What brings the staged rows into the table, in this order.
    pub fn merge(&self) -> impl Iterator<Item = Statement> + '_ {
        [Statement::Merge, Statement::MergeRest].into_iter().filter(|statement| !self.text(*statement).is_empty())
    }
}

/// The stage has the written columns and nothing that would refuse a row the table takes. Its types are named rather than
/// taken over with LIKE, which asks for the right to read the table.
fn create_stage(catalog: &Catalog) -> Vec<String> {
    let columns = catalog.columns.iter().map(|column| format!("{} {}", quote(&column.name), column.type_name));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let distribution = catalog.distribution.as_deref().unwrap_or_default();
    let mut statements = vec![
        format!("CREATE TEMPORARY TABLE {STAGE} ({columns}) ON COMMIT DELETE ROWS {distribution}")
            .trim_end()
            .to_owned(),
    ];
    // Compressing vectors only to copy them on would be wasted.
    let storage = catalog.columns.iter().filter_map(|column| {
        column.special_storage().map(|storage| format!("ALTER COLUMN {} SET STORAGE {storage}", quote(&column.name)))
    });
    let storage = storage.collect::<Vec<_>>().join(", ");
    if !storage.is_empty() {
        statements.push(format!("ALTER TABLE pg_temp.{STAGE} {storage}"));
    }
    statements
}

fn merge(
    catalog: &Catalog,
    mode: ConflictMode,
    capabilities: &Capabilities,
    table: &str,
    columns: &str,
    stage: &str,
) -> (String, Option<String>) {
    let overriding =
        if catalog.columns.iter().any(|column| column.identity_always) { " OVERRIDING SYSTEM VALUE" } else { "" };
    let insert = format!("INSERT INTO {table} ({columns}){overriding} SELECT {columns} FROM {stage}");
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
    // A server of PostgreSQL 9.4's age, or a deferrable key. The UPDATE first: it takes the stronger lock.
    let Some(key) = key else { return (insert, None) };
    let same = key.iter().fold(String::new(), |mut text, name| {
        let name = quote(name);
        let _ = write!(text, "{}t.{name} = s.{name}", if text.is_empty() { "" } else { " AND " });
        text
    });
    let selected = catalog.columns.iter().map(|column| format!("s.{}", quote(&column.name))).collect::<Vec<_>>();
    let absent = format!(
        "INSERT INTO {table} ({columns}){overriding} SELECT {} FROM {stage} AS s WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {same})",
        selected.join(", ")
    );
    if mode == ConflictMode::Upsert && !rest.is_empty() {
        let update = format!("UPDATE {table} AS t SET {} FROM {stage} AS s WHERE {same}", assignments(&rest, "s"));
        return (update, Some(absent));
    }
    (absent, None)
}

fn assignments(columns: &[&str], from: &str) -> String {
    columns.iter().map(|name| format!("{0} = {from}.{0}", quote(name))).collect::<Vec<_>>().join(", ")
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(quote).collect::<Vec<_>>().join(", ")
}

/// An identifier exactly as given, whatever it holds.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string constant. Under `standard_conforming_strings`, the default since PostgreSQL 9.1.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge_of(catalog: &Catalog, mode: ConflictMode, on_conflict: bool) -> Vec<String> {
        let statements = Statements::new(catalog, mode, &Capabilities { direct: true, on_conflict, resolving: false });
        statements.merge().map(|statement| statements.text(statement).to_owned()).collect()
    }

    #[test]
    fn every_copy_names_its_columns_and_its_format() {
        let catalog = Catalog::sample("car \"info\"", &["id", "Feature"], &["id"]);
        let capabilities = Capabilities { direct: true, on_conflict: true, resolving: true };
        let statements = Statements::new(&catalog, ConflictMode::Upsert, &capabilities);
        assert_eq!(
            statements.text(Statement::CopyBinary),
            r#"COPY "s"."car ""info""" ("id", "Feature") FROM STDIN (FORMAT binary)"#
        );
        assert_eq!(
            statements.text(Statement::ResolvingText),
            r#"COPY "s"."car ""info""" ("id", "Feature") FROM STDIN (FORMAT text) DO ON CONFLICT DO UPDATE"#
        );
        assert_eq!(
            statements.text(Statement::StageBinary),
            r#"COPY pg_temp.vecsink_stage ("id", "Feature") FROM STDIN (FORMAT binary)"#
        );
    }

    #[test]
    fn conflicts_are_resolved_as_the_mode_says() {
        let catalog = Catalog::sample("t", &["id", "a", "b"], &["id"]);
        let insert = r#"INSERT INTO "s"."t" ("id", "a", "b") SELECT "id", "a", "b" FROM pg_temp.vecsink_stage"#;
        assert_eq!(merge_of(&catalog, ConflictMode::Strict, true), [insert]);
        assert_eq!(merge_of(&catalog, ConflictMode::Ignore, true), [format!("{insert} ON CONFLICT DO NOTHING")]);
        assert_eq!(
            merge_of(&catalog, ConflictMode::Upsert, true),
            [format!(r#"{insert} ON CONFLICT ("id") DO UPDATE SET "a" = EXCLUDED."a", "b" = EXCLUDED."b""#)]
        );
        let all = Catalog::sample("t", &["id", "a"], &["id", "a"]);
        assert!(merge_of(&all, ConflictMode::Upsert, true)[0].ends_with(r#"ON CONFLICT ("id", "a") DO NOTHING"#));
        let keyless = Catalog::sample("t", &["id", "a", "b"], &[]);
        assert_eq!(merge_of(&keyless, ConflictMode::Upsert, true), [insert]);
    }

    #[test]
    fn a_server_without_on_conflict_gets_an_update_and_an_insert_of_what_is_absent() {
        let catalog = Catalog::sample("t", &["id", "a"], &["id"]);
        let absent = r#"INSERT INTO "s"."t" ("id", "a") SELECT s."id", s."a" FROM pg_temp.vecsink_stage AS s WHERE NOT EXISTS (SELECT 1 FROM "s"."t" AS t WHERE t."id" = s."id")"#;
        let update = r#"UPDATE "s"."t" AS t SET "a" = s."a" FROM pg_temp.vecsink_stage AS s WHERE t."id" = s."id""#;
        assert_eq!(merge_of(&catalog, ConflictMode::Ignore, false), [absent]);
        assert_eq!(merge_of(&catalog, ConflictMode::Upsert, false), [update, absent]);
    }

    #[test]
    fn the_stage_takes_every_row_the_table_takes() {
        let mut catalog = Catalog::sample("t", &["id", "a"], &["id"]);
        catalog.columns[1].storage = 'p';
        catalog.distribution = Some("DISTRIBUTED BY (id)".to_owned());
        assert_eq!(
            create_stage(&catalog),
            [
                r#"CREATE TEMPORARY TABLE vecsink_stage ("id" bigint, "a" bigint) ON COMMIT DELETE ROWS DISTRIBUTED BY (id)"#,
                r#"ALTER TABLE pg_temp.vecsink_stage ALTER COLUMN "a" SET STORAGE PLAIN"#
            ]
        );
    }

    #[test]
    fn quotes_within_names_and_constants_are_doubled() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
    }
}
