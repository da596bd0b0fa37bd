//! What is written to each dead-letter target for a rejected record.

use super::scene::{Scene, messages, produce_with_header};
use crate::support::postgresql::{Postgres, unique};
use crate::support::{Job, kafka, postgres18, servers};

#[test]
fn a_dead_letter_in_a_topic_has_the_original_record_and_the_reason() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut scene = Scene::new(&server, &kafka);
    scene.topic.produce(0, ["1,red,5"]);
    produce_with_header(&scene.topic, "k", b"2,red,500", ("trace", "abc"));
    scene.topic.produce(0, ["3,red,cheap"]);
    let dead = unique("dead");
    let finished = scene.run(&format!("kafka:{dead}")).finish().exited(0);
    assert_eq!((finished.count("rows_written"), finished.count("rows_dead_lettered")), (1, 2));
    assert_eq!(scene.ids(), "1");
    let mut dead_letters = messages(&kafka, &dead);
    dead_letters.sort_by_key(|dead_letter| dead_letter.header("__connect.errors.offset").map(str::to_owned));
    let [refused, undecodable] = &dead_letters[..] else { panic!("{dead_letters:?}") };
    assert_eq!((refused.key.as_deref(), refused.value.as_deref()), (Some(&b"k"[..]), Some(&b"2,red,500"[..])));
    assert_eq!(refused.headers[0], ("trace".to_owned(), "abc".to_owned()));
    let name = format!("{}.cars", scene.schema.name);
    for (header, value) in [
        ("__connect.errors.topic", scene.topic.name.as_str()),
        ("__connect.errors.partition", "0"),
        ("__connect.errors.offset", "1"),
        ("__connect.errors.connector.name", &scene.group),
        ("__connect.errors.task.id", "0"),
        ("__connect.errors.stage", "TASK_PUT"),
        ("__vecsink.errors.sink", &name),
        ("__vecsink.errors.stage", "write"),
        ("__vecsink.errors.sqlstate", "23514"),
    ] {
        assert_eq!(refused.header(header), Some(value), "{header}");
    }
    assert!(refused.header("__connect.errors.exception.message").is_some_and(|text| text.contains("cheap")));
    assert!(refused.header("__connect.errors.exception.stacktrace").is_some());
    assert_eq!(undecodable.header("__connect.errors.stage"), Some("VALUE_CONVERTER"));
    assert_eq!(undecodable.header("__vecsink.errors.column"), Some("price"));
    assert_eq!((undecodable.key.as_deref(), undecodable.value.as_deref()), (None, Some(&b"3,red,cheap"[..])));
    assert_eq!(kafka.committed(&scene.group, &scene.topic.name, 0), Some(3));
}

#[test]
fn a_table_is_made_and_its_dead_letters_share_the_rows_transaction() {
    for server in servers(&[]) {
        a_table_of_dead_letters(&server);
    }
}

fn a_table_of_dead_letters(server: &Postgres) {
    let Some(kafka) = kafka() else { return };
    let mut scene = Scene::new(server, &kafka);
    produce_with_header(&scene.topic, "k", b"0,red,cheap", ("trace", "abc"));
    // One record is refused when it is decoded, and one is refused by the database. There are rows before and after it.
    scene.topic.produce(0, (1..200).map(|id| format!("{id},red,{}", if id == 100 { 100 } else { 5 })));
    let finished = scene.run("table:dead").finish().exited(0);
    assert_eq!((finished.count("rows_written"), finished.count("rows_dead_lettered")), (198, 2));
    let one = |scene: &mut Scene, expression: &str, offset: i64| {
        scene.schema.text(&format!("SELECT {expression} FROM dead WHERE \"offset\" = {offset}")).unwrap_or_default()
    };
    let shown = "concat_ws('|', topic, \"partition\", encode(key, 'escape'), encode(value, 'escape'), sink, stage, sqlstate, \"column\")";
    let (topic, sink) = (scene.topic.name.clone(), format!("{}.cars", scene.schema.name));
    assert_eq!(one(&mut scene, shown, 0), format!("{topic}|0|k|0,red,cheap|{sink}|decode|price"));
    assert_eq!(one(&mut scene, shown, 100), format!("{topic}|0|100,red,100|{sink}|write|23514"));
    assert_eq!(one(&mut scene, "headers->0->>'name'", 0), "trace");
    assert_eq!(one(&mut scene, "timestamp > 1600000000000 AND time > now() - interval '1 hour'", 0), "true");
    assert!(one(&mut scene, "reason", 100).contains("cheap"));
    // xmin is the transaction that wrote a row.
    let shared = "SELECT count(*) FROM dead WHERE EXISTS (SELECT 1 FROM cars WHERE cars.xmin = dead.xmin)";
    assert_eq!(scene.schema.text(shared).as_deref(), Some("2"));
    // If the table exists, it is used as it is.
    scene.topic.produce(0, ["300,red,300"]);
    scene.run("table:dead").finish().exited(0);
    assert_eq!(scene.schema.count("dead"), 3);
}

