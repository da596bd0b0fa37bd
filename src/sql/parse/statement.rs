//! The statements of a job file. A statement that isn't supported is an error that names it, with its place.

use std::fmt;

use sqlparser::ast::Query;
use sqlparser::tokenizer::Token;

use super::create_table::{self, CreateTable};
use super::cursor::{Name, Parsed, TokenCursor};
use super::names::{name_list, table_name};
use super::query;
use crate::error::{Diagnostic, Location};

#[derive(Debug, Clone)]
pub enum SqlStatement {
    CreateTable(CreateTable),
    CreateView(CreateView),
    Drop(Drop),
    Set(SetOption),
    /// `RESET ['key']`.
    Reset(Option<String>),
    Insert(Insert),
    /// A statement that has no effect here, by its words.
    WithoutEffect(&'static str),
}

/// `SET 'key' = 'value'`.
#[derive(Clone, PartialEq, Eq)]
pub struct SetOption {
    pub key: String,
    pub key_at: Location,
    pub value: String,
    pub value_at: Location,
}

/// Leaves out the value, because it may be a secret that was put into the wrong place.
impl fmt::Debug for SetOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetOption").field("key", &self.key).finish_non_exhaustive()
    }
}

/// `CREATE [TEMPORARY] VIEW [IF NOT EXISTS] v [(names)] AS query`.
#[derive(Debug, Clone)]
pub struct CreateView {
    pub name: Name,
    pub if_not_exists: bool,
    pub columns: Option<Vec<Name>>,
    pub query: Box<Query>,
    pub query_at: Location,
}

/// `DROP [TEMPORARY] TABLE | VIEW [IF EXISTS] name`.
#[derive(Debug, Clone)]
pub struct Drop {
    pub name: Name,
    pub is_view: bool,
    pub if_exists: bool,
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
    (&["CREATE", "FUNCTION"], "CREATE FUNCTION"),
    (&["CREATE", "TEMPORARY", "FUNCTION"], "CREATE FUNCTION"),
    (&["CREATE", "TEMPORARY", "SYSTEM"], "CREATE FUNCTION"),
    (&["CREATE", "CATALOG"], "catalogs; declare the tables by CREATE TABLE"),
    (&["CREATE", "DATABASE"], "databases of a catalog; declare the tables by CREATE TABLE"),
    (&["CREATE"], "CREATE of anything but a table or a view"),
    (&["DROP"], "DROP of anything but a table or a view"),
    (&["ALTER"], "ALTER statements; change the CREATE TABLE"),
    (&["USE"], "catalogs and databases; declare the tables by CREATE TABLE"),
    (&["EXECUTE"], "EXECUTE of anything but INSERT and STATEMENT SET"),
    (&["SELECT"], "a SELECT by itself; write INSERT INTO … SELECT"),
    (&["WITH"], "a query by itself; write INSERT INTO … SELECT"),
    (&["BEGIN"], "BEGIN of anything but a STATEMENT SET"),
];

/// Other statements that are not supported. The error only names them.
const OTHERS: &[&str] = &[
    "ANALYZE", "CALL", "CLEAR", "COMPILE", "DELETE", "DESC", "DESCRIBE", "EXPLAIN", "HELP", "LOAD", "QUIT", "REFRESH",
    "SHOW", "STOP", "TRUNCATE", "UNLOAD", "UPDATE", "REMOVE",
];

pub fn parse(cursor: &mut TokenCursor<'_>) -> Parsed<SqlStatement> {
    let statement = if let Some(kind) = accept_kind(cursor, "CREATE") {
        match kind {
            StatementKind::Table => SqlStatement::CreateTable(create_table::parse(cursor)?),
            StatementKind::View => SqlStatement::CreateView(create_view(cursor)?),
        }
    } else if cursor.accept_words(&["INSERT", "INTO"]) || cursor.accept_words(&["EXECUTE", "INSERT", "INTO"]) {
        SqlStatement::Insert(insert(cursor)?)
    } else if let Some(kind) = accept_kind(cursor, "DROP") {
        let if_exists = cursor.accept_words(&["IF", "EXISTS"]);
        SqlStatement::Drop(Drop { name: table_name(cursor)?, is_view: kind == StatementKind::View, if_exists })
    } else if cursor.accept_word("SET") {
        SqlStatement::Set(set(cursor)?)
    } else if cursor.accept_word("RESET") {
        SqlStatement::Reset(reset(cursor)?)
    } else if cursor.accept_words(&["ADD", "JAR"]) {
        cursor.text("the jar's path")?;
        SqlStatement::WithoutEffect("ADD JAR")
    } else if uses_the_default(cursor) {
        cursor.rest();
        SqlStatement::WithoutEffect("USE")
    } else {
        return Err(unknown(cursor));
    };
    if !cursor.is_at_end() {
        return Err(cursor.expected("';' and the next statement"));
    }
    Ok(statement)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatementKind {
    Table,
    View,
}

/// `verb [TEMPORARY] TABLE | VIEW`.
fn accept_kind(cursor: &mut TokenCursor<'_>, verb: &str) -> Option<StatementKind> {
    let accept = |cursor: &mut TokenCursor<'_>, kind| {
        cursor.accept_words(&[verb, kind]) || cursor.accept_words(&[verb, "TEMPORARY", kind])
    };
    if accept(cursor, "TABLE") {
        Some(StatementKind::Table)
    } else if accept(cursor, "VIEW") {
        Some(StatementKind::View)
    } else {
        None
    }
}

