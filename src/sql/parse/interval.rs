//! Parses the text after INTERVAL in a type: `YEAR(4) TO MONTH`, `DAY TO SECOND(3)`, or a single unit.

use sqlparser::tokenizer::Token;

use super::cursor::{Parsed, TokenCursor};
use crate::types::data_type::DataType;

/// The units from the largest to the smallest, and the most digits that each can be declared with.
const UNITS: [(&str, u8); 6] = [("YEAR", 4), ("MONTH", 4), ("DAY", 6), ("HOUR", 6), ("MINUTE", 6), ("SECOND", 9)];
const DAY: usize = 2;
const SECOND: usize = 5;

/// Parses the units. The declared digits have no effect: in Flink all INTERVALs of a family have the same values.
pub fn qualifier(cursor: &mut TokenCursor<'_>) -> Parsed<DataType> {
    let accept = |cursor: &mut TokenCursor<'_>, from: usize, to: usize| {
        (from..to).find(|&unit| UNITS.get(unit).is_some_and(|(name, _)| cursor.accept_word(name)))
    };
    let Some(first) = accept(cursor, 0, UNITS.len()) else {
        return Err(cursor.expected("YEAR, MONTH, DAY, HOUR, MINUTE or SECOND"));
    };
    digits(cursor, first)?;
    if cursor.accept_word("TO") {
        let end = if first < DAY { DAY } else { UNITS.len() };
        match accept(cursor, first + 1, end) {
            Some(SECOND) => digits(cursor, SECOND)?,
            Some(_) => {}
            None => {
                return Err(cursor.expected(match first {
                    0 => "MONTH",
                    2 => "HOUR, MINUTE or SECOND",
                    3 => "MINUTE or SECOND",
                    4 => "SECOND",
                    _ => "no TO after MONTH or SECOND",
                }));
            }
        }
    }
    Ok(if first < DAY { DataType::IntervalYearMonth } else { DataType::IntervalDayTime })
}

/// Parses `(p)`, and for seconds also `(p, s)`.
fn digits(cursor: &mut TokenCursor<'_>, unit: usize) -> Parsed<()> {
    if !cursor.accept(&Token::LParen) {
        return Ok(());
    }
    let (name, most) = UNITS.get(unit).copied().unwrap_or(("", 9));
    let least = u8::from(unit != SECOND);
    cursor.number_between(&format!("the number of digits of {name}"), least, most)?;
    if unit == SECOND && cursor.accept(&Token::Comma) {
        cursor.number_between("the number of digits of a second's fraction", 0, 9)?;
    }
    cursor.expect(&Token::RParen)
}
