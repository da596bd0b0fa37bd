//! SET statements.

use super::*;

fn with(setting: &str, value: &str, source_columns: &str, sink_columns: &str) -> String {
    let insert = "INSERT INTO s SELECT * FROM k";
    format!("{};\nSET '{setting}' = '{value}';", job_of(source_columns, sink_columns, insert))
}

#[test]
fn the_time_zone_is_a_zone_of_the_database_or_a_distance_from_utc() {
    let zone = |zone: &str| with("table.local-time-zone", zone, "a INT", "a INT");
    for name in ["Asia/Shanghai", "GMT+08:00", "UTC"] {
        assert_eq!(job(&zone(name)).sinks[0].time_zone.name(), name);
    }
    assert_eq!(job(GUIDE).sinks[0].time_zone.name(), "UTC");
    for name in ["Asia/Shanghigh", "PST"] {
        let found = only_error(&zone(name));
        assert!(found.starts_with("4:31 setting 'table.local-time-zone' must be a"), "{found}");
    }
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
