//! Texts.

use super::PlannedCall;
use super::signature::ParameterType::{Any, Integer, Text};
use super::signature::Signature;
use super::{constant_integer, constant_text, of_type};
use crate::sql::expression::pattern::Pattern;
use crate::sql::expression::{Expression, Function, Side};
use crate::types::data_type::{DataType, UNBOUNDED};

/// A function whose value is a STRING.
macro_rules! string {
    ($function:expr) => {
        |operands| of_type($function, operands, DataType::STRING)
    };
}

macro_rules! int {
    ($function:expr) => {
        |operands| of_type($function, operands, DataType::Int)
    };
}

pub const SIGNATURES: &[Signature] = &[
    Signature::new("UPPER", &[Text], "UPPER(text)", "The text in capital letters.", |operands| {
        same(Function::Upper, operands)
    }),
    Signature::new("LOWER", &[Text], "LOWER(text)", "The text in small letters.", |operands| {
        same(Function::Lower, operands)
    }),
    Signature::new(
        "INITCAP",
        &[Text],
        "INITCAP(text)",
        "The text with a capital letter at the beginning of each word.",
        string!(Function::InitialCapitals),
    ),
    Signature::new(
        "TRIM",
        &[Text, Text],
        "TRIM([BOTH | LEADING | TRAILING] [characters FROM] text)",
        "The text without these characters at its ends; left out: without blanks.",
        string!(Function::Trim(Side::Both)),
    )
    .optional(1),
    Signature::new(
        "LTRIM",
        &[Text, Text],
        "LTRIM(text[, characters])",
        "The text without these characters at its start; left out: without blanks.",
        string!(Function::Trim(Side::Leading)),
    )
    .optional(1),
    Signature::new(
        "RTRIM",
        &[Text, Text],
        "RTRIM(text[, characters])",
        "The text without these characters at its end; left out: without blanks.",
        string!(Function::Trim(Side::Trailing)),
    )
    .optional(1),
    Signature::new(
        "SUBSTRING",
        &[Text, Integer, Integer],
        "SUBSTRING(text FROM start [FOR length]) or SUBSTRING(text, start[, length])",
        "A part of the text. start counts from 1, or from the end if it is negative. SUBSTR means the same.",
        string!(Function::Substring),
    )
    .optional(1),
    Signature::new(
        "LEFT",
        &[Text, Integer],
        "LEFT(text, length)",
        "The text's first characters.",
        string!(Function::Left),
    ),
    Signature::new(
        "RIGHT",
        &[Text, Integer],
        "RIGHT(text, length)",
        "The text's last characters.",
        string!(Function::Right),
    ),
    Signature::new(
        "LPAD",
        &[Text, Integer, Text],
        "LPAD(text, length, pad)",
        "The text filled up on the left, or cut, to this length.",
        string!(Function::PadLeft),
    ),
    Signature::new(
        "RPAD",
        &[Text, Integer, Text],
        "RPAD(text, length, pad)",
        "The text filled up on the right, or cut, to this length.",
        string!(Function::PadRight),
    ),
    Signature::new(
        "REPEAT",
        &[Text, Integer],
        "REPEAT(text, times)",
        "The text that many times.",
        string!(Function::Repeat),
    ),
    Signature::new(
        "REVERSE",
        &[Text],
        "REVERSE(text)",
        "The text's characters from its end to its start.",
        string!(Function::Reverse),
    ),
    Signature::new(
        "CONCAT",
        &[Text],
        "CONCAT(text, …)",
        "The texts one behind the other, as `||`; NULL if one is NULL.",
        string!(Function::Concat),
    )
    .repeats(),
    Signature::new(
        "CONCAT_WS",
        &[Text, Text],
        "CONCAT_WS(separator, text, …)",
        "The texts with a separator between them; NULLs are left out.",
        string!(Function::ConcatWithSeparator),
    )
    .optional(1)
    .repeats(),
    Signature::new(
        "REPLACE",
        &[Text, Text, Text],
        "REPLACE(text, wanted, other)",
        "The text with other in place of each wanted.",
        string!(Function::Replace),
    ),
    Signature::new(
        "REGEXP_REPLACE",
        &[Text, Text, Text],
        "REGEXP_REPLACE(text, pattern, other)",
        "The text with other in place of each match of a regular expression. other is taken as it is.",
        regexp_replace,
    ),
    Signature::new(
        "REGEXP_EXTRACT",
        &[Text, Text, Integer],
        "REGEXP_EXTRACT(text, pattern[, group])",
        "The first match of a regular expression, or a group of it by its number; NULL if nothing matches.",
        regexp_extract,
    )
    .optional(1),
    Signature::new(
        "REGEXP",
        &[Text, Text],
        "REGEXP(text, pattern)",
        "Whether a part of the text matches a regular expression.",
        regexp,
    ),
    Signature::new(
        "SPLIT_INDEX",
        &[Text, Any, Integer],
        "SPLIT_INDEX(text, separator, index)",
        "The part between separators that has this index, from 0; NULL where there is none.",
        split_index,
    ),
    Signature::new(
        "CHAR_LENGTH",
        &[Text],
        "CHAR_LENGTH(text)",
        "How many characters the text has. CHARACTER_LENGTH and LENGTH mean the same.",
        int!(Function::CharLength),
    ),
    Signature::new(
        "CHARACTER_LENGTH",
        &[Text],
        "CHARACTER_LENGTH(text)",
        "The same as CHAR_LENGTH.",
        int!(Function::CharLength),
    ),
    Signature::new("LENGTH", &[Text], "LENGTH(text)", "The same as CHAR_LENGTH.", int!(Function::CharLength)),
    Signature::new(
        "POSITION",
        &[Text, Text],
        "POSITION(wanted IN text)",
        "Where wanted begins in the text, from 1; 0 if it isn't there.",
        int!(Function::Position),
    ),
    Signature::new(
        "LOCATE",
        &[Text, Text, Integer],
        "LOCATE(wanted, text[, from])",
        "The same as POSITION, but looks only from a place on.",
        int!(Function::Position),
    )
    .optional(1),
    Signature::new("INSTR", &[Text, Text], "INSTR(text, wanted)", "The same as POSITION.", |mut operands| {
        operands.reverse();
        of_type(Function::Position, operands, DataType::Int)
    }),
    Signature::new("ASCII", &[Text], "ASCII(text)", "The code of the text's first byte.", int!(Function::Ascii)),
    Signature::new("MD5", &[Text], "MD5(text)", "The text's MD5 digest in hexadecimal digits.", |operands| {
        of_type(Function::Md5, operands, DataType::Char(32))
    }),
    Signature::new("SHA256", &[Text], "SHA256(text)", "The text's SHA-256 digest in hexadecimal digits.", |operands| {
        of_type(Function::Sha256, operands, DataType::Char(64))
    }),
    Signature::new("TO_BASE64", &[Any], "TO_BASE64(text or bytes)", "The text or bytes in base64.", to_base64),
    Signature::new(
        "FROM_BASE64",
        &[Text],
        "FROM_BASE64(text)",
        "The text that base64 stands for.",
        string!(Function::FromBase64),
    ),
];

