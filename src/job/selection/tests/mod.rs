//! Flink's rules for WHERE, CAST and NOT NULL.

mod safety;

use proptest::prelude::*;

use super::*;
use crate::settings::sink::options::SinkOptions;
use crate::settings::{Sink, SinkColumn};
use crate::sql::expression::{Comparison, Literal};
use crate::types::data_type::DataType;
use crate::types::time_zone::TimeZone;
use crate::types::value::Decimal;

fn mapping(expressions: Vec<(Expression, bool)>) -> Mapping {
    let column = |(index, (expression, not_null)): (usize, &(Expression, bool))| SinkColumn {
        name: format!("s{index}"),
        data_type: expression.data_type(),
        not_null: *not_null,
    };
    let sink = Sink {
        name: "public.t".into(),
        columns: expressions.iter().enumerate().map(column).collect(),
        schema: "public".into(),
        table: "t".into(),
        ..SinkOptions::new().sink
    };
    let expressions = expressions.into_iter().map(|(expression, _)| expression).collect();
    Mapping { source: 0, filter: None, expressions, time_zone: TimeZone::default(), sink }
}

fn column(index: usize, data_type: DataType) -> Expression {
    Expression::Column(index, data_type)
}

fn int(value: i64) -> Box<Expression> {
    Box::new(Expression::Literal(Literal::Int(value), DataType::Int))
}

const TIMESTAMP: DataType = DataType::Timestamp { precision: 6 };
const NULL: Expression = Expression::Literal(Literal::Null, DataType::Boolean);

/// The printed result of CAST(value AS to). If the cast fails: the rejection's reason.
fn cast(value: Value<'_>, from: DataType, to: DataType) -> Result<String, String> {
    let arena = Bump::new();
    let selection = Selection::new(&mapping(vec![(Expression::Cast(Box::new(column(0, from)), to), false)]));
    let row = [value];
    match selection.apply(&row, &[], &arena) {
        Ok(Selected::Row([value])) => Ok(format!("{value:?}")),
        Ok(other) => Err(format!("{other:?}")),
        Err(rejection) => Err(rejection.reason),
    }
}

fn from_text(text: &str, to: DataType) -> Option<String> {
    cast(Value::Text(text), DataType::STRING, to).ok()
}

fn to_text(value: Value<'_>, from: DataType) -> String {
    let printed = cast(value, from, DataType::STRING).unwrap();
    printed.strip_prefix("Text(\"").and_then(|rest| rest.strip_suffix("\")")).unwrap().to_string()
}

/// Whether a row with one INT passes the filter.
fn passes(filter: Expression, value: Value<'_>) -> bool {
    let mut mapping = mapping(vec![(column(0, DataType::Int), false)]);
    mapping.filter = Some(filter);
    let (selection, arena, row) = (Selection::new(&mapping), Bump::new(), [value]);
    matches!(selection.apply(&row, &[], &arena), Ok(Selected::Row(_)))
}

#[test]
fn an_unchanged_row_is_not_copied() {
    let arena = Bump::new();
    let row = [Value::Int(1), Value::Text("a"), Value::Null];
    let widened = Expression::Cast(Box::new(column(0, DataType::Int)), DataType::BigInt);
    let selection = Selection::new(&mapping(vec![(widened, true), (column(1, DataType::STRING), true)]));
    match selection.apply(&row, &[], &arena).unwrap() {
        Selected::Row(selected) => assert!(std::ptr::eq(selected, &row[..2])),
        other => panic!("{other:?}"),
    }
}

#[test]
fn columns_are_projected_in_the_sink_s_order() {
    let arena = Bump::new();
    let row = [Value::Int(1), Value::Text("a")];
    let selection = Selection::new(&mapping(vec![(column(1, DataType::STRING), false), (*int(7), false)]));
    assert_eq!(selection.apply(&row, &[], &arena).unwrap(), Selected::Row(&[Value::Text("a"), Value::Int(7)]));
}

#[test]
fn null_in_a_not_null_column_is_rejected_or_dropped() {
    let arena = Bump::new();
    let mut mapping = mapping(vec![(column(0, DataType::Int), true)]);
    let row = [Value::Null];
    let rejection = Selection::new(&mapping).apply(&row, &[], &arena).unwrap_err();
    assert_eq!(rejection.to_string(), "select refused column s0: NULL in a NOT NULL column");
    mapping.sink.not_null_drop = true;
    let selection = Selection::new(&mapping);
    assert_eq!(selection.apply(&row, &[], &arena).unwrap(), Selected::DroppedNull);
}

