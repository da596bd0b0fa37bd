//! The keeper of a tree: the SQL of looks, moves, seals, merges, drops and index builds, in sessions of its own. Its callers, the
//! threads of `pipeline/line/`, decide when something is done, and for how many rows.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::build::{Built, build};
use super::holders::{Holder, holders};
use super::measure::{RowFigures, ScanTimer, SearchQuery, count};
use super::merge::{self, MergeTask, Merged};
use super::mover::{Moved, MovedColumns, is_altered, move_between_partitions, move_rows};
use super::parent::{Parent, from_using, is_vector_index};
use super::seal::{self, TreeChange};
use crate::error::Result;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::catalog::partitioned;
use crate::postgres::catalog::tree::{self, TableRef, Tree};
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::{Session, Setup};
use crate::settings::Sink;
use crate::stop::Stop;

/// How long a move and a look wait for a lock. It is short, because writers wait for the rows that a move has locked.
const LOCK_WAIT: &str = "1s";

/// What the keeper knows of a tree that was found at the start.
pub struct TreeKeeper {
    /// `schema.table`, for messages.
    name: String,
    sink: Sink,
    /// The table with the vector index, into which rows move: the target table, or in the partitioned layout its indexed partition.
    indexed: TableRef,
    /// The target table in the partitioned layout.
    root: Option<TableRef>,
    /// The key's columns by name; empty where the table keeps no key unique.
    key: Vec<String>,
    connector: Connector,
    setup: Setup,
    open: Arc<AtomicU32>,
    /// The hot child, as the last look has found it.
    hot: Mutex<TableRef>,
    columns: Mutex<Option<Arc<MovedColumns>>>,
}

/// A session of one of the keeper's threads, opened when it is needed.
pub struct KeeperSession {
    session: Option<Session>,
    settings: &'static [(&'static str, &'static str)],
    stop: Stop,
}

/// A sealed child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedChild {
    pub table: TableRef,
    /// The server's estimate; for a child without indexes the exact number.
    pub rows: u64,
    pub has_indexes: bool,
}

/// What the tree is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeLook {
    pub tree: Tree,
    pub hot: RowFigures,
    /// The oldest sealed child comes first.
    pub sealed: Vec<SealedChild>,
    /// Rows that are in no vector index.
    pub waiting: u64,
    /// The number of the transaction that wrote the oldest of them.
    pub oldest: Option<u64>,
    /// How long an exact search takes in the tables without an index.
    pub scan: Duration,
    /// How long it took to measure that.
    pub measuring: Duration,
}

impl TreeKeeper {
    /// `None`: the table has no tree.
    pub fn new(
        sink: &Sink,
        catalog: &Catalog,
        setup: &Setup,
        open: &Arc<AtomicU32>,
        max_outage: Option<Duration>,
    ) -> Result<Option<TreeKeeper>> {
        let Some(tree) = &catalog.tree else { return Ok(None) };
        let Some(parent) = tree.indexed() else { return Ok(None) };
        let name = catalog.name();
        // Not the name of the job: a process finds the job's other processes by the names of their sessions.
        let connector = Connector::new(&sink.connection, &format!("vecsink mover {name}"), max_outage)?;
        let mut setup = setup.clone();
        // If a crash of the server undoes a committed move, the rows are in the child again.
        setup.required.retain(|(name, _)| *name != "synchronous_commit");
        setup.required.push(("synchronous_commit", "off".to_owned()));
        Ok(Some(TreeKeeper {
            name,
            sink: sink.clone(),
            indexed: parent.clone(),
            root: tree.partitioned.as_ref().map(|partitioned| partitioned.root.clone()),
            key: catalog.usable_key().into_iter().flatten().map(|column| column.name.clone()).collect(),
            connector,
            setup,
            open: Arc::clone(open),
            hot: Mutex::new(tree.hot.clone()),
            columns: Mutex::new(None),
        }))
    }

    /// A session for moves, looks and changes of the tree. All its waits end when `stop` says abandon.
    pub fn session(&self, stop: &Stop) -> KeeperSession {
        KeeperSession { session: None, settings: &[("lock_timeout", LOCK_WAIT)], stop: stop.clone() }
    }

    /// A session for builds and merges, which may take any time.
    pub fn build_session(&self, stop: &Stop) -> KeeperSession {
        KeeperSession {
            session: None,
            settings: &[("lock_timeout", "0"), ("statement_timeout", "0")],
            stop: stop.clone(),
        }
    }

