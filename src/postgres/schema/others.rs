//! The statements over the other tables of a tree: the sealed children and the target table, or in the partitioned layout the indexed
//! partition. Rows are written to the hot child first; then each other table is asked for their keys, one statement for each table.

use super::clauses::{ByKeys, array, key, same, same_numbered};
use crate::batch::RowFormat;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::catalog::partitioned::{INDEXED, REPLACED, TIER};
use crate::postgres::connect::sql::{assignments, quote};
use crate::settings::ConflictMode;

/// What becomes of a row of the hot child when another table has its key as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// It replaces the other row, which is deleted.
    Replace,
    /// It is left out: it is deleted again.
    LeaveOut,
    /// It is a conflict.
    Refuse,
}

impl Resolution {
    pub fn of(mode: ConflictMode) -> Resolution {
        match mode {
            ConflictMode::Upsert => Resolution::Replace,
            ConflictMode::Ignore => Resolution::LeaveOut,
            ConflictMode::Strict => Resolution::Refuse,
        }
    }
}

/// A statement that gets the keys of a batch as arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByKey {
    Delete,
    Resolve(Resolution),
}

/// How many statements there are for a table, each in two formats.
const COUNT: usize = 4;
const FORMATS: [RowFormat; 2] = [RowFormat::Binary, RowFormat::Text];

impl ByKey {
    /// The statement's place among those of its table.
    fn place(self) -> usize {
        match self {
            ByKey::Delete => 0,
            ByKey::Resolve(Resolution::Replace) => 1,
            ByKey::Resolve(Resolution::LeaveOut) => 2,
            ByKey::Resolve(Resolution::Refuse) => 3,
        }
    }
}

/// The format's place in [`FORMATS`].
fn place(format: RowFormat) -> usize {
    match format {
        RowFormat::Binary => 0,
        RowFormat::Text => 1,
    }
}

/// The statements of one table of the tree.
#[derive(Debug)]
pub struct OtherTable {
    /// `ONLY "schema"."name"`.
    pub only: String,
    /// For messages.
    pub name: String,
    /// It is a sealed child: neither the target table nor the indexed partition.
    pub is_sealed: bool,
    texts: [[String; FORMATS.len()]; COUNT],
    /// As `Replace`, for the rows in the staging table.
    replace_staged: String,
    /// Finds the first key that is a conflict: its place among the keys, then its columns as texts.
    first_conflict: [String; FORMATS.len()],
    /// The number of its first statement among those of a session.
    first: usize,
}

impl OtherTable {
    pub fn text(&self, statement: ByKey, format: RowFormat) -> &str {
        &self.texts[statement.place()][place(format)]
    }

    /// The statement's number among a session's prepared ones.
    pub fn number(&self, statement: ByKey, format: RowFormat) -> usize {
        self.first + statement.place() * FORMATS.len() + place(format)
    }

    /// The statement, and its number among a session's prepared ones.
    pub fn replace_staged(&self) -> (usize, &str) {
        (self.first + COUNT * FORMATS.len(), &self.replace_staged)
    }

    pub fn first_conflict(&self, format: RowFormat) -> &str {
        &self.first_conflict[place(format)]
    }
}

