use super::{check, type_of};

#[test]
fn parts_of_a_value_are_reached() {
    check(&[
        ("a[1]", "INT", "10"),
        ("a[2]", "INT", "NULL"),
        ("a[4]", "INT", "NULL"),
        ("a[i]", "INT", "NULL"),
        ("a[i - 4]", "INT", "30"),
        ("m['k']", "INT", "1"),
        ("m['x']", "INT", "NULL"),
        ("m['n']", "INT", "NULL"),
        ("r.x", "INT", "3"),
        ("k.r.x + 1", "INT", "4"),
        ("r.y.z", "STRING", "deep"),
        ("(r).y.z", "STRING", "deep"),
        ("q.v[1]", "INT", "5"),
        ("q.o[2].p", "INT", "8"),
        ("q.o[2].w[1]", "STRING", "x"),
        ("CARDINALITY(a)", "INT", "3"),
        ("CARDINALITY(m)", "INT", "2"),
        ("ARRAY_CONTAINS(a, 30)", "BOOLEAN", "TRUE"),
        ("ARRAY_CONTAINS(a, NULL)", "BOOLEAN", "TRUE"),
        ("ARRAY_CONTAINS(a, 31)", "BOOLEAN", "FALSE"),
    ]);
}

#[test]
fn the_tables_name_may_come_before_a_part() {
    check(&[
        ("k.a[1]", "INT", "10"),
        ("k.m['k']", "INT", "1"),
        ("k.r.y.z", "STRING", "deep"),
        ("k.q.v[1]", "INT", "5"),
        ("k.q.v[i - 5]", "INT", "6"),
        ("k.q.t['key']", "INT", "9"),
        ("k.q.o[2].p", "INT", "8"),
        ("k.q.o[2].w[1]", "STRING", "x"),
        ("`k`.`q`.`o`[1].`p`", "INT", "7"),
        ("k.q.o[3].p", "INT", "NULL"),
        ("(k.q).v[1]", "INT", "5"),
        ("(k.q.o)[1].p", "INT", "7"),
        ("CARDINALITY(k.q.v)", "INT", "2"),
    ]);
}

#[test]
fn values_are_put_together() {
    check(&[
        ("ARRAY[1, i]", "ARRAY<INT>", "[1, 7]"),
        ("ARRAY[1, 2.5]", "ARRAY<DECIMAL(11, 1)>", "[1.0, 2.5]"),
        ("ARRAY['a', NULL][1]", "CHAR(1)", "a"),
        ("MAP['a', 1, 'b', i]", "MAP<CHAR(1), INT>", "{a=1, b=7}"),
        ("MAP['a', 1, 'a', 2]['a']", "INT", "2"),
        ("ROW(1, s)", "ROW<`EXPR$0` INT, `EXPR$1` STRING>", "(1, Grüße)"),
        ("ARRAY[ARRAY[1], ARRAY[2]][2][1]", "INT", "2"),
        ("CAST(ARRAY['1', '2'] AS ARRAY<INT>)", "ARRAY<INT>", "[1, 2]"),
    ]);
    assert_eq!(type_of("CAST(ROW(1, 'a') AS ROW<p BIGINT, q STRING>)"), "ROW<`p` BIGINT, `q` STRING>");
}

#[test]
fn a_decoded_array_of_floats_is_an_array_like_any_other() {
    check(&[
        ("fv[2]", "FLOAT", "2.0"),
        ("dv[3]", "DOUBLE", "NULL"),
        ("CARDINALITY(fv)", "INT", "2"),
        ("ROW(fv) <> ROW(fv)", "BOOLEAN", "FALSE"),
        ("ROW(fv) IS DISTINCT FROM ROW(fv)", "BOOLEAN", "FALSE"),
        ("ROW(fv) IN (ROW(fv))", "BOOLEAN", "TRUE"),
        ("ROW(fv) = ROW(fv)", "BOOLEAN", "TRUE"),
        ("ROW(fv) = ROW(ARRAY[CAST(0.5 AS FLOAT), CAST(2 AS FLOAT)])", "BOOLEAN", "TRUE"),
        ("ROW(ARRAY[CAST(0.5 AS FLOAT), f]) = ROW(fv)", "BOOLEAN", "FALSE"),
        ("ROW(ARRAY[CAST(0.5 AS FLOAT)]) = ROW(fv)", "BOOLEAN", "FALSE"),
        ("ARRAY_CONTAINS(fv, CAST(2 AS FLOAT))", "BOOLEAN", "TRUE"),
        ("ARRAY_CONTAINS(dv, d)", "BOOLEAN", "FALSE"),
        ("ARRAY_CONTAINS(dv, NULL)", "BOOLEAN", "FALSE"),
        ("CAST(fv AS ARRAY<DOUBLE>)", "ARRAY<DOUBLE>", "[0.5, 2.0]"),
        ("ROW(CAST(fv AS ARRAY<DOUBLE>)) = ROW(dv)", "BOOLEAN", "TRUE"),
        ("COALESCE(fv, dv)", "ARRAY<DOUBLE>", "[0.5, 2.0]"),
        ("ARRAY_CONTAINS(ARRAY[fv], fv)", "BOOLEAN", "TRUE"),
        ("MAP[fv, 1][fv]", "INT", "1"),
        ("CAST(dv AS ARRAY<INT>)", "ARRAY<INT>", "[0, 2]"),
        ("CAST(dv AS ARRAY<STRING>)", "ARRAY<STRING>", "[0.5, 2.0]"),
    ]);
}
