//! CREATE TABLE with metadata, computed columns and LIKE, and DROP.

use super::*;
use crate::sql::expression::Expression;
use crate::types::data_type::{DataType, RowField, UNBOUNDED};

fn column(index: usize, data_type: DataType) -> Expression {
    Expression::Column(index, data_type)
}

fn cast(expression: Expression, data_type: DataType) -> Expression {
    Expression::Cast(Box::new(expression), data_type)
}

#[test]
fn metadata_columns_come_after_the_physical_ones_but_a_star_keeps_the_declared_order() {
    let text = job_of(
        "topic STRING METADATA, id INT, part BIGINT METADATA FROM 'partition' VIRTUAL, v STRING, part2 INT METADATA FROM 'partition'",
        "a STRING, b INT, c BIGINT, d STRING, e INT",
        "INSERT INTO s SELECT * FROM k",
    );
    let job = job(&text);
    let names: Vec<&str> = job.sources[0].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "v"]);
    let keys: Vec<&str> = job.sources[0].record_metadata.iter().map(|column| column.key.as_str()).collect();
    assert_eq!(keys, ["topic", "partition"]);
    let expressions: Vec<&Expression> = job.mappings[0].expressions.iter().collect();
    let partition = column(3, DataType::Int);
    assert_eq!(
        expressions,
        [
            &column(2, DataType::STRING),
            &column(0, DataType::Int),
            &cast(partition.clone(), DataType::BigInt),
            &column(1, DataType::STRING),
            &partition
        ]
    );
}

#[test]
fn every_key_of_a_kafka_record_has_flinks_type() {
    let text = job_of(
        "hl ARRAY<ROW<`key` STRING, `value` BYTES>> METADATA FROM 'header-list', headers MAP<STRING, BYTES> METADATA,
         a INT METADATA FROM 'leader-epoch', `offset` BIGINT METADATA, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
         tt STRING METADATA FROM 'timestamp-type', v INT",
        "v INT",
        "INSERT INTO s SELECT v FROM k WHERE hl IS NOT NULL",
    );
    let bytes = DataType::Varbinary(UNBOUNDED);
    let field = |name: &str, data_type| RowField { name: name.into(), data_type };
    let header = DataType::Row(vec![field("key", DataType::STRING), field("value", bytes.clone())]);
    let expected = [
        ("offset", DataType::BigInt),
        ("leader-epoch", DataType::Int),
        ("timestamp", DataType::TimestampLtz { precision: 3 }),
        ("timestamp-type", DataType::STRING),
        ("headers", DataType::Map(Box::new(DataType::STRING), Box::new(bytes))),
        ("header-list", DataType::Array(Box::new(header))),
    ];
    let found = job(&text).sources.remove(0).record_metadata;
    let found: Vec<(&str, DataType)> =
        found.iter().map(|column| (column.key.as_str(), column.data_type.clone())).collect();
    assert_eq!(found, expected);
}

#[test]
fn headers_that_no_insert_uses_are_not_read() {
    let keys = |query: &str| {
        let columns =
            "headers MAP<STRING, BYTES> METADATA, v INT, `offset` BIGINT METADATA, part INT METADATA FROM 'partition'";
        let source = job(&job_of(columns, "v BIGINT", query)).sources.remove(0);
        source.record_metadata.into_iter().map(|column| column.key).collect::<Vec<_>>()
    };
    assert_eq!(keys("INSERT INTO s SELECT v FROM k"), Vec::<String>::new());
    assert_eq!(keys("INSERT INTO s SELECT part FROM k; INSERT INTO s SELECT `offset` FROM k"), ["partition", "offset"]);
    let all = ["partition", "offset", "headers"];
    assert_eq!(keys("INSERT INTO s SELECT v FROM k; INSERT INTO s SELECT v FROM k WHERE headers IS NULL"), all);
}

#[test]
fn the_error_for_an_unknown_metadata_key_lists_the_known_keys() {
    let found = only_error(&job_of("a INT METADATA FROM 'ofset', b INT", "b INT", "INSERT INTO s SELECT b FROM k"));
    assert_eq!(
        found,
        "1:37 table 'k' has no metadata 'ofset'; did you mean 'offset'? It has topic, partition, offset, leader-epoch, \
         timestamp, timestamp-type, headers, header-list"
    );
    let found = only_error(&job_of("`offset` DATE METADATA, b INT", "b INT", "INSERT INTO s SELECT b FROM k"));
    assert_eq!(found, "1:17 the metadata 'offset' is BIGINT, which can't be CAST to DATE");
    let found = only_error(&job_of(
        "a INT METADATA FROM 'value.source.table', b INT",
        "b INT",
        "INSERT INTO s SELECT b FROM k",
    ));
    assert!(found.starts_with("1:37 table 'k' has no metadata 'value.source.table'; it has topic"), "{found}");
}

