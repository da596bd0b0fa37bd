//! `'format' = 'canal-json'` and its options.

use std::sync::Arc;

use super::{Canal, known_metadata};
use crate::formats::Decode;
use crate::formats::change::envelope::metadata_columns;
use crate::formats::change::options::ChangeFormat;
use crate::formats::definition::{MessageFormat, keys_that_are_no_texts};
use crate::formats::json::options::{
    ignore_null_fields, ignore_parse_errors, map_null_key_literal, map_null_key_mode, plain_decimals,
    timestamp_standard,
};
use crate::options::regular_expression::compile_whole;
use crate::options::{OptionDefinition, OptionValue, TableOptions};
use crate::schema_registry::schemas::Schemas;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

/// The regular expressions are such that a message's database and table must match as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CanalFormat {
    pub change: ChangeFormat,
    pub database_include: Option<String>,
    pub table_include: Option<String>,
}

impl AsMut<ChangeFormat> for CanalFormat {
    fn as_mut(&mut self) -> &mut ChangeFormat {
        &mut self.change
    }
}

type CanalOption = OptionDefinition<CanalFormat>;

const DATABASE_INCLUDE: CanalOption = CanalOption::new(
    "database.include",
    OptionValue::Any(|canal, text| {
        canal.database_include = Some(pattern(text)?);
        Ok(())
    }),
    "A regular expression: messages whose \"database\" doesn't match it as a whole are skipped.",
);
const TABLE_INCLUDE: CanalOption = CanalOption::new(
    "table.include",
    OptionValue::Any(|canal, text| {
        canal.table_include = Some(pattern(text)?);
        Ok(())
    }),
    "The same of their \"table\".",
);

impl MessageFormat for CanalFormat {
    const NAME: &'static str = "canal-json";
    const IS_CHANGING: bool = true;
    type Options = CanalFormat;
    const OPTIONS: &'static [CanalOption] = &[
        DATABASE_INCLUDE,
        TABLE_INCLUDE,
        ignore_parse_errors(),
        timestamp_standard(),
        map_null_key_mode(),
        map_null_key_literal(),
        plain_decimals(),
        ignore_null_fields(),
    ];

    fn new(canal: CanalFormat, _: &mut TableOptions<'_>) -> Option<Self> {
        Some(canal)
    }

    fn metadata() -> Vec<MetadataColumn> {
        metadata_columns(&known_metadata())
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
        Box::new(Canal::new(self, columns, metadata))
    }
}

fn pattern(text: &str) -> Result<String, String> {
    compile_whole(text).map(|_| text.to_string())
}
