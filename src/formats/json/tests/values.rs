//! The rules observed of Flink 1.20's json format: values of each type.

use super::*;

#[test]
fn any_scalar_except_true_is_the_boolean_false() {
    for (json, expected) in [
        ("true", "true"),
        ("false", "false"),
        ("\"TRUE\"", "true"),
        ("\"yes\"", "false"),
        ("1", "false"),
        ("0.5", "false"),
    ] {
        assert_eq!(value(DataType::Boolean, json), Some(format!("Bool({expected})")), "{json}");
    }
    assert_eq!(value(DataType::Boolean, "[]"), None);
}

#[test]
fn integers_come_from_numbers_cut_to_the_point_and_from_strings() {
    for (json, expected) in
        [("1.9", 1), ("-1.9", -1), ("1e3", 1000), ("\" 12 \"", 12), ("\"-5\"", -5), ("2147483647", i32::MAX), ("-0", 0)]
    {
        assert_eq!(value(INT, json), Some(format!("Int({expected})")), "{json}");
    }
    for json in ["\"\"", "true", "2147483648", "\"1.5\"", "1e10", "\"x\"", "{}"] {
        assert_eq!(value(INT, json), None, "{json}");
        assert_eq!(value_with(&ignoring(), INT, json).as_deref(), Some("Null"), "{json}");
    }
    assert_eq!(value(DataType::BigInt, "9223372036854775807"), Some(format!("Int({})", i64::MAX)));
    assert_eq!(value(DataType::BigInt, "-1.9e3"), Some("Int(-1900)".into()));
}

