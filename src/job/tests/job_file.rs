//! Statements in the spellings that Flink takes, and the job that they make.

use std::time::Duration;

use super::*;
use crate::formats::format::Format;
use crate::settings::kafka::{Bounded, Startup};
use crate::settings::{ConflictMode, ExceptionMode, Host, WriteMode};
use crate::sql::expression::Expression;
use crate::sql::parse;
use crate::types::data_type::DataType;

#[test]
fn the_guides_job_becomes_one_source_and_one_sink() {
    let job = job(GUIDE);
    assert_eq!(job.notices, Vec::<String>::new());
    assert_eq!(job.name(), Some("job"));
    assert_eq!(job.buffer_memory, 32 << 20);
    assert_eq!(job.max_outage, None);

    let source = &job.sources[0];
    assert_eq!(source.table, "vector_kafka");
    let types: Vec<&DataType> = source.columns.iter().map(|column| &column.data_type).collect();
    let timestamp = DataType::Timestamp { precision: 6 };
    assert_eq!(types, [&DataType::Int, &timestamp, &DataType::Varchar(10), &DataType::Int, &DataType::STRING]);
    assert_eq!(source.kafka.brokers, "broker:9092");
    assert_eq!(source.kafka.topics.to_string(), "topic vector_ingest");
    assert_eq!(source.kafka.startup, Startup::Earliest);
    assert_eq!(source.kafka.bounded, Bounded::Unbounded);
    assert_eq!(source.kafka.discovery_interval, Some(Duration::from_secs(300)));
    let Format::Csv(csv) = &source.format else { panic!("{:?}", source.format) };
    assert_eq!((csv.field_delimiter, csv.quote_character), ('\t', Some('"')));

    let mapping = &job.mappings[0];
    let sink = &mapping.sink;
    assert_eq!((sink.name.as_str(), mapping.source), ("vector_test.car_info", 0));
    assert_eq!((sink.schema.as_str(), sink.table.as_str()), ("vector_test", "car_info"));
    assert_eq!(sink.connection.hosts, [Host::tcp("db.example", 5432)]);
    assert_eq!((sink.connection.database.as_str(), sink.connection.user.as_str()), ("adbpg_test", "writer"));
    assert_eq!(sink.connection.password.reveal(), "S3cret!");
    assert_eq!((sink.batch_size, sink.connection_max_active), (Some(3000), 20));
    assert_eq!(sink.batch_write_timeout, Duration::from_secs(10));
    assert_eq!((sink.max_retry_times, sink.retry_wait_time), (2, Duration::from_millis(200)));
    assert_eq!((sink.write_mode, sink.conflict_mode), (WriteMode::Copy, ConflictMode::Ignore));
    assert_eq!((sink.exception_mode, &sink.dead_letter), (ExceptionMode::Ignore, &None));
    assert_eq!((&mapping.filter, &sink.declared_key), (&None, &None));
    let names: Vec<&str> = sink.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["id", "market_time", "color", "price", "feature"]);
    for (index, column) in sink.columns.iter().enumerate() {
        let as_is = Expression::Column(index, source.columns[index].data_type.clone());
        assert_eq!((&mapping.expressions[index], &column.data_type), (&as_is, &source.columns[index].data_type));
        assert!(!column.not_null);
    }
}

#[test]
fn keywords_comments_and_back_quotes_may_be_written_as_flink_takes_them() {
    let Mapping { expressions, sink, .. } = mapping_of(
        "`or``der` INT COMMENT 'it''s a; number', -- the key; really\n /* two\n lines; */ `Timestamp` timestamp(3)",
        "id bigint not null, at Timestamp(3) Without Time Zone NULL, CONSTRAINT pk primary key (id) not enforced",
        "insert into `default_catalog`.`default_database`.s select `or``der` as x, q.`Timestamp` y from k as q",
    );
    assert_eq!(expressions[0], Expression::Column(0, DataType::Int));
    assert_eq!(expressions[1], Expression::Column(1, DataType::Timestamp { precision: 3 }));
    assert_eq!(sink.declared_key, Some(vec![0]));
    assert!(sink.columns[0].not_null && !sink.columns[1].not_null);
}

