//! A batch finds its rows in the table by the table's index, with any settings of the planner for the role.

use vecsink::internals::batch::{Op, RowFormat};
use vecsink::internals::settings::{ConflictMode, Password, Sink, WriteMode};

use super::changes::Changes;
use super::fixture::{Rows, open, sink, sink_of, write};
use crate::support::postgresql::Postgres;
use crate::support::{Schema, eventually, servers};

const ROWS: i64 = 300_000;
/// How many batches of each kind there are, and how many rows each has.
const BATCHES: i64 = 5;
const SIZE: i64 = 100;

/// `t` with many rows, and a role with the planner settings that are Greenplum's defaults.
struct Scene {
    schema: Schema,
    role: String,
}

impl Scene {
    fn new(server: &Postgres, key: &str) -> Scene {
        let mut schema = Schema::new(server);
        let role = format!("{}_role", schema.name);
        schema.execute(&format!(
            "CREATE TABLE t (id bigint, a text, b text, PRIMARY KEY ({key}));
             INSERT INTO t SELECT g, 'a', 'old' FROM generate_series(1, {ROWS}) g; ANALYZE t;
             CREATE ROLE {role} LOGIN PASSWORD 'x'; ALTER ROLE {role} SET enable_nestloop TO off;
             GRANT USAGE ON SCHEMA {0} TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {role}",
            schema.name
        ));
        Scene { schema, role }
    }

    fn sink(&self, mode: ConflictMode) -> Sink {
        let mut sink = sink_of(&self.schema, "t", &["id", "a", "b"]);
        sink.connection.user.clone_from(&self.role);
        sink.connection.password = Password::new("x");
        Sink { conflict_mode: mode, write_mode: WriteMode::Insert, changing: true, ..sink }
    }

    /// How many rows of the table were read by sequential scans, and how many by an index, since the table was made.
    fn read(&mut self) -> [i64; 2] {
        let query = "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_user_tables WHERE relid = 't'::regclass";
        let row = self.schema.client.query_one(query, &[]).expect("the server counts");
        [row.get(0), row.get(1)]
    }

    /// Writes the batches, ends their sessions, and fails if a batch has read more than its own rows.
    fn find_rows_by_index(&mut self, mode: ConflictMode, batch: impl Fn(i64) -> Changes) {
        let before = self.read();
        let target = open(&self.sink(mode));
        for number in 0..BATCHES {
            let outcome = write(&target, &batch(number).batch());
            assert!(outcome.rejected.is_empty(), "{:?}", outcome.rejected);
        }
        // A session reports its counts when it ends, or before.
        drop(target);
        eventually("the sessions' reading is counted", || self.read()[1] >= before[1] + BATCHES * SIZE);
        let [one_by_one, by_index] = self.read();
        assert_eq!(one_by_one, 0, "rows read one after another");
        // A merge join reads a whole index.
        assert!(by_index - before[1] < ROWS / 10, "{by_index} rows found by an index");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.schema.client.batch_execute(&format!("DROP OWNED BY {0}; DROP ROLE {0}", self.role));
    }
}

/// Ids of the batch with this number, spread over the table.
fn ids(number: i64) -> impl Iterator<Item = i64> {
    (0..SIZE).map(move |row| 1 + (row * BATCHES + number) * (ROWS / SIZE / BATCHES))
}

#[test]
fn upserts_and_ignored_rows_find_their_rows_by_the_index() {
    for server in servers(&[]) {
        let mut scene = Scene::new(&server, "id");
        for mode in [ConflictMode::Upsert, ConflictMode::Ignore] {
            let batch = |number| ids(number).fold(Changes::default(), |all, id| all.update(id, "a", "new"));
            scene.find_rows_by_index(mode, batch);
        }
        assert_eq!(scene.schema.count("t WHERE b = 'new'"), BATCHES * SIZE);
    }
}

#[test]
fn partial_updates_find_their_rows_by_the_index() {
    for server in servers(&[]) {
        let mut scene = Scene::new(&server, "id");
        let batch = |number| ids(number).fold(Changes::default(), |all, id| all.patch(id, "?", "new"));
        scene.find_rows_by_index(ConflictMode::Upsert, batch);
        assert_eq!(scene.schema.count("t WHERE a = 'a' AND b = 'new'"), BATCHES * SIZE);
    }
}

#[test]
fn deletes_by_a_key_of_several_columns_find_their_rows_by_the_index() {
    for server in servers(&[]) {
        let mut scene = Scene::new(&server, "a, id");
        let text = |number| {
            ids(number).fold(Changes::default(), |all, id| {
                all.entry(Op::Delete, RowFormat::Text, format!("a\t{}\n", id + 1).as_bytes(), &id.to_be_bytes())
            })
        };
        let binary = |number| {
            ids(number).fold(Changes::default(), |all, id| {
                let mut row = 2i16.to_be_bytes().to_vec();
                row.extend_from_slice(&[0, 0, 0, 1, b'a', 0, 0, 0, 8]);
                row.extend_from_slice(&id.to_be_bytes());
                all.entry(Op::Delete, RowFormat::Binary, &row, &id.to_be_bytes())
            })
        };
        scene.find_rows_by_index(ConflictMode::Upsert, binary);
        scene.find_rows_by_index(ConflictMode::Upsert, text);
        assert_eq!(scene.schema.count("t"), ROWS - 2 * BATCHES * SIZE);
    }
}

/// The planner's settings in the session that inserts a row into `t`, made by these statements.
fn settings(server: &Postgres, table: &str) -> String {
    let mut schema = Schema::new(server);
    let role = format!("{}_role", schema.name);
    let shown = ["nestloop", "hashjoin", "mergejoin"].map(|join| format!("current_setting('enable_{join}')"));
    schema.execute(&format!(
        "CREATE TABLE t (id bigint, name text, seen text DEFAULT {}); {table};
         CREATE ROLE {role} LOGIN PASSWORD 'x'; ALTER ROLE {role} SET enable_nestloop TO off;
         GRANT USAGE ON SCHEMA {} TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {role}",
        shown.join(" || ' ' || "),
        schema.name
    ));
    let mut sink = Sink { declared_key: Some(vec![1, 0]), ..sink(&schema, "t") };
    sink.connection.user.clone_from(&role);
    sink.connection.password = Password::new("x");
    let target = open(&sink);
    write(&target, &Rows::default().binary(1, Some("x")).batch());
    drop(target);
    let seen = schema.text("SELECT seen FROM t");
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    seen.expect("a row is there")
}

#[test]
fn the_planners_settings_are_changed_only_where_an_index_finds_each_row() {
    let trigger = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
                   CREATE TRIGGER f AFTER INSERT ON t FOR EACH ROW EXECUTE PROCEDURE f()";
    for server in servers(&[]) {
        for index in [
            "UNIQUE INDEX ON t (id, name)",
            "UNIQUE INDEX ON t (id, name COLLATE \"C\")",
            "INDEX ON t (name, id)",
            "INDEX ON t (id, name, seen)",
        ] {
            assert_eq!(settings(&server, &format!("CREATE {index}")), "on off off", "{index}");
        }
        for index in [
            "INDEX ON t (id)",
            "INDEX ON t (id, seen, name)",
            "INDEX ON t (id, name) WHERE id > 5",
            "INDEX ON t (id, lower(name))",
            "INDEX ON t (id, name COLLATE \"C\")",
        ] {
            assert_eq!(settings(&server, &format!("CREATE {index}")), "off on on", "{index}");
        }
        assert_eq!(settings(&server, &format!("CREATE INDEX ON t (id, name); {trigger}")), "off on on");
    }
}
