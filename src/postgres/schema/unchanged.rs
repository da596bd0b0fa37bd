//! The statement that takes unchanged rows out of a batch: those that the table has already, exactly so.

use super::clauses::same;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::catalog::unchanged::{CompareBatches, ExactComparison};
use crate::postgres::connect::sql::quote;

/// How staged rows are compared with the table.
#[derive(Debug)]
pub struct Unchanged {
    comparison: ExactComparison,
    /// Which batches are compared.
    pub batches: CompareBatches,
    table: String,
    staging: String,
    /// The condition that a row of the table and one of the staging table have the same key.
    same_key: String,
    /// The names of the columns, none for those of the key.
    columns: Vec<Option<String>>,
}

impl Unchanged {
    /// `None`: every row is written.
    pub fn new(catalog: &Catalog, staging: &str) -> Option<Unchanged> {
        let (comparison, batches) = catalog.unchanged.left_alone?;
        // Otherwise two rows may have the same key although their key images differ. Then the earlier one must not be left out.
        let each_key_comes_once =
            catalog.keys.key_is_unique && catalog.key_is_exact() && catalog.key_triggers.is_empty();
        if !each_key_comes_once {
            return None;
        }
        let is_key = |at: usize| catalog.keys.key.as_ref().is_some_and(|key| key.contains(&at));
        let name = |(at, name): (usize, &String)| (!is_key(at)).then(|| name.clone());
        Some(Unchanged {
            comparison,
            batches,
            // Where there is a tree, one snapshot sees all of it.
            table: catalog.quoted(),
            staging: staging.to_owned(),
            same_key: same(catalog),
            columns: catalog.columns.iter().map(|column| &column.name).enumerate().map(name).collect(),
        })
    }

    /// Takes the rows out of the staging table that have the key of a row of the table and the same values in the carried columns.
    /// It reads the table and locks no row of it. If another session changes such a row at the same time, the result is the same as
    /// if our row had been written just before. `None`: there are no columns to compare.
    pub fn drop(&self, carried: &[usize]) -> Option<String> {
        let Unchanged { comparison, batches: _, table, staging, same_key, columns } = self;
        let columns: Vec<&String> = carried.iter().filter_map(|&at| columns.get(at)?.as_ref()).collect();
        if columns.is_empty() {
            return None;
        }
        let row = |of: &str| {
            let values = columns.iter().map(|name| format!("{of}.{}", quote(name))).collect::<Vec<_>>();
            format!("ROW({})", values.join(", "))
        };
        let (in_table, staged) = (row("t"), row("s"));
        let same_values = match comparison {
            ExactComparison::Stored => format!("pg_catalog.record_image_eq({in_table}, {staged})"),
            ExactComparison::Sent => {
                format!("pg_catalog.record_send({in_table}) OPERATOR(pg_catalog.=) pg_catalog.record_send({staged})")
            }
        };
        Some(format!("DELETE FROM {staging} AS s USING {table} AS t WHERE {same_key} AND {same_values}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staged_row_is_dropped_if_the_table_has_its_values_under_its_key() {
        let mut catalog = Catalog::sample("t", &["id", "a", "B"], &["id"]);
        let of = |catalog: &Catalog, carried: &[usize]| Unchanged::new(catalog, "stage")?.drop(carried);
        let beginning = r#"DELETE FROM stage AS s USING "s"."t" AS t WHERE t."id" = s."id" AND"#;
        assert_eq!(
            of(&catalog, &[0, 1, 2]),
            Some(format!(r#"{beginning} pg_catalog.record_image_eq(ROW(t."a", t."B"), ROW(s."a", s."B"))"#))
        );
        assert_eq!(of(&catalog, &[0]), None, "there is nothing but the key");
        catalog.unchanged.left_alone = Some((ExactComparison::Sent, CompareBatches::Always));
        let sent = r#"pg_catalog.record_send(ROW(t."B")) OPERATOR(pg_catalog.=) pg_catalog.record_send(ROW(s."B"))"#;
        assert_eq!(of(&catalog, &[0, 2]), Some(format!("{beginning} {sent}")));
        catalog.key_triggers.push("t".to_owned());
        assert_eq!(of(&catalog, &[0, 2]), None, "several staged rows may have one key");
    }
}
