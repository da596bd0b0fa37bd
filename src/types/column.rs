//! The columns of a table that is read.

use crate::types::data_type::DataType;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceColumn {
    pub name: String,
    pub data_type: DataType,
    pub not_null: bool,
}

/// `name TYPE METADATA [FROM 'key']`: `data_type` is the key's own; a column declared otherwise is a cast of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataColumn {
    pub key: String,
    pub data_type: DataType,
}
