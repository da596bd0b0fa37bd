//! The target table as the database's catalog describes it.

use crate::types::column_types::ColumnType;
use crate::types::column_types::facets::KeyImages;
use crate::types::data_type::DataType;
use crate::types::vectors::dimension::Dimension;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetColumn {
    pub name: String,
    /// The type as PostgreSQL prints it, `character varying(10)`.
    pub type_name: String,
    pub column_type: ColumnType,
    pub not_null: bool,
    pub dimension: Option<Dimension>,
    /// The type of the expression that feeds the column.
    pub source: DataType,
}

/// The written columns of one table, in the order of the statement that feeds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetTable {
    pub schema: String,
    pub table: String,
    pub columns: Vec<TargetColumn>,
    /// The key, as indexes into `columns`: the job's PRIMARY KEY or, if the job has none, the table's. `None`: nothing
    /// identifies a row.
    pub key: Option<Vec<usize>>,
    /// Two rows have the same key if, and only if, the bytes of their keys are the same. No collation, operator class or
    /// trigger of the table says otherwise.
    pub key_is_bytewise: bool,
    /// In addition to the key, the table has a unique or exclusion constraint (or a unique index) over a written column.
    pub other_unique: bool,
}

impl TargetTable {
    /// The table with the key's columns only, for deletes.
    pub fn of_key(&self) -> TargetTable {
        let key = self.key.as_deref().unwrap_or_default();
        let columns: Vec<_> = key.iter().filter_map(|&at| self.columns.get(at).cloned()).collect();
        TargetTable { key: Some((0..columns.len()).collect()), columns, ..self.clone() }
    }

    /// Whether rows with the same key always have the same key image.
    pub fn key_images_are_equal(&self) -> bool {
        let column_is = |&at: &usize| {
            self.columns.get(at).is_some_and(|column| match column.column_type.key().images {
                KeyImages::Equal => true,
                KeyImages::EqualUnlessText => !column.source.is_text(),
                KeyImages::Unknown => false,
            })
        };
        self.key_is_bytewise && self.key.iter().flatten().all(column_is)
    }

    /// `schema.table`, unquoted, for messages.
    pub fn name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }
}
