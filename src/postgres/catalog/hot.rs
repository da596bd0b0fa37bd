//! Whether updates can be HOT: PostgreSQL then stores the row's new version in the same page and leaves all indexes alone, the
//! vector index too. An index over a column that changes prevents it, and so does a page without room.

use super::column::CatalogColumn;
use crate::error::Result;
use crate::postgres::catalog::unreadable::unreadable;
use crate::postgres::connect::session::Session;

/// An index that keeps updates of some written columns from being HOT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockingIndex {
    /// Quoted, with its schema.
    pub name: String,
    /// The written columns that it stores, computes with, or has in its predicate.
    pub columns: Vec<String>,
    /// One of these columns holds vectors.
    pub has_vectors: bool,
    /// The table needs it: it makes something unique.
    pub unique: bool,
}

/// What keeps updates from being HOT.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HotUpdates {
    pub indexes: Vec<BlockingIndex>,
    /// How full INSERT fills a page, in percent. `None`: the table itself has no pages (a partitioned table, a view).
    pub fillfactor: Option<u32>,
}

impl HotUpdates {
    pub fn read(session: &mut Session, table: u32, columns: &[CatalogColumn], name: &str) -> Result<HotUpdates> {
        let rows = session
            .client()
            .query(
                // indkey has the columns that an index stores. pg_depend also has those of its expressions and its predicate, but
                // none for the index of a constraint. A BRIN index doesn't prevent HOT updates since PostgreSQL 16.
                "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), i.indisunique OR i.indisexclusion,
                        ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
                              WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped
                                AND (a.attnum = ANY (i.indkey::int2[]) OR EXISTS (
                                  SELECT 1 FROM pg_catalog.pg_depend d
                                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
                                    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = i.indrelid
                                    AND d.refobjsubid = a.attnum))
                              ORDER BY a.attnum)
                 FROM pg_catalog.pg_index i
                 JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 JOIN pg_catalog.pg_am m ON m.oid = c.relam
                 WHERE i.indrelid = $1 AND (m.amname <> 'brin' OR pg_catalog.current_setting('server_version_num')::int < 160000)
                 ORDER BY c.relname",
                &[&table],
            )
            .map_err(|error| unreadable(session, name, &error))?;
        let mut indexes = Vec::new();
        for row in &rows {
            let names: Vec<String> = row.get(2);
            let written: Vec<&CatalogColumn> = columns.iter().filter(|column| names.contains(&column.name)).collect();
            if !written.is_empty() {
                indexes.push(BlockingIndex {
                    name: row.get(0),
                    columns: written.iter().map(|column| column.name.clone()).collect(),
                    has_vectors: written.iter().any(|column| column.column_type.vector().is_some()),
                    unique: row.get(1),
                });
            }
        }
        let storage = session
            .client()
            .query_one(
                "SELECT relkind::text IN ('r', 'm'), (SELECT pg_catalog.max(pg_catalog.substr(o, 12)::int)
                                         FROM pg_catalog.unnest(reloptions) AS o WHERE o LIKE 'fillfactor=%')
                 FROM pg_catalog.pg_class WHERE oid = $1",
                &[&table],
            )
            .map_err(|error| unreadable(session, name, &error))?;
        let fillfactor: Option<i32> = storage.get(1);
        let fillfactor = fillfactor.and_then(|percent| u32::try_from(percent).ok()).unwrap_or(100);
        Ok(HotUpdates { indexes, fillfactor: storage.get::<_, bool>(0).then_some(fillfactor) })
    }

    pub fn has_vector_index(&self) -> bool {
        self.indexes.iter().any(|index| index.has_vectors)
    }

    /// The warnings of `check` for the table `quoted`, whose rows are found by the columns of `key`. There are none without a
    /// vector index, because a row's new version costs most there.
    pub fn warnings(&self, quoted: &str, columns: &[CatalogColumn], key: &[usize]) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.has_vector_index() {
            return warnings;
        }
        let is_key = |name: &String| key.iter().any(|&at| columns.get(at).is_some_and(|column| column.name == *name));
        let updated = |index: &BlockingIndex| {
            let updated = index.columns.iter().filter(|name| !is_key(name)).cloned();
            updated.collect::<Vec<_>>()
        };
        for index in self.indexes.iter().filter(|index| !index.has_vectors) {
            let updated = updated(index);
            if updated.is_empty() {
                continue;
            }
            let remedy = match index.unique {
                true => "leave such columns out of the job if they need no update".to_owned(),
                false => format!("if no query needs it: DROP INDEX {}", index.name),
            };
            warnings.push(format!(
                "the index {} has the column {}, which the job writes: when an update changes it, PostgreSQL makes a new entry in \
                 every index of the table, the vector index too (the update isn't HOT); {remedy}",
                index.name,
                updated.join(", ")
            ));
        }
        let in_indexes: Vec<String> = self.indexes.iter().flat_map(updated).collect();
        let can_be_hot = columns.iter().any(|column| !is_key(&column.name) && !in_indexes.contains(&column.name));
        if self.fillfactor == Some(100) && can_be_hot {
            warnings.push(format!(
                "the table's pages are filled to 100 percent, so there is no room for a row's new version beside the old one, and an \
                 update makes new entries in every index, the vector index too, even if it changes none of their columns (it isn't \
                 HOT); for pages that are filled from then on: ALTER TABLE {quoted} SET (fillfactor = 90)"
            ));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::column_types::ColumnType;

    fn columns() -> Vec<CatalogColumn> {
        let mut columns: Vec<CatalogColumn> = ["id", "price", "note", "feature"]
            .iter()
            .enumerate()
            .map(|(at, name)| CatalogColumn::sample(at as i16 + 1, name, at == 0))
            .collect();
        columns[3].column_type = ColumnType::Vector;
        columns
    }

    fn index(name: &str, columns: &[&str]) -> BlockingIndex {
        BlockingIndex {
            name: format!("public.{name}"),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            has_vectors: columns.contains(&"feature"),
            unique: name == "cars_pkey",
        }
    }

    fn warnings(indexes: &[BlockingIndex], fillfactor: Option<u32>) -> Vec<String> {
        HotUpdates { indexes: indexes.to_vec(), fillfactor }.warnings("public.cars", &columns(), &[0])
    }

    #[test]
    fn an_index_over_a_column_that_changes_is_named_and_the_key_and_the_vector_index_are_not() {
        let (key, vectors) = (index("cars_pkey", &["id"]), index("cars_feature", &["feature"]));
        assert_eq!(warnings(&[key.clone(), vectors.clone()], Some(90)), [""; 0]);
        let found = warnings(&[key, vectors, index("cars_price", &["id", "price"])], Some(90));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("index public.cars_price has the column price,"), "{}", found[0]);
        assert!(found[0].ends_with("DROP INDEX public.cars_price"), "{}", found[0]);
    }

    #[test]
    fn full_pages_are_named_where_an_update_could_be_hot() {
        let vectors = index("cars_feature", &["feature"]);
        let found = warnings(std::slice::from_ref(&vectors), Some(100));
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with("ALTER TABLE public.cars SET (fillfactor = 90)"), "{}", found[0]);
        let all = index("cars_all", &["price", "note"]);
        assert_eq!(warnings(&[vectors.clone(), all], Some(100)).len(), 1, "only the index is named");
        assert_eq!(warnings(&[vectors], None), [""; 0]);
        assert_eq!(warnings(&[index("cars_price", &["price"])], Some(100)), [""; 0], "there is no vector index");
    }
}
