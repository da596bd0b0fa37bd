use super::*;
use crate::batch::{BINARY_HEADER, BINARY_TRAILER};
use crate::types::column_types::ColumnType;
use crate::types::data_type::DataType;
use crate::types::value::Decimal;

fn column(column_type: ColumnType, source: DataType) -> TargetColumn {
    TargetColumn {
        name: "c".into(),
        type_name: "whatever".into(),
        column_type,
        not_null: false,
        dimension: None,
        source,
    }
}

fn encoder(columns: Vec<TargetColumn>, key: Option<Vec<usize>>, options: EncodeOptions) -> RowEncoder {
    let target =
        TargetTable { schema: "s".into(), table: "t".into(), columns, key, key_is_bytewise: true, other_unique: false };
    RowEncoder::new(&target, options).unwrap()
}

/// Encodes a row of one column.
fn encoded(column_type: ColumnType, value: Value<'_>) -> Result<(RowFormat, Vec<u8>), Rejection> {
    let mut out = b"before".to_vec();
    let format =
        encoder(vec![column(column_type, DataType::Null)], None, EncodeOptions::default()).encode(&[value], &mut out);
    match format {
        Ok(format) => Ok((format, out.split_off(6))),
        Err(rejection) => {
            assert_eq!(out, b"before");
            Err(rejection)
        }
    }
}

fn bytes(column_type: ColumnType, value: Value<'_>) -> Vec<u8> {
    let (format, row) = encoded(column_type, value).unwrap();
    assert_eq!(format, RowFormat::Binary);
    assert_eq!(row[..2], [0, 1]);
    assert_eq!(row[2..6], ((row.len() - 6) as u32).to_be_bytes());
    row[6..].to_vec()
}

fn line(column_type: ColumnType, value: Value<'_>) -> String {
    let (format, row) = encoded(column_type, value).unwrap();
    assert_eq!(format, RowFormat::Text);
    String::from_utf8(row).unwrap()
}

fn sqlstate(column_type: ColumnType, value: Value<'_>) -> String {
    let rejection = encoded(column_type, value).unwrap_err();
    assert_eq!((rejection.stage, rejection.column.as_deref()), (Stage::Encode, Some("c")));
    rejection.sqlstate.unwrap()
}

fn image(column_type: ColumnType, value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = encoder(vec![column(column_type, DataType::Null)], Some(vec![0]), EncodeOptions::default());
    encoder.key_image(&[value], &mut out).unwrap();
    out
}

#[test]
fn a_bit_string_of_more_bits_than_the_server_can_count_is_refused() {
    // These are 2 147 483 648 bits. The memory is never touched.
    let bytes = vec![0; 1 << 28];
    for limit in [None, Some(8)] {
        let rejection = encoded(ColumnType::Varbit(limit), Value::Bytes(&bytes)).unwrap_err();
        assert!(rejection.reason.contains("the value has 2147483648 bits"), "{rejection}");
        assert!(rejection.sqlstate.is_some());
    }
}

#[test]
fn rows_and_keys_of_more_than_2_gib_are_refused() {
    assert!(countable("row", i32::MAX as usize).is_ok());
    let rejection = countable("row", i32::MAX as usize + 1).unwrap_err();
    assert_eq!(rejection.reason, "the row takes 2147483648 bytes, at most 2147483647 can be sent");
}

#[test]
fn a_row_is_its_field_count_and_then_length_and_bytes_of_each() {
    let columns = vec![column(ColumnType::Int4, DataType::Int), column(ColumnType::Text, DataType::STRING)];
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
    assert_eq!(bytes(ColumnType::Int2, Value::Int(-32768)), [0x80, 0]);
    assert_eq!(bytes(ColumnType::Int8, Value::Text("-9223372036854775808")), i64::MIN.to_be_bytes());
    assert_eq!(bytes(ColumnType::Int4, Value::Decimal(&Decimal { unscaled: 1200, scale: 2 })), 12_i32.to_be_bytes());
    assert_eq!(sqlstate(ColumnType::Int2, Value::Int(32768)), "22003");
    assert_eq!(sqlstate(ColumnType::Int8, Value::Text("9223372036854775808")), "22003");
    assert_eq!(sqlstate(ColumnType::Int8, Value::Double(1e19)), "22003");
    assert_eq!(sqlstate(ColumnType::Int4, Value::Double(1.5)), "22P02");
}

