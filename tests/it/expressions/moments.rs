use super::{check, check_with, evaluate};

#[test]
fn texts_become_moments() {
    check(&[
        ("TO_TIMESTAMP('2024-03-01 08:05:09.1234')", "TIMESTAMP(3)", "2024-03-01 08:05:09.123"),
        ("TO_TIMESTAMP('01/03/2024 08:05', 'dd/MM/yyyy HH:mm')", "TIMESTAMP(3)", "2024-03-01 08:05:00.000"),
        ("TO_TIMESTAMP('2024-3-1', 'yyyy-MM-dd HH:mm:ss')", "TIMESTAMP(3)", "2024-03-01 00:00:00.000"),
        (
            "TO_TIMESTAMP('2024-03-01T08:05:09Z', 'yyyy-MM-dd''T''HH:mm:ss''Z''')",
            "TIMESTAMP(3)",
            "2024-03-01 08:05:09.000",
        ),
        ("TO_TIMESTAMP('soon')", "TIMESTAMP(3)", "NULL"),
        ("TO_TIMESTAMP('soon', 'yyyy')", "TIMESTAMP(3)", "NULL"),
        ("TO_DATE('2024-03-01')", "DATE", "2024-03-01"),
        ("TO_DATE('01.3.2024', 'dd.MM.yyyy')", "DATE", "2024-03-01"),
        ("TO_DATE('x')", "DATE", "NULL"),
        ("TO_TIMESTAMP_LTZ(1709280309120, 3)", "TIMESTAMP_LTZ(3)", "2024-03-01 08:05:09.120"),
        ("TO_TIMESTAMP_LTZ(-1, 0)", "TIMESTAMP_LTZ(3)", "1969-12-31 23:59:59.000"),
        ("TO_TIMESTAMP_LTZ(1.5, 0)", "TIMESTAMP_LTZ(3)", "1970-01-01 00:00:01.500"),
        ("TO_TIMESTAMP_LTZ(d, 0)", "TIMESTAMP_LTZ(3)", "1970-01-01 00:00:02.500"),
        ("TO_TIMESTAMP_LTZ(9000000000000000000, 0)", "TIMESTAMP_LTZ(3)", "NULL"),
        ("UNIX_TIMESTAMP('1970-01-01 00:01:00')", "BIGINT", "60"),
        ("UNIX_TIMESTAMP('1970-01-01T08:00:00+08:00', 'yyyy-MM-dd''T''HH:mm:ssXXX')", "BIGINT", "0"),
        ("UNIX_TIMESTAMP('soon')", "BIGINT", "NULL"),
    ]);
}

#[test]
fn moments_become_texts() {
    check(&[
        ("DATE_FORMAT(ts, 'yyyyMMdd HH:mm:ss.SSS')", "STRING", "20240301 08:05:09.120"),
        ("DATE_FORMAT(dt, 'EEE d MMM yy')", "STRING", "Fri 1 Mar 24"),
        ("DATE_FORMAT('2024-03-01 08:05:09', 'HH')", "STRING", "08"),
        ("DATE_FORMAT(CAST(NULL AS TIMESTAMP), 'HH')", "STRING", "NULL"),
        ("FROM_UNIXTIME(0)", "STRING", "1970-01-01 00:00:00"),
        ("FROM_UNIXTIME(0, 'yyyy')", "STRING", "1970"),
    ]);
}

#[test]
fn moments_have_parts() {
    check(&[
        ("EXTRACT(YEAR FROM ts)", "BIGINT", "2024"),
        ("EXTRACT(DOW FROM dt)", "BIGINT", "6"),
        ("EXTRACT(ISODOW FROM dt)", "BIGINT", "5"),
        ("EXTRACT(EPOCH FROM tz)", "BIGINT", "1709280309"),
        ("EXTRACT(MILLISECOND FROM ts)", "BIGINT", "9120"),
        ("EXTRACT(CENTURY FROM dt)", "BIGINT", "21"),
        ("YEAR(dt)", "BIGINT", "2024"),
        ("QUARTER(dt)", "BIGINT", "1"),
        ("MONTH(dt)", "BIGINT", "3"),
        ("WEEK(dt)", "BIGINT", "9"),
        ("WEEK(DATE '2021-01-03')", "BIGINT", "53"),
        ("DAYOFYEAR(dt)", "BIGINT", "61"),
        ("DAYOFMONTH(dt)", "BIGINT", "1"),
        ("DAYOFWEEK(dt)", "BIGINT", "6"),
        ("HOUR(ts)", "BIGINT", "8"),
        ("MINUTE(tm)", "BIGINT", "5"),
        ("SECOND(ts)", "BIGINT", "9"),
        ("FLOOR(ts TO HOUR)", "TIMESTAMP(3)", "2024-03-01 08:00:00.000"),
        ("FLOOR(ts TO WEEK)", "TIMESTAMP(3)", "2024-02-25 00:00:00.000"),
        ("FLOOR(dt TO YEAR)", "DATE", "2024-01-01"),
        ("CEIL(ts TO MINUTE)", "TIMESTAMP(3)", "2024-03-01 08:06:00.000"),
        ("CEIL(dt TO MONTH)", "DATE", "2024-03-01"),
        ("CEIL(ts TO MONTH)", "TIMESTAMP(3)", "2024-04-01 00:00:00.000"),
    ]);
}

