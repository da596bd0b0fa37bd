//! Merges sealed children into one. A table is made beside the tree from a copy of the children's rows, its indexes are built in bulk, and
//! at the end it takes the place of the children. All is one transaction, so a merge that is interrupted leaves nothing behind.
//!
//! Meanwhile the children can be read and changed. They get no new rows, but their rows are updated and deleted. So each copy is stored
//! with the place of the row version that it was made from. At the end, when nobody can change the children any more, the copies of
//! versions that are gone are deleted, and versions that were not copied go into the hot child.

use std::time::{Duration, Instant};

use crate::postgres::catalog::tree::{TableRef, Tree, sealed_name, with_ending};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::vector_index::build::{BuildMemory, lacks_shared_memory};
use crate::postgres::vector_index::ddl;
use crate::postgres::vector_index::holders::{Holder, LockWatch, holders};
use crate::postgres::vector_index::lock_tries::{LONGEST, LockTries};
use crate::postgres::vector_index::mover::MovedColumns;
use crate::postgres::vector_index::parent::Parent;
use crate::postgres::vector_index::seal::{TABLE_WAIT, is_same, lock, lock_tree};
use crate::stop::{Phase, Stop};

/// How long a merge tries to get the locks that its end needs. Then it is given up, and all its work is undone.
const PATIENCE: Duration = Duration::from_secs(120);
/// How soon to check again whether a transaction still holds its lock.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The columns of the copy that say what a row was copied from: the child, the place in it, and the transaction that wrote it there.
const CHILD: &str = "vecsink_child";
const PLACE: &str = "vecsink_place";
const VERSION: &str = "vecsink_version";

/// What became of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    Into(MergedChild),
    /// A vacuum or another process works on one of the children: try again later.
    Busy,
    /// The locks that the end needs can't be had, so the work was undone. `holder`: the transaction that has held one for long.
    NoLocks {
        holder: Option<Holder>,
    },
    /// The tree isn't what it was thought to be.
    OutOfDate,
    /// The graph of the merged child would not fit into the memory of a build. A graph over `most` rows would.
    TooLarge {
        most: u64,
    },
}

/// The new child.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergedChild {
    pub name: String,
    /// Rows that were copied into it. Some of these copies were deleted at the end, because their rows were changed or deleted
    /// meanwhile.
    pub copied: u64,
    /// Row versions that were added to the merged children or went from them during the merge. An UPDATE does both: it counts
    /// twice.
    pub changed: u64,
    /// For how long nobody could write to the table at the end, and for how long nobody could read it.
    pub writers_waited: Duration,
    pub queries_waited: Duration,
}

/// What is merged.
#[derive(Debug, Clone, Copy)]
pub struct MergeTask<'a> {
    pub tree: &'a Tree,
    /// Sealed children of the tree.
    pub children: &'a [TableRef],
    /// The number of their rows, as the server estimates it.
    pub rows: u64,
}

/// Merges sealed children of a table. Between tries to get locks it ends when `stop` says abandon.
pub fn merge(session: &mut Session, task: MergeTask, table: (&str, &str), stop: &Stop) -> Attempt<Merged> {
    session.begin_without_rows()?;
    match merge_in_transaction(session, task, table, stop) {
        Ok(Merged::Into(child)) => Ok(Merged::Into(child)),
        Ok(other) => session.run("ROLLBACK").map(|()| other),
        Err(failure) if failure.is_of_a_lock() => session.run("ROLLBACK").map(|()| Merged::Busy),
        // A child is gone.
        Err(failure) if failure.is("42P01") => session.run("ROLLBACK").map(|()| Merged::OutOfDate),
        Err(failure) => Err(failure),
    }
}

