//! A partition moves to another process while its owner has a transaction open. Whatever happens to the owner, an older row never stays
//! in the place of a newer one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::command::Running;
use crate::support::postgresql::Postgres;
use crate::support::{Job, Proxy, Schema, Topic, eventually, kafka, postgres18};

const PARTITIONS: i32 = 4;

const JOB: &str = "
CREATE TABLE counters (id INT, version INT) WITH ('connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 'counters',
    'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}', 'conflictmode' = 'upsert');
CREATE TABLE messages (id INT, version INT) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}',
    'properties.bootstrap.servers' = '${BROKERS}', 'properties.group.id' = 'group-${TOPIC}', 'format' = 'csv',
    'properties.session.timeout.ms' = '6000', 'properties.heartbeat.interval.ms' = '500',
    'scan.assignment' = 'group', 'scan.startup.mode' = 'earliest-offset');
INSERT INTO counters SELECT * FROM messages;";

/// A table that must have the newest version of each key at the end, its topic, and how long the server takes for a row.
struct Scene {
    server: Postgres,
    schema: Schema,
    topic: Topic,
    keys: i64,
}

impl Scene {
    fn new(keys: i64, seconds_a_row: f64) -> Option<Scene> {
        let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return None };
        let mut schema = Schema::new(&server);
        schema.execute(&format!(
            "CREATE TABLE counters (id int PRIMARY KEY, version int NOT NULL);
             CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN PERFORM pg_sleep({seconds_a_row}); RETURN NULL; END $$;
             CREATE TRIGGER slow AFTER INSERT OR UPDATE ON counters FOR EACH ROW EXECUTE FUNCTION slow()"
        ));
        Some(Scene { schema, topic: kafka.topic(PARTITIONS), server, keys })
    }

    fn job(&self, proxy: Option<&Proxy>) -> Job {
        let mut server = self.server.clone();
        if let Some(proxy) = proxy {
            (server.host, server.port) = ("127.0.0.1".to_owned(), proxy.port);
        }
        Job::run(JOB)
            .variable("URL", server.jdbc_url())
            .variable("PGUSER", &server.user)
            .variable("PGPASSWORD", &server.password)
            .variable("SCHEMA", &self.schema.name)
            .variable("TOPIC", &self.topic.name)
            .variable("BROKERS", &self.topic.kafka.brokers)
    }

    /// Produces versions of every key, each key in its own partition, while `during` runs. Returns the last version.
    fn producing(&self, during: impl FnOnce()) -> i64 {
        let done = AtomicBool::new(false);
        let (topic, keys) = (&self.topic, self.keys);
        std::thread::scope(|scope| {
            let producer = scope.spawn(|| {
                let mut version = 0;
                while !done.load(Ordering::Relaxed) {
                    topic.produce_spread((0..keys).map(|key| format!("{key},{version}")));
                    version += 1;
                    // A rate, not a wait: the table is slower than the topic.
                    std::thread::sleep(Duration::from_millis(200));
                }
                version - 1
            });
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(during));
            done.store(true, Ordering::Relaxed);
            let last = producer.join().expect("the producer ends");
            ended.map_or_else(|panic| std::panic::resume_unwind(panic), |()| last)
        })
    }

    /// Waits until rows have come and a transaction with more of them is open.
    #[track_caller]
    fn wait_for_a_transaction(&self) {
        let mut client = self.schema.connect();
        let mut holds = |query: &str| client.query_one(query, &[]).expect("a query").get::<_, bool>(0);
        eventually("rows come", || holds("SELECT count(*) > 0 FROM counters"));
        let open = format!(
            "SELECT count(*) > 0 FROM pg_stat_activity a JOIN pg_locks l USING (pid)
              WHERE a.application_name LIKE 'vecsink group-{}/%' AND a.backend_xid IS NOT NULL
                AND l.relation = 'counters'::regclass",
            self.topic.name
        );
        eventually("a transaction is open", || holds(&open));
    }

    /// Waits until everything is written, ends the processes, and fails if a key has an older version than the last one.
    #[track_caller]
    fn settle(&mut self, running: Vec<Running>, last: i64) {
        let group = format!("group-{}", self.topic.name);
        let ends: Vec<i64> = (0..PARTITIONS).map(|partition| self.topic.watermarks(partition).1).collect();
        eventually("all of it is stored as read", || {
            let stored = |partition: i32| self.topic.kafka.committed(&group, &self.topic.name, partition);
            (0..PARTITIONS).zip(&ends).all(|(partition, end)| stored(partition) == Some(*end))
        });
        running.iter().for_each(Running::terminate);
        let said: Vec<String> = running.into_iter().map(|running| running.wait().exited(0).stderr).collect();
        let old = self.schema.text(&format!("SELECT count(*) FROM counters WHERE version <> {last}"));
        assert_eq!(
            (old.as_deref(), self.schema.count("counters")),
            (Some("0"), self.keys),
            "\n{}",
            said.join("\n---\n")
        );
    }
}

