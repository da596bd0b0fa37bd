//! Any job file gives a job, or errors with places within the file. No error shows the password. A job's SELECT takes rows of
//! any values.

use bumpalo::Bump;
use vecsink::internals::error::{Diagnostic, Error};
use vecsink::internals::job::selection::Selection;
use vecsink::internals::job::settings::job::Job;
use vecsink::internals::job::{JobInput, parse_job};
use vecsink::internals::settings::kafka::KafkaSource;
use vecsink::internals::types::data_type::DataType;
use vecsink::internals::types::value::{Decimal, Value};

pub const PIECES: &[&str] = &[
    "'",
    "`",
    "(",
    ")",
    ",",
    ";",
    "--",
    "/*",
    "*/",
    "=",
    "<",
    ">>",
    "ARRAY<ARRAY<",
    "NULL",
    "é",
    "\0",
    "SELECT ",
    "U&'\\00",
    "9999999999999999999999",
    "${",
    "1e999",
    "CAST(",
    "\"",
    ".",
    "NOT ",
    "ROW<a ",
    "MAP<",
    " LIKE ",
    " AS ",
    "METADATA",
    "END",
    "WITH ",
    "DATE '",
    "\\",
    "[",
    "?",
    "@",
    "::",
    "||",
    "CASE WHEN ",
    " BETWEEN ",
    " IN (",
    "-",
    "UNION ALL ",
    "INTERVAL '1' DAY",
    "TIMESTAMP '2024-02-30 24:00:00'",
    "SUBSTRING(",
    "POWER(",
    "REGEXP_REPLACE(",
    "DATE_FORMAT(",
    "CREATE VIEW v AS ",
    "SET 'a' = 'b';",
    "%",
    "/",
    "*",
    "ROW(",
    "DECIMAL(38, 38)",
    "INTERVAL DAY TO SECOND",
    "MULTISET<",
];

const PASSWORD: &str = "zq7;xj ${k'w";
/// The parts of it that a text may show if the password's quotes end too early.
const PARTS: [&str; 2] = ["zq7", "xj"];
/// The place of the password in an input that has a login of its own.
const PLACE: &str = "OWN_PASSWORD";

/// Comes before every input, so that its password is read as a password, whatever follows.
const BEFORE: &str = "\
CREATE TABLE s (id INT, name STRING, at TIMESTAMP, d DECIMAL(20, 4), v STRING)
WITH ('connector' = 'adbpg', 'url' = 'jdbc:postgresql://h/d', 'tablename' = 'out', 'username' = 'u', 'conflictmode' = 'ignore',
      'password' = 'zq7;xj $${k''w');
CREATE TABLE k (id INT, name STRING, at TIMESTAMP, d DECIMAL(20, 4), v ARRAY<FLOAT>, m MAP<STRING, INT>, r ROW<x DOUBLE>,
    ym INTERVAL YEAR TO MONTH, ds INTERVAL DAY TO SECOND, ms MULTISET<STRING>)
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'b:9092', 'topic' = 't', 'format' = 'json',
      'scan.startup.mode' = 'earliest-offset');
";

pub fn check(input: &[u8]) {
    // Longer inputs are slow and test nothing more.
    let Ok(text) = std::str::from_utf8(input) else { return };
    if text.len() > 20_000 {
        return;
    }
    check_own_password(text);
    let text = format!("{BEFORE}{text}");
    let parsed = parse(&text, &|_| Vec::new());
    match &parsed {
        Ok(job) => {
            assert!(!format!("{job:?}").contains(PASSWORD));
            select(job);
        }
        Err(error) => {
            check_errors(error, &text);
            assert!(!error.to_string().contains(PASSWORD), "{error}");
        }
    }
    assert_eq!(format!("{parsed:?}"), format!("{:?}", parse(&text, &|_| Vec::new())));
}

/// A syntax error may cut the password into parts. No part of it is shown either.
fn check_own_password(text: &str) {
    if !text.contains(PLACE) || PARTS.iter().any(|part| text.contains(part)) {
        return;
    }
    if let Err(error) = parse(&text.replace(PLACE, PASSWORD), &|_| Vec::new()) {
        let shown = error.to_string();
        assert!(!PARTS.iter().any(|part| shown.contains(part)), "{shown}");
    }
}

pub fn parse(text: &str, properties: &dyn Fn(&KafkaSource) -> Vec<String>) -> Result<Job, Error> {
    parse_job(&JobInput { text, file_stem: Some("job"), overrides: &[], environment: &|_| None, properties })
}

