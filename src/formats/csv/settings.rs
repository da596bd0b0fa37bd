//! How `csv` messages are decoded.

/// Options of `format = 'csv'`; see Flink's csv format for their meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
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