fn merge_in_transaction(
    session: &mut Session,
    task: MergeTask,
    (schema, table): (&str, &str),
    stop: &Stop,
) -> Attempt<Merged> {
    let MergeTask { children, rows, .. } = task;
    let Some(first) = children.first() else { return Ok(Merged::OutOfDate) };
    let only: Vec<String> = children.iter().map(|child| format!("ONLY {}", child.quoted())).collect();
    // The lock is held until the end, so that no vacuum of the children begins and no other process merges them. Reads and writes don't
    // wait for it.
    session.run(&format!(
        "SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings
         WHERE name IN ('transaction_timeout', 'idle_in_transaction_session_timeout');
         SET LOCAL lock_timeout TO '{TABLE_WAIT}'; LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE",
        only.join(", ")
    ))?;
    for child in children {
        if !is_same(session, child)? {
            return Ok(Merged::OutOfDate);
        }
    }
    let Some(parent) = Parent::read(session, schema, table)? else { return Ok(Merged::OutOfDate) };
    let memory = BuildMemory::read(session, first, rows)?;
    if let Some(most) = memory.and_then(|memory| memory.fitting(rows)) {
        return Ok(Merged::TooLarge { most });
    }
    tell_disk(session, task, table)?;
    let mut holders = LongHolders::new(task);
    holders.find(session)?;
    let columns = MovedColumns::read(session, first)?.list();
    let beside = make_table(session, &parent, first, table)?;
    let copied = session.run_and_count(&copy(&beside, children, &columns))?;
    session.run(&ddl::complete(&parent, &beside).join("; "))?;
    if let Some(holder) = holders.find(session)? {
        return Ok(Merged::NoLocks { holder: Some(holder) });
    }
    if let Some(memory) = memory {
        memory.tell(&beside.name, copied);
        let setting = memory.setting().map(|kilobytes| format!("SET LOCAL maintenance_work_mem TO '{kilobytes}kB'"));
        setting.map_or(Ok(()), |sql| session.run(&sql))?;
    }
    for (number, index) in (1..).zip(parent.vector_indexes()) {
        let name = with_ending(&beside.name, &format!("_v{number}"));
        build(session, &ddl::vector_index_beside(index, &name, &beside), &beside, &name)?;
    }
    let end = MergeEnd { task, parent: &parent, beside: &beside, columns: &columns };
    let merged = end.take_place(session, holders, stop)?;
    Ok(match merged {
        Ok(child) => Merged::Into(MergedChild { name: beside.name, copied, ..child }),
        Err(holder) => Merged::NoLocks { holder },
    })
}

/// The transactions that hold locks for so long that it is better not to wait for them.
struct LongHolders {
    tables: Vec<u32>,
    watch: LockWatch,
}

impl LongHolders {
    fn new(task: MergeTask) -> LongHolders {
        let all = task.tree.indexed().into_iter().chain([&task.tree.hot]).chain(task.children);
        LongHolders { tables: all.map(|table| table.oid).collect(), watch: LockWatch::default() }
    }

    /// The transaction that was found first, if it has held its lock for long.
    fn find(&mut self, session: &mut Session) -> Attempt<Option<Holder>> {
        let found = self.watch.note(holders(session, &self.tables)?, Instant::now());
        Ok(found.filter(|(_, held)| *held > LONGEST).map(|(holder, _)| holder))
    }
}

fn tell_disk(session: &mut Session, task: MergeTask, table: &str) -> Attempt<()> {
    let oids = task.children.iter().map(|child| child.oid.to_string()).collect::<Vec<_>>().join(", ");
    let bytes = session.first_value(&format!(
        "SELECT sum(pg_catalog.pg_total_relation_size(oid))::bigint FROM pg_catalog.pg_class WHERE oid IN ({oids})"
    ))?;
    let bytes: u64 = bytes.and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    log::info!(
        "{table}: merging {} sealed children with about {} rows into one; until it is done, this needs {} MB of disk beside them",
        task.children.len(),
        task.rows,
        bytes.div_ceil(1 << 20)
    );
    Ok(())
}

