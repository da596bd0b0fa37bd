//! What the sink reads of the table's definition, and what it refuses before it writes a row.

use vecsink::internals::settings::{Sink, WriteMode};
use vecsink::internals::types::column_types::ColumnType;

use super::fixture::{Rows, open, refusal, sink, sink_of, write};
use crate::support::{Feature, Schema, postgres18, servers};

#[test]
fn the_length_of_an_arrays_vectors_is_taken_from_an_expression_index() {
    for server in servers(&[Feature::Pgvector]) {
        let mut schema = Schema::new(&server);
        schema.execute(
        "CREATE TABLE t (id bigint PRIMARY KEY, \"Feature\" float4[], other float4[], v vector(3), bits float4[], h float4[]);
         CREATE INDEX hn ON t USING hnsw ((\"Feature\"::vector(10)) vector_l2_ops);
         CREATE INDEX iv ON t USING ivfflat ((other::vector(4)) vector_l2_ops);
         CREATE INDEX sub ON t USING hnsw ((subvector(bits::vector, 1, 2)::vector(2)) vector_l2_ops);
         CREATE INDEX part ON t USING hnsw ((bits::vector(7)) vector_l2_ops) WHERE id > 5;
         CREATE INDEX half ON t USING hnsw ((h::halfvec(5)) halfvec_l2_ops);",
    );
        let target = open(&sink_of(&schema, "t", &["id", "Feature", "other", "v", "bits", "h"]));
        let columns = &target.table.columns;
        let dimension =
            |at: usize| columns[at].dimension.as_ref().map(|d| (d.length, d.declared_by.as_str(), d.finite_only));
        assert_eq!(dimension(0), None);
        assert_eq!(dimension(1), Some((10, "index hn", true)));
        assert_eq!(dimension(2), Some((4, "index iv", true)));
        assert_eq!(dimension(3).map(|d| (d.0, d.1)), Some((3, "vector(3)")));
        assert_eq!(dimension(4), None, "a part of a vector, or of the rows, says nothing");
        assert_eq!(dimension(5), Some((5, "index half", true)));
        assert_eq!(columns[3].column_type, ColumnType::Vector);
    }
}

#[test]
fn column_types_are_recognized_and_domains_count_as_their_base_types() {
    for server in servers(&[Feature::Jsonb]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE DOMAIN short AS varchar(5); CREATE DOMAIN shorter AS short NOT NULL;
             CREATE TABLE t (a bigint, b shorter, c numeric(10,2), d char(3), e timestamp(3), f float4[], g jsonb,
                             h timestamptz, i time(0), j varchar, k float8[], l text COLLATE \"C\", PRIMARY KEY (b, a))",
        );
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        let target = open(&sink_of(&schema, "t", &names));
        let column_types: Vec<_> = target.table.columns.iter().map(|column| column.column_type.clone()).collect();
        use ColumnType::*;
        let expected = [
            Int8,
            Varchar(Some(5)),
            Numeric(Some((10, 2))),
            Char(3),
            Timestamp(3),
            Float4Array,
            Jsonb,
            TimestampTz(6),
            Time(0),
            Varchar(None),
            Float8Array,
            Text,
        ];
        assert_eq!(column_types, expected);
        assert_eq!(target.table.key, Some(vec![1, 0]));
        assert!(target.table.columns[1].not_null && !target.table.columns[2].not_null);
        assert!(target.table.key_is_bytewise);
        assert_eq!(target.table.columns[2].type_name, "numeric(10,2)");
    }
}

#[test]
fn a_collation_that_ignores_case_is_not_bytewise() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    let icu = schema.client.batch_execute(
        "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         CREATE TABLE t (id bigint, name text COLLATE nocase PRIMARY KEY)",
    );
    // A server built without ICU has no such collations.
    if icu.is_ok() {
        assert!(!open(&sink(&schema, "t")).table.key_is_bytewise);
    }
}

#[test]
fn causes_that_would_make_every_row_fail_are_errors_at_the_start() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE car_info (id bigint, name text, must int NOT NULL); CREATE TABLE fine (id int, name text)",
        );
        let cases = [
            (sink(&schema, "car_inof"), "did you mean car_info?"),
            (Sink { schema: format!("{}x", schema.name), ..sink(&schema, "t") }, "CREATE SCHEMA"),
            (sink_of(&schema, "fine", &["id", "nmae"]), "no column nmae (did you mean name?)"),
            (sink(&schema, "car_info"), "must is NOT NULL without a default"),
        ];
        for (sink, expected) in cases {
            let error = refusal(&sink);
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}

