//! The protocol: the statements of each kind of change, of movers and of changes of the tree. And the mistakes that the checker must
//! find.

use crate::database::{Key, Lock, OnConflict, PARENT, Table};

pub const HOT: Table = 1;
pub const SEALED: Table = 2;
/// The hot child after the seal.
const NEXT_HOT: Table = 3;
/// The sealed child that a merge makes.
const MERGED: Table = 4;

/// The tables of the tree, as the catalog has them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tree {
    pub hot: Table,
    pub sealed: Vec<Table>,
    /// The partitioned layout: the parent stands for the indexed partition, and rows leave a table by an update that moves them.
    pub partitioned: bool,
}

impl Tree {
    /// All tables except the hot child: sealed children first, the parent last.
    pub fn others(&self) -> impl Iterator<Item = Table> + '_ {
        self.sealed.iter().copied().chain([PARENT])
    }

    pub fn all(&self) -> Vec<Table> {
        [self.hot].into_iter().chain(self.others()).collect()
    }

    pub fn has(&self, table: Table) -> bool {
        table == self.hot || table == PARENT || self.sealed.contains(&table)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    Upsert,
    Ignore,
    Strict,
    Delete,
    Patch,
    /// A delete and an upsert of the same key in one batch.
    Replace,
    /// Another program's INSERT … ON CONFLICT DO UPDATE on the parent.
    ForeignUpsert,
    /// Another program's DELETE through the parent.
    ForeignDelete,
    /// Another program's UPDATE through the parent.
    ForeignUpdate,
}

/// One transaction of a writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub change: Change,
    pub keys: Vec<Key>,
}

/// What a session does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    Writer(Vec<Batch>),
    /// Moves the rows of this table into the parent, `rounds` times.
    Mover {
        from: Target,
        rounds: u8,
    },
    Sealer,
    /// Drops a sealed child if it is empty.
    Dropper {
        table: Table,
    },
    /// Merges sealed children into a new one. The model has one, because several are merged in the same way.
    Merger {
        table: Table,
    },
    /// Reads all rows through the parent, once.
    Reader,
}

/// A way to get the protocol wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// The others are visited before the hot child.
    ParentFirst,
    /// One DELETE for the whole tree.
    DeleteThroughParent,
    /// `ignore` looks for the key in the hot child alone.
    IgnoreWithoutSecondCheck,
    /// The mover reads rows, inserts them, and deletes them afterwards, without locking them first.
    MoverWithoutRowLocks,
    /// A transaction doesn't compare the tree before it commits.
    NoComparisonOfTheTree,
    /// A seal takes no locks, so it doesn't wait for writers.
    SealWithoutLock,
    /// A seal locks the hot child alone. Then a query that waits for this lock has listed the children before.
    SealWithoutLockOnParent,
    /// The first lock of a seal lets SELECT … FOR UPDATE lock the hot child.
    SealWithWeakFirstLock,
    /// A patch that found no row is refused without a second search.
    PatchWithoutSecondCheck,
    /// A patch that found no row is refused after a second search that uses a snapshot for each table.
    PatchWithoutCommonSnapshot,
    /// An upsert doesn't take over the columns that it doesn't write.
    UnwrittenColumnsForgotten,
    /// In the partitioned layout, an upsert deletes the row that it replaces.
    ReplacedRowsDeleted,
    /// A merge ignores changes that were made after it had copied the rows.
    MergeWithoutChanges,
    /// A merge applies these changes before it has its locks.
    MergeAppliesChangesEarly,
    /// A merge doesn't lock the parent.
    MergeWithoutLockOnParent,
}