#[test]
fn where_takes_only_what_is_true() {
    let compare = |comparison| Expression::Compare(comparison, Box::new(column(0, DataType::Int)), int(5));
    let less = || Box::new(compare(Comparison::Less));
    let null = || Box::new(NULL);
    for (comparison, expected) in [
        (Comparison::Equal, [false, true, false]),
        (Comparison::NotEqual, [true, false, true]),
        (Comparison::Less, [true, false, false]),
        (Comparison::LessOrEqual, [true, true, false]),
        (Comparison::Greater, [false, false, true]),
        (Comparison::GreaterOrEqual, [false, true, true]),
    ] {
        assert_eq!([4, 5, 6].map(|value| passes(compare(comparison), Value::Int(value))), expected);
        assert!(!passes(compare(comparison), Value::Null));
    }
    assert!(!passes(Expression::Not(less()), Value::Null));
    assert!(passes(Expression::IsNull(less()), Value::Null));
    assert!(!passes(Expression::And(less(), null()), Value::Int(1)));
    assert!(passes(Expression::Not(Box::new(Expression::And(null(), less()))), Value::Int(9)));
    assert!(passes(Expression::Or(null(), less()), Value::Int(1)));
    assert!(passes(Expression::IsNull(Box::new(Expression::Or(null(), less()))), Value::Int(9)));
}

#[test]
fn nan_is_equal_to_nothing() {
    let nan = || Box::new(Expression::Literal(Literal::Double(f64::NAN), DataType::Float));
    assert!(!passes(Expression::Compare(Comparison::Equal, nan(), nan()), Value::Null));
    assert!(passes(Expression::Compare(Comparison::NotEqual, nan(), nan()), Value::Null));
}

#[test]
fn a_failing_cast_names_the_column_and_the_value() {
    assert_eq!(
        cast(Value::Text("abc"), DataType::STRING, DataType::Int).unwrap_err(),
        "found 'abc' where CAST(STRING AS INT) expected a number from -2147483648 to 2147483647"
    );
    assert_eq!(
        cast(Value::Date(0), DataType::Date, DataType::Int).unwrap_err(),
        "found 1970-01-01 where CAST(DATE AS INT) expected a number from -2147483648 to 2147483647"
    );
}

#[test]
fn null_casts_to_null() {
    assert_eq!(cast(Value::Null, DataType::Date, DataType::Int).unwrap(), "Null");
}

#[test]
fn text_becomes_a_number_without_its_blanks() {
    assert_eq!(from_text(" 42 ", DataType::Int).as_deref(), Some("Int(42)"));
    assert_eq!(from_text("-1.9", DataType::Int).as_deref(), Some("Int(-1)"));
    assert_eq!(from_text("128", DataType::TinyInt), None);
    assert_eq!(from_text("1.x", DataType::Int), None);
    assert_eq!(from_text("", DataType::BigInt), None);
    assert_eq!(from_text(" 1e2 ", DataType::Double).as_deref(), Some("Double(100.0)"));
    let decimal = DataType::Decimal { precision: 4, scale: 2 };
    assert_eq!(from_text(" 1.005\t", decimal.clone()).as_deref(), Some("Decimal(Decimal { unscaled: 101, scale: 2 })"));
    assert_eq!(from_text("100", decimal), None);
}

#[test]
fn text_becomes_a_boolean_by_five_words_each() {
    for (text, expected) in [("T", true), ("yes", true), (" 1 ", true), ("False", false), ("n", false), ("0", false)] {
        assert_eq!(from_text(text, DataType::Boolean), Some(format!("Bool({expected})")));
    }
    assert_eq!(from_text("on", DataType::Boolean), None);
}

#[test]
fn text_becomes_dates_and_times_leniently() {
    assert_eq!(from_text("1970-1-2", DataType::Date).as_deref(), Some("Date(1)"));
    assert_eq!(from_text("1970-01-02 10:00:00", DataType::Date).as_deref(), Some("Date(1)"));
    assert_eq!(from_text("1971", DataType::Date).as_deref(), Some("Date(365)"));
    assert_eq!(from_text("2023-02-30", DataType::Date), None);
    let time = DataType::Time { precision: 3 };
    assert_eq!(from_text("1:2", time.clone()).as_deref(), Some("Time(3720000000000)"));
    assert_eq!(from_text("0:0:1.2345", time.clone()).as_deref(), Some("Time(1235000000)"));
    assert_eq!(from_text("25:00", time), None);
    assert_eq!(from_text("1970-1-1", TIMESTAMP).as_deref(), Some("Timestamp { seconds: 0, nanos: 0 }"));
    let cut = from_text("1970-1-1 0:0:1.123456789", DataType::Timestamp { precision: 3 });
    assert_eq!(cut.as_deref(), Some("Timestamp { seconds: 1, nanos: 123000000 }"));
    let instant = from_text("1970-01-01 00:00:01", DataType::TimestampLtz { precision: 3 });
    assert_eq!(instant.as_deref(), Some("Instant { seconds: 1, nanos: 0 }"));
    for bad in ["1970-01-01T00:00:00", "1970-01-01 00:00", "70-01-01", "1970-01-01 00:00:00.1234567890", ""] {
        assert_eq!(from_text(bad, TIMESTAMP), None, "{bad}");
    }
}

