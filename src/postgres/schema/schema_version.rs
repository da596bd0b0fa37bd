//! The table's schema at one time of the run. The table may be altered while rows are on their way. Then rows that were encoded
//! for an older schema version are encoded again for the newest one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use parking_lot::RwLock;

use crate::postgres::catalog::capabilities::Capabilities;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::catalog::shape::TableShape;
use crate::postgres::schema::order::Order;
use crate::postgres::schema::statements::Statements;
use crate::settings::ConflictMode;
use crate::types::target::TargetTable;

/// What the catalog said of the table, and what follows from it.
#[derive(Debug)]
pub struct SchemaVersion {
    /// As long as this stays the same, rows are encoded in the same way.
    pub number: u16,
    pub table: TargetTable,
    /// A number for each state of the table. A session is prepared for one of them.
    pub(in crate::postgres) revision: u32,
    pub(in crate::postgres) shape: TableShape,
    pub(in crate::postgres) statements: Statements,
    pub(in crate::postgres) order: Order,
    pub(in crate::postgres) mode: ConflictMode,
    /// The key's columns by name.
    pub(in crate::postgres) key_names: Vec<String>,
    /// The database keeps the key unique and checks it at once. `table.key` doesn't say this: it may be a key that is only
    /// declared.
    pub(in crate::postgres) key_is_unique: bool,
}

impl SchemaVersion {
    pub(in crate::postgres) fn new(
        catalog: &Catalog,
        table: TargetTable,
        mode: ConflictMode,
        capabilities: &Capabilities,
    ) -> SchemaVersion {
        SchemaVersion {
            number: 0,
            table,
            revision: 0,
            shape: TableShape::new(catalog),
            statements: Statements::new(catalog, mode, capabilities),
            key_names: catalog.usable_key().into_iter().flatten().map(|column| column.name.clone()).collect(),
            mode,
            order: Order::new(mode, &catalog.keys, catalog.key_is_exact(), catalog.key_triggers.is_empty()),
            key_is_unique: catalog.keys.key_is_unique,
        }
    }

    /// Why rows that were put into shards by this schema version can't be written by the `other` one; `None`: they can.
    fn why_incompatible(&self, other: &SchemaVersion) -> Option<&'static str> {
        let (was, is) = (&self.table, &other.table);
        let of_key = |table: &'_ TargetTable| table.of_key().columns;
        let same_images =
            of_key(was).iter().zip(of_key(is)).all(|(was, is)| was.column_type.has_images_of(&is.column_type));
        if was.key != is.key || self.key_is_unique != other.key_is_unique {
            Some("its key has changed")
        } else if !same_images || was.key_is_bytewise != is.key_is_bytewise {
            Some("its key is compared in another way")
        } else if was.other_unique != is.other_unique {
            Some("its unique constraints have changed")
        } else {
            None
        }
    }
}

/// How the table as it was found differs from the newest schema version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaDifference {
    None,
    /// Only the list of the child tables.
    Tree,
    Table,
}

/// All schema versions of a sink's table since the start.
#[derive(Debug)]
pub struct SchemaVersions {
    /// By their numbers.
    all: RwLock<Vec<Arc<SchemaVersion>>>,
    newest: AtomicU16,
}

impl SchemaVersions {
    pub fn new(first: SchemaVersion) -> SchemaVersions {
        SchemaVersions { all: RwLock::new(vec![Arc::new(first)]), newest: AtomicU16::new(0) }
    }

    /// The newest one's number. Takes no lock, because it is read once for each row.
    #[inline]
    pub fn number(&self) -> u16 {
        self.newest.load(Ordering::Acquire)
    }

    pub fn newest(&self) -> Arc<SchemaVersion> {
        let all = self.all.read();
        Arc::clone(&all[all.len() - 1])
    }

    pub fn get(&self, number: u16) -> Option<Arc<SchemaVersion>> {
        self.all.read().get(usize::from(number)).cloned()
    }

    /// Adds the table as it was found now, or says why the job can't go on with it. If rows are encoded as before, it replaces the
    /// newest schema version and has its number.
    pub fn add(&self, found: SchemaVersion) -> Result<SchemaDifference, String> {
        let mut all = self.all.write();
        let newest = Arc::clone(&all[all.len() - 1]);
        if let Some(why) = newest.why_incompatible(&found) {
            return Err(why.to_owned());
        }
        let difference = match newest.table == found.table && newest.shape.is_same_but_for_tree(&found.shape) {
            true if newest.shape == found.shape => return Ok(SchemaDifference::None),
            true => SchemaDifference::Tree,
            false => SchemaDifference::Table,
        };
        let revision = newest.revision + 1;
        if newest.table.columns == found.table.columns {
            let last = all.len() - 1;
            all[last] = Arc::new(SchemaVersion { number: newest.number, revision, ..found });
            return Ok(difference);
        }
        let Some(number) = newest.number.checked_add(1) else {
            return Err(
                "its columns have changed so often since the start that no more changes can be followed".to_owned()
            );
        };
        all.push(Arc::new(SchemaVersion { number, revision, ..found }));
        self.newest.store(number, Ordering::Release);
        Ok(difference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::catalog::column::CatalogColumn;
    use crate::types::column_types::ColumnType;
    use crate::types::data_type::DataType;
    use crate::types::target::TargetColumn;

    fn schema_version(column_type: ColumnType, key: &[usize]) -> SchemaVersion {
        let mut catalog = Catalog::sample("t", &["id", "a"], &["id"]);
        catalog.columns[0].column_type = column_type.clone();
        catalog.columns[1].column_type = column_type;
        catalog.keys.key = Some(key.to_vec());
        let column = |column: &CatalogColumn| TargetColumn {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
            column_type: column.column_type.clone(),
            not_null: column.not_null,
            dimension: None,
            source: DataType::STRING,
        };
        let table = TargetTable {
            schema: "s".into(),
            table: "t".into(),
            columns: catalog.columns.iter().map(column).collect(),
            key: catalog.keys.key.clone(),
            key_is_bytewise: true,
            other_unique: false,
        };
        let capabilities = Capabilities { direct: true, on_conflict: true, resolving: false };
        SchemaVersion::new(&catalog, table, ConflictMode::Upsert, &capabilities)
    }

    #[test]
    fn columns_of_other_types_make_a_new_schema_version_and_the_same_ones_none() {
        let schema_versions = SchemaVersions::new(schema_version(ColumnType::Int4, &[0]));
        assert_eq!(schema_versions.add(schema_version(ColumnType::Int4, &[0])), Ok(SchemaDifference::None));
        assert_eq!((schema_versions.number(), schema_versions.newest().revision), (0, 0));
        assert_eq!(schema_versions.add(schema_version(ColumnType::Int8, &[0])), Ok(SchemaDifference::Table));
        assert_eq!(
            (schema_versions.number(), schema_versions.newest().number, schema_versions.newest().revision),
            (1, 1, 1)
        );
        assert_eq!(schema_versions.get(0).unwrap().table.columns[0].column_type, ColumnType::Int4);
        assert!(schema_versions.get(2).is_none());
    }

    #[test]
    fn the_job_can_not_go_on_with_another_key() {
        let schema_versions = SchemaVersions::new(schema_version(ColumnType::Int4, &[0]));
        let said = |found| schema_versions.add(found).unwrap_err();
        assert!(said(schema_version(ColumnType::Int4, &[1])).contains("its key has changed"));
        assert!(said(schema_version(ColumnType::Text, &[0])).contains("its key is compared in another way"));
        assert_eq!(schema_versions.number(), 0);
    }
}
