//! SET statements.

use super::*;
use crate::sql::expression::Expression;
use crate::types::data_type::{DataType, UNBOUNDED};

fn with(setting: &str, value: &str, source_columns: &str, sink_columns: &str) -> String {
    let insert = "INSERT INTO s SELECT * FROM k";
    format!("{};\nSET '{setting}' = '{value}';", job_of(source_columns, sink_columns, insert))
}

#[test]
fn the_time_zone_is_a_zone_of_the_database_or_a_distance_from_utc() {
    let zone = |zone: &str| with("table.local-time-zone", zone, "a INT", "a INT");
    for name in ["Asia/Shanghai", "GMT+08:00", "UTC"] {
        assert_eq!(job(&zone(name)).mappings[0].time_zone.name(), name);
    }
    assert_eq!(job(GUIDE).mappings[0].time_zone.name(), "UTC");
    for name in ["Asia/Shanghigh", "PST"] {
        let found = only_error(&zone(name));
        assert!(found.starts_with("4:31 setting 'table.local-time-zone' must be a"), "{found}");
    }
}

#[test]
fn texts_and_bytes_are_trimmed_and_padded_on_request_only() {
    let enforced = |value: &str, columns: &str| {
        job(&with("table.exec.sink.type-length-enforcer", value, columns, columns)).mappings.remove(0).expressions
    };
    for (declared, data_type) in [
        ("CHAR(3)", DataType::Char(3)),
        ("VARCHAR(3)", DataType::Varchar(3)),
        ("BINARY(3)", DataType::Binary(3)),
        ("VARBINARY(3)", DataType::Varbinary(3)),
    ] {
        let column = Expression::Column(0, data_type.clone());
        // The column is read as a type without a length limit, because its values can have any length. A cast to the type
        // itself would do nothing.
        let unbounded = if data_type.is_text() { DataType::STRING } else { DataType::Varbinary(UNBOUNDED) };
        let fitted = Expression::Cast(Box::new(Expression::Column(0, unbounded)), data_type);
        assert_eq!(enforced("TRIM_PAD", &format!("c {declared}"))[0], fitted, "{declared}");
        assert_eq!(enforced("IGNORE", &format!("c {declared}"))[0], column, "{declared}");
    }
    assert_eq!(enforced("trim_pad", "c STRING")[0], Expression::Column(0, DataType::STRING));
    let found = only_error(&with("table.exec.sink.type-length-enforcer", "TRIM", "a INT", "a INT"));
    assert!(found.contains("must be one of IGNORE, TRIM_PAD"), "{found}");
}

#[test]
fn reset_undoes_a_set() {
    let sets =
        "SET 'pipeline.name' = 'x'; SET 'max.outage' = 'wrong'; SET 'table.exec.sink.not-null-enforcer' = 'DROP';";
    let reset_one = job(&format!("{sets} RESET 'max.outage'; RESET pipeline.name;\n{GUIDE}"));
    assert_eq!((reset_one.pipeline_name, reset_one.mappings[0].sink.not_null_drop), (None, true));
    let reset_all = job(&format!("{sets} RESET;\n{GUIDE} SET 'pipeline.name' = 'y';"));
    assert_eq!((reset_all.pipeline_name.as_deref(), reset_all.mappings[0].sink.not_null_drop), (Some("y"), false));
}

#[test]
fn a_misspelt_setting_is_reported_with_a_suggestion() {
    for (written, meant) in [("pipline.name", "pipeline.name"), ("Buffer.Memory", "buffer.memory")] {
        let notices = job(&with(written, "x", "a INT", "a INT")).notices;
        assert_eq!(notices, [format!("SET '{written}' has no effect here; did you mean '{meant}'?")]);
    }
    assert_eq!(job(&with("pipeline.jars", "x", "a INT", "a INT")).notices, ["SET 'pipeline.jars' has no effect here"]);
}

#[test]
fn a_jobs_name_must_not_be_empty_or_contain_control_characters() {
    assert!(only_error(&with("pipeline.name", "a\tb", "a INT", "a INT")).contains("control characters"));
    assert!(only_error(&with("pipeline.name", " ", "a INT", "a INT")).contains("must not be empty"));
    assert!(only_error(&with("buffer.memory", "1kb", "a INT", "a INT")).contains("at least 1mb"));
}
