//! The table is altered while a job has rows for it that aren't written yet.

use crate::support::command::Running;
use crate::support::postgresql::Postgres;
use crate::support::{Job, Schema, Topic, eventually, kafka, postgres18, postgres96};

const JOB: &str = "
CREATE TABLE t (id BIGINT, n BIGINT, price INT, color STRING, feature STRING) WITH ('connector' = 'adbpg', 'url' = '${URL}',
    'tablename' = 't', 'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}',
    'conflictmode' = 'ignore');
CREATE TABLE messages (id BIGINT, n BIGINT, price INT, color STRING, feature STRING) WITH ('connector' = 'kafka',
    'topic' = '${TOPIC}', 'properties.bootstrap.servers' = '${BROKERS}', 'format' = 'csv', 'csv.field-delimiter' = '|',
    'scan.startup.mode' = 'earliest-offset');
INSERT INTO t SELECT * FROM messages;";

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, n int, price int, color varchar(10), feature float4[])";
/// How many rows have values that fit the columns before and after the change, and how many rows there are in all.
const NARROW: i64 = 20_000;
const ALL: i64 = 21_000;

/// What the columns should hold, by `id`.
const N: &str = "CASE WHEN id < 20000 THEN id * 7 ELSE id::bigint * 1000000 END";
const COLOR: &str =
    "CASE WHEN id % 10 = 0 THEN NULL WHEN id < 20000 THEN 'c' || id % 100 ELSE 'longer than ten ' || id END";

fn messages(ids: std::ops::Range<i64>) -> impl Iterator<Item = String> {
    ids.map(|id| {
        let n = if id < NARROW { id * 7 } else { id * 1_000_000 };
        let color = match id {
            id if id % 10 == 0 => String::new(),
            id if id < NARROW => format!("c{}", id % 100),
            id => format!("longer than ten {id}"),
        };
        format!("{id}|{n}|{}|{color}|{{{id},0.1,-2.5}}", id % 1000)
    })
}

struct Scene {
    schema: Schema,
    topic: Topic,
    running: Running,
}

impl Scene {
    /// Starts a job, and waits until it has written some rows.
    fn begin(server: &Postgres, options: &[(&str, &str)]) -> Option<Scene> {
        let kafka = kafka()?;
        let topic = kafka.topic(3);
        topic.produce_spread(messages(0..1000));
        let mut schema = Schema::new(server);
        schema.execute(TABLE);
        let mut job = Job::run(JOB)
            .variable("URL", server.jdbc_url())
            .variable("PGUSER", &server.user)
            .variable("PGPASSWORD", &server.password)
            .variable("SCHEMA", &schema.name)
            .variable("TOPIC", &topic.name)
            .variable("BROKERS", &kafka.brokers)
            .option("messages.csv.null-literal", "");
        for (name, value) in options {
            job = job.option(&format!("t.{name}"), value);
        }
        let running = job.start();
        eventually("the first rows arrive", || schema.count("t") == 1000);
        Some(Scene { schema, topic, running })
    }

    /// Alters the table while thousands of rows wait, which are encoded for the old columns.
    fn alter(&mut self, statements: &str) {
        self.schema.execute(&format!("BEGIN; {statements}"));
        self.topic.produce_spread(messages(1000..NARROW));
        let waiting = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 't'::regclass";
        eventually("writers wait", || self.schema.text(waiting).as_deref() == Some("true"));
        self.schema.execute("COMMIT");
    }

    fn stops(self, words: &[&str]) {
        let finished = self.running.wait().exited(1);
        for word in words {
            assert!(finished.stderr.contains(word), "{word}: {}", finished.stderr);
        }
        assert_eq!(finished.count("rows_dead_lettered"), 0, "no row is to blame");
    }
}

fn goes_on(server: &Postgres, options: &[(&str, &str)], alter: &str, feature: &str) {
    let Some(mut scene) = Scene::begin(server, options) else { return };
    scene.alter(alter);
    scene.topic.produce_spread(messages(NARROW..ALL));
    eventually("every row is there", || scene.schema.count("t") == ALL);
    scene.running.terminate();
    let finished = scene.running.wait().exited(0);
    assert!(finished.stderr.contains("was altered"), "{}", finished.stderr);
    let counts =
        ["rows_written", "rows_ignored", "rows_superseded", "rows_dead_lettered"].map(|name| finished.count(name));
    assert_eq!(counts, [ALL as u64, 0, 0, 0], "{options:?}");
    let same = format!(
        "SELECT count(*) FROM t WHERE id BETWEEN 0 AND {ALL} AND n = {N} AND price = id % 1000
         AND color IS NOT DISTINCT FROM {COLOR} AND feature = {feature}"
    );
    assert_eq!(scene.schema.text(&same), Some(ALL.to_string()), "{options:?}");
}

const PATHS: [&[(&str, &str)]; 3] = [&[], &[("writemode", "2")], &[("conflictmode", "upsert"), ("writemode", "0")]];

