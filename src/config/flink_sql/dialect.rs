//! What differs between Flink's SQL and the tokenizer's common ground.

use sqlparser::dialect::Dialect;

/// Back-quoted identifiers, `U&'…'` literals; backslashes and double quotes have no meaning of their own.
#[derive(Debug)]
pub struct FlinkSql;

impl Dialect for FlinkSql {
    fn is_delimited_identifier_start(&self, character: char) -> bool {
        character == '`'
    }

    fn is_identifier_start(&self, character: char) -> bool {
        character.is_alphabetic() || character == '_'
    }

    fn is_identifier_part(&self, character: char) -> bool {
        character.is_alphanumeric() || character == '_' || character == '$'
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }
}
