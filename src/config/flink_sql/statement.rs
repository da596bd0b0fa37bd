//! The statements of a job file. One not known here is named as not supported, with its place.

use std::fmt;

use sqlparser::ast::Query;
use sqlparser::tokenizer::Token;

use super::create_table::{self, CreateTable, name_list};
use super::cursor::{Cursor, Name, Parsed, error};
use super::query;
use crate::error::{Diagnostic, Location};

#[derive(Debug, Clone)]
pub enum Statement {
    CreateTable(CreateTable),
    Set(SetOption),
    Insert(Insert),
}

/// `SET 'key' = 'value'`.
#[derive(Clone, PartialEq, Eq)]
pub struct SetOption {
    pub key: String,
    pub key_at: Location,
    pub value: String,
    pub value_at: Location,
}

/// The value may be a secret that went into the wrong place.
impl fmt::Debug for SetOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetOption").field("key", &self.key).finish_non_exhaustive()
    }
}

/// `INSERT INTO table [(columns)] query`.
#[derive(Debug, Clone)]
pub struct Insert {
    pub table: Name,
    pub columns: Option<Vec<Name>>,
    pub query: Box<Query>,
    pub query_at: Location,
}

const UNSUPPORTED: &[(&[&str], &str)] = &[
    (&["INSERT", "OVERWRITE"], "INSERT OVERWRITE; rows are only added, or replaced by conflictmode"),
    (&["BEGIN"], "STATEMENT SET; write the INSERT statements one after the other, all of them run"),
    (&["END"], "STATEMENT SET; write the INSERT statements one after the other, all of them run"),
    (&["EXECUTE"], "EXECUTE; write the INSERT INTO by itself"),
    (&["CREATE", "VIEW"], "views"),
    (&["CREATE", "TEMPORARY", "VIEW"], "views"),
    (&["CREATE", "FUNCTION"], "functions"),
    (&["CREATE", "TEMPORARY", "FUNCTION"], "functions"),
    (&["CREATE", "TEMPORARY", "SYSTEM"], "functions"),
    (&["CREATE"], "CREATE of anything but a table"),
];

pub fn parse(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    let statement =
        if cursor.accept_words(&["CREATE", "TABLE"]) || cursor.accept_words(&["CREATE", "TEMPORARY", "TABLE"]) {
            Statement::CreateTable(create_table::parse(cursor)?)
        } else if cursor.accept_words(&["INSERT", "INTO"]) {
            Statement::Insert(insert(cursor)?)
        } else if cursor.accept_word("SET") {
            Statement::Set(set(cursor)?)
        } else {
            return Err(unknown(cursor));
        };
    if !cursor.is_at_end() {
        return Err(cursor.expected("';' and the next statement"));
    }
    Ok(statement)
}

/// The name of the table that a CREATE TABLE declares, however wrong the rest of it is.
pub fn declared_table(cursor: &mut Cursor<'_>) -> Option<String> {
    let is_create = cursor.accept_words(&["CREATE", "TABLE"]) || cursor.accept_words(&["CREATE", "TEMPORARY", "TABLE"]);
    cursor.accept_words(&["IF", "NOT", "EXISTS"]);
    if is_create { table_name(cursor).ok().map(|name| name.text) } else { None }
}

fn unknown(cursor: &Cursor<'_>) -> Diagnostic {
    if let Some((_, what)) = UNSUPPORTED.iter().find(|(words, _)| cursor.next_are(words)) {
        return cursor.unsupported(what);
    }
    let others = ["DROP", "ALTER", "USE", "ADD", "REMOVE", "RESET", "SELECT", "WITH", "DELETE", "UPDATE", "ANALYZE"];
    match others.iter().find(|word| cursor.next_is(word)) {
        Some(word) => cursor.unsupported(&format!("{word} statements")),
        None => cursor.expected("a statement (CREATE TABLE, INSERT INTO or SET)"),
    }
}

/// A table's name. There is one catalog, so a qualified name may only name Flink's default one.
pub fn table_name(cursor: &mut Cursor<'_>) -> Parsed<Name> {
    let mut parts = vec![cursor.name("the table's name")?];
    while cursor.accept(&Token::Period) {
        parts.push(cursor.name("the table's name")?);
    }
    let name = parts.remove(parts.len() - 1);
    let qualifiers: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
    check_qualifiers(&qualifiers, &name)?;
    Ok(name)
}

pub fn check_qualifiers(qualifiers: &[&str], name: &Name) -> Parsed<()> {
    match qualifiers {
        [] | ["default_database"] | ["default_catalog", "default_database"] => Ok(()),
        _ => {
            Err(error(name.at, format!("not supported: catalogs and databases; name the table '{}' alone", name.text)))
        }
    }
}

fn set(cursor: &mut Cursor<'_>) -> Parsed<SetOption> {
    if !matches!(cursor.peek(), Token::SingleQuotedString(_) | Token::UnicodeStringLiteral(_)) {
        return bare_set(cursor);
    }
    let (key, key_at) = cursor.text("the setting's name")?;
    cursor.expect(&Token::Eq)?;
    let (value, value_at) = cursor.text("the setting's value")?;
    Ok(SetOption { key, key_at, value, value_at })
}

/// `SET key = value` without quotes, as the SQL client of older Flink versions took it: all up to the `;`.
fn bare_set(cursor: &mut Cursor<'_>) -> Parsed<SetOption> {
    let key_at = cursor.at();
    let mut key = String::new();
    while !cursor.is_at_end() && *cursor.peek() != Token::Eq {
        key.push_str(&cursor.advance().to_string());
    }
    if key.is_empty() {
        return Err(cursor.expected("a setting: SET 'name' = 'value'"));
    }
    cursor.expect(&Token::Eq)?;
    let value_at = cursor.at();
    let mut value = String::new();
    while !cursor.is_at_end() {
        if !value.is_empty() && cursor.follows_blank() {
            value.push(' ');
        }
        match cursor.advance() {
            Token::SingleQuotedString(text) | Token::UnicodeStringLiteral(text) => value.push_str(text),
            token => value.push_str(&token.to_string()),
        }
    }
    Ok(SetOption { key, key_at, value, value_at })
}

/// What follows `INSERT INTO`.
fn insert(cursor: &mut Cursor<'_>) -> Parsed<Insert> {
    let table = table_name(cursor)?;
    if cursor.next_is("PARTITION") {
        return Err(cursor.unsupported("INSERT INTO … PARTITION"));
    }
    let columns = match cursor.peek() {
        Token::LParen if !cursor.opens_query() => Some(name_list(cursor, "a column")?),
        _ => None,
    };
    let query_at = cursor.at();
    if cursor.next_is("VALUES") {
        return Err(cursor.unsupported("INSERT INTO … VALUES; a job reads from a table"));
    }
    if !cursor.next_is("SELECT") && !cursor.next_is("WITH") && *cursor.peek() != Token::LParen {
        return Err(cursor.expected("SELECT"));
    }
    let query = query::parse(cursor.rest(), cursor.end())?;
    Ok(Insert { table, columns, query, query_at })
}