#[test]
fn every_type_may_be_written_in_all_forms_that_flink_takes() {
    let spelt = [
        ("BOOLEAN", DataType::Boolean),
        ("tinyint", DataType::TinyInt),
        ("SMALLINT", DataType::SmallInt),
        ("INTEGER", DataType::Int),
        ("BIGINT", DataType::BigInt),
        ("FLOAT", DataType::Float),
        ("DOUBLE PRECISION", DataType::Double),
        ("DEC", DataType::Decimal { precision: 10, scale: 0 }),
        ("NUMERIC(12)", DataType::Decimal { precision: 12, scale: 0 }),
        ("DECIMAL(12, 3)", DataType::Decimal { precision: 12, scale: 3 }),
        ("CHAR", DataType::Char(1)),
        ("CHAR(3)", DataType::Char(3)),
        ("VARCHAR(2147483647)", DataType::STRING),
        ("BYTES", DataType::Varbinary(crate::types::data_type::UNBOUNDED)),
        ("BINARY(4)", DataType::Binary(4)),
        ("DATE", DataType::Date),
        ("TIME", DataType::Time { precision: 0 }),
        ("TIME(3)", DataType::Time { precision: 3 }),
        ("TIMESTAMP WITHOUT TIME ZONE", DataType::Timestamp { precision: 6 }),
        ("TIMESTAMP(9)", DataType::Timestamp { precision: 9 }),
        ("TIMESTAMP_LTZ(3)", DataType::TimestampLtz { precision: 3 }),
        ("TIMESTAMP(0) WITH LOCAL TIME ZONE", DataType::TimestampLtz { precision: 0 }),
        ("ARRAY<FLOAT NOT NULL>", DataType::Array(Box::new(DataType::Float))),
        ("FLOAT ARRAY", DataType::Array(Box::new(DataType::Float))),
        ("BINARY VARYING(7)", DataType::Varbinary(7)),
        ("character varying(7)", DataType::Varchar(7)),
    ];
    for (text, data_type) in spelt {
        let job = job(&job_of(&format!("c {text}"), &format!("c {text}"), "INSERT INTO s SELECT * FROM k"));
        assert_eq!(job.sources[0].columns[0].data_type, data_type, "{text}");
    }
}

/// The printed type of a column.
fn printed(text: &str) -> String {
    let script = parse::parse(&format!("CREATE TABLE t (c {text}) WITH ('connector' = 'x')"));
    assert_eq!(script.errors, [], "{text}");
    match &script.statements[0] {
        parse::SqlStatement::CreateTable(table) => match &table.columns[0].kind {
            parse::ColumnKind::Physical { data_type, .. } => data_type.to_string(),
            kind => panic!("{kind:?}"),
        },
        statement => panic!("{statement:?}"),
    }
}

#[test]
fn types_nest() {
    for (text, data_type) in [
        ("ARRAY<ARRAY<INT>>", "ARRAY<ARRAY<INT>>"),
        ("ARRAY<ARRAY<ARRAY<INT>>>", "ARRAY<ARRAY<ARRAY<INT>>>"),
        ("ROW<a INT, `b c` STRING NOT NULL 'its comment'> NOT NULL", "ROW<`a` INT, `b c` STRING>"),
        ("ROW(a INT, b ROW(c DATE))", "ROW<`a` INT, `b` ROW<`c` DATE>>"),
        ("ROW<a MAP<STRING, ARRAY<DOUBLE>>> ARRAY", "ARRAY<ROW<`a` MAP<STRING, ARRAY<DOUBLE>>>>"),
        ("MAP<STRING NOT NULL, ROW<x INT>>", "MAP<STRING, ROW<`x` INT>>"),
        ("ROW<`timestamp` TIMESTAMP(3) WITH LOCAL TIME ZONE>", "ROW<`timestamp` TIMESTAMP_LTZ(3)>"),
    ] {
        assert_eq!(printed(text), data_type, "{text}");
    }
}

#[test]
fn a_key_of_a_column_or_of_the_table_names_the_columns_that_identify_a_row() {
    let insert = "INSERT INTO s SELECT * FROM k";
    let columns = "a INT, b INT, c INT";
    let key = |columns_of_sink: &str| mapping_of(columns, columns_of_sink, insert).sink.declared_key;
    assert_eq!(key("a INT, b INT PRIMARY KEY NOT ENFORCED, c INT"), Some(vec![1]));
    let sink = mapping_of(columns, "a INT, b INT, c INT, PRIMARY KEY (c, a)", insert).sink;
    assert_eq!(sink.declared_key, Some(vec![2, 0]));
    let not_null: Vec<bool> = sink.columns.iter().map(|column| column.not_null).collect();
    assert_eq!(not_null, [true, false, true]);
}

