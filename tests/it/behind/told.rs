//! What `vecsink check` reports about a table with rows that are not in its vector index yet.

use crate::support::postgresql::{Schema, unique};
use crate::support::{Job, Topic, eventually, kafka, postgres18};

pub const JOB: &str = "
CREATE TABLE cars (id INT, color STRING, v STRING) WITH ('connector' = 'adbpg', 'url' = '${URL}', 'tablename' = 'cars',
    'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}', 'conflictmode' = 'upsert',
    'sink.vector-index' = 'behind', 'connectionmaxactive' = '6');
CREATE TABLE messages (id INT, color STRING, v STRING) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}', 'format' = 'csv',
    'properties.bootstrap.servers' = '${BROKERS}', 'properties.group.id' = 'group-${TOPIC}',
    'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
INSERT INTO cars SELECT * FROM messages;";

const TABLE: &str = "CREATE TABLE cars (id int PRIMARY KEY, color text, v vector(3));
                     CREATE INDEX cars_v ON cars USING hnsw (v vector_l2_ops)";

/// A job with its variables set.
pub fn with_variables(job: Job, schema: &Schema, topic: &str, brokers: &str) -> Job {
    job.variable("URL", schema.server.jdbc_url())
        .variable("PGUSER", &schema.server.user)
        .variable("PGPASSWORD", &schema.server.password)
        .variable("SCHEMA", &schema.name)
        .variable("TOPIC", topic)
        .variable("BROKERS", brokers)
}

fn check(schema: &Schema, topic: &Topic, brokers: &str) -> String {
    with_variables(Job::check(JOB), schema, &topic.name, brokers).finish().exited(0).stdout
}

#[test]
fn check_shows_the_hot_child_that_would_be_made_and_makes_nothing() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let mut schema = Schema::new(&server);
    schema.execute(TABLE);
    let name = schema.name.clone();
    let said = check(&schema, &topic, &kafka.brokers);
    assert!(said.contains(&format!("behind; rows are written to the hot child {name}.cars_hot")), "{said}");
    assert!(said.contains("more than 20 ms; movers: 3 at most"), "{said}");
    assert!(said.contains(&format!("will be made: BEGIN; LOCK TABLE ONLY \"{name}\".\"cars\" IN")), "{said}");
    assert!(!said.contains("Problems"), "{said}");
    let warnings = said.split_once("Warnings").map_or("", |(_, warnings)| warnings).lines().skip(1);
    // Another test may have a transaction open.
    let own: Vec<&str> =
        warnings.filter(|line| line.contains("- ") && !line.contains("a transaction has been open")).collect();
    assert!(own.is_empty(), "{said}");
    assert_eq!(
        schema.text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'cars'::regclass").as_deref(),
        Some("0")
    );
}

#[test]
fn check_names_the_tables_and_warns_of_surprising_effects() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let mut schema = Schema::new(&server);
    let (role, name) = (unique("behind"), schema.name.clone());
    schema.execute(TABLE);
    schema.execute(&format!(
        "DROP INDEX cars_v; CREATE TABLE cars_hot (PRIMARY KEY (id)) INHERITS (cars);
         CREATE TABLE cars_sealed_10 (PRIMARY KEY (id)) INHERITS (cars); CREATE TABLE cars_sealed_9 (PRIMARY KEY (id)) INHERITS (cars);
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER told AFTER INSERT ON cars FOR EACH ROW EXECUTE FUNCTION f();
         CREATE ROLE {role}; GRANT UPDATE ON cars TO {role}; ALTER TABLE cars ENABLE ROW LEVEL SECURITY;
         CREATE PUBLICATION {role} FOR TABLE ONLY cars"
    ));
    let said = check(&schema, &topic, &kafka.brokers);
    for expected in [
        format!("the other tables are {name}.cars_sealed_9, {name}.cars_sealed_10, {name}.cars;"),
        "the table has no vector index".to_owned(),
        "the row triggers told don't fire".to_owned(),
        format!("these roles may change rows of the table, too: {role}."),
        format!("run: ALTER ROLE {role} SET default_transaction_isolation TO 'repeatable read'."),
        "the table has row security".to_owned(),
        format!("ALTER PUBLICATION \"{role}\" ADD TABLE \"{name}\".\"cars_hot\""),
    ] {
        assert!(said.contains(&expected), "{expected}: {said}");
    }
    assert!(!said.contains("will be made"), "{said}");
    schema.execute(&format!("DROP PUBLICATION {role}; DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn an_inline_job_is_refused_while_the_table_has_children_of_vecsink() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let mut schema = Schema::new(&server);
    let inline = |schema: &Schema| {
        let job = with_variables(Job::check(JOB), schema, &topic.name, &kafka.brokers);
        job.option("cars.sink.vector-index", "inline").finish()
    };
    schema.execute(TABLE);
    schema.execute("CREATE TABLE cars_hot () INHERITS (cars)");
    inline(&schema).exited(0);
    schema.execute("DROP TABLE cars_hot");
    let made = with_variables(Job::ddl(JOB), &schema, &topic.name, &kafka.brokers).finish().exited(0).stdout;
    schema.execute(&made);
    let (said, name) = (inline(&schema).exited(1).stdout, schema.name.clone());
    assert!(said.contains(&format!("children of 'sink.vector-index' = 'behind' ({name}.cars_hot)")), "{said}");
    assert!(said.contains(&format!("DROP TABLE \"{name}\".\"cars_hot\"")), "{said}");
    schema.execute("DROP TABLE cars_hot");
    inline(&schema).exited(0);
}

#[test]
fn check_says_how_many_rows_wait_for_the_index() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topic = kafka.topic(1);
    let mut schema = Schema::new(&server);
    schema.execute(&format!(
        "{TABLE}; CREATE TABLE cars_hot (PRIMARY KEY (id)) INHERITS (cars);
         INSERT INTO cars_hot SELECT i, 'red', '[1,2,3]' FROM generate_series(1, 70) AS i"
    ));
    schema.execute("SELECT pg_stat_force_next_flush()");
    eventually("the server has counted them", || {
        schema.text("SELECT pg_stat_get_live_tuples('cars_hot'::regclass)").as_deref() == Some("70")
    });
    let said = check(&schema, &topic, &kafka.brokers);
    assert!(said.contains("about 70 rows are in the hot child and wait for the vector index"), "{said}");
    assert_eq!(schema.count("ONLY cars_hot"), 70, "check moves nothing");
}