#[test]
fn the_small_integers_take_whole_numbers_only() {
    for (data_type, least, most) in
        [(DataType::TinyInt, i8::MIN.into(), i8::MAX.into()), (DataType::SmallInt, i16::MIN, i16::MAX)]
    {
        for number in [least, -1, 0, 1, most] {
            let expected = Some(format!("Int({number})"));
            assert_eq!(value(data_type.clone(), &number.to_string()), expected);
            assert_eq!(value(data_type.clone(), &format!("\" {number} \"")), expected);
        }
        assert_eq!(value(data_type.clone(), "-0").as_deref(), Some("Int(0)"));
        let beyond = [i32::from(least) - 1, i32::from(most) + 1].map(|number| number.to_string());
        let fractions = ["5.0", "-32.768", "1e1", "1E+1", "10e-1", "0.0", "-0.0", "\"5.0\"", "\"1e1\"", "true", "\"\""];
        for json in fractions.into_iter().chain(beyond.iter().map(String::as_str)) {
            assert_eq!(value(data_type.clone(), json), None, "{data_type} {json}");
            assert_eq!(value_with(&ignoring(), data_type.clone(), json).as_deref(), Some("Null"), "{json}");
            // The same value as an element, as a field, and as a value of a map.
            for (nested, json) in [
                (array(data_type.clone()), format!("[{json}]")),
                (row_of(&[("a", data_type.clone())]), format!("{{\"a\":{json}}}")),
                (DataType::Map(Box::new(DataType::STRING), Box::new(data_type.clone())), format!("{{\"a\":{json}}}")),
            ] {
                assert_eq!(value(nested.clone(), &json), None, "{nested} {json}");
            }
        }
    }
    let refused = decode(&defaults(), &[("a", DataType::TinyInt)], r#"{"a":5.0}"#).unwrap_err();
    assert!(
        refused.reason.contains("found '5.0' where TINYINT was expected: a whole number from -128 to 127"),
        "{refused}"
    );
}

#[test]
fn intervals_and_the_counts_of_a_multiset_are_cut_to_the_point_like_int() {
    assert_eq!(value(DataType::IntervalYearMonth, "1.9").as_deref(), Some("Months(1)"));
    assert_eq!(value(DataType::IntervalDayTime, "1e3").as_deref(), Some("Millis(1000)"));
    let counts = DataType::Multiset(Box::new(DataType::STRING));
    assert_eq!(value(counts, r#"{"a":2.5}"#).as_deref(), Some(r#"Map([(Text("a"), Int(2))])"#));
}

#[test]
fn floats_come_from_numbers_and_from_strings() {
    for (json, expected) in [
        ("0.5", "0.5"),
        ("7", "7.0"),
        ("-0.0", "-0.0"),
        ("1e400", "inf"),
        ("\"NaN\"", "NaN"),
        ("\"Infinity\"", "inf"),
        ("\"-Infinity\"", "-inf"),
        ("\" 1.5 \"", "1.5"),
        ("1e-50", "0.0"),
        ("0.1234567890123456789", "0.12345679"),
    ] {
        assert_eq!(value(DataType::Float, json), Some(format!("Float({expected})")), "{json}");
    }
    assert_eq!(value(DataType::Double, "0.30000000000000004").as_deref(), Some("Double(0.30000000000000004)"));
    assert_eq!(value(DataType::Double, "1e-50").as_deref(), Some("Double(1e-50)"));
    for json in ["true", "\"\"", "\"nan\"", "[]"] {
        assert_eq!(value(DataType::Double, json), None, "{json}");
    }
}

#[test]
fn decimals_are_exact_rounded_half_up_and_null_when_too_large() {
    let decimal = DataType::Decimal { precision: 5, scale: 2 };
    let of = |unscaled| Some(format!("Decimal(Decimal {{ unscaled: {unscaled}, scale: 2 }})"));
    assert_eq!(value(decimal.clone(), "1.005"), of(101));
    assert_eq!(value(decimal.clone(), "\"-1.5\""), of(-150));
    assert_eq!(value(decimal.clone(), "12e-1"), of(120));
    assert_eq!(value(decimal.clone(), "1000").as_deref(), Some("Null"));
    assert_eq!(value(decimal.clone(), "true"), None);
    assert_eq!(value(decimal, "\"x\""), None);
    let wide = DataType::Decimal { precision: 38, scale: 10 };
    assert_eq!(
        value(wide, "1234567890123456789012345678.0123456789").as_deref(),
        Some("Decimal(Decimal { unscaled: 12345678901234567890123456780123456789, scale: 10 })")
    );
}

#[test]
fn a_string_column_takes_scalars_as_they_are_written() {
    for (json, expected) in [("\"a\"", "a"), ("1.50", "1.50"), ("1e3", "1e3"), ("true", "true"), ("false", "false")] {
        assert_eq!(text(json), Some(format!("Text({expected:?})")), "{json}");
    }
}

#[test]
fn a_string_column_takes_objects_and_arrays_as_compact_json() {
    for (json, expected) in [
        ("[ 0.1 , 0.2 ]", "[0.1,0.2]"),
        ("[0.10, 1e-3, 1E+30, 1.0, -0.5, 100, -0]", "[0.1,0.001,1.0E30,1.0,-0.5,100,0]"),
        (
            "[0.00012, 12345678.5, 0.049671415239572525, 1e400]",
            "[1.2E-4,1.23456785E7,0.049671415239572525,\"Infinity\"]",
        ),
        ("[123456789012345678901234567890]", "[123456789012345678901234567890]"),
        (r#"{ "a" : { } , "b" : [ null , true , false , "x" ] }"#, r#"{"a":{},"b":[null,true,false,"x"]}"#),
        (r#"["\u00e9\n\/", "a\"b\\", "\u001f", "🚗"]"#, r#"["é\n/","a\"b\\","\u001F","🚗"]"#),
        ("[\"raw\ttab\"]", r#"["raw\ttab"]"#),
    ] {
        assert_eq!(text(json), Some(format!("Text({expected:?})")), "{json}");
    }
}

#[test]
fn a_declared_length_is_not_checked() {
    assert_eq!(value(DataType::Varchar(2), "\"long\"").as_deref(), Some("Text(\"long\")"));
    assert_eq!(value(DataType::Char(6), "\"short\"").as_deref(), Some("Text(\"short\")"));
    assert_eq!(value(DataType::Varbinary(1), "\"AQID\"").as_deref(), Some("Bytes([1, 2, 3])"));
}

#[test]
fn escapes_are_decoded_and_control_characters_are_taken_as_they_are() {
    for (json, expected) in [
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u00e9\u20ac""#, "é€"),
        (r#""\ud83d\ude97!""#, "🚗!"),
        (r#""a\ud83dz""#, "a?z"),
        (r#""\ude97\ud83d\u0041""#, "??A"),
        ("\"a\u{1}\nb\"", "a\u{1}\nb"),
        (r#""\u0000""#, "\0"),
    ] {
        assert_eq!(text(json), Some(format!("Text({expected:?})")), "{json}");
    }
}

#[test]
fn dates_and_times_are_strict() {
    assert_eq!(value(DataType::Date, "\"1970-01-02\"").as_deref(), Some("Date(1)"));
    for bad in ["\"2023-02-30\"", "\"1970-1-2\"", "\" 1970-01-02\"", "\"1970-01-02 00:00:00\"", "7", "\"\""] {
        assert_eq!(value(DataType::Date, bad), None, "{bad}");
    }
    let time = DataType::Time { precision: 3 };
    assert_eq!(value(time.clone(), "\"00:00:01.999\"").as_deref(), Some("Time(1000000000)"));
    for bad in ["\"00:00\"", "\"25:00:00\"", "\"1:00:00\"", "\"00:00:01Z\"", "3600"] {
        assert_eq!(value(time.clone(), bad), None, "{bad}");
    }
}

#[test]
fn timestamps_follow_the_standard_of_the_job() {
    let at = |seconds: i64, nanos: u32| Some(format!("Timestamp {{ seconds: {seconds}, nanos: {nanos} }}"));
    assert_eq!(value(TIMESTAMP, "\"1970-01-01 00:00:01\""), at(1, 0));
    assert_eq!(value(TIMESTAMP, "\"1970-01-01 00:00:01.25\""), at(1, 250_000_000));
    assert_eq!(value(TIMESTAMP, "\"1970-01-01 24:00:00\""), at(86_400, 0));
    assert_eq!(value(TIMESTAMP, "\"2023-02-30 00:00:00\""), value(TIMESTAMP, "\"2023-02-28 00:00:00\""));
    for bad in ["\"1970-01-01T00:00:01\"", "\"1970-01-01 00:00\"", "\"1970-01-01 00:00:01Z\"", "1709281800000", "\"\""]
    {
        assert_eq!(value(TIMESTAMP, bad), None, "{bad}");
    }
    assert_eq!(value_with(&iso(), TIMESTAMP, "\"1970-01-01T00:00:01\""), at(1, 0));
    assert_eq!(value_with(&iso(), TIMESTAMP, "\"1970-01-01T00:01\""), at(60, 0));
    assert_eq!(value_with(&iso(), TIMESTAMP, "\"1970-01-01T00:00:01.5\""), at(1, 500_000_000));
    for bad in [
        "\"1970-01-01 00:00:01\"",
        "\"1970-01-01T00:00:01Z\"",
        "\"2023-02-30T00:00:00\"",
        "\"1970-01-01T24:00:00\"",
        "\"1970-01-01\"",
    ] {
        assert_eq!(value_with(&iso(), TIMESTAMP, bad), None, "{bad}");
    }
}

#[test]
fn an_instant_ends_with_z() {
    let instant = DataType::TimestampLtz { precision: 3 };
    let at = |seconds: i64| Some(format!("Instant {{ seconds: {seconds}, nanos: 0 }}"));
    assert_eq!(value(instant.clone(), "\"1970-01-01 00:00:01Z\""), at(1));
    assert_eq!(value_with(&iso(), instant.clone(), "\"1970-01-01T00:00:01Z\""), at(1));
    for bad in ["\"1970-01-01 00:00:01\"", "\"1970-01-01 00:00:01+08:00\"", "\"1970-01-01T00:00:01Z\"", "1"] {
        assert_eq!(value(instant.clone(), bad), None, "{bad}");
    }
    for bad in ["\"1970-01-01T00:00:01\"", "\"1970-01-01T00:00:01+08:00\"", "\"1970-01-01 00:00:01Z\""] {
        assert_eq!(value_with(&iso(), instant.clone(), bad), None, "{bad}");
    }
}

#[test]
fn bytes_are_base64() {
    let bytes = DataType::Varbinary(10);
    assert_eq!(value(bytes.clone(), "\"AQID\"").as_deref(), Some("Bytes([1, 2, 3])"));
    assert_eq!(value(bytes.clone(), "\"A*ID\""), None);
    assert_eq!(value(bytes, "7"), None);
}

#[test]
fn arrays_hold_values_of_their_type() {
    assert_eq!(value(array(INT), "[1, null, \"3\"]").as_deref(), Some("Array([Int(1), Null, Int(3)])"));
    assert_eq!(value(array(INT), "[]").as_deref(), Some("Array([])"));
    assert_eq!(value(array(INT), "[ ]").as_deref(), Some("Array([])"));
    assert_eq!(value(array(INT), "\"[1,2]\""), None);
    assert_eq!(value(array(INT), "[1,\"x\"]"), None);
    assert_eq!(value_with(&ignoring(), array(INT), "[1,\"x\",2]").as_deref(), Some("Array([Int(1), Null, Int(2)])"));
    assert_eq!(
        value(array(array(DataType::STRING)), r#"[["a\n"],[],null]"#).as_deref(),
        Some("Array([Array([Text(\"a\\n\")]), Array([]), Null])")
    );
}

#[test]
fn a_vector_is_read_in_every_form() {
    let json = "[0.1, -0.25,1 , 1e-3,12.5,null,\"0.5\",\n0.30000000000000004, 0.049671415239572525,0]";
    let numbers = "0.1 -0.25 1.0 0.001 12.5 null 0.5 0.3 0.049671415 0.0";
    let expected = numbers.split(' ').map(|number| match number {
        "null" => "Null".to_string(),
        number => format!("Float({number})"),
    });
    let expected: Vec<String> = expected.collect();
    assert_eq!(value(array(DataType::Float), json), Some(format!("Array([{}])", expected.join(", "))));
    let packed = numbers.replace("null ", "").replace(' ', ", ");
    assert_eq!(value(array(DataType::Float), &json.replace("null,", "")), Some(format!("Vector(Float([{packed}]))")));
    let doubles = value(array(DataType::Double), "[0.30000000000000004, 1,0.1]");
    assert_eq!(doubles.as_deref(), Some("Vector(Double([0.30000000000000004, 1.0, 0.1]))"));
    assert_eq!(value(array(DataType::Double), "[ ]").as_deref(), Some("Vector(Double([]))"));
    for bad in ["[01.5,1]", "[-01.5,1]", "[1.,2]", "[0.1 0.2]", "[0.1,]", "[0.1,,0.2]", "[1e,2]"] {
        assert_eq!(value(array(DataType::Float), bad), None, "{bad}");
        assert_eq!(value(array(DataType::Double), bad), None, "{bad}");
    }
}

#[test]
fn rows_are_read_from_nested_objects() {
    let nested = row_of(&[("a", INT), ("b", row_of(&[("c", DataType::STRING)]))]);
    assert_eq!(
        value(nested.clone(), r#"{"b":{"c":"x","d":1},"a":1}"#).as_deref(),
        Some("Row([Int(1), Row([Text(\"x\")])])")
    );
    assert_eq!(value(nested.clone(), "{}").as_deref(), Some("Row([Null, Null])"));
    assert_eq!(value(nested.clone(), "null").as_deref(), Some("Null"));
    assert_eq!(value(nested, "[1]"), None);
}

#[test]
fn maps_have_string_keys_and_keep_the_last_value_of_each() {
    let map = DataType::Map(Box::new(DataType::STRING), Box::new(INT));
    assert_eq!(value(map.clone(), "{}").as_deref(), Some("Map([])"));
    assert_eq!(
        value(map.clone(), r#"{"b":1,"a":2,"b":3,"c":null,"a":4}"#).as_deref(),
        Some("Map([(Text(\"b\"), Int(3)), (Text(\"c\"), Null), (Text(\"a\"), Int(4))])")
    );
    assert_eq!(value(map, "[]"), None);
}

#[test]
fn intervals_are_months_or_milliseconds() {
    let (months, millis) = (DataType::IntervalYearMonth, DataType::IntervalDayTime);
    for (json, expected) in [("14", 14), ("-14", -14), ("\" 14 \"", 14), ("1.9", 1), ("2147483647", i32::MAX)] {
        assert_eq!(value(months.clone(), json), Some(format!("Months({expected})")), "{json}");
    }
    for (json, expected) in [("93784005", 93_784_005), ("\"-1\"", -1), ("9223372036854775807", i64::MAX)] {
        assert_eq!(value(millis.clone(), json), Some(format!("Millis({expected})")), "{json}");
    }
    for json in ["2147483648", "\"1-2\"", "\"+1-02\"", "true", "[]", "{}", "\"\""] {
        assert_eq!(value(months.clone(), json), None, "{json}");
        assert_eq!(value_with(&ignoring(), months.clone(), json).as_deref(), Some("Null"), "{json}");
    }
    assert_eq!(value(millis.clone(), "\"1 02:03:04\""), None);
    assert_eq!(value(millis.clone(), "9223372036854775808"), None);
    assert_eq!(value(millis, "null").as_deref(), Some("Null"));
}

#[test]
fn a_multiset_is_an_object_of_numbers() {
    let set = DataType::Multiset(Box::new(DataType::STRING));
    assert_eq!(
        value(set.clone(), r#"{"a":2,"b":"3","c":null,"a":4}"#).as_deref(),
        Some("Map([(Text(\"b\"), Int(3)), (Text(\"c\"), Null), (Text(\"a\"), Int(4))])")
    );
    assert_eq!(value(set.clone(), r#"{"a":2147483648}"#), None);
    assert_eq!(value(set, r#"["a","a"]"#), None);
}

#[test]
fn huge_numbers_are_numbers() {
    let huge = "9".repeat(100_000);
    assert_eq!(value(INT, &huge), None);
    assert_eq!(value(DataType::Double, &huge).as_deref(), Some("Double(inf)"));
    assert_eq!(value(DataType::Decimal { precision: 38, scale: 0 }, &huge).as_deref(), Some("Null"));
    assert_eq!(value(INT, "1e999999999999"), None);
    assert_eq!(value(INT, "0e999999999999").as_deref(), Some("Int(0)"));
}
