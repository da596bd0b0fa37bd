//! Rows into the database: one sink's connections, statements, conflicts, retries and refused rows.

mod catalog;
mod connect;
mod dead_letter_table;
mod owners;
mod streams;
mod write;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::batch::Batch;
use crate::error::{Error, Rejection, Result};
use crate::membership::Membership;
use crate::settings::{ConflictMode, DeadLetterTarget, Sink};
use crate::stop::Stop;
use crate::types::target::TargetTable;

pub use self::catalog::describe::Description;
pub use self::catalog::schema_version::SchemaVersion;
pub use self::dead_letter_table::{Answered, Beside, check_dead_letters, dead_letter_table_ddl, read_dead_letters};
pub use self::streams::{OwnStream, PositionOutcome, StreamName};
pub use self::write::written::Written;

use self::catalog::lookup::Catalog;
use self::catalog::probe::Capabilities;
use self::catalog::schema_check::SchemaChecks;
use self::catalog::schema_version::SchemaVersions;
use self::connect::connector::Connector;
use self::connect::driver::wait_limit::{Deadline, WaitLimit};
use self::connect::failure::AttemptError;
use self::connect::pool::Pool;
use self::connect::pooler::Between;
use self::connect::server::Server;
use self::connect::session::{Attempt, Session, Setup};
use self::connect::turns::Turns;
use self::dead_letter_table::DeadLetterTable;
use self::owners::Owners;
use self::write::conflict::Conflicts;
use self::write::machine::evidence::Evidence;
use self::write::outage::Outage;
use self::write::waits::Waits;

/// Receives what becomes of a batch's rows, in the order of the batch. Rows are numbered through its chunks, from 0.
pub trait Settle {
    /// These rows are durable: COMMIT was answered. Those among them that were left out are settled with them.
    fn durable(&mut self, rows: Range<usize>, written: Written);

    /// The database refused this row, alone. Err stops the write.
    fn rejected(&mut self, row: usize, rejection: Rejection) -> Result<()>;

    /// So many of the rows that are settled next belong to another process now and were left out.
    fn left_out(&mut self, _rows: usize) {}

    /// An attempt failed and is repeated.
    fn retried(&mut self);

    /// The table was altered: encodes the rows of `batch` again for this schema version; each entry keeps its place. `None`
    /// stops the write: this isn't possible.
    fn encoded_again(&mut self, _batch: &Batch, _schema_version: &SchemaVersion) -> Option<Batch> {
        None
    }

    /// What the transaction that tries these rows shall do besides. Asked before each attempt.
    fn beside(&mut self, _rows: Range<usize>) -> Beside {
        Beside::default()
    }

    /// That transaction has ended; what it should have done besides is durable if it was committed.
    fn beside_ended(&mut self, _beside: Beside, _committed: bool) {}

    /// Under `conflictmode` = strict a key was there already. `row` is the one in the way, if the server said which.
    /// Gives the error that stops the job; who knows the row's position should name it.
    fn conflict(&mut self, _row: Option<usize>, rejection: Rejection) -> Error {
        Error::Target {
            message: format!(
                "{rejection}; the job stops because conflictmode is 'strict', nothing of the batch is committed"
            ),
            sqlstate: rejection.sqlstate,
            passing: false,
        }
    }
}

const POOLER_WARNING: &str = "gives each transaction another session of the server (as PgBouncer does with pool_mode = transaction): \
                      each transaction sets up all that it needs, which is slower, and slowest where rows go through a \
                      temporary table; the server's own address, or session pooling, is better";

/// One sink's opened target, shared by its writer threads.
pub struct Target {
    name: String,
    sink: Sink,
    table: TargetTable,
    schema_versions: SchemaVersions,
    /// Held while the catalog is read again, so that one writer does it for all.
    rereading: Mutex<()>,
    schema_checks: SchemaChecks,
    capabilities: Capabilities,
    description: Description,
    pool: Pool,
    conflicts: Conflicts,
    outage: Arc<Outage>,
    waits: Waits,
    evidence: Evidence,
    conflict_mode: ConflictMode,
    max_retry_times: u32,
    max_outage: Option<Duration>,
    retry_wait_time: Duration,
    most_writers: u32,
    linger: Duration,
    greenplum: bool,
    dead_letters: Option<DeadLetterTable>,
    has_other_process: bool,
    owners: Owners,
    turns: Turns,
    /// When the opening must be finished.
    opening: Deadline,
}

