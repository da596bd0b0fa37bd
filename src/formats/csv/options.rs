//! Options of `'format' = 'csv'`.

use crate::formats::csv::settings::CsvFormat;
use crate::options::value_types::{character, unescape_java};
use crate::options::{OptionSpec, TableOptions, ValueType};

pub const FIELD_DELIMITER: OptionSpec = OptionSpec::new(
    "field-delimiter",
    ValueType::Any,
    "One character; Java escapes such as \\t and \\u0009 are understood.",
)
.default(",");
pub const DISABLE_QUOTE_CHARACTER: OptionSpec =
    OptionSpec::new("disable-quote-character", ValueType::Boolean, "Quotes are ordinary characters.").default("false");
pub const QUOTE_CHARACTER: OptionSpec =
    OptionSpec::new("quote-character", ValueType::Character, "Encloses a field that holds delimiters or line ends.")
        .default("\"");
pub const ALLOW_COMMENTS: OptionSpec =
    OptionSpec::new("allow-comments", ValueType::Boolean, "Lines that start with # are skipped.").default("false");
pub const IGNORE_PARSE_ERRORS: OptionSpec = OptionSpec::new(
    "ignore-parse-errors",
    ValueType::Boolean,
    "A field that does not convert becomes NULL, a message that is no csv is dropped; both are counted. false: such a \
     record is rejected, by the sink's exceptionmode.",
)
.default("false");
pub const ARRAY_ELEMENT_DELIMITER: OptionSpec =
    OptionSpec::new("array-element-delimiter", ValueType::Character, "Splits the text of an ARRAY or ROW column.")
        .default(";");
pub const ESCAPE_CHARACTER: OptionSpec =
    OptionSpec::new("escape-character", ValueType::Character, "Takes the next character as it is.");
pub const NULL_LITERAL: OptionSpec =
    OptionSpec::new("null-literal", ValueType::Any, "A field of exactly this text is NULL.");
pub const BIG_DECIMAL_NOTATION: OptionSpec = OptionSpec::new(
    "write-bigdecimal-in-scientific-notation",
    ValueType::Any,
    "For writing only; accepted, no effect.",
)
.since("1.15");

pub const OPTIONS: &[OptionSpec] = &[
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

pub fn read(options: &mut TableOptions<'_>) -> CsvFormat {
    let field_delimiter =
        options.convert(&FIELD_DELIMITER, |text| unescape_java(text).and_then(|text| character(&text))).unwrap_or(',');
    let quote = options.character(&QUOTE_CHARACTER);
    let disable_quote = options.boolean(&DISABLE_QUOTE_CHARACTER);
    if disable_quote && options.is_set(&QUOTE_CHARACTER) {
        options.error(&QUOTE_CHARACTER, "and 'disable-quote-character' exclude each other");
    }
    let array_element_delimiter = options.character(&ARRAY_ELEMENT_DELIMITER).unwrap_or(';');
    CsvFormat {
        field_delimiter,
        quote_character: quote.filter(|_| !disable_quote),
        allow_comments: options.boolean(&ALLOW_COMMENTS),
        ignore_parse_errors: options.boolean(&IGNORE_PARSE_ERRORS),
        array_element_delimiter: array_element_delimiter.to_string(),
        escape_character: options.character(&ESCAPE_CHARACTER),
        null_literal: options.text(&NULL_LITERAL),
    }
}
