//! `LIKE other [(INCLUDING | EXCLUDING | OVERWRITING feature …)]`, as in Flink.

use sqlparser::tokenizer::Token;

use super::cursor::{Name, Parsed, TokenCursor};
use super::names::table_name;

/// Which parts a table takes over from another table.
#[derive(Debug, Clone, PartialEq)]
pub struct LikeClause {
    pub table: Name,
    pub constraints: Merging,
    pub generated: Merging,
    pub metadata: Merging,
    pub options: Merging,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merging {
    /// The parts of both tables. It is an error if both have the same part.
    Including,
    /// Only the new table's parts.
    Excluding,
    /// The parts of both tables. If both have the same part, the new table's counts.
    Overwriting,
}

/// Parses the text after LIKE.
pub fn parse(cursor: &mut TokenCursor<'_>) -> Parsed<LikeClause> {
    let mut like = LikeClause {
        table: table_name(cursor)?,
        constraints: Merging::Including,
        generated: Merging::Including,
        metadata: Merging::Including,
        options: Merging::Overwriting,
    };
    if !cursor.accept(&Token::LParen) {
        return Ok(like);
    }
    // ALL means all features that aren't named, wherever it is written.
    let mut named: Vec<(&'static str, Merging)> = Vec::new();
    while !cursor.accept(&Token::RParen) {
        let merging = if cursor.accept_word("INCLUDING") {
            Merging::Including
        } else if cursor.accept_word("EXCLUDING") {
            Merging::Excluding
        } else if cursor.accept_word("OVERWRITING") {
            Merging::Overwriting
        } else {
            return Err(cursor.expected("INCLUDING, EXCLUDING or OVERWRITING, or ')'"));
        };
        let at = cursor.at();
        let Some(feature) = FEATURES.into_iter().find(|feature| cursor.accept_word(feature)) else {
            return Err(cursor.expected(&format!("one of {}", FEATURES.join(", "))));
        };
        if merging == Merging::Overwriting && !["GENERATED", "METADATA", "OPTIONS", "WATERMARKS"].contains(&feature) {
            return Err(super::cursor::error(at, format!("{feature} can be INCLUDING or EXCLUDING, not OVERWRITING")));
        }
        if named.iter().any(|(earlier, _)| *earlier == feature) {
            return Err(super::cursor::error(at, format!("{feature} is listed twice")));
        }
        named.push((feature, merging));
        cursor.accept(&Token::Comma);
    }
    let merging = |feature: &str| named.iter().find(|(name, _)| *name == feature).map(|(_, merging)| *merging);
    let all = merging("ALL");
    let or_all = |feature: &str, default: Merging| merging(feature).or(all).unwrap_or(default);
    like.constraints = or_all("CONSTRAINTS", like.constraints);
    like.generated = or_all("GENERATED", like.generated);
    like.metadata = or_all("METADATA", like.metadata);
    like.options = or_all("OPTIONS", like.options);
    Ok(like)
}

/// Watermarks, partitions and distributions have no effect here, so nothing is taken over.
const FEATURES: [&str; 8] =
    ["ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "OPTIONS", "PARTITIONS", "WATERMARKS"];