/// The errors' places are within the file, and in its order.
pub fn check_errors(error: &Error, text: &str) {
    let Error::Config(diagnostics) = error else { panic!("{error}") };
    assert!(!diagnostics.is_empty());
    let lines: Vec<&str> = text.split('\n').collect();
    for Diagnostic { location, message } in diagnostics {
        assert!(!message.is_empty());
        let Some(location) = location else { continue };
        let line = usize::try_from(location.line).ok().and_then(|line| lines.get(line.checked_sub(1)?));
        let line = line.unwrap_or_else(|| panic!("{location:?} is after the end of the file: {message}"));
        let columns = 1..=line.chars().count() as u64 + 1;
        assert!(columns.contains(&location.column), "{location:?} is after the end of its line: {message}");
    }
    assert!(diagnostics.is_sorted_by_key(|diagnostic| (diagnostic.location.is_none(), diagnostic.location)));
}

/// Passes rows of common and of extreme values through the SELECT. A row may be refused, but nothing may panic.
fn select(job: &Job) {
    let arena = Bump::new();
    for mapping in &job.mappings {
        let selection = Selection::new(mapping);
        let source = &job.sources[mapping.source];
        let types: Vec<&DataType> = source
            .columns
            .iter()
            .map(|column| &column.data_type)
            .chain(source.format_metadata.iter().map(|column| &column.data_type))
            .collect();
        for kind in [Kind::Usual, Kind::Least, Kind::Most, Kind::Null] {
            let row: Vec<Value<'_>> = types.iter().map(|data_type| sample(data_type, kind, &arena)).collect();
            let metadata = source.record_metadata.iter().map(|column| sample(&column.data_type, kind, &arena));
            let _ = selection.apply(
                arena.alloc_slice_copy(&row),
                arena.alloc_slice_fill_iter(metadata.collect::<Vec<_>>()),
                &arena,
            );
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Usual,
    Least,
    Most,
    Null,
}

fn sample<'a>(data_type: &DataType, kind: Kind, arena: &'a Bump) -> Value<'a> {
    let integer = |least: i64, most: i64| match kind {
        Kind::Least => Value::Int(least),
        Kind::Most => Value::Int(most),
        _ => Value::Int(7),
    };
    let seconds = match kind {
        Kind::Least => -62_135_596_800,
        Kind::Most => 253_402_300_799,
        _ => 1_709_281_800,
    };
    let nanos = if kind == Kind::Most { 999_999_999 } else { 0 };
    let text = match kind {
        Kind::Least => "",
        Kind::Most => "-9e999 红%_\\",
        _ => "2024-03-01 08:30:00",
    };
    match data_type {
        _ if kind == Kind::Null => Value::Null,
        DataType::Boolean => Value::Bool(kind == Kind::Most),
        DataType::TinyInt => integer(i8::MIN.into(), i8::MAX.into()),
        DataType::SmallInt => integer(i16::MIN.into(), i16::MAX.into()),
        DataType::Int => integer(i32::MIN.into(), i32::MAX.into()),
        DataType::BigInt => integer(i64::MIN, i64::MAX),
        DataType::Float => Value::Float([0.5, f32::MIN, f32::NAN][kind as usize]),
        DataType::Double => Value::Double([0.5, f64::NEG_INFINITY, f64::MAX][kind as usize]),
        DataType::Decimal { precision, scale } => {
            let most = 10_i128.pow((*precision).into()) - 1;
            let unscaled = [5.min(most), -most, most][kind as usize];
            Value::Decimal(arena.alloc(Decimal { unscaled, scale: *scale }))
        }
        DataType::Char(_) | DataType::Varchar(_) => Value::Text(text),
        DataType::Binary(_) | DataType::Varbinary(_) => Value::Bytes(text.as_bytes()),
        DataType::Date => Value::Date((seconds / 86_400) as i32),
        DataType::Time { .. } => Value::Time(i64::from(nanos) * 86_399),
        DataType::Timestamp { .. } => Value::Timestamp { seconds, nanos },
        DataType::TimestampLtz { .. } => Value::Instant { seconds, nanos },
        DataType::Array(element) => {
            let length = if kind == Kind::Least { 0 } else { 3 };
            Value::Array(arena.alloc_slice_fill_with(length, |_| sample(element, kind, arena)))
        }
        DataType::Row(fields) => {
            let values: Vec<Value<'a>> = fields.iter().map(|field| sample(&field.data_type, kind, arena)).collect();
            Value::Row(arena.alloc_slice_copy(&values))
        }
        DataType::Map(..) | DataType::Multiset(_) => {
            let Some((key, value)) = data_type.entries() else { return Value::Null };
            let length = usize::from(kind != Kind::Least);
            let entry = |_| (sample(key, kind, arena), sample(value, kind, arena));
            Value::Map(arena.alloc_slice_fill_with(length, entry))
        }
        DataType::IntervalYearMonth => Value::Months([7, i32::MIN, i32::MAX][kind as usize]),
        DataType::IntervalDayTime => Value::Millis([7, i64::MIN, i64::MAX][kind as usize]),
        DataType::Null => Value::Null,
    }
}