#[test]
fn spans_of_time_are_added() {
    check(&[
        ("ts + INTERVAL '1' DAY", "TIMESTAMP(3)", "2024-03-02 08:05:09.120"),
        ("ts - INTERVAL '1' MONTH", "TIMESTAMP(3)", "2024-02-01 08:05:09.120"),
        ("DATE '2024-01-31' + INTERVAL '1' MONTH", "DATE", "2024-02-29"),
        ("ts + INTERVAL '1.5' SECOND", "TIMESTAMP(3)", "2024-03-01 08:05:10.620"),
        ("INTERVAL '1-2' YEAR TO MONTH + dt", "DATE", "2025-05-01"),
        ("ts - INTERVAL '1 02:03:04' DAY TO SECOND", "TIMESTAMP(3)", "2024-02-29 06:02:05.120"),
        ("dt + INTERVAL '-1' DAY", "DATE", "2024-02-29"),
        ("TIMESTAMPADD(HOUR, -9, ts)", "TIMESTAMP(3)", "2024-02-29 23:05:09.120"),
        ("TIMESTAMPDIFF(DAY, TIMESTAMP '2024-02-01 09:00:00', ts)", "INT", "28"),
        ("TIMESTAMPDIFF(MONTH, TIMESTAMP '2024-01-31 00:00:00', TIMESTAMP '2024-02-29 00:00:00')", "INT", "1"),
        ("TIMESTAMPDIFF(SECOND, ts, TIMESTAMP '2024-03-01 08:05:08.000')", "BIGINT", "-1"),
    ]);
}

#[test]
fn the_sessions_time_zone_converts_between_instants_and_local_times() {
    let shanghai = "SET 'table.local-time-zone' = 'Asia/Shanghai';\n";
    check_with(
        shanghai,
        &[
            ("tz", "2024-03-01 16:05:09.120"),
            ("CAST(tz AS TIMESTAMP(0))", "2024-03-01 16:05:09"),
            ("CAST(ts AS TIMESTAMP_LTZ(3))", "2024-03-01 08:05:09.120"),
            ("EXTRACT(EPOCH FROM CAST(ts AS TIMESTAMP_LTZ(3)))", "1709251509"),
            ("CAST(tz AS DATE)", "2024-03-01"),
            ("FROM_UNIXTIME(0)", "1970-01-01 08:00:00"),
            ("UNIX_TIMESTAMP('1970-01-01 08:00:00')", "0"),
            ("DATE_FORMAT(tz, 'HH:mm XXX')", "16:05 +08:00"),
            ("HOUR(tz)", "16"),
            ("FLOOR(tz TO DAY)", "2024-03-01 00:00:00.000"),
            ("CAST(TO_TIMESTAMP_LTZ(0, 3) AS STRING)", "1970-01-01 08:00:00.000"),
            ("tz = TIMESTAMP '2024-03-01 16:05:09.120'", "TRUE"),
            ("TIMESTAMPDIFF(HOUR, LOCALTIMESTAMP, CAST(CURRENT_TIMESTAMP AS TIMESTAMP(3)))", "0"),
        ],
    );
    check_with("SET 'table.local-time-zone' = 'GMT-03:30';\n", &[("tz", "2024-03-01 04:35:09.120")]);
}

#[test]
fn the_clock_shows_the_time() {
    let year: i64 = evaluate("YEAR(CURRENT_DATE)", "").unwrap().parse().unwrap();
    assert!((2024..3000).contains(&year));
    for expression in ["NOW()", "CURRENT_TIMESTAMP", "PROCTIME()", "CURRENT_ROW_TIMESTAMP()"] {
        assert_eq!(super::type_of(expression), "TIMESTAMP_LTZ(3)");
        assert_eq!(evaluate(&format!("{expression} > TIMESTAMP '2024-01-01 00:00:00'"), ""), Ok("TRUE".into()));
    }
    check(&[
        ("CURRENT_TIMESTAMP = NOW()", "BOOLEAN", "TRUE"),
        ("CAST(LOCALTIMESTAMP AS DATE) = CURRENT_DATE", "BOOLEAN", "TRUE"),
        ("LOCALTIME = CURRENT_TIME", "BOOLEAN", "TRUE"),
        ("UNIX_TIMESTAMP() = EXTRACT(EPOCH FROM NOW())", "BOOLEAN", "TRUE"),
    ]);
}