/// The table on which a statement works. The hot child is found by its name when the statement starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Hot,
    Table(Table),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// COPY, or INSERT from the staging table.
    Insert {
        into: Target,
        on_conflict: OnConflict,
    },
    /// With one snapshot for all of these tables.
    Delete {
        from: Vec<Target>,
    },
    /// DELETE … RETURNING, and an UPDATE of the hot child with the columns that the batch doesn't write.
    TakeOver {
        from: Table,
    },
    /// Deletes from the hot child the batch's rows whose keys are in the other table.
    LeaveOut {
        known_to: Table,
    },
    /// Fails if a key of the batch is in the other table.
    RefuseIfIn {
        other: Table,
    },
    /// With one snapshot for all of these tables.
    Patch {
        tables: Vec<Target>,
    },
    /// Checks whether the patch has found all of its rows. If it hasn't, the whole tree is searched with one snapshot. If a key is in
    /// no table, the patch is refused, otherwise it begins again.
    ConfirmPatch {
        looks: bool,
    },
    /// The mover's one statement: lock rows of a child, delete them, insert them into the parent.
    Move {
        from: Target,
    },
    /// These three are the statements of [`Mistake::MoverWithoutRowLocks`].
    ReadHot,
    InsertRead,
    DeleteRead,
    LockTable {
        table: Target,
        lock: Lock,
    },
    /// Fails if the tree is not the one that the statements were made for.
    CompareTree,
    Commit,
    /// The changes of the tree, with their COMMIT.
    CommitSeal {
        new: Table,
    },
    CommitDrop {
        table: Table,
    },
    CommitMerge {
        from: Table,
        to: Table,
    },
    /// Copies the rows of a child into a table beside the tree.
    Copy {
        from: Table,
        to: Table,
    },
    /// Deletes the copies of row versions that are gone, and takes those that were not copied into the hot child.
    ApplyChanges {
        from: Table,
        to: Table,
    },
    /// A query through the parent: it lists the children, locks them, and takes its snapshot last.
    ListChildren,
    LockChildren,
    ReadAll,
}

/// The statements of a session's next transaction. `staged`: a writer has met a conflict. `known`: the tree as it has read it.
pub fn statements(role: &Role, batch: usize, staged: bool, known: &Tree, mistake: Option<Mistake>) -> Vec<Statement> {
    use Statement::*;
    let is = |other| mistake == Some(other);
    let seal = CommitSeal { new: NEXT_HOT };
    let lock = |table, lock| LockTable { table, lock };
    match role {
        Role::Writer(batches) => change(batches[batch].change, staged, known, mistake),
        Role::Mover { .. } if is(Mistake::MoverWithoutRowLocks) => vec![ReadHot, InsertRead, DeleteRead, Commit],
        // Its SELECT … FOR UPDATE locks the table before its DELETE does.
        Role::Mover { from, .. } => vec![lock(*from, Lock::RowShare), Move { from: *from }, Commit],
        Role::Sealer if is(Mistake::SealWithoutLock) => vec![seal],
        Role::Sealer if is(Mistake::SealWithoutLockOnParent) => vec![lock(Target::Hot, Lock::AccessExclusive), seal],
        Role::Sealer => vec![
            lock(
                Target::Hot,
                if is(Mistake::SealWithWeakFirstLock) { Lock::ShareRowExclusive } else { Lock::Exclusive },
            ),
            lock(Target::Table(PARENT), Lock::AccessExclusive),
            lock(Target::Hot, Lock::AccessExclusive),
            seal,
        ],
        Role::Dropper { table } => vec![
            lock(Target::Hot, Lock::ShareRowExclusive),
            lock(Target::Table(*table), Lock::AccessExclusive),
            CommitDrop { table: *table },
        ],
        Role::Merger { table: from } => {
            let (from, to) = (*from, MERGED);
            let of_writers = [Target::Hot, Target::Table(PARENT), Target::Table(from)];
            let of_writers = of_writers.map(|table| lock(table, Lock::Exclusive)).to_vec();
            let of_queries = [Target::Table(PARENT), Target::Table(from)];
            let of_queries = of_queries.map(|table| lock(table, Lock::AccessExclusive)).to_vec();
            let changes = vec![ApplyChanges { from, to }];
            let end = match mistake {
                Some(Mistake::MergeWithoutChanges) => [of_writers, of_queries].concat(),
                Some(Mistake::MergeAppliesChangesEarly) => [changes, of_writers, of_queries].concat(),
                Some(Mistake::MergeWithoutLockOnParent) => {
                    [vec![lock(Target::Hot, Lock::Exclusive)], changes, of_queries[1..].to_vec()].concat()
                }
                _ => [of_writers, changes, of_queries].concat(),
            };
            [vec![Copy { from, to }], end, vec![CommitMerge { from, to }]].concat()
        }
        Role::Reader => vec![ListChildren, LockChildren, ReadAll],
    }
}

