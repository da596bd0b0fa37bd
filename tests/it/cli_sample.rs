//! `vecsink check --sample`: it prints the rows that the next records would become.

use super::support::postgresql::unique;
use super::support::{Job, Schema, kafka, postgres18};

#[test]
fn the_next_records_are_shown_as_rows_and_nothing_is_written_or_committed() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE cars (id bigint PRIMARY KEY, color varchar(10))");
    let (topic, group) = (kafka.topic(1), unique("group"));
    topic.produce(0, ["1,red", "two,red", "3,far too long a colour", "0,left out", "5,not yet"]);
    let sql = format!(
        "CREATE TABLE cars (id INT, color STRING) WITH ('connector' = 'adbpg-nightly-1.13', 'url' = '{}',
         'tablename' = 'cars', 'username' = '{}', 'password' = '${{DB_PASSWORD}}', 'targetschema' = '{}');
         CREATE TABLE messages (id INT, color STRING) WITH ('connector' = 'kafka', 'format' = 'csv',
         'properties.bootstrap.servers' = '{}', 'topic' = '{}', 'properties.group.id' = '{group}',
         'scan.startup.mode' = 'earliest-offset');
         INSERT INTO cars SELECT id, color FROM messages WHERE id > 0;",
        server.jdbc_url(),
        server.user,
        schema.name,
        topic.kafka.brokers,
        topic.name,
    );
    let check = |count: &str| {
        let job = Job::check(&sql).variable("DB_PASSWORD", &server.password);
        job.argument("--sample").argument(count).finish().exited(0).stdout
    };
    let shown = check("4");
    let line = |offset: i64| {
        let place = format!("{}[0]@{offset} ", topic.name);
        shown.lines().find(|line| line.contains(&place)).unwrap_or_else(|| panic!("no {place} in\n{shown}"))
    };
    assert!(line(0).contains("red") && line(0).ends_with("insert"), "{shown}");
    assert!(line(1).contains("decode refused column id"), "{shown}");
    assert!(line(2).contains("far too long") && line(2).contains("22001"), "{shown}");
    assert!(line(3).ends_with("left out by WHERE"), "{shown}");
    assert!(!shown.contains("not yet") && shown.contains("character varying(10)"), "{shown}");
    assert_eq!(schema.count("cars"), 0);
    assert_eq!(kafka.committed(&group, &topic.name, 0), None);
    // The topic has only five records.
    assert!(check("100").contains("not yet"));
}