#[test]
fn numbers_are_printed_as_java_prints_them() {
    let double = |value| to_text(Value::Double(value), DataType::Double);
    assert_eq!(
        [1.0, 0.001, 9999999.0, 1e7, 1.5e-4, -1.25e300, f64::NAN, f64::NEG_INFINITY, -0.0].map(double),
        ["1.0", "0.001", "9999999.0", "1.0E7", "1.5E-4", "-1.25E300", "NaN", "-Infinity", "-0.0"]
    );
    assert_eq!(to_text(Value::Float(0.1), DataType::Float), "0.1");
    assert_eq!(to_text(Value::Float(1e10), DataType::Float), "1.0E10");
    let decimal = |unscaled, scale| {
        to_text(Value::Decimal(&Decimal { unscaled, scale }), DataType::Decimal { precision: 9, scale })
    };
    assert_eq!([decimal(-5, 2), decimal(12, 0), decimal(1200, 2)], ["-0.05", "12", "12.00"]);
    assert_eq!(to_text(Value::Bool(true), DataType::Boolean), "TRUE");
}

#[test]
fn dates_and_times_are_printed() {
    assert_eq!(to_text(Value::Date(-1), DataType::Date), "1969-12-31");
    let timestamp = |nanos, precision| {
        to_text(Value::Timestamp { seconds: 1_709_281_800, nanos }, DataType::Timestamp { precision })
    };
    assert_eq!(timestamp(250_000_000, 6), "2024-03-01 08:30:00.250000");
    assert_eq!(timestamp(0, 0), "2024-03-01 08:30:00");
    assert_eq!(timestamp(1_000, 3), "2024-03-01 08:30:00.000001");
    let time = |millis: i64, precision| to_text(Value::Time(millis * 1_000_000), DataType::Time { precision });
    assert_eq!([time(1_250, 3), time(1_000, 3), time(1_000, 0)], ["00:00:01.25", "00:00:01.0", "00:00:01"]);
}

#[test]
fn text_is_cut_or_filled_up_to_its_length() {
    assert_eq!(from_text("äöüß", DataType::Varchar(2)).as_deref(), Some("Text(\"äö\")"));
    assert_eq!(from_text("ä", DataType::Char(3)).as_deref(), Some("Text(\"ä  \")"));
    assert_eq!(from_text("abcd", DataType::Char(3)).as_deref(), Some("Text(\"abc\")"));
    assert_eq!(cast(Value::Int(12345), DataType::Int, DataType::Varchar(2)).unwrap(), "Text(\"12\")");
    assert_eq!(from_text("ab", DataType::Binary(3)).as_deref(), Some("Bytes([97, 98, 0])"));
    assert_eq!(from_text("ab", DataType::Varbinary(1)).as_deref(), Some("Bytes([97])"));
    assert!(cast(Value::Bytes(b"\xff"), DataType::Varbinary(1), DataType::STRING).is_err());
}

#[test]
fn numbers_narrow_as_in_java() {
    let double = |value, to| cast(Value::Double(value), DataType::Double, to).unwrap();
    assert_eq!(double(-1.9, DataType::Int), "Int(-1)");
    assert_eq!(double(1e10, DataType::Int), "Int(2147483647)");
    assert_eq!(double(1e10, DataType::SmallInt), "Int(-1)");
    assert_eq!(double(1e30, DataType::BigInt), format!("Int({})", i64::MAX));
    assert_eq!(double(f64::NAN, DataType::Int), "Int(0)");
    assert_eq!(cast(Value::Int(300), DataType::Int, DataType::TinyInt).unwrap(), "Int(44)");
    let decimal = Decimal { unscaled: -19, scale: 1 };
    let from = DataType::Decimal { precision: 4, scale: 1 };
    assert_eq!(cast(Value::Decimal(&decimal), from.clone(), DataType::Int).unwrap(), "Int(-1)");
    assert_eq!(cast(Value::Decimal(&decimal), from.clone(), DataType::Float).unwrap(), "Float(-1.9)");
    assert_eq!(cast(Value::Decimal(&decimal), from, DataType::Boolean).unwrap(), "Bool(true)");
    assert_eq!(cast(Value::Bool(true), DataType::Boolean, DataType::BigInt).unwrap(), "Int(1)");
}

