//! The columns of a source.

use crate::types::data_type::DataType;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceColumn {
    pub name: String,
    pub data_type: DataType,
    pub not_null: bool,
}

/// `name TYPE METADATA [FROM 'key']`: `data_type` is the type of the metadata key. If the column is declared
/// with another type, the value is cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataColumn {
    pub key: String,
    pub data_type: DataType,
}