/// The statements of each other table of the tree, in the order of [`Tree::others`](crate::postgres::catalog::tree::Tree::others);
/// none where there is no tree or no key. A session numbers its statements from `first` on.
pub fn others(catalog: &Catalog, first: usize, staging: &str) -> Vec<OtherTable> {
    let keys = FORMATS.map(|format| ByKeys::new(catalog, format));
    let (Some(tree), [Some(binary), Some(text)]) = (&catalog.tree, keys) else { return Vec::new() };
    let (hot, keys, staged) = (tree.hot.quoted(), [binary, text], ByKeys::staged(catalog, staging));
    let replace = |only: &str, keys: &ByKeys| match &tree.partitioned {
        Some(partitioned) => replace_by_move(catalog, &partitioned.root.quoted(), &hot, only, keys),
        None => replace(catalog, &hot, only, keys),
    };
    let tables = tree.others.iter().enumerate().map(|(at, table)| {
        let only = format!("ONLY {}", table.quoted());
        let each = |text: &dyn Fn(&ByKeys) -> String| keys.each_ref().map(text);
        OtherTable {
            texts: [
                each(&|keys| keys.delete(&only)),
                each(&|keys| replace(&only, keys)),
                each(&|keys| leave_out(catalog, &hot, &only, keys)),
                each(&|keys| keys.select("1", &only)),
            ],
            replace_staged: replace(&only, &staged),
            first_conflict: FORMATS.map(|format| first_conflict(catalog, &only, format)),
            name: format!("{}.{}", table.schema, table.name),
            is_sealed: at + 1 < tree.others.len(),
            only,
            first: first + at * (COUNT * FORMATS.len() + 1),
        }
    });
    tables.collect()
}

/// Deletes the other rows. Columns that the job doesn't write keep their values, as they do when a row is updated in place: our
/// rows take them over.
fn replace(catalog: &Catalog, hot: &str, only: &str, keys: &ByKeys) -> String {
    let kept = kept(catalog);
    if kept.is_empty() {
        return keys.delete(only);
    }
    format!(
        "WITH replaced AS ({} RETURNING {}) UPDATE ONLY {hot} AS t SET {} FROM replaced AS s WHERE {}",
        keys.delete(only),
        key_and(catalog, &kept),
        assignments(&kept, "s"),
        same(catalog)
    )
}

/// The same in the partitioned layout. There the other rows leave by an update of the column by which the table is partitioned: so another
/// program that meets one of them gets a serialization failure, as it does at a move. A delete would end its update silently, and what it
/// wrote to a column that the job doesn't write would be lost. The partition they go to keeps no row.
fn replace_by_move(catalog: &Catalog, root: &str, hot: &str, only: &str, keys: &ByKeys) -> String {
    let (kept, same) = (kept(catalog), same(catalog));
    let then = match kept.is_empty() {
        true => "SELECT 1 FROM replaced".to_owned(),
        false => format!("UPDATE ONLY {hot} AS t SET {} FROM replaced AS s WHERE {same}", assignments(&kept, "s")),
    };
    format!(
        "WITH replaced AS ({} FOR UPDATE OF t), gone AS (UPDATE {root} AS t SET {TIER} = {REPLACED} FROM replaced AS s
         WHERE t.{TIER} = {INDEXED} AND {same}) {then}",
        keys.select(&key_and(catalog, &kept), only)
    )
}

/// The columns that the job doesn't write.
fn kept(catalog: &Catalog) -> Vec<&str> {
    catalog.unwritten.iter().filter(|column| !column.generated).map(|column| column.name.as_str()).collect()
}

/// The key's columns of `t`, and these.
fn key_and(catalog: &Catalog, others: &[&str]) -> String {
    let key = key(catalog);
    let columns = key.iter().map(|column| column.name.as_str()).chain(others.iter().copied());
    columns.map(|name| format!("t.{}", quote(name))).collect::<Vec<_>>().join(", ")
}

/// Deletes those of our rows whose key the other table has. The other table is read first (OFFSET keeps the planner from joining
/// in another order), because as a rule it has none of the keys.
fn leave_out(catalog: &Catalog, hot: &str, only: &str, keys: &ByKeys) -> String {
    let columns = key(catalog).iter().map(|column| format!("t.{}", quote(&column.name))).collect::<Vec<_>>().join(", ");
    format!("DELETE FROM ONLY {hot} AS t USING ({} OFFSET 0) AS s WHERE {}", keys.select(&columns, only), same(catalog))
}