fn change(change: Change, staged: bool, known: &Tree, mistake: Option<Mistake>) -> Vec<Statement> {
    let is = |other| mistake == Some(other);
    let on_conflict = |staged_one| if staged { staged_one } else { OnConflict::Fail };
    let insert = |on_conflict| vec![Statement::Insert { into: Target::Hot, on_conflict }];
    let others = |statement: &dyn Fn(Table) -> Statement| known.others().map(statement).collect::<Vec<_>>();
    let all = || known.all().into_iter().map(Target::Table).collect::<Vec<_>>();
    let delete = || {
        let each = [Target::Hot].into_iter().chain(known.others().map(Target::Table));
        let mut each: Vec<_> = each.map(|table| Statement::Delete { from: vec![table] }).collect();
        if is(Mistake::DeleteThroughParent) {
            return vec![Statement::Delete { from: all() }];
        }
        if is(Mistake::ParentFirst) {
            each.rotate_left(1);
        }
        each
    };
    let upsert = || {
        let take_over = others(&|from| match is(Mistake::UnwrittenColumnsForgotten) {
            true => Statement::Delete { from: vec![Target::Table(from)] },
            false => Statement::TakeOver { from },
        });
        let insert = insert(on_conflict(OnConflict::DoUpdate));
        match is(Mistake::ParentFirst) {
            true => [take_over, insert].concat(),
            false => [insert, take_over].concat(),
        }
    };
    let mut statements = match change {
        Change::Upsert => upsert(),
        Change::Ignore => {
            let look = others(&|known_to| Statement::LeaveOut { known_to });
            let insert = insert(on_conflict(OnConflict::DoNothing));
            if is(Mistake::IgnoreWithoutSecondCheck) { insert } else { [insert, look].concat() }
        }
        Change::Strict => {
            let (look, insert) = (others(&|other| Statement::RefuseIfIn { other }), insert(OnConflict::Fail));
            if is(Mistake::ParentFirst) { [look, insert].concat() } else { [insert, look].concat() }
        }
        Change::Delete => delete(),
        Change::Replace => [delete(), upsert()].concat(),
        Change::Patch => {
            let each = [Target::Hot].into_iter().chain(known.others().map(Target::Table));
            let mut each: Vec<_> = each.map(|table| Statement::Patch { tables: vec![table] }).collect();
            if is(Mistake::ParentFirst) {
                each.rotate_left(1);
            }
            let again = if is(Mistake::PatchWithoutCommonSnapshot) { each.clone() } else { Vec::new() };
            let looks = !is(Mistake::PatchWithoutSecondCheck) && !is(Mistake::PatchWithoutCommonSnapshot);
            [each, again, vec![Statement::ConfirmPatch { looks }]].concat()
        }
        Change::ForeignUpsert => {
            let into = Target::Table(PARENT);
            return vec![Statement::Insert { into, on_conflict: OnConflict::DoUpdate }, Statement::Commit];
        }
        Change::ForeignDelete => return vec![Statement::Delete { from: all() }, Statement::Commit],
        Change::ForeignUpdate => {
            let confirm = Statement::ConfirmPatch { looks: false };
            return vec![Statement::Patch { tables: all() }, confirm, Statement::Commit];
        }
    };
    if !is(Mistake::NoComparisonOfTheTree) {
        statements.push(Statement::CompareTree);
    }
    statements.push(Statement::Commit);
    statements
}
