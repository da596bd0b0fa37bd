use super::*;
use crate::batch::{BINARY_HEADER, BINARY_TRAILER};
use crate::data_type::DataType;
use crate::target::ColumnKind;
use crate::value::Decimal;

fn column(kind: ColumnKind, source: DataType) -> TargetColumn {
    TargetColumn { name: "c".into(), type_name: "whatever".into(), kind, not_null: false, dimension: None, source }
}

fn encoder(columns: Vec<TargetColumn>, key: Option<Vec<usize>>, options: EncodeOptions) -> RowEncoder {
    let target =
        TargetTable { schema: "s".into(), table: "t".into(), columns, key, key_is_bytewise: true, other_unique: false };
    RowEncoder::new(&target, options).unwrap()
}

/// One row of one column.
fn encoded(kind: ColumnKind, value: Value<'_>) -> Result<(RowFormat, Vec<u8>), Rejection> {
    let mut out = b"before".to_vec();
    let format = encoder(vec![column(kind, DataType::Null)], None, EncodeOptions::default()).encode(&[value], &mut out);
    match format {
        Ok(format) => Ok((format, out.split_off(6))),
        Err(rejection) => {
            assert_eq!(out, b"before");
            Err(rejection)
        }
    }
}

fn bytes(kind: ColumnKind, value: Value<'_>) -> Vec<u8> {
    let (format, row) = encoded(kind, value).unwrap();
    assert_eq!(format, RowFormat::Binary);
    assert_eq!(row[..2], [0, 1]);
    assert_eq!(row[2..6], ((row.len() - 6) as u32).to_be_bytes());
    row[6..].to_vec()
}

fn line(kind: ColumnKind, value: Value<'_>) -> String {
    let (format, row) = encoded(kind, value).unwrap();
    assert_eq!(format, RowFormat::Text);
    String::from_utf8(row).unwrap()
}

fn sqlstate(kind: ColumnKind, value: Value<'_>) -> String {
    let rejection = encoded(kind, value).unwrap_err();
    assert_eq!((rejection.stage, rejection.column.as_deref()), (Stage::Encode, Some("c")));
    rejection.sqlstate.unwrap()
}

fn image(kind: ColumnKind, value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = encoder(vec![column(kind, DataType::Null)], Some(vec![0]), EncodeOptions::default());
    encoder.key_image(&[value], &mut out).unwrap();
    out
}

#[test]
fn a_row_is_its_field_count_and_then_length_and_bytes_of_each() {
    let columns = vec![column(ColumnKind::Int4, DataType::Int), column(ColumnKind::Text, DataType::STRING)];
    let mut out = Vec::new();
    let mut encoder = encoder(columns, None, EncodeOptions::default());
    assert!(encoder.is_binary());
    assert_eq!(encoder.encode(&[Value::Int(-2), Value::Text("ab")], &mut out).unwrap(), RowFormat::Binary);
    assert_eq!(encoder.encode(&[Value::Null, Value::Text("")], &mut out).unwrap(), RowFormat::Binary);
    assert_eq!(out[..16], [0, 2, 0, 0, 0, 4, 255, 255, 255, 254, 0, 0, 0, 2, b'a', b'b']);
    assert_eq!(out[16..], [0, 2, 255, 255, 255, 255, 0, 0, 0, 0]);
}

#[test]
fn integers_fit_their_column_or_are_refused() {
    assert_eq!(bytes(ColumnKind::Int2, Value::Int(-32768)), [0x80, 0]);
    assert_eq!(bytes(ColumnKind::Int8, Value::Text("-9223372036854775808")), i64::MIN.to_be_bytes());
    assert_eq!(bytes(ColumnKind::Int4, Value::Decimal(&Decimal { unscaled: 1200, scale: 2 })), 12_i32.to_be_bytes());
    assert_eq!(sqlstate(ColumnKind::Int2, Value::Int(32768)), "22003");
    assert_eq!(sqlstate(ColumnKind::Int8, Value::Text("9223372036854775808")), "22003");
    assert_eq!(sqlstate(ColumnKind::Int8, Value::Double(1e19)), "22003");
    assert_eq!(sqlstate(ColumnKind::Int4, Value::Double(1.5)), "22P02");
}

