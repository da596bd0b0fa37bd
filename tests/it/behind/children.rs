//! The hot child: how it is made, and which tables can't have one.

use vecsink::{ConflictMode, Error, Sink, SinkBuilder, Value, VectorIndexMode};

use crate::push::scene::LONG;
use crate::support::postgresql::{Postgres, Schema, unique};
use crate::support::{Feature, eventually, postgres18, postgres93, servers};

/// A sink that writes all columns of a table, as a role.
fn builder_as(schema: &Schema, table: &str, (user, password): (&str, &str)) -> SinkBuilder {
    let Postgres { host, port, database, .. } = &schema.server;
    let url = format!("postgresql://{user}:{password}@{host}:{port}/{database}?sslmode=disable");
    let table = format!("\"{}\".\"{}\"", schema.name, table.replace('"', "\"\""));
    Sink::builder(&url, &table).vector_index(VectorIndexMode::Behind)
}

fn builder(schema: &Schema, table: &str) -> SinkBuilder {
    builder_as(schema, table, (&schema.server.user, &schema.server.password))
}

/// Opens a sink and closes it.
#[track_caller]
fn opens(builder: SinkBuilder) {
    let sink = builder.open().unwrap_or_else(|error| panic!("{error}"));
    sink.close(LONG).expect("nothing was pushed");
}

#[track_caller]
fn refused(builder: SinkBuilder) -> String {
    match builder.open() {
        Ok(_) => panic!("the sink opens"),
        Err(error @ Error::Target { .. }) => error.to_string(),
        Err(error) => panic!("{error:?}"),
    }
}

/// The statements that an error shows.
fn shown(error: &str) -> &str {
    error.split_once("run: ").unwrap_or_else(|| panic!("{error}")).1
}

#[test]
fn a_missing_hot_child_is_made_with_all_that_the_table_has() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE colors (name text PRIMARY KEY);
             CREATE TABLE cars (id serial, color text DEFAULT 'red' REFERENCES colors, note text NOT NULL, v text,
                 PRIMARY KEY (id), CHECK (id <> 13), CONSTRAINT short CHECK (length(note) < 5) NO INHERIT);
             CREATE INDEX ON cars (color) WHERE color <> 'USING';
             CREATE UNIQUE INDEX ON cars (note, id);
             ALTER TABLE cars ALTER v SET STORAGE EXTERNAL; ALTER TABLE cars REPLICA IDENTITY FULL;
             GRANT SELECT, INSERT ON cars TO PUBLIC; GRANT UPDATE (note) ON cars TO PUBLIC",
        );
        opens(builder(&schema, "cars"));
        let constraints = |table: &str| {
            format!(
                "SELECT string_agg(pg_get_constraintdef(oid), ' ' ORDER BY pg_get_constraintdef(oid)) FROM pg_constraint
                  WHERE conrelid = '{table}'::regclass"
            )
        };
        let indexes = |table: &str| {
            format!(
                "SELECT string_agg(split_part(indexdef, ' ON ', 2), ';' ORDER BY indexdef) FROM pg_indexes
                  WHERE schemaname = current_schema AND tablename = '{table}'"
            )
        };
        let columns = |table: &str| {
            format!(
                "SELECT string_agg(concat(a.attname, a.attnotnull, a.attstorage, pg_get_expr(d.adbin, d.adrelid)), ' ' ORDER BY attnum)
                   FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                  WHERE a.attrelid = '{table}'::regclass AND attnum > 0"
            )
        };
        let rest = |table: &str| {
            format!(
                "SELECT concat(relreplident, has_table_privilege('public', oid, 'INSERT'), has_column_privilege('public', oid, 'note', 'UPDATE'),
                               has_column_privilege('public', oid, 'v', 'UPDATE'), relowner)
                   FROM pg_class WHERE oid = '{table}'::regclass"
            )
        };
        assert_eq!(schema.text(&constraints("cars_hot")), schema.text(&constraints("cars")));
        let of_hot = schema.text(&indexes("cars_hot")).expect("indexes");
        assert_eq!(Some(of_hot.replace("cars_hot", "cars")), schema.text(&indexes("cars")));
        assert_eq!(schema.text(&columns("cars_hot")), schema.text(&columns("cars")));
        assert_eq!(schema.text(&rest("cars_hot")), schema.text(&rest("cars")));
        let first = schema.text("SELECT 'cars_hot'::regclass::oid");
        opens(builder(&schema, "cars"));
        assert_eq!(schema.text("SELECT 'cars_hot'::regclass::oid"), first, "it is made once");
        schema.execute("DROP TABLE cars_hot");
        assert_eq!(schema.count("cars"), 0, "the table is as it was");
    }
}