fn taken_on(running: &Running) -> usize {
    running.said().matches("from offset").count()
}

fn the_way_to_the_database_is_cut() {
    let Some(mut scene) = Scene::new(2000, 0.0005) else { return };
    let proxy = Proxy::to(&scene.server.host, scene.server.port);
    let mut running = Vec::new();
    let last = scene.producing(|| {
        let first = scene.job(Some(&proxy)).start();
        scene.wait_for_a_transaction();
        proxy.cut();
        let second = scene.job(None).start();
        // Not a wait for a condition: the connection is cut for this long.
        std::thread::sleep(Duration::from_secs(20));
        proxy.restore();
        eventually("the second has a part", || taken_on(&second) > 0);
        running = vec![first, second];
    });
    scene.settle(running, last);
}

fn the_owner_is_stopped_for_longer_than_the_session_time_out() {
    let Some(mut scene) = Scene::new(2000, 0.0005) else { return };
    let mut running = Vec::new();
    let last = scene.producing(|| {
        let first = scene.job(None).start();
        scene.wait_for_a_transaction();
        first.signal("STOP");
        let second = scene.job(None).start();
        eventually("the second has all partitions", || taken_on(&second) >= PARTITIONS as usize);
        let mut client = scene.schema.connect();
        let newer = "SELECT coalesce(max(version), 0) FROM counters";
        let mut version =
            || client.query_one(&format!("SELECT ({newer})::bigint"), &[]).expect("a query").get::<_, i64>(0);
        let before = version();
        eventually("the second writes newer rows", || version() > before + 3);
        first.signal("CONT");
        eventually("the first is a member again", || first.said().contains("has removed this process"));
        running = vec![first, second];
    });
    scene.settle(running, last);
}

fn a_second_process_joins_at_a_slow_table(seconds_a_row: f64, keys: i64, options: &[(&str, &str)]) {
    let Some(mut scene) = Scene::new(keys, seconds_a_row) else { return };
    let mut running = Vec::new();
    let last = scene.producing(|| {
        let job = || options.iter().fold(scene.job(None), |job, (option, value)| job.option(option, value));
        let first = job().start();
        scene.wait_for_a_transaction();
        let second = job().start();
        eventually("the second has a part", || taken_on(&second) > 0);
        let third = job().start();
        eventually("the third has one, too", || taken_on(&third) > 0);
        running = vec![first, second, third];
    });
    scene.settle(running, last);
}

fn a_second_process_joins_at_a_table_of_three_milliseconds_a_row() {
    a_second_process_joins_at_a_slow_table(0.003, 400, &[]);
}

fn transactions_take_longer_than_a_revoke_may() {
    // A revoke waits a quarter of this until everything that was read is written.
    let options = [("messages.properties.max.poll.interval.ms", "6000"), ("counters.connectionmaxactive", "1")];
    a_second_process_joins_at_a_slow_table(0.01, 300, &options);
}

#[test]
fn no_older_row_stays_when_the_way_to_the_database_is_cut() {
    the_way_to_the_database_is_cut();
}

#[test]
fn no_older_row_stays_when_the_owner_is_stopped_and_removed_from_the_group() {
    the_owner_is_stopped_for_longer_than_the_session_time_out();
}

#[test]
fn no_older_row_stays_when_a_process_joins_at_a_slow_table() {
    a_second_process_joins_at_a_table_of_three_milliseconds_a_row();
}

#[test]
fn no_older_row_stays_when_transactions_are_longer_than_a_revoke_waits() {
    transactions_take_longer_than_a_revoke_may();
}

/// Does a number of runs, several at the same time.
fn again(case: fn()) {
    const RUNS: usize = 20;
    const AT_ONCE: usize = 4;
    for first in (0..RUNS).step_by(AT_ONCE) {
        std::thread::scope(|scope| (first..RUNS.min(first + AT_ONCE)).for_each(|_| drop(scope.spawn(case))));
    }
}

#[test]
#[ignore = "takes minutes; `make test-long` runs it"]
fn twenty_times_no_older_row_stays_when_the_way_to_the_database_is_cut() {
    again(the_way_to_the_database_is_cut);
}

#[test]
#[ignore = "takes minutes; `make test-long` runs it"]
fn twenty_times_no_older_row_stays_when_the_owner_is_stopped_and_removed_from_the_group() {
    again(the_owner_is_stopped_for_longer_than_the_session_time_out);
}

#[test]
#[ignore = "takes minutes; `make test-long` runs it"]
fn twenty_times_no_older_row_stays_when_a_process_joins_at_a_slow_table() {
    again(a_second_process_joins_at_a_table_of_three_milliseconds_a_row);
}

#[test]
#[ignore = "takes minutes; `make test-long` runs it"]
fn twenty_times_no_older_row_stays_when_transactions_are_longer_than_a_revoke_waits() {
    again(transactions_take_longer_than_a_revoke_may);
}
