//! csv: wherever the csv crate has the same rules, it finds the same fields; and Rust's parser reads the same numbers.

use vecsink::internals::change::Change;
use vecsink::internals::error::Rejection;
use vecsink::internals::formats::csv::options::CsvFormat;
use vecsink::internals::formats::format::Format;
use vecsink::internals::types::data_type::DataType;
use vecsink::internals::types::value::Value;

use super::decoded::{self, Case, column, of_every_type};
use super::{Check, pick};

pub const PIECES: &[&str] =
    &["\"", "\"\"", ",", "\t", "\n", "\r\n", "\\", "\\N", "#", ";", "é", "\u{feff}", "1e400", "-0", "NaN", " ", "\0"];

fn plain() -> CsvFormat {
    CsvFormat {
        field_delimiter: ',',
        quote_character: Some('"'),
        allow_comments: false,
        ignore_parse_errors: false,
        array_element_delimiter: ";".into(),
        escape_character: None,
        null_literal: None,
    }
}

/// `0`: texts, compared with the csv crate; `1`: numbers, compared with Rust's parser; the others: further dialects, with
/// columns of every type.
pub fn check(input: &[u8]) {
    let escaped = CsvFormat {
        escape_character: Some('\\'),
        allow_comments: true,
        null_literal: Some("n/a".into()),
        field_delimiter: '\t',
        ..plain()
    };
    let wide =
        CsvFormat { field_delimiter: '，', quote_character: Some('”'), escape_character: Some('é'), ..plain() };
    let ignoring = CsvFormat { ignore_parse_errors: true, ..plain() };
    let unquoted = CsvFormat { quote_character: None, ..plain() };
    let cases: [Check<'_>; 7] = [
        &fields,
        &numbers,
        &|message| rows(plain(), message),
        &|message| rows(escaped.clone(), message),
        &|message| rows(wide.clone(), message),
        &|message| rows(ignoring.clone(), message),
        &|message| rows(unquoted.clone(), message),
    ];
    if let Some((case, message)) = pick(input, &cases) {
        case(message);
    }
}

fn rows(options: CsvFormat, message: &[u8]) {
    let ignores = options.ignore_parse_errors;
    let columns = of_every_type(false);
    decoded::check(&Case { format: Format::Csv(options), columns: &columns, metadata: &[], ignores }, message, |_| {});
}

fn fields(message: &[u8]) {
    let mut oracle = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(message);
    let mut found = csv::ByteRecord::new();
    if !oracle.read_byte_record(&mut found).unwrap_or(false) || !agrees(message) {
        return;
    }
    let columns: Vec<_> = (0..found.len()).map(|number| column(&number.to_string(), DataType::STRING)).collect();
    let case = Case { format: Format::Csv(plain()), columns: &columns, metadata: &[], ignores: false };
    decoded::check(&case, message, |decoded| match decoded {
        Ok(decoded) => {
            let [Change::Insert(row)] = decoded.changes else { panic!("{decoded:?}") };
            for (value, field) in row.iter().zip(&found) {
                assert_eq!(*value, Value::Text(std::str::from_utf8(field).expect("text was read")));
            }
        }
        Err(rejection) => assert!(is_stricter(rejection) || std::str::from_utf8(message).is_err(), "{rejection}"),
    });
}

/// Whether the crate has the same rules for the message. The crate skips empty lines, and it reads blanks after a closing
/// quote as data.
fn agrees(message: &[u8]) -> bool {
    let text = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
    let odd = |pair: &[u8]| pair[0] == b'"' && pair[1] <= b' ' && !matches!(pair[1], b'\n' | b'\r');
    !text.starts_with(b"\n") && !text.starts_with(b"\r") && !text.windows(2).any(odd)
}

/// Whether the crate accepts what this rejection is about.
fn is_stricter(rejection: &Rejection) -> bool {
    ["no closing quote", "after a closing quote"].iter().any(|reason| rejection.reason.contains(reason))
}

fn numbers(message: &[u8]) {
    let columns = [
        column("i", DataType::Int),
        column("l", DataType::BigInt),
        column("f", DataType::Float),
        column("d", DataType::Double),
    ];
    let case = Case { format: Format::Csv(plain()), columns: &columns, metadata: &[], ignores: false };
    decoded::check(&case, message, |decoded| {
        let Ok(decoded) = decoded else { return };
        let [Change::Insert([Value::Int(int), Value::Int(long), Value::Float(float), Value::Double(double)])] =
            decoded.changes
        else {
            panic!("{decoded:?}")
        };
        // Quotes and further lines are tested by the other case.
        let Ok(text) = std::str::from_utf8(message) else { return };
        let line = text.split(['\n', '\r']).next().unwrap_or_default().trim_start_matches('\u{feff}');
        let texts: Vec<&str> = line.split(',').map(|text| text.trim_matches(|c| c <= ' ')).collect();
        let [first, second, third, fourth, ..] = texts[..] else { return };
        assert!(is_or_quoted(first, *int) && is_or_quoted(second, *long), "{line}");
        if let Ok(expected) = third.parse::<f32>() {
            assert!(expected.to_bits() == float.to_bits() || expected.is_nan() && float.is_nan(), "{third}: {float}");
        }
        if let Ok(expected) = fourth.parse::<f64>() {
            assert!(
                expected.to_bits() == double.to_bits() || expected.is_nan() && double.is_nan(),
                "{fourth}: {double}"
            );
        }
    });
}

fn is_or_quoted(text: &str, value: i64) -> bool {
    text.contains('"') || text.parse() == Ok(value)
}
