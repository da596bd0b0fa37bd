//! A table's deferred indexes: drops and records them, and builds them again, in sessions of its own. The caller decides when.
//!
//! There is an advisory lock for each table. A process that loads the table holds it shared, and a process that builds holds it alone. So
//! of several processes the last one builds. If a process is lost, the server releases its lock.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use parking_lot::Mutex;

use super::cost::is_worth;
use super::present::{self, PresentIndex, names, size, to_record, undisturbed};
use super::progress::{self, BuildProgress};
use super::restore::restore_one;
use super::script::{self, BuildKind};
use crate::error::{Error, Result};
use crate::postgres::catalog::tree::TableRef;
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::driver::wait_limit::WaitLimit;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::server::Server;
use crate::postgres::connect::session::{Session, Setup};
use crate::postgres::connect::sql::qualified;
use crate::postgres::own_tables::deferred_indexes::{DeferredIndex, DeferredIndexTable};
use crate::settings::{Sink, VectorIndexMode};
use crate::stop::{Phase, Stop};

/// How long one try to drop the indexes waits for the table's lock.
const LOCK_WAIT: &str = "500ms";
const TRIES: u32 = 10;
/// The pause between two tries, in which others get the table.
const PAUSE: Duration = Duration::from_millis(250);
/// How often the advisory lock is tried, and the pause between two tries.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(100);
/// How long a question about the progress of a build may take.
const QUESTION: Duration = Duration::from_secs(2);

/// What became of the vector indexes before the first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deferred {
    /// They are missing until they are built again; maybe another process builds them just now.
    Yes,
    /// They are there: rows go into them one by one.
    No,
}

/// What became of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// All indexes are there.
    All,
    /// Another process still loads the table, or builds. It builds what is missing.
    Elsewhere,
}

/// The deferred indexes of one table.
pub struct IndexDeferral {
    /// `schema.table`, for messages.
    name: String,
    table: TableRef,
    records: DeferredIndexTable,
    /// The sink says `defer`. If not, an earlier job has left the table without its indexes.
    is_wanted: bool,
    version: u32,
    greenplum: bool,
    /// The name of this process, for the records.
    process: String,
    connector: Connector,
    setup: Setup,
    open: Arc<AtomicU32>,
    /// Holds the shared lock while this process loads the table.
    loading: Mutex<Option<Session>>,
    /// Those that are missing, as they were last read.
    missing: Mutex<Vec<DeferredIndex>>,
}

/// What [`IndexDeferral::new`] is told of a table that was found at the start.
pub struct DeferralStart<'a> {
    pub sink: &'a Sink,
    pub server: &'a Server,
    pub table: TableRef,
    /// What is recorded for it.
    pub recorded: Vec<DeferredIndex>,
    pub process: &'a str,
    pub setup: &'a Setup,
    pub open: &'a Arc<AtomicU32>,
    pub max_outage: Option<Duration>,
}

impl IndexDeferral {
    pub fn new(start: DeferralStart<'_>) -> Result<IndexDeferral> {
        let DeferralStart { sink, server, table, recorded, process, setup, open, max_outage } = start;
        let name = format!("{}.{}", sink.schema, sink.table);
        let mut setup = setup.clone();
        // With an empty search path the server writes each name in a definition with its schema. So the definition means the same in
        // every session.
        setup.required.retain(|(setting, _)| !["search_path", "lock_timeout", "statement_timeout"].contains(setting));
        for (setting, value) in [("search_path", ""), ("statement_timeout", "0")] {
            setup.required.push((setting, value.to_owned()));
        }
        // A build may take any time, and the session of a process that loads is idle most of the time.
        setup.optional.extend([("transaction_timeout", "0"), ("idle_session_timeout", "0")]);
        Ok(IndexDeferral {
            // Not the name of the job: a process finds the job's other processes by the names of their sessions.
            connector: Connector::new(&sink.connection, &format!("vecsink index {name}"), max_outage)?,
            records: DeferredIndexTable::new(&sink.schema, &sink.table, server.greenplum),
            name,
            table,
            is_wanted: sink.vector_index == VectorIndexMode::Defer,
            version: server.version_number,
            greenplum: server.greenplum,
            process: process.to_owned(),
            setup,
            open: Arc::clone(open),
            loading: Mutex::new(None),
            missing: Mutex::new(recorded),
        })
    }

    /// Whether the sink defers the indexes. If not, an earlier run has left them missing.
    pub fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// How to build an index while rows are written.
    pub fn while_writing(&self) -> BuildKind {
        // Greenplum has no CREATE INDEX CONCURRENTLY.
        if self.greenplum { BuildKind::Plain } else { BuildKind::Concurrent }
    }

    /// The statements that build the missing indexes by hand. Empty if none is missing.
    pub fn by_hand(&self) -> String {
        script::by_hand(&self.missing.lock(), &self.records)
    }

    /// The names of the missing indexes.
    pub fn missing(&self) -> String {
        names(self.missing.lock().iter().map(|index| index.name.as_str()))
    }

