//! `vecsink run` and `vecsink check` on real servers: how a job starts, ends and resumes, and what it prints.

use super::support::postgresql::{Postgres, unique};
use super::support::{Job, Schema, Topic, eventually, kafka, postgres18};

/// A table, a topic with one partition, and the job that reads the topic.
struct Scene {
    schema: Schema,
    topic: Topic,
    group: String,
}

impl Scene {
    fn new() -> Option<Scene> {
        let (server, kafka) = (postgres18()?, kafka()?);
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE cars (id bigint PRIMARY KEY, color varchar(10))");
        Some(Scene { schema, topic: kafka.topic(1), group: unique("group") })
    }

    fn produce(&self, ids: std::ops::Range<i64>) {
        self.topic.produce(0, ids.map(|id| format!("{id},red")));
    }

    /// The job, with further options of the source.
    fn job(&self, source_options: &str) -> String {
        self.job_of("cars", &self.schema.server, source_options)
    }

    fn job_of(&self, table: &str, server: &Postgres, source_options: &str) -> String {
        format!(
            "CREATE TABLE cars (id INT, color STRING) WITH ('connector' = 'adbpg-nightly-1.13', 'url' = '{}',\n\
             'tablename' = '{table}', 'username' = '{}', 'password' = '${{DB_PASSWORD}}', 'targetschema' = '{}');\n\
             CREATE TABLE messages (id INT, color STRING) WITH ('connector' = 'kafka', 'format' = 'csv',\n\
             'properties.bootstrap.servers' = '{}', 'topic' = '{}', 'properties.group.id' = '{}',\n\
             'scan.startup.mode' = 'earliest-offset'{source_options});\n\
             INSERT INTO cars SELECT * FROM messages;",
            server.jdbc_url(),
            server.user,
            self.schema.name,
            self.topic.kafka.brokers,
            self.topic.name,
            self.group,
        )
    }

    fn run(&self, source_options: &str) -> Job {
        self.with_password(Job::run(&self.job(source_options)))
    }

    fn with_password(&self, job: Job) -> Job {
        job.variable("DB_PASSWORD", &self.schema.server.password)
    }

    fn rows(&mut self) -> i64 {
        self.schema.count("cars")
    }
}

const BOUNDED: &str = ", 'scan.bounded.mode' = 'latest-offset'";

#[test]
fn the_summary_is_the_last_line_of_stdout_and_adds_up() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..100);
    scene.topic.produce(0, ["5,again", "not a number,red", "200,much too long a colour"]);
    let finished = scene.run(BOUNDED).finish().exited(0);
    assert_eq!(finished.stdout.lines().count(), 1, "{}", finished.stdout);
    let fields: Vec<String> = finished.summary().as_object().expect("an object").keys().cloned().collect();
    let expected = "records_read records_missed rows_read rows_written rows_deleted rows_superseded rows_ignored \
                    rows_dead_lettered rows_unchanged rows_moved batches retries seconds progress_age_seconds";
    assert_eq!(fields, expected.split_whitespace().collect::<Vec<_>>());
    let outcomes =
        ["rows_written", "rows_deleted", "rows_superseded", "rows_ignored", "rows_dead_lettered", "rows_unchanged"];
    assert_eq!(outcomes.map(|name| finished.count(name)), [100, 0, 0, 1, 2, 0]);
    assert_eq!((finished.count("records_read"), finished.count("rows_read")), (103, 103));
    assert_eq!(scene.rows(), 100);
    assert!(!finished.stderr.contains('\x1b'), "colours in a pipe: {}", finished.stderr);
}

#[test]
fn a_terminated_job_drains_and_its_next_run_goes_on() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..50);
    let running = scene.run("").start();
    eventually("the rows arrive", || scene.rows() == 50);
    running.terminate();
    assert_eq!(running.wait().exited(0).count("rows_written"), 50);
    scene.produce(50..60);
    assert_eq!(scene.run(BOUNDED).finish().exited(0).count("records_read"), 10);
    assert_eq!(scene.rows(), 60);
    let fresh = scene.run(BOUNDED).argument("--fresh").finish().exited(0);
    assert_eq!((fresh.count("records_read"), fresh.count("rows_ignored")), (60, 60));
}

#[test]
fn a_drain_that_takes_too_long_exits_with_1_and_loses_nothing() {
    let Some(mut scene) = Scene::new() else { return };
    let running = scene.run("").argument("--drain-timeout").argument("1s").start();
    let finished = blocked(&mut scene, || {
        running.terminate();
        running.wait().exited(1)
    });
    assert_eq!(finished.count("rows_written"), 1);
    assert_eq!(scene.run(BOUNDED).finish().exited(0).count("rows_written"), 20);
    assert_eq!(scene.rows(), 21);
}

#[test]
fn a_second_signal_ends_the_job_at_once() {
    let Some(mut scene) = Scene::new() else { return };
    let running = scene.run("").argument("--drain-timeout").argument("1h").start();
    blocked(&mut scene, || {
        running.terminate();
        eventually("it says that it drains", || running.said().contains("draining"));
        running.signal("INT");
        running.wait().exited(1);
    });
}

