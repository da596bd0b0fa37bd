//! A table whose vector index is deferred, and a job that fills it.

use std::ops::RangeInclusive;

use vecsink::{Sink, SinkBuilder};

use crate::push::scene::builder;
use crate::support::postgresql::{Schema, postgres18};
use crate::support::{Job, Topic};

/// An unbounded job; see [`Cars::job`].
pub const JOB: &str = "
CREATE TABLE cars (id BIGINT, v ARRAY<FLOAT>) WITH ('connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 'cars',
    'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}', 'conflictmode' = 'upsert',
    'sink.vector-index' = 'defer', 'connectionmaxactive' = '4');
CREATE TABLE messages (id BIGINT, v ARRAY<FLOAT>) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}', 'format' = 'json',
    'properties.bootstrap.servers' = '${BROKERS}', 'properties.group.id' = 'group-${TOPIC}',
    'scan.startup.mode' = 'earliest-offset');
INSERT INTO cars SELECT * FROM messages;";

/// The index of most tests.
pub const INDEX: &str =
    "CREATE INDEX \"Cars v\" ON cars USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 32)";

/// An index whose build takes the server 10 ms for each row.
pub const SLOW_INDEX: &str =
    "CREATE FUNCTION slow(vector) RETURNS vector IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN $1; END';
     CREATE INDEX \"Cars v\" ON cars USING hnsw ((slow(v)::vector(3)) vector_l2_ops)";

pub struct Cars {
    pub schema: Schema,
}

impl Cars {
    /// `cars (id, n, v)` with these indexes besides its key.
    pub fn new(indexes: &str) -> Option<Cars> {
        let mut schema = Schema::new(&postgres18()?);
        schema.execute(&format!("CREATE TABLE cars (id bigint PRIMARY KEY, n int, v vector(3)); {indexes}"));
        Some(Cars { schema })
    }

    pub fn builder(&self) -> SinkBuilder {
        builder(&self.schema, "cars").columns(["id", "v"]).option("sink.vector-index", "defer")
    }

    pub fn open(&self) -> Sink {
        self.builder().open().unwrap_or_else(|error| panic!("{error}"))
    }

    /// A job into the table, with its variables set.
    pub fn job(&self, job: Job, topic: &Topic) -> Job {
        job.variable("URL", self.schema.server.jdbc_url())
            .variable("PGUSER", &self.schema.server.user)
            .variable("PGPASSWORD", &self.schema.server.password)
            .variable("SCHEMA", &self.schema.name)
            .variable("TOPIC", &topic.name)
            .variable("BROKERS", &topic.kafka.brokers)
    }

    /// A job that ends at the topic's end.
    pub fn bounded(&self, topic: &Topic) -> Job {
        self.job(Job::run(JOB), topic).option("messages.scan.bounded.mode", "latest-offset")
    }

    /// All indexes except the key's, with comment, tablespace and validity, each on a line. `None`: there is no index.
    pub fn indexes(&mut self) -> Option<String> {
        // The server can't describe an index that is being dropped.
        self.schema.execute("BEGIN; LOCK TABLE cars IN ACCESS SHARE MODE");
        let indexes = self.schema.text(
            "SELECT string_agg(concat_ws(' | ', pg_get_indexdef(x.oid), obj_description(x.oid, 'pg_class'), x.reltablespace, i.indisvalid),
                               E'\\n' ORDER BY x.relname)
             FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
             WHERE i.indrelid = 'cars'::regclass AND NOT i.indisprimary",
        );
        self.schema.execute("COMMIT");
        indexes
    }

    /// How many indexes are recorded as dropped by vecsink.
    pub fn recorded(&mut self) -> i64 {
        self.schema.count("vecsink_deferred_index")
    }

    /// The nearest row, found by the vector index.
    pub fn nearest(&mut self, id: i64) -> Option<String> {
        self.schema.execute("SET enable_seqscan TO off");
        let plan = format!("SELECT id FROM cars ORDER BY v <-> '{}' LIMIT 1", text(id));
        let found = self.schema.text(&plan);
        self.schema.execute("RESET enable_seqscan");
        found
    }
}

pub fn vector(id: i64) -> Vec<f32> {
    let id = id as f32;
    vec![id, (id * 0.7).sin(), (id * 0.3).cos()]
}

fn text(id: i64) -> String {
    let numbers: Vec<String> = vector(id).iter().map(f32::to_string).collect();
    format!("[{}]", numbers.join(","))
}

pub fn push(sink: &Sink, ids: RangeInclusive<i64>) {
    for id in ids {
        sink.push(&(id, &vector(id))).expect("the row is taken");
    }
}

/// Messages for the job.
pub fn messages(ids: RangeInclusive<i64>) -> impl Iterator<Item = String> {
    ids.map(|id| format!("{{\"id\": {id}, \"v\": {}}}", text(id)))
}
