//! Column types as Flink SQL spells them.

use sqlparser::tokenizer::{Token, Tokenizer};

use super::cursor::{DEEPEST, Parsed, TokenCursor, error};
use super::dialect::FlinkSql;
use super::interval;
use crate::error::Location;
use crate::types::data_type::{DataType, RowField, TypePart, UNBOUNDED};

/// Parses a type. `ARRAY` and `MULTISET` can follow it any number of times.
pub fn parse_type(cursor: &mut TokenCursor<'_>) -> Parsed<DataType> {
    parse_type_and_parts(cursor).map(|(data_type, _)| data_type)
}

/// Parses a type, and which of its parts are NOT NULL.
pub fn parse_type_and_parts(cursor: &mut TokenCursor<'_>) -> Parsed<(DataType, Vec<TypePart>)> {
    let (mut data_type, mut parts) = parse_plain_type(cursor)?;
    let mut depth = 0;
    loop {
        let wrap = if cursor.accept_word("ARRAY") {
            DataType::Array
        } else if cursor.accept_word("MULTISET") {
            DataType::Multiset
        } else {
            return Ok((data_type, parts));
        };
        depth += 1;
        if depth > DEEPEST {
            return Err(cursor.error(format!("nested more than {DEEPEST} levels deep")));
        }
        data_type = wrap(Box::new(data_type));
        parts = vec![TypePart { not_null: false, parts }];
    }
}

/// Parses the text between `<` and `>`.
fn in_angles<T>(cursor: &mut TokenCursor<'_>, parse: impl FnOnce(&mut TokenCursor<'_>) -> Parsed<T>) -> Parsed<T> {
    cursor.nested(|cursor| {
        cursor.expect(&Token::Lt)?;
        let parsed = parse(cursor)?;
        cursor.expect_closing_angle()?;
        Ok(parsed)
    })
}

fn inner_type(cursor: &mut TokenCursor<'_>) -> Parsed<(DataType, TypePart)> {
    let (data_type, parts) = parse_type_and_parts(cursor)?;
    let not_null = accept_nullability(cursor)?;
    Ok((data_type, TypePart { not_null, parts }))
}

/// Parses `name type ['comment'], …` of a ROW.
fn fields(cursor: &mut TokenCursor<'_>) -> Parsed<(DataType, Vec<TypePart>)> {
    let (mut fields, mut parts): (Vec<RowField>, _) = (Vec::new(), Vec::new());
    loop {
        let name = cursor.name("a field's name")?;
        if fields.iter().any(|field| field.name == name.text) {
            return Err(error(name.at, format!("the ROW has two fields '{}'", name.text)));
        }
        let (data_type, part) = inner_type(cursor)?;
        if matches!(cursor.peek(), Token::SingleQuotedString(_) | Token::UnicodeStringLiteral(_)) {
            cursor.advance();
        }
        fields.push(RowField { name: name.text, data_type });
        parts.push(part);
        if !cursor.accept(&Token::Comma) {
            return Ok((DataType::Row(fields), parts));
        }
    }
}

/// Parses the type of a CAST, which the query parser returns as text.
pub fn parse_type_text(text: &str, at: Location) -> Parsed<DataType> {
    let mut tokens = Tokenizer::new(&FlinkSql, text)
        .tokenize_with_location()
        .map_err(|_| error(at, format!("unknown type {text}")))?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let mut cursor = TokenCursor::new(&tokens, at);
    let parsed = parse_type(&mut cursor).and_then(|data_type| match cursor.is_at_end() {
        true => Ok(data_type),
        false => Err(cursor.error(format!("unknown type {text}"))),
    });
    // The text is a part of the query, so the line and column in this text are replaced by the place in the file.
    parsed.map_err(|diagnostic| error(at, diagnostic.message))
}

