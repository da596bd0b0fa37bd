//! Every error names the place of the token that is wrong, and all errors are reported at once.

use super::*;

#[test]
fn all_errors_of_a_file_come_at_once_in_its_order() {
    let text = "\
CREATE TABLE s (id INT, name VARCHAR(0)) WITH ('connector' = 'adbpg');
CREATE TABLE t (id INT, name STRING) WITH (
  'connector' = 'adbpg', 'url' = 'jdbc:mysql://h/d', 'username' = 'u', 'password' = 'p',
  'batchsiz' = '10', 'writemode' = '3', 'conflictmode' = 'replace', 'maxretrytimes' = '0');
CREATE TABLE k (id INT, name STRING) WITH ('connector' = 'kafka', 'format' = 'orcs', 'topic' = 'a,b');
INSERT INTO t SELECT id, nmae FROM k;
INSERT INTO missing SELECT * FROM k;
INSERT INTO s SELECT * FROM k;
ALTER TABLE k";
    let valid = errors(text);
    let starts = [
        "1:38 a length is from 1 to",
        "2:14 table 't': option 'tablename' is required",
        "3:34 option 'url' must start with jdbc:postgresql://",
        "4:3 unknown option 'batchsiz' for connector 'adbpg'; did you mean 'batchsize'?",
        "4:36 option 'writemode' = '3' (merge) is not supported",
        "4:58 option 'conflictmode' = 'replace' must be one of ignore, strict, update, upsert",
        "4:87 option 'maxretrytimes' = '0' must be a whole number from 1 to",
        "5:14 table 'k': option 'properties.bootstrap.servers' is required",
        "5:14 table 'k': option 'scan.startup.mode' = 'group-offsets' (the default) needs 'properties.group.id'",
        "5:78 option 'format' = 'orcs' is unknown",
        "5:96 option 'topic' = 'a,b' has a ',' in it",
        "6:26 table 'k' has no column 'nmae'; did you mean 'name'?",
        "7:13 unknown table 'missing'; a CREATE TABLE must come before it",
        "9:1 not supported: ALTER statements",
    ];
    for (error, start) in valid.iter().zip(starts) {
        assert!(error.starts_with(start), "{start}\n{error}");
    }
    assert_eq!(valid.len(), starts.len(), "{valid:#?}");
}

#[test]
fn a_statement_has_one_syntax_error_and_reading_goes_on_after_it() {
    for (statement, error) in [
        ("CREATE TABLE t (a INT,) WITH ('connector' = 'x')", "1:23 expected a column name, found ')'"),
        ("CREATE TABLE t (a INT) WITH ('connector' = 'x',)", "1:48 expected an option in single quotes, found ')'"),
        (
            "CREATE TABLE t (a INT) WITH (\"connector\" = 'x')",
            "1:30 expected an option in single quotes, found a string in double quotes (Flink SQL needs single quotes)",
        ),
        (
            "CREATE TABLE t (a INT b INT) WITH ('connector' = 'x')",
            "1:23 expected ',' or ')' after the column, found a name",
        ),
        ("CREATE TABLE t (a INTT) WITH ('connector' = 'x')", "1:19 unknown type INTT"),
        ("CREATE TABLE t (a TEXT) WITH ('connector' = 'x')", "1:19 unknown type TEXT; Flink SQL calls it STRING"),
        (
            "CREATE TABLE t (a DECIMAL(39)) WITH ('connector' = 'x')",
            "1:27 the number of digits of a DECIMAL is from 1 to 38, not 39",
        ),
        (
            "CREATE TABLE t (a INT, PRIMARY KEY (a, a)) WITH ('connector' = 'x')",
            "1:40 column 'a' is listed twice in the key",
        ),
        (
            "CREATE TABLE t (a INT, a INT) WITH ('connector' = 'x')",
            "1:24 column 'a' is declared twice, first in line 1",
        ),
        ("CREATE TABLE t (a INT)", "1:23 expected WITH, found the end of the statement"),
        ("CREATE TABLE t (a INT) WITH ('connector' = 'x') x", "1:49 expected ';' and the next statement, found a name"),
        (
            "INSERT vector_ingest SELECT 1",
            "1:1 expected a statement (CREATE TABLE, CREATE VIEW, INSERT INTO or SET), found 'INSERT'",
        ),
        ("SELEC 1", "1:1 expected a statement (CREATE TABLE, CREATE VIEW, INSERT INTO or SET), found a name"),
        ("INSERT INTO vector_ingest SELECT FROM WHERE", "1:39 expected an expression, found FROM"),
        ("INSERT INTO vector_ingest SELECT (1 FROM k", "1:37 expected ), found FROM"),
        ("INSERT INTO vector_ingest SELECT 1 FROM k k2 k3", "1:46 unexpected 'k3' after the query"),
    ] {
        assert_eq!(only_error(&format!("{statement};\n{GUIDE}")), error, "{statement}");
    }
}

