//! What stands between the parentheses of a CREATE TABLE: columns, a key, a watermark.

use sqlparser::ast::Expr;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::create_table::CreateTable;
use super::cursor::{Name, Parsed, TokenCursor, error};
use super::data_type::{accept_nullability, parse_type_and_parts};
use super::dialect::FlinkSql;
use super::query;
use crate::error::Location;
use crate::types::data_type::{DataType, TypePart};

#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDefinition {
    pub name: Name,
    pub kind: ColumnKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ColumnKind {
    /// What a message holds, and what a target table stores.
    Physical { data_type: DataType, not_null: bool, parts: Vec<TypePart> },
    /// `METADATA [FROM 'key'] [VIRTUAL]`. Without FROM, the key is the column's name.
    Metadata { data_type: DataType, key: Name, is_virtual: bool },
    /// `AS expression`.
    Computed(Box<Expr>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct PrimaryKey {
    pub at: Location,
    pub columns: Vec<Name>,
}

pub fn element(cursor: &mut TokenCursor<'_>, table: &mut CreateTable) -> Parsed<()> {
    if cursor.next_are(&["WATERMARK", "FOR"]) {
        // It says when windows close, and there are none here.
        cursor.element();
        table.without_effect.push("WATERMARK");
        return Ok(());
    }
    if cursor.accept_word("CONSTRAINT") {
        cursor.name("the constraint's name")?;
        return table_key(cursor, table);
    }
    if cursor.next_are(&["PRIMARY", "KEY"]) || cursor.next_are(&["UNIQUE"]) {
        return table_key(cursor, table);
    }
    let column = column(cursor, table)?;
    add(table, column)
}

/// The column of a program's own table: `text` is what stands behind its name in a CREATE TABLE, `BIGINT NOT NULL`. Errors
/// stand at the table.
pub fn column_of_text(name: &str, text: &str, table: &mut CreateTable) -> Parsed<()> {
    let at = table.name.at;
    let wrong = |message: &str| error(at, format!("column '{name}': {message}"));
    let mut tokens =
        Tokenizer::new(&FlinkSql, text).tokenize_with_location().map_err(|failure| wrong(&failure.message))?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let mut cursor = TokenCursor::new(&tokens, at);
    let kind = kind(&mut cursor, table, &Name { text: name.to_owned(), at });
    let kind = kind.map_err(|diagnostic| wrong(&diagnostic.message))?;
    if !cursor.is_at_end() {
        return Err(wrong(&cursor.error("nothing may follow here".to_owned()).message));
    }
    if table.columns.iter().any(|other| other.name.text == name) {
        return Err(error(at, format!("column '{name}' is there twice; name each column once")));
    }
    table.columns.push(ColumnDefinition { name: Name { text: name.to_owned(), at }, kind });
    Ok(())
}

fn add(table: &mut CreateTable, column: ColumnDefinition) -> Parsed<()> {
    if let Some(first) = table.columns.iter().find(|other| other.name.text == column.name.text) {
        let message = format!("column '{}' is declared twice, first in line {}", column.name.text, first.name.at.line);
        return Err(error(column.name.at, message));
    }
    table.columns.push(column);
    Ok(())
}

fn column(cursor: &mut TokenCursor<'_>, table: &mut CreateTable) -> Parsed<ColumnDefinition> {
    let name = cursor.name("a column name")?;
    let kind = kind(cursor, table, &name)?;
    Ok(ColumnDefinition { name, kind })
}

/// What follows the column's name.
fn kind(cursor: &mut TokenCursor<'_>, table: &mut CreateTable, name: &Name) -> Parsed<ColumnKind> {
    if cursor.accept_word("AS") {
        let tokens = cursor.element();
        return query::parse_expression(tokens, cursor.at()).map(ColumnKind::Computed);
    }
    let (data_type, parts) = parse_type_and_parts(cursor)?;
    let mut not_null = false;
    let mut metadata = None;
    loop {
        let at = cursor.at();
        if cursor.next_is("NOT") || cursor.next_is("NULL") {
            not_null |= accept_nullability(cursor)?;
        } else if metadata.is_none() && cursor.accept_word("METADATA") {
            metadata = Some(metadata_key(cursor, name)?);
        } else if cursor.accept_words(&["PRIMARY", "KEY"]) {
            set_key(table, PrimaryKey { at, columns: vec![name.clone()] })?;
            accept_enforcement(cursor)?;
        } else if cursor.accept_word("COMMENT") {
            cursor.text("the column's comment")?;
        } else if cursor.accept_word("CONSTRAINT") {
            cursor.name("the constraint's name")?;
        } else {
            break;
        }
    }
    Ok(match metadata {
        Some((key, is_virtual)) => ColumnKind::Metadata { data_type, key, is_virtual },
        None => ColumnKind::Physical { data_type, not_null, parts },
    })
}

/// What follows METADATA.
fn metadata_key(cursor: &mut TokenCursor<'_>, column: &Name) -> Parsed<(Name, bool)> {
    let key = if cursor.accept_word("FROM") {
        let (text, at) = cursor.text("the metadata's key")?;
        Name { text, at }
    } else {
        column.clone()
    };
    Ok((key, cursor.accept_word("VIRTUAL")))
}

fn table_key(cursor: &mut TokenCursor<'_>, table: &mut CreateTable) -> Parsed<()> {
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
fn accept_enforcement(cursor: &mut TokenCursor<'_>) -> Parsed<()> {
    if cursor.next_is("ENFORCED") {
        return Err(cursor.unsupported("ENFORCED; write NOT ENFORCED"));
    }
    cursor.accept_words(&["NOT", "ENFORCED"]);
    Ok(())
}

/// `(a, b)`.
pub fn name_list(cursor: &mut TokenCursor<'_>, what: &str) -> Parsed<Vec<Name>> {
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
