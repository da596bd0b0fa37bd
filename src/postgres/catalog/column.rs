//! A column as the catalog describes it.

use crate::types::column_types::ColumnType;
use crate::types::vectors::dimension::Dimension;

/// A column of the table.
#[derive(Debug, Clone)]
pub struct CatalogColumn {
    pub name: String,
    pub number: i16,
    /// Oid and modifier of its type, which may be a domain.
    pub type_id: (u32, i32),
    pub type_name: String,
    /// The type's name and oid, for a domain those of the type that it is based on.
    pub base_type: String,
    pub base_type_id: u32,
    pub column_type: ColumnType,
    pub not_null: bool,
    pub has_default: bool,
    pub identity_always: bool,
    pub generated: bool,
    /// `pg_attribute.attstorage` and its type's default.
    pub storage: char,
    pub type_storage: char,
    /// The column's collation takes only strings of the same bytes for equal.
    pub bytewise: bool,
    pub dimension: Option<Dimension>,
    pub may_insert: bool,
    pub may_update: bool,
    pub may_select: bool,
}

impl CatalogColumn {
    /// The storage, if it is not the default of the type.
    pub fn special_storage(&self) -> Option<&'static str> {
        match self.storage {
            storage if storage == self.type_storage => None,
            'p' => Some("PLAIN"),
            'e' => Some("EXTERNAL"),
            'x' => Some("EXTENDED"),
            'm' => Some("MAIN"),
            _ => None,
        }
    }
}
