//! Views, queries in FROM, WITH, UNION ALL and statement sets.

use super::*;
use crate::sql::expression::{Comparison, Expression, Literal};
use crate::types::data_type::DataType;

fn column(index: usize, data_type: DataType) -> Expression {
    Expression::Column(index, data_type)
}

fn above(index: usize, bound: i64) -> Expression {
    let bound = Expression::Literal(Literal::Int(bound), DataType::Int);
    Expression::Compare(Comparison::Greater, Box::new(column(index, DataType::Int)), Box::new(bound))
}

#[test]
fn the_name_of_a_view_is_replaced_by_its_query() {
    for query in [
        "CREATE VIEW v AS SELECT b AS x, a FROM k WHERE a > 1;\nINSERT INTO s SELECT x FROM v WHERE v.x > 2",
        "CREATE TEMPORARY VIEW IF NOT EXISTS v (x COMMENT 'the b', y) COMMENT 'c' AS (SELECT b, a FROM k WHERE a > 1);
         CREATE VIEW w AS SELECT x FROM v;\nINSERT INTO s SELECT * FROM w q WHERE q.x > 2",
        "INSERT INTO s SELECT q.x FROM (SELECT b AS x, a FROM k WHERE a > 1) AS q WHERE x > 2",
        "INSERT INTO s SELECT x FROM (SELECT b, a FROM k WHERE a > 1) q(x, y) WHERE x > 2",
        "INSERT INTO s WITH k AS (SELECT b AS x FROM k WHERE a > 1), w AS (SELECT x FROM k) SELECT x FROM w WHERE x > 2",
    ] {
        let job = job(&job_of("a INT, b INT", "c INT", query));
        assert_eq!(job.mappings[0].expressions[0], column(1, DataType::Int), "{query}");
        let both = Expression::And(Box::new(above(0, 1)), Box::new(above(1, 2)));
        assert_eq!(job.mappings[0].filter, Some(both), "{query}");
        assert_eq!((job.sources.len(), job.sources[0].table.as_str()), (1, "k"), "{query}");
    }
}

#[test]
fn inserts_from_a_table_and_through_views_of_it_share_its_source() {
    let text = job_of(
        "a INT",
        "c INT",
        "CREATE VIEW v AS SELECT a FROM k; CREATE VIEW unused AS SELECT a FROM k2;
         INSERT INTO s SELECT a FROM k; INSERT INTO s SELECT a FROM v; INSERT INTO s SELECT a FROM (SELECT a FROM v)",
    );
    let text = format!("CREATE TABLE k2 (a INT) WITH ({SOURCE_OPTIONS});\n{text}");
    let job = job(&text);
    assert_eq!(job.sources.len(), 1);
    assert_eq!(job.mappings.iter().map(|mapping| mapping.source).collect::<Vec<_>>(), [0, 0, 0]);
    assert_eq!(job.notices, ["view 'unused' is not used"]);
}

#[test]
fn each_select_of_a_union_all_becomes_a_mapping() {
    let text = job_of(
        "a INT, b INT",
        "c INT",
        "INSERT INTO s (SELECT a FROM k UNION ALL SELECT b FROM k WHERE a > 1) UNION ALL SELECT 7 FROM k",
    );
    let job = job(&text);
    let fed: Vec<&Expression> = job.mappings.iter().map(|mapping| &mapping.expressions[0]).collect();
    let seven = Expression::Literal(Literal::Int(7), DataType::Int);
    assert_eq!(fed, [&column(0, DataType::Int), &column(1, DataType::Int), &seven]);
    assert_eq!(
        job.mappings.iter().map(|mapping| mapping.sink.name.as_str()).collect::<Vec<_>>(),
        ["public.out", "public.out#2", "public.out#3"]
    );
    assert_eq!((&job.mappings[0].filter, &job.mappings[1].filter), (&None, &Some(above(0, 1))));
}

