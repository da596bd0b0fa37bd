//! The rules observed of Flink 1.20's csv format, one by one.

mod nested;

use std::sync::Arc;

use proptest::prelude::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::change::Change;
use crate::formats::definition::MessageFormat;
use crate::formats::temporal;
use crate::types::data_type::{DataType, RowField};

fn defaults() -> CsvFormat {
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

fn ignoring() -> CsvFormat {
    CsvFormat { ignore_parse_errors: true, ..defaults() }
}

fn rows<'a>(decoded: &Decoded<'a>) -> impl Iterator<Item = &'a [Value<'a>]> + use<'a> {
    decoded.changes.iter().map(|change| match change {
        Change::Insert(row) => *row,
        other => panic!("csv only inserts: {other:?}"),
    })
}

fn columns(types: &[DataType]) -> Vec<SourceColumn> {
    let column = |(index, data_type): (usize, &DataType)| SourceColumn {
        name: format!("c{index}"),
        data_type: data_type.clone(),
        not_null: false,
    };
    types.iter().enumerate().map(column).collect()
}

/// Rows and ignored errors as text, or the rejection's text.
fn decode(options: &CsvFormat, types: &[DataType], value: Option<&[u8]>) -> Result<(Vec<String>, u64), Rejection> {
    let (arena, topic) = (Bump::new(), Arc::from("t"));
    let record = Record::of_value(&topic, value);
    let decoded = options.decoder(&columns(types), &[], None).decode(&record, &arena)?;
    Ok((rows(&decoded).map(|row| format!("{row:?}")).collect(), decoded.parse_errors_ignored))
}

/// The row of a message of string columns.
fn strings(options: &CsvFormat, count: usize, message: &str) -> Option<String> {
    let types = vec![DataType::STRING; count];
    let (rows, _) = decode(options, &types, Some(message.as_bytes())).ok()?;
    rows.into_iter().next().map(|row| row.replace("Text(", "").replace("\")", "\""))
}

/// The value of a one-column message.
fn value(data_type: DataType, text: &str) -> Option<String> {
    let (rows, _) = decode(&defaults(), &[data_type], Some(text.as_bytes())).ok()?;
    rows.into_iter().next().map(|row| row[1..row.len() - 1].to_string())
}

const INT: DataType = DataType::Int;
const TIMESTAMP: DataType = DataType::Timestamp { precision: 6 };

#[test]
fn the_main_job_s_rows_are_read() {
    let options = CsvFormat { field_delimiter: '\t', ..defaults() };
    let types = [INT, TIMESTAMP, DataType::Varchar(10), INT, DataType::STRING];
    let first = b"7\t2024-03-01 08:30:00\t\"dark\tred\"\t19900\t{0.12,-0.5,3e-2}";
    let second = b"8\t2024-03-01 08:30:01.25\tblue\t18000\t{0.1,0.2,0.3}\n";
    assert_eq!(
        decode(&options, &types, Some(first)).unwrap().0,
        [
            "[Int(7), Timestamp { seconds: 1709281800, nanos: 0 }, Text(\"dark\\tred\"), Int(19900), Text(\"{0.12,-0.5,3e-2}\")]"
        ]
    );
    assert_eq!(
        decode(&options, &types, Some(second)).unwrap().0,
        [
            "[Int(8), Timestamp { seconds: 1709281801, nanos: 250000000 }, Text(\"blue\"), Int(18000), Text(\"{0.1,0.2,0.3}\")]"
        ]
    );
}