/// Whether a USE names the default catalog or database, which are in use anyway.
fn uses_the_default(cursor: &TokenCursor<'_>) -> bool {
    cursor.next_are(&["USE", "CATALOG", "default_catalog"]) || cursor.next_are(&["USE", "default_database"])
}

/// The name of the table or view that a CREATE declares. The rest of the statement may be wrong.
pub fn declared_name(cursor: &mut TokenCursor<'_>) -> Option<String> {
    accept_kind(cursor, "CREATE")?;
    cursor.accept_words(&["IF", "NOT", "EXISTS"]);
    table_name(cursor).ok().map(|name| name.text)
}

fn unknown(cursor: &TokenCursor<'_>) -> Diagnostic {
    if let Some((_, what)) = UNSUPPORTED.iter().find(|(words, _)| cursor.next_are(words)) {
        return cursor.unsupported(what);
    }
    match OTHERS.iter().find(|word| cursor.next_is(word)) {
        Some(word) => cursor.unsupported(&format!("{word} statements")),
        None => cursor.expected("a statement (CREATE TABLE, CREATE VIEW, INSERT INTO or SET)"),
    }
}

/// Parses the text after `CREATE VIEW`.
fn create_view(cursor: &mut TokenCursor<'_>) -> Parsed<CreateView> {
    let if_not_exists = cursor.accept_words(&["IF", "NOT", "EXISTS"]);
    let name = table_name(cursor)?;
    let columns = if cursor.accept(&Token::LParen) { Some(view_columns(cursor)?) } else { None };
    if cursor.accept_word("COMMENT") {
        cursor.text("the view's comment")?;
    }
    cursor.expect_word("AS")?;
    let (query, query_at) = rest_as_query(cursor)?;
    Ok(CreateView { name, if_not_exists, columns, query, query_at })
}

/// Parses `a [COMMENT '…'], b)`.
fn view_columns(cursor: &mut TokenCursor<'_>) -> Parsed<Vec<Name>> {
    let mut names = Vec::new();
    loop {
        names.push(cursor.name("a column's name")?);
        if cursor.accept_word("COMMENT") {
            cursor.text("the column's comment")?;
        }
        if !cursor.accept(&Token::Comma) {
            break;
        }
    }
    if !cursor.accept(&Token::RParen) {
        return Err(cursor.expected("',' or ')'"));
    }
    Ok(names)
}

fn rest_as_query(cursor: &mut TokenCursor<'_>) -> Parsed<(Box<Query>, Location)> {
    let at = cursor.at();
    if cursor.next_is("VALUES") {
        return Err(cursor.unsupported("VALUES; a job reads from a table"));
    }
    if !cursor.next_is("SELECT") && !cursor.next_is("WITH") && *cursor.peek() != Token::LParen {
        return Err(cursor.expected("SELECT"));
    }
    Ok((query::parse(cursor.rest(), cursor.end())?, at))
}

fn set(cursor: &mut TokenCursor<'_>) -> Parsed<SetOption> {
    if !matches!(cursor.peek(), Token::SingleQuotedString(_) | Token::UnicodeStringLiteral(_)) {
        return bare_set(cursor);
    }
    let (key, key_at) = cursor.text("the setting's name")?;
    cursor.expect(&Token::Eq)?;
    let (value, value_at) = cursor.text("the setting's value")?;
    Ok(SetOption { key, key_at, value, value_at })
}

/// Parses the text after RESET: nothing, or a setting's name.
fn reset(cursor: &mut TokenCursor<'_>) -> Parsed<Option<String>> {
    if cursor.is_at_end() {
        return Ok(None);
    }
    if matches!(cursor.peek(), Token::SingleQuotedString(_) | Token::UnicodeStringLiteral(_)) {
        return cursor.text("the setting's name").map(|(key, _)| Some(key));
    }
    let mut key = String::new();
    while !cursor.is_at_end() {
        key.push_str(&cursor.advance().to_string());
    }
    Ok(Some(key))
}

/// Parses `SET key = value` without quotes, which the SQL client of older Flink versions took. The value is the text up to
/// the `;`.
fn bare_set(cursor: &mut TokenCursor<'_>) -> Parsed<SetOption> {
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

/// Parses the text after `INSERT INTO`.
fn insert(cursor: &mut TokenCursor<'_>) -> Parsed<Insert> {
    let table = table_name(cursor)?;
    if cursor.next_is("PARTITION") {
        return Err(cursor.unsupported("INSERT INTO … PARTITION"));
    }
    let columns = match cursor.peek() {
        Token::LParen if !cursor.opens_query() => Some(name_list(cursor, "a column")?),
        _ => None,
    };
    let (query, query_at) = rest_as_query(cursor)?;
    Ok(Insert { table, columns, query, query_at })
}