#[test]
fn a_computed_column_stands_for_its_expression() {
    let mapping = mapping_of(
        "big AS CAST(id AS BIGINT) COMMENT 'wider', id INT, shown AS CAST(big AS STRING), at_noon AS `offset` > 12, `offset` BIGINT METADATA",
        "a BIGINT, b STRING",
        "INSERT INTO s SELECT big, shown FROM k WHERE at_noon",
    );
    let big = cast(column(0, DataType::Int), DataType::BigInt);
    assert_eq!(mapping.expressions[0], big);
    assert_eq!(mapping.expressions[1], cast(big, DataType::STRING));
    assert!(matches!(mapping.filter, Some(Expression::Compare(_, left, _)) if *left == column(1, DataType::BigInt)));
}

#[test]
fn an_error_in_a_computed_column_has_its_place_there() {
    let found = only_error(&job_of("a INT, b AS CAST(c AS INT)", "b INT", "INSERT INTO s SELECT a FROM k"));
    assert_eq!(found, "1:34 table 'k' has no column 'c'; did you mean 'a'?");
    let found = only_error(&job_of("a INT, b AS CAST(a AS)", "b INT", "INSERT INTO s SELECT a FROM k"));
    assert!(found.starts_with("1:38 expected"), "{found}");
}

#[test]
fn a_target_writes_only_its_physical_columns() {
    let Mapping { sink, .. } = mapping_of(
        "a INT, b INT",
        "x INT, t STRING METADATA VIRTUAL, y INT, z AS x + 1, PRIMARY KEY (y) NOT ENFORCED",
        "INSERT INTO s SELECT a, b FROM k",
    );
    let names: Vec<&str> = sink.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names, sink.declared_key), (vec!["x", "y"], Some(vec![1])));
    let found = only_error(&job_of("a INT", "x INT, t STRING METADATA", "INSERT INTO s SELECT a FROM k"));
    assert!(found.starts_with("2:24 not supported: column 't' is METADATA to be written"), "{found}");
    let found = errors(&job_of("a INT", "x INT, z AS x", "INSERT INTO s (z) SELECT a FROM k"));
    assert_eq!(found, ["3:16 column 'z' can't be written: it is METADATA or computed"]);
    let found = only_error(&job_of("a INT", "x INT, z AS x, PRIMARY KEY (z)", "INSERT INTO s SELECT a FROM k"));
    assert_eq!(found, "2:45 column 'z' can't be in the key: it is not stored, but METADATA or computed");
}

/// `k2` is declared `LIKE k`, and its columns feed `s`.
fn like(base_columns: &str, sink_columns: &str, like: &str) -> String {
    format!("{};\n{like};\nINSERT INTO s SELECT * FROM k2", job_of(base_columns, sink_columns, "SET 'a' = 'b'"))
}

#[test]
fn a_table_like_another_has_its_columns_and_options_but_own_options_count_first() {
    let text = like(
        "a INT, p INT METADATA FROM 'partition', c AS a",
        "a INT, p INT, c INT, d STRING",
        "CREATE TABLE k2 (d STRING) WITH ('topic' = 'other') LIKE k",
    );
    let source = &job(&text).sources[0];
    assert_eq!((source.table.as_str(), source.kafka.topics.to_string()), ("k2", "topic other".to_string()));
    assert_eq!(source.kafka.brokers, "b:9092");
    let names: Vec<&str> = source.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names, source.record_metadata.len()), (vec!["a", "d"], 1));
}

