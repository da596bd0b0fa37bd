//! The code that all change formats in JSON have in common.

use std::sync::Arc;

use super::envelope::{PlainMetadata, metadata_columns};
use super::options::ChangeFormat;
use crate::formats::Decode;
use crate::formats::definition::{MessageFormat, keys_that_are_no_texts};
use crate::options::{OptionDefinition, TableOptions};
use crate::schema_registry::schemas::Schemas;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

/// A change format in JSON. The other items of a [`MessageFormat`] are the same for each of them.
pub(crate) trait JsonChangeFormat: AsMut<ChangeFormat> + Default + 'static {
    /// The name in `'format' = '…'`.
    const NAME: &'static str;

    /// A list that `json_options!` makes.
    const OPTIONS: &'static [OptionDefinition<Self>];

    /// The metadata keys, and the field of a message from which each is read.
    fn known_metadata() -> Vec<PlainMetadata>;

    /// The decoder of messages.
    fn change_decoder(&self, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Box<dyn Decode>;
}

impl<F: JsonChangeFormat> MessageFormat for F {
    const NAME: &'static str = <F as JsonChangeFormat>::NAME;
    const IS_CHANGING: bool = true;
    type Options = F;
    const OPTIONS: &'static [OptionDefinition<F>] = <F as JsonChangeFormat>::OPTIONS;

    fn new(given: F, _: &mut TableOptions<'_>) -> Option<Self> {
        Some(given)
    }

    fn metadata() -> Vec<MetadataColumn> {
        metadata_columns(&F::known_metadata())
    }

    fn refuse_column(&self, _: &str, data_type: &DataType) -> Option<String> {
        keys_that_are_no_texts(data_type, "JSON")
    }

    fn decoder(
        &self,
        columns: &[SourceColumn],
        metadata: &[MetadataColumn],
        _: Option<Arc<dyn Schemas>>,
    ) -> Box<dyn Decode> {
        self.change_decoder(columns, metadata)
    }
}
