//! The examples do what their comments say. `cargo test` builds them.

use std::path::PathBuf;
use std::process::Command;

use super::scene::url;
use crate::support::broker::kafka;
use crate::support::postgresql::{Schema, postgres18};

fn example(name: &str) -> Command {
    let own = std::env::current_exe().expect("this test has a path");
    let release = own.parent().and_then(|deps| deps.parent()).expect("tests lie in target/release/deps");
    let path: PathBuf = release.join("examples").join(name);
    assert!(path.exists(), "{} is not there: cargo build --release --examples", path.display());
    Command::new(path)
}

#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command.output().expect("the example runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_push_example_stores_its_vectors() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, name text, embedding vector(128))");
    let said = output(example("push").args([url(&server), format!("{}.items", schema.name)]));
    assert_eq!(said.trim(), "6000 rows written");
    let nearest =
        "SELECT name FROM items ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = 4711), id LIMIT 1";
    assert_eq!(schema.text(nearest).as_deref(), Some("item 4711"));
}

#[test]
fn the_attach_example_brings_a_topic_into_its_table() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, embedding vector(3))");
    let topic = kafka.topic(2);
    topic.produce_spread((0..500).map(|id| format!("{id}\t[{id},0.5,1]")));
    let table = format!("{}.items", schema.name);
    let said = output(example("attach").args([&url(&server), &kafka.brokers, &topic.name, &table]));
    assert!(said.ends_with("500 rows written\n"), "{said}");
    assert_eq!(schema.text("SELECT count(*) FROM items WHERE (embedding::real[])[1] = id").as_deref(), Some("500"));
}
