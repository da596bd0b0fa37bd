//! Names of tables, and lists of names.

use sqlparser::tokenizer::Token;

use super::cursor::{Name, Parsed, TokenCursor, error};

/// Parses a table's name. There is one catalog, so a qualified name must name Flink's default catalog.
pub fn table_name(cursor: &mut TokenCursor<'_>) -> Parsed<Name> {
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