#[test]
fn what_is_not_supported_is_named_with_its_place() {
    for (statement, error) in [
        ("CREATE VIEW v AS SELECT 1", "1:18 not supported: a query without FROM"),
        ("CREATE TABLE t (a ROW<b RAW('x', 'y')>) WITH ('connector' = 'x')", "1:25 not supported: type RAW"),
        ("CREATE TABLE t WITH ('connector' = 'x') AS SELECT 1", "1:41 not supported: CREATE TABLE … AS SELECT"),
        ("CREATE CATALOG c WITH ('type' = 'jdbc')", "1:1 not supported: catalogs"),
        ("USE CATALOG c", "1:1 not supported: catalogs"),
        ("CREATE DATABASE d", "1:1 not supported: databases"),
        ("CREATE FUNCTION f AS 'a.B'", "1:1 not supported: CREATE FUNCTION"),
        ("DROP FUNCTION f", "1:1 not supported: DROP of anything but"),
        ("ALTER TABLE t SET ('a' = 'b')", "1:1 not supported: ALTER"),
        ("EXPLAIN SELECT 1", "1:1 not supported: EXPLAIN statements"),
        ("EXECUTE SELECT 1", "1:1 not supported: EXECUTE of anything but"),
        ("INSERT OVERWRITE vector_ingest SELECT 1", "1:1 not supported: INSERT OVERWRITE"),
        ("SELECT /*+ OPTIONS('a' = 'b') */ 1", "1:8 not supported: hints"),
    ] {
        let errors = errors(&format!("{statement};\n{GUIDE}"));
        assert!(errors.iter().any(|found| found.starts_with(error)), "{statement}: {errors:?}");
    }
    for (query, error) in [
        ("SELECT a::INT FROM k", "3:22 not supported: any cast but CAST"),
        ("SELECT SUM(a) FROM k", "3:22 not supported: aggregates such as SUM"),
        ("SELECT a FROM k JOIN k AS l ON k.a = l.a", "not supported: joins"),
        ("SELECT a FROM k, k AS l", "not supported: joins"),
        ("SELECT a FROM k UNION SELECT a FROM k", "not supported: UNION without ALL"),
        ("SELECT a FROM k EXCEPT SELECT a FROM k", "not supported: EXCEPT"),
        ("SELECT a FROM (SELECT a FROM k UNION ALL SELECT a FROM k)", "not supported: UNION ALL inside another"),
        ("SELECT a FROM (VALUES (1)) AS v(a)", "not supported: VALUES"),
        (
            "SELECT a FROM TABLE(TUMBLE(TABLE k, DESCRIPTOR(a), INTERVAL '1' DAY))",
            "3:29 not supported: windows and other table",
        ),
        ("SELECT a FROM k, LATERAL TABLE(f(a)) AS t(x)", "not supported: windows and other table functions"),
        ("SELECT a FROM k JOIN LATERAL (SELECT 1) ON TRUE", "not supported: joins"),
        ("SELECT a FROM k LEFT JOIN k FOR SYSTEM_TIME AS OF x AS l ON TRUE", "3:43 not supported: temporal joins"),
        ("SELECT a FROM UNNEST(ARRAY[1]) AS u(a)", "not supported: "),
        ("SELECT a FROM k GROUP BY a", "3:40 not supported: GROUP BY"),
        ("SELECT a FROM k ORDER BY a", "not supported: ORDER BY"),
        ("SELECT a FROM k LIMIT 1", "not supported: LIMIT"),
        ("SELECT DISTINCT a FROM k", "not supported: SELECT DISTINCT"),
        ("WITH RECURSIVE q AS (SELECT 1) SELECT * FROM q", "not supported: WITH RECURSIVE"),
        ("SELECT a FROM k HAVING a > 1", "3:38 not supported: HAVING"),
    ] {
        let error_found = only_error(&job_of("a INT", "c INT", &format!("INSERT INTO s {query}")));
        assert!(error_found.contains(error) && error_found.starts_with("3:"), "{query}: {error_found}");
    }
}