#[test]
fn settings_apply_to_the_job_and_unknown_ones_are_reported_once() {
    let settings = "SET 'pipeline.name' = 'cars'; SET buffer.memory = 128mb; set 'max.outage' = '5 min';
                    SET 'table.exec.sink.not-null-enforcer' = 'drop'; SET 'parallelism.default' = '4';";
    let job = job(&format!("{settings}{GUIDE}"));
    assert_eq!(job.name(), Some("cars"));
    assert_eq!((job.buffer_memory, job.max_outage), (128 << 20, Some(Duration::from_secs(300))));
    assert!(job.mappings[0].sink.not_null_drop);
    assert_eq!(job.notices, ["SET 'parallelism.default' has no effect here"]);
}

#[test]
fn a_source_of_two_inserts_is_read_once_and_the_second_sink_of_a_table_is_numbered() {
    let twice = format!("{GUIDE}INSERT INTO vector_ingest SELECT * FROM vector_kafka WHERE price > 10;");
    let job = job(&twice);
    let names: Vec<&str> = job.mappings.iter().map(|mapping| mapping.sink.name.as_str()).collect();
    assert_eq!(names, ["vector_test.car_info", "vector_test.car_info#2"]);
    assert_eq!(job.sources.len(), 1);
}

#[test]
fn the_job_is_named_by_its_group_when_nothing_else_names_it() {
    let text = with_source_options("'properties.group.id' = 'readers'");
    assert_eq!(job(&text).name(), Some("readers"));
}

#[test]
fn an_option_of_the_command_line_replaces_the_files() {
    let replacement = |option: &str, value: &str| Override {
        table: "vector_ingest".into(),
        option: option.into(),
        value: value.into(),
    };
    let overrides = [replacement("batchSize", "10"), replacement("password", "${DB_PASSWORD}")];
    let job = parse_with(GUIDE, &overrides, &|_| Vec::new()).unwrap();
    assert_eq!(job.mappings[0].sink.batch_size, Some(10));
    assert_eq!(job.mappings[0].sink.connection.password.reveal(), "from the environment");
}

#[test]
fn if_not_exists_keeps_the_first_table() {
    let again = GUIDE.replace(
        "INSERT INTO",
        "CREATE TABLE IF NOT EXISTS vector_kafka (x INT) WITH ('connector' = 'x'); INSERT INTO",
    );
    assert_eq!(job(&again).sources[0].columns.len(), 5);
}

#[test]
fn a_table_that_no_insert_uses_may_be_anything() {
    let text = format!("CREATE TEMPORARY TABLE p (x INT) WITH ('connector' = 'print', 'odd' = 'option');\n{GUIDE}");
    assert_eq!(job(&text).notices, ["table 'p' is not used"]);
}

#[test]
fn clauses_without_effect_on_rows_are_reported_once() {
    for watermark in ["WATERMARK FOR ts AS ts - INTERVAL '5' SECOND", "WATERMARK FOR ts AS f(ts, g(1))"] {
        let text = job_of(&format!("ts TIMESTAMP(3), {watermark}, b INT"), "b INT", "INSERT INTO s SELECT b FROM k");
        let twice = job(&format!("{text}\nINSERT INTO s SELECT b FROM k"));
        assert_eq!(twice.sources[0].columns.len(), 2, "{watermark}");
        assert_eq!(twice.notices, ["table 'k': WATERMARK has no effect"]);
    }
    let text = job_of("a INT", "a INT", "INSERT INTO s SELECT * FROM k").replacen(
        ") WITH",
        ") COMMENT 'the cars' DISTRIBUTED BY HASH(a) INTO 4 BUCKETS PARTITIONED BY (`a`) WITH",
        1,
    );
    assert_eq!(
        job(&format!("ADD JAR '/x.jar'; USE CATALOG default_catalog;\n{text}")).notices,
        [
            "ADD JAR has no effect here",
            "USE has no effect here",
            "table 'k': DISTRIBUTED BY has no effect",
            "table 'k': PARTITIONED BY has no effect"
        ]
    );
}

#[test]
fn a_setting_without_quotes_keeps_its_blanks() {
    let job = job(&format!("SET pipeline.name = my nightly-job 'no. 2';\n{GUIDE}"));
    assert_eq!(job.name(), Some("my nightly-job no. 2"));
}

#[test]
fn a_query_may_be_in_parentheses() {
    for insert in
        ["INSERT INTO s (SELECT a FROM k)", "INSERT INTO s (c) (SELECT a FROM k)", "INSERT INTO s ((SELECT a FROM k))"]
    {
        let mapping = mapping_of("a INT", "c INT", insert);
        assert_eq!(mapping.expressions[0], Expression::Column(0, DataType::Int), "{insert}");
    }
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_job() {
    assert_eq!(job(&format!("\u{feff}{GUIDE}")).mappings.len(), 1);
}