#[test]
fn a_decimal_rounds_half_up_and_overflows_to_null() {
    let to = || DataType::Decimal { precision: 3, scale: 1 };
    let decimal = |unscaled| Ok(format!("Decimal(Decimal {{ unscaled: {unscaled}, scale: 1 }})"));
    assert_eq!(cast(Value::Double(0.25), DataType::Double, to()), decimal(3));
    assert_eq!(cast(Value::Double(-0.25), DataType::Double, to()), decimal(-3));
    assert_eq!(cast(Value::Int(99), DataType::Int, to()), decimal(990));
    assert_eq!(cast(Value::Int(100), DataType::Int, to()), Ok("Null".into()));
    assert!(cast(Value::Double(f64::NAN), DataType::Double, to()).is_err());
}

#[test]
fn timestamps_become_dates_times_and_instants() {
    let timestamp = Value::Timestamp { seconds: -1, nanos: 123_456_789 };
    let to = |data_type| cast(timestamp, TIMESTAMP, data_type).unwrap();
    assert_eq!(to(DataType::Date), "Date(-1)");
    assert_eq!(to(DataType::Time { precision: 3 }), "Time(86399123000000)");
    assert_eq!(to(DataType::TimestampLtz { precision: 0 }), "Instant { seconds: -1, nanos: 0 }");
    assert_eq!(to(DataType::Timestamp { precision: 3 }), "Timestamp { seconds: -1, nanos: 123000000 }");
    assert_eq!(cast(Value::Date(1), DataType::Date, TIMESTAMP).unwrap(), "Timestamp { seconds: 86400, nanos: 0 }");
}

#[test]
fn arrays_are_cast_element_by_element() {
    let array = |element| DataType::Array(Box::new(element));
    let elements = [Value::Text("1"), Value::Null, Value::Text("2.5")];
    assert_eq!(
        cast(Value::Array(&elements), array(DataType::STRING), array(DataType::Double)).unwrap(),
        "Array([Double(1.0), Null, Double(2.5)])"
    );
    assert!(cast(Value::Array(&[Value::Text("x")]), array(DataType::STRING), array(DataType::Int)).is_err());
    assert_eq!(to_text(Value::Array(&[Value::Float(0.5), Value::Null]), array(DataType::Float)), "[0.5, NULL]");
}

proptest! {
    #[test]
    fn a_printed_number_casts_back(value: f64) {
        let text = to_text(Value::Double(value), DataType::Double);
        prop_assert_eq!(from_text(&text, DataType::Double), Some(format!("Double({value:?})")));
    }

    #[test]
    fn no_cast_panics(text in ".{0,30}|[-+0-9.:eE ]{0,40}", double: f64, long: i64, unscaled: i64, scale in 0_u8..=38, nanos in 0_u32..1_000_000_000) {
        let types = [
            DataType::Boolean, DataType::TinyInt, DataType::SmallInt, DataType::Int, DataType::BigInt, DataType::Float,
            DataType::Double, DataType::Decimal { precision: 38, scale: 38 }, DataType::Decimal { precision: 1, scale: 0 },
            DataType::Char(3), DataType::Varchar(3), DataType::STRING, DataType::Binary(3), DataType::Varbinary(3),
            DataType::Date, DataType::Time { precision: 0 }, DataType::Timestamp { precision: 9 },
            DataType::TimestampLtz { precision: 3 }, DataType::Array(Box::new(DataType::Int)), DataType::Null,
        ];
        let decimal = Decimal { unscaled: unscaled.into(), scale };
        let seconds = long % 31_556_889_864_403_199; // java.time's range
        let values = [
            (Value::Text(&text), DataType::STRING),
            (Value::Bytes(text.as_bytes()), DataType::Varbinary(40)),
            (Value::Double(double), DataType::Double),
            (Value::Float(double as f32), DataType::Float),
            (Value::Int(long), DataType::BigInt),
            (Value::Decimal(&decimal), DataType::Decimal { precision: 38, scale }),
            (Value::Date(long as i32), DataType::Date),
            (Value::Time(i64::from(nanos) * 86_000), DataType::Time { precision: 9 }),
            (Value::Timestamp { seconds, nanos }, DataType::Timestamp { precision: 3 }),
            (Value::Instant { seconds, nanos }, DataType::TimestampLtz { precision: 9 }),
        ];
        for (value, from) in &values {
            for to in &types {
                let _ = cast(*value, from.clone(), to.clone());
            }
        }
    }
}
