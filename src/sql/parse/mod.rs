//! Reads Flink SQL into statements. Nothing is resolved here: names, options and expressions are as they are written.

mod column;
mod create_table;
mod cursor;
mod data_type;
mod dialect;
mod interval;
mod like;
mod names;
mod query;
mod statement;
mod statement_set;

pub use column::{ColumnDefinition, ColumnKind, PrimaryKey};
pub use create_table::{CreateTable, column_of_text};
pub use cursor::{Name, error, location};
pub use data_type::parse_type_text;
pub use like::{LikeClause, Merging};
pub use names::check_qualifiers;
pub use statement::{CreateView, Drop, Insert, SetOption, SqlStatement};

use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use crate::error::{Diagnostic, Location};
use cursor::TokenCursor;
use statement_set::StatementSet;

/// The statements of a job file that could be read, and the errors of the others.
#[derive(Debug, Default)]
pub struct Script {
    pub statements: Vec<SqlStatement>,
    /// At least one error for every statement that could not be read.
    pub errors: Vec<Diagnostic>,
    /// The tables and views whose CREATE could not be read. Their names must not be reported as unknown.
    pub broken: Vec<String>,
}

pub fn parse(text: &str) -> Script {
    // Editors on Windows put a byte order mark there.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut script = Script::default();
    let mut tokens = Vec::new();
    let complete = match Tokenizer::new(&dialect::FlinkSql, text).tokenize_with_location_into_buf(&mut tokens) {
        Ok(()) => true,
        Err(failure) => {
            script.errors.push(error(location(failure.location), failure.message));
            false
        }
    };
    script.errors.extend(tokens.iter().filter_map(hint));
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));

    let end = end_of(text);
    let mut set = StatementSet::default();
    let mut rest = tokens.as_slice();
    while !rest.is_empty() {
        let length = rest.iter().position(|token| token.token == Token::SemiColon);
        if length.is_none() && !complete {
            break; // the statement was cut by the tokenizer's error, which was reported
        }
        let (tokens, behind) = rest.split_at(length.unwrap_or(rest.len()));
        let semicolon = behind.first().map_or(end, |token| location(token.span.start));
        let mut cursor = TokenCursor::new(tokens, semicolon);
        let parsed = set.statement(&mut cursor);
        let mut errors = cursor.take_errors();
        match parsed {
            Ok(statement) if errors.is_empty() => script.statements.extend(statement),
            // If parsing went on after an error, this error may only be a consequence of it.
            Err(diagnostic) if errors.is_empty() => errors.push(diagnostic),
            _ => {}
        }
        if !errors.is_empty() {
            script.errors.append(&mut errors);
            script.broken.extend(statement::declared_name(&mut TokenCursor::new(tokens, semicolon)));
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    if let Some(at) = set.open_since.filter(|_| complete) {
        script.errors.push(error(at, "STATEMENT SET without its END"));
    }
    script
}

/// `/*+ OPTIONS(…) */` looks like a comment but changes what a statement means.
fn hint(token: &TokenWithSpan) -> Option<Diagnostic> {
    match &token.token {
        Token::Whitespace(Whitespace::MultiLineComment(text)) if text.starts_with('+') => Some(error(
            location(token.span.start),
            "not supported: hints (/*+ … */); set the options in the table's WITH",
        )),
        _ => None,
    }
}

fn end_of(text: &str) -> Location {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    Location { line: 1 + text.matches('\n').count() as u64, column: 1 + last_line.chars().count() as u64 }
}
