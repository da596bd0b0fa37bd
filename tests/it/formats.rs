//! Each format from end to end: the example of docs/formats.md is read from a real broker into a real table.

use std::collections::BTreeMap;

use vecsink::internals::formats::format::FORMATS;

use crate::page::{SCHEMAS, Section, section_of};
use crate::support::postgresql::unique;
use crate::support::{Job, Schema, Topic, kafka, postgres18, registry};

/// A row of the page: the key, such as `7`, and the values after it, such as `NULL, red, NULL, NULL`.
type Table = BTreeMap<String, [String; 4]>;

/// The table before the first message and after the last one, according to the page's rows. The table had each row that an update or
/// a delete changes.
fn tables(section: &Section) -> (Table, Table) {
    let (mut before, mut after) = (Table::new(), Table::new());
    for row in &section.rows {
        let (change, values) = row.split_once(' ').expect("a change and a row");
        let mut values = values.splitn(5, ", ").map(str::to_owned);
        let key = values.next().expect("a key");
        let values: [String; 4] = values.collect::<Vec<_>>().try_into().expect("five values");
        match change {
            "+I" => drop(after.insert(key, values)),
            "+U" => {
                let old = after.get(&key).cloned().unwrap_or_default();
                let new = values.into_iter().zip(old);
                let new: Vec<String> = new.map(|(new, old)| if new == "(unchanged)" { old } else { new }).collect();
                after.insert(key, new.try_into().expect("four values"));
            }
            "-U" if !after.contains_key(&key) => {
                before.insert(key.clone(), values.clone());
                after.insert(key, values);
            }
            "-U" => {}
            "-D" => drop(after.remove(&key)),
            other => panic!("{other}"),
        }
    }
    (before, after)
}

/// The page's job as a bounded job, with the addresses of these servers.
fn job(section: &Section, schema: &Schema, topic: &Topic, registry_url: &str) -> String {
    let server = &schema.server;
    let target = format!(
        "'username' = '{}', 'password' = '{}', 'targetschema' = '{}'",
        server.user, server.password, schema.name
    );
    let mut text = section.job.clone();
    for (page, here) in [
        ("jdbc:postgresql://db:5432/shop", server.jdbc_url()),
        ("'username' = 'writer', 'password' = 'secret'", target),
        ("broker:9092", topic.kafka.brokers.clone()),
        ("'topic' = 'cars'", format!("'topic' = '{}', 'scan.bounded.mode' = 'latest-offset'", topic.name)),
        ("http://registry:8081", registry_url.to_owned()),
    ] {
        text = text.replace(page, &here);
    }
    text
}

/// A message that begins with the id of one of the page's schemas. The id is replaced by the one that the registry gave the schema.
fn numbered(message: &[u8], numbers: &[(u32, u32)]) -> Vec<u8> {
    for (page, here) in numbers {
        if let Some(rest) = message.strip_prefix(&[&[0], &page.to_be_bytes()[..]].concat()[..]) {
            return [&[0], &here.to_be_bytes()[..], rest].concat();
        }
    }
    message.to_vec()
}

#[test]
fn the_example_of_each_format_is_in_the_table() {
    let (Some(server), Some(kafka), Some(registry)) = (postgres18(), kafka(), registry()) else { return };
    let numbers = SCHEMAS.map(|(number, text)| (number, registry.register(&unique("formats"), text)));
    for format in FORMATS {
        let section = section_of(format.name);
        let (before, expected) = tables(&section);
        let mut schema = Schema::new(&server);
        schema
            .execute("CREATE TABLE cars (id int PRIMARY KEY, painted timestamp, color text, price text, feature text)");
        for (key, values) in &before {
            let values = values.each_ref().map(|value| match value.as_str() {
                "NULL" => value.clone(),
                value => format!("'{value}'"),
            });
            schema.execute(&format!("INSERT INTO cars VALUES ({key}, {})", values.join(", ")));
        }
        let topic = kafka.topic(1);
        topic.produce(0, section.messages.iter().map(|message| numbered(message, &numbers)));
        Job::run(&job(&section, &schema, &topic, &registry.url)).finish().exited(0);
        let shown = schema.text(
            "SELECT string_agg(concat_ws(', ', id, coalesce(to_char(painted, 'YYYY-MM-DD HH24:MI:SS.US'), 'NULL'), \
             coalesce(color, 'NULL'), coalesce(price, 'NULL'), coalesce(feature, 'NULL')), E'\\n' ORDER BY id) FROM cars",
        );
        let expected: Vec<String> =
            expected.iter().map(|(key, values)| format!("{key}, {}", values.join(", "))).collect();
        assert_eq!(shown.unwrap_or_default(), expected.join("\n"), "{}", format.name);
    }
}