#[test]
fn columns_that_change_their_types_lose_no_row_and_store_none_wrongly() {
    let Some(server) = postgres18() else { return };
    let alter = "ALTER TABLE t ALTER id TYPE bigint, ALTER n TYPE bigint, ALTER price TYPE real, ALTER color TYPE text,
                 ALTER feature TYPE vector(3)";
    for options in PATHS {
        goes_on(&server, options, alter, "('[' || id || ',0.1,-2.5]')::vector");
    }
}

#[test]
fn a_table_of_an_older_server_may_be_altered_too() {
    let Some(server) = postgres96() else { return };
    let alter = "ALTER TABLE t ALTER n TYPE bigint; ALTER TABLE t ALTER price TYPE numeric(10,2);
                 ALTER TABLE t ALTER color TYPE varchar(40); ALTER TABLE t ADD added int DEFAULT 5";
    goes_on(&server, &[], alter, "ARRAY[id, 0.1, -2.5]::float4[]");
}

#[test]
fn a_row_that_only_the_altered_table_takes_is_written_although_no_transaction_has_noticed_the_change() {
    let Some(server) = postgres18() else { return };
    let Some(mut scene) = Scene::begin(&server, &[]) else { return };
    scene.schema.execute("ALTER TABLE t ALTER n TYPE bigint, ALTER color TYPE text");
    scene.topic.produce_spread(messages(NARROW..ALL));
    eventually("every row is there", || scene.schema.count("t") == 1000 + ALL - NARROW);
    scene.running.terminate();
    let finished = scene.running.wait().exited(0);
    assert!(finished.stderr.contains("was altered"), "{}", finished.stderr);
    assert_eq!(finished.count("rows_dead_lettered"), 0);
}

#[test]
fn a_refused_row_leads_to_a_schema_check_that_stops_the_job() {
    let Some(server) = postgres18() else { return };
    let Some(mut scene) = Scene::begin(&server, &[]) else { return };
    scene.schema.execute("ALTER TABLE t DROP color");
    scene.topic.produce(0, [format!("1|{}|0||{{1}}", i64::MAX)]);
    scene.stops(&["column color is gone", "start the job again", "nothing is lost"]);
}

#[test]
fn rows_that_the_altered_table_no_longer_takes_are_rejected_alone() {
    let Some(server) = postgres18() else { return };
    let Some(mut scene) = Scene::begin(&server, &[]) else { return };
    scene.alter("TRUNCATE t; ALTER TABLE t ALTER n TYPE smallint");
    let fits = (1000..NARROW).filter(|id| id * 7 <= i64::from(i16::MAX)).count() as u64;
    // The last rows of each partition fit. When they are in the table, all have been read.
    (0..3).for_each(|partition| scene.topic.produce(partition, [format!("{}|0|0||{{1}}", ALL + i64::from(partition))]));
    let fits = fits + 3;
    eventually("the rows that fit are there", || scene.schema.count("t") as u64 == fits);
    scene.running.terminate();
    let finished = scene.running.wait().exited(0);
    let outcomes = (finished.count("rows_written"), finished.count("rows_dead_lettered"));
    assert_eq!(outcomes, (1000 + fits, NARROW as u64 + 3 - 1000 - fits));
}

#[test]
fn added_columns_change_nothing() {
    let Some(server) = postgres18() else { return };
    let Some(mut scene) = Scene::begin(&server, &[]) else { return };
    scene.alter("ALTER TABLE t ADD noted text, ADD at timestamptz NOT NULL DEFAULT now()");
    eventually("every row is there", || scene.schema.count("t") == NARROW);
    scene.running.terminate();
    assert_eq!(scene.running.wait().exited(0).count("rows_dead_lettered"), 0);
}

#[test]
fn a_column_added_that_must_have_a_value_stops_the_job() {
    let Some(server) = postgres18() else { return };
    let Some(mut scene) = Scene::begin(&server, &[]) else { return };
    scene.alter("TRUNCATE t; ALTER TABLE t ADD due date NOT NULL");
    scene.stops(&["column due is new", "NOT NULL without a default"]);
}

#[test]
fn a_column_that_is_dropped_stops_the_job() {
    let Some(server) = postgres18() else { return };
    for options in PATHS {
        let Some(mut scene) = Scene::begin(&server, options) else { return };
        scene.alter("ALTER TABLE t DROP color");
        scene.stops(&["column color is gone", "start the job again", "nothing is lost"]);
    }
}

#[test]
fn a_key_that_changes_stops_the_job() {
    let Some(server) = postgres18() else { return };
    for (alter, why) in [
        ("ALTER TABLE t ALTER id TYPE text", "its key is compared in another way"),
        ("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (n), ALTER price TYPE bigint", "its key has changed"),
        ("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (n)", "its key has changed"),
        ("ALTER TABLE t DROP CONSTRAINT t_pkey", "its key has changed"),
        ("ALTER TABLE t ADD UNIQUE (price)", "its unique constraints have changed"),
    ] {
        let Some(mut scene) = Scene::begin(&server, &[]) else { return };
        scene.alter(alter);
        scene.stops(&[why, "start the job again"]);
    }
}