    /// Looks at the tree. `None`: the hot child is gone.
    pub fn look(&self, own: &mut KeeperSession, timer: &mut ScanTimer) -> Result<Option<TreeLook>> {
        let looked = self.run(own, |session| {
            let read = match &self.root {
                Some(root) => partitioned::read(session, root.oid, &self.sink),
                None => tree::read(session, self.indexed.oid, &self.sink),
            };
            let tree = match read {
                Ok(Some(tree)) => tree,
                Ok(None) => return Ok(Ok(None)),
                Err(error) => return Ok(Err(error)),
            };
            *self.hot.lock() = tree.hot.clone();
            self.measure(session, tree, timer).map(|look| Ok(Some(look)))
        });
        looked.map_err(|failure| self.error(&failure, "the hot child can't be measured"))?
    }

    fn measure(&self, session: &mut Session, tree: Tree, timer: &mut ScanTimer) -> Attempt<TreeLook> {
        let hot = count(session, &tree.hot)?;
        let sealed = sealed_children(session, &tree)?;
        let (waiting, oldest) = (hot.rows, hot.oldest);
        let mut look = TreeLook { hot, sealed, waiting, oldest, scan: Duration::ZERO, measuring: Duration::ZERO, tree };
        let unindexed: Vec<TableRef> =
            look.sealed.iter().filter(|child| !child.has_indexes).map(|child| child.table.clone()).collect();
        for child in look.sealed.iter_mut().filter(|child| !child.has_indexes) {
            let figures = count(session, &child.table)?;
            // A child that was never vacuumed has no estimate, and a build needs one for its memory.
            child.rows = figures.rows;
            look.waiting += figures.rows;
            look.oldest = look.oldest.into_iter().chain(figures.oldest).min();
        }
        if let Some(estimate) = timer.estimate(look.waiting, Instant::now()) {
            look.scan = estimate;
        } else if let Some(search) = SearchQuery::read(session, self.indexed.oid)? {
            let begun = Instant::now();
            for table in unindexed.iter().chain([&look.tree.hot]) {
                look.scan += search.time(session, table)?;
            }
            timer.note(look.waiting, look.scan, Instant::now());
            look.measuring = begun.elapsed();
        }
        Ok(look)
    }

    /// Moves rows out of the hot child, or out of a sealed one.
    pub fn move_rows(
        &self,
        own: &mut KeeperSession,
        sealed: Option<&TableRef>,
        rows: usize,
        page: u64,
    ) -> Result<Moved> {
        let hot = self.hot.lock().clone();
        let child = sealed.unwrap_or(&hot);
        let moved = self.run(own, |session| {
            if let Some(root) = &self.root {
                return move_between_partitions(session, (child, root), rows, page);
            }
            let known = self.columns.lock().clone();
            let columns = match known {
                Some(columns) => columns,
                None => {
                    let columns = Arc::new(MovedColumns::read(session, &self.indexed)?);
                    *self.columns.lock() = Some(Arc::clone(&columns));
                    columns
                }
            };
            move_rows(session, &columns, (child, &self.indexed), &self.key, rows, page)
        });
        moved.map_err(|failure| {
            if is_altered(&failure) {
                *self.columns.lock() = None;
            }
            self.error(&failure, "rows can't be moved into the vector index")
        })
    }

    /// Frees the room of the dead rows of the hot child.
    pub fn vacuum(&self, own: &mut KeeperSession) -> Result<()> {
        let hot = self.hot.lock().quoted();
        let vacuumed = self.run(own, |session| session.run(&format!("VACUUM {hot}")));
        vacuumed.map_err(|failure| self.error(&failure, "the hot child can't be vacuumed"))
    }

    /// The transactions that hold locks on these tables.
    pub fn holders(&self, own: &mut KeeperSession, tables: &[&TableRef]) -> Result<Vec<Holder>> {
        let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
        let found = self.run(own, |session| holders(session, &oids));
        found.map_err(|failure| self.error(&failure, "the locks on its tables can't be read"))
    }

    /// Whether the hot child can be sealed. A hot partition can't: the tree has a fixed number of them.
    pub fn can_seal(&self) -> bool {
        self.root.is_none()
    }

    /// The table with the vector index.
    pub fn indexed(&self) -> &TableRef {
        &self.indexed
    }

    /// Seals the hot child and makes a new one. Its locks are waited for no longer than `wait`.
    pub fn seal(&self, own: &mut KeeperSession, tree: &Tree, wait: Duration) -> Result<TreeChange> {
        let sealed = self.run(own, |session| seal::seal(session, tree, (&self.sink.schema, &self.sink.table), wait));
        sealed.map_err(|failure| self.error(&failure, "the hot child can't be sealed"))
    }

