//! `'format' = 'csv'` and its options; see Flink's csv format for their meaning.

use std::sync::Arc;

use super::Csv;
use crate::formats::Decode;
use crate::formats::definition::MessageFormat;
use crate::options::value_types::{character, unescape_java};
use crate::options::{OptionDefinition, OptionValue, TableOptions};
use crate::schema_registry::schemas::Schemas;
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CsvFormat {
    pub field_delimiter: char,
    /// `None`: `disable-quote-character`.
    pub quote_character: Option<char>,
    pub allow_comments: bool,
    pub ignore_parse_errors: bool,
    pub array_element_delimiter: String,
    pub escape_character: Option<char>,
    pub null_literal: Option<String>,
}

type CsvOption = OptionDefinition<CsvFormat>;

const FIELD_DELIMITER: CsvOption = CsvOption::new(
    "field-delimiter",
    OptionValue::Any(|csv, text| {
        csv.field_delimiter = character(&unescape_java(text)?)?;
        Ok(())
    }),
    "The character between fields. Java escapes such as \\t and \\u0009 are understood.",
)
.default(",");
const DISABLE_QUOTE_CHARACTER: CsvOption = CsvOption::new(
    "disable-quote-character",
    OptionValue::Boolean(|csv, on| {
        if on {
            csv.quote_character = None;
        }
    }),
    "true: quotes are ordinary characters.",
)
.default("false");
const QUOTE_CHARACTER: CsvOption = CsvOption::new(
    "quote-character",
    OptionValue::Character(|csv, quote| csv.quote_character = Some(quote)),
    "The character before and after a field that holds delimiters or line ends.",
)
.default("\"")
.read_when(|csv| csv.quote_character.is_some());
const ALLOW_COMMENTS: CsvOption = CsvOption::new(
    "allow-comments",
    OptionValue::Boolean(|csv, on| csv.allow_comments = on),
    "true: lines that start with # are skipped.",
)
.default("false");
const IGNORE_PARSE_ERRORS: CsvOption = CsvOption::new(
    "ignore-parse-errors",
    OptionValue::Boolean(|csv, on| csv.ignore_parse_errors = on),
    "true: a field that can't be converted becomes NULL, a message that isn't CSV is dropped, and both are counted. false: \
     the sink's exceptionmode decides what happens to such a record.",
)
.default("false");
const ARRAY_ELEMENT_DELIMITER: CsvOption = CsvOption::new(
    "array-element-delimiter",
    OptionValue::Character(|csv, delimiter| csv.array_element_delimiter = delimiter.into()),
    "The character between the elements of an ARRAY or ROW column.",
)
.default(";");
const ESCAPE_CHARACTER: CsvOption = CsvOption::new(
    "escape-character",
    OptionValue::Character(|csv, escape| csv.escape_character = Some(escape)),
    "The character after this one is taken as it is.",
);
const NULL_LITERAL: CsvOption = CsvOption::new(
    "null-literal",
    OptionValue::Any(|csv, text| {
        csv.null_literal = Some(text.to_owned());
        Ok(())
    }),
    "A field with exactly this text is NULL.",
);
const BIG_DECIMAL_NOTATION: CsvOption = CsvOption::new(
    "write-bigdecimal-in-scientific-notation",
    OptionValue::NoEffect,
    "For writing only; accepted, no effect.",
)
.since("1.15");

impl MessageFormat for CsvFormat {
    const NAME: &'static str = "csv";
    const IS_CHANGING: bool = false;
    type Options = CsvFormat;
    const OPTIONS: &'static [CsvOption] = &[
        FIELD_DELIMITER,
        DISABLE_QUOTE_CHARACTER,
        QUOTE_CHARACTER,
        ALLOW_COMMENTS,
        IGNORE_PARSE_ERRORS,
        ARRAY_ELEMENT_DELIMITER,
        ESCAPE_CHARACTER,
        NULL_LITERAL,
        BIG_DECIMAL_NOTATION,
    ];

    fn new(csv: CsvFormat, options: &mut TableOptions<'_>) -> Option<Self> {
        if csv.quote_character.is_none() && options.is_set(&QUOTE_CHARACTER) {
            options.error(&QUOTE_CHARACTER, "and 'disable-quote-character' exclude each other");
        }
        Some(csv)
    }

    fn metadata() -> Vec<MetadataColumn> {
        Vec::new()
    }

    fn refuse_column(&self, _: &str, data_type: &DataType) -> Option<String> {
        let refused = match data_type {
            DataType::Array(element) => element.is_nested(),
            DataType::Row(fields) => fields.iter().any(|field| field.data_type.is_nested()),
            other => other.is_nested(),
        };
        refused.then(|| format!("not supported: format 'csv' can't hold {data_type}"))
    }

    fn decoder(&self, columns: &[SourceColumn], _: &[MetadataColumn], _: Option<Arc<dyn Schemas>>) -> Box<dyn Decode> {
        Box::new(Csv::new(self, columns))
    }
}