#[test]
fn floats_are_rounded_to_their_column() {
    assert_eq!(bytes(ColumnKind::Float4, Value::Double(0.1)), 0.1_f32.to_be_bytes());
    assert_eq!(bytes(ColumnKind::Float4, Value::Double(1e-50)), 0_f32.to_be_bytes());
    assert_eq!(bytes(ColumnKind::Float8, Value::Int(3)), 3_f64.to_be_bytes());
    assert_eq!(
        bytes(ColumnKind::Float8, Value::Decimal(&Decimal { unscaled: -15, scale: 1 })),
        (-1.5_f64).to_be_bytes()
    );
    assert_eq!(bytes(ColumnKind::Float4, Value::Text("-Infinity")), f32::NEG_INFINITY.to_be_bytes());
    assert_eq!(sqlstate(ColumnKind::Float4, Value::Double(1e39)), "22003");
    assert_eq!(sqlstate(ColumnKind::Float8, Value::Text("1e400")), "22003");
}

#[test]
fn canonical_text_becomes_the_columns_type() {
    assert_eq!(bytes(ColumnKind::Bool, Value::Text("true")), [1]);
    assert_eq!(bytes(ColumnKind::Date, Value::Text("2000-01-02")), 1_i32.to_be_bytes());
    assert_eq!(bytes(ColumnKind::Time(6), Value::Text("00:00:01.5")), 1_500_000_i64.to_be_bytes());
    assert_eq!(bytes(ColumnKind::Timestamp(6), Value::Text("2000-01-01 00:00:01")), 1_000_000_i64.to_be_bytes());
    assert_eq!(bytes(ColumnKind::TimestampTz(6), Value::Text("2000-01-01T00:00:01Z")), 1_000_000_i64.to_be_bytes());
    assert_eq!(bytes(ColumnKind::Numeric(None), Value::Text("1.5")), [0, 2, 0, 0, 0, 0, 0, 1, 0, 1, 0x13, 0x88]);
}

#[test]
fn other_spellings_go_as_text() {
    assert_eq!(line(ColumnKind::Timestamp(6), Value::Text("2024-1-1 8:00")), "2024-1-1 8:00\n");
    assert_eq!(line(ColumnKind::Int8, Value::Text(" +5")), " +5\n");
    assert_eq!(line(ColumnKind::Bool, Value::Int(1)), "1\n");
    assert_eq!(line(ColumnKind::Date, Value::Text("infinity")), "infinity\n");
    assert_eq!(line(ColumnKind::Other, Value::Bytes(&[1, 0xab])), "\\\\x01ab\n");
    assert_eq!(line(ColumnKind::Other, Value::Null), "\\N\n");
}

#[test]
fn one_odd_value_makes_the_whole_row_text() {
    let columns = vec![
        column(ColumnKind::Int8, DataType::BigInt),
        column(ColumnKind::Timestamp(6), DataType::STRING),
        column(ColumnKind::Vector, DataType::STRING),
        column(ColumnKind::Float4Array, DataType::STRING),
        column(ColumnKind::Text, DataType::STRING),
    ];
    let row = [
        Value::Int(7),
        Value::Text("today"),
        Value::Text("{0.1, 1e-50}"),
        Value::Text("[null,0.5]"),
        Value::Text("a\tb\n{\\"),
    ];
    let mut out = Vec::new();
    let format = encoder(columns, None, EncodeOptions::default()).encode(&row, &mut out).unwrap();
    assert_eq!(format, RowFormat::Text);
    assert_eq!(String::from_utf8(out).unwrap(), "7\ttoday\t[0.1,0]\t{NULL,0.5}\ta\\tb\\n{\\\\\n");
}

#[test]
fn a_row_that_goes_as_text_is_checked_as_well() {
    let columns = vec![column(ColumnKind::Other, DataType::STRING), column(ColumnKind::Int2, DataType::Int)];
    let mut out = Vec::new();
    let mut encoder = encoder(columns, None, EncodeOptions::default());
    assert!(!encoder.is_binary());
    let rejection = encoder.encode(&[Value::Text("x"), Value::Int(40_000)], &mut out).unwrap_err();
    assert_eq!(rejection.sqlstate.as_deref(), Some("22003"));
    assert!(out.is_empty());
}