#[test]
fn like_takes_over_what_its_options_say() {
    let source = |options: &str, columns: &str, sink: &str| {
        let like_clause = format!("CREATE TABLE k2 ({columns}) WITH ({SOURCE_OPTIONS}) LIKE k ({options})");
        job(&like("a INT, p INT METADATA FROM 'partition', c AS a", sink, &like_clause)).sources.remove(0)
    };
    let names = |source: &crate::job::settings::source::Source| {
        source.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>()
    };
    let excluded = source("EXCLUDING ALL", "d INT", "a INT, d INT");
    assert_eq!((names(&excluded), excluded.record_metadata.len()), (vec!["a".into(), "d".into()], 0));
    let generated = source("EXCLUDING ALL, INCLUDING METADATA", "c INT", "a INT, p INT, c INT");
    assert_eq!((names(&generated), generated.record_metadata.len()), (vec!["a".into(), "c".into()], 1));
    let overwriting = source(
        "OVERWRITING METADATA OVERWRITING GENERATED",
        "p BIGINT METADATA FROM 'offset', c AS a",
        "a INT, p BIGINT, c INT",
    );
    assert_eq!(overwriting.record_metadata[0].key, "offset");
}

#[test]
fn an_error_names_what_both_tables_of_a_like_have() {
    for (statement, error) in [
        ("CREATE TABLE k2 (a INT) LIKE k", "4:18 table 'k', which it is LIKE, has a column 'a' already"),
        (
            "CREATE TABLE k2 WITH ('topic' = 'x') LIKE k (INCLUDING OPTIONS)",
            "4:23 option 'topic' is in table 'k' already",
        ),
        ("CREATE TABLE k2 LIKE nope", "4:22 unknown table 'nope'; a CREATE TABLE must come before it"),
        ("CREATE TABLE k2 LIKE k (OVERWRITING CONSTRAINTS)", "4:37 CONSTRAINTS can be INCLUDING or EXCLUDING"),
        ("CREATE TABLE k2 LIKE k (INCLUDING COLUMNS)", "4:35 expected one of ALL, CONSTRAINTS, "),
        ("CREATE TABLE k2 (LIKE k)", "4:18 LIKE comes after the columns and options"),
        ("CREATE TABLE k2", "4:16 expected the columns: '(', or LIKE"),
    ] {
        let found = only_error(&like("a INT", "a INT", statement));
        assert!(found.starts_with(error), "{statement}: {found}");
    }
}

#[test]
fn a_key_is_taken_over_by_like_unless_it_is_excluded() {
    let text = |options: &str| {
        format!(
            "CREATE TABLE t (a INT PRIMARY KEY NOT ENFORCED) WITH ({SINK_OPTIONS});\n\
             CREATE TABLE k2 WITH ({SOURCE_OPTIONS}) LIKE t ({options});\nINSERT INTO t SELECT * FROM k2;"
        )
    };
    assert_eq!(job(&text("EXCLUDING OPTIONS EXCLUDING CONSTRAINTS")).sources.len(), 1);
    let found = only_error(&text("EXCLUDING OPTIONS"));
    assert!(found.contains("table 'k2' can't have a PRIMARY KEY") && found.starts_with("2:"), "{found}");
}

#[test]
fn a_dropped_table_may_be_declared_again() {
    let text = format!(
        "{};\nDROP TABLE k; DROP TEMPORARY TABLE IF EXISTS nope;\nCREATE TABLE k (b STRING) WITH ({SOURCE_OPTIONS});\n\
         INSERT INTO s SELECT CAST(b AS INT) FROM k",
        job_of("a INT", "c INT", "INSERT INTO s SELECT a FROM k")
    );
    let job = job(&text);
    assert_eq!((job.sources.len(), job.mappings[1].source), (2, 1));
    assert_eq!(job.sources[1].columns[0].name, "b");
    let gone = job_of("a INT", "c INT", "DROP TABLE k; INSERT INTO s SELECT a FROM k");
    assert_eq!(only_error(&gone), "3:43 unknown table 'k'; did you mean 's'?");
    assert_eq!(
        only_error(&format!("DROP TABLE nope;{GUIDE}")),
        "1:12 unknown table 'nope'; a CREATE TABLE must come before it"
    );
}

#[test]
fn the_error_for_an_unknown_table_of_the_command_line_lists_the_tables() {
    let overrides = [Override { table: "target".into(), option: "batchsize".into(), value: "1".into() }];
    let error = parse_with(GUIDE, &overrides, &|_| Vec::new()).unwrap_err().to_string();
    assert!(
        error.contains("-D target.batchsize: unknown table 'target'; the job file has vector_ingest, vector_kafka"),
        "{error}"
    );
}
