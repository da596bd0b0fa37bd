//! The cases that the checker tries: what each session does, and where the keys are at the start.

use crate::database::{Key, PARENT, Table};
use crate::protocol::{Batch, Change, HOT, Role, SEALED, Target, Tree};
use crate::state::Case;

const CHANGES: [Change; 6] =
    [Change::Upsert, Change::Ignore, Change::Strict, Change::Delete, Change::Patch, Change::Replace];
const PLACES: [Option<Table>; 4] = [None, Some(HOT), Some(PARENT), Some(SEALED)];
pub const MOVER: Role = Role::Mover { from: Target::Hot, rounds: 1 };

pub fn writer<const COUNT: usize>(changes: [Change; COUNT]) -> Role {
    Role::Writer(changes.map(|change| Batch { change, keys: vec![0] }).to_vec())
}

/// The tree has the sealed child only if a key is in it, because each table adds a statement.
pub fn case(roles: Vec<Role>, places: Vec<Option<Table>>) -> Case {
    let sealed = if places.contains(&Some(SEALED)) { vec![SEALED] } else { Vec::new() };
    Case { roles, places, tree: Tree { hot: HOT, sealed, partitioned: false }, staged: false, losses: 0 }
}

/// Two changes of two processes in either order.
fn pairs() -> impl Iterator<Item = (Change, Change)> {
    CHANGES.iter().enumerate().flat_map(|(at, one)| CHANGES[at..].iter().map(|other| (*one, *other)))
}

/// Two writers, a mover, and further roles.
pub fn two_writers(beside: &[Role], losses: u8) -> Vec<Case> {
    let mut cases = Vec::new();
    for ((one, other), place) in pairs().flat_map(|pair| PLACES.map(|place| (pair, place))) {
        for staged in [false, true] {
            let roles = [vec![writer([one]), writer([other]), MOVER], beside.to_vec()].concat();
            cases.push(Case { staged, losses, ..case(roles, vec![place]) });
        }
    }
    cases
}

/// One change of a writer, two changes of another one, and a mover that moves twice.
pub fn three_changes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (one, (first, second)) in CHANGES.iter().flat_map(|one| ordered_pairs().map(move |pair| (*one, pair))) {
        for place in [None, Some(HOT), Some(PARENT)] {
            let roles = vec![writer([one]), writer([first, second]), Role::Mover { from: Target::Hot, rounds: 2 }];
            cases.push(Case { staged: true, ..case(roles, vec![place]) });
        }
    }
    cases
}

fn ordered_pairs() -> impl Iterator<Item = (Change, Change)> {
    CHANGES.into_iter().flat_map(|first| CHANGES.map(|second| (first, second)))
}

/// Batches of two keys, which the writers visit in different orders.
pub fn two_keys() -> Vec<Case> {
    let changes = [Change::Upsert, Change::Ignore, Change::Delete];
    let batch = |change, keys: [Key; 2]| Role::Writer(vec![Batch { change, keys: keys.to_vec() }]);
    let mut cases = Vec::new();
    for (at, one) in changes.into_iter().enumerate() {
        for other in changes.into_iter().skip(at) {
            for places in
                [[Some(HOT), Some(HOT)], [Some(PARENT), Some(HOT)], [Some(PARENT), Some(PARENT)], [None, Some(HOT)]]
            {
                let roles = vec![batch(one, [0, 1]), batch(other, [1, 0]), MOVER];
                cases.push(case(roles, places.to_vec()));
            }
        }
    }
    cases
}

/// Two movers and two writers.
pub fn two_movers() -> Vec<Case> {
    two_writers(&[MOVER], 0)
}

/// A sealed child is emptied and dropped while two writers change its key.
pub fn emptied() -> Vec<Case> {
    let beside = [Role::Mover { from: Target::Table(SEALED), rounds: 1 }, Role::Dropper { table: SEALED }];
    let case =
        |(one, other)| case([vec![writer([one]), writer([other])], beside.to_vec()].concat(), vec![Some(SEALED)]);
    pairs().map(case).collect()
}

const MERGER: Role = Role::Merger { table: SEALED };

/// A sealed child is merged while two writers change its key.
pub fn merged() -> Vec<Case> {
    pairs()
        .map(|(one, other)| Case {
            losses: 1,
            ..case(vec![writer([one]), writer([other]), MERGER], vec![Some(SEALED)])
        })
        .collect()
}

/// The same with one writer, who makes two changes, and a mover. The mover finds rows that the merge has put into the hot child.
pub fn merged_with_a_mover() -> Vec<Case> {
    let case = |(first, second)| case(vec![writer([first, second]), MERGER, MOVER], vec![Some(SEALED)]);
    ordered_pairs().map(case).collect()
}

/// A sealed child is merged while other programs send statements.
pub fn merged_with_foreign_statements() -> Vec<Case> {
    let foreign = [Change::ForeignUpdate, Change::ForeignDelete];
    let case = |(one, other)| case(vec![writer([one]), writer([other]), MERGER], vec![Some(SEALED)]);
    foreign.into_iter().flat_map(|one| foreign.map(|other| (one, other))).map(case).collect()
}

/// A query through the parent while a sealed child is merged.
pub fn merged_and_read() -> Vec<Case> {
    CHANGES.map(|change| case(vec![writer([change]), MERGER, Role::Reader], vec![Some(SEALED)])).to_vec()
}

/// A query through the parent while rows move and the tree changes.
pub fn read() -> Vec<Case> {
    let change_of_tree = |change, place| match place {
        Some(SEALED) => {
            vec![
                writer([change]),
                Role::Mover { from: Target::Table(SEALED), rounds: 1 },
                Role::Dropper { table: SEALED },
            ]
        }
        _ => vec![writer([change]), MOVER, Role::Sealer],
    };
    let case = |(change, place)| case([change_of_tree(change, place), vec![Role::Reader]].concat(), vec![place]);
    CHANGES.into_iter().flat_map(|change| PLACES.map(|place| (change, place))).map(case).collect()
}

/// The same cases in the partitioned layout, which has no sealed children.
pub fn in_partitions(cases: Vec<Case>) -> Vec<Case> {
    let cases = cases.into_iter().filter(|case| case.tree.sealed.is_empty());
    cases.map(|case| Case { tree: Tree { partitioned: true, ..case.tree }, ..case }).collect()
}

/// A statement of another program, a writer and a mover.
pub fn beside_a_foreign(foreign: Change) -> Vec<Case> {
    let roles = |change| vec![writer([change]), writer([foreign]), MOVER];
    CHANGES.into_iter().flat_map(|change| PLACES.map(|place| case(roles(change), vec![place]))).collect()
}