impl Target {
    /// Connects, reads the catalog and finds out what the server takes. Whatever would make every row fail is an error
    /// here. A name `job/process` lets another process of the job be noticed. `max_outage`: how long the database may be
    /// away later on.
    pub fn open(sink: &Sink, application_name: &str, max_outage: Option<Duration>) -> Result<Target> {
        let connector = Connector::new(&sink.connection, application_name, max_outage)?;
        let open = Arc::new(AtomicU32::new(0));
        let outage = Arc::new(Outage::new(max_outage, sink.origin));
        let opening = Deadline::after(connector.timeout());
        let wait_limit = WaitLimit::until(opening);
        let mut session = first_session(&connector, sink, &open, &wait_limit)?;
        let set_up = |failure| connector.unreachable(&failure);
        let server = Server::read(&mut session).map_err(set_up)?;
        let mut setup = server.setup(&sink.connection);
        let second = || {
            Session::open(&connector, &Setup::default(), &open, &wait_limit.at_most(self::connect::pooler::COMPARING))
        };
        match self::connect::pooler::between(&mut session, &second).map_err(set_up)? {
            Between::Nothing => {}
            Between::TransactionPooler => setup.behind_pooler.store(true, Ordering::Relaxed),
            Between::StatementPooler => return Err(connector.pools_statements()),
        }
        session.set_up(&setup).map_err(set_up)?;
        let catalog = read_catalog(&mut session, server.greenplum, sink, None).map_err(set_up)??;
        let settings =
            session.with_settings(|session| self::catalog::planner::settings(session, &catalog)).map_err(set_up)?;
        session.also_set(&settings).map_err(set_up)?;
        setup.required.extend(settings);
        let reopen = || Session::open(&connector, &setup, &open, &wait_limit).map_err(set_up);
        let self::catalog::probe::ProbeResult { capabilities, statements, untried } =
            self::catalog::probe::probe(&mut session, &server, &catalog, sink, &reopen)?;
        let conflicts = Conflicts::new(sink.conflict_mode, sink.write_mode, &capabilities);
        let mut description =
            self::catalog::describe::describe(&server, &catalog, sink, &capabilities, &statements, &conflicts);
        if session.is_behind_pooler() {
            let warning = format!("a pooler before the server {POOLER_WARNING}");
            log::warn!("{}: {warning}", catalog.name());
            description.warnings.push(warning);
        }
        if untried {
            description.warnings.push(format!(
                "{} is locked by another session, so not everything could be tried out; rows wait for that lock",
                catalog.name()
            ));
        }
        let has_other_process = self::catalog::probe::other_process(&mut session, application_name);
        let dead_letters = match &sink.dead_letter {
            Some(DeadLetterTarget::Table { schema, table }) => {
                Some(DeadLetterTable::open(&mut session, schema, table)?)
            }
            _ => None,
        };
        log::info!("{}: {}, {}", catalog.name(), description.server, description.path);
        if let Some(text) = server.describe_deadlock_detector() {
            log::info!("{}: {text}", catalog.name());
        }
        Ok(Target {
            name: catalog.name(),
            sink: sink.clone(),
            table: catalog.target(sink),
            schema_versions: SchemaVersions::new(SchemaVersion::new(
                &catalog,
                catalog.target(sink),
                sink.conflict_mode,
                &capabilities,
            )),
            rereading: Mutex::new(()),
            schema_checks: SchemaChecks::default(),
            capabilities,
            description,
            conflicts,
            outage: Arc::clone(&outage),
            waits: Waits::new(sink.origin),
            evidence: Evidence::default(),
            conflict_mode: sink.conflict_mode,
            max_retry_times: sink.max_retry_times,
            max_outage,
            retry_wait_time: sink.retry_wait_time,
            most_writers: server.most_writers(
                sink.conflict_mode,
                sink.changing,
                catalog.keys.key_is_unique,
                sink.connection_max_active,
            ),
            linger: server.linger(),
            greenplum: server.greenplum,
            dead_letters,
            has_other_process,
            owners: Owners::new(&sink.schema, application_name),
            turns: Turns::new(&catalog.name()),
            opening,
            pool: Pool::new(
                connector,
                setup,
                session,
                open,
                outage,
                sink.connection_max_active,
                sink.connection_max_wait,
            ),
        })
    }

    /// The table as the start found it.
    pub fn table(&self) -> &TargetTable {
        &self.table
    }

    /// The number of the table's newest schema version: new rows must be encoded for it.
    #[inline]
    pub fn schema_version_number(&self) -> u16 {
        self.schema_versions.number()
    }

    pub fn schema_version(&self) -> Arc<SchemaVersion> {
        self.schema_versions.newest()
    }

    /// The schema version with this number.
    pub fn schema_version_of(&self, number: u16) -> Option<Arc<SchemaVersion>> {
        self.schema_versions.get(number)
    }

    /// Reads the catalog again, unless another writer has done so since `seen` was the newest schema version. The inner error
    /// says why the job can't go on with the table as it is.
    fn read_again(&self, seen: &SchemaVersion, wait_limit: &WaitLimit) -> Attempt<std::result::Result<(), String>> {
        // The writer that holds this lock waits no longer than `wait_limit`, which all share.
        let _alone = self.rereading.lock();
        if self.schema_versions.newest().revision != seen.revision {
            return Ok(Ok(()));
        }
        // A session of the pool: the server may allow no more.
        let mut checkout = self.pool.session(wait_limit)?;
        let written: Vec<String> = self.table.columns.iter().map(|column| column.name.clone()).collect();
        let read = checkout.attempt(|session| read_catalog(session, self.greenplum, &self.sink, Some(&written)))?;
        drop(checkout);
        let found = match read {
            Err(Error::Target { message, passing: true, .. }) => return Err(AttemptError::outage(message)),
            Err(error) => return Ok(Err(error.to_string())),
            Ok(catalog) => {
                SchemaVersion::new(&catalog, catalog.target(&self.sink), self.sink.conflict_mode, &self.capabilities)
            }
        };
        Ok(self.schema_versions.add(found).map(|is_another| {
            if is_another {
                log::warn!("{}: the table was altered; going on with it as it is now", self.name);
                self.pool.renew();
            }
        }))
    }