/// Makes the table beside the tree. Its name contains its oid, so no other sealed child has this name.
fn make_table(session: &mut Session, parent: &Parent, first: &TableRef, table: &str) -> Attempt<TableRef> {
    let name = with_ending(table, &format!("_merge_{}", first.oid));
    let beside = TableRef { oid: 0, schema: first.schema.clone(), name };
    session.run(&ddl::table_beside(parent, first, &beside, &format!("{CHILD} oid, {PLACE} tid, {VERSION} xid")))?;
    let oid =
        session.first_value(&format!("SELECT '{}'::pg_catalog.regclass::oid", beside.quoted().replace('\'', "''")))?;
    let oid = oid.and_then(|oid| oid.parse().ok()).unwrap_or(first.oid);
    let new_name = sealed_name(table, oid);
    session.run(&ddl::rename(&beside, &new_name, &[]).join("; "))?;
    Ok(TableRef { oid, name: new_name, ..beside })
}

/// Copies the children's rows, by one snapshot.
fn copy(beside: &TableRef, children: &[TableRef], columns: &str) -> String {
    let rows = |child: &TableRef| format!("SELECT {columns}, tableoid, ctid, xmin FROM ONLY {}", child.quoted());
    let rows = children.iter().map(rows).collect::<Vec<_>>().join(" UNION ALL ");
    format!("INSERT INTO {} ({columns}, {CHILD}, {PLACE}, {VERSION}) {rows}", beside.quoted())
}

/// Builds an index of the table beside the tree.
fn build(session: &mut Session, sql: &str, beside: &TableRef, name: &str) -> Attempt<()> {
    session.run("SAVEPOINT vecsink_build")?;
    match session.run(sql) {
        Err(failure) if lacks_shared_memory(&failure, &beside.name, name) => {
            session.forgive();
            session.run(&format!(
                "ROLLBACK TO SAVEPOINT vecsink_build; SET LOCAL max_parallel_maintenance_workers TO 0; {sql}"
            ))
        }
        built => built,
    }
}

/// What the end of a merge works on.
struct MergeEnd<'a> {
    task: MergeTask<'a>,
    parent: &'a Parent,
    beside: &'a TableRef,
    columns: &'a str,
}

