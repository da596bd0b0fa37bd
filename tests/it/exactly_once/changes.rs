//! Exactly-once with a source that updates and deletes rows.

use super::scene::Scene;
use crate::support::{Topic, eventually_within, kafka, servers};
use std::time::Duration;

const JOB: &str = "
CREATE TABLE topic (id BIGINT, slot INT, name STRING) WITH (
  'connector' = 'kafka', 'topic' = '${TOPIC}', 'format' = 'debezium-json', 'properties.bootstrap.servers' = '${BROKERS}',
  'properties.group.id' = '${TOPIC}', 'scan.startup.mode' = 'earliest-offset');
CREATE TABLE t (id BIGINT, slot INT, name STRING) WITH (
  'connector' = 'adbpg', 'url' = '${URL}', 'username' = '${LOGIN}', 'password' = '${PASSWORD}',
  'targetschema' = '${SCHEMA}', 'tablename' = 't', 'conflictmode' = 'upsert', 'deadletter' = 'table:rejected',
  'sink.delivery-guarantee' = 'exactly-once');
INSERT INTO t SELECT id, slot, name FROM topic;";

const KEYS: i64 = 50;

/// Changes of a table in which two rows swap their values of a unique column again and again, and rows come and go. Gives the rows that are
/// left.
struct Swaps {
    messages: Vec<String>,
    slots: Vec<i64>,
}

impl Swaps {
    fn generate(swaps: i64) -> Swaps {
        let mut own = Swaps { messages: Vec::new(), slots: (0..KEYS).collect() };
        for id in 0..KEYS {
            own.change("c", "null", &row(id, id, "new"));
        }
        for swap in 0..swaps {
            let (one, other) = (swap % KEYS, (swap * 7 + 1) % KEYS);
            if one == other {
                continue;
            }
            let (slot, wanted) = (own.slots[one as usize], own.slots[other as usize]);
            let name = format!("swap {swap}");
            own.change("u", &row(one, slot, "old"), &row(one, KEYS + swap, &name));
            own.change("u", &row(other, wanted, "old"), &row(other, slot, &name));
            own.change("u", &row(one, KEYS + swap, &name), &row(one, wanted, &name));
            (own.slots[one as usize], own.slots[other as usize]) = (wanted, slot);
            if swap % 10 == 0 {
                own.change("d", &row(one, wanted, &name), "null");
                own.change("c", "null", &row(one, wanted, "again"));
            }
        }
        own
    }

    fn change(&mut self, op: &str, before: &str, after: &str) {
        self.messages.push(format!(r#"{{"op":"{op}","before":{before},"after":{after}}}"#));
    }

    fn produce(&self, topic: &Topic) {
        topic.produce(0, &self.messages);
    }
}

fn row(id: i64, slot: i64, name: &str) -> String {
    format!(r#"{{"id":{id},"slot":{slot},"name":"{name}"}}"#)
}

#[test]
fn values_of_a_unique_column_that_rows_swap_are_right_after_crashes() {
    let Some(kafka) = kafka() else { return };
    let swaps = Swaps::generate(3_000);
    for server in servers(&[]) {
        let Some(mut scene) = Scene::on(&server) else { return };
        scene.topic = kafka.topic(1);
        scene.sql = JOB.to_owned();
        scene.schema.execute("DROP TABLE t; CREATE TABLE t (id bigint PRIMARY KEY, slot int UNIQUE, name text)");
        // Makes the ledger.
        scene.bounded().finish().exited(0);
        swaps.produce(&scene.topic);
        for round in 1..4 {
            let mut running = scene.job().start();
            let low = "SELECT coalesce(max(next_offset), 0) FROM vecsink_shard";
            eventually_within(Duration::from_secs(60), "rows are written", || {
                running.lives();
                let next = scene.schema.text(low).and_then(|next| next.parse().ok()).unwrap_or(0_usize);
                next >= swaps.messages.len() * round / 5
            });
            running.kill();
        }
        scene.bounded().finish().exited(0);
        let expected: Vec<String> = swaps.slots.iter().map(i64::to_string).collect();
        let slots = scene.schema.text("SELECT string_agg(slot::text, ' ' ORDER BY id) FROM t");
        assert_eq!(slots, Some(expected.join(" ")));
        assert_eq!(scene.schema.count("rejected"), 0);
    }
}
