//! Parses the query of an INSERT and the expressions of computed columns with sqlparser. Text that would exhaust its stack,
//! or that it can't read, is refused or changed before.

use sqlparser::ast::{Expr, Query};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::cursor::{Parsed, error, is_word, location};
use super::dialect::FlinkSql;
use crate::error::{Diagnostic, Location};

/// Each AND, OR or UNION makes the query's tree one level deeper, and it is walked by recursion.
const MOST_LINKS: usize = 1000;
/// The text between two of these links, or between two commas of the SELECT, can also be a chain (`a IS NULL IS NULL …`).
/// It makes the tree at most one level deeper for every two tokens.
const LONGEST_TERM: usize = 500;

/// How deep parentheses, functions and CASE may be nested. The query around them counts as one level.
const DEEPEST: usize = 50;

/// Parses all of the tokens. `end` is where the statement ends.
pub fn parse(tokens: &[TokenWithSpan], end: Location) -> Parsed<Box<Query>> {
    check_depth(tokens)?;
    refuse_streaming_clauses(tokens)?;
    let mut tokens = tokens.to_vec();
    name_local_timestamps(&mut tokens);
    let mut parser = Parser::new(&FlinkSql).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
    let query = parser.parse_query().map_err(|failure| syntax_error(&failure, end))?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(error(location(next.span.start), format!("unexpected '{next}' after the query")));
    }
    Ok(query)
}

/// Parses the expression of a computed column, and a comment after it.
pub fn parse_expression(tokens: &[TokenWithSpan], end: Location) -> Parsed<Box<Expr>> {
    check_depth(tokens)?;
    let mut tokens = tokens.to_vec();
    if let [.., word, comment] = tokens.as_slice()
        && is_word(&word.token, "COMMENT")
        && matches!(comment.token, Token::SingleQuotedString(_) | Token::UnicodeStringLiteral(_))
    {
        tokens.truncate(tokens.len() - 2);
    }
    name_local_timestamps(&mut tokens);
    let mut parser = Parser::new(&FlinkSql).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
    let expression = parser.parse_expr().map_err(|failure| syntax_error(&failure, end))?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(error(location(next.span.start), "expected ',' or ')' after the expression"));
    }
    Ok(Box::new(expression))
}

/// Refuses constructs that only Flink has, because the query parser's errors about them would be misleading.
fn refuse_streaming_clauses(tokens: &[TokenWithSpan]) -> Parsed<()> {
    for pair in tokens.windows(2) {
        let (first, second) = (&pair[0].token, &pair[1].token);
        let what = if is_word(first, "TABLE") && *second == Token::LParen {
            "windows and other table functions, TABLE(…); a query reads a table's rows"
        } else if is_word(first, "FOR") && is_word(second, "SYSTEM_TIME") {
            "temporal joins (FOR SYSTEM_TIME AS OF)"
        } else if is_word(first, "MATCH_RECOGNIZE") && *second == Token::LParen {
            "MATCH_RECOGNIZE"
        } else {
            continue;
        };
        return Err(error(location(pair[0].span.start), format!("not supported: {what}")));
    }
    Ok(())
}

fn check_depth(tokens: &[TokenWithSpan]) -> Parsed<()> {
    let (mut links, mut term) = (0, 0);
    let (mut level, mut select_level) = (0_usize, 0);
    for TokenWithSpan { token, span } in tokens {
        term += 1;
        match token {
            Token::LParen => level += 1,
            Token::RParen => level = level.saturating_sub(1),
            Token::Comma if level == select_level => term = 0,
            token if is_word(token, "SELECT") => select_level = level,
            token if ["AND", "OR", "UNION", "EXCEPT", "INTERSECT"].iter().any(|word| is_word(token, word)) => {
                links += 1;
                term = 0;
            }
            _ => {}
        }
        if links > MOST_LINKS {
            let message = format!("the query has more than {MOST_LINKS} AND, OR and UNION; write several INSERTs");
            return Err(error(location(span.start), message));
        }
        if term > LONGEST_TERM {
            let message = format!("this part of the query is too long: more than {LONGEST_TERM} words and signs");
            return Err(error(location(span.start), message));
        }
    }
    Ok(())
}

/// `TIMESTAMP(3) WITH LOCAL TIME ZONE` becomes `TIMESTAMP_LTZ(3)`, the same type in a spelling that sqlparser takes.
fn name_local_timestamps(tokens: &mut Vec<TokenWithSpan>) {
    let words = ["WITH", "LOCAL", "TIME", "ZONE"];
    let spelt_out = |tokens: &[TokenWithSpan]| {
        tokens.len() == words.len() && tokens.iter().zip(words).all(|(token, word)| is_word(&token.token, word))
    };
    let mut at = 0;
    while let Some(window) = tokens.get(at..at + words.len()) {
        let name = if at > 0 && tokens[at - 1].token == Token::RParen { at.checked_sub(4) } else { at.checked_sub(1) };
        let name = name.filter(|name| spelt_out(window) && is_word(&tokens[*name].token, "TIMESTAMP"));
        if let Some(name) = name {
            tokens[name].token = Token::make_word("TIMESTAMP_LTZ", None);
            tokens.drain(at..at + words.len());
        }
        at += 1;
    }
}

/// Makes our error of the query parser's. The parser writes the place into its message; here it is taken out of it.
fn syntax_error(failure: &ParserError, end: Location) -> Diagnostic {
    let text = match failure {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => {
            return error(end, format!("the expression is nested more than {DEEPEST} levels deep"));
        }
    };
    let Some((message, place)) = text.rsplit_once(" at Line: ") else {
        return error(end, plain_words(text));
    };
    let numbers =
        place.split_once(", Column: ").and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    match numbers {
        Some((line, column)) => error(Location { line, column }, plain_words(message)),
        None => error(end, plain_words(text)),
    }
}

/// Rewrites a message such as `Expected: ), found: EOF` in the style of our own errors.
fn plain_words(message: &str) -> String {
    let (expected, found) = match message.split_once("found: ") {
        Some((expected, found)) => (expected, format!("found {}", shown(found))),
        None => (message, String::new()),
    };
    expected.replace("Expected: ", "expected ").replace("Expected ", "expected ") + &found
}

/// The text that the parser found. As in our own errors, only keywords are shown: if a quote is missing, another word can
/// be a part of a password.
fn shown(found: &str) -> &str {
    match found.chars().next() {
        _ if found == "EOF" => "the end of the statement",
        Some('\'' | '"') => "a string",
        Some('`') => "a name",
        Some(first) if first.is_alphanumeric() || first == '_' => match Token::make_word(found, None) {
            Token::Word(word) if word.keyword != Keyword::NoKeyword => found,
            _ if first.is_ascii_digit() => "a number",
            _ => "a name",
        },
        _ if found.chars().count() <= 3 => found,
        _ => "something else",
    }
}
