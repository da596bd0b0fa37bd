//! Writes values in all ways and compares what the server prints.

use std::io::Write;

use vecsink::internals::batch::{BINARY_HEADER, BINARY_TRAILER, RowFormat};
use vecsink::internals::types::column_types::ColumnType;
use vecsink::internals::types::data_type::DataType;
use vecsink::internals::types::encode::{EncodeOptions, RowEncoder, VectorOptions};
use vecsink::internals::types::target::TargetTable;
use vecsink::internals::types::value::Value;

use crate::flush::fixture::{open, sink_of};
use crate::support::Schema;
use crate::support::postgresql::Postgres;

/// A value, and an SQL expression for the same value.
pub struct Case {
    pub value: Value<'static>,
    pub sql: String,
}

pub fn text(text: impl Into<String>) -> Case {
    let text: &'static str = text.into().leak();
    Case { value: Value::Text(text), sql: literal(text) }
}

pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A column of the table, and the column of the source with its values.
#[derive(Clone)]
pub struct Feed {
    pub type_name: String,
    pub source: DataType,
    pub vectors: VectorOptions,
}

impl Feed {
    pub fn text(type_name: &str) -> Feed {
        Feed { type_name: type_name.to_owned(), source: DataType::STRING, vectors: VectorOptions::default() }
    }
}

/// Types that the tests need in addition to the server's.
const TYPES: &str = "CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy \"!\"');
    CREATE TYPE car AS (id int, name text, tags text[]);
    CREATE DOMAIN short AS varchar(5);
    CREATE DOMAIN price AS numeric(9,2) CHECK (value >= 0);
    CREATE DOMAIN feature AS float4[] CHECK (array_length(value, 1) = 4);
    CREATE DOMAIN inner_id AS uuid; CREATE DOMAIN outer_id AS inner_id NOT NULL;";

/// Writes the cases as binary rows, as lines of text, and as literals of the server. The encoder must refuse the values that the server
/// refuses, and the server must print the others in the same way. Binary rows and lines are written in one transaction. Returns the
/// column_type of the column in the catalog.
#[track_caller]
pub fn compare(server: &Postgres, feed: &Feed, cases: Vec<Case>) -> ColumnType {
    let mut schema = Schema::new(server);
    schema.execute(TYPES);
    schema.execute("SET timezone = 'UTC'; SET extra_float_digits = 3");
    for table in ["by_binary", "by_text", "by_text_again", "by_server"] {
        schema.execute(&format!("CREATE TABLE {table} (n bigint, v {}, unknown inet)", feed.type_name));
    }
    let mut target = open(&sink_of(&schema, "by_text", &["n", "v", "unknown"])).table.clone();
    target.columns[0].source = DataType::BigInt;
    target.columns[1].source = feed.source.clone();
    let options = EncodeOptions { vectors: feed.vectors, ..EncodeOptions::default() };
    let encoder = |columns: usize| {
        let columns = target.columns[..columns].to_vec();
        RowEncoder::new(&TargetTable { columns, ..target.clone() }, options).unwrap_or_else(|error| panic!("{error}"))
    };
    let (mut binary, mut as_text) = (encoder(2), encoder(3));

    let (mut tuples, mut lines, mut values) = (BINARY_HEADER.to_vec(), Vec::new(), Vec::new());
    for (n, case) in cases.iter().enumerate() {
        let id = Value::Int(n as i64);
        let length = tuples.len();
        match binary.encode(&[id, case.value], &mut tuples) {
            Ok(format) => {
                // Values without a binary form are compared only as text.
                if format == RowFormat::Text {
                    tuples.truncate(length);
                }
                assert_eq!(as_text.encode(&[id, case.value, Value::Null], &mut lines), Ok(RowFormat::Text));
                values.push(format!("({n}, {})", case.sql));
            }
            Err(rejection) => {
                assert!(as_text.encode(&[id, case.value, Value::Null], &mut lines).is_err());
                let insert = format!("INSERT INTO by_server VALUES ({n}, {})", case.sql);
                let error = schema.client.batch_execute(&insert).expect_err(&format!("{rejection}: {}", case.sql));
                assert_eq!(error.code().map(|code| code.code()), rejection.sqlstate.as_deref(), "{}", case.sql);
            }
        }
    }
    assert!(!values.is_empty());
    tuples.extend_from_slice(BINARY_TRAILER);
    schema.execute("BEGIN");
    let copies = [
        ("COPY by_binary (n, v) FROM STDIN (FORMAT binary)", tuples),
        ("COPY by_text FROM STDIN", lines.clone()),
        ("COPY by_text_again FROM STDIN", lines),
    ];
    for (statement, rows) in copies {
        let mut copy = schema.client.copy_in(statement).unwrap();
        copy.write_all(&rows).unwrap();
        copy.finish().unwrap_or_else(|error| {
            panic!("{statement} {} from {}: {:?}", feed.type_name, feed.source, error.as_db_error())
        });
    }
    schema.execute("COMMIT");
    schema.execute(&format!("INSERT INTO by_server VALUES {}", values.join(", ")));
    let differing = "SELECT s.n, s.v::text, b.v::text, t.v::text
         FROM by_server s LEFT JOIN by_binary b USING (n) FULL JOIN by_text t USING (n)
         WHERE b.n IS NOT NULL AND s.v::text IS DISTINCT FROM b.v::text OR s.v::text IS DISTINCT FROM t.v::text LIMIT 5";
    let differing = schema.client.query(differing, &[]).unwrap();
    let shown: Vec<_> = differing.iter().map(|row| [1, 2, 3].map(|at| row.get::<_, Option<String>>(at))).collect();
    assert!(shown.is_empty(), "{} from {}: server, binary and text differ: {shown:?}", feed.type_name, feed.source);
    // An upsert finds that a row changes nothing, both as a binary row and as text.
    for (one, other) in [("by_text", "by_text_again"), ("by_text", "by_binary")] {
        let differing = format!(
            "SELECT o.v::text FROM {one} o JOIN {other} t USING (n)
             WHERE NOT pg_catalog.record_image_eq(ROW(o.v), ROW(t.v)) LIMIT 5"
        );
        let differing = schema.client.query(&differing, &[]).unwrap();
        let shown: Vec<_> = differing.iter().map(|row| row.get::<_, Option<String>>(0)).collect();
        assert!(shown.is_empty(), "{} from {}: {one} and {other} differ: {shown:?}", feed.type_name, feed.source);
    }
    target.columns.remove(1).column_type
}