#[test]
fn inserts_may_be_in_a_statement_set() {
    for framed in [
        "BEGIN STATEMENT SET; INSERT INTO s SELECT a FROM k; INSERT INTO s SELECT b FROM k; END",
        "EXECUTE STATEMENT SET BEGIN INSERT INTO s SELECT a FROM k; INSERT INTO s SELECT b FROM k; END",
        "BEGIN STATEMENT SET; END; EXECUTE INSERT INTO s SELECT a FROM k; INSERT INTO s SELECT b FROM k",
    ] {
        assert_eq!(job(&job_of("a INT, b INT", "c INT", framed)).mappings.len(), 2, "{framed}");
    }
    for (framed, error) in [
        ("BEGIN STATEMENT SET; INSERT INTO s SELECT a FROM k", "3:1 STATEMENT SET without its END"),
        ("INSERT INTO s SELECT a FROM k; END", "3:32 END without its BEGIN STATEMENT SET"),
        (
            "BEGIN STATEMENT SET; SET 'a' = 'b'; INSERT INTO s SELECT a FROM k; END",
            "3:22 a STATEMENT SET holds INSERT INTO",
        ),
        ("BEGIN STATEMENT SET; BEGIN STATEMENT SET; INSERT INTO s SELECT a FROM k; END", "3:22 a STATEMENT SET inside"),
        ("BEGIN STATEMENT SET; INSERT INTO s SELECT a FROM k; END s", "3:57 expected ';' after END"),
    ] {
        let found = errors(&job_of("a INT", "c INT", framed));
        assert!(found[0].starts_with(error), "{framed}: {found:?}");
    }
}

#[test]
fn an_error_in_a_view_is_reported_once_and_at_its_place() {
    for (statements, error) in [
        (
            "CREATE VIEW v AS SELECT x FROM k; INSERT INTO s SELECT y FROM v",
            "3:25 table 'k' has no column 'x'; did you mean 'a'?",
        ),
        (
            "CREATE VIEW v (x) AS SELECT a, a FROM k; INSERT INTO s SELECT x FROM v",
            "3:22 the query has 2 columns, but 1 name for them",
        ),
        (
            "CREATE VIEW v AS SELECT a, a FROM k; INSERT INTO s SELECT a FROM v",
            "3:18 two columns are called 'a'; rename one with AS",
        ),
        ("CREATE VIEW v AS SELEC a FROM k; INSERT INTO s SELECT a FROM v", "3:18 expected SELECT, found a name"),
        (
            "CREATE VIEW k AS SELECT a FROM k; INSERT INTO s SELECT a FROM k",
            "3:13 table 'k' is declared already, in line 1",
        ),
        (
            "CREATE VIEW v AS SELECT a FROM k; INSERT INTO v SELECT a FROM k",
            "3:47 'v' is a view, which can't be written to",
        ),
        (
            "CREATE VIEW v AS SELECT a FROM k; DROP TABLE v; INSERT INTO s SELECT a FROM k",
            "3:46 'v' is a view; write DROP VIEW",
        ),
        (
            "CREATE VIEW v AS SELECT a FROM k; DROP VIEW v; INSERT INTO s SELECT a FROM v",
            "3:76 unknown table 'v'; did you mean 'k'?",
        ),
        (
            "CREATE VIEW v AS SELECT a FROM k; DROP TABLE k; INSERT INTO s SELECT a FROM v",
            "3:77 view 'v' reads table 'k', which has been dropped",
        ),
        (
            "CREATE VIEW v AS SELECT a FROM s; INSERT INTO s SELECT a FROM v",
            "3:32 not supported: table 's' with 'connector' = 'adbpg' can't be read from",
        ),
    ] {
        let found = only_error(&job_of("a INT", "c INT", statements));
        assert!(found.starts_with(error), "{statements}: {found}");
    }
}

#[test]
fn views_that_double_a_column_again_and_again_are_refused() {
    let mut text = String::from("CREATE VIEW v0 AS SELECT a = 1 AS x FROM k;\n");
    for view in 1..64 {
        text += &format!("CREATE VIEW v{view} AS SELECT x AND x AS x FROM v{};\n", view - 1);
    }
    let found = only_error(&job_of("a INT", "c BOOLEAN", &format!("{text}INSERT INTO s SELECT x FROM v63")));
    assert!(found.contains("the expression is too large with its views"), "{found}");
}