#[test]
fn a_hot_child_has_no_vector_index_and_takes_its_numbers_from_the_tables_own_sequence() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE UNLOGGED TABLE cars (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v vector(3),
             twice int GENERATED ALWAYS AS (id * 2) STORED);
         CREATE INDEX ON cars USING hnsw (v vector_l2_ops); CREATE INDEX ON cars USING ivfflat ((v::halfvec(3)) halfvec_l2_ops);
         INSERT INTO cars DEFAULT VALUES",
    );
    opens(builder(&schema, "cars"));
    assert_eq!(
        schema
            .text("SELECT count(*) FROM pg_indexes WHERE tablename = 'cars_hot' AND schemaname = current_schema")
            .as_deref(),
        Some("1")
    );
    assert_eq!(
        schema.text("SELECT relpersistence FROM pg_class WHERE oid = 'cars_hot'::regclass").as_deref(),
        Some("u")
    );
    schema.execute("INSERT INTO cars_hot (v) VALUES ('[1,2,3]')");
    assert_eq!(
        schema.text("SELECT string_agg(id || '-' || twice, ' ' ORDER BY id) FROM cars").as_deref(),
        Some("1-2 2-4")
    );
}

#[test]
fn names_are_quoted_and_no_longer_than_the_server_keeps() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    let long = format!("Größe \"{}", "x".repeat(52));
    schema.execute(&format!("CREATE TABLE \"{}\" (\"Id\" int PRIMARY KEY, \"a b\" text)", long.replace('"', "\"\"")));
    opens(builder(&schema, &long));
    let expected = format!("Größe \"{}_hot", "x".repeat(50));
    assert_eq!(
        schema.text(
            "SELECT relname FROM pg_class WHERE relname LIKE '%\\_hot' AND relnamespace = current_schema::regnamespace"
        ),
        Some(expected)
    );
}

#[test]
fn the_hot_child_may_have_another_name_in_another_schema() {
    let Some(server) = postgres18() else { return };
    let (mut schema, mut other) = (Schema::new(&server), Schema::new(&server));
    schema.execute("CREATE TABLE cars (id int PRIMARY KEY)");
    let name = format!("{}.\"New cars\"", other.name);
    opens(builder(&schema, "cars").option("sink.vector-index.hot-table", name));
    assert_eq!(other.count("\"New cars\""), 0);
    schema.execute(&format!("DROP TABLE {}.\"New cars\"", other.name));
}

#[test]
fn tables_that_cannot_have_a_hot_child_are_refused_and_the_error_says_what_to_do() {
    let Some(server) = postgres18() else { return };
    for (tables, reason, remedy) in [
        ("CREATE TABLE t (id int PRIMARY KEY) PARTITION BY RANGE (id)", "is a partitioned table", "to 'inline'"),
        (
            "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE t PARTITION OF p DEFAULT",
            "is a partition of another table",
            "to 'inline'",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int CONSTRAINT fk REFERENCES t)",
            "points to it",
            "drop the foreign key",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY, a text UNIQUE)",
            "the unique index t_a_key",
            "the whole key (id); drop it",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY, a text); CREATE UNIQUE INDEX e ON t (lower(a))",
            "the unique index e",
            "drop it",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY, r int4range, EXCLUDE USING gist (r WITH &&))",
            "the exclusion constraint t_r_excl",
            "drop it",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE old () INHERITS (t)",
            "it has another child",
            "\"old\" NO INHERIT",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY);
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.id := 1; RETURN NEW; END';
             CREATE TRIGGER renumber BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
            "the trigger renumber may change a row's key",
            "drop it",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE t_hot (id int)",
            "it is no child of",
            "'sink.vector-index.hot-table' to another name",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE t_hot () INHERITS (t)",
            "lacks the unique index of the table's key",
            "\"t_hot\" USING btree (id)",
        ),
        (
            "CREATE TABLE other (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY);
             CREATE TABLE t_hot (PRIMARY KEY (id)) INHERITS (t);
             ALTER TABLE t ADD CONSTRAINT later FOREIGN KEY (id) REFERENCES other",
            "lacks the table's constraint later",
            "ADD CONSTRAINT later FOREIGN KEY (id) REFERENCES",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY, v vector(3)); CREATE TABLE t_hot (PRIMARY KEY (id)) INHERITS (t);
             CREATE INDEX i ON t_hot USING hnsw (v vector_l2_ops)",
            "each row would have to wait for its vector index",
            "DROP INDEX",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE t_hot (more text, PRIMARY KEY (id)) INHERITS (t)",
            "its column \"more\" is not in",
            "DROP COLUMN \"more\"",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY); CREATE UNLOGGED TABLE t_hot (PRIMARY KEY (id)) INHERITS (t)",
            "another kind of table",
            "drop it",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE t_hot (PRIMARY KEY (id)) INHERITS (t);
             CREATE TABLE more () INHERITS (t_hot)",
            "has a child of its own",
            "NO INHERIT",
        ),
    ] {
        let mut schema = Schema::new(&server);
        schema.execute(tables);
        let error = refused(builder(&schema, "t"));
        assert!(error.contains(reason) && error.contains(remedy), "{tables}: {error}");
    }
}

