//! Column types with several spellings, and the formats that can have them.

use super::*;
use crate::sql::expression::{Expression, Literal};
use crate::types::data_type::DataType;

/// A job whose source column `a` has the type, with this format.
fn of(data_type: &str, format: &str) -> String {
    job_of(&format!("id INT, a {data_type}"), "id INT", "INSERT INTO s SELECT id FROM k WHERE a IS NOT NULL")
        .replace("'format' = 'csv'", format)
}

#[track_caller]
fn declared(data_type: &str) -> DataType {
    job(&of(data_type, "'format' = 'json'")).sources.remove(0).columns.remove(1).data_type
}

#[test]
fn an_interval_may_be_written_in_all_forms_of_flink_and_has_one_of_two_types() {
    for spelt in ["YEAR", "YEAR(4)", "YEAR TO MONTH", "year(2) to month", "MONTH", "MONTH(3)"] {
        assert_eq!(declared(&format!("INTERVAL {spelt}")), DataType::IntervalYearMonth, "{spelt}");
    }
    for spelt in [
        "DAY",
        "DAY(6)",
        "DAY TO HOUR",
        "DAY(3) TO HOUR",
        "DAY TO MINUTE",
        "DAY TO SECOND",
        "DAY(1) TO SECOND(9)",
        "HOUR",
        "HOUR TO MINUTE",
        "HOUR TO SECOND(3)",
        "MINUTE",
        "MINUTE TO SECOND",
        "MINUTE TO SECOND(0)",
        "SECOND",
        "SECOND(3)",
        "SECOND(2, 3)",
        "SECOND NOT NULL",
    ] {
        assert_eq!(declared(&format!("INTERVAL {spelt}")), DataType::IntervalDayTime, "{spelt}");
    }
    let list = DataType::Array(Box::new(DataType::IntervalDayTime));
    assert_eq!(declared("ARRAY<INTERVAL DAY TO SECOND(3) NOT NULL>"), list);
    assert_eq!(declared("INTERVAL DAY ARRAY"), list);
}

#[test]
fn an_interval_that_does_not_exist_is_refused_with_its_place() {
    for (spelt, error) in [
        ("FORTNIGHT", "1:36 expected YEAR, MONTH, DAY, HOUR, MINUTE or SECOND, found a name"),
        ("MONTH TO YEAR", "1:45 expected no TO after MONTH or SECOND, found 'YEAR'"),
        ("YEAR TO DAY", "1:44 expected MONTH, found 'DAY'"),
        ("HOUR TO DAY", "1:44 expected MINUTE or SECOND, found 'DAY'"),
        ("SECOND TO SECOND", "1:46 expected no TO after MONTH or SECOND, found 'SECOND'"),
        ("YEAR(5)", "1:41 the number of digits of YEAR is from 1 to 4, not 5"),
        ("DAY(0)", "1:40 the number of digits of DAY is from 1 to 6, not 0"),
        ("DAY TO SECOND(10)", "1:50 the number of digits of SECOND is from 0 to 9, not 10"),
    ] {
        let found = errors(&of(&format!("INTERVAL {spelt}"), "'format' = 'json'"));
        assert_eq!(found[0], error, "{spelt}: {found:?}");
    }
}

#[test]
fn multiset_may_be_written_before_or_after_its_element_type() {
    let texts = DataType::Multiset(Box::new(DataType::STRING));
    assert_eq!(declared("MULTISET<STRING>"), texts);
    assert_eq!(declared("STRING MULTISET NOT NULL"), texts);
    assert_eq!(declared("STRING MULTISET ARRAY"), DataType::Array(Box::new(texts.clone())));
    assert_eq!(texts.to_string(), "MULTISET<STRING>");
}

