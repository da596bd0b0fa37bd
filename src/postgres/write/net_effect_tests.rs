//! The net effect of batches against changes applied one by one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::batch::{Batch, Chunk, RowEntry, RowFormat};
use crate::types::fields;
use crate::types::fields::fields;

/// A change of one of few keys. Rows have two columns besides the key.
#[derive(Debug, Clone, Copy)]
struct Change {
    op: Op,
    key: u8,
    a: Option<u8>,
    b: Option<u8>,
    text: bool,
}

type Table = BTreeMap<String, (String, String)>;

fn field(value: Option<u8>) -> String {
    value.map_or("\\U".into(), |value| value.to_string())
}

impl Change {
    fn fields(self) -> Vec<String> {
        let key = self.key.to_string();
        match self.op {
            Op::Delete => vec![key],
            _ => vec![key, field(self.a), field(self.b)],
        }
    }

    fn encode(self) -> Vec<u8> {
        let fields = self.fields();
        if self.text {
            return format!("{}\n", fields.join("\t")).into_bytes();
        }
        let mut row = (fields.len() as u16).to_be_bytes().to_vec();
        for field in fields {
            let length = if field == "\\U" { -2 } else { field.len() as i32 };
            row.extend_from_slice(&length.to_be_bytes());
            row.extend_from_slice(if field == "\\U" { b"" } else { field.as_bytes() });
        }
        row
    }
}

fn batch(changes: &[Change]) -> Batch {
    let mut chunk = Chunk::default();
    for (offset, change) in changes.iter().enumerate() {
        let row = change.encode();
        chunk.entries.push(RowEntry {
            stream: 0,
            format: if change.text { RowFormat::Text } else { RowFormat::Binary },
            op: change.op,
            schema_version: 0,
            row_len: row.len() as u32,
            key_len: 1,
            original_len: 0,
            key_hash: 7,
            offset: offset as i64,
            ticket: offset as u64,
            produced_ms: 0,
        });
        chunk.rows.extend_from_slice(&row);
        chunk.keys.push(change.key);
    }
    Batch { chunks: vec![chunk], shards: 1 }
}

/// What becomes of a row that the table does not take.
#[derive(Debug, PartialEq)]
enum Refusal {
    NoSuchRow,
    Conflict,
}

fn values(rows: &Rows<'_>, row: u32) -> Vec<String> {
    let (format, bytes) = (rows.format(row as usize), rows.row(row as usize));
    let text = |field: fields::EncodedField<'_>| match field.is_unchanged() {
        true => "\\U".into(),
        false => String::from_utf8(field.value().unwrap().into_owned()).unwrap(),
    };
    fields(format, bytes).map(text).collect()
}

fn put(table: &mut Table, values: &[String]) {
    let old = table.get(&values[0]).cloned().unwrap_or_default();
    let new = |value: &String, old: String| if value == "\\U" { old } else { value.clone() };
    table.insert(values[0].clone(), (new(&values[1], old.0), new(&values[2], old.1)));
}

/// What a transaction does, and how many rows it writes, deletes, supersedes and ignores.
fn apply(table: &mut Table, rows: &Rows<'_>, net: &Net, keep: Keep) -> Result<[u64; 4], Refusal> {
    let mut counts = [0, net.deletes.len() as u64, net.superseded, net.ignored];
    for &row in &net.deletes {
        table.remove(&values(rows, row)[0]);
    }
    for &row in &net.patches {
        let values = values(rows, row);
        if !table.contains_key(&values[0]) {
            return Err(Refusal::NoSuchRow);
        }
        put(table, &values);
        counts[0] += 1;
    }
    for (&row, replaces) in
        net.upserts.iter().map(|row| (row, true)).chain(net.rows.iter().map(|row| (row, keep == Keep::Last)))
    {
        let values = values(rows, row);
        match table.contains_key(&values[0]) {
            true if keep == Keep::First => counts[3] += 1,
            true if !replaces => return Err(Refusal::Conflict),
            _ => {
                put(table, &values);
                counts[0] += 1;
            }
        }
    }
    Ok(counts)
}

/// The table after one change at a time; the changes that were refused.
fn one_by_one(changes: &[Change], keep: Keep) -> (Table, Vec<usize>) {
    let (mut table, mut refused) = (Table::new(), Vec::new());
    for (at, change) in changes.iter().enumerate() {
        let values = change.fields();
        let exists = table.contains_key(&values[0]);
        match change.op {
            Op::Delete => drop(table.remove(&values[0])),
            Op::Insert | Op::Update if exists && keep == Keep::First => {}
            Op::Insert if exists && keep == Keep::Strict => {
                refused.push(at);
                break;
            }
            Op::Patch if keep == Keep::First => {}
            Op::Patch if !exists => refused.push(at),
            _ => put(&mut table, &values),
        }
    }
    (table, refused)
}

