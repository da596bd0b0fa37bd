//! `SET 'table.local-time-zone'`: local times are UTC here, so another zone is only right where it makes no difference.

use crate::data_type::DataType;
use crate::expression::Expression;
use crate::settings::Sink;

const NAMES_OF_UTC: &[&str] = &[
    "utc",
    "gmt",
    "z",
    "zulu",
    "universal",
    "etc/utc",
    "etc/gmt",
    "etc/zulu",
    "etc/universal",
    "gmt0",
    "utc+0",
    "gmt+0",
    "+00:00",
    "utc+00:00",
    "gmt+00:00",
];

pub fn is_utc(zone: &str) -> bool {
    NAMES_OF_UTC.contains(&zone.trim().to_lowercase().as_str())
}

pub fn matters_to(sink: &Sink) -> bool {
    sink.columns.iter().map(|column| &column.expression).chain(&sink.filter).any(converts)
}

/// Whether the expression takes an instant for a local time, or the other way round.
fn converts(expression: &Expression) -> bool {
    match expression {
        Expression::Column(..) | Expression::Literal(..) => false,
        Expression::Cast(operand, target) => {
            is_instant(&operand.data_type()) != is_instant(target) || converts(operand)
        }
        Expression::Compare(_, left, right) | Expression::And(left, right) | Expression::Or(left, right) => {
            converts(left) || converts(right)
        }
        Expression::Not(operand) | Expression::IsNull(operand) => converts(operand),
    }
}

fn is_instant(data_type: &DataType) -> bool {
    match data_type {
        DataType::Array(element) => is_instant(element),
        data_type => matches!(data_type, DataType::TimestampLtz { .. }),
    }
}
