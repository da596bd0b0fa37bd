//! Rows of one key stay in order, also if texts that differ are the same key by a column's collation, by an index's collation, or by a
//! trigger.

use crate::support::{Job, Schema, Topic, kafka, postgres18};

const JOB: &str = "
CREATE TABLE people (email STRING, version INT, PRIMARY KEY (email) NOT ENFORCED) WITH ('connector' = 'adbpg', 'url' = '${URL}',
    'tablename' = 'people', 'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}',
    'conflictmode' = 'upsert', 'batchsize' = '200');
CREATE TABLE messages (email STRING, version INT) WITH ('connector' = 'kafka', 'topic' = '${TOPIC}',
    'properties.bootstrap.servers' = '${BROKERS}', 'properties.group.id' = 'group-${TOPIC}', 'format' = '${FORMAT}',
    'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
INSERT INTO people SELECT * FROM messages;";

const KEYS: usize = 40;
const VERSIONS: usize = 60;

/// The rule by which `a@x` and `A@x` are the same key of the table `people (email, version)`.
#[derive(Debug, Clone, Copy)]
enum Rule {
    ColumnCollation,
    IndexCollation,
    OperatorClass,
    Trigger,
}

const RULES: [Rule; 4] = [Rule::ColumnCollation, Rule::IndexCollation, Rule::OperatorClass, Rule::Trigger];

impl Rule {
    /// None if the server was built without ICU, because only its collations have such rules.
    fn schema(self) -> Option<Schema> {
        let mut schema = Schema::new(&postgres18()?);
        let nocase = "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
        if matches!(self, Rule::ColumnCollation | Rule::IndexCollation) && schema.client.batch_execute(nocase).is_err()
        {
            eprintln!("{self:?}: the server was built without ICU");
            return None;
        }
        schema.execute(match self {
            Rule::ColumnCollation => "CREATE TABLE people (email text COLLATE nocase PRIMARY KEY, version int)",
            Rule::IndexCollation => {
                "CREATE TABLE people (email text, version int); CREATE UNIQUE INDEX ON people (email COLLATE nocase)"
            }
            Rule::OperatorClass => {
                "CREATE TABLE people (email text, version int);
                 CREATE FUNCTION lt(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) < lower($2)';
                 CREATE FUNCTION le(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) <= lower($2)';
                 CREATE FUNCTION eq(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) = lower($2)';
                 CREATE FUNCTION ge(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) >= lower($2)';
                 CREATE FUNCTION gt(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) > lower($2)';
                 CREATE FUNCTION cmp(text, text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT bttextcmp(lower($1), lower($2))';
                 CREATE OPERATOR ~<~ (LEFTARG = text, RIGHTARG = text, FUNCTION = lt);
                 CREATE OPERATOR ~<=~ (LEFTARG = text, RIGHTARG = text, FUNCTION = le);
                 CREATE OPERATOR ~=~ (LEFTARG = text, RIGHTARG = text, FUNCTION = eq);
                 CREATE OPERATOR ~>=~ (LEFTARG = text, RIGHTARG = text, FUNCTION = ge);
                 CREATE OPERATOR ~>~ (LEFTARG = text, RIGHTARG = text, FUNCTION = gt);
                 CREATE OPERATOR CLASS nocase_ops FOR TYPE text USING btree AS
                   OPERATOR 1 ~<~, OPERATOR 2 ~<=~, OPERATOR 3 ~=~, OPERATOR 4 ~>=~, OPERATOR 5 ~>~, FUNCTION 1 cmp(text, text);
                 CREATE UNIQUE INDEX ON people (email nocase_ops)"
            }
            Rule::Trigger => {
                "CREATE TABLE people (email text PRIMARY KEY, version int);
                 CREATE FUNCTION lower_key() RETURNS trigger LANGUAGE plpgsql AS
                   $$ BEGIN NEW.email := lower(NEW.email); RETURN NEW; END $$;
                 CREATE TRIGGER lower_key BEFORE INSERT OR UPDATE ON people FOR EACH ROW EXECUTE FUNCTION lower_key()"
            }
        });
        Some(schema)
    }
}

fn job(job: fn(&str) -> Job, schema: &Schema, topic: &Topic, format: &str) -> Job {
    let server = &schema.server;
    job(JOB)
        .variable("URL", server.jdbc_url())
        .variable("PGUSER", &server.user)
        .variable("PGPASSWORD", &server.password)
        .variable("SCHEMA", &schema.name)
        .variable("TOPIC", &topic.name)
        .variable("BROKERS", &topic.kafka.brokers)
        .variable("FORMAT", format)
}

/// A spelling of the key, another one for each version.
fn email(key: usize, version: usize) -> String {
    let name = format!("person{key}@example");
    name.chars()
        .enumerate()
        .map(|(at, c)| if version >> (at % 6) & 1 == 1 { c.to_ascii_uppercase() } else { c })
        .collect()
}

#[test]
fn the_newest_row_of_a_key_stays_under_each_rule_of_comparison() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    let versions = (0..VERSIONS).flat_map(|version| (0..KEYS).map(move |key| (key, version)));
    topic.produce(0, versions.map(|(key, version)| format!("{},{version}", email(key, version))));
    for rule in RULES {
        let Some(mut schema) = rule.schema() else { continue };
        let checked = job(Job::check, &schema, &topic, "csv").finish().exited(0);
        assert!(checked.stdout.contains("layout serial") && checked.stdout.contains("one shard"), "{}", checked.stdout);
        let ended = job(Job::run, &schema, &topic, "csv").argument("--fresh").finish().exited(0);
        assert!(ended.stderr.contains("all rows go through one shard"), "{}", ended.stderr);
        let newest = schema.text(&format!("SELECT count(*) FROM people WHERE version = {}", VERSIONS - 1));
        assert_eq!((newest, schema.count("people")), (Some(KEYS.to_string()), KEYS as i64), "{rule:?}");
    }
}

#[test]
fn a_delete_finds_the_row_of_its_key_under_each_rule_of_comparison() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    let change = |op: &str, email: &str, version: usize| {
        let row = format!(r#"{{"email":"{email}","version":{version}}}"#);
        let (before, after) = if op == "d" { (row.as_str(), "null") } else { ("null", row.as_str()) };
        format!(r#"{{"op":"{op}","before":{before},"after":{after}}}"#)
    };
    // One batch has an insert and its delete, and an insert that stays. Another batch deletes a stored row.
    let first = [change("c", "a@x", 1), change("c", "b@x", 1), change("c", "c@x", 1), change("d", "A@x", 1)];
    topic.produce(0, first);
    for rule in [Rule::ColumnCollation, Rule::IndexCollation] {
        let Some(mut schema) = rule.schema() else { return };
        schema.execute("INSERT INTO people VALUES ('D@x', 0), ('e@x', 0)");
        let deletes = kafka.topic(1);
        deletes.produce(0, [change("d", "d@X", 0)]);
        job(Job::run, &schema, &topic, "debezium-json").argument("--fresh").finish().exited(0);
        job(Job::run, &schema, &deletes, "debezium-json").finish().exited(0);
        let left = schema.text("SELECT string_agg(email, ' ' ORDER BY lower(email COLLATE \"C\")) FROM people");
        assert_eq!(left.as_deref(), Some("b@x c@x e@x"), "{rule:?}");
    }
}

#[test]
fn rows_go_through_all_shards_if_a_trigger_does_not_change_the_key() {
    let Some(kafka) = kafka() else { return };
    let Some(server) = postgres18() else { return };
    let topic = kafka.topic(1);
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE people (email text PRIMARY KEY, version int, changed timestamptz);
     CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed := now(); RETURN NEW; END $$;
     CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON people FOR EACH ROW EXECUTE FUNCTION touch()",
    );
    let checked = job(Job::check, &schema, &topic, "csv").finish().exited(0);
    assert!(checked.stdout.contains("layout key"), "{}", checked.stdout);
}