    /// Drops the table's vector indexes, unless `backlog`, the number of records that wait, is too small for that. Called before the
    /// first row. Indexes that an earlier run has dropped stay missing.
    pub fn begin(&self, backlog: Option<u64>, stop: &Stop) -> Result<Deferred> {
        let begun = self.open(stop).and_then(|mut session| {
            if !self.try_lock(&mut session, "try_advisory_lock_shared")? {
                log::warn!(
                    "{}: another process is building the vector index; rows of this process are added to that index one by one",
                    self.name
                );
                *self.missing.lock() = self.records.read(&mut session)?;
                return Ok(Deferred::Yes);
            }
            let deferred = undisturbed(&mut session, |session| self.defer(session, backlog))?;
            *self.loading.lock() = Some(session).filter(|_| deferred == Deferred::Yes);
            Ok(deferred)
        });
        begun.map_err(|failure| {
            let advice = match failure.sqlstate.as_deref() {
                Some("55P03") => "other sessions use the table all the time; start again when they are done",
                Some("42501") => "ask the table's owner to run what vecsink ddl prints",
                _ => "",
            };
            failure.error(
                &format!("{}: the vector index can't be dropped for 'sink.vector-index' = 'defer'", self.name),
                advice,
            )
        })
    }

    fn defer(&self, session: &mut Session, backlog: Option<u64>) -> Attempt<Deferred> {
        let present = present::read(session, self.table.oid)?;
        let size = size(session, &self.table)?;
        let is_worth = is_worth(size, backlog);
        let dropped = if is_worth && !present.is_empty() { self.drop_all(session)? } else { Vec::new() };
        let recorded = self.records.read(session)?;
        if !dropped.is_empty() {
            log::info!(
                "{}: vector index {} was dropped and is recorded in {}; it is built again when the rows are written",
                self.name,
                names(dropped.iter().map(|index| index.name.as_str())),
                self.records.quoted()
            );
            *self.missing.lock() = recorded;
            return Ok(Deferred::Yes);
        }
        if !recorded.is_empty() {
            log::info!(
                "{}: vector index {} was dropped by another run and is built again when the rows are written",
                self.name,
                names(recorded.iter().map(|index| index.name.as_str()))
            );
            *self.missing.lock() = recorded;
            return Ok(Deferred::Yes);
        }
        match backlog {
            _ if present.is_empty() => {
                log::warn!("{}: the table has no vector index that could be deferred", self.name)
            }
            Some(backlog) => log::info!(
                "{}: the vector index stays: for {backlog} waiting records and about {} rows in the table, adding them is faster than \
                 building it again",
                self.name,
                size.rows
            ),
            None => {}
        }
        Ok(Deferred::No)
    }

    /// Each try waits only briefly for sessions that use the table, because all others queue behind this one meanwhile.
    fn drop_all(&self, session: &mut Session) -> Attempt<Vec<PresentIndex>> {
        self.records.ensure(session)?;
        for attempt in 1.. {
            session.begin_without_rows()?;
            let failure = match self.drop_in_transaction(session) {
                Ok(dropped) => return Ok(dropped),
                Err(failure) => failure,
            };
            session.recover();
            if attempt >= TRIES || !failure.is_of_a_lock() {
                return Err(failure);
            }
            std::thread::sleep(PAUSE);
        }
        Ok(Vec::new())
    }

    fn drop_in_transaction(&self, session: &mut Session) -> Attempt<Vec<PresentIndex>> {
        let table = self.table.quoted();
        // Nobody builds an index there while this lock is held.
        session.run(&format!(
            "SET LOCAL lock_timeout TO '{LOCK_WAIT}'; LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE"
        ))?;
        let present = present::read(session, self.table.oid)?;
        if present.is_empty() {
            return session.run("COMMIT").map(|()| Vec::new());
        }
        let recorded = to_record(&present);
        let (names, oids): (Vec<&str>, Vec<&str>) =
            recorded.iter().map(|index| (index.name.as_str(), index.oid.as_str())).unzip();
        let dropped: Vec<String> = present.iter().map(|index| qualified(&self.table.schema, &index.name)).collect();
        session.run(&format!(
            "{}; DROP INDEX {}; COMMIT",
            self.records.record(&names, &oids, &self.process),
            dropped.join(", ")
        ))?;
        Ok(present)
    }

    /// Checks that the session with the lock of this process still lives. A session that is lost is replaced.
    pub fn keep_loading(&self, stop: &Stop) {
        // The mutex isn't held meanwhile: the server may be silent, and `stop_loading` mustn't wait for it.
        let Some(mut session) = self.loading.lock().take() else { return };
        if !(session.is_usable() && session.answers()) {
            log::debug!("{}: the session that says who loads the table was lost", self.name);
            let again = self.open(stop).and_then(|mut session| {
                // If another process builds now, the rows of this process go into the index that it builds.
                self.lock(&mut session, "try_advisory_lock_shared").map(|_| session)
            });
            session = again.unwrap_or(session);
        }
        let mut loading = self.loading.lock();
        if stop.phase() == Phase::Running {
            *loading = Some(session);
        }
    }