#[test]
fn a_line_end_may_follow_and_further_lines_are_dropped() {
    for message in ["a,b", "a,b\n", "a,b\r\n", "a,b\r", "a,b\nc,d,e\n\"", "\u{feff}a,b"] {
        assert_eq!(strings(&defaults(), 2, message).as_deref(), Some(r#"["a", "b"]"#), "{message:?}");
    }
}

#[test]
fn a_message_without_a_value_makes_no_row_and_an_empty_value_is_an_error() {
    assert_eq!(decode(&defaults(), &[INT], None).unwrap(), (vec![], 0));
    assert!(decode(&defaults(), &[INT], Some(b"")).unwrap_err().reason.contains("empty message"));
    assert_eq!(decode(&ignoring(), &[INT], Some(b"")).unwrap(), (vec![], 1));
}

#[test]
fn missing_fields_are_an_error_or_null() {
    let reason = decode(&defaults(), &[INT, INT, INT], Some(b"1,2")).unwrap_err().reason;
    assert_eq!(reason, "found 2 fields where 3 were expected");
    assert_eq!(
        decode(&ignoring(), &[INT, INT, INT], Some(b"1,2")).unwrap(),
        (vec!["[Int(1), Int(2), Null]".into()], 1)
    );
    assert_eq!(decode(&ignoring(), &[INT, INT], Some(b"\n")).unwrap(), (vec!["[Null, Null]".into()], 2));
}

#[test]
fn too_many_fields_are_an_error_except_one_empty_one_at_the_end() {
    assert!(decode(&defaults(), &[INT], Some(b"1,2")).unwrap_err().reason.contains("more than the 1 fields"));
    assert_eq!(decode(&ignoring(), &[INT], Some(b"1,2")).unwrap(), (vec![], 1));
    assert_eq!(decode(&ignoring(), &[INT], Some(b"1,,")).unwrap(), (vec![], 1));
    for message in ["1,", "1,\n", "1,\r\n2", "1, "] {
        assert_eq!(value(INT, message).as_deref(), Some("Int(1)"), "{message:?}");
    }
}

#[test]
fn a_quoted_field_may_hold_the_delimiter_line_ends_and_quotes() {
    assert_eq!(strings(&defaults(), 2, "\"a,b\",c").as_deref(), Some(r#"["a,b", "c"]"#));
    assert_eq!(strings(&defaults(), 2, "\"a\r\nb\",c").as_deref(), Some(r#"["a\r\nb", "c"]"#));
    assert_eq!(strings(&defaults(), 2, "\"a\"\"b\"\"\",c").as_deref(), Some(r#"["a\"b\"", "c"]"#));
    assert_eq!(strings(&defaults(), 2, "\"\",\"\"").as_deref(), Some(r#"["", ""]"#));
}

#[test]
fn quotes_matter_only_at_the_start_of_a_field() {
    assert_eq!(strings(&defaults(), 1, "re\"d").as_deref(), Some(r#"["re\"d"]"#));
    assert_eq!(strings(&defaults(), 1, " \"red\"").as_deref(), Some(r#"[" \"red\""]"#));
    assert_eq!(strings(&defaults(), 2, "\"red\" ,x").as_deref(), Some(r#"["red", "x"]"#));
    for broken in ["\"red\"zz", "\"red", "\"red\"\""] {
        assert_eq!(strings(&defaults(), 1, broken), None, "{broken}");
        let (rows, ignored) = decode(&ignoring(), &[DataType::STRING], Some(broken.as_bytes())).unwrap();
        assert_eq!((rows.len(), ignored), (0, 1), "{broken}");
    }
}

#[test]
fn a_disabled_quote_character_is_data() {
    let options = CsvFormat { quote_character: None, ..defaults() };
    assert_eq!(strings(&options, 2, "\"a,b\"").as_deref(), Some(r#"["\"a", "b\""]"#));
}

#[test]
fn quotes_delimiters_and_escapes_may_be_any_character() {
    let options =
        CsvFormat { field_delimiter: '§', quote_character: Some('«'), escape_character: Some('¡'), ..defaults() };
    assert_eq!(strings(&options, 3, "«a§««b«§c¢¡§§¡ñ«").as_deref(), Some(r#"["a§«b", "c¢§", "ñ«"]"#));
}

#[test]
fn an_escape_character_takes_the_next_character_as_it_is() {
    let options = CsvFormat { escape_character: Some('\\'), ..defaults() };
    assert_eq!(strings(&options, 2, r"a\,b,\N").as_deref(), Some(r#"["a,b", "N"]"#));
    assert_eq!(strings(&options, 2, "\"a\\\"b\",\\\"c").as_deref(), Some(r#"["a\"b", "\"c"]"#));
    assert_eq!(strings(&options, 1, r"a\n\r\t\0\\b").as_deref(), Some(r#"["a\n\r\t\0\\b"]"#));
    assert_eq!(strings(&options, 1, "a\\\nb").as_deref(), Some(r#"["a\nb"]"#));
    assert_eq!(strings(&options, 1, "a\\"), None);
    let far = "x".repeat(100);
    assert_eq!(strings(&options, 2, &format!("{far}\\,y,z")), Some(format!(r#"["{far},y", "z"]"#)));
    assert_eq!(strings(&defaults(), 1, r"a\tb").as_deref(), Some(r#"["a\\tb"]"#));
}

#[test]
fn comments_are_lines_that_begin_with_a_hash() {
    let options = CsvFormat { allow_comments: true, ..defaults() };
    assert_eq!(strings(&options, 2, "# x\n#y\r\na,#b").as_deref(), Some(r##"["a", "#b"]"##));
    assert_eq!(strings(&options, 1, "# only"), None);
    let ignoring = CsvFormat { ignore_parse_errors: true, ..options };
    assert_eq!(decode(&ignoring, &[DataType::STRING], Some(b"# only")).unwrap(), (vec![], 1));
    assert_eq!(strings(&defaults(), 1, "# data").as_deref(), Some(r##"["# data"]"##));
}

#[test]
fn the_null_literal_is_null_for_every_type() {
    let options = CsvFormat { null_literal: Some("n/a".into()), ..defaults() };
    let types = [INT, DataType::STRING, DataType::STRING, DataType::Array(Box::new(INT))];
    let (rows, ignored) = decode(&options, &types, Some(b"n/a,\"n/a\", n/a,n/a")).unwrap();
    assert_eq!((rows, ignored), (vec!["[Null, Null, Text(\" n/a\"), Null]".to_string()], 0));
    let empty = CsvFormat { null_literal: Some(String::new()), ..defaults() };
    assert_eq!(decode(&empty, &[INT, DataType::STRING], Some(b",")).unwrap().0, ["[Null, Null]"]);
}

#[test]
fn blanks_of_a_string_are_kept() {
    assert_eq!(strings(&defaults(), 2, " a , ").as_deref(), Some(r#"[" a ", " "]"#));
    assert_eq!(strings(&defaults(), 2, ",").as_deref(), Some(r#"["", ""]"#));
}

#[test]
fn only_true_is_true() {
    for (text, expected) in [("true", true), (" TRUE ", true), ("1", false), ("yes", false), ("t", false), ("", false)]
    {
        assert_eq!(value(DataType::Boolean, &format!("{text},")), Some(format!("Bool({expected})")), "{text}");
    }
}

#[test]
fn integers_must_be_whole_and_in_range() {
    assert_eq!(value(INT, " +2147483647 ").as_deref(), Some("Int(2147483647)"));
    assert_eq!(value(DataType::TinyInt, "-128").as_deref(), Some("Int(-128)"));
    assert_eq!(value(DataType::SmallInt, "32768"), None);
    for bad in ["1.0", "1e2", "2147483648", "", " "] {
        assert_eq!(value(INT, &format!("{bad},")), None, "{bad}");
    }
    assert_eq!(value(DataType::BigInt, "-9223372036854775808"), Some(format!("Int({})", i64::MIN)));
    assert_eq!(value(DataType::BigInt, "9223372036854775808"), None);
}

#[test]
fn reals_may_be_any_java_number() {
    for (text, expected) in [
        (" 0x1p3 ", "8.0"),
        ("1e-3", "0.001"),
        ("1f", "1.0"),
        ("1d", "1.0"),
        ("NaN", "NaN"),
        ("Infinity", "inf"),
        ("-Infinity", "-inf"),
    ] {
        assert_eq!(value(DataType::Float, text), Some(format!("Float({expected})")), "{text}");
        assert_eq!(value(DataType::Double, text), Some(format!("Double({expected})")), "{text}");
    }
    for bad in ["-inf", "", "{1}"] {
        assert_eq!(value(DataType::Double, &format!("{bad},")), None, "{bad}");
    }
}

#[test]
fn decimals_are_rounded_and_too_large_ones_null() {
    let decimal = DataType::Decimal { precision: 4, scale: 1 };
    assert_eq!(value(decimal.clone(), "1.25").as_deref(), Some("Decimal(Decimal { unscaled: 13, scale: 1 })"));
    assert_eq!(value(decimal.clone(), "1000").as_deref(), Some("Null"));
    assert_eq!(value(decimal, " 1"), None);
}

#[test]
fn dates_are_read_strictly_and_without_trimming() {
    assert_eq!(value(DataType::Date, "1970-1-2").as_deref(), Some("Date(1)"));
    assert_eq!(value(DataType::Date, "1970-01-31").as_deref(), Some("Date(30)"));
    for bad in [" 1970-01-01", "1970-01", "70-01-01", "1970-13-01", "1970-01-32", "1970-01-01 00:00:00"] {
        assert_eq!(value(DataType::Date, bad), None, "{bad}");
    }
}

#[test]
fn a_time_is_cut_to_its_precision() {
    let time = |precision| DataType::Time { precision };
    assert_eq!(value(time(0), "01:00").as_deref(), Some("Time(3600000000000)"));
    assert_eq!(value(time(2), "00:00:01.239").as_deref(), Some("Time(1230000000)"));
    for bad in ["24:00:00", "1:00", " 01:00", "01:00:60", "01:00:00.1234567890", "01:00Z"] {
        assert_eq!(value(time(0), bad), None, "{bad}");
    }
}

#[test]
fn timestamps_have_one_form_and_a_day_after_the_months_last_one_means_the_last_one() {
    let seconds = |text: &str| value(TIMESTAMP, text);
    let expect = |seconds: i64, nanos: u32| Some(format!("Timestamp {{ seconds: {seconds}, nanos: {nanos} }}"));
    assert_eq!(seconds(" 1970-01-01 00:00:01 "), expect(1, 0));
    assert_eq!(seconds("1970-01-01 00:00:00.123456789"), expect(0, 123_456_789));
    assert_eq!(seconds("1970-01-01 24:00:00"), expect(86_400, 0));
    assert_eq!(seconds("2023-02-30 00:00:00"), seconds("2023-02-28 00:00:00"));
    assert_eq!(seconds("1969-12-31 23:59:59.5"), expect(-1, 500_000_000));
    assert_eq!(seconds("+10000-01-01 00:00:00"), expect(253_402_300_800, 0));
    assert_eq!(seconds("-0001-01-01 00:00:00"), expect(-62_198_755_200, 0));
    for bad in [
        "1970-01-01T00:00:00",
        "1970-01-01",
        "1970-1-01 00:00:00",
        "1970-01-01 00:00",
        "1970-01-01 24:00:01",
        "1970-01-01 24:00:00.5",
        "1970-01-32 00:00:00",
        "1970-01-01 00:00:00.1234567890",
        "1970-01-01 00:00:00Z",
        "10000-01-01 00:00:00",
        "-0000-01-01 00:00:00",
        "",
    ] {
        assert_eq!(seconds(&format!("{bad},")), None, "{bad}");
    }
}

#[test]
fn an_instant_ends_with_z() {
    let instant = DataType::TimestampLtz { precision: 3 };
    assert_eq!(value(instant.clone(), "1970-01-01 00:00:01Z").as_deref(), Some("Instant { seconds: 1, nanos: 0 }"));
    assert_eq!(value(instant.clone(), " 1970-01-01 00:00:01Z ").as_deref(), Some("Instant { seconds: 1, nanos: 0 }"));
    assert_eq!(value(instant.clone(), "1970-01-01 00:00:01"), None);
    assert_eq!(value(instant, "1970-01-01 00:00:01+08:00"), None);
}

#[test]
fn bytes_are_base64() {
    let bytes = DataType::Varbinary(10);
    assert_eq!(value(bytes.clone(), "AQID").as_deref(), Some("Bytes([1, 2, 3])"));
    assert_eq!(value(bytes.clone(), " AQ == ").as_deref(), Some("Bytes([1])"));
    assert_eq!(value(bytes.clone(), "AQ"), None);
    assert_eq!(value(bytes, "A*ID"), None);
}

#[test]
fn a_declared_length_is_not_checked() {
    assert_eq!(value(DataType::Varchar(2), "long").as_deref(), Some("Text(\"long\")"));
    assert_eq!(value(DataType::Char(6), "short").as_deref(), Some("Text(\"short\")"));
}

#[test]
fn a_field_that_can_not_be_converted_becomes_null_if_errors_are_ignored() {
    let (rows, ignored) = decode(&ignoring(), &[INT, INT, DataType::STRING], Some(b"x,2,c")).unwrap();
    assert_eq!((rows, ignored), (vec!["[Null, Int(2), Text(\"c\")]".to_string()], 1));
}

#[test]
fn malformed_utf8_is_refused_only_where_it_is_text() {
    let types = [INT, DataType::STRING];
    let rejection = decode(&defaults(), &types, Some(b"1,a\xff\n")).unwrap_err();
    assert_eq!(rejection.column.as_deref(), Some("c1"));
    assert_eq!(rejection.reason, "found 'a\u{fffd}' where STRING was expected: not valid UTF-8");
    assert_eq!(decode(&ignoring(), &types, Some(b"1,a\xff\n")).unwrap(), (vec!["[Int(1), Null]".to_string()], 1));
    assert!(decode(&defaults(), &types, Some(b"1,a\n\xff")).is_ok());
}

#[test]
fn a_rejection_names_the_column_and_what_was_found() {
    let rejection = decode(&defaults(), &[INT, TIMESTAMP], Some(b"1,yesterday")).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "decode refused column c1: found 'yesterday' where TIMESTAMP(6) was expected: yyyy-MM-dd HH:mm:ss[.fraction]"
    );
}

#[test]
fn values_borrow_the_message() {
    let (arena, topic) = (Bump::new(), Arc::from("t"));
    let message = b"abc,\"d,e\"".to_vec();
    let record = Record::of_value(&topic, Some(&message));
    let mut decoder = defaults().decoder(&columns(&[DataType::STRING, DataType::STRING]), &[], None);
    let decoded = decoder.decode(&record, &arena).unwrap();
    let range = message.as_ptr_range();
    for value in rows(&decoded).next().unwrap() {
        assert!(matches!(value, Value::Text(text) if range.contains(&text.as_ptr())));
    }
}

#[test]
fn no_message_makes_the_decoder_panic() {
    let types = [
        INT,
        TIMESTAMP,
        DataType::STRING,
        DataType::Double,
        DataType::Decimal { precision: 38, scale: 38 },
        DataType::Date,
        DataType::Time { precision: 3 },
        DataType::TimestampLtz { precision: 6 },
        DataType::Varbinary(9),
        DataType::Boolean,
        DataType::Array(Box::new(DataType::Float)),
        DataType::Row(vec![
            RowField { name: "a".into(), data_type: INT },
            RowField { name: "b".into(), data_type: TIMESTAMP },
        ]),
    ];
    let seed = b"-2147483648,2024-02-30 24:00:00.000,\"a\"\"b\",0x1.8p-1074,9e37,2024-2-30,23:59:59.9,-9999-12-31 00:00:00Z,AQI=,true,1;;0x1p9,1;2024-02-30 24:00:00";
    let mut random = SmallRng::seed_from_u64(7);
    for ignore_parse_errors in [false, true] {
        let options = CsvFormat {
            escape_character: Some('\\'),
            allow_comments: true,
            null_literal: Some("9".into()),
            ignore_parse_errors,
            ..defaults()
        };
        for _ in 0..50_000 {
            let mut message = seed.to_vec();
            for _ in 0..random.random_range(1..6) {
                let at = random.random_range(0..message.len());
                match random.random_range(0..4) {
                    0 => message[at] = random.random(),
                    1 => message[at] = b"\",;\\\n#0-.+eE:xp "[random.random_range(0..16)],
                    2 => drop(message.remove(at)),
                    _ => message.insert(at, b"0123456789\",\\;e-"[random.random_range(0..16)]),
                }
            }
            let _ = decode(&options, &types, Some(&message));
        }
    }
}

proptest! {
    #[test]
    fn written_by_the_csv_crate_comes_back(fields in proptest::collection::vec("[ -~\\t\r\né🚗]{0,40}", 1..8)) {
        let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::NonNumeric).from_writer(vec![]);
        writer.write_record(&fields).unwrap();
        let message = writer.into_inner().unwrap();
        let (rows, _) = decode(&defaults(), &vec![DataType::STRING; fields.len()], Some(&message)).unwrap();
        let expected: Vec<Value> = fields.iter().map(|field| Value::Text(field)).collect();
        prop_assert_eq!(&rows[0], &format!("{expected:?}"));
    }

    #[test]
    fn plain_lines_are_split_as_the_csv_crate_splits_them(line in "[a-z{}0-9.; ]{1,30}(,[a-z{}0-9.; ]{0,60}){0,6}") {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
        let oracle = reader.records().next().unwrap().unwrap();
        let (rows, _) = decode(&defaults(), &vec![DataType::STRING; oracle.len()], Some(line.as_bytes())).unwrap();
        let expected: Vec<Value> = oracle.iter().map(Value::Text).collect();
        prop_assert_eq!(&rows[0], &format!("{expected:?}"));
    }

    #[test]
    fn every_timestamp_comes_back(seconds in -62_135_596_800_i64..253_402_300_800, nanos in 0_u32..1_000_000_000) {
        let (year, month, day) = crate::types::calendar::date_from_days(seconds.div_euclid(86_400));
        let time = seconds.rem_euclid(86_400);
        let text = format!(
            "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}.{nanos:09}", time / 3600, time / 60 % 60, time % 60
        );
        prop_assert_eq!(temporal::timestamp(text.as_bytes()), Some((seconds, nanos)));
    }
}
