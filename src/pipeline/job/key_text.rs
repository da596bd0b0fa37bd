//! What a column of the key is computed from, as text. The ledger stores it with the layout, and another text means that records may belong
//! to other shards. So it must not change with the code: each part is written out here. Only a function is printed by its type and its
//! constants, as the code has them.

use std::fmt::Write;

use crate::progress::ledger::quoted;
use crate::sql::expression::{Comparison, Expression, Literal};

/// The text of an expression over columns of these names.
pub fn key_text(expression: &Expression, columns: &[String]) -> String {
    let mut text = String::new();
    write(expression, columns, &mut text);
    text
}

fn write(expression: &Expression, columns: &[String], text: &mut String) {
    match expression {
        // By its name, because json finds values by it.
        Expression::Column(at, data_type) => {
            let name = columns.get(*at).map(String::as_str).unwrap_or_default();
            _ = write!(text, "{} {data_type}", quoted(name));
        }
        Expression::Literal(value, data_type) => {
            literal(value, text);
            _ = write!(text, " {data_type}");
        }
        Expression::Cast(_, data_type) => call(&format!("cast {data_type}"), expression, columns, text),
        Expression::TryCast(_, data_type) => call(&format!("try_cast {data_type}"), expression, columns, text),
        Expression::Compare(comparison, ..) => call(sign(*comparison), expression, columns, text),
        Expression::IsDistinct(..) => call("distinct", expression, columns, text),
        Expression::In(..) => call("in", expression, columns, text),
        Expression::And(..) => call("and", expression, columns, text),
        Expression::Or(..) => call("or", expression, columns, text),
        Expression::Not(_) => call("not", expression, columns, text),
        Expression::IsNull(_) => call("is_null", expression, columns, text),
        Expression::Is(true, _) => call("is_true", expression, columns, text),
        Expression::Is(false, _) => call("is_false", expression, columns, text),
        Expression::Case { data_type, .. } => call(&format!("case {data_type}"), expression, columns, text),
        Expression::Coalesce(_, data_type) => call(&format!("coalesce {data_type}"), expression, columns, text),
        Expression::Field(_, at, data_type) => call(&format!("field {at} {data_type}"), expression, columns, text),
        Expression::Call(own) => {
            call(&format!("{:?} {}", own.function, own.data_type), expression, columns, text);
        }
    }
}

fn call(name: &str, expression: &Expression, columns: &[String], text: &mut String) {
    text.push_str(name);
    text.push('(');
    for (at, operand) in expression.operands().into_iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        write(operand, columns, text);
    }
    text.push(')');
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn literal(value: &Literal, text: &mut String) {
    _ = match value {
        Literal::Null => write!(text, "null"),
        Literal::Bool(value) => write!(text, "{value}"),
        Literal::Int(value) => write!(text, "{value}"),
        Literal::Double(value) => write!(text, "bits {:x}", value.to_bits()),
        Literal::Decimal(value) => write!(text, "{} / 10^{}", value.unscaled, value.scale),
        Literal::Text(value) => write!(text, "{}", quoted(value)),
        Literal::Bytes(value) => value.iter().try_for_each(|byte| write!(text, "{byte:02x}")),
        Literal::Date(days) => write!(text, "day {days}"),
        Literal::Time(nanos) => write!(text, "time {nanos}"),
        Literal::Timestamp { seconds, nanos } => write!(text, "timestamp {seconds} {nanos}"),
        Literal::Instant { seconds, nanos } => write!(text, "instant {seconds} {nanos}"),
        Literal::Months(months) => write!(text, "months {months}"),
        Literal::Millis(millis) => write!(text, "millis {millis}"),
    };
}

#[cfg(test)]
mod tests {
    use crate::types::data_type::DataType;

    use super::*;

    #[test]
    fn the_text_of_a_key_is_what_ledgers_have_stored() {
        let columns = ["id".to_owned(), "a\"b".to_owned()];
        let id = || Box::new(Expression::Column(0, DataType::Int));
        let one = || Box::new(Expression::Literal(Literal::Int(1), DataType::Int));
        for (expression, expected) in [
            (*id(), r#""id" INT"#),
            (Expression::Column(1, DataType::Date), r#""a\"b" DATE"#),
            (Expression::Cast(id(), DataType::BigInt), r#"cast BIGINT("id" INT)"#),
            (Expression::Compare(Comparison::Less, id(), one()), r#"<("id" INT, 1 INT)"#),
            (Expression::Coalesce(vec![*id(), *one()], DataType::Int), r#"coalesce INT("id" INT, 1 INT)"#),
        ] {
            assert_eq!(key_text(&expression, &columns), expected);
        }
    }
}