#[test]
fn dead_letters_without_any_rows_are_written_alone() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut scene = Scene::new(&server, &kafka);
    scene.topic.produce(0, ["nothing", "of", "this", "is a car"]);
    let finished = scene.run("table:dead").finish().exited(0);
    assert_eq!(finished.count("rows_dead_lettered"), 4);
    assert_eq!(scene.schema.count("dead"), 4);
    assert_eq!(kafka.committed(&scene.group, &scene.topic.name, 0), Some(4));
}

#[test]
fn a_table_that_may_not_be_made_is_an_error_with_the_statement_that_makes_it() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut scene = Scene::new(&server, &kafka);
    let (user, schema) = (unique("poor"), scene.schema.name.clone());
    scene.schema.execute(&format!(
        "CREATE ROLE {user} LOGIN PASSWORD 'p'; GRANT USAGE ON SCHEMA {schema} TO {user};
         GRANT SELECT, INSERT ON cars TO {user}"
    ));
    let as_poor = |job: Job| job.option("cars.username", &user).variable("DB_PASSWORD", "p");
    for job in [as_poor(scene.run("table:dead")), as_poor(scene.check("table:dead"))] {
        let finished = job.finish().exited(1);
        let said = format!("{}{}", finished.stderr, finished.stdout);
        for part in ["can't be created", "CREATE TABLE", "\"id\" bigserial PRIMARY KEY", "\"offset\" bigint"] {
            assert!(said.contains(part), "{part} is not in:\n{said}");
        }
    }
    scene.schema.execute(&format!("DROP OWNED BY {user}; DROP ROLE {user}"));
}

#[test]
fn a_table_that_lacks_a_column_is_found_at_the_start() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut scene = Scene::new(&server, &kafka);
    scene.schema.execute("CREATE TABLE dead (id bigserial, topic text)");
    for job in [scene.run("table:dead"), scene.check("table:dead")] {
        let finished = job.finish().exited(1);
        let said = format!("{}{}", finished.stderr, finished.stdout);
        assert!(said.contains("partition") && said.contains("CREATE TABLE"), "{said}");
    }
}

#[test]
fn check_says_where_dead_letters_go_and_makes_nothing() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut scene = Scene::new(&server, &kafka);
    let dead = unique("dead");
    for target in [format!("kafka:{dead}"), "table:dead".to_owned()] {
        let checked = scene.check(&target).finish().exited(0);
        assert!(checked.stdout.contains("rejected records go to") && checked.stdout.contains("will be made"));
    }
    assert_eq!(scene.schema.text("SELECT to_regclass('dead')"), None);
    scene.run(&format!("kafka:{dead}")).finish().exited(0);
    let checked = scene.check(&format!("kafka:{dead}")).finish().exited(0);
    assert!(!checked.stdout.contains("will be made"), "the topic is there: {}", checked.stdout);
}

#[test]
fn dead_letters_into_the_topic_they_come_from_are_refused() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let scene = Scene::new(&server, &kafka);
    let finished = scene.run(&format!("kafka:{}", scene.topic.name)).finish().exited(2);
    assert!(finished.stderr.contains("is a topic that table messages reads"), "{}", finished.stderr);
}
