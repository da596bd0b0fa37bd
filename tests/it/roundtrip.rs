//! The encoder compared with PostgreSQL: COPY BINARY and COPY TEXT store the same value as the server makes from a literal. Values that
//! the encoder refuses are refused by the server with the same SQLSTATE.

mod compare;
pub mod random;
mod types;

use rand::Rng;
use rand::rngs::StdRng;
use vecsink::internals::types::column_types::ColumnType;
use vecsink::internals::types::value::Value;

use self::compare::{Case, Feed, compare, text};
use self::random::{decimal, many, moment};
use crate::support::postgres18;

/// Writes values of a STRING column, or values with their own type, into a column of PostgreSQL 18.
fn check(type_name: &str, column_type: ColumnType, cases: Vec<Case>) {
    let Some(server) = postgres18() else { return };
    assert_eq!(compare(&server, &Feed::text(type_name), cases), column_type);
}

#[test]
fn integers_are_stored_as_the_server_reads_them() {
    let case = |random: &mut StdRng| {
        let number = random.random::<i64>() >> random.random_range(0..64);
        if random.random() {
            text(number.to_string())
        } else {
            Case { value: Value::Int(number), sql: number.to_string() }
        }
    };
    check("bigint", ColumnType::Int8, many(case));
    check(
        "integer",
        ColumnType::Int4,
        many(|random| text((random.random::<i64>() >> random.random_range(25..64)).to_string())),
    );
    check(
        "smallint",
        ColumnType::Int2,
        many(|random| text((random.random::<i64>() >> random.random_range(45..64)).to_string())),
    );
}

fn single(random: &mut StdRng) -> f32 {
    let value = f32::from_bits(random.random());
    if value.is_nan() { f32::NAN } else { value }
}

#[test]
fn floats_are_stored_as_the_server_reads_them() {
    check("real", ColumnType::Float4, many(|random| text(format!("{:e}", single(random)))));
    check(
        "real",
        ColumnType::Float4,
        many(|random| {
            let value: f64 = random.random::<f64>() * 2_f64.powi(random.random_range(-100..130));
            Case { value: Value::Double(value), sql: format!("'{value}'") }
        }),
    );
    check(
        "double precision",
        ColumnType::Float8,
        many(|random| {
            let value = f64::from_bits(random.random());
            text(format!("{}", if value.is_normal() { value } else { f64::INFINITY }))
        }),
    );
}

#[test]
fn numerics_are_rounded_and_limited_as_by_the_server() {
    let any = |random: &mut StdRng| {
        decimal(random.random::<i128>() >> random.random_range(1..127), random.random_range(0..38))
    };
    let unlimited = |random: &mut StdRng| {
        let (whole, fraction) = (random.random::<i64>() >> random.random_range(0..64), random.random_range(0..100_000));
        text(format!("{whole}.{fraction:0width$}", width = random.random_range(1..20)))
    };
    check("numeric", ColumnType::Numeric(None), many(unlimited));
    for (precision, scale) in [(12, 4), (38, 0), (5, 5), (20, 3)] {
        let column_type = ColumnType::Numeric(Some((precision, scale)));
        check(&format!("numeric({precision},{scale})"), column_type, many(any));
    }
    let column_type = ColumnType::Numeric(Some((9, 2)));
    check("numeric(9,2)", column_type, many(|random| text(format!("{:.3}", (random.random::<f64>() - 0.5) * 3e7))));
}

#[test]
fn booleans_are_stored_as_the_server_reads_them() {
    check("boolean", ColumnType::Bool, ["t", "f", "true", "false"].map(text).into());
}

#[test]
fn times_are_rounded_as_by_the_server() {
    for precision in [6, 3, 0] {
        check(
            &format!("timestamp({precision})"),
            ColumnType::Timestamp(precision),
            many(|random| {
                let (seconds, nanos, sql) = moment(random);
                Case { value: Value::Timestamp { seconds, nanos }, sql: format!("{sql}::timestamp") }
            }),
        );
        check(
            &format!("timestamptz({precision})"),
            ColumnType::TimestampTz(precision),
            many(|random| {
                let (seconds, nanos, sql) = moment(random);
                Case { value: Value::Instant { seconds, nanos }, sql: format!("({sql} || '+00')::timestamptz") }
            }),
        );
        check(
            &format!("time({precision})"),
            ColumnType::Time(precision),
            many(|random| {
                let (second, nanos) = (random.random_range(0..60), random.random_range(0..1_000_000_000));
                let text = format!("12:34:{second:02}.{nanos:09}");
                let value = Value::Time((12 * 3600 + 34 * 60 + second) * 1_000_000_000 + nanos);
                Case { value, sql: compare::literal(&text) }
            }),
        );
    }
    check(
        "timestamp",
        ColumnType::Timestamp(6),
        many(|random| {
            let fraction = random.random_range(0..1_000_000_000);
            let day = random.random_range(1..29);
            let year = random.random_range(1..10_000);
            text(format!("{year:04}-02-{day:02} 23:59:59.{fraction}"))
        }),
    );
    let dates = many(|random| {
        let days = random.random_range(-3_000_000..2_200_000_000_i64) as i32;
        Case { value: Value::Date(days), sql: format!("date '1970-01-01' + {days}") }
    });
    check("date", ColumnType::Date, dates);
}