/// The same in batches with their net effect. A batch that is refused is halved.
fn in_batches(changes: &[Change], keep: Keep, sizes: &[usize]) -> (Table, Vec<usize>, u64) {
    let batch = batch(changes);
    let mut rows = Rows::new(Cow::Borrowed(&batch));
    let (mut table, mut refused, mut counted) = (Table::new(), Vec::new(), 0);
    let mut pending = Vec::new();
    let (mut start, mut sizes) = (0, sizes.iter().cycle());
    while start < changes.len() {
        let end = (start + sizes.next().unwrap()).min(changes.len());
        pending.push(start..end);
        start = end;
    }
    pending.reverse();
    while let Some(range) = pending.pop() {
        let mut after = table.clone();
        let outcome = net(&mut rows, range.clone(), keep).map(|net| apply(&mut after, &rows, &net, keep));
        match outcome {
            Some(Ok(counts)) => {
                assert_eq!(counts.iter().sum::<u64>(), range.len() as u64, "every change has one outcome");
                counted += range.len() as u64;
                table = after;
            }
            Some(Err(refusal)) if range.len() == 1 => {
                refused.push(range.start);
                counted += 1;
                if refusal == Refusal::Conflict {
                    break;
                }
            }
            _ => {
                let middle = range.start + range.len().div_ceil(2);
                pending.extend([middle..range.end, range.start..middle]);
            }
        }
    }
    (table, refused, counted)
}

fn change() -> impl Strategy<Value = Change> {
    (0..6_u8, 0..4_u8, any::<u8>(), any::<u8>(), 0..10_u8).prop_map(|(kind, key, a, b, text)| {
        let op = [Op::Insert, Op::Update, Op::Patch, Op::Patch, Op::Delete, Op::Update][kind as usize];
        let (a, b) = match op {
            Op::Patch if a % 2 == 0 => (Some(a), None),
            Op::Patch => (None, Some(b)),
            _ => (Some(a), Some(b)),
        };
        Change { op, key, a, b, text: text == 0 }
    })
}

/// The patches whose row is missing may differ where a later row of the same key supersedes them.
fn is_subset(some: &[usize], of: &[usize]) -> bool {
    some.iter().all(|row| of.contains(row))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn batches_leave_the_table_as_changes_one_by_one_do(
        changes in prop::collection::vec(change(), 1..40),
        sizes in prop::collection::vec(1..20_usize, 1..5),
    ) {
        for keep in [Keep::First, Keep::Last] {
            let (expected, bad) = one_by_one(&changes, keep);
            let (table, refused, counted) = in_batches(&changes, keep, &sizes);
            prop_assert_eq!(&table, &expected, "{:?}", keep);
            prop_assert!(is_subset(&refused, &bad), "{:?} {:?} {:?}", keep, refused, bad);
            prop_assert_eq!(counted, changes.len() as u64);
        }
    }

    #[test]
    fn under_strict_the_same_insert_stops_the_job(
        changes in prop::collection::vec(change(), 1..40),
        sizes in prop::collection::vec(1..20_usize, 1..5),
    ) {
        let changes: Vec<Change> = changes.into_iter().filter(|change| change.op != Op::Patch).collect();
        let (expected, stopped) = one_by_one(&changes, Keep::Strict);
        let (table, refused, _) = in_batches(&changes, Keep::Strict, &sizes);
        prop_assert_eq!(table, expected);
        prop_assert_eq!(refused, stopped);
    }
}

fn net_of(changes: &[(Op, u8)], keep: Keep) -> Option<Net> {
    let changes: Vec<Change> =
        changes.iter().map(|&(op, key)| Change { op, key, a: Some(1), b: Some(2), text: false }).collect();
    net(&mut Rows::new(Cow::Owned(batch(&changes))), 0..changes.len(), keep)
}

#[test]
fn a_key_is_deleted_once_and_then_written_once() {
    let changes =
        [(Op::Insert, 1), (Op::Delete, 1), (Op::Insert, 1), (Op::Delete, 1), (Op::Insert, 1), (Op::Update, 1)];
    let net = net_of(&changes, Keep::Last).unwrap();
    assert_eq!((net.deletes, net.rows, net.superseded), (vec![3], vec![5], 4));
    let net = net_of(&changes, Keep::First).unwrap();
    assert_eq!((net.deletes, net.rows, net.superseded, net.ignored), (vec![3], vec![4], 3, 1));
}

#[test]
fn where_all_rows_are_kept_they_are_those_after_the_last_delete() {
    let changes = [(Op::Insert, 1), (Op::Insert, 1), (Op::Delete, 1), (Op::Insert, 1), (Op::Update, 1)];
    let net = net_of(&changes, Keep::All).unwrap();
    assert_eq!((net.deletes, net.rows, net.superseded, net.ignored), (vec![2], vec![3, 4], 2, 0));
}

#[test]
fn under_strict_updates_replace_and_inserts_must_be_new() {
    let net =
        net_of(&[(Op::Insert, 1), (Op::Update, 1), (Op::Update, 2), (Op::Delete, 3), (Op::Update, 3)], Keep::Strict);
    let net = net.unwrap();
    assert_eq!((net.deletes, net.rows, net.upserts, net.superseded), (vec![3], vec![1, 4], vec![2], 1));
    assert_eq!(net_of(&[(Op::Insert, 1), (Op::Delete, 1)], Keep::Strict), None, "the insert may conflict");
    assert_eq!(net_of(&[(Op::Update, 1), (Op::Insert, 1)], Keep::Strict), None, "the insert does conflict");
}
