//! Changes of the tree: a hot child is sealed and a new one takes the rows; an empty sealed child is dropped. Each is one
//! transaction. A table has only one such transaction at a time, whatever the number of processes.
//! A change waits for its locks only as long as the caller says, because other sessions queue behind a session that waits. If it can't get
//! a lock, the change is tried again later.

use std::time::{Duration, Instant};

use crate::postgres::catalog::tree::{TableRef, Tree, sealed_name};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{literal, qualified};
use crate::postgres::vector_index::ddl;
use crate::postgres::vector_index::parent::Parent;

/// How long to wait for the SHARE UPDATE EXCLUSIVE lock of the table. Reads and writes don't queue behind this wait. It is shorter than
/// `deadlock_timeout`, after which the server would cancel an autovacuum that has the lock.
pub const TABLE_WAIT: &str = "500ms";
/// Each lock is waited for at least this long, even if the locks before it took all the time.
const LEAST_WAIT: Duration = Duration::from_millis(20);
/// The part of `deadlock_timeout` that a change may wait for all of its locks together.
const DEADLOCK_SHARE: f64 = 0.8;

/// What became of a change of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeChange {
    Done,
    /// Another session holds a lock, or another process changes the tree: try again later.
    Busy,
    /// The tree isn't what it was thought to be.
    OutOfDate,
}

/// Seals the hot child. The number in its new name is its oid, so no other child has this name.
///
/// The seal first waits for the writers: each of them has locked the hot child and may still need the table. Then it locks the table, so
/// that queries wait there, before they list the children. A query that waited for the lock of the hot child would have listed them
/// already, and would not read the new one. All these waits together take no longer than `wait`.
pub fn seal(session: &mut Session, tree: &Tree, (schema, table): (&str, &str), wait: Duration) -> Attempt<TreeChange> {
    in_transaction(session, tree, |session| {
        let (parent, hot) = (qualified(schema, table), tree.hot.quoted());
        // VACUUM of the table holds this lock for long, because of the vector index. While the seal waits for it here, nobody queues
        // behind the seal. The lock also keeps the table from being altered.
        session.run(&format!("LOCK TABLE ONLY {parent} IN SHARE UPDATE EXCLUSIVE MODE"))?;
        let Some(shape) = Parent::read(session, schema, table)? else { return Ok(TreeChange::OutOfDate) };
        let indexes = session.ask(&format!(
            "SELECT c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = {}",
            tree.hot.oid
        ))?;
        let indexes: Vec<String> = indexes.into_iter().flatten().collect();
        // The first lock lets only readers go on. With a weaker one, SELECT … FOR UPDATE could take a lock on the hot child, too, and then
        // wait for us with a DELETE, while we would wait for its first lock.
        let locks = [(&hot, "EXCLUSIVE"), (&parent, "ACCESS EXCLUSIVE"), (&hot, "ACCESS EXCLUSIVE")];
        lock(session, &locks, wait)?;
        if !is_same(session, &tree.hot)? {
            return Ok(TreeChange::OutOfDate);
        }
        let mut statements = ddl::rename(&tree.hot, &sealed_name(table, tree.hot.oid), &indexes);
        statements.extend(ddl::hot_child(&shape, &tree.hot.schema, &tree.hot.name));
        session.run(&statements.join("; "))?;
        Ok(TreeChange::Done)
    })
}

/// Drops a sealed child that has no rows.
pub fn drop_empty(session: &mut Session, tree: &Tree, child: &TableRef, wait: Duration) -> Attempt<TreeChange> {
    in_transaction(session, tree, |session| {
        // A writer keeps its lock on the hot child until the end of its transaction. So while we hold the first lock, no writer is between
        // its statements on two tables.
        let (hot, child_name) = (tree.hot.quoted(), child.quoted());
        lock(session, &[(&hot, "SHARE ROW EXCLUSIVE"), (&child_name, "ACCESS EXCLUSIVE")], wait)?;
        let has_rows = session.first_value(&format!("SELECT 1 FROM ONLY {} LIMIT 1", child.quoted()))?.is_some();
        if has_rows || !is_same(session, &tree.hot)? || !is_same(session, child)? {
            return Ok(TreeChange::OutOfDate);
        }
        session.run(&format!("DROP TABLE {}", child.quoted()))?;
        Ok(TreeChange::Done)
    })
}

/// Runs a change of the tree in a transaction, unless another process is changing the tree.
fn in_transaction(
    session: &mut Session,
    tree: &Tree,
    change: impl FnOnce(&mut Session) -> Attempt<TreeChange>,
) -> Attempt<TreeChange> {
    session.begin_without_rows()?;
    let changed = lock_tree(session, tree).and_then(|locked| match locked {
        true => change(session),
        false => Ok(TreeChange::Busy),
    });
    match changed {
        Ok(TreeChange::Done) => session.run("COMMIT").map(|()| TreeChange::Done),
        Ok(other) => session.run("ROLLBACK").map(|()| other),
        Err(failure) if failure.is_of_a_lock() => session.run("ROLLBACK").map(|()| TreeChange::Busy),
        Err(failure) => Err(failure),
    }
}

/// Locks tables one after another. Other sessions may queue behind each of these waits, so all of them together take no longer than
/// `wait`.
pub fn lock(session: &mut Session, locks: &[(&String, &str)], wait: Duration) -> Attempt<()> {
    let deadlock_timeout =
        session.first_value("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'")?;
    let deadlock_timeout =
        deadlock_timeout.and_then(|milliseconds| milliseconds.parse().ok()).map(Duration::from_millis);
    let wait = deadlock_timeout.map_or(wait, |timeout| wait.min(timeout.mul_f64(DEADLOCK_SHARE)));
    let until = Instant::now() + wait;
    for (table, mode) in locks {
        let left = until.saturating_duration_since(Instant::now()).max(LEAST_WAIT).as_millis();
        session.run(&format!("SET LOCAL lock_timeout TO '{left}ms'; LOCK TABLE ONLY {table} IN {mode} MODE"))?;
    }
    Ok(())
}

/// Takes the advisory lock for changes of the tree, until the end of the transaction, and sets `lock_timeout` for the locks that follow.
/// Returns false if another process has the advisory lock.
pub fn lock_tree(session: &mut Session, tree: &Tree) -> Attempt<bool> {
    let table = tree.indexed().map_or(tree.hot.oid, |table| table.oid);
    let key = twox_hash::XxHash64::oneshot(0, format!("vecsink tree {table}").as_bytes()).cast_signed();
    let locked = session.first_value(&format!(
        "SET LOCAL lock_timeout TO '{TABLE_WAIT}'; SELECT pg_catalog.pg_try_advisory_xact_lock({key})"
    ))?;
    Ok(locked.as_deref() == Some("t"))
}

/// Whether the name still belongs to the same table.
pub fn is_same(session: &mut Session, table: &TableRef) -> Attempt<bool> {
    let oid = session.first_value(&format!(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = {} AND c.relname = {}",
        literal(&table.schema),
        literal(&table.name)
    ))?;
    Ok(oid == Some(table.oid.to_string()))
}