#[test]
fn the_error_for_a_value_of_another_type_asks_for_a_cast() {
    for (query, source, sink, error) in [
        ("a", "a BIGINT", "c INT", "3:22 a BIGINT goes into column 'c' INT of table 's' only as CAST(a AS INT)"),
        ("a", "a STRING", "c INT", "3:22 a STRING goes into column 'c' INT of table 's' only as CAST(a AS INT)"),
        ("a", "a INT", "c DATE", "3:22 a INT can't be converted for column 'c' DATE of table 's'"),
        ("CAST(a AS DATE)", "a INT", "c DATE", "3:27 a value of type INT can't be CAST to DATE"),
        ("NULL", "a INT", "c INT NOT NULL", "3:22 NULL can't go into column 'c' INT of table 's', which is NOT NULL"),
        ("b", "a INT", "c INT", "3:22 table 'k' has no column 'b'; did you mean 'a'?"),
        ("x.a", "a INT", "c INT", "3:22 unknown table 'x'; the query reads 'k'"),
        (
            "DATE '2023-02-30'",
            "a INT",
            "c DATE",
            "3:27 '2023-02-30' is not a valid DATE; write it as DATE '2024-03-01'",
        ),
        ("a, a", "a INT", "c INT", "3:15 the query has 2 columns but 's' takes 1 (c)"),
        (
            "5L",
            "a INT",
            "c INT",
            "3:22 Flink SQL has no suffix 'L'; write 5, which becomes a BIGINT where one is needed",
        ),
        ("CAST(a AS VARCHAR2)", "a INT", "c STRING", "3:27 unknown type VARCHAR2"),
    ] {
        let text = job_of(source, sink, &format!("INSERT INTO s SELECT {query} FROM k"));
        assert_eq!(only_error(&text), error, "{query}");
    }
}

#[test]
fn where_takes_only_a_condition() {
    for (condition, error) in [
        ("a", "3:37 expected a condition, found a value of type INT"),
        ("a = 'x'", "3:37 INT and CHAR(1) can't be compared; CAST one of them"),
        (
            "b = \"x\"",
            "3:41 double quotes have no meaning in Flink SQL; write a string in single quotes, a name in back-quotes",
        ),
    ] {
        let text = job_of("a INT, b STRING", "c INT", &format!("INSERT INTO s SELECT a FROM k WHERE {condition}"));
        assert_eq!(only_error(&text), error, "{condition}");
    }
}

#[test]
fn an_insert_must_list_columns_that_exist_once_and_all_that_must_not_be_null() {
    let text = job_of("a INT", "c INT, d INT NOT NULL", "INSERT INTO s (c, c, x) SELECT a, a, a FROM k");
    assert_eq!(
        errors(&text),
        [
            "3:13 column 'd' is NOT NULL, so the INSERT must list it",
            "3:19 column 'c' is listed twice",
            "3:22 table 's' has no column 'x'"
        ]
    );
}

#[test]
fn tables_can_only_be_used_for_what_their_connector_does() {
    let text = job_of("a INT", "c INT", "INSERT INTO k SELECT * FROM s");
    let errors = errors(&text);
    assert!(errors[0].starts_with("3:13 not supported: table 'k' with 'connector' = 'kafka' can't be written to"));
    assert!(errors[1].starts_with("3:29 not supported: table 's' with 'connector' = 'adbpg' can't be read from"));
}

#[test]
fn a_broken_table_is_not_called_unknown() {
    let text = GUIDE.replace("feature string", "feature strnig");
    assert_eq!(only_error(&text), "6:97 unknown type STRNIG");
}

#[test]
fn a_file_without_an_insert_has_nothing_to_do() {
    assert_eq!(only_error("SET 'a' = 'b';"), "the job file has no INSERT INTO, so there is nothing to do");
    assert_eq!(only_error("-- nothing"), "the job file has no INSERT INTO, so there is nothing to do");
}

#[test]
fn a_quote_that_is_not_closed_is_found_where_it_opens() {
    let text = GUIDE.replace("'retrywaittime' = '200'", "'retrywaittime' = '200");
    assert!(only_error(&text).contains("Unterminated string literal"), "{}", only_error(&text));
}

#[test]
fn an_option_of_the_command_line_is_named_in_full() {
    let replacement = |table: &str, option: &str, value: &str| Override {
        table: table.into(),
        option: option.into(),
        value: value.into(),
    };
    let overrides = [
        replacement("vector_ingest", "batchsize", "many"),
        replacement("vector_ingst", "x", "y"),
        replacement("vector_ingest", "x", "y"),
    ];
    let error = parse_with(GUIDE, &overrides, &|_| Vec::new()).unwrap_err().to_string();
    assert!(error.contains("-D vector_ingest.batchsize = 'many' must be a whole number"), "{error}");
    assert!(
        error.contains("-D vector_ingst.x: unknown table 'vector_ingst'; did you mean 'vector_ingest'?"),
        "{error}"
    );
    assert!(error.contains("-D vector_ingest.x: unknown option 'x'"), "{error}");
}
