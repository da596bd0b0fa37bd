use super::{check, evaluate};

#[test]
fn arithmetic_has_flinks_types() {
    check(&[
        ("i + 1", "INT", "8"),
        ("i + l", "BIGINT", "5000000007"),
        ("t + t", "TINYINT", "-56"),
        ("2147483647 + i", "INT", "-2147483642"),
        ("i / 2", "INT", "3"),
        ("-i / 2", "INT", "-3"),
        ("i % 4", "INT", "3"),
        ("l % i", "INT", "2"),
        ("-7 % 4", "INT", "-3"),
        ("i * d", "DOUBLE", "17.5"),
        ("d / 0", "DOUBLE", "Infinity"),
        ("f + 1", "FLOAT", "1.1"),
        ("i + n", "INT", "NULL"),
        ("-i", "INT", "-7"),
        ("- -d", "DOUBLE", "2.5"),
        ("+i", "INT", "7"),
        ("1 + 2 * 3", "INT", "7"),
        ("(1 + 2) * 3", "INT", "9"),
        ("NULL + 1", "INT", "NULL"),
    ]);
}

#[test]
fn decimals_grow_by_the_rules_of_sql_server() {
    check(&[
        ("c + 1", "DECIMAL(13, 2)", "11.50"),
        ("c + c", "DECIMAL(11, 2)", "21.00"),
        ("c * c", "DECIMAL(21, 4)", "110.2500"),
        ("c / 3", "DECIMAL(21, 13)", "3.5000000000000"),
        ("c % 3", "DECIMAL(10, 2)", "1.50"),
        ("1.0 / 3", "DECIMAL(13, 12)", "0.333333333333"),
        ("c - 0.005", "DECIMAL(12, 3)", "10.495"),
        ("c * d", "DOUBLE", "26.25"),
        ("-c", "DECIMAL(10, 2)", "-10.50"),
        ("CAST(9999999999999999999999999999999999999 AS DECIMAL(38, 0)) * 100", "DECIMAL(38, 0)", "NULL"),
        ("CAST(1 AS DECIMAL(38, 18)) * CAST(1 AS DECIMAL(38, 18))", "DECIMAL(38, 6)", "1.000000"),
    ]);
}

#[test]
fn a_division_by_zero_refuses_the_row() {
    for expression in ["i / 0", "i % 0", "MOD(i, 0)", "c / 0", "1 / (i - 7)", "l % CAST(0 AS BIGINT)"] {
        assert_eq!(evaluate(expression, ""), Err("division by zero".into()), "{expression}");
    }
}

#[test]
fn functions_of_numbers() {
    check(&[
        ("ABS(-i)", "INT", "7"),
        ("ABS(-2.50)", "DECIMAL(3, 2)", "2.50"),
        ("ABS(-2147483648)", "INT", "-2147483648"),
        ("SIGN(-d)", "DOUBLE", "-1.0"),
        ("MOD(i, 4)", "INT", "3"),
        ("FLOOR(-2.5)", "DECIMAL(2, 0)", "-3"),
        ("CEIL(-2.5)", "DECIMAL(2, 0)", "-2"),
        ("FLOOR(d)", "DOUBLE", "2.0"),
        ("CEILING(d)", "DOUBLE", "3.0"),
        ("FLOOR(i)", "INT", "7"),
        ("ROUND(d)", "DOUBLE", "3.0"),
        ("ROUND(-d)", "DOUBLE", "-3.0"),
        ("ROUND(2.675, 2)", "DECIMAL(4, 2)", "2.68"),
        ("ROUND(CAST(2.675 AS DOUBLE), 2)", "DOUBLE", "2.68"),
        ("ROUND(1.005e0, 2)", "DOUBLE", "1.01"),
        ("ROUND(1e300, 2)", "DOUBLE", "1.0E300"),
        ("ROUND(1e-300, 2)", "DOUBLE", "0.0"),
        ("ROUND(155, -1)", "INT", "160"),
        ("ROUND(155, -3)", "INT", "0"),
        ("ROUND(c, 5)", "DECIMAL(10, 2)", "10.50"),
        ("ROUND(c, -1)", "DECIMAL(9, 0)", "10"),
        ("TRUNCATE(2.679, 2)", "DECIMAL(3, 2)", "2.67"),
        ("TRUNCATE(-2.9e0)", "DOUBLE", "-2.0"),
        ("POWER(2, 10)", "DOUBLE", "1024.0"),
        ("SQRT(i + 2)", "DOUBLE", "3.0"),
        ("SQRT(-1)", "DOUBLE", "NaN"),
        ("LN(EXP(1))", "DOUBLE", "1.0"),
        ("LOG10(1000)", "DOUBLE", "3.0"),
        ("GREATEST(i, l, 3)", "BIGINT", "5000000000"),
        ("LEAST(i, 7.5)", "DECIMAL(11, 1)", "7.0"),
        ("GREATEST(i, n)", "INT", "NULL"),
        ("GREATEST('a', 'bc')", "VARCHAR(2)", "bc"),
        ("ABS(NULL)", "INT", "NULL"),
    ]);
    assert_eq!(evaluate("ROUND(CAST('NaN' AS DOUBLE))", ""), Err("NaN and Infinity can't be rounded".into()));
}