#[test]
fn intervals_are_held_by_csv_and_json_and_multisets_of_texts_by_json_and_avro() {
    let avro = "'format' = 'avro'";
    let registry = "'format' = 'avro-confluent', 'avro-confluent.url' = 'http://r'";
    for (data_type, format) in [
        ("INTERVAL YEAR", "'format' = 'csv'"),
        ("ARRAY<INTERVAL DAY TO SECOND>", "'format' = 'csv'"),
        ("ROW<x INTERVAL MONTH>", "'format' = 'csv'"),
        ("MAP<STRING, INTERVAL MONTH>", "'format' = 'json'"),
        ("MULTISET<STRING>", "'format' = 'json'"),
        ("ROW<x MULTISET<VARCHAR(3)>>", "'format' = 'json'"),
        ("MULTISET<STRING>", avro),
        ("MULTISET<STRING>", registry),
    ] {
        job(&of(data_type, format));
    }
    for (data_type, format, error) in [
        ("MULTISET<STRING>", "'format' = 'csv'", "format 'csv' can't hold MULTISET<STRING>"),
        ("ROW<x MULTISET<STRING>>", "'format' = 'csv'", "format 'csv' can't hold ROW<`x` MULTISET<STRING>>"),
        ("MULTISET<INT>", "'format' = 'json'", "a MULTISET in JSON has STRING elements, not INT"),
        ("MULTISET<DATE>", avro, "a MULTISET in Avro has STRING elements, not DATE"),
        ("INTERVAL YEAR", avro, "Avro can't hold INTERVAL YEAR TO MONTH, as in Flink: declare INT, the months"),
        ("ARRAY<INTERVAL DAY>", avro, "Avro can't hold INTERVAL DAY TO SECOND, as in Flink: declare BIGINT"),
        ("ROW<x INTERVAL DAY>", registry, "Avro can't hold INTERVAL DAY TO SECOND"),
    ] {
        let found = only_error(&of(data_type, format));
        assert!(found.contains(error), "{data_type} in {format}: {found}");
    }
    let raw = job_of("a INTERVAL DAY", "id INT", "INSERT INTO s SELECT 1 FROM k");
    let found = only_error(&raw.replace("'format' = 'csv'", "'format' = 'raw'"));
    assert!(found.contains("format 'raw' can't hold INTERVAL DAY TO SECOND"), "{found}");
}

#[test]
fn an_interval_goes_into_its_own_type_and_by_cast_into_a_number() {
    let columns = "a INTERVAL DAY TO SECOND, b INTERVAL YEAR";
    let sink = |sink: &str, query: &str| mapping_of(columns, sink, &format!("INSERT INTO s SELECT {query} FROM k"));
    let of = |mut mapping: Mapping| mapping.expressions.remove(0);
    assert_eq!(of(sink("c INTERVAL SECOND(3)", "a")), Expression::Column(0, DataType::IntervalDayTime));
    assert_eq!(of(sink("c INTERVAL MONTH", "b")), Expression::Column(1, DataType::IntervalYearMonth));
    let months = Expression::Literal(Literal::Months(14), DataType::IntervalYearMonth);
    assert_eq!(of(sink("c INTERVAL YEAR TO MONTH", "INTERVAL '1-2' YEAR TO MONTH")), months);
    for (target, query) in [
        ("INT", "CAST(b AS INT)"),
        ("BIGINT", "CAST(a AS BIGINT)"),
        ("STRING", "CAST(a AS STRING)"),
        ("INTERVAL YEAR", "CAST(CAST(b AS INT) AS INTERVAL MONTH)"),
        ("INTERVAL DAY", "CAST(CAST(a AS BIGINT) AS INTERVAL DAY TO SECOND)"),
    ] {
        sink(&format!("c {target}"), query);
    }
    for (target, query, error) in [
        ("BIGINT", "a", "CAST"),
        ("STRING", "a", "CAST"),
        ("INTERVAL YEAR", "a", "can't be"),
        ("INT", "CAST(a AS INT)", "a value of type INTERVAL DAY TO SECOND can't be CAST to INT"),
        (
            "INTERVAL DAY",
            "CAST('1' AS INTERVAL DAY)",
            "a value of type CHAR(1) can't be CAST to INTERVAL DAY TO SECOND",
        ),
        ("INTERVAL DAY", "CAST(1 AS INTERVAL DAY)", "a constant INTERVAL is written INTERVAL '1' DAY"),
        ("BOOLEAN", "a = b", "can't be compared"),
    ] {
        let text = job_of(columns, &format!("c {target}"), &format!("INSERT INTO s SELECT {query} FROM k"));
        let found = only_error(&text);
        assert!(found.contains(error), "{query} into {target}: {found}");
    }
}