    /// A transaction ran in another session of the server than its own.
    fn found_pooler(&self) {
        if self.pool.work_behind_pooler() {
            log::warn!(
                "{}: a transaction began in another session of the server than its own, and was not committed: a pooler now \
                 {POOLER_WARNING}",
                self.name
            );
        }
    }

    fn can_not_follow(&self, altered: &str, why: &str) -> Error {
        Error::target(format!(
            "table {} was altered meanwhile ({altered}): {why}; {}",
            self.name,
            self.sink.origin.again()
        ))
    }

    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Whether another process of the job was connected when this was opened.
    pub fn has_other_process(&self) -> bool {
        self.has_other_process
    }

    /// Writes a batch: every row ends durable or rejected, or the write ends with an error. Waits out an outage of the
    /// database until `stop` is at [`crate::stop::Phase::Abandoning`] (then [`Error::Stopped`]) or `max_outage` is over.
    pub fn write(&self, batch: &Batch, settle: &mut dyn Settle, stop: &Stop) -> Result<()> {
        self::write::batch::write(self, batch, settle, stop)
    }

    /// The group of processes that share a source has assigned a partition to this one. Its rows come as `stream`, and no other
    /// process may write them until this one leaves it.
    pub fn claim(&self, stream: u32, partition: (&Arc<str>, i32), by: &Arc<dyn Membership>) {
        self.owners.claim(stream, &self.sink.name, partition, by);
    }

    /// How partitions are handed over between processes; the inner error is a warning.
    pub fn check_sharing(&self) -> Result<std::result::Result<String, String>> {
        let mut found = Ok(String::new());
        let wait_limit = WaitLimit::until(Deadline::after(self.sink.connection.connect_timeout));
        let asked = self.pool.session(&wait_limit).and_then(|mut session| {
            session.attempt(|session| {
                found = self.owners.check(session);
                Ok(())
            })
        });
        asked.map_err(|failure| failure.error(&format!("{}: the database can't be asked", self.name), ""))?;
        Ok(found)
    }

    /// The partition belongs to another process now: rows that aren't in an open transaction are left to that process.
    pub fn leave(&self, stream: u32) {
        self.owners.leave(stream);
    }

    /// Whether a transaction is open that has rows of a partition that was left.
    pub fn is_leaving(&self) -> bool {
        self.owners.is_leaving()
    }

    /// Writers wait for the database to come back.
    pub fn in_outage(&self) -> bool {
        self.outage.is_on()
    }

    /// How many writers make sense now: [`Target::most_writers`], for a while fewer when the server took no more
    /// connections.
    pub fn connection_limit(&self) -> u32 {
        self.pool.limit().min(self.most_writers)
    }

    /// How many writers ever make sense: the pool's size, but one where transactions that update can lock each other for
    /// good.
    pub fn most_writers(&self) -> u32 {
        self.most_writers
    }

    /// How long a row may wait for others so that they share a transaction, when a writer is free.
    pub fn linger(&self) -> Duration {
        self.linger
    }

    /// Ends the sessions that nobody uses, and each of the others when it is given back. Nothing can be written after this.
    pub fn close(&self) {
        self.pool.close();
    }

    /// Sessions that are open now.
    pub fn open_sessions(&self) -> u32 {
        self.pool.open_sessions()
    }
}

/// Reads the catalog with the session's settings, because the names of types depend on the search path.
fn read_catalog(
    session: &mut Session,
    greenplum: bool,
    sink: &Sink,
    written: Option<&[String]>,
) -> Attempt<Result<Catalog>> {
    if !session.is_behind_pooler() {
        return Ok(Catalog::read(session, greenplum, sink, written));
    }
    session.begin_without_rows()?;
    let read = Catalog::read(session, greenplum, sink, written);
    session.recover();
    Ok(read)
}

/// A server that is just starting gets until the connect time-out.
fn first_session(connector: &Connector, sink: &Sink, open: &Arc<AtomicU32>, wait_limit: &WaitLimit) -> Result<Session> {
    let deadline = Instant::now() + sink.connection.connect_timeout;
    loop {
        match Session::open(connector, &Setup::default(), open, wait_limit) {
            Ok(session) => return Ok(session),
            Err(failure) if failure.is("57P03") && Instant::now() < deadline => {
                std::thread::sleep(sink.retry_wait_time.max(Duration::from_millis(100)));
            }
            Err(failure) => return Err(connector.unreachable(&failure)),
        }
    }
}
