//! json, compared with serde_json: both read the same values, and what serde_json refuses is refused.

use serde_json::Value as Tree;
use vecsink::internals::change::Change;
use vecsink::internals::formats::format::Format;
use vecsink::internals::formats::json::options::{JsonFormat, TimestampStandard};
use vecsink::internals::types::column::SourceColumn;
use vecsink::internals::types::data_type::{DataType, RowField};
use vecsink::internals::types::value::Value;

use super::decoded::{self, Case, array, column, of_every_type};
use super::{Check, pick};

pub const PIECES: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\\",
    "\\u00e9",
    "\\ud83d\\ude97",
    "\\ud83d",
    "\"a\":",
    "\"c\":[",
    "1e400",
    "-0",
    "0.1",
    "null",
    "true",
    "NaN",
    "\u{feff}",
    "é",
    "[[[[[[[[",
    "{\"a\":{\"a\":",
    "\n",
    "\0",
    "9223372036854775808",
];

const PLAIN: JsonFormat =
    JsonFormat { fail_on_missing_field: false, ignore_parse_errors: false, timestamps: TimestampStandard::Sql };

/// `0`: compared with serde_json; the others: every type, with each option.
pub fn check(input: &[u8]) {
    let cases: [Check<'_>; 5] = [
        &oracle,
        &|message| rows(PLAIN, message),
        &|message| rows(JsonFormat { ignore_parse_errors: true, ..PLAIN }, message),
        &|message| rows(JsonFormat { timestamps: TimestampStandard::Iso8601, ..PLAIN }, message),
        &|message| rows(JsonFormat { fail_on_missing_field: true, ..PLAIN }, message),
    ];
    if let Some((case, message)) = pick(input, &cases) {
        case(message);
    }
}

fn rows(options: JsonFormat, message: &[u8]) {
    let columns = of_every_type(true);
    let ignores = options.ignore_parse_errors;
    decoded::check(&Case { format: Format::Json(options), columns: &columns, metadata: &[], ignores }, message, |_| {});
}

fn oracle(message: &[u8]) {
    let text = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
    let mut stream = serde_json::Deserializer::from_slice(text).into_iter::<Tree>();
    match stream.next() {
        Some(Ok(Tree::Object(fields))) => {
            // If a field comes twice, the value that isn't used may have another type. Such messages are not compared.
            let (object, _) = text.split_at(stream.byte_offset());
            if colons(object) == members(fields.values()) + fields.len() {
                reads_the_same(message, &fields);
            }
        }
        // Text after the object doesn't matter here, and numbers may have any size.
        Some(Err(error)) if !error.to_string().starts_with("number out of range") => refuses(message),
        Some(Ok(_)) => refuses(message),
        _ => {}
    }
}

/// The number of fields of all objects in the trees.
fn members<'t>(trees: impl IntoIterator<Item = &'t Tree>) -> usize {
    let of_one = |tree: &Tree| match tree {
        Tree::Array(elements) => members(elements),
        Tree::Object(fields) => fields.len() + members(fields.values()),
        _ => 0,
    };
    trees.into_iter().map(of_one).sum()
}

/// The number of colons outside of strings. Each field has one.
fn colons(text: &[u8]) -> usize {
    let (mut count, mut in_string, mut is_escaped) = (0, false, false);
    for &byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

fn reads_the_same(message: &[u8], fields: &serde_json::Map<String, Tree>) {
    let columns: Vec<SourceColumn> = fields.iter().map(|(name, tree)| column(name, type_of(tree))).collect();
    decoded::check(&plain(&columns), message, |decoded| {
        let decoded = decoded.as_ref().unwrap_or_else(|rejection| panic!("{rejection}"));
        let [Change::Insert(row)] = decoded.changes else { panic!("{decoded:?}") };
        for (value, tree) in row.iter().zip(fields.values()) {
            assert!(is_same(value, tree), "{value:?} is not {tree}");
        }
    });
}

/// What serde_json refuses is refused, too, with two exceptions: serde_json takes no control characters and no single
/// surrogates in strings, and it takes a smaller depth.
fn refuses(message: &[u8]) {
    let is_plain = message.iter().all(|byte| matches!(byte, b' '..=b'~')) && !message.contains(&b'\\');
    let depth = message.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if !is_plain || depth >= 100 {
        return;
    }
    let columns = [column("", DataType::STRING)];
    decoded::check(&plain(&columns), message, |decoded| {
        assert!(decoded.is_err() || message.is_empty(), "{decoded:?}");
    });
}

fn plain(columns: &[SourceColumn]) -> Case<'_> {
    Case { format: Format::Json(PLAIN), columns, metadata: &[], ignores: false }
}

/// The type that holds a value without loss.
fn type_of(tree: &Tree) -> DataType {
    match tree {
        Tree::Null | Tree::String(_) => DataType::STRING,
        Tree::Bool(_) => DataType::Boolean,
        Tree::Number(number) if number.is_i64() => DataType::BigInt,
        Tree::Number(_) => DataType::Double,
        Tree::Array(elements) if elements.iter().all(Tree::is_number) => array(DataType::Double),
        // Elements may be of different types, so they are kept as JSON.
        Tree::Array(_) => array(DataType::STRING),
        Tree::Object(fields) => {
            let field = |(name, tree): (&String, &Tree)| RowField { name: name.clone(), data_type: type_of(tree) };
            DataType::Row(fields.iter().map(field).collect())
        }
    }
}

fn is_same(value: &Value<'_>, tree: &Tree) -> bool {
    match (value, tree) {
        (Value::Null, Tree::Null) => true,
        (Value::Bool(value), Tree::Bool(tree)) => value == tree,
        (Value::Int(value), tree) => tree.as_i64() == Some(*value),
        // serde_json may be wrong by one in the last place.
        (Value::Double(value), tree) => tree.as_f64().is_some_and(|tree| near(*value, tree)),
        (Value::Text(value), Tree::String(tree)) => value == tree,
        // The text of a scalar, or the JSON of an array or object.
        (Value::Text(value), tree) => match serde_json::from_str::<Tree>(value) {
            Ok(printed) => loosely_equal(&printed, tree),
            // The text may be a number that is too large for a double.
            Err(error) => error.to_string().starts_with("number out of range"),
        },
        (Value::Vector(numbers), Tree::Array(trees)) => {
            numbers.len() == trees.len()
                && trees.iter().enumerate().all(|(at, tree)| is_same(&numbers.element(at), tree))
        }
        (Value::Array(values), Tree::Array(trees)) => {
            values.len() == trees.len() && values.iter().zip(trees).all(|(value, tree)| is_same(value, tree))
        }
        (Value::Row(values), Tree::Object(fields)) => {
            values.len() == fields.len() && values.iter().zip(fields.values()).all(|(value, tree)| is_same(value, tree))
        }
        _ => false,
    }
}

fn loosely_equal(left: &Tree, right: &Tree) -> bool {
    match (left, right) {
        (Tree::Array(left), Tree::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| loosely_equal(left, right))
        }
        (Tree::Object(left), Tree::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| loosely_equal(left, right)))
        }
        (left, right) => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => near(left, right),
            _ => left == right,
        },
    }
}

fn near(left: f64, right: f64) -> bool {
    left == right || (left - right).abs() <= left.abs() * 1e-15
}
