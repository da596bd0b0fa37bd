use super::job;

#[test]
fn what_is_wrong_with_a_call_is_said_with_its_place() {
    for (expression, reason) in [
        ("UPPR(s)", "unknown function UPPR; did you mean UPPER?"),
        ("FROBNICATE(s)", "unknown function FROBNICATE"),
        ("UPPER(i)", "UPPER is called as UPPER(text), found (INT)"),
        ("UPPER(s, s)", "UPPER is called as UPPER(text), found (STRING, STRING)"),
        ("LPAD(s, 'x', 1)", "LPAD is called as LPAD(text, length, pad), found (STRING, CHAR(1), INT)"),
        ("CONCAT(s, i)", "CONCAT is called as CONCAT(text, …), found (STRING, INT)"),
        ("IF(i, 1, 2)", "IF is called as IF(condition, value, other), found (INT, INT, INT)"),
        ("REGEXP_REPLACE(s, '(a)\\1', '')", "the regular expression '(a)\\1' has a back reference"),
        ("REGEXP_REPLACE(s, s, '')", "not supported: a regular expression that is no constant text"),
        ("REGEXP_EXTRACT(s, 'a', 1)", "has no group 1"),
        ("DATE_FORMAT(ts, 'YYYY')", "the format 'YYYY' has 'YYYY', the year of weeks"),
        ("TO_TIMESTAMP_LTZ(i, 6)", "the precision is 0 (seconds) or 3 (milliseconds), not 6"),
        ("TO_TIMESTAMP_LTZ(s, 3)", "TO_TIMESTAMP_LTZ is called as"),
        ("s + 1", "arithmetic takes numbers, found STRING and INT"),
        ("ts - ts", "see TIMESTAMPDIFF"),
        ("s || i", "|| takes two texts, found STRING and INT"),
        ("-s", "- takes a number, found STRING"),
        ("i LIKE 'x'", "LIKE takes a text, found INT"),
        ("s LIKE v", "a pattern of LIKE that is no constant"),
        ("s SIMILAR TO 'x'", "not supported: SIMILAR TO"),
        ("i IN ('x')", "INT and CHAR(1) can't be compared"),
        ("CASE WHEN b THEN 1 ELSE 'x' END", "INT and CHAR(1) have no type in common"),
        ("CASE WHEN i THEN 1 END", "expected a condition, found a value of type INT"),
        ("COALESCE(i, s)", "INT and STRING have no type in common"),
        ("a[0]", "the first element of an ARRAY has the index 1"),
        ("a['x']", "an ARRAY has integer indexes, found CHAR(1)"),
        ("m[1]", "the MAP has keys of type CHAR(1), found INT"),
        ("i[1]", "takes an element of an ARRAY or a MAP, found INT"),
        ("r.w", "the ROW has no field 'w'; did you mean 'x'?"),
        ("i.x", "'.x' takes a field of a ROW, found INT"),
        ("COUNT(*)", "not supported: aggregates such as COUNT"),
        ("ROW_NUMBER() OVER (ORDER BY i)", "not supported: OVER"),
        ("i IN (SELECT i FROM k)", "not supported: subqueries"),
        ("dt + INTERVAL '1' HOUR", "a DATE has no hours"),
        ("ts + INTERVAL '1' FORTNIGHT", "FORTNIGHT"),
        ("EXTRACT(TIMEZONE FROM ts)", "unknown unit TIMEZONE"),
        ("GREATEST(a, a)", "have no order"),
        ("ARRAY_CONTAINS(a, s)", "the elements are of type INT, found STRING"),
    ] {
        let error = job(expression, "").map(drop).unwrap_err();
        assert!(error.starts_with("line 5, column ") && error.contains(reason), "{expression}: {error}");
    }
}
