//! The decoder of a source. It decodes the values of messages, and their keys if the source reads them.

use std::sync::Arc;

use super::keyed;
use crate::error::Result as JobResult;
use crate::formats::Decode;
use crate::formats::format::Format;
use crate::job::settings::source::Source;
use crate::schema_registry::schemas::Schemas;
use crate::types::column::SourceColumn;

/// Opens the place where a format looks up schemas. `None` for a format that needs no schemas.
pub type SchemasOf<'s> = &'s dyn Fn(&Format) -> JobResult<Option<Arc<dyn Schemas>>>;

/// The decoder of a source's messages.
pub fn of_source(source: &Source, schemas_of: SchemasOf<'_>) -> JobResult<Box<dyn Decode>> {
    let in_value: Vec<SourceColumn> =
        source.columns_in_value().into_iter().filter_map(|index| source.columns.get(index).cloned()).collect();
    let schemas = schemas_of(&source.format)?;
    let value = source.format.decoder(&in_value, &source.format_metadata, schemas);
    let Some(key) = &source.key else { return Ok(value) };
    let of_key = key.format.decoder(&source.key_columns(), &[], schemas_of(&key.format)?);
    Ok(Box::new(keyed::Keyed::new(source, key, of_key, value)))
}
