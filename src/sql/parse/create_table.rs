//! `CREATE [TEMPORARY] TABLE [IF NOT EXISTS] t (columns, key) [COMMENT '…'] WITH ('option' = 'value', …) [LIKE other]`.

use sqlparser::tokenizer::{Token, Tokenizer};

use super::column::{self, ColumnDefinition, PrimaryKey};
use super::cursor::{Name, Parsed, TokenCursor, error};
use super::dialect::FlinkSql;
use super::like::{self, LikeClause};
use super::names::{name_list, table_name};
use crate::options::OptionEntry;

#[derive(Debug, Clone, PartialEq)]
pub struct CreateTable {
    pub name: Name,
    pub if_not_exists: bool,
    pub columns: Vec<ColumnDefinition>,
    pub primary_key: Option<PrimaryKey>,
    /// The options in the order of the file, with duplicates.
    pub options: Vec<OptionEntry>,
    /// The columns of PARTITIONED BY and DISTRIBUTED BY.
    pub partitioned_by: Vec<Name>,
    pub like: Option<LikeClause>,
    /// Clauses that have no effect on rows that are written from a topic to a table, such as `WATERMARK`.
    pub without_effect: Vec<&'static str>,
}

/// Parses the text after `CREATE [TEMPORARY] TABLE`.
pub fn parse(cursor: &mut TokenCursor<'_>) -> Parsed<CreateTable> {
    let if_not_exists = cursor.accept_words(&["IF", "NOT", "EXISTS"]);
    let mut table = CreateTable {
        name: table_name(cursor)?,
        if_not_exists,
        columns: Vec::new(),
        primary_key: None,
        options: Vec::new(),
        partitioned_by: Vec::new(),
        like: None,
        without_effect: Vec::new(),
    };
    if cursor.next_is("AS") {
        return Err(cursor.unsupported("CREATE TABLE … AS SELECT; use INSERT INTO"));
    }
    let has_columns = cursor.accept(&Token::LParen);
    if has_columns {
        elements(cursor, &mut table)?;
    }
    if cursor.accept_word("COMMENT") {
        cursor.text("the table's comment")?;
    }
    distribution(cursor, &mut table)?;
    partitions(cursor, &mut table)?;
    let has_options = cursor.accept_word("WITH");
    if has_options {
        table.options = with_list(cursor)?;
    }
    if cursor.accept_word("LIKE") {
        table.like = Some(like::parse(cursor)?);
    } else if cursor.next_is("AS") {
        return Err(cursor.unsupported("CREATE TABLE … AS SELECT; use INSERT INTO"));
    } else if !has_columns {
        return Err(cursor.expected("the columns: '(', or LIKE and another table"));
    } else if !has_options {
        return Err(cursor.expected("WITH"));
    }
    Ok(table)
}

fn elements(cursor: &mut TokenCursor<'_>, table: &mut CreateTable) -> Parsed<()> {
    if cursor.next_is("LIKE") {
        return Err(cursor.error("LIKE comes after the columns and options, not among them: CREATE TABLE a LIKE b"));
    }
    loop {
        cursor.recover(|cursor| element(cursor, table));
        if !cursor.accept(&Token::Comma) {
            break;
        }
    }
    if !cursor.accept(&Token::RParen) {
        return Err(cursor.expected("',' or ')' after the column"));
    }
    Ok(())
}

/// Parses a column, a key or a watermark.
fn element(cursor: &mut TokenCursor<'_>, table: &mut CreateTable) -> Parsed<()> {
    if cursor.next_are(&["WATERMARK", "FOR"]) {
        // A watermark says when windows close. There are no windows here.
        cursor.element();
        table.without_effect.push("WATERMARK");
        return Ok(());
    }
    if cursor.accept_word("CONSTRAINT") {
        cursor.name("the constraint's name")?;
        return column::table_key(cursor, &mut table.primary_key);
    }
    if cursor.next_are(&["PRIMARY", "KEY"]) || cursor.next_are(&["UNIQUE"]) {
        return column::table_key(cursor, &mut table.primary_key);
    }
    let column = column::parse(cursor, &mut table.primary_key)?;
    add(table, column)
}

fn add(table: &mut CreateTable, column: ColumnDefinition) -> Parsed<()> {
    if let Some(first) = table.columns.iter().find(|other| other.name.text == column.name.text) {
        let message = format!("column '{}' is declared twice, first in line {}", column.name.text, first.name.at.line);
        return Err(error(column.name.at, message));
    }
    table.columns.push(column);
    Ok(())
}

/// A column that a program declares. `text` is the text after its name in a CREATE TABLE, such as `BIGINT NOT NULL`. The
/// place of an error is that of the table.
pub fn column_of_text(name: &str, text: &str, table: &mut CreateTable) -> Parsed<()> {
    let at = table.name.at;
    let wrong = |message: &str| error(at, format!("column '{name}': {message}"));
    let mut tokens =
        Tokenizer::new(&FlinkSql, text).tokenize_with_location().map_err(|failure| wrong(&failure.message))?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let mut cursor = TokenCursor::new(&tokens, at);
    let kind = column::kind(&mut cursor, &mut table.primary_key, &Name { text: name.to_owned(), at });
    let kind = kind.map_err(|diagnostic| wrong(&diagnostic.message))?;
    if !cursor.is_at_end() {
        return Err(wrong(&cursor.error("nothing may follow here".to_owned()).message));
    }
    if table.columns.iter().any(|other| other.name.text == name) {
        return Err(error(at, format!("column '{name}' is listed twice; name each column once")));
    }
    table.columns.push(ColumnDefinition { name: Name { text: name.to_owned(), at }, kind });
    Ok(())
}

/// Parses `DISTRIBUTED [BY [HASH | RANGE] (columns)] [INTO n BUCKETS]`.
fn distribution(cursor: &mut TokenCursor<'_>, table: &mut CreateTable) -> Parsed<()> {
    if !cursor.accept_word("DISTRIBUTED") {
        return Ok(());
    }
    if cursor.accept_word("BY") {
        if !cursor.accept_word("HASH") {
            cursor.accept_word("RANGE");
        }
        table.partitioned_by.extend(name_list(cursor, "a column")?);
    }
    if cursor.accept_word("INTO") {
        cursor.number("the number of buckets")?;
        cursor.expect_word("BUCKETS")?;
    }
    table.without_effect.push("DISTRIBUTED BY");
    Ok(())
}

fn partitions(cursor: &mut TokenCursor<'_>, table: &mut CreateTable) -> Parsed<()> {
    if cursor.accept_word("PARTITIONED") {
        cursor.expect_word("BY")?;
        table.partitioned_by.extend(name_list(cursor, "a column")?);
        table.without_effect.push("PARTITIONED BY");
    }
    Ok(())
}

fn with_list(cursor: &mut TokenCursor<'_>) -> Parsed<Vec<OptionEntry>> {
    cursor.expect(&Token::LParen)?;
    let mut entries = Vec::new();
    loop {
        let (key, key_at) = cursor.text("an option")?;
        if !cursor.accept(&Token::Eq) {
            return Err(cursor.expected("'=' after the option's name"));
        }
        let (value, value_at) = cursor.text("the option's value")?;
        entries.push(OptionEntry { key, key_at: Some(key_at), value, value_at: Some(value_at) });
        if !cursor.accept(&Token::Comma) {
            break;
        }
    }
    if !cursor.accept(&Token::RParen) {
        return Err(cursor.expected("',' or ')' after the option"));
    }
    Ok(entries)
}
