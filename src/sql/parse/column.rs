//! A column of a CREATE TABLE, and the PRIMARY KEY.

use sqlparser::ast::Expr;

use super::cursor::{Name, Parsed, TokenCursor, error};
use super::data_type::{accept_nullability, parse_type_and_parts};
use super::names::name_list;
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
    /// A column that messages contain, or that a target table stores.
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

/// Parses a column. If it is declared as PRIMARY KEY, the key is set.
pub fn parse(cursor: &mut TokenCursor<'_>, primary_key: &mut Option<PrimaryKey>) -> Parsed<ColumnDefinition> {
    let name = cursor.name("a column name")?;
    let kind = kind(cursor, primary_key, &name)?;
    Ok(ColumnDefinition { name, kind })
}

/// Parses the text after the column's name.
pub fn kind(cursor: &mut TokenCursor<'_>, primary_key: &mut Option<PrimaryKey>, name: &Name) -> Parsed<ColumnKind> {
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
            set_key(primary_key, PrimaryKey { at, columns: vec![name.clone()] })?;
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

/// Parses the text after METADATA.
fn metadata_key(cursor: &mut TokenCursor<'_>, column: &Name) -> Parsed<(Name, bool)> {
    let key = if cursor.accept_word("FROM") {
        let (text, at) = cursor.text("the metadata's key")?;
        Name { text, at }
    } else {
        column.clone()
    };
    Ok((key, cursor.accept_word("VIRTUAL")))
}

/// Parses a key that is declared after the columns.
pub fn table_key(cursor: &mut TokenCursor<'_>, primary_key: &mut Option<PrimaryKey>) -> Parsed<()> {
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
    set_key(primary_key, PrimaryKey { at, columns })
}

fn set_key(primary_key: &mut Option<PrimaryKey>, key: PrimaryKey) -> Parsed<()> {
    if primary_key.is_some() {
        return Err(error(key.at, "a table has one PRIMARY KEY; several columns go into one PRIMARY KEY (a, b)"));
    }
    *primary_key = Some(key);
    Ok(())
}

/// Accepts `NOT ENFORCED`. It may be missing, as in the examples of the vendor's cloud service.
fn accept_enforcement(cursor: &mut TokenCursor<'_>) -> Parsed<()> {
    if cursor.next_is("ENFORCED") {
        return Err(cursor.unsupported("ENFORCED; write NOT ENFORCED"));
    }
    cursor.accept_words(&["NOT", "ENFORCED"]);
    Ok(())
}
