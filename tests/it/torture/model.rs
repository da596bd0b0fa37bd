//! What must be in the tables, by the generator, and what is.

use std::collections::HashMap;
use std::fmt;

use postgres::Client;
use postgres::fallible_iterator::FallibleIterator;

use super::load::{Body, Load, PARTITIONS, text};

/// So many records are named of each violation.
const NAMED: usize = 10;

/// Records of one kind: how many, and the names of the first ones.
#[derive(Default)]
struct Found {
    count: u64,
    names: Vec<String>,
}

impl Found {
    fn add(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.names.len() < NAMED {
            self.names.push(name());
        }
    }
}

/// What one table, or its dead letters, has.
#[derive(Default)]
struct OfTable {
    name: String,
    rows: u64,
    lost: Found,
    repeated: Found,
    /// Rows that are other than the record says, or that should not be there.
    wrong: Found,
    may_repeat: bool,
}

pub struct Report(Vec<OfTable>);

impl Report {
    pub fn of(client: &mut Client, loads: &[Load], is_exactly_once: bool) -> Report {
        let mut tables = Vec::new();
        for load in loads {
            let rows = if load.has_key { keyed(client, load) } else { unkeyed(client, load) };
            tables.push(OfTable { may_repeat: !is_exactly_once && !load.has_key, ..rows });
            tables.push(OfTable { may_repeat: !is_exactly_once, ..dead_letters(client, load) });
        }
        Report(tables)
    }

    pub fn has_violations(&self) -> bool {
        self.0.iter().any(|table| table.violations().any(|(_, found)| found.count > 0))
    }
}

impl OfTable {
    fn violations(&self) -> impl Iterator<Item = (&str, &Found)> {
        let repeated = (!self.may_repeat).then_some(("repeated", &self.repeated));
        [("lost", &self.lost), ("wrong", &self.wrong)].into_iter().chain(repeated)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for table in &self.0 {
            let OfTable { name, rows, lost, repeated, wrong, .. } = table;
            let [lost, repeated, wrong] = [lost, repeated, wrong].map(|found| found.count);
            writeln!(f, "torture: {name}: {rows} rows: {lost} lost, {repeated} repeated, {wrong} wrong")?;
            for (what, found) in table.violations() {
                found.names.iter().try_for_each(|name| writeln!(f, "torture:   {what}: {name}"))?;
            }
        }
        Ok(())
    }
}

/// How often each record of each partition was found.
struct Seen(Vec<Vec<u32>>);

impl Seen {
    fn new(load: &Load) -> Seen {
        Seen((0..PARTITIONS).map(|_| vec![0; load.each as usize]).collect())
    }

    /// The count of a record, if there is such a record.
    fn of(&mut self, partition: i32, offset: i64) -> Option<&mut u32> {
        self.0.get_mut(usize::try_from(partition).ok()?)?.get_mut(usize::try_from(offset).ok()?)
    }

    /// What was lost and what repeated, of the records that must be there.
    fn judge(&self, table: &mut OfTable, load: &Load, must: impl Fn(i32, u64) -> bool) {
        for (partition, counts) in (0..).zip(&self.0) {
            for (offset, &count) in (0..).zip(counts) {
                match count {
                    0 if must(partition, offset) => table
                        .lost
                        .add(|| format!("{}, {:?}", text(partition, offset), load.record(partition, offset).body)),
                    0 | 1 => {}
                    _ => (1..count)
                        .for_each(|_| table.repeated.add(|| format!("{}, {count} times", text(partition, offset)))),
                }
            }
        }
    }
}

/// Reads rows one after another, because there may be a million.
fn rows(client: &mut Client, query: &str, mut row: impl FnMut(&postgres::Row)) {
    let mut rows = client.query_raw(query, std::iter::empty::<i32>()).expect("the table can be read");
    while let Some(next) = rows.next().expect("the table can be read") {
        row(&next);
    }
}

/// The columns of a row: its place, its number, and whether its text and vector are those of its place and number.
const COLUMNS: &str =
    "part, place, number, text = part || '/' || place AND v = ('[' || number % 1000 || ',1,2,0.5]')::vector";

fn unkeyed(client: &mut Client, load: &Load) -> OfTable {
    let mut table = OfTable { name: load.table().to_owned(), ..OfTable::default() };
    let mut seen = Seen::new(load);
    rows(client, &format!("SELECT {COLUMNS} FROM events"), |row| {
        let (partition, offset, number): (i32, i64, i32) = (row.get(0), row.get(1), row.get(2));
        table.rows += 1;
        let count = seen.of(partition, offset);
        let is_right = row.get(3) && load.record(partition, offset as u64).body == Body::Row(number);
        match count {
            Some(count) if is_right => *count += 1,
            _ => table.wrong.add(|| format!("the row of {partition}/{offset} with the number {number}")),
        }
    });
    seen.judge(&mut table, load, |partition, offset| !load.record(partition, offset).body.is_bad());
    table
}

fn keyed(client: &mut Client, load: &Load) -> OfTable {
    let mut table = OfTable { name: load.table().to_owned(), ..OfTable::default() };
    // The last change of each key decides: where its row is from.
    let mut last: HashMap<i64, (i32, u64)> = HashMap::new();
    for partition in 0..PARTITIONS {
        for offset in 0..load.each {
            let made = load.record(partition, offset);
            match made.body {
                Body::Row(_) => drop(last.insert(made.id, (partition, offset))),
                Body::Delete => drop(last.remove(&made.id)),
                Body::Undecodable | Body::ShortVector | Body::Refused => {}
            }
        }
    }
    rows(client, &format!("SELECT {COLUMNS}, id FROM items"), |row| {
        let (partition, offset, number, id): (i32, i64, i32, i64) = (row.get(0), row.get(1), row.get(2), row.get(4));
        table.rows += 1;
        let expected = last.remove(&id);
        let is_right = row.get(3)
            && expected == Some((partition, offset as u64))
            && load.record(partition, offset as u64).body == Body::Row(number);
        if !is_right {
            let newest = expected.map_or("deleted".to_owned(), |(partition, offset)| text(partition, offset));
            table.wrong.add(|| {
                format!("the key {id} has the row of {partition}/{offset}, number {number}; it should be {newest}")
            });
        }
    });
    let mut lost: Vec<_> = last.into_iter().collect();
    lost.sort_unstable();
    for (id, (partition, offset)) in lost {
        table.lost.add(|| format!("the key {id}, whose row should be of {}", text(partition, offset)));
    }
    table
}

fn dead_letters(client: &mut Client, load: &Load) -> OfTable {
    let name = format!("dead_{}", load.table());
    let mut table = OfTable { name: name.clone(), ..OfTable::default() };
    let mut seen = Seen::new(load);
    rows(client, &format!("SELECT \"partition\", \"offset\", reason FROM {name}"), |row| {
        let (partition, offset): (i32, i64) = (row.get(0), row.get(1));
        table.rows += 1;
        match seen.of(partition, offset) {
            Some(count) if load.record(partition, offset as u64).body.is_bad() => *count += 1,
            _ => table.wrong.add(|| format!("{partition}/{offset}: {}", row.get::<_, String>(2))),
        }
    });
    seen.judge(&mut table, load, |partition, offset| load.record(partition, offset).body.is_bad());
    table
}