#[test]
fn strings_keep_all_characters() {
    let word = |random: &mut StdRng| {
        const LETTERS: [&str; 12] = ["a", "ß", "€", "𝄞", "\t", "\n", "\r", "\\", "'", " ", " ", "N"];
        let length = random.random_range(0..14);
        text((0..length).map(|_| LETTERS[random.random_range(0..LETTERS.len())]).collect::<String>())
    };
    check("text", ColumnType::Text, many(word));
    check("varchar(10)", ColumnType::Varchar(Some(10)), many(word));
    check("char(10)", ColumnType::Char(10), many(word));
}

/// A literal with everything that may be in an array.
fn vector(random: &mut StdRng, length: usize, odd: bool) -> String {
    let element = |random: &mut StdRng| match random.random_range(0..if odd { 12 } else { 6 }) {
        0 => format!("{:e}", random.random::<f32>() * 1e-4),
        1 => format!("{}", f64::from(random.random::<f32>()) - 0.5),
        2 => format!("{:.6}", random.random::<f32>() * 200.0 - 100.0),
        3 => format!(" {} ", random.random_range(-9..9)),
        4..6 => format!("{}", random.random::<f32>() - 0.5),
        6 => "NULL".to_owned(),
        7 => "NaN".to_owned(),
        8 => " -Infinity".to_owned(),
        9 => format!("\"{}\"", random.random::<f32>()),
        10 => format!("{}", random.random::<u64>()),
        _ => format!("{:.30}", random.random::<f64>()),
    };
    (0..length).map(|_| element(random)).collect::<Vec<_>>().join(",")
}

#[test]
fn vectors_are_stored_as_the_server_reads_them() {
    for (type_name, column_type) in
        [("real[]", ColumnType::Float4Array), ("double precision[]", ColumnType::Float8Array)]
    {
        let arrays = |random: &mut StdRng| {
            let length = random.random_range(0..20);
            let elements = vector(random, length, true);
            let (brackets, sql) = (random.random::<bool>(), compare::literal(&format!("{{{elements}}}")));
            let value = if brackets { format!("[{elements}]") } else { format!("{{{elements}}}") };
            Case { sql, ..text(value) }
        };
        check(type_name, column_type, many(arrays));
    }
    check(
        "vector",
        ColumnType::Vector,
        many(|random| {
            let length = random.random_range(1..20);
            let elements = vector(random, length, false);
            Case { sql: compare::literal(&format!("[{elements}]")), ..text(format!("{{{elements}}}")) }
        }),
    );
}

#[test]
fn values_that_the_server_refuses_are_refused_with_its_sqlstate() {
    let good = || text("[1,2]");
    check(
        "vector",
        ColumnType::Vector,
        vec![
            good(),
            text("[1e39]"),
            text("[NaN]"),
            text("[Infinity]"),
            text("[]"),
            text("[1,null]"),
            text("[1"),
            text(format!("[{}1]", "1,".repeat(16_000))),
        ],
    );
    let arrays = ["{1,2", "{0.1;0.2}", "{1e39}", "{1,,2}", "{a}", "{1,}"];
    check("real[]", ColumnType::Float4Array, arrays.into_iter().map(text).chain([text("{1}")]).collect());
}

#[test]
fn unusual_spellings_are_left_to_the_server() {
    let texts = |texts: &[&str]| texts.iter().map(|&spelling| text(spelling)).collect();
    check("timestamp", ColumnType::Timestamp(6), texts(&["2024-1-1 8:00", "infinity", "0044-03-15 12:00 BC"]));
    check("timestamptz", ColumnType::TimestampTz(6), texts(&["2024-01-01 08:00:00", "2024-01-01 08:00:00.5+02"]));
    check("bigint", ColumnType::Int8, texts(&[" +5", "0x1F", "007"]));
    check("numeric(9,2)", ColumnType::Numeric(Some((9, 2))), texts(&["1e3", "NaN", ".5"]));
    check("boolean", ColumnType::Bool, texts(&["yes", "0", "TRUE"]));
    check("real[]", ColumnType::Float4Array, texts(&["[1:2]={1,2}", "{{1,2},{3,4}}", r#"{"\1"}"#, "{0x1p3}"]));
}
