//! The target table as the database's catalog describes it: what rows must look like to be stored.

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
    /// Indexes into `columns` of the key: the job's PRIMARY KEY, else the table's. `None`: nothing identifies a row.
    pub key: Option<Vec<usize>>,
    /// Two rows have the same key if, and only if, its bytes are the same: no collation, operator class or trigger of the table
    /// has another rule.
    pub key_is_bytewise: bool,
    /// The table has a unique or exclusion constraint (or unique index) besides the key over a written column.
    pub other_unique: bool,
}

impl TargetTable {
    /// The table as deletes see it: the key's columns alone.
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
