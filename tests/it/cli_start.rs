//! A job that starts while its servers are away.

use super::support::{Job, PrivatePostgres, Proxy, Schema, Topic, eventually, kafka, postgres18};

const JOB: &str = "
CREATE TABLE cars (id INT, color STRING) WITH ('connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 'cars',
    'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}');
CREATE TABLE messages (id INT, color STRING) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}', 'format' = 'csv',
    'properties.bootstrap.servers' = '${BROKERS}', 'properties.group.id' = 'group-${TOPIC}',
    'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
INSERT INTO cars SELECT * FROM messages;";

fn job(schema: &Schema, topic: &Topic, brokers: &str) -> Job {
    Job::run(JOB)
        .variable("URL", schema.server.jdbc_url())
        .variable("PGUSER", &schema.server.user)
        .variable("PGPASSWORD", &schema.server.password)
        .variable("SCHEMA", &schema.name)
        .variable("TOPIC", &topic.name)
        .variable("BROKERS", brokers)
}

#[test]
fn a_start_waits_for_a_database_for_as_long_as_the_job_allows() {
    let Some(kafka) = kafka() else { return };
    let Some(mut private) = PrivatePostgres::start() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, ["1,red", "2,blue"]);
    let mut schema = Schema::new(&private.server);
    schema.execute("CREATE TABLE cars (id int PRIMARY KEY, color text)");
    private.stop();
    let job = || job(&schema, &topic, &kafka.brokers);
    let failed = job().finish().exited(1);
    assert!(failed.stderr.contains("can't connect"), "{}", failed.stderr);
    let impatient = job().argument("--max-outage").argument("1s").finish().exited(1);
    assert!(impatient.stderr.contains("max.outage allows no longer"), "{}", impatient.stderr);
    let waiting = [&["--wait-for-servers"][..], &["--max-outage", "10min"]]
        .map(|arguments| arguments.iter().fold(job(), |job, argument| job.argument(argument)).start());
    for running in &waiting {
        eventually("it says that it waits", || running.said().contains("the start waits for it"));
    }
    private.start_again();
    for running in waiting {
        running.wait().exited(0);
    }
    schema.client = schema.connect();
    assert_eq!(schema.count("cars"), 2);
}

#[test]
fn a_start_waits_for_brokers_if_the_job_says_so() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    topic.produce(0, ["1,red", "2,blue"]);
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE cars (id int PRIMARY KEY, color text)");
    let (host, port) = kafka.brokers.split_once(':').expect("host and port");
    let proxy = Proxy::to(host, port.parse().expect("a number"));
    proxy.cut();
    let brokers = format!("127.0.0.1:{}", proxy.port);
    let waiting = job(&schema, &topic, &brokers).argument("--wait-for-servers").start();
    eventually("it says that it waits", || waiting.said().contains("no answer yet; the start goes on waiting"));
    proxy.restore();
    waiting.wait().exited(0);
    assert_eq!(schema.count("cars"), 2);
}
