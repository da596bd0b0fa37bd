//! The expressions that SELECT and INSERT become.

use super::*;
use crate::sql::expression::{Comparison, Expression, Literal};
use crate::types::data_type::DataType;
use crate::types::value::Decimal;

fn column(index: usize, data_type: DataType) -> Expression {
    Expression::Column(index, data_type)
}

/// The expression of the only column of `INSERT INTO s SELECT <query> FROM k`.
#[track_caller]
fn value(query: &str, source_columns: &str, sink_type: &str) -> Expression {
    let insert = format!("INSERT INTO s SELECT {query} FROM k");
    mapping_of(source_columns, &format!("c {sink_type}"), &insert).expressions.remove(0)
}

#[track_caller]
fn filter(condition: &str, source_columns: &str) -> Expression {
    let insert = format!("INSERT INTO s SELECT 1 FROM k WHERE {condition}");
    mapping_of(source_columns, "c INT", &insert).filter.unwrap()
}

#[test]
fn columns_are_mapped_by_position_and_never_by_name() {
    let mapping = mapping_of("a INT, b INT", "b INT, a INT", "INSERT INTO s SELECT a, b FROM k");
    let mapped: Vec<(&str, &Expression)> = mapping.columns().collect();
    assert_eq!(mapped, [("b", &column(0, DataType::Int)), ("a", &column(1, DataType::Int))]);
}

#[test]
fn a_column_that_the_insert_does_not_list_is_null() {
    let mapping = mapping_of("a INT, b INT", "x INT, y STRING, z BIGINT", "INSERT INTO s (z, x) SELECT a, b FROM k");
    let null = Expression::Literal(Literal::Null, DataType::STRING);
    assert_eq!(mapping.expressions, [column(1, DataType::Int), null, column(0, DataType::Int)]);
}

#[test]
fn a_star_stands_for_all_columns_in_their_order() {
    let mapping = mapping_of("a INT, b STRING", "x INT, y STRING, z STRING", "INSERT INTO s SELECT q.*, q.b FROM k q");
    assert_eq!(mapping.expressions[1], column(1, DataType::STRING));
    assert_eq!(mapping.expressions[2], column(1, DataType::STRING));
}

#[test]
fn a_varchar_goes_unchanged_into_a_column_of_its_type_but_a_string_is_cut_to_a_length() {
    assert_eq!(value("a", "a VARCHAR(10)", "VARCHAR(10)"), column(0, DataType::Varchar(10)));
    assert_eq!(value("a", "a STRING", "VARCHAR"), column(0, DataType::STRING));
    let cut = Expression::Cast(Box::new(column(0, DataType::STRING)), DataType::Varchar(10));
    assert_eq!(value("a", "a STRING", "VARCHAR(10)"), cut);
}

#[test]
fn a_cast_may_name_any_type_of_flink() {
    for (text, data_type) in [
        ("STRING", DataType::STRING),
        ("VARCHAR(10)", DataType::Varchar(10)),
        ("TIMESTAMP_LTZ(3)", DataType::TimestampLtz { precision: 3 }),
        ("TIMESTAMP(3) WITH LOCAL TIME ZONE", DataType::TimestampLtz { precision: 3 }),
        ("TIMESTAMP WITH LOCAL TIME ZONE", DataType::TimestampLtz { precision: 6 }),
        ("TIMESTAMP(3) WITHOUT TIME ZONE", DataType::Timestamp { precision: 3 }),
        ("decimal(12, 2)", DataType::Decimal { precision: 12, scale: 2 }),
        ("BYTES", DataType::Varbinary(crate::types::data_type::UNBOUNDED)),
        ("INTEGER", DataType::Int),
        ("DOUBLE", DataType::Double),
    ] {
        let expected = column(0, DataType::STRING);
        let cast = value(&format!("cast(a as {text})"), "a STRING", text);
        match data_type {
            DataType::Varchar(crate::types::data_type::UNBOUNDED) => assert_eq!(cast, expected, "{text}"),
            data_type => assert_eq!(cast, Expression::Cast(Box::new(expected), data_type), "{text}"),
        }
    }
}

#[test]
fn constants_have_the_type_of_the_column_they_fill() {
    let literal = Expression::Literal;
    assert_eq!(value("NULL", "a INT", "DATE"), literal(Literal::Null, DataType::Date));
    assert_eq!(value("-7", "a INT", "INT"), literal(Literal::Int(-7), DataType::Int));
    assert_eq!(value("7", "a INT", "DOUBLE"), literal(Literal::Double(7.0), DataType::Double));
    let two_digits = DataType::Decimal { precision: 5, scale: 2 };
    let decimal = Literal::Decimal(Decimal { unscaled: 150, scale: 2 });
    assert_eq!(value("1.5", "a INT", "DECIMAL(5, 2)"), literal(decimal, two_digits));
    assert_eq!(value("'abc'", "a INT", "VARCHAR(2)"), literal(Literal::Text("ab".into()), DataType::Varchar(2)));
    assert_eq!(value("true", "a INT", "BOOLEAN"), literal(Literal::Bool(true), DataType::Boolean));
    assert_eq!(value("DATE '1970-01-02'", "a INT", "DATE"), literal(Literal::Date(1), DataType::Date));
    let moment = Literal::Timestamp { seconds: 1, nanos: 0 };
    let timestamp = DataType::Timestamp { precision: 0 };
    assert_eq!(value("TIMESTAMP '1970-01-01 00:00:01'", "a INT", "TIMESTAMP"), literal(moment, timestamp));
    let time = DataType::Time { precision: 0 };
    assert_eq!(value("TIME '00:00:01'", "a INT", "TIME"), literal(Literal::Time(1_000_000_000), time));
}