#[test]
fn floats_are_rounded_to_their_column() {
    assert_eq!(bytes(ColumnType::Float4, Value::Double(0.1)), 0.1_f32.to_be_bytes());
    assert_eq!(bytes(ColumnType::Float4, Value::Double(1e-50)), 0_f32.to_be_bytes());
    assert_eq!(bytes(ColumnType::Float8, Value::Int(3)), 3_f64.to_be_bytes());
    assert_eq!(
        bytes(ColumnType::Float8, Value::Decimal(&Decimal { unscaled: -15, scale: 1 })),
        (-1.5_f64).to_be_bytes()
    );
    assert_eq!(bytes(ColumnType::Float4, Value::Text("-Infinity")), f32::NEG_INFINITY.to_be_bytes());
    assert_eq!(sqlstate(ColumnType::Float4, Value::Double(1e39)), "22003");
    assert_eq!(sqlstate(ColumnType::Float8, Value::Text("1e400")), "22003");
}

#[test]
fn canonical_text_becomes_the_columns_type() {
    assert_eq!(bytes(ColumnType::Bool, Value::Text("true")), [1]);
    assert_eq!(bytes(ColumnType::Date, Value::Text("2000-01-02")), 1_i32.to_be_bytes());
    assert_eq!(bytes(ColumnType::Time(6), Value::Text("00:00:01.5")), 1_500_000_i64.to_be_bytes());
    assert_eq!(bytes(ColumnType::Timestamp(6), Value::Text("2000-01-01 00:00:01")), 1_000_000_i64.to_be_bytes());
    assert_eq!(bytes(ColumnType::TimestampTz(6), Value::Text("2000-01-01T00:00:01Z")), 1_000_000_i64.to_be_bytes());
    assert_eq!(bytes(ColumnType::Numeric(None), Value::Text("1.5")), [0, 2, 0, 0, 0, 0, 0, 1, 0, 1, 0x13, 0x88]);
}

#[test]
fn other_spellings_are_sent_as_text() {
    assert_eq!(line(ColumnType::Timestamp(6), Value::Text("2024-1-1 8:00")), "2024-1-1 8:00\n");
    assert_eq!(line(ColumnType::Int8, Value::Text(" +5")), " +5\n");
    assert_eq!(line(ColumnType::Bool, Value::Int(1)), "1\n");
    assert_eq!(line(ColumnType::Date, Value::Text("infinity")), "infinity\n");
    assert_eq!(line(ColumnType::Other, Value::Bytes(&[1, 0xab])), "\\\\x01ab\n");
    assert_eq!(line(ColumnType::Other, Value::Null), "\\N\n");
}