#[test]
fn views_and_deferrable_keys_are_refused() {
    let Some(server) = postgres18() else { return };
    for (tables, reason) in [
        ("CREATE TABLE u (id int); CREATE VIEW t AS SELECT * FROM u", "is a view"),
        ("CREATE TABLE t (id int PRIMARY KEY DEFERRABLE)", "t_pkey is deferrable"),
    ] {
        let mut schema = Schema::new(&server);
        schema.execute(tables);
        let error = refused(builder(&schema, "t").conflict_mode(ConflictMode::Ignore));
        assert!(error.contains(reason) && error.contains("'inline'"), "{tables}: {error}");
    }
}

#[test]
fn foreign_and_temporary_tables_are_refused() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    let (wrapper, name) = (unique("behind"), schema.name.clone());
    schema.execute(&format!(
        "CREATE FOREIGN DATA WRAPPER {wrapper}; CREATE SERVER {wrapper} FOREIGN DATA WRAPPER {wrapper};
         CREATE FOREIGN TABLE t (id int) SERVER {wrapper}"
    ));
    let error = refused(builder(&schema, "t").conflict_mode(ConflictMode::Ignore));
    assert!(error.contains("is a foreign table"), "{error}");
    schema.execute(&format!(
        "DROP FOREIGN DATA WRAPPER {wrapper} CASCADE; CREATE TEMPORARY TABLE u (id int PRIMARY KEY)"
    ));
    schema.name =
        schema.text("SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'u'::regclass").expect("a name");
    let error = refused(builder(&schema, "u"));
    assert!(error.contains("is a temporary table"), "{error}");
    schema.name = name;
}

#[test]
fn a_server_older_than_9_5_is_refused() {
    let Some(server) = postgres93() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE t (id int PRIMARY KEY)");
    let error = refused(builder(&schema, "t"));
    assert!(error.contains("needs PostgreSQL 9.5 or newer") && error.contains("'inline'"), "{error}");
}

#[test]
fn unique_indexes_that_contain_the_key_are_allowed() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE t (id int, part int, a text, own uuid UNIQUE GENERATED ALWAYS AS (md5(id::text)::uuid) STORED,
             PRIMARY KEY (part, id) WITH (fillfactor = 70), UNIQUE (id, part, a)); CREATE UNIQUE INDEX ON t (id, part) INCLUDE (a);
         CREATE UNIQUE INDEX ON t (part, id) WHERE a <> ''",
    );
    opens(builder(&schema, "t"));
    opens(builder(&schema, "t"));
}

#[test]
fn a_missing_hot_child_is_an_error_with_its_statements_if_it_may_not_be_made() {
    for server in servers(&[Feature::OnConflict]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id int PRIMARY KEY)");
        let not_made = || builder(&schema, "t").option("sink.vector-index.create", "false");
        let error = refused(not_made());
        assert!(error.contains("'sink.vector-index.create' is false"), "{error}");
        schema.connect().batch_execute(shown(&error)).expect("the statements work");
        opens(not_made());
    }
}

#[test]
fn a_role_that_does_not_own_the_table_is_shown_what_its_owner_has_to_run() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    let role = unique("children");
    schema.execute(&format!(
        "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a text); CREATE ROLE {role} LOGIN PASSWORD 'x';
         GRANT USAGE, CREATE ON SCHEMA {} TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {role}",
        schema.name
    ));
    let by_role = || builder_as(&schema, "t", (&role, "x"));
    let error = refused(by_role());
    assert!(error.contains(&format!("ask {}, the table's owner, to run: ", schema.server.user)), "{error}");
    schema.connect().batch_execute(shown(&error)).expect("the statements work");
    opens(by_role());
    schema.execute(&format!("SET ROLE {role}; INSERT INTO t_hot (a) VALUES ('x'); RESET ROLE"));
    assert_eq!(schema.count("t"), 1);
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn several_sinks_that_open_at_once_make_one_hot_child() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE t (id int PRIMARY KEY)");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let builder = builder(&schema, "t");
            scope.spawn(move || opens(builder));
        }
    });
    assert_eq!(schema.text("SELECT count(*) FROM pg_inherits WHERE inhparent = 't'::regclass").as_deref(), Some("1"));
}