/// Calls `action` when the job has written one row and can't write twenty further rows.
fn blocked<T>(scene: &mut Scene, action: impl FnOnce() -> T) -> T {
    scene.produce(0..1);
    eventually("the first row arrives", || scene.rows() == 1);
    let mut blocker = scene.schema.connect();
    let mut lock = blocker.transaction().expect("a transaction");
    lock.batch_execute("LOCK TABLE cars IN SHARE MODE").expect("nobody writes");
    scene.produce(1..21);
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'cars'::regclass";
    eventually("the job waits for the lock", || scene.schema.text(waiting).is_some_and(|count| count != "0"));
    action()
}

#[test]
fn a_missing_table_or_topic_exits_with_1_and_is_named() {
    let Some(scene) = Scene::new() else { return };
    let job = scene.job_of("no_such_table", &scene.schema.server, BOUNDED);
    let finished = scene.with_password(Job::run(&job)).finish().exited(1);
    assert!(finished.stderr.contains("no_such_table"), "{}", finished.stderr);
    let topic = unique("no_such_topic");
    let finished = scene.run(BOUNDED).argument("-D").argument(format!("messages.topic={topic}")).finish().exited(1);
    assert!(finished.stderr.contains(&topic), "{}", finished.stderr);
}

#[test]
fn check_prints_the_plan_and_writes_nothing() {
    let Some(mut scene) = Scene::new() else { return };
    scene.produce(0..5);
    let checked = scene.with_password(Job::check(&scene.job(""))).finish().exited(0);
    for part in ["cars from messages", "id", "INT", "bigint", "character varying(10)", &scene.topic.name] {
        assert!(checked.stdout.contains(part), "{part} is not in:\n{}", checked.stdout);
    }
    assert!(!checked.stdout.contains('\x1b'), "{}", checked.stdout);
    assert_eq!(scene.rows(), 0);
    assert_eq!(scene.topic.kafka.committed(&scene.group, &scene.topic.name, 0), None);
}

#[test]
fn check_names_what_would_keep_the_job_from_running() {
    let Some(scene) = Scene::new() else { return };
    let job = scene.job_of("no_such_table", &scene.schema.server, "");
    let checked = scene.with_password(Job::check(&job)).finish().exited(1);
    assert!(checked.stdout.contains("Problems") && checked.stdout.contains("no_such_table"), "{}", checked.stdout);
}

#[test]
fn check_names_a_dead_letter_file_that_cannot_be_written_and_a_column_that_stays_empty() {
    let Some(mut scene) = Scene::new() else { return };
    scene.schema.execute("ALTER TABLE cars ALTER color SET NOT NULL");
    let job = scene.job("").replace("INTO cars SELECT *", "INTO cars (id) SELECT id");
    let wrong = "cars.deadletter=file:no/such/folder/rejected.jsonl";
    let checked = scene.with_password(Job::check(&job)).argument("-D").argument(wrong).finish().exited(1);
    for problem in ["rejected.jsonl", "column color is NOT NULL"] {
        assert!(checked.stdout.contains(problem), "{}", checked.stdout);
    }
}

/// Quotes of every kind, blanks, the special characters of SQL, URLs, shells and format strings, and non-ASCII characters.
const ODD: &str = r#"p'"`\ %41&=:/?#@;,$x${y}{0}|<>()[]!*~^+-ß雪"#;

#[test]
fn a_password_of_odd_characters_works_and_is_never_shown() {
    let Some(mut scene) = Scene::new() else { return };
    let user = unique("odd");
    let (quoted, schema) = (ODD.replace('\'', "''").replace('\\', "\\\\"), scene.schema.name.clone());
    scene.schema.execute(&format!(
        "CREATE ROLE {user} LOGIN PASSWORD E'{quoted}'; GRANT USAGE ON SCHEMA {schema} TO {user};
         GRANT SELECT, INSERT ON cars TO {user}"
    ));
    scene.produce(0..5);
    let server = Postgres { user: user.clone(), ..scene.schema.server.clone() };
    let job = scene.job_of("cars", &server, BOUNDED);
    let right = Job::run(&job).variable("DB_PASSWORD", ODD).argument("-vv").finish().exited(0);
    assert_eq!(right.count("rows_written"), 5);
    let wrong = Job::run(&job).variable("DB_PASSWORD", format!("{ODD}x")).argument("-vv").finish().exited(1);
    let checked = Job::check(&job).variable("DB_PASSWORD", ODD).argument("-vv").finish().exited(0);
    for finished in [right, wrong, checked] {
        for shown in [&finished.stdout, &finished.stderr] {
            // It may not be shown in an escaped form either, so each part without special characters is searched for.
            for piece in [ODD, "%41&=", "${y}{0}", "~^+-ß"] {
                assert!(!shown.contains(piece), "the password is shown:\n{shown}");
            }
        }
    }
    scene.schema.execute(&format!("DROP OWNED BY {user}; DROP ROLE {user}"));
}