#[test]
fn a_generated_column_is_refused_and_an_identity_column_written() {
    for server in servers(&[Feature::Generated]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE g (id bigint, name text GENERATED ALWAYS AS ('x' || id::text) STORED);
         CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)",
        );
        assert!(refusal(&sink(&schema, "g")).contains("generates name itself"));
        for write_mode in [WriteMode::Copy, WriteMode::Insert] {
            schema.execute("DELETE FROM t");
            let target = open(&Sink { write_mode, ..sink(&schema, "t") });
            assert_eq!(write(&target, &Rows::default().many(5..8, "x").batch()).counts(), (3, 0, 0));
            assert_eq!(schema.text("SELECT min(id) FROM t").as_deref(), Some("5"));
        }
    }
}

#[test]
fn missing_privileges_are_errors_at_the_start() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = Schema::new(&server);
        let role = format!("{}_role", schema.name);
        schema.execute(&format!(
        "CREATE TABLE t (id bigint PRIMARY KEY, name text); CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA {} TO {role}",
        schema.name
    ));
        let mut sink = sink(&schema, "t");
        sink.connection.user.clone_from(&role);
        sink.connection.password = vecsink::internals::settings::Password::new("x");
        let refused = refusal(&sink);
        let upsert = Sink { conflict_mode: vecsink::internals::settings::ConflictMode::Upsert, ..sink.clone() };
        let at_once = refusal(&upsert);
        schema.execute(&format!("GRANT INSERT ON t TO {role}"));
        let written = write(&open(&sink), &Rows::default().many(0..3, "x").batch()).counts();
        let upsert = refusal(&upsert);
        schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
        assert!(refused.contains("GRANT INSERT"), "{refused}");
        assert_eq!(written, (3, 0, 0));
        for said in [at_once, upsert] {
            assert!(said.contains("GRANT SELECT, INSERT, UPDATE ON"), "all that is needed: {said}");
        }
    }
}

#[test]
fn without_on_conflict_rows_are_ignored_with_the_right_to_read_the_table() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        let role = format!("{}_role", schema.name);
        schema.execute(&format!(
            "CREATE TABLE t (id bigint PRIMARY KEY DEFERRABLE, name text); CREATE ROLE {role} LOGIN PASSWORD 'x';
             GRANT USAGE ON SCHEMA {} TO {role}; GRANT INSERT ON t TO {role}",
            schema.name
        ));
        let mut sink = sink(&schema, "t");
        sink.connection.user.clone_from(&role);
        sink.connection.password = vecsink::internals::settings::Password::new("x");
        let refused = refusal(&sink);
        schema.execute(&format!("GRANT SELECT ON t TO {role}"));
        let written = write(&open(&sink), &Rows::default().many(0..3, "x").batch()).counts();
        schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
        assert!(refused.contains(&format!("GRANT SELECT, INSERT ON \"{}\".\"t\"", schema.name)), "{refused}");
        assert_eq!(written, (3, 0, 0));
    }
}

#[test]
fn a_partitioned_table_is_written_and_a_row_without_partition_rejected() {
    for server in servers(&[Feature::Partitions]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE t (id bigint PRIMARY KEY, name text) PARTITION BY RANGE (id);
         CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100)",
        );
        let target = open(&sink(&schema, "t"));
        let outcome = write(&target, &Rows::default().many(98..102, "x").many(5..6, "y").batch());
        assert_eq!(outcome.rejected_rows(), [2, 3]);
        assert_eq!(write(&target, &Rows::default().many(98..100, "x").many(6..7, "y").batch()).counts(), (1, 2, 0));
    }
}

#[test]
fn the_description_names_paths_statements_and_what_is_slow() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE UNLOGGED TABLE t (id bigint PRIMARY KEY, feature float4[])");
        let sink = Sink { vector_dimension: Some(768), ..sink_of(&schema, "t", &["id", "feature"]) };
        let target = open(&sink);
        let description = target.description;
        let version = schema.text("SELECT split_part(version(), ',', 1)").expect("it has one");
        assert_eq!(description.server, version);
        assert!(description.path.starts_with("COPY binary; on a conflict"), "{description:?}");
        assert!(description.statements[0].starts_with("COPY \""), "{description:?}");
        assert!(description.warnings.iter().any(|warning| warning.contains("SET STORAGE PLAIN")), "{description:?}");
        assert!(description.warnings.iter().any(|warning| warning.contains("unlogged")), "{description:?}");
        assert_eq!(target.table.columns[1].dimension.as_ref().map(|d| d.length), Some(768));
        schema.execute(
            "DROP TABLE t; CREATE TABLE t (id bigint PRIMARY KEY, feature float4[]);
             ALTER TABLE t ALTER feature SET STORAGE PLAIN",
        );
        assert_eq!(open(&sink).description.warnings, [] as [String; 0]);
    }
}