#[test]
fn an_unchanged_query_reads_the_index_and_the_hot_child_and_merges_both() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE cars (id int PRIMARY KEY, v vector(3)); CREATE INDEX cars_v ON cars USING hnsw (v vector_l2_ops);
         INSERT INTO cars SELECT i, ARRAY[i, 0, 0]::vector(3) FROM generate_series(1, 3000) AS i; ANALYZE cars",
    );
    opens(builder(&schema, "cars"));
    schema.execute("INSERT INTO cars_hot VALUES (7777, '[50.1,0,0]'), (8888, '[99,0,0]')");
    let query = "SELECT id FROM cars ORDER BY v <-> '[50,0,0]' LIMIT 2";
    let plan = schema.client.query(&format!("EXPLAIN {query}"), &[]).expect("a plan");
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    for part in ["Merge Append", "Index Scan using cars_v on cars", "Seq Scan on cars_hot"] {
        assert!(plan.iter().any(|line| line.contains(part)), "{part}: {plan:#?}");
    }
    assert_eq!(
        schema.text(&format!("SELECT string_agg(id::text, ' ') FROM ({query}) AS found")).as_deref(),
        Some("50 7777")
    );
}

#[test]
fn a_delete_through_the_table_that_meets_a_move_gets_an_error_in_repeatable_read() {
    let Some(server) = postgres18() else { return };
    for (isolation, expected) in [("read committed", Ok(0)), ("repeatable read", Err("40001".to_owned()))] {
        let mut schema = Schema::new(&server);
        schema.execute(
            "CREATE TABLE cars (id int PRIMARY KEY, v vector(3)); CREATE INDEX ON cars USING hnsw (v vector_l2_ops)",
        );
        opens(builder(&schema, "cars"));
        schema.execute("INSERT INTO cars_hot VALUES (1, '[1,2,3]')");
        let mut other = schema.connect();
        other.batch_execute(&format!("SET default_transaction_isolation TO '{isolation}'")).expect("a setting");
        let pid: i32 = other.query_one("SELECT pg_backend_pid()", &[]).expect("a number").get(0);
        schema.execute("BEGIN; DELETE FROM ONLY cars_hot; INSERT INTO cars VALUES (1, '[1,2,3]')");
        let deleted = std::thread::spawn(move || other.execute("DELETE FROM cars WHERE id = 1", &[]));
        let mut looker = schema.connect();
        eventually("the delete waits for the move", || {
            let waits = looker.query_one("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = $1", &[&pid]);
            waits.expect("a number").get::<_, i64>(0) > 0
        });
        schema.execute("COMMIT");
        let deleted = deleted.join().expect("no panic");
        let deleted = deleted.map_err(|error| error.code().map(|code| code.code().to_owned()).unwrap_or_default());
        assert_eq!(deleted, expected, "{isolation}");
        assert_eq!(schema.count("cars"), 1, "the row is still there");
    }
}

#[test]
fn a_sink_that_writes_directly_into_the_table_stops_when_another_one_makes_a_hot_child() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE cars (id int PRIMARY KEY)");
    let inline = builder(&schema, "cars").vector_index(VectorIndexMode::Inline).open().expect("the sink opens");
    inline.push(&[Value::Int(1)]).expect("it is taken");
    inline.flush(LONG).expect("it is written");
    opens(builder(&schema, "cars"));
    inline.push(&[Value::Int(2)]).expect("it is taken");
    let error = inline.flush(LONG).expect_err("the sink stops").to_string();
    assert!(error.contains("has children of 'sink.vector-index' = 'behind'"), "{error}");
    assert_eq!(schema.count("cars"), 1);
}

#[test]
fn a_hot_child_is_made_when_the_queries_of_the_table_have_ended() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE cars (id int PRIMARY KEY)");
    schema.execute("BEGIN; SELECT * FROM cars");
    let builder = builder(&schema, "cars");
    let opening = std::thread::spawn(move || opens(builder));
    let mut looker = schema.connect();
    eventually("the sink waits for the query", || {
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'cars'::regclass";
        looker.query_one(waits, &[]).expect("a number").get::<_, i64>(0) > 0
    });
    schema.execute("COMMIT");
    opening.join().expect("the sink opens");
    assert_eq!(schema.count("cars_hot"), 0);
}

#[test]
fn a_sink_stops_when_its_hot_child_is_dropped() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE cars (id int PRIMARY KEY)");
    let sink = builder(&schema, "cars").open().expect("the sink opens");
    sink.push(&[Value::Int(1)]).expect("it is taken");
    sink.flush(LONG).expect("it is written");
    schema.execute("DROP TABLE cars_hot");
    sink.push(&[Value::Int(2)]).expect("it is taken");
    let error = sink.flush(LONG).expect_err("the sink stops").to_string();
    assert!(error.contains("its hot child is gone"), "{error}");
}