#[test]
fn both_sides_of_a_comparison_have_one_type() {
    let compare = |comparison, left, right| Expression::Compare(comparison, Box::new(left), Box::new(right));
    assert_eq!(
        filter("a >= 10", "a BIGINT"),
        compare(
            Comparison::GreaterOrEqual,
            column(0, DataType::BigInt),
            Expression::Literal(Literal::Int(10), DataType::BigInt)
        )
    );
    assert_eq!(
        filter("'red' <> a", "a VARCHAR(2)"),
        compare(
            Comparison::NotEqual,
            Expression::Literal(Literal::Text("red".into()), DataType::Varchar(2)),
            column(0, DataType::Varchar(2))
        )
    );
    assert_eq!(
        filter("a < b", "a INT, b DOUBLE"),
        compare(
            Comparison::Less,
            Expression::Cast(Box::new(column(0, DataType::Int)), DataType::Double),
            column(1, DataType::Double)
        )
    );
    let timestamp = DataType::Timestamp { precision: 6 };
    assert_eq!(
        filter("a > '1970-01-01 00:00:01'", "a TIMESTAMP"),
        compare(
            Comparison::Greater,
            column(0, timestamp.clone()),
            Expression::Literal(Literal::Timestamp { seconds: 1, nanos: 0 }, timestamp)
        )
    );
}

#[test]
fn conditions_nest_as_they_are_written() {
    let is_null = Expression::IsNull(Box::new(column(0, DataType::Boolean)));
    let not_null = Expression::Not(Box::new(Expression::IsNull(Box::new(column(1, DataType::Int)))));
    let expected = Expression::And(
        Box::new(Expression::Or(Box::new(is_null), Box::new(column(0, DataType::Boolean)))),
        Box::new(Expression::Not(Box::new(not_null))),
    );
    assert_eq!(filter("(a IS NULL OR k.a) AND NOT (b IS NOT NULL)", "a BOOLEAN, b INT"), expected);
}

#[test]
fn parts_of_a_value_are_reached_through_the_tables_alias() {
    let columns = "id INT, maker ROW<name STRING, codes ARRAY<INT>, depots ARRAY<ROW<city STRING>>>, \
                   a ARRAY<INT>, attrs MAP<STRING, INT>, m ROW<a ARRAY<INT>>";
    let select = |part: &str, from: &str| {
        let insert = format!("INSERT INTO s SELECT CAST({part} AS STRING) FROM {from} WHERE {part} IS NOT NULL");
        let text = job_of(columns, "c STRING", &insert).replace("'format' = 'csv'", "'format' = 'json'");
        let mut mapping = job(&text).mappings.remove(0);
        (mapping.expressions.remove(0), mapping.filter.unwrap())
    };
    for part in ["maker.codes[2]", "maker.name", "maker.depots[1].city", "a[1]", "attrs['k']", "attrs[maker.name]"] {
        let plain = select(part, "k");
        for (alias, from) in [("k", "k"), ("q", "k AS q"), ("q", "k q"), ("`q`", "(SELECT * FROM k) AS q")] {
            let qualified = format!("{alias}.{}", part.replace("[maker", &format!("[{alias}.maker")));
            assert_eq!(select(&qualified, from), plain, "{qualified} FROM {from}");
        }
    }
    // If the alias has no such column, the name is taken as a column's name.
    assert_eq!(select("m.m.a[1]", "k AS m"), select("m.a[1]", "k"));
    assert_eq!(select("m.a[1]", "k AS m"), select("a[1]", "k"));
}

#[test]
fn an_unknown_part_of_a_value_is_named_with_its_place() {
    let said = |part: &str| {
        let text =
            job_of("r ROW<f ARRAY<INT>>, a ARRAY<INT>", "c INT", &format!("INSERT INTO s SELECT {part} FROM k AS q"));
        only_error(&text.replace("'format' = 'csv'", "'format' = 'json'"))
    };
    assert_eq!(said("q.b[1]"), "3:24 table 'q' has no column 'b'; did you mean 'r'?");
    assert_eq!(said("z.a[1]"), "3:22 unknown table 'z'; the query reads 'q'");
    assert_eq!(said("q.r.g[1]"), "3:26 the ROW has no field 'g'; did you mean 'f'?");
    assert_eq!(said("q[1]"), "3:22 table 'q' has no column 'q'; did you mean 'r'?");
    assert_eq!(said("q.a[1].x"), "3:29 '.x' takes a field of a ROW, found INT");
}