#[test]
fn one_unusual_value_makes_the_whole_row_text() {
    let columns = vec![
        column(ColumnType::Int8, DataType::BigInt),
        column(ColumnType::Timestamp(6), DataType::STRING),
        column(ColumnType::Vector, DataType::STRING),
        column(ColumnType::Float4Array, DataType::STRING),
        column(ColumnType::Text, DataType::STRING),
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
fn a_row_that_is_sent_as_text_is_checked_as_well() {
    let columns = vec![column(ColumnType::Other, DataType::STRING), column(ColumnType::Int2, DataType::Int)];
    let mut out = Vec::new();
    let mut encoder = encoder(columns, None, EncodeOptions::default());
    assert!(!encoder.is_binary());
    let rejection = encoder.encode(&[Value::Text("x"), Value::Int(40_000)], &mut out).unwrap_err();
    assert_eq!(rejection.sqlstate.as_deref(), Some("22003"));
    assert!(out.is_empty());
}

#[test]
fn a_row_of_text_has_the_form_of_each_column() {
    let smallints = ColumnType::Int2Array;
    let words = ColumnType::Array(Box::new(ColumnType::Text));
    for (column_type, text, expected) in [
        (smallints, "[1.0,2]", "{1,2}"),
        (words, r#"["a\tb", "c", null]"#, r#"{"a\tb","c",NULL}"#),
        (ColumnType::OtherArray, "[1,2]", "{1,2}"),
        (ColumnType::Vector, "{0x1p3,1}", "[0x1p3,1]"),
        (ColumnType::Array(Box::new(ColumnType::Int4)), "[+1]", "{+1}"),
        (ColumnType::HalfVec, "{1,0.1}", "[1,0.099975586]"),
        (ColumnType::Jsonb, "[1, 2]", "[1, 2]"),
        (ColumnType::SparseVec, "[0.5,0]", "{1:0.5}/2"),
        (ColumnType::Uuid, "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        (ColumnType::Bytea, "a", r"\\x61"),
        (ColumnType::Varbit(None), "01101", "01101"),
        (ColumnType::Numeric(Some((9, 2))), "1.005", "1.01"),
        (ColumnType::TimestampTz(0), "2024-03-01 08:30:00.5Z", "2024-03-01 08:30:01+00"),
        (ColumnType::Date, "0044-03-15", "0044-03-15"),
    ] {
        let columns = vec![column(column_type, DataType::STRING), column(ColumnType::Other, DataType::STRING)];
        let mut out = Vec::new();
        let row = [Value::Text(text), Value::Null];
        let format = encoder(columns, None, EncodeOptions::default()).encode(&row, &mut out).unwrap();
        assert_eq!(format, RowFormat::Text);
        assert_eq!(String::from_utf8(out).unwrap(), format!("{expected}\t\\N\n"));
    }
}

#[test]
fn base64_holds_a_vector_where_the_job_says_so_and_literals_stay_literals() {
    use crate::types::vector_encoding::{PackedNumber, VectorEncoding};
    let encoding = VectorEncoding { number: PackedNumber::F32, big_endian: false, base64: true };
    let vectors = VectorOptions { encoding: Some(encoding), normalize: false };
    let options = EncodeOptions { vectors, ..EncodeOptions::default() };
    let mut encoder = encoder(vec![column(ColumnType::Vector, DataType::STRING)], None, options);
    let mut rows = ["AAAAPwAAgL8=", "AAAAPwAAgL8", "[0.5,-1]", " {0.5,-1}"].map(|text| {
        let mut out = Vec::new();
        encoder.encode(&[Value::Text(text)], &mut out).unwrap();
        out
    });
    assert_eq!(rows[0][6..], [0, 2, 0, 0, 0x3f, 0, 0, 0, 0xbf, 0x80, 0, 0]);
    let first = std::mem::take(&mut rows[0]);
    assert!(rows[1..].iter().all(|row| *row == first));
    let rejection = encoder.encode(&[Value::Text("0.5 -1")], &mut Vec::new()).unwrap_err();
    assert!(rejection.reason.starts_with("'0.5 -1' is neither a vector such as [0.1,0.2] nor base64"), "{rejection}");
}

#[test]
fn a_column_that_no_value_can_enter_is_an_error_that_names_both_types() {
    let of =
        |column_type, source: DataType| TargetColumn { type_name: "vector(3)".into(), ..column(column_type, source) };
    let target = |columns| TargetTable {
        schema: "s".into(),
        table: "t".into(),
        columns,
        key: None,
        key_is_bytewise: true,
        other_unique: false,
    };
    let new = |columns| RowEncoder::new(&target(columns), EncodeOptions::default()).map(|encoder| encoder.is_binary());
    let wrong = vec![
        of(ColumnType::Vector, DataType::BigInt),
        of(ColumnType::Vector, DataType::Varbinary(crate::types::data_type::UNBOUNDED)),
        of(ColumnType::Int4, DataType::Boolean),
    ];
    let message = new(wrong).unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines[0].starts_with("s.t: BIGINT can't be stored in column c, which is vector(3); it takes STRING"));
    assert!(lines[1].contains("'vector.encoding'") && lines[1].contains("'f32le'"), "{message}");
    assert!(lines[2].contains("BOOLEAN") && lines.len() == 3, "{message}");
    assert!(new(vec![of(ColumnType::Vector, DataType::Array(Box::new(DataType::BigInt)))]).unwrap());
    assert!(!new(vec![of(ColumnType::TimestampTz(6), DataType::Timestamp { precision: 6 })]).unwrap());
}

#[test]
fn null_in_a_not_null_column_is_refused() {
    let column = TargetColumn { not_null: true, ..column(ColumnType::Int4, DataType::Int) };
    let mut encoder = encoder(vec![column], Some(vec![0]), EncodeOptions::default());
    let rejection = encoder.encode(&[Value::Null], &mut Vec::new()).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "encode refused column c: the value is NULL, the column is NOT NULL (SQLSTATE 23502)"
    );
    assert!(encoder.key_image(&[Value::Null], &mut Vec::new()).is_err());
}

#[test]
fn options_remove_characters_from_strings() {
    let options = EncodeOptions { remove_line_feeds: true, remove_null_characters: true, ..EncodeOptions::default() };
    let mut out = Vec::new();
    let mut encoder = encoder(vec![column(ColumnType::Varchar(Some(2)), DataType::STRING)], Some(vec![0]), options);
    encoder.encode(&[Value::Text("a\n\0b")], &mut out).unwrap();
    assert_eq!(out, [0, 1, 0, 0, 0, 2, b'a', b'b']);
    out.clear();
    encoder.key_image(&[Value::Text("a\n\0b")], &mut out).unwrap();
    assert_eq!(out, [0, 0, 0, 2, b'a', b'b']);
}

#[test]
fn numbers_and_times_have_text() {
    assert_eq!(bytes(ColumnType::Text, Value::Int(-5)), b"-5");
    assert_eq!(bytes(ColumnType::Varchar(Some(4)), Value::Bool(true)), b"true");
    assert_eq!(bytes(ColumnType::Text, Value::Date(0)), b"1970-01-01");
    assert_eq!(sqlstate(ColumnType::Char(2), Value::Int(123)), "22001");
}

#[test]
fn a_key_image_is_the_same_however_the_value_was_written() {
    let seven = [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7];
    assert_eq!(image(ColumnType::Int2, Value::Int(7)), seven);
    assert_eq!(image(ColumnType::Int8, Value::Text("7")), seven);
    assert_eq!(image(ColumnType::Date, Value::Text("2000-01-08")), seven);
    assert_eq!(image(ColumnType::Int8, Value::Null), [255; 4]);
    assert_eq!(image(ColumnType::Char(5), Value::Text("ab  ")), [0, 0, 0, 2, b'a', b'b']);
    assert_eq!(image(ColumnType::Varchar(Some(3)), Value::Text("ab  ")), [0, 0, 0, 3, b'a', b'b', b' ']);
    assert_eq!(image(ColumnType::Float8, Value::Double(-0.0)), image(ColumnType::Float8, Value::Int(0)));
    assert_eq!(image(ColumnType::Float4, Value::Float(-f32::NAN)), image(ColumnType::Float4, Value::Text("NaN")));
    assert_eq!(image(ColumnType::Numeric(Some((9, 2))), Value::Text("1.500")), [0, 0, 0, 3, b'1', b'.', b'5']);
    assert_eq!(image(ColumnType::Bool, Value::Bool(true)), [0, 0, 0, 1, 1]);
    let uuid = image(ColumnType::Uuid, Value::Text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
    assert_eq!(image(ColumnType::Uuid, Value::Text("{A0EEBC999C0B4EF8BB6D6BB9BD380A11}")), uuid);
    assert_eq!(uuid[..5], [0, 0, 0, 16, 0xa0]);
    assert_eq!(image(ColumnType::Bytea, Value::Bytes(&[0, 1])), [0, 0, 0, 2, 0, 1]);
    assert_eq!(image(ColumnType::Enum, Value::Text("sad")), [0, 0, 0, 3, b's', b'a', b'd']);
}

#[test]
fn header_and_trailer_are_those_of_the_documentation() {
    assert_eq!(BINARY_HEADER.len(), 19);
    assert_eq!(BINARY_HEADER[..11], *b"PGCOPY\n\xff\r\n\0");
    assert_eq!(BINARY_TRAILER, (-1_i16).to_be_bytes());
}

#[test]
fn integers_of_a_text_row_are_integers_for_every_source_type() {
    let columns = [
        (ColumnType::Int4, DataType::Float),
        (ColumnType::Int8, DataType::Double),
        (ColumnType::Int2, DataType::Decimal { precision: 10, scale: 2 }),
        (ColumnType::Other, DataType::STRING),
    ];
    let columns = columns.into_iter().map(|(column_type, source)| column(column_type, source)).collect();
    let decimal = Decimal { unscaled: -100, scale: 2 };
    let row = [Value::Float(2e6), Value::Double(-4e15), Value::Decimal(&decimal), Value::Text("{}")];
    let mut out = Vec::new();
    let format = encoder(columns, None, EncodeOptions::default()).encode(&row, &mut out).unwrap();
    assert_eq!(format, RowFormat::Text);
    assert_eq!(String::from_utf8(out).unwrap(), "2000000\t-4000000000000000\t-1\t{}\n");
}

#[test]
fn a_text_with_a_number_too_small_for_its_column_is_left_to_the_server() {
    assert_eq!(line(ColumnType::Float4, Value::Text("1e-50")), "1e-50\n");
    assert_eq!(bytes(ColumnType::Float4, Value::Text("0.000e5")), 0_f32.to_be_bytes());
}

/// One Flink type of each sort, with a value that every column takes if it takes the type.
fn one_of_each() -> Vec<(DataType, Value<'static>)> {
    use crate::types::data_type::{RowField, UNBOUNDED};
    const ONE: Decimal = Decimal { unscaled: 1, scale: 0 };
    let list = |element| DataType::Array(Box::new(element));
    vec![
        (DataType::Boolean, Value::Bool(true)),
        (DataType::TinyInt, Value::Int(1)),
        (DataType::BigInt, Value::Int(1)),
        (DataType::Float, Value::Float(1.0)),
        (DataType::Double, Value::Double(1.0)),
        (DataType::Decimal { precision: 9, scale: 0 }, Value::Decimal(&ONE)),
        (
            DataType::Varbinary(UNBOUNDED),
            Value::Bytes(&[0x3c, 0, 0x3c, 0, 0x3c, 0, 0x3c, 0, 0x3c, 0, 0x3c, 0, 0x3c, 0, 0x3c, 0]),
        ),
        (DataType::Date, Value::Date(1)),
        (DataType::Time { precision: 3 }, Value::Time(1)),
        (DataType::Timestamp { precision: 3 }, Value::Timestamp { seconds: 1, nanos: 1 }),
        (DataType::TimestampLtz { precision: 3 }, Value::Instant { seconds: 1, nanos: 1 }),
        (list(DataType::Float), Value::Array(&[Value::Float(1.0)])),
        (list(list(DataType::Int)), Value::Array(&[Value::Array(&[Value::Int(1)])])),
        (DataType::Row(vec![RowField { name: "a".into(), data_type: DataType::Int }]), Value::Row(&[Value::Int(1)])),
        (DataType::Map(Box::new(DataType::STRING), Box::new(DataType::Int)), Value::Map(&[])),
        (DataType::Multiset(Box::new(DataType::STRING)), Value::Map(&[])),
        (DataType::IntervalYearMonth, Value::Months(1)),
        (DataType::IntervalDayTime, Value::Millis(1)),
    ]
}

/// One column of every type in the list.
fn every_type() -> Vec<ColumnType> {
    use crate::types::column_types::catalog::{CatalogName, CatalogType};
    let column_type = |name: &str, built_in, typmod| {
        let (name, is_array) = (name.to_owned(), name.starts_with('_'));
        ColumnType::of(&CatalogType { name, built_in, class: 'b', is_array, has_receive: true, typmod })
    };
    let named = ColumnType::catalogs().into_iter().filter_map(|catalog| match catalog {
        // Columns of some types are encoded only if they are declared with a length.
        CatalogName::BuiltIn { name, .. } => {
            [-1, 99].map(|typmod| column_type(name, true, typmod)).into_iter().find(|found| *found != ColumnType::Other)
        }
        CatalogName::Extension { name } => Some(column_type(name, false, -1)),
        CatalogName::Where(_) => None,
    });
    let unnamed = [
        ColumnType::Enum,
        ColumnType::Array(Box::new(ColumnType::Text)),
        ColumnType::Composite,
        ColumnType::OtherArray,
        ColumnType::Other,
        ColumnType::TextOnly,
    ];
    let all: Vec<_> = named.chain(unnamed).collect();
    for name in ColumnType::NAMES {
        assert!(all.iter().any(|column_type| format!("{column_type:?}").split('(').next() == Some(name)), "no {name}");
    }
    all
}

#[test]
fn a_number_of_300_digits_is_short_in_an_error() {
    use crate::types::value::Vector;
    let numbers = [1e300, -1e300, 1.5e-300];
    let arrays = numbers.map(|number| [Value::Double(number)]);
    let vectors = numbers.map(|number| [number]);
    let values = numbers
        .map(Value::Double)
        .into_iter()
        .chain(arrays.iter().map(|array| Value::Array(array)))
        .chain(vectors.iter().map(|vector| Value::Vector(Vector::Double(vector))));
    let mut refused = 0;
    for value in values {
        for column_type in every_type().into_iter().chain([ColumnType::Numeric(Some((9, 2)))]) {
            if let Err(rejection) = encoded(column_type, value) {
                let digits = rejection.reason.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
                assert!(digits < Some(20), "{rejection}");
                refused += 1;
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn fit_says_correctly_which_values_have_a_binary_form() {
    use crate::types::column_types::facets::Fit;
    use crate::types::vector_encoding::{PackedNumber, VectorEncoding};
    let encoding = Some(VectorEncoding { number: PackedNumber::F16, big_endian: true, base64: false });
    let vectors = VectorOptions { encoding, normalize: false };
    for column_type in &every_type() {
        for (source, value) in one_of_each() {
            let column = column(column_type.clone(), source.clone());
            let encode = |value| column::field(&column, vectors, &value, &mut Vec::new());
            // In some columns the values have another number of bytes.
            let shorter = |length| match value {
                Value::Bytes(bytes) => encode(Value::Bytes(&bytes[..length])),
                value => encode(value),
            };
            let outcome = encode(value).or_else(|error| (1..16).find_map(|length| shorter(length).ok()).ok_or(error));
            match (column_type.fit(&source, encoding), outcome) {
                (Fit::Binary, Ok(())) | (Fit::Text | Fit::Never, Err(_)) => {}
                (fit, outcome) => panic!("{source} into {column_type:?} is {fit:?}, but {outcome:?}"),
            }
        }
    }
}
