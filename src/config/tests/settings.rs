//! SET statements.

use super::*;

fn with(setting: &str, value: &str, source_columns: &str, sink_columns: &str) -> String {
    let insert = "INSERT INTO s SELECT * FROM k";
    format!("{};\nSET '{setting}' = '{value}';", job_of(source_columns, sink_columns, insert))
}

#[test]
fn another_time_zone_than_utc_is_refused_only_where_it_would_make_a_difference() {
    let zone = |zone: &str, from: &str, to: &str| {
        with("table.local-time-zone", zone, &format!("t {from}"), &format!("t {to}"))
    };
    for (from, to) in
        [("TIMESTAMP", "TIMESTAMP_LTZ(3)"), ("TIMESTAMP_LTZ(3)", "TIMESTAMP"), ("TIMESTAMP_LTZ(3)", "TIMESTAMP(3)")]
    {
        let found = only_error(&zone("Asia/Shanghai", from, to));
        assert!(
            found.starts_with("4:31 not supported yet: setting 'table.local-time-zone' = 'Asia/Shanghai'"),
            "{found}"
        );
        assert_eq!(job(&zone("UTC", from, to)).notices, Vec::<String>::new());
    }
    for (from, to) in [("TIMESTAMP_LTZ(3)", "TIMESTAMP_LTZ(6)"), ("TIMESTAMP", "TIMESTAMP"), ("INT", "BIGINT")] {
        let notices = job(&zone("Asia/Shanghai", from, to)).notices;
        assert_eq!(
            notices,
            ["SET 'table.local-time-zone' = 'Asia/Shanghai' makes no difference to this job"],
            "{from}"
        );
    }
    let filter = zone("Asia/Shanghai", "TIMESTAMP", "TIMESTAMP")
        .replace("FROM k", "FROM k WHERE CAST(t AS TIMESTAMP_LTZ(3)) IS NULL");
    assert!(only_error(&filter).contains("not supported yet"));
}

#[test]
fn texts_are_not_trimmed_and_padded_on_request() {
    let found = only_error(&with("table.exec.sink.type-length-enforcer", "TRIM_PAD", "a INT", "a INT"));
    assert!(found.contains("TRIM_PAD is not supported"), "{found}");
    assert_eq!(
        job(&with("table.exec.sink.type-length-enforcer", "IGNORE", "a INT", "a INT")).notices,
        Vec::<String>::new()
    );
}

#[test]
fn a_misspelt_setting_is_told_with_the_one_that_was_meant() {
    for (written, meant) in [("pipline.name", "pipeline.name"), ("Buffer.Memory", "buffer.memory")] {
        let notices = job(&with(written, "x", "a INT", "a INT")).notices;
        assert_eq!(notices, [format!("SET '{written}' has no effect here; did you mean '{meant}'?")]);
    }
    assert_eq!(job(&with("pipeline.jars", "x", "a INT", "a INT")).notices, ["SET 'pipeline.jars' has no effect here"]);
}

#[test]
fn a_jobs_name_holds_no_control_characters() {
    assert!(only_error(&with("pipeline.name", "a\tb", "a INT", "a INT")).contains("control characters"));
    assert!(only_error(&with("pipeline.name", " ", "a INT", "a INT")).contains("must not be empty"));
    assert!(only_error(&with("buffer.memory", "1kb", "a INT", "a INT")).contains("at least 1mb"));
}
