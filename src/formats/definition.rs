//! The definition of a format. `format.rs` lists all formats.

use std::sync::Arc;

use super::Decode;
use crate::options::{OptionDefinition, TableOptions, with_defaults};
use crate::schema_registry::schemas::Schemas;
use crate::settings::registry::Registry;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::{DataType, TypePart};

/// A message format with the options of a table.
pub trait MessageFormat: Sized + 'static {
    /// The name in `'format' = '…'`.
    const NAME: &'static str;

    /// Whether the format's messages can also update and delete rows. Messages of other formats only insert rows. A format
    /// with updates and deletes can't be the format of message keys.
    const IS_CHANGING: bool;

    /// The type whose fields the options set. For many formats it is the format itself.
    type Options: Default;

    const OPTIONS: &'static [OptionDefinition<Self::Options>];

    /// Makes the format of its options. Each option was checked alone. `None`: together the options are wrong, and the
    /// error was added to `options`.
    fn new(given: Self::Options, options: &mut TableOptions<'_>) -> Option<Self>;

    /// The metadata that the format reads from a message, with Flink's keys and types. A METADATA column names it by its
    /// key with `value.` before it.
    fn metadata() -> Vec<MetadataColumn>;

    /// The reason why the format can't have a column of this type, `None` if it can.
    fn refuse_column(&self, name: &str, data_type: &DataType) -> Option<String>;

    /// Makes the decoder of messages. A format with a registry looks up schemas in `schemas`.
    fn decoder(
        &self,
        columns: &[SourceColumn],
        metadata: &[MetadataColumn],
        schemas: Option<Arc<dyn Schemas>>,
    ) -> Box<dyn Decode>;

    // Only a few formats define the following items.

    /// Reads the options. `options` already adds the format's prefix to their names.
    fn read(options: &mut TableOptions<'_>) -> Option<Self> {
        let mut given = with_defaults(Self::OPTIONS);
        options.read_into(Self::OPTIONS, &mut given);
        Self::new(given, options)
    }

    /// The reason why the format can't have this many columns, `None` if it can. `part` is the part of the message that has
    /// this format: `value` or `key`.
    fn refuse_count(&self, _columns: usize, _part: &str) -> Option<String> {
        None
    }

    /// The registry that has the schemas, if the format's messages contain the id of their schema.
    fn registry(&self) -> Option<&Registry> {
        None
    }

    /// Called once, with the columns of the table. A format that needs a schema either derives it from the columns or, if
    /// the options have a schema, checks that this schema fits the columns. The error says why it doesn't.
    fn complete(&mut self, _table: &str, _columns: &[DeclaredColumn<'_>]) -> Result<(), String> {
        Ok(())
    }
}

/// A column as a table declares it.
#[derive(Debug, Clone)]
pub struct DeclaredColumn<'t> {
    /// The column, with the name that it has in messages.
    pub column: SourceColumn,
    /// Which parts of the column's type are NOT NULL.
    pub parts: &'t [TypePart],
}

/// The error for a MAP whose keys (or a MULTISET whose elements) aren't strings, in a format whose maps can only have
/// strings as keys. `format` is `JSON` or `Avro`.
pub(crate) fn keys_that_are_no_texts(data_type: &DataType, format: &str) -> Option<String> {
    data_type.find_map(&|inner| match inner {
        DataType::Map(key, _) if !key.is_text() => {
            Some(format!("not supported: a MAP in {format} has STRING keys, not {key}"))
        }
        DataType::Multiset(element) if !element.is_text() => {
            Some(format!("not supported: a MULTISET in {format} has STRING elements, not {element}"))
        }
        _ => None,
    })
}
