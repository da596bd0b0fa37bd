//! What a format is. `format.rs` lists them all.

use std::sync::Arc;

use super::Decode;
use crate::options::{OptionDefinition, TableOptions, with_defaults};
use crate::schema_registry::schemas::Schemas;
use crate::settings::registry::Registry;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::{DataType, TypePart};

/// A message format with its options as a table sets them.
pub trait MessageFormat: Sized + 'static {
    /// What `'format' = '…'` says.
    const NAME: &'static str;

    /// Whether its messages can also update and delete rows; the others only ever add some. Such a format can't be the
    /// format of keys.
    const IS_CHANGING: bool;

    /// What the options set; often the format itself.
    type Options: Default;

    const OPTIONS: &'static [OptionDefinition<Self::Options>];

    /// The format with these options. Each of them is right by itself. `None`: together they are wrong, and the error is noted.
    fn new(given: Self::Options, options: &mut TableOptions<'_>) -> Option<Self>;

    /// What it reads from a message beside the columns, with Flink's keys and types. A METADATA column names it with
    /// `value.` in front.
    fn metadata() -> Vec<MetadataColumn>;

    /// Why it can't hold a column.
    fn refuse_column(&self, name: &str, data_type: &DataType) -> Option<String>;

    /// What decodes messages. `schemas`: where a format with a registry looks schemas up.
    fn decoder(
        &self,
        columns: &[SourceColumn],
        metadata: &[MetadataColumn],
        schemas: Option<Arc<dyn Schemas>>,
    ) -> Box<dyn Decode>;

    // What few formats have:

    /// Reads the options; their names have the prefix already.
    fn read(options: &mut TableOptions<'_>) -> Option<Self> {
        let mut given = with_defaults(Self::OPTIONS);
        options.read_into(Self::OPTIONS, &mut given);
        Self::new(given, options)
    }

    /// Why it can't have so many columns. `part`: what it is the format of, `value` or `key`.
    fn refuse_count(&self, _columns: usize, _part: &str) -> Option<String> {
        None
    }

    /// Where its messages' schemas are kept, if they name them.
    fn registry(&self) -> Option<&Registry> {
        None
    }

    /// Called once, with the columns of the table. A format that needs a schema and was given none derives it from them; one
    /// that was given a schema checks that it fits them. The error says why it doesn't.
    fn complete(&mut self, _table: &str, _columns: &[DeclaredColumn<'_>]) -> Result<(), String> {
        Ok(())
    }
}

/// A column as a table declares it.
#[derive(Debug, Clone)]
pub struct DeclaredColumn<'t> {
    /// With the name that messages have for it.
    pub column: SourceColumn,
    /// What is NOT NULL inside its type.
    pub parts: &'t [TypePart],
}

/// What is said of other keys where a map has strings for keys. `format`: `JSON`, `Avro`.
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
