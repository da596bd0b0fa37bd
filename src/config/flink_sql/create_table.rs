//! `CREATE [TEMPORARY] TABLE [IF NOT EXISTS] t (columns, key) [COMMENT '…'] WITH ('option' = 'value', …)`.

use std::fmt;

use sqlparser::tokenizer::Token;

use super::cursor::{Cursor, Name, Parsed, error};
use super::data_type::{accept_nullability, parse_type};
use super::statement::table_name;
use crate::data_type::DataType;
use crate::error::Location;

#[derive(Debug, Clone, PartialEq)]
pub struct CreateTable {
    pub name: Name,
    pub if_not_exists: bool,
    pub columns: Vec<ColumnDefinition>,
    pub primary_key: Option<PrimaryKey>,
    /// In the order of the file, duplicates included.
    pub options: Vec<OptionEntry>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDefinition {
    pub name: Name,
    pub data_type: DataType,
    pub not_null: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PrimaryKey {
    pub at: Location,
    pub columns: Vec<Name>,
}

/// One `'key' = 'value'` of a WITH list. `None`: it came from the command line.
#[derive(Clone, PartialEq, Eq)]
pub struct OptionEntry {
    pub key: String,
    pub key_at: Option<Location>,
    pub value: String,
    pub value_at: Option<Location>,
}

/// The value may be a secret.
impl fmt::Debug for OptionEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionEntry").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What follows `CREATE [TEMPORARY] TABLE`.
pub fn parse(cursor: &mut Cursor<'_>) -> Parsed<CreateTable> {
    let if_not_exists = cursor.accept_words(&["IF", "NOT", "EXISTS"]);
    let name = table_name(cursor)?;
    if cursor.next_is("LIKE") {
        return Err(cursor.unsupported("CREATE TABLE … LIKE; write the columns and options out"));
    }
    let mut table = CreateTable { name, if_not_exists, columns: Vec::new(), primary_key: None, options: Vec::new() };
    cursor.expect(&Token::LParen)?;
    loop {
        element(cursor, &mut table)?;
        if !cursor.accept(&Token::Comma) {
            break;
        }
    }
    if !cursor.accept(&Token::RParen) {
        return Err(cursor.expected("',' or ')' after the column"));
    }
    if cursor.accept_word("COMMENT") {
        cursor.text("the table's comment")?;
    }
    for (keyword, what) in [("PARTITIONED", "PARTITIONED BY"), ("DISTRIBUTED", "DISTRIBUTED BY")] {
        if cursor.next_is(keyword) {
            return Err(cursor.unsupported(what));
        }
    }
    cursor.expect_word("WITH")?;
    table.options = with_list(cursor)?;
    if cursor.next_is("LIKE") {
        return Err(cursor.unsupported("CREATE TABLE … LIKE; write the columns and options out"));
    }
    if cursor.next_is("AS") {
        return Err(cursor.unsupported("CREATE TABLE … AS SELECT; use INSERT INTO"));
    }
    Ok(table)
}

/// A column, a key or a watermark.
fn element(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Parsed<()> {
    if cursor.next_are(&["WATERMARK", "FOR"]) {
        // It says when windows close, and there are none here.
        cursor.skip_element();
        return Ok(());
    }
    if cursor.next_is("CONSTRAINT") {
        cursor.advance();
        cursor.name("the constraint's name")?;
        return table_key(cursor, table);
    }
    if cursor.next_are(&["PRIMARY", "KEY"]) {
        return table_key(cursor, table);
    }
    column(cursor, table)
}

fn column(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Parsed<()> {
    let name = cursor.name("a column name")?;
    if cursor.next_is("AS") {
        return Err(cursor.unsupported("computed columns; compute it in the SELECT"));
    }
    let data_type = parse_type(cursor)?;
    if cursor.next_is("METADATA") {
        return Err(cursor.unsupported("METADATA columns"));
    }
    let mut column = ColumnDefinition { name, data_type, not_null: false };
    loop {
        let at = cursor.at();
        if cursor.next_is("NOT") || cursor.next_is("NULL") {
            column.not_null |= accept_nullability(cursor)?;
        } else if cursor.accept_words(&["PRIMARY", "KEY"]) {
            set_key(table, PrimaryKey { at, columns: vec![column.name.clone()] })?;
            accept_enforcement(cursor)?;
        } else if cursor.accept_word("COMMENT") {
            cursor.text("the column's comment")?;
        } else if cursor.next_is("CONSTRAINT") {
            cursor.advance();
            cursor.name("the constraint's name")?;
        } else {
            break;
        }
    }
    if let Some(first) = table.columns.iter().find(|other| other.name.text == column.name.text) {
        let message = format!("column '{}' is declared twice, first in line {}", column.name.text, first.name.at.line);
        return Err(error(column.name.at, message));
    }
    table.columns.push(column);
    Ok(())
}

fn table_key(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Parsed<()> {
    let at = cursor.at();
    if cursor.next_is("UNIQUE") {
        return Err(cursor.unsupported("UNIQUE; only PRIMARY KEY names the key"));
    }
    cursor.expect_word("PRIMARY")?;
    cursor.expect_word("KEY")?;
    let columns = name_list(cursor, "a column of the key")?;
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].iter().any(|other| other.text == column.text) {
            return Err(error(column.at, format!("column '{}' is listed twice in the key", column.text)));
        }
    }
    accept_enforcement(cursor)?;
    set_key(table, PrimaryKey { at, columns })
}

fn set_key(table: &mut CreateTable, key: PrimaryKey) -> Parsed<()> {
    if table.primary_key.is_some() {
        return Err(error(key.at, "a table has one PRIMARY KEY; several columns go into one PRIMARY KEY (a, b)"));
    }
    table.primary_key = Some(key);
    Ok(())
}

/// The managed service's examples leave `NOT ENFORCED` out.
fn accept_enforcement(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.next_is("ENFORCED") {
        return Err(cursor.unsupported("ENFORCED; write NOT ENFORCED"));
    }
    cursor.accept_words(&["NOT", "ENFORCED"]);
    Ok(())
}

/// `(a, b)`.
pub fn name_list(cursor: &mut Cursor<'_>, what: &str) -> Parsed<Vec<Name>> {
    cursor.expect(&Token::LParen)?;
    let mut names = vec![cursor.name(what)?];
    while cursor.accept(&Token::Comma) {
        names.push(cursor.name(what)?);
    }
    if !cursor.accept(&Token::RParen) {
        return Err(cursor.expected("',' or ')'"));
    }
    Ok(names)
}

fn with_list(cursor: &mut Cursor<'_>) -> Parsed<Vec<OptionEntry>> {
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
