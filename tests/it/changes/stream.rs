//! Random changes of a table, their messages in each format, and the table that must be the result.

use std::collections::BTreeMap;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::avro;

/// A row without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub number: i32,
    pub text: String,
}

pub type Table = BTreeMap<i64, Row>;

#[derive(Debug, Clone)]
pub enum Change {
    Insert(i64, Row),
    /// `carries_text`: whether the message has the text. Without it the text stays as it was.
    Update {
        before: (i64, Row),
        after: (i64, Row),
        carries_text: bool,
    },
    Delete(i64, Row),
}

/// A number of changes for a number of keys, from a seed.
pub struct Stream {
    pub seed: u64,
    pub changes: usize,
    pub keys: i64,
    pub partitions: i64,
}

impl Stream {
    /// All changes, each with its partition, and the table after the last one. A key and the keys to which it is changed are always
    /// in the same partition.
    pub fn generate(&self) -> (Vec<(i32, Change)>, Table) {
        let mut random = SmallRng::seed_from_u64(self.seed);
        let mut table = Table::new();
        let mut changes = Vec::with_capacity(self.changes);
        while changes.len() < self.changes {
            let key = random.random_range(0..self.keys);
            let partition = (key % self.partitions) as i32;
            let row = Row { number: random.random_range(-1000..1000), text: format!("t{}", random.random::<u32>()) };
            let change = match table.get(&key).cloned() {
                None => {
                    table.insert(key, row.clone());
                    Change::Insert(key, row)
                }
                Some(old) => match random.random_range(0..10) {
                    0..2 => {
                        table.remove(&key);
                        Change::Delete(key, old)
                    }
                    2 => {
                        let other = random.random_range(0..self.keys / self.partitions) * self.partitions
                            + key % self.partitions;
                        if table.contains_key(&other) {
                            continue;
                        }
                        table.remove(&key);
                        table.insert(other, row.clone());
                        Change::Update { before: (key, old), after: (other, row), carries_text: true }
                    }
                    3..5 => {
                        let row = Row { text: old.text.clone(), ..row };
                        table.insert(key, row.clone());
                        Change::Update { before: (key, old), after: (key, row), carries_text: false }
                    }
                    _ => {
                        table.insert(key, row.clone());
                        Change::Update { before: (key, old), after: (key, row), carries_text: true }
                    }
                },
            };
            changes.push((partition, change));
        }
        (changes, table)
    }
}

/// How a format represents changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Debezium,
    Canal,
    Maxwell,
    Ogg,
    /// It has the id of the schema in a registry.
    DebeziumAvro(u32),
    /// `upsert-kafka`: keys in csv, and the other columns in json.
    Upsert,
}

/// A message: its key, and its value unless it is a tombstone.
pub type Message = (Option<Vec<u8>>, Option<Vec<u8>>);

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Debezium => "debezium-json",
            Format::Canal => "canal-json",
            Format::Maxwell => "maxwell-json",
            Format::Ogg => "ogg-json",
            Format::DebeziumAvro(_) => "debezium-avro-confluent",
            Format::Upsert => "json",
        }
    }

    /// The messages of a change. It is one message, except if an upsert format changes a key.
    pub fn messages(self, change: &Change) -> Vec<Message> {
        if let Format::DebeziumAvro(id) = self {
            return vec![(None, Some(avro::message(id, change)))];
        }
        if self != Format::Upsert {
            return vec![(None, Some(self.message(change).into_bytes()))];
        }
        let key = |key: &i64| Some(key.to_string().into_bytes());
        let upsert = |of: &i64, row: &Row| {
            (key(of), Some(format!(r#"{{"number":{},"text":"{}"}}"#, row.number, row.text).into_bytes()))
        };
        let delete = |of: &i64| (key(of), None);
        match change {
            Change::Insert(key, row) => vec![upsert(key, row)],
            Change::Delete(key, _) => vec![delete(key)],
            Change::Update { before, after, .. } if before.0 == after.0 => vec![upsert(&after.0, &after.1)],
            Change::Update { before, after, .. } => vec![delete(&before.0), upsert(&after.0, &after.1)],
        }
    }

    fn message(self, change: &Change) -> String {
        match self {
            Format::Upsert | Format::DebeziumAvro(_) => String::new(),
            Format::Debezium => {
                let [op, before, after] = self.images(change, ["c", "u", "d"]);
                format!(r#"{{"before":{before},"after":{after},"op":"{op}"}}"#)
            }
            Format::Ogg => {
                let [op, before, after] = self.images(change, ["I", "U", "D"]);
                format!(r#"{{"table":"S.T","op_type":"{op}","before":{before},"after":{after}}}"#)
            }
            Format::Canal => {
                let (op, data, old) = self.data(change, ["INSERT", "UPDATE", "DELETE"]);
                let old = old.map_or("null".into(), |old| format!("[{old}]"));
                format!(r#"{{"data":[{data}],"old":{old},"type":"{op}","isDdl":false}}"#)
            }
            Format::Maxwell => {
                let (op, data, old) = self.data(change, ["insert", "update", "delete"]);
                let old = old.map_or(String::new(), |old| format!(r#","old":{old}"#));
                format!(r#"{{"database":"s","table":"t","type":"{op}","data":{data}{old}}}"#)
            }
        }
    }

    /// The row before and the row after.
    fn images(self, change: &Change, ops: [&str; 3]) -> [String; 3] {
        let (op, before, after) = match change {
            Change::Insert(key, row) => (ops[0], None, Some(self.row(*key, row, true))),
            Change::Update { before, after, carries_text } => {
                // A database that doesn't log the new text doesn't log the old one, either.
                let before = self.row(before.0, &before.1, *carries_text);
                (ops[1], Some(before), Some(self.row(after.0, &after.1, *carries_text)))
            }
            Change::Delete(key, row) => (ops[2], Some(self.row(*key, row, true)), None),
        };
        let null = || "null".to_owned();
        [op.to_owned(), before.unwrap_or_else(null), after.unwrap_or_else(null)]
    }

    /// The new row, and the old values of the columns that were changed.
    fn data(self, change: &Change, ops: [&'static str; 3]) -> (&'static str, String, Option<String>) {
        match change {
            Change::Insert(key, row) => (ops[0], self.row(*key, row, true), None),
            Change::Delete(key, row) => (ops[2], self.row(*key, row, true), None),
            Change::Update { before, after, carries_text } => {
                let mut old = vec![format!(r#""number":{}"#, before.1.number)];
                if *carries_text {
                    old.push(format!(r#""text":"{}""#, before.1.text));
                }
                if before.0 != after.0 {
                    old.push(format!(r#""id":{}"#, before.0));
                }
                (ops[1], self.row(after.0, &after.1, *carries_text), Some(format!("{{{}}}", old.join(","))))
            }
        }
    }

    fn row(self, key: i64, row: &Row, with_text: bool) -> String {
        let text = match (with_text, self) {
            (true, _) => format!(r#","text":"{}""#, row.text),
            (false, Format::Debezium) => r#","text":"__debezium_unavailable_value""#.into(),
            (false, _) => String::new(),
        };
        format!(r#"{{"id":{key},"number":{}{text}}}"#, row.number)
    }
}