fn first_conflict(catalog: &Catalog, only: &str, format: RowFormat) -> String {
    let columns = key(catalog);
    let arrays = columns.iter().enumerate().map(|(at, column)| format!("unnest({})", array(at, column, format)));
    let arrays = arrays.collect::<Vec<_>>().join(", ");
    let names = (0..columns.len()).map(|at| format!("k{at}")).collect::<Vec<_>>().join(", ");
    let shown = (0..columns.len()).map(|at| format!("s.k{at}::text")).collect::<Vec<_>>().join(", ");
    let equal = same_numbered(catalog);
    format!(
        "SELECT s.place, {shown} FROM ROWS FROM ({arrays}) WITH ORDINALITY AS s ({names}, place)
         WHERE EXISTS (SELECT 1 FROM {only} AS t WHERE {equal}) ORDER BY s.place LIMIT 1"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::catalog::tree::{TableRef, Tree};

    fn catalog(key: &[&str]) -> Catalog {
        let table = |oid, name: &str| TableRef { oid, schema: "s".to_owned(), name: name.to_owned() };
        let mut catalog = Catalog::sample("t", &["id", "a", "b"], key);
        catalog.tree = Some(Tree {
            hot: table(2, "t_hot"),
            others: vec![table(3, "t_sealed_1"), table(1, "t")],
            partitioned: None,
        });
        catalog
    }

    #[test]
    fn each_other_table_has_statements_that_name_it_alone() {
        let others = others(&catalog(&["id"]), 10, "stage");
        let texts = others.iter().map(|other| other.text(ByKey::Delete, RowFormat::Binary));
        assert_eq!(
            texts.collect::<Vec<_>>(),
            [
                r#"DELETE FROM ONLY "s"."t_sealed_1" AS t WHERE t."id" = ANY($1::bigint[])"#,
                r#"DELETE FROM ONLY "s"."t" AS t WHERE t."id" = ANY($1::bigint[])"#
            ]
        );
        let replace = ByKey::Resolve(Resolution::Replace);
        assert_eq!(
            others[1].text(replace, RowFormat::Text),
            others[1].text(ByKey::Delete, RowFormat::Text),
            "nothing to keep"
        );
        assert_eq!(
            others[0].text(ByKey::Resolve(Resolution::LeaveOut), RowFormat::Binary),
            r#"DELETE FROM ONLY "s"."t_hot" AS t USING (SELECT t."id" FROM ONLY "s"."t_sealed_1" AS t WHERE t."id" = ANY($1::bigint[]) OFFSET 0) AS s WHERE t."id" = s."id""#
        );
        let numbers = others.iter().flat_map(|other| {
            [ByKey::Delete, replace, ByKey::Resolve(Resolution::LeaveOut), ByKey::Resolve(Resolution::Refuse)]
                .into_iter()
                .flat_map(|statement| FORMATS.map(|format| other.number(statement, format)))
                .chain([other.replace_staged().0])
        });
        assert_eq!(numbers.collect::<Vec<_>>(), (10..28).collect::<Vec<_>>());
        let staged = r#"DELETE FROM ONLY "s"."t" AS t USING stage AS s WHERE t."id" = s."id""#;
        assert_eq!(others[1].replace_staged().1, staged);
        assert!(super::others(&catalog(&[]), 10, "stage").is_empty(), "rows without a key conflict with nothing");
    }

    #[test]
    fn a_row_that_replaces_another_keeps_the_columns_that_are_not_written() {
        let mut catalog = catalog(&["id", "a"]);
        let mut column = catalog.columns.pop().unwrap();
        column.name = "kept".to_owned();
        catalog.unwritten.push(column);
        assert_eq!(
            others(&catalog, 0, "stage")[1].text(ByKey::Resolve(Resolution::Replace), RowFormat::Binary),
            r#"WITH replaced AS (DELETE FROM ONLY "s"."t" AS t USING (SELECT unnest($1::bigint[]) AS k0, unnest($2::bigint[]) AS k1) AS s WHERE t."id" = s.k0 AND t."a" = s.k1 RETURNING t."id", t."a", t."kept") UPDATE ONLY "s"."t_hot" AS t SET "kept" = s."kept" FROM replaced AS s WHERE t."id" = s."id" AND t."a" = s."a""#
        );
    }
}
