//! `'format' = 'canal-json'` and its options.

use super::{Canal, known_metadata};
use crate::formats::Decode;
use crate::formats::change::envelope::PlainMetadata;
use crate::formats::change::json_format::JsonChangeFormat;
use crate::formats::change::options::ChangeFormat;
use crate::formats::json::options::json_options;
use crate::options::regular_expression::compile_whole;
use crate::options::{OptionDefinition, OptionValue};
use crate::types::column::{MetadataColumn, SourceColumn};

/// The regular expressions must match the whole database name and the whole table name of a message.
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
    "A regular expression: messages whose \"table\" doesn't match it as a whole are skipped.",
);

impl JsonChangeFormat for CanalFormat {
    const NAME: &'static str = "canal-json";
    const OPTIONS: &'static [CanalOption] = json_options![DATABASE_INCLUDE, TABLE_INCLUDE];

    fn known_metadata() -> Vec<PlainMetadata> {
        known_metadata().into()
    }

    fn change_decoder(&self, columns: &[SourceColumn], metadata: &[MetadataColumn]) -> Box<dyn Decode> {
        Box::new(Canal::new(self, columns, metadata))
    }
}

fn pattern(text: &str) -> Result<String, String> {
    compile_whole(text).map(|_| text.to_string())
}
