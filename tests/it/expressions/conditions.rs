use super::{check, evaluate};

#[test]
fn logic_has_three_values() {
    check(&[
        ("b AND nb", "BOOLEAN", "NULL"),
        ("NOT b AND nb", "BOOLEAN", "FALSE"),
        ("b OR nb", "BOOLEAN", "TRUE"),
        ("NOT nb", "BOOLEAN", "NULL"),
        ("nb IS TRUE", "BOOLEAN", "FALSE"),
        ("nb IS NOT TRUE", "BOOLEAN", "TRUE"),
        ("b IS FALSE", "BOOLEAN", "FALSE"),
        ("nb IS NOT FALSE", "BOOLEAN", "TRUE"),
        ("nb IS UNKNOWN", "BOOLEAN", "TRUE"),
        ("b IS NOT UNKNOWN", "BOOLEAN", "TRUE"),
        ("n IS NULL", "BOOLEAN", "TRUE"),
        ("n = n", "BOOLEAN", "NULL"),
        ("n IS DISTINCT FROM 1", "BOOLEAN", "TRUE"),
        ("n IS NOT DISTINCT FROM NULL", "BOOLEAN", "TRUE"),
        ("i IS NOT DISTINCT FROM 7", "BOOLEAN", "TRUE"),
        ("NOT i = 7 OR i > 6", "BOOLEAN", "TRUE"),
    ]);
}

#[test]
fn a_value_is_compared_with_several() {
    check(&[
        ("i BETWEEN 7 AND 8", "BOOLEAN", "TRUE"),
        ("i NOT BETWEEN 7 AND 8", "BOOLEAN", "FALSE"),
        ("i BETWEEN 8 AND 6", "BOOLEAN", "FALSE"),
        ("i BETWEEN SYMMETRIC 8 AND 6", "BOOLEAN", "TRUE"),
        ("i NOT BETWEEN SYMMETRIC 8 AND 6", "BOOLEAN", "FALSE"),
        ("i NOT BETWEEN SYMMETRIC 9 AND 8", "BOOLEAN", "TRUE"),
        ("i BETWEEN ASYMMETRIC 6 AND 8 AND b", "BOOLEAN", "TRUE"),
        ("i BETWEEN n AND 6", "BOOLEAN", "FALSE"),
        ("i BETWEEN n AND 8", "BOOLEAN", "NULL"),
        ("i IN (1, 7)", "BOOLEAN", "TRUE"),
        ("i IN (1, n)", "BOOLEAN", "NULL"),
        ("i IN (7, NULL)", "BOOLEAN", "TRUE"),
        ("i NOT IN (1, 2)", "BOOLEAN", "TRUE"),
        ("i NOT IN (1, NULL)", "BOOLEAN", "NULL"),
        ("n IN (1)", "BOOLEAN", "NULL"),
        ("i IN (7.0, 1)", "BOOLEAN", "TRUE"),
        ("v IN ('ab', 'abc')", "BOOLEAN", "TRUE"),
        ("dt IN (DATE '2024-03-01')", "BOOLEAN", "TRUE"),
        ("ts >= '2024-03-01 08:00:00'", "BOOLEAN", "TRUE"),
    ]);
}

#[test]
fn like_knows_two_wildcards() {
    check(&[
        ("v LIKE 'a%'", "BOOLEAN", "TRUE"),
        ("v LIKE 'a_'", "BOOLEAN", "FALSE"),
        ("v NOT LIKE '%b%'", "BOOLEAN", "FALSE"),
        ("s LIKE '__ü%'", "BOOLEAN", "TRUE"),
        ("'a%' LIKE 'a!%' ESCAPE '!'", "BOOLEAN", "TRUE"),
        ("ns LIKE '%'", "BOOLEAN", "NULL"),
    ]);
}

#[test]
fn a_case_has_the_type_that_its_values_share() {
    check(&[
        ("CASE WHEN i > 5 THEN 'high' ELSE 'no' END", "VARCHAR(4)", "high"),
        ("CASE i WHEN 1 THEN 'a' WHEN 7 THEN 'b' END", "CHAR(1)", "b"),
        ("CASE n WHEN 1 THEN 'a' ELSE 'b' END", "CHAR(1)", "b"),
        ("CASE WHEN nb THEN 1 END", "INT", "NULL"),
        ("CASE WHEN b THEN i ELSE l END", "BIGINT", "7"),
        ("CASE WHEN b THEN 1 ELSE 2.5 END", "DECIMAL(11, 1)", "1.0"),
        ("CASE WHEN b THEN i ELSE f END", "FLOAT", "7.0"),
        ("IF(b, 'yes', 'no')", "VARCHAR(3)", "yes"),
        ("IF(nb, 1, 2)", "INT", "2"),
        ("COALESCE(n, i, 1 / 0)", "INT", "7"),
        ("COALESCE(ns, 'x')", "STRING", "x"),
        ("IFNULL(n, 5)", "INT", "5"),
        ("NULLIF(i, 7)", "INT", "NULL"),
        ("NULLIF(i, 8)", "INT", "7"),
        ("NULLIF(i, n)", "INT", "7"),
    ]);
}

#[test]
fn a_branch_that_is_not_taken_is_not_computed() {
    assert_eq!(evaluate("IF(i = 7, 'ok', CAST(1 / 0 AS STRING))", ""), Ok("ok".into()));
    assert_eq!(evaluate("CASE WHEN i > 0 OR 1 / 0 > 1 THEN 'ok' END", ""), Ok("ok".into()));
}

#[test]
fn try_cast_is_null_where_cast_refuses() {
    check(&[
        ("TRY_CAST(s AS INT)", "INT", "NULL"),
        ("TRY_CAST('42' AS INT)", "INT", "42"),
        ("TRY_CAST('x' AS DATE)", "DATE", "NULL"),
        ("CAST(i AS DOUBLE)", "DOUBLE", "7.0"),
    ]);
    let reason = evaluate("CAST(s AS INT)", "").unwrap_err();
    assert!(reason.starts_with("found 'Grüße' where CAST(STRING AS INT) expected a number"), "{reason}");
}
