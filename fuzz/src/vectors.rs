//! Vector literals for each vector type: a literal of ordinary numbers is accepted and has the values that Rust's parser reads,
//! and whatever is accepted is encoded as a vector.

use vecsink::internals::batch::RowFormat;
use vecsink::internals::types::column_types::ColumnType;
use vecsink::internals::types::data_type::DataType;
use vecsink::internals::types::encode::{EncodeOptions, RowEncoder};
use vecsink::internals::types::target::{TargetColumn, TargetTable};
use vecsink::internals::types::value::Value;

use super::pick;

pub const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    " ",
    "NULL",
    "NaN",
    "-Infinity",
    "1e-46",
    "3.4028236e38",
    "1e400",
    "0x1p3",
    "+1",
    ".5",
    "5.",
    "\"1\"",
    "{1,2}",
    "[0:1]={",
    "1:0.5",
    "}/3",
    "\t",
    "é",
    "-0",
    "0.1000000000000000055511151231257827",
];

/// `0`: float4[], `1`: float8[], `2`: vector, `3`: halfvec, `4`: sparsevec, `5`: int2[].
pub fn check(input: &[u8]) {
    let column_types = [
        ColumnType::Float4Array,
        ColumnType::Float8Array,
        ColumnType::Vector,
        ColumnType::HalfVec,
        ColumnType::SparseVec,
        ColumnType::Int2Array,
    ];
    let Some((column_type, text)) = pick(input, &column_types) else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let mut encoder =
        RowEncoder::new(&table(column_type.clone()), EncodeOptions::default()).expect("texts go into vectors");
    let mut row = b"before".to_vec();
    let encoded = encoder.encode(&[Value::Text(text)], &mut row);
    let mut again = Vec::new();
    assert_eq!(encoded, encoder.encode(&[Value::Text(text)], &mut again));
    let row = row.strip_prefix(b"before").expect("what stood there stays");
    assert_eq!(row, again);
    let plain = plain_numbers(text);
    match encoded {
        Ok(RowFormat::Binary) => match (column_type, plain) {
            (ColumnType::Float4Array, Some(numbers)) => {
                let expected: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
                assert_eq!(elements_of_array::<4>(row), expected, "{text}");
            }
            (ColumnType::Vector, Some(numbers)) => {
                let expected: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
                // The row's number of fields, the field's length, the dimension, two unused bytes.
                assert_eq!(row.get(10..), Some(&expected[..]), "{text}");
            }
            _ => {}
        },
        Ok(RowFormat::Text) => assert!(plain.is_none(), "plain numbers need no text: {text}"),
        Err(rejection) => {
            assert!(rejection.reason.len() < 1000, "{rejection}");
            // pgvector's types have at least one element, halfvec has a smaller range, and int2[] takes whole numbers only.
            let takes_all = matches!(column_type, ColumnType::Float4Array | ColumnType::Float8Array);
            assert!(!takes_all || plain.is_none(), "{text}: {rejection}");
        }
    }
}

fn table(column_type: ColumnType) -> TargetTable {
    let column = TargetColumn {
        name: "v".into(),
        type_name: format!("{column_type:?}"),
        column_type,
        not_null: false,
        dimension: None,
        source: DataType::STRING,
    };
    TargetTable {
        schema: "s".into(),
        table: "t".into(),
        columns: vec![column],
        key: None,
        key_is_bytewise: true,
        other_unique: false,
    }
}

/// The numbers of a literal that has an ordinary form and size.
fn plain_numbers(text: &str) -> Option<Vec<f32>> {
    let inside = ['{', '['].iter().find_map(|open| text.strip_prefix(*open))?;
    let inside = inside.strip_suffix(if text.starts_with('{') { '}' } else { ']' })?;
    let number = |text: &str| {
        let is_plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.' | b'e'));
        let number: f32 = text.parse().ok().filter(|_| is_plain)?;
        let is_zero = !text.split('e').next()?.contains(|digit| matches!(digit, '1'..='9'));
        (number.is_finite() && (is_zero || number.is_normal())).then_some(number)
    };
    inside.split(',').map(number).collect()
}

/// After the field's length: dimensions, flags, type, length and lower bound; then each element after its length.
fn elements_of_array<const N: usize>(row: &[u8]) -> Vec<u8> {
    let elements = row.get(6 + 20..).expect("an array of one dimension");
    elements.chunks(4 + N).flat_map(|element| element[4..].to_vec()).collect()
}