#[test]
fn vectors_of_other_types_get_the_brackets_of_the_column() {
    for (type_name, text, expected) in [
        ("smallint[]", "[1,2]", "{1,2}\n"),
        ("halfvec(2)", "{1,2}", "[1,2]\n"),
        ("jsonb", "[1,2]", "[1,2]\n"),
        ("sparsevec(7)", "{1:0.5}/7", "{1:0.5}/7\n"),
    ] {
        let column = TargetColumn { type_name: type_name.into(), ..column(ColumnKind::Other, DataType::STRING) };
        let mut out = Vec::new();
        encoder(vec![column], None, EncodeOptions::default()).encode(&[Value::Text(text)], &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

#[test]
fn null_in_a_not_null_column_is_refused() {
    let column = TargetColumn { not_null: true, ..column(ColumnKind::Int4, DataType::Int) };
    let mut encoder = encoder(vec![column], Some(vec![0]), EncodeOptions::default());
    let rejection = encoder.encode(&[Value::Null], &mut Vec::new()).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "encode refused column c: the value is NULL, the column is NOT NULL (SQLSTATE 23502)"
    );
    assert!(encoder.key_image(&[Value::Null], &mut Vec::new()).is_err());
}

#[test]
fn options_take_characters_out_of_strings() {
    let options = EncodeOptions { remove_line_feeds: true, remove_null_characters: true, ..EncodeOptions::default() };
    let mut out = Vec::new();
    let mut encoder = encoder(vec![column(ColumnKind::Varchar(Some(2)), DataType::STRING)], Some(vec![0]), options);
    encoder.encode(&[Value::Text("a\n\0b")], &mut out).unwrap();
    assert_eq!(out, [0, 1, 0, 0, 0, 2, b'a', b'b']);
    out.clear();
    encoder.key_image(&[Value::Text("a\n\0b")], &mut out).unwrap();
    assert_eq!(out, [0, 0, 0, 2, b'a', b'b']);
}

#[test]
fn numbers_and_times_have_text() {
    assert_eq!(bytes(ColumnKind::Text, Value::Int(-5)), b"-5");
    assert_eq!(bytes(ColumnKind::Varchar(Some(4)), Value::Bool(true)), b"true");
    assert_eq!(bytes(ColumnKind::Text, Value::Date(0)), b"1970-01-01");
    assert_eq!(sqlstate(ColumnKind::Char(2), Value::Int(123)), "22001");
}

#[test]
fn a_key_image_is_the_same_however_the_value_was_written() {
    let seven = [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7];
    assert_eq!(image(ColumnKind::Int2, Value::Int(7)), seven);
    assert_eq!(image(ColumnKind::Int8, Value::Text("7")), seven);
    assert_eq!(image(ColumnKind::Date, Value::Text("2000-01-08")), seven);
    assert_eq!(image(ColumnKind::Int8, Value::Null), [255; 4]);
    assert_eq!(image(ColumnKind::Char(5), Value::Text("ab  ")), [0, 0, 0, 2, b'a', b'b']);
    assert_eq!(image(ColumnKind::Varchar(Some(3)), Value::Text("ab  ")), [0, 0, 0, 3, b'a', b'b', b' ']);
    assert_eq!(image(ColumnKind::Float8, Value::Double(-0.0)), image(ColumnKind::Float8, Value::Int(0)));
    assert_eq!(image(ColumnKind::Float4, Value::Float(-f32::NAN)), image(ColumnKind::Float4, Value::Text("NaN")));
    assert_eq!(image(ColumnKind::Numeric(Some((9, 2))), Value::Text("1.500")), [0, 0, 0, 3, b'1', b'.', b'5']);
    assert_eq!(image(ColumnKind::Bool, Value::Bool(true)), [0, 0, 0, 1, 1]);
}

#[test]
fn header_and_trailer_are_those_of_the_documentation() {
    assert_eq!(BINARY_HEADER.len(), 19);
    assert_eq!(BINARY_HEADER[..11], *b"PGCOPY\n\xff\r\n\0");
    assert_eq!(BINARY_TRAILER, (-1_i16).to_be_bytes());
}

#[test]
fn integers_of_a_text_row_are_integers_whatever_they_are_fed_from() {
    let columns = [
        (ColumnKind::Int4, DataType::Float),
        (ColumnKind::Int8, DataType::Double),
        (ColumnKind::Int2, DataType::Decimal { precision: 10, scale: 2 }),
        (ColumnKind::Other, DataType::STRING),
    ];
    let columns = columns.into_iter().map(|(kind, source)| column(kind, source)).collect();
    let decimal = Decimal { unscaled: -100, scale: 2 };
    let row = [Value::Float(2e6), Value::Double(-4e15), Value::Decimal(&decimal), Value::Text("{}")];
    let mut out = Vec::new();
    let format = encoder(columns, None, EncodeOptions::default()).encode(&row, &mut out).unwrap();
    assert_eq!(format, RowFormat::Text);
    assert_eq!(String::from_utf8(out).unwrap(), "2000000\t-4000000000000000\t-1\t{}\n");
}

#[test]
fn text_that_underflows_a_scalar_is_left_to_the_server() {
    assert_eq!(line(ColumnKind::Float4, Value::Text("1e-50")), "1e-50\n");
    assert_eq!(bytes(ColumnKind::Float4, Value::Text("0.000e5")), 0_f32.to_be_bytes());
}