    /// Drops a sealed child that has no rows.
    pub fn drop_empty(
        &self,
        own: &mut KeeperSession,
        tree: &Tree,
        child: &TableRef,
        wait: Duration,
    ) -> Result<TreeChange> {
        let dropped = self.run(own, |session| seal::drop_empty(session, tree, child, wait));
        dropped.map_err(|failure| self.error(&failure, "an empty sealed child can't be dropped"))
    }

    /// Merges sealed children into one.
    pub fn merge(&self, own: &mut KeeperSession, tree: &Tree, children: &[SealedChild]) -> Result<Merged> {
        let tables: Vec<TableRef> = children.iter().map(|child| child.table.clone()).collect();
        let rows = children.iter().map(|child| child.rows).sum();
        let (task, stop) = (MergeTask { tree, children: &tables, rows }, own.stop.clone());
        let table = (self.sink.schema.as_str(), self.sink.table.as_str());
        let merged = self.run(own, |session| merge::merge(session, task, table, &stop));
        merged.map_err(|failure| self.error(&failure, "sealed children can't be merged"))
    }

    /// Builds the vector indexes that a sealed child lacks.
    pub fn build(&self, own: &mut KeeperSession, child: &TableRef, rows: u64) -> Result<Built> {
        let built = self.run(own, |session| match Parent::read(session, &self.sink.schema, &self.sink.table)? {
            Some(parent) => build(session, &parent, child, rows),
            None => Ok(Built::All),
        });
        built.map_err(|failure| self.error(&failure, &format!("the vector index of {} can't be built", child.name)))
    }

    /// Runs `work` in the session, which is opened first where it isn't open.
    fn run<T>(&self, own: &mut KeeperSession, work: impl FnOnce(&mut Session) -> Attempt<T>) -> Attempt<T> {
        let session = match own.session.take().filter(Session::is_usable) {
            Some(session) => own.session.insert(session),
            None => {
                let limit = WaitLimit::of(&own.stop);
                let mut session = Session::open(&self.connector, &self.setup, &self.open, &limit)?;
                let settings = own.settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
                session.also_set(&settings.collect::<Vec<_>>())?;
                own.session.insert(session)
            }
        };
        let result = work(session);
        if result.is_err() {
            session.recover();
            // A session that can't be used any longer is closed, because it may hold locks.
            own.session = own.session.take().filter(Session::is_usable);
        }
        result
    }

    fn error(&self, failure: &AttemptError, what: &str) -> crate::error::Error {
        let advice = match failure.sqlstate.as_deref() {
            Some("42501") => "the job's user must own the table and its children, or be a member of the owner's role",
            _ => "",
        };
        failure.error(&format!("{}: {what}", self.name), advice)
    }
}

/// The sealed children, and whether each has all vector indexes of the table.
fn sealed_children(session: &mut Session, tree: &Tree) -> Attempt<Vec<SealedChild>> {
    let Some((parent, children)) = tree.others.split_last() else { return Ok(Vec::new()) };
    if children.is_empty() {
        return Ok(Vec::new());
    }
    let tables: Vec<String> = tree.others.iter().map(|table| table.oid.to_string()).collect();
    let rows = session.ask(&format!(
        "SELECT i.indrelid, pg_catalog.pg_get_indexdef(i.indexrelid), m.amname, coalesce(t.typname, '')
         FROM pg_catalog.pg_index i
         JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
         JOIN pg_catalog.pg_am m ON m.oid = x.relam
         LEFT JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[0]
         LEFT JOIN pg_catalog.pg_type t ON t.oid = o.opcintype
         WHERE i.indisvalid AND i.indrelid IN ({})",
        tables.join(", ")
    ))?;
    let mut indexes: Vec<(String, String)> = Vec::new();
    for row in rows {
        if let [table, definition, method, operand] = row.as_slice()
            && is_vector_index(method, operand)
        {
            indexes.push((table.clone(), from_using(definition).to_owned()));
        }
    }
    let sizes = session.ask(&format!(
        "SELECT oid, greatest(reltuples, 0)::bigint FROM pg_catalog.pg_class WHERE oid IN ({})",
        tables.join(", ")
    ))?;
    let of = |table: &TableRef| {
        let oid = table.oid.to_string();
        indexes.iter().filter(move |(table, _)| *table == oid).map(|(_, definition)| definition)
    };
    let size = |table: &TableRef| {
        let row = sizes.iter().find(|row| row.first().is_some_and(|oid| *oid == table.oid.to_string()));
        row.and_then(|row| row.get(1)).and_then(|rows| rows.parse().ok()).unwrap_or(0)
    };
    let child = |table: &TableRef| SealedChild {
        rows: size(table),
        has_indexes: of(parent).all(|index| of(table).any(|own| own == index)),
        table: table.clone(),
    };
    Ok(children.iter().map(child).collect())
}
