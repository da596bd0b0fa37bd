//! ARRAY and ROW in a field.

use super::*;

#[test]
fn arrays_are_split_at_their_delimiter() {
    let ints = DataType::Array(Box::new(INT));
    assert_eq!(value(ints.clone(), "1; 2;-3").as_deref(), Some("Array([Int(1), Int(2), Int(-3)])"));
    assert_eq!(value(ints.clone(), ",").as_deref(), Some("Array([])"));
    assert_eq!(value(ints.clone(), " ").as_deref(), Some("Array([])"));
    let rejection = decode(&defaults(), std::slice::from_ref(&ints), Some(b"1;\"x\"")).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "decode refused column c0: found '\"x\"' as element 2 where INT was expected: a whole number from -2147483648 to 2147483647"
    );
    let (rows, ignored) = decode(&ignoring(), &[ints], Some(b"{1;2}")).unwrap();
    assert_eq!((rows, ignored), (vec!["[Array([Null, Null])]".to_string()], 2));
}

#[test]
fn an_empty_element_is_the_empty_string_and_not_a_number() {
    let array = |element: &DataType| DataType::Array(Box::new(element.clone()));
    let field = |name: &str, data_type: &DataType| RowField { name: name.into(), data_type: data_type.clone() };
    let row = |element: &DataType| {
        DataType::Row(vec![field("a", &DataType::STRING), field("b", element), field("c", &DataType::STRING)])
    };
    let texts = array(&DataType::STRING);
    assert_eq!(value(texts.clone(), "a;;b").as_deref(), Some(r#"Array([Text("a"), Text(""), Text("b")])"#));
    assert_eq!(value(texts.clone(), ";").as_deref(), Some(r#"Array([Text(""), Text("")])"#));
    assert_eq!(value(texts, "a;").as_deref(), Some(r#"Array([Text("a"), Text("")])"#));
    // How an empty field is read.
    for (element, expected) in [
        (DataType::STRING, r#"Text("")"#),
        (DataType::Char(3), r#"Text("")"#),
        (DataType::Boolean, "Bool(false)"),
        (DataType::Varbinary(9), "Bytes([])"),
    ] {
        assert_eq!(value(element.clone(), ",").as_deref(), Some(expected), "{element}");
        assert_eq!(value(array(&element), ";").unwrap(), format!("Array([{expected}, {expected}])"), "{element}");
        let expected = format!(r#"Row([Text("x"), {expected}, Text("")])"#);
        assert_eq!(value(row(&element), "x;;"), Some(expected), "{element}");
    }
    for element in [
        DataType::TinyInt,
        DataType::SmallInt,
        INT,
        DataType::BigInt,
        DataType::Float,
        DataType::Double,
        DataType::Decimal { precision: 4, scale: 1 },
        DataType::Date,
        DataType::Time { precision: 0 },
        TIMESTAMP,
        DataType::TimestampLtz { precision: 3 },
        DataType::IntervalYearMonth,
        DataType::IntervalDayTime,
    ] {
        assert_eq!(value(element.clone(), ","), None, "{element}");
        for (nested, text, place) in [(array(&element), ";", 1), (row(&element), "x;;", 2)] {
            let refused = decode(&defaults(), std::slice::from_ref(&nested), Some(text.as_bytes())).unwrap_err();
            let reason = format!("found '' as element {place} where {element} was expected");
            assert!(refused.reason.contains(&reason), "{refused}");
        }
        let nulls = (vec!["[Array([Null, Null])]".to_string()], 2);
        assert_eq!(decode(&ignoring(), &[array(&element)], Some(b";")).unwrap(), nulls, "{element}");
    }
}

#[test]
fn an_element_that_is_the_null_literal_is_null() {
    let types = [DataType::Array(Box::new(INT)), DataType::Array(Box::new(DataType::STRING))];
    for (literal, line) in [("", "1;;3,a;;b"), ("n/a", "1;n/a;3,a;n/a;b")] {
        let options = CsvFormat { null_literal: Some(literal.into()), ..defaults() };
        let (rows, ignored) = decode(&options, &types, Some(line.as_bytes())).unwrap();
        let expected = r#"[Array([Int(1), Null, Int(3)]), Array([Text("a"), Null, Text("b")])]"#;
        assert_eq!((rows, ignored), (vec![expected.to_string()], 0));
    }
}

#[test]
fn the_job_sets_the_delimiter_of_elements_and_their_type_decides_whether_they_are_trimmed() {
    let options = CsvFormat { array_element_delimiter: "→".into(), ..defaults() };
    let array = |element: DataType| DataType::Array(Box::new(element));
    let types = [array(DataType::STRING), array(DataType::Double)];
    let (rows, _) = decode(&options, &types, Some(" a → b;c, 1 → 0x1p3".as_bytes())).unwrap();
    assert_eq!(rows, ["[Array([Text(\" a \"), Text(\" b;c\")]), Array([Double(1.0), Double(8.0)])]"]);
}

#[test]
fn a_row_has_its_fields_by_position() {
    let field = |name: &str, data_type: DataType| RowField { name: name.into(), data_type };
    let row = DataType::Row(vec![field("a", INT), field("b", DataType::STRING), field("c", DataType::Double)]);
    for (text, expected) in [
        ("1; x ;0.5", "Row([Int(1), Text(\" x \"), Double(0.5)])"),
        ("1;;2", "Row([Int(1), Text(\"\"), Double(2.0)])"),
        ("\"1;a\"\"b;-1\"", "Row([Int(1), Text(\"a\\\"b\"), Double(-1.0)])"),
        (",", "Null"),
        (" ", "Null"),
    ] {
        assert_eq!(value(row.clone(), text).as_deref(), Some(expected), "{text}");
    }
    for (text, reason, ignored) in [
        ("1;x", "ROW<`a` INT, `b` STRING, `c` DOUBLE> was expected: 3 values", "Row([Int(1), Text(\"x\"), Null])"),
        ("1;x;2;3", "found '1;x;2;3' where", "Row([Int(1), Text(\"x\"), Double(2.0)])"),
        ("1;;", "found '' as element 3 where DOUBLE was expected", "Row([Int(1), Text(\"\"), Null])"),
        ("y;x;2", "found 'y' as element 1 where INT was expected", "Row([Null, Text(\"x\"), Double(2.0)])"),
    ] {
        let refused = decode(&defaults(), std::slice::from_ref(&row), Some(text.as_bytes())).unwrap_err();
        assert!(refused.reason.contains(reason), "{refused}");
        let rows = decode(&ignoring(), std::slice::from_ref(&row), Some(text.as_bytes())).unwrap();
        assert_eq!(rows, (vec![format!("[{ignored}]")], 1), "{text}");
    }
}
