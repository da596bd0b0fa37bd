use super::{check, evaluate};

const YEAR_MONTH: &str = "INTERVAL YEAR TO MONTH";
const DAY_TIME: &str = "INTERVAL DAY TO SECOND";

#[test]
fn an_interval_is_a_value_and_prints_as_flinks_does() {
    check(&[
        ("ym", YEAR_MONTH, "-1-02"),
        ("ds", DAY_TIME, "+1 02:03:04.005"),
        ("INTERVAL '1-2' YEAR TO MONTH", YEAR_MONTH, "+1-02"),
        ("INTERVAL '3' MONTH", YEAR_MONTH, "+0-03"),
        ("INTERVAL '-5' YEAR", YEAR_MONTH, "-5-00"),
        ("INTERVAL '1' DAY", DAY_TIME, "+1 00:00:00.000"),
        ("INTERVAL '1 02:03:04.5' DAY TO SECOND", DAY_TIME, "+1 02:03:04.500"),
        ("INTERVAL '02:03' HOUR TO MINUTE", DAY_TIME, "+0 02:03:00.000"),
        ("INTERVAL '-0.001' SECOND", DAY_TIME, "-0 00:00:00.001"),
        ("-ym", YEAR_MONTH, "+1-02"),
        ("-ds", DAY_TIME, "-1 02:03:04.005"),
        ("CAST(ds AS CHAR(5))", "CHAR(5)", "+1 02"),
        ("ARRAY[ds]", "ARRAY<INTERVAL DAY TO SECOND>", "[+1 02:03:04.005]"),
    ]);
}

#[test]
fn a_cast_makes_an_interval_a_number_of_months_or_milliseconds() {
    check(&[
        ("CAST(ym AS INT)", "INT", "-14"),
        ("CAST(ds AS BIGINT)", "BIGINT", "93784005"),
        ("CAST(i AS INTERVAL YEAR TO MONTH)", YEAR_MONTH, "+0-07"),
        ("CAST(i AS INTERVAL MONTH)", YEAR_MONTH, "+0-07"),
        ("CAST(l AS INTERVAL DAY(3) TO SECOND(3))", DAY_TIME, "+57 20:53:20.000"),
        ("TRY_CAST(n AS INTERVAL MONTH)", YEAR_MONTH, "NULL"),
        ("CAST(ds AS INTERVAL SECOND)", DAY_TIME, "+1 02:03:04.005"),
    ]);
}

#[test]
fn intervals_shift_moments() {
    check(&[
        ("ts + ds", "TIMESTAMP(3)", "2024-03-02 10:08:13.125"),
        ("ds + ts", "TIMESTAMP(3)", "2024-03-02 10:08:13.125"),
        ("ts - ds", "TIMESTAMP(3)", "2024-02-29 06:02:05.115"),
        ("ts + ym", "TIMESTAMP(3)", "2023-01-01 08:05:09.120"),
        ("dt - ym", "DATE", "2025-05-01"),
        ("DATE '2024-03-31' - CAST(1 + i - 7 AS INTERVAL MONTH)", "DATE", "2024-02-29"),
        ("TIMESTAMP '2024-01-31 10:00:00' + INTERVAL '1-1' YEAR TO MONTH", "TIMESTAMP(3)", "2025-02-28 10:00:00.000"),
        ("ts + INTERVAL '1' SECOND * i", "TIMESTAMP(3)", "2024-03-01 08:05:16.120"),
        ("ts - i * INTERVAL '1' DAY", "TIMESTAMP(3)", "2024-02-23 08:05:09.120"),
        ("ts + (INTERVAL '1' DAY + INTERVAL '1' HOUR)", "TIMESTAMP(3)", "2024-03-02 09:05:09.120"),
        ("tm + ds", "TIME(0)", "10:08:13"),
        ("ts + CAST(NULL AS INTERVAL DAY)", "TIMESTAMP(3)", "NULL"),
        ("ts > ts - ds", "BOOLEAN", "TRUE"),
    ]);
}

#[test]
fn intervals_are_calculated_with_and_compared() {
    check(&[
        ("ds + INTERVAL '1' SECOND", DAY_TIME, "+1 02:03:05.005"),
        ("ds - ds", DAY_TIME, "+0 00:00:00.000"),
        ("ym - INTERVAL '1' YEAR", YEAR_MONTH, "-2-02"),
        ("ym * 2", YEAR_MONTH, "-2-04"),
        ("2 * ds", DAY_TIME, "+2 04:06:08.010"),
        ("ds / 5", DAY_TIME, "+0 05:12:36.801"),
        ("ds > INTERVAL '1' DAY", "BOOLEAN", "TRUE"),
        ("ym = INTERVAL '-14' MONTH", "BOOLEAN", "TRUE"),
        ("ds BETWEEN INTERVAL '1' HOUR AND INTERVAL '2' DAY", "BOOLEAN", "TRUE"),
        ("ds IN (INTERVAL '1' DAY, ds)", "BOOLEAN", "TRUE"),
        ("COALESCE(CAST(NULL AS INTERVAL DAY), ds)", DAY_TIME, "+1 02:03:04.005"),
        ("CASE WHEN b THEN ym ELSE INTERVAL '1' YEAR END", YEAR_MONTH, "-1-02"),
        ("GREATEST(ds, INTERVAL '2' DAY)", DAY_TIME, "+2 00:00:00.000"),
        ("NULLIF(ds, ds)", DAY_TIME, "NULL"),
    ]);
    assert!(evaluate("ds / (i - 7)", "").unwrap_err().contains("division by zero"));
}
