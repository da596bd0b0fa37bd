//! The operand that says how a moment is written.

use super::time_format::TimeFormat;
use crate::sql::expression::conversion::cast;
use crate::sql::functions::definition::*;

const DEFAULT_FORMAT: &str = "yyyy-MM-dd HH:mm:ss";

/// A format that is a constant.
pub fn format(operand: Option<&Expression>) -> Result<TimeFormat, String> {
    let written = constant_text(operand, "a format")?;
    TimeFormat::new(written).map_err(|message| format!("the format '{written}' {message}"))
}

/// The format, which is the second operand, or the default.
pub fn format_or_default(operands: &mut Vec<Expression>) -> Result<TimeFormat, String> {
    if operands.len() < 2 {
        return TimeFormat::new(DEFAULT_FORMAT);
    }
    let format = format(operands.get(1))?;
    operands.truncate(1);
    Ok(format)
}

/// The only operand, converted by TRY_CAST.
pub fn tried(mut operands: Vec<Expression>, target: DataType) -> Expression {
    let operand = operands.swap_remove(0);
    match cast(operand, &target) {
        Expression::Cast(operand, target) => Expression::TryCast(operand, target),
        done => done,
    }
}