impl MergeEnd<'_> {
    /// Puts the table beside the tree in the place of the children, and commits. The inner error says that the locks weren't to be had,
    /// and who holds them.
    fn take_place(
        &self,
        session: &mut Session,
        mut holders: LongHolders,
        stop: &Stop,
    ) -> Attempt<Result<MergedChild, Option<Holder>>> {
        let (begun, mut tries) = (Instant::now(), LockTries::default());
        loop {
            let holder = holders.find(session)?;
            let rest = match &holder {
                Some(_) => LOOK_AGAIN,
                None => match self.try_or_undo(session, tries.wait())? {
                    Some(child) => return Ok(Ok(child)),
                    None => tries.note_failed(),
                },
            };
            if begun.elapsed() > PATIENCE || stop.wait(Phase::Abandoning, rest) {
                return Ok(Err(holder));
            }
        }
    }

    /// `None`: a lock can't be had now, and this try was undone.
    fn try_or_undo(&self, session: &mut Session, wait: Duration) -> Attempt<Option<MergedChild>> {
        session.run("SAVEPOINT vecsink_end")?;
        match self.try_to_take_place(session, wait) {
            Ok(Some(child)) => return Ok(Some(child)),
            Ok(None) => {}
            Err(failure) if failure.is_of_a_lock() => {}
            Err(failure) => return Err(failure),
        }
        session.run("ROLLBACK TO SAVEPOINT vecsink_end").map(|()| None)
    }

    /// Writers wait from the first call of [`lock`] on, queries only from the second one.
    fn try_to_take_place(&self, session: &mut Session, wait: Duration) -> Attempt<Option<MergedChild>> {
        let MergeTask { tree, children, .. } = self.task;
        let (parent, hot) = (self.parent.quoted(), tree.hot.quoted());
        let children_names: Vec<String> = children.iter().map(TableRef::quoted).collect();
        if !lock_tree(session, tree)? {
            return Ok(None);
        }
        // A vacuum of the table holds this lock for long, because of the vector index. While we wait for it here, nobody queues behind us.
        session.run(&format!("LOCK TABLE ONLY {parent} IN SHARE UPDATE EXCLUSIVE MODE"))?;
        let writers_wait_since = Instant::now();
        let locked_against_writers = [&hot, &parent].into_iter().chain(&children_names);
        lock(session, &locked_against_writers.map(|table| (table, "EXCLUSIVE")).collect::<Vec<_>>(), wait)?;
        let mut statements = ddl::foreign_keys(self.parent, self.beside);
        statements.push("SET LOCAL work_mem TO '64MB'".to_owned());
        session.run(&statements.join("; "))?;
        let changed = session.first_value(&self.apply_changes())?;
        let queries_wait_since = Instant::now();
        // A query lists the children after it has got the lock of the parent. So no query goes on with the old list.
        let locked_against_queries = [&parent].into_iter().chain(&children_names);
        lock(session, &locked_against_queries.map(|table| (table, "ACCESS EXCLUSIVE")).collect::<Vec<_>>(), wait)?;
        let beside = self.beside.quoted();
        session.run(&format!(
            "ALTER TABLE {beside} DROP COLUMN {CHILD}, DROP COLUMN {PLACE}, DROP COLUMN {VERSION};
             ALTER TABLE {beside} INHERIT {parent}; DROP TABLE {}; COMMIT",
            children_names.join(", ")
        ))?;
        Ok(Some(MergedChild {
            changed: changed.and_then(|changed| changed.parse().ok()).unwrap_or(0),
            writers_waited: writers_wait_since.elapsed(),
            queries_waited: queries_wait_since.elapsed(),
            ..MergedChild::default()
        }))
    }

    /// Deletes the copies of row versions that are gone, and takes those that were not copied into the hot child. Two versions at the
    /// same place are the same one if the same transaction wrote them.
    fn apply_changes(&self) -> String {
        let (children, columns) = (self.task.children, self.columns);
        let (beside, hot) = (self.beside.quoted(), self.task.tree.hot.quoted());
        let live = |child: &TableRef| {
            format!("SELECT tableoid AS child, ctid AS place, xmin AS version FROM ONLY {}", child.quoted())
        };
        let live = children.iter().map(live).collect::<Vec<_>>().join(" UNION ALL ");
        let taken = (1..).zip(children).map(|(number, child)| {
            format!(
                ", taken_{number} AS (
                   INSERT INTO {hot} ({columns}) SELECT {columns} FROM ONLY {}
                   WHERE ctid = ANY (ARRAY(SELECT place FROM changed WHERE child = {})) RETURNING 1
                 )",
                child.quoted(),
                child.oid
            )
        });
        format!(
            "WITH live AS ({live}), changed AS (
               SELECT c.copy, l.child, l.place
               FROM (SELECT ctid AS copy, {CHILD}, {PLACE}, {VERSION} FROM ONLY {beside}) AS c
               FULL JOIN live AS l ON l.child = c.{CHILD} AND l.place = c.{PLACE}
               WHERE c.copy IS NULL OR l.place IS NULL OR NOT l.version = c.{VERSION}
             ), gone AS (
               DELETE FROM ONLY {beside} WHERE ctid = ANY (ARRAY(SELECT copy FROM changed WHERE copy IS NOT NULL)) RETURNING 1
             ){}
             SELECT count(*) FROM changed",
            taken.collect::<String>()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_remembers_what_it_was_copied_from() {
        let table = |oid, name: &str| TableRef { oid, schema: "s".into(), name: name.into() };
        assert_eq!(
            copy(&table(9, "new"), &[table(1, "a"), table(2, "b")], r#""id", "v""#),
            "INSERT INTO \"s\".\"new\" (\"id\", \"v\", vecsink_child, vecsink_place, vecsink_version) \
             SELECT \"id\", \"v\", tableoid, ctid, xmin FROM ONLY \"s\".\"a\" UNION ALL \
             SELECT \"id\", \"v\", tableoid, ctid, xmin FROM ONLY \"s\".\"b\""
        );
    }
}
