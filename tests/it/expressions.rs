//! Operators and functions, from their text in a job file to their value. No server is needed.

mod conditions;
mod errors;
mod intervals;
mod moments;
mod nested;
mod numbers;
mod texts;

use bumpalo::Bump;
use vecsink::internals::job::selection::{Selected, Selection};
use vecsink::internals::job::settings::job::Job;
use vecsink::internals::job::{JobInput, parse_job};
use vecsink::internals::types::value::{Decimal, Value, Vector};

/// A row with a column of every type. The tests name these columns.
const COLUMNS: &str = "i INT, l BIGINT, t TINYINT, d DOUBLE, f FLOAT, c DECIMAL(10, 2), s STRING, v VARCHAR(5), \
     b BOOLEAN, n INT, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), dt DATE, tm TIME, a ARRAY<INT>, x BYTES, ns STRING, \
     nb BOOLEAN, ym INTERVAL YEAR TO MONTH, ds INTERVAL DAY TO SECOND, fv ARRAY<FLOAT>, dv ARRAY<DOUBLE>, \
     m AS MAP['k', 1, 'n', CAST(NULL AS INT)], \
     r AS CAST(ROW(3, ROW('deep')) AS ROW<x INT, y ROW<z STRING>>), \
     q AS CAST(ROW(ARRAY[5, 6], MAP['key', 9], ARRAY[ROW(7, ARRAY['w']), ROW(8, ARRAY['x'])]) \
     AS ROW<v ARRAY<INT>, t MAP<STRING, INT>, o ARRAY<ROW<p INT, w ARRAY<STRING>>>>)";

fn job(expression: &str, settings: &str) -> Result<Job, String> {
    let text = format!(
        "{settings}CREATE TABLE k ({COLUMNS}) WITH ('connector' = 'kafka', 'topic' = 't', 'format' = 'csv',\n\
         'properties.bootstrap.servers' = 'b:9092', 'scan.startup.mode' = 'earliest-offset');\n\
         CREATE TABLE s (c STRING) WITH ('connector' = 'adbpg', 'url' = 'jdbc:postgresql://h/d', 'tablename' = 'o',\n\
         'username' = 'u', 'password' = 'p', 'conflictmode' = 'ignore');\n\
         INSERT INTO s SELECT CAST({expression} AS STRING) FROM k;"
    );
    let input =
        JobInput { text: &text, file_stem: None, overrides: &[], environment: &|_| None, properties: &|_| Vec::new() };
    parse_job(&input).map_err(|error| error.to_string())
}

/// The expression's type.
#[track_caller]
fn type_of(expression: &str) -> String {
    use vecsink::internals::sql::expression::Expression;
    let job = job(expression, "").unwrap_or_else(|error| panic!("{expression}: {error}"));
    match &job.mappings[0].expressions[0] {
        Expression::Cast(operand, _) => operand.type_ref().to_string(),
        other => other.type_ref().to_string(),
    }
}

/// The expression's value for a row of [`COLUMNS`], as text or `NULL`. If the row is refused, the reason.
#[track_caller]
fn evaluate(expression: &str, settings: &str) -> Result<String, String> {
    let job = job(expression, settings).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let (selection, arena) = (Selection::new(&job.mappings[0]), Bump::new());
    let row = [
        Value::Int(7),
        Value::Int(5_000_000_000),
        Value::Int(100),
        Value::Double(2.5),
        Value::Float(0.1),
        Value::Decimal(&Decimal { unscaled: 1050, scale: 2 }),
        Value::Text("Grüße"),
        Value::Text("abc"),
        Value::Bool(true),
        Value::Null,
        // 2024-03-01 08:05:09.120, a Friday.
        Value::Timestamp { seconds: 1_709_280_309, nanos: 120_000_000 },
        Value::Instant { seconds: 1_709_280_309, nanos: 120_000_000 },
        Value::Date(19_783),
        Value::Time(29_109_000_000_000),
        Value::Array(&[Value::Int(10), Value::Null, Value::Int(30)]),
        Value::Bytes(b"bytes"),
        Value::Null,
        Value::Null,
        Value::Months(-14),
        Value::Millis(93_784_005),
        // As the formats decode arrays of floats without NULLs.
        Value::Vector(Vector::Float(&[0.5, 2.0])),
        Value::Vector(Vector::Double(&[0.5, 2.0])),
    ];
    match selection.apply(&row, &[], &arena) {
        Ok(Selected::Row([Value::Text(text)])) => Ok(text.to_string()),
        Ok(Selected::Row([Value::Null])) => Ok("NULL".into()),
        Ok(other) => panic!("{expression}: {other:?}"),
        Err(rejection) => Err(rejection.reason),
    }
}

/// Fails unless each expression has the type and the value that is given with it.
#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(expression, data_type, value)| {
            let found = (type_of(expression), evaluate(expression, ""));
            let expected = (data_type.to_string(), Ok(value.to_string()));
            (found != expected).then(|| format!("{expression}: {found:?} where {expected:?} was expected"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Fails unless each expression has the value that is given with it, with these settings.
#[track_caller]
fn check_with(settings: &str, cases: &[(&str, &str)]) {
    for (expression, value) in cases {
        assert_eq!(evaluate(expression, settings), Ok(value.to_string()), "{expression}");
    }
}

#[test]
fn the_documentation_lists_every_function() {
    let listed: String =
        vecsink::internals::job::functions().map(|(form, meaning)| format!("- `{form}`: {meaning}\n")).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/job-file.md");
    let documentation = std::fs::read_to_string(path).unwrap();
    assert!(documentation.contains(&listed), "docs/job-file.md lacks, under Functions:\n{listed}");
}