fn parse_plain_type(cursor: &mut TokenCursor<'_>) -> Parsed<(DataType, Vec<TypePart>)> {
    let name = match cursor.peek() {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
        _ => return Err(cursor.expected("a type")),
    };
    let at = cursor.at();
    cursor.advance();
    let data_type = match name.as_str() {
        "BOOLEAN" => DataType::Boolean,
        "TINYINT" => DataType::TinyInt,
        "SMALLINT" => DataType::SmallInt,
        "INT" | "INTEGER" => DataType::Int,
        "BIGINT" => DataType::BigInt,
        "FLOAT" => DataType::Float,
        "DOUBLE" => {
            cursor.accept_word("PRECISION");
            DataType::Double
        }
        "DECIMAL" | "DEC" | "NUMERIC" => decimal(cursor)?,
        "CHAR" | "CHARACTER" if cursor.accept_word("VARYING") => DataType::Varchar(length(cursor, UNBOUNDED)?),
        "CHAR" | "CHARACTER" => DataType::Char(padded_length(cursor)?),
        "VARCHAR" => DataType::Varchar(length(cursor, UNBOUNDED)?),
        "STRING" => DataType::STRING,
        "BINARY" if cursor.accept_word("VARYING") => DataType::Varbinary(length(cursor, UNBOUNDED)?),
        "BINARY" => DataType::Binary(padded_length(cursor)?),
        "VARBINARY" => DataType::Varbinary(length(cursor, UNBOUNDED)?),
        "BYTES" => DataType::Varbinary(UNBOUNDED),
        "DATE" => DataType::Date,
        "TIME" => {
            let precision = precision(cursor, 0)?;
            cursor.accept_words(&["WITHOUT", "TIME", "ZONE"]);
            DataType::Time { precision }
        }
        "TIMESTAMP" => timestamp(cursor)?,
        "TIMESTAMP_LTZ" => DataType::TimestampLtz { precision: precision(cursor, 6)? },
        "ARRAY" => {
            let (element, part) = in_angles(cursor, inner_type)?;
            return Ok((DataType::Array(Box::new(element)), vec![part]));
        }
        "MULTISET" => {
            let (element, part) = in_angles(cursor, inner_type)?;
            return Ok((DataType::Multiset(Box::new(element)), vec![part]));
        }
        "INTERVAL" => interval::qualifier(cursor)?,
        "MAP" => {
            let ((key, key_part), (value, value_part)) = in_angles(cursor, |cursor| {
                let key = inner_type(cursor)?;
                if !cursor.accept(&Token::Comma) {
                    return Err(cursor.expected("',' and the type of the MAP's values"));
                }
                Ok((key, inner_type(cursor)?))
            })?;
            return Ok((DataType::Map(Box::new(key), Box::new(value)), vec![key_part, value_part]));
        }
        "ROW" if *cursor.peek() == Token::LParen => {
            return cursor.nested(|cursor| {
                cursor.advance();
                let row = fields(cursor)?;
                cursor.expect(&Token::RParen)?;
                Ok(row)
            });
        }
        "ROW" => return in_angles(cursor, fields),
        "RAW" | "STRUCTURED" | "VARIANT" => {
            return Err(error(at, format!("not supported: type {name}")));
        }
        "REAL" => return Err(error(at, "unknown type REAL; Flink SQL calls it FLOAT")),
        "TEXT" => return Err(error(at, "unknown type TEXT; Flink SQL calls it STRING")),
        _ => return Err(error(at, format!("unknown type {name}"))),
    };
    Ok((data_type, Vec::new()))
}

/// Accepts `NOT NULL` or `NULL`. Returns true for `NOT NULL`.
pub fn accept_nullability(cursor: &mut TokenCursor<'_>) -> Parsed<bool> {
    if cursor.accept_word("NOT") {
        cursor.expect_word("NULL")?;
        return Ok(true);
    }
    cursor.accept_word("NULL");
    Ok(false)
}

fn timestamp(cursor: &mut TokenCursor<'_>) -> Parsed<DataType> {
    let precision = precision(cursor, 6)?;
    if cursor.accept_words(&["WITH", "LOCAL", "TIME", "ZONE"]) {
        return Ok(DataType::TimestampLtz { precision });
    }
    if cursor.next_are(&["WITH", "TIME", "ZONE"]) {
        return Err(cursor.unsupported("TIMESTAMP WITH TIME ZONE; TIMESTAMP_LTZ is an instant"));
    }
    cursor.accept_words(&["WITHOUT", "TIME", "ZONE"]);
    Ok(DataType::Timestamp { precision })
}

fn decimal(cursor: &mut TokenCursor<'_>) -> Parsed<DataType> {
    let mut precision = 10;
    let mut scale = 0;
    if cursor.accept(&Token::LParen) {
        precision = cursor.number_between("the number of digits of a DECIMAL", 1, 38)?;
        if cursor.accept(&Token::Comma) {
            scale = cursor.number_between("the scale of a DECIMAL", 0, precision)?;
        }
        cursor.expect(&Token::RParen)?;
    }
    Ok(DataType::Decimal { precision, scale })
}

fn precision(cursor: &mut TokenCursor<'_>, default: u8) -> Parsed<u8> {
    if !cursor.accept(&Token::LParen) {
        return Ok(default);
    }
    let precision = cursor.number_between("a precision", 0, 9)?;
    cursor.expect(&Token::RParen)?;
    Ok(precision)
}

/// The length of a CHAR. Every value is filled up to this length, so it is limited to the lengths that PostgreSQL takes for
/// `character(n)`.
fn padded_length(cursor: &mut TokenCursor<'_>) -> Parsed<u32> {
    length_up_to(cursor, 1, 10 << 20)
}

fn length(cursor: &mut TokenCursor<'_>, default: u32) -> Parsed<u32> {
    length_up_to(cursor, default, UNBOUNDED)
}

fn length_up_to(cursor: &mut TokenCursor<'_>, default: u32, most: u32) -> Parsed<u32> {
    if !cursor.accept(&Token::LParen) {
        return Ok(default);
    }
    let at = cursor.at();
    let length = cursor.number("a length")?;
    cursor.expect(&Token::RParen)?;
    if !(1..=most).contains(&length) {
        return Err(error(at, format!("a length is from 1 to {most}, not {length}")));
    }
    Ok(length)
}
