//! The index doctor of `vecsink check` on real servers: each test makes a defect, which must be found and must be gone after the remedy
//! that is printed with it.

mod indexes;
mod server;
mod table;

use vecsink::internals::postgres::Finding;
use vecsink::internals::settings::Sink;

use crate::flush::fixture::{open, sink_of};
use crate::support::postgresql::Postgres;
use crate::support::{Job, Schema, eventually, kafka, postgres18, servers};

/// A schema for the table `t`, with the sink that writes it.
struct Scene {
    schema: Schema,
    sink: Sink,
}

impl Scene {
    /// A table of vectors with 100 rows. It has no defects except those that the statements make.
    fn new(dimensions: usize, statements: &str) -> Option<Scene> {
        let server = postgres18()?;
        let mut schema = Schema::new(&server);
        schema.execute(&format!(
            "CREATE TABLE t (id bigint PRIMARY KEY, feature vector({dimensions})) WITH (autovacuum_vacuum_threshold = 1000000000,
               autovacuum_analyze_threshold = 1000000000)"
        ));
        let mut scene = Scene { sink: sink_of(&schema, "t", &["id", "feature"]), schema };
        scene.insert(1, 100, dimensions);
        scene.schema.execute("ANALYZE t");
        scene.schema.execute(statements);
        Some(scene)
    }

    fn insert(&mut self, first: i64, last: i64, dimensions: usize) {
        self.schema.execute(&format!(
            "INSERT INTO t SELECT id, (SELECT array_agg(sin(id * n)) FROM generate_series(1, {dimensions}) n)::real[]::vector
             FROM generate_series({first}, {last}) id"
        ));
        self.tell();
    }

    /// Makes the session report its counts of rows to the server's statistics now, and not some time later.
    fn tell(&mut self) {
        self.schema.execute("SELECT pg_stat_force_next_flush()");
        self.schema.execute("SELECT 1");
    }

    /// The findings of the check with this name.
    fn found(&self, name: &str) -> Vec<Finding> {
        let diagnosis = open(&self.sink).examine_indexes(&self.sink).unwrap_or_else(|error| panic!("{error}"));
        diagnosis.findings.into_iter().filter(|(check, _)| *check == name).map(|(_, finding)| finding).collect()
    }

    #[track_caller]
    fn only(&self, name: &str) -> Finding {
        let mut found = self.found(name);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    /// Runs the remedy, statement by statement. Fails if the check still finds something.
    #[track_caller]
    fn cure(&mut self, name: &str) -> Finding {
        let finding = self.only(name);
        for statement in finding.remedy.split("; ") {
            self.schema.execute(statement);
        }
        self.tell();
        assert_eq!(self.found(name), [], "after {}", finding.remedy);
        finding
    }
}

#[test]
fn a_healthy_table_has_no_findings_but_those_of_an_old_pgvector() {
    let Some(scene) = Scene::new(3, "CREATE INDEX i ON t USING hnsw (feature vector_l2_ops)") else { return };
    let diagnosis = open(&scene.sink).examine_indexes(&scene.sink).unwrap_or_else(|error| panic!("{error}"));
    let other: Vec<_> = diagnosis.findings.iter().filter(|(name, _)| !name.starts_with("pgvector-")).collect();
    assert!(other.is_empty(), "{other:?}");
    let [operator, rate] = &diagnosis.notes[..] else { panic!("{:?}", diagnosis.notes) };
    assert!(operator.contains("index i (hnsw, vector_l2_ops) serves ORDER BY \"feature\" <-> …"), "{operator}");
    assert!(rate.contains("rows/s for each connection, by an estimate for 3 dimensions, m = 16"), "{rate}");
}

#[test]
fn a_table_without_vectors_has_no_findings_on_any_server() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint, numbers real[])");
        let sink = sink_of(&schema, "t", &["id", "numbers"]);
        let diagnosis = open(&sink).examine_indexes(&sink).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((diagnosis.notes.len(), diagnosis.findings.len()), (0, 0), "{diagnosis:?}");
    }
}

#[test]
fn an_array_that_is_a_vector_by_the_jobs_options_is_checked_on_any_server() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint, feature real[]) WITH (autovacuum_enabled = false)");
        let sink = Sink { vector_dimension: Some(3), ..sink_of(&schema, "t", &["id", "feature"]) };
        let diagnosis = open(&sink).examine_indexes(&sink).unwrap_or_else(|error| panic!("{error}"));
        let names: Vec<&str> =
            diagnosis.findings.iter().map(|(name, _)| *name).filter(|name| !name.starts_with("pgvector-")).collect();
        assert_eq!(names, ["index-missing", "autovacuum", "unique-key"], "{diagnosis:?}");
        let missing = &diagnosis.findings[0].1;
        assert!(missing.remedy.contains("USING hnsw (((\"feature\")::vector(3)) vector_l2_ops)"), "{missing:?}");
    }
}

#[test]
fn check_prints_a_finding_with_its_remedy_and_exits_with_0() {
    let (Some(scene), Some(kafka)) = (Scene::new(3, ""), kafka()) else { return };
    let topic = kafka.topic(1);
    let server = &scene.schema.server;
    let job = format!(
        "CREATE TABLE t (id BIGINT, feature ARRAY<FLOAT>) WITH ('connector' = 'adbpg-nightly-1.13', 'url' = '{}',
         'tablename' = 't', 'username' = '{}', 'password' = '${{DB_PASSWORD}}', 'targetschema' = '{}');
         CREATE TABLE messages (id BIGINT, feature ARRAY<FLOAT>) WITH ('connector' = 'kafka', 'format' = 'json',
         'properties.bootstrap.servers' = '{}', 'topic' = '{}', 'properties.group.id' = '{}',
         'scan.startup.mode' = 'earliest-offset');
         INSERT INTO t SELECT * FROM messages;",
        server.jdbc_url(),
        server.user,
        scene.schema.name,
        kafka.brokers,
        topic.name,
        topic.name
    );
    let checked = Job::check(&job).variable("DB_PASSWORD", &server.password).finish().exited(0);
    let remedy = format!(
        "    - index-missing: column feature has no vector index: a search for the nearest vectors reads all rows (now 100)\n      \
         remedy: CREATE INDEX CONCURRENTLY ON {}.t USING hnsw (\"feature\" vector_l2_ops)\n",
        scene.schema.name
    );
    assert!(checked.stdout.contains(&remedy), "{}", checked.stdout);
}