/// Of the operand's own type; but a letter may become two.
fn same(function: Function, operands: Vec<Expression>) -> PlannedCall {
    let data_type = operands.first().map_or(DataType::STRING, Expression::data_type);
    of_type(function, operands, data_type)
}

fn pattern(operands: &mut Vec<Expression>, at: usize) -> Result<Pattern, String> {
    let written = constant_text(operands.get(at), "a regular expression")?;
    let pattern = Pattern::new(written).map_err(|message| format!("the regular expression '{written}' {message}"))?;
    operands.remove(at);
    Ok(pattern)
}

fn regexp_replace(mut operands: Vec<Expression>) -> PlannedCall {
    let pattern = pattern(&mut operands, 1)?;
    of_type(Function::RegexpReplace(pattern), operands, DataType::STRING)
}

fn regexp_extract(mut operands: Vec<Expression>) -> PlannedCall {
    let group = match operands.len() {
        3 => constant_integer(operands.get(2), "a group")?,
        _ => 0,
    };
    operands.truncate(2);
    let pattern = pattern(&mut operands, 1)?;
    let found = usize::try_from(group).ok().filter(|group| *group <= pattern.groups());
    let group = found.ok_or_else(|| format!("the regular expression has no group {group}"))?;
    of_type(Function::RegexpExtract(pattern, group), operands, DataType::STRING)
}

fn regexp(mut operands: Vec<Expression>) -> PlannedCall {
    let pattern = pattern(&mut operands, 1)?;
    of_type(Function::Regexp(pattern), operands, DataType::Boolean)
}

fn split_index(operands: Vec<Expression>) -> PlannedCall {
    match operands.get(1).map(Expression::type_ref) {
        Some(separator) if separator.is_text() || separator.is_integer() => {
            of_type(Function::SplitIndex, operands, DataType::STRING)
        }
        _ => Err("the separator is a text or the code of a character".into()),
    }
}

fn to_base64(operands: Vec<Expression>) -> PlannedCall {
    match operands.first().map(Expression::type_ref) {
        Some(DataType::Char(_) | DataType::Varchar(_) | DataType::Binary(_) | DataType::Varbinary(_)) => {
            of_type(Function::ToBase64, operands, DataType::Varchar(UNBOUNDED))
        }
        _ => Err("takes a text or bytes".into()),
    }
}
