//! REGEXP_REPLACE, REGEXP_EXTRACT and REGEXP.

use super::pattern::Pattern;
use super::replace::replace;
use crate::sql::functions::definition::*;

pub const REGEXP_REPLACE: Function = Function {
    name: "REGEXP_REPLACE",
    parameters: Parameters::of(&[Text, Text, Text]),
    form: "REGEXP_REPLACE(text, pattern, other)",
    meaning: "The text in which each match of a regular expression is replaced by other, which is taken as it is.",
    plan: |mut operands| {
        let pattern = take_pattern(&mut operands)?;
        Ok(Expression::call(RegexpReplace(pattern), operands, DataType::STRING))
    },
};

pub const REGEXP_EXTRACT: Function = Function {
    name: "REGEXP_EXTRACT",
    parameters: Parameters::of(&[Text, Text, Integer]).optional(1),
    form: "REGEXP_EXTRACT(text, pattern[, group])",
    meaning: "The first match of a regular expression, or a group of it by its number; NULL if nothing matches.",
    plan: regexp_extract,
};

pub const REGEXP: Function = Function {
    name: "REGEXP",
    parameters: Parameters::of(&[Text, Text]),
    form: "REGEXP(text, pattern)",
    meaning: "Whether a part of the text matches a regular expression.",
    plan: |mut operands| {
        let pattern = take_pattern(&mut operands)?;
        Ok(Expression::call(Regexp(pattern), operands, DataType::Boolean))
    },
};

/// Compiles the second operand and removes it.
fn take_pattern(operands: &mut Vec<Expression>) -> Result<Pattern, String> {
    let written = constant_text(operands.get(1), "a regular expression")?;
    let pattern = Pattern::new(written).map_err(|message| format!("the regular expression '{written}' {message}"))?;
    operands.remove(1);
    Ok(pattern)
}

fn regexp_extract(mut operands: Vec<Expression>) -> PlannedCall {
    let group = match operands.len() {
        3 => constant_integer(operands.get(2), "a group")?,
        _ => 0,
    };
    operands.truncate(2);
    let pattern = take_pattern(&mut operands)?;
    let found = usize::try_from(group).ok().filter(|group| *group <= pattern.groups());
    let group = found.ok_or_else(|| format!("the regular expression has no group {group}"))?;
    Ok(Expression::call(RegexpExtract { pattern, group }, operands, DataType::STRING))
}

/// The operands are the text and the replacement, which is taken as it is.
#[derive(Debug, PartialEq)]
struct RegexpReplace(Pattern);

impl Evaluate for RegexpReplace {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text), Value::Text(other)] => Ok(replace(text, self.0.matches(text), other, operands.arena())),
            _ => operands.unexpected(),
        }
    }
}

#[derive(Debug, PartialEq)]
struct RegexpExtract {
    pattern: Pattern,
    /// The group's number in the pattern.
    group: usize,
}

impl Evaluate for RegexpExtract {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(self.pattern.group(text, self.group).map_or(Value::Null, Value::Text)),
            _ => operands.unexpected(),
        }
    }
}

#[derive(Debug, PartialEq)]
struct Regexp(Pattern);

impl Evaluate for Regexp {
    const TAKES_NULL: bool = false;
    const ASKS_THE_CLOCK: bool = false;

    fn evaluate<'a>(&self, operands: &Operands<'a, '_>) -> Evaluated<'a> {
        match operands.values {
            [Value::Text(text)] => Ok(Value::Bool(!self.0.as_str().is_empty() && self.0.is_match(text))),
            _ => operands.unexpected(),
        }
    }
}