    /// From now on this process doesn't load the table. Before this call, the `stop` that [`IndexDeferral::keep_loading`] was given
    /// must be draining or abandoned. Otherwise `keep_loading`, in another thread, could keep its session with the lock.
    pub fn stop_loading(&self) {
        self.loading.lock().take();
    }

    /// Builds what is missing, if no other process loads the table. From now on this one doesn't.
    pub fn restore(&self, kind: BuildKind, stop: &Stop) -> Result<Restored> {
        let restored = self.restore_all(kind, stop);
        restored.map_err(|failure| {
            let written = match kind {
                BuildKind::Plain => "all rows are stored, but ",
                BuildKind::Concurrent => "",
            };
            let what = format!("{}: {written}vector index {} isn't built", self.name, self.missing());
            let advice = match failure.sqlstate.as_deref() {
                Some("42501") => "; the table's owner must run it",
                _ => "",
            };
            failure.error(&what, &format!("the next start tries again; or run: {}{advice}", self.by_hand()))
        })
    }

    fn restore_all(&self, kind: BuildKind, stop: &Stop) -> Attempt<Restored> {
        let loading = self.loading.lock().take().filter(Session::is_usable);
        let mut session = match loading {
            Some(mut session) => {
                session.client().set_wait_limit(WaitLimit::of(stop));
                self.lock(&mut session, "advisory_unlock_shared")?;
                session
            }
            None => self.open(stop)?,
        };
        if !self.try_lock(&mut session, "try_advisory_lock")? {
            return Ok(Restored::Elsewhere);
        }
        let built = self.build_missing(&mut session, kind);
        if session.is_usable() {
            session.recover();
            // If this fails, the lock is released when the session ends.
            let _ = self.lock(&mut session, "advisory_unlock").is_ok();
        }
        built.map(|()| Restored::All)
    }

    fn build_missing(&self, session: &mut Session, kind: BuildKind) -> Attempt<()> {
        let mut built = Vec::new();
        loop {
            let missing = self.records.read(session)?;
            let next = missing.first().cloned();
            *self.missing.lock() = missing;
            let Some(index) = next else { return Ok(()) };
            restore_one(session, &self.table, &self.records, &index, kind, &self.name, &built)?;
            built.push(index.name);
        }
    }

    /// How far a build in another session is. `None`: the server doesn't say.
    pub fn progress(&self, asking: &mut Option<Session>, stop: &Stop) -> Option<BuildProgress> {
        if self.version < progress::OLDEST {
            return None;
        }
        let mut session = match asking.take().filter(Session::is_usable) {
            Some(session) => session,
            None => self.open(stop).ok()?,
        };
        session.client().set_wait_limit(WaitLimit::of(stop).at_most(QUESTION));
        let found = progress::read(&mut session, self.table.oid).ok().flatten();
        *asking = Some(session);
        found
    }

    /// Tries for a moment: a session that has just ended may still have the lock.
    fn try_lock(&self, session: &mut Session, function: &str) -> Attempt<bool> {
        for _ in 0..LOCK_TRIES {
            if self.lock(session, function)? {
                return Ok(true);
            }
            std::thread::sleep(LOCK_PAUSE);
        }
        Ok(false)
    }

    /// Calls one of the server's functions for the advisory lock of the table, by its name without `pg_`.
    fn lock(&self, session: &mut Session, function: &str) -> Attempt<bool> {
        let image = format!("vecsink deferred index {}", self.table.oid);
        let key = twox_hash::XxHash64::oneshot(0, image.as_bytes()).cast_signed();
        let value = session.first_value(&format!("SELECT pg_catalog.pg_{function}({key})"))?;
        Ok(value.as_deref() == Some("t"))
    }

    fn open(&self, stop: &Stop) -> Attempt<Session> {
        Session::open(&self.connector, &self.setup, &self.open, &WaitLimit::of(stop))
    }

    /// A message that the missing indexes aren't built, with the reason and what to do.
    pub fn unbuilt(&self, why: &str) -> String {
        format!("{}: {}", self.name, self.what_is_unbuilt(why))
    }

    /// An error for a build that was ended before it was done, when all rows are stored.
    pub fn unfinished(&self, why: &str) -> Error {
        Error::Target {
            message: format!("{}: all rows are stored, but {}", self.name, self.what_is_unbuilt(why)),
            sqlstate: None,
            passing: true,
        }
    }

    fn what_is_unbuilt(&self, why: &str) -> String {
        format!(
            "vector index {} isn't built: {why}; the next start builds it; or run: {}",
            self.missing(),
            self.by_hand()
        )
    }
}

impl std::fmt::Debug for IndexDeferral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IndexDeferral").field("table", &self.name).finish_non_exhaustive()
    }
}
