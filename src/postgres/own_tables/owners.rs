//! Who writes a partition's rows, where processes share the partitions. The consumer group decides it, and a row in the
//! database enforces it: it holds the partition's epoch, a number that each new owner raises.
//!
//! - Every transaction takes a shared lock on each partition that it has rows of, and checks that the epoch is still its
//!   owner's. Both are sent with BEGIN, and the lock is held until the transaction ends.
//! - A new owner takes the exclusive lock. For this it waits until the former owner's open transactions have ended; after
//!   [`LONGEST_WAIT`] it ends their sessions. Then it raises the epoch and asks the group whether the partition still belongs to
//!   it. Only after that it writes.
//!
//! So a transaction that a former owner begins later is refused, however long it was silent. A process that raises the epoch
//! too late gets no confirmation from the group and writes nothing, and the rightful owner raises the epoch again. None of this
//! depends on a session that lasts longer than a transaction.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use twox_hash::XxHash64;

use super::create::{create, try_create};
use super::former_owner::{LONGEST_WAIT, end_sessions};
use crate::membership::Membership;
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{literal, quote};

/// The table of epochs, in the target's schema.
const TABLE: &str = "vecsink_owner";
/// This word is in the error of a transaction whose process is no longer the owner.
const FENCED: &str = "vecsink_fenced";
/// How often a new owner tries to get the lock, each time for [`LONGEST_WAIT`], before the attempt to write fails.
const TRIES: u32 = 3;

/// The partitions of one sink's source that the group has assigned to this process. Everywhere in this type `stream: u32` is the number
/// that this process gives a partition. The column `stream` of the table has another number: [`Partition::key`].
pub struct Owners {
    /// The schema of the sink's table.
    schema: String,
    sink: String,
    /// This process, as pg_stat_activity names it.
    owner: String,
    /// Whether the group has assigned a partition; until then there is nothing to check.
    has_partitions: AtomicBool,
    streams: Mutex<HashMap<u32, OwnedPartition>>,
    /// Held while epochs are raised, so that one writer does it for all.
    raising: Mutex<EpochTable>,
}

/// Whether the table of epochs can be used.
enum EpochTable {
    Unknown,
    There,
    /// Then a new owner only waits for the former owner's transactions; later ones aren't refused.
    Missing,
}

/// A partition of this process, until the last transaction with its rows has ended.
struct OwnedPartition {
    partition: Partition,
    state: OwnershipState,
    /// It belongs to another process now: no new transaction may have its rows.
    left: bool,
    /// Open transactions that have rows of it.
    open: usize,
}

#[derive(Clone)]
struct Partition {
    /// Its number in the table, and its lock.
    key: i64,
    sink: String,
    topic: Arc<str>,
    id: i32,
    membership: Arc<dyn Membership>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OwnershipState {
    New,
    /// The epoch is raised, and the group has not confirmed it yet.
    Raised(i64),
    Own(i64),
}

/// The streams of one attempt. Until this is dropped they count as being written.
pub struct Admitted<'a> {
    owners: &'a Owners,
    streams: Vec<u32>,
    /// Streams that belong to other processes now.
    pub left: Vec<u32>,
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut known = self.owners.streams.lock();
        for number in &self.streams {
            if let Some(stream) = known.get_mut(number) {
                stream.open -= 1;
                if stream.left && stream.open == 0 {
                    known.remove(number);
                }
            }
        }
    }
}

impl Owners {
    pub fn new(schema: &str, sink: &str, owner: &str) -> Owners {
        Owners {
            schema: schema.to_owned(),
            sink: sink.to_owned(),
            owner: owner.to_owned(),
            has_partitions: AtomicBool::new(false),
            streams: Mutex::default(),
            raising: Mutex::new(EpochTable::Unknown),
        }
    }

    /// Whether any stream can be owned by other processes.
    #[inline]
    pub fn share_partitions(&self) -> bool {
        self.has_partitions.load(Ordering::Acquire)
    }

    /// The group of processes that share a source has assigned a partition to this one. Its rows come as `stream`, and no other
    /// process may write them until this one leaves it.
    pub fn assign(&self, stream: u32, partition: (&Arc<str>, i32), by: &Arc<dyn Membership>) {
        let (topic, id) = partition;
        let image = [by.group(), &self.sink, topic, &id.to_string()].join("\x1f");
        let key = i64::from_ne_bytes(XxHash64::oneshot(0, image.as_bytes()).to_ne_bytes());
        let (sink, topic) = (self.sink.clone(), Arc::clone(topic));
        let partition = Partition { key, sink, topic, id, membership: Arc::clone(by) };
        let owned = OwnedPartition { partition, state: OwnershipState::New, left: false, open: 0 };
        self.streams.lock().insert(stream, owned);
        self.has_partitions.store(true, Ordering::Release);
    }

    /// The partition belongs to another process, or soon will: rows that aren't in an open transaction are left to that process.
    pub fn leave(&self, number: u32) {
        let mut streams = self.streams.lock();
        if let Some(stream) = streams.get_mut(&number) {
            stream.left = true;
            if stream.open == 0 {
                streams.remove(&number);
            }
        }
    }

    /// Whether a transaction is open that has rows of a partition that was left.
    pub fn is_leaving(&self) -> bool {
        self.share_partitions() && self.streams.lock().values().any(|stream| stream.left)
    }

    /// Counts the streams as being written, except those of other processes.
    pub fn admit(&self, streams: Vec<u32>) -> Admitted<'_> {
        let mut known = self.streams.lock();
        let (own, left) = streams.into_iter().partition(|number| match known.get_mut(number) {
            Some(stream) if !stream.left => {
                stream.open += 1;
                true
            }
            _ => false,
        });
        Admitted { owners: self, streams: own, left }
    }

    /// Makes sure that these streams belong to this process, and returns the statements with which a transaction over them begins.
    pub fn fence(&self, session: &mut Session, admitted: &Admitted<'_>) -> Attempt<String> {
        let mut own = Vec::with_capacity(admitted.streams.len());
        let mut has_table = true;
        for &number in &admitted.streams {
            let (partition, mut state) = match self.streams.lock().get(&number) {
                Some(stream) => (stream.partition.clone(), stream.state),
                None => continue,
            };
            if !matches!(state, OwnershipState::Own(_)) {
                let mut table = self.raising.lock();
                self.find_table(session, &mut table)?;
                // Another writer may have been first.
                state = self.state(number).unwrap_or(state);
                if state == OwnershipState::New {
                    state = OwnershipState::Raised(self.raise(session, &partition, &table)?);
                    self.note(number, state);
                }
                if let OwnershipState::Raised(epoch) = state {
                    let confirmed = partition.membership.confirm(&partition.topic, partition.id);
                    confirmed.map_err(|why| unconfirmed(&partition, &why))?;
                    state = OwnershipState::Own(epoch);
                    self.note(number, state);
                }
            }
            if let OwnershipState::Own(epoch) = state {
                has_table &= epoch > 0;
                own.push((partition.key, epoch));
            }
        }
        own.sort_unstable();
        Ok(self.begin_with(&own, has_table))
    }

    fn begin_with(&self, own: &[(i64, i64)], has_table: bool) -> String {
        if own.is_empty() {
            return String::new();
        }
        let locks: Vec<String> =
            own.iter().map(|(key, _)| format!("pg_catalog.pg_advisory_xact_lock_shared({key})")).collect();
        let mut text = format!("; SELECT {}", locks.join(", "));
        if has_table {
            let rows: Vec<String> =
                own.iter().map(|(key, epoch)| format!("stream = {key} AND epoch = {epoch}")).collect();
            // A separate statement, so that it sees everything that was committed before the locks were taken.
            text += &format!(
                "; SELECT CASE WHEN pg_catalog.count(*) = {} THEN 0 ELSE CAST('{FENCED} ' || pg_catalog.count(*)::text AS int) END
                   FROM {} WHERE {}",
                own.len(),
                self.table(),
                rows.join(" OR ")
            );
        }
        text
    }

    /// Whether a failure says that another process has taken a partition over.
    pub fn is_fenced(failure: &AttemptError) -> bool {
        failure.text.contains(FENCED)
    }

    /// Another process has raised an epoch. The group is asked who the owner is.
    pub fn fenced(&self, admitted: &Admitted<'_>) {
        let mut known = self.streams.lock();
        for number in &admitted.streams {
            if let Some(stream) = known.get_mut(number) {
                let Partition { topic, id, .. } = &stream.partition;
                log::info!(
                    "{topic}[{id}]: another process has taken this partition over; asking the group who owns it"
                );
                stream.state = OwnershipState::New;
            }
        }
    }

    fn state(&self, number: u32) -> Option<OwnershipState> {
        self.streams.lock().get(&number).map(|stream| stream.state)
    }

    fn note(&self, number: u32, state: OwnershipState) {
        if let Some(stream) = self.streams.lock().get_mut(&number) {
            stream.state = state;
        }
    }

    fn table(&self) -> String {
        format!("{}.{TABLE}", quote(&self.schema))
    }

    /// The statement that makes the table of epochs.
    pub fn ddl(&self) -> String {
        format!(
            "CREATE TABLE {} (stream bigint PRIMARY KEY, \"group\" text NOT NULL, sink text NOT NULL, topic text NOT NULL, \
             part int NOT NULL, epoch bigint NOT NULL, owner text NOT NULL, seen timestamptz NOT NULL)",
            self.table()
        )
    }

    /// Raises a partition's epoch and returns the new one, or 0 without a table.
    fn raise(&self, session: &mut Session, partition: &Partition, table: &EpochTable) -> Attempt<i64> {
        let Partition { key, sink, topic, id, membership, .. } = partition;
        let lock = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout TO '{LONGEST_WAIT}';
             SELECT pg_catalog.pg_advisory_xact_lock({key})"
        );
        let (name, owner) = (self.table(), literal(&self.owner));
        let sql = match table {
            EpochTable::Missing => format!("{lock}; COMMIT"),
            _ => format!(
                "{lock}; UPDATE {name} SET epoch = epoch + 1, owner = {owner}, seen = pg_catalog.now() WHERE stream = {key};
                 INSERT INTO {name} SELECT {key}, {}, {}, {}, {id}, 1, {owner}, pg_catalog.now()
                  WHERE NOT EXISTS (SELECT 1 FROM {name} WHERE stream = {key});
                 SELECT 'epoch', epoch FROM {name} WHERE stream = {key}; COMMIT",
                literal(membership.group()),
                literal(sink),
                literal(topic)
            ),
        };
        for attempt in 1.. {
            match session.ask(&sql) {
                Ok(rows) => {
                    let epoch = rows.iter().find(|row| row.first().is_some_and(|first| first == "epoch"));
                    return Ok(epoch.and_then(|row| row.get(1)?.parse().ok()).unwrap_or(0));
                }
                Err(failure) if failure.is("55P03") && attempt < TRIES => {
                    session.recover();
                    self.end_transactions(session, partition)?;
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(0)
    }

    /// Ends the sessions of this role that have an open transaction with rows of the partition.
    fn end_transactions(&self, session: &mut Session, partition: &Partition) -> Attempt<()> {
        let key = partition.key.cast_unsigned();
        let condition = format!(
            "a.pid IN (SELECT l.pid FROM pg_catalog.pg_locks l
                        WHERE l.locktype = 'advisory' AND l.mode = 'ShareLock' AND l.granted AND l.objsubid = 1
                          AND l.classid = {}::oid AND l.objid = {}::oid
                          AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))",
            key >> 32,
            key & 0xffff_ffff
        );
        end_sessions(session, &condition, &partition.topic, partition.id)
    }

    /// Looks for the table of epochs once, and makes it if it is missing.
    fn find_table(&self, session: &mut Session, table: &mut EpochTable) -> Attempt<()> {
        if !matches!(table, EpochTable::Unknown) {
            return Ok(());
        }
        let changes_nothing = self.changes_nothing();
        let tried = match session.run(&changes_nothing) {
            Err(failure) if failure.is("42P01") => {
                session.forgive();
                match create(session, &self.ddl()) {
                    Ok(true) => {
                        log::info!("created table {}: it records which process owns which partition", self.table());
                        Ok(())
                    }
                    Ok(false) => session.run(&changes_nothing),
                    Err(failure) => Err(failure),
                }
            }
            tried => tried,
        };
        *table = match tried {
            Ok(()) => EpochTable::There,
            Err(failure) if failure.class == Class::Configuration => {
                session.forgive();
                log::warn!("{}", self.without_table(&failure.text));
                EpochTable::Missing
            }
            Err(failure) => return Err(failure),
        };
        Ok(())
    }

    /// Everything that this process does with the table, without changing a row.
    fn changes_nothing(&self) -> String {
        let name = self.table();
        format!(
            "UPDATE {name} SET seen = seen, epoch = epoch, owner = owner WHERE false; INSERT INTO {name} SELECT * FROM {name} WHERE false"
        )
    }

    /// How partitions are handed over, for `vecsink check`. An error is only shown as a warning.
    pub fn check(&self, session: &mut Session) -> std::result::Result<String, String> {
        let how = format!("partitions are handed over between processes through the table {}", self.table());
        let tried = match session.run(&self.changes_nothing()) {
            Ok(()) => Ok(how),
            Err(failure) if failure.is("42P01") => {
                session.forgive();
                let made = try_create(session, &self.ddl());
                made.map(|()| format!("{how}, which will be made: {}", self.ddl()))
            }
            Err(failure) => Err(failure),
        };
        session.forgive();
        session.recover();
        tried.map_err(|failure| self.without_table(&failure.text))
    }

    fn without_table(&self, why: &str) -> String {
        format!(
            "table {} can't be used ({why}): when a partition moves, its new owner waits for the former owner's open \
             transactions, but a former owner that was silent for long may still write older rows over newer ones; create the \
             table and grant this user SELECT, INSERT and UPDATE: {}",
            self.table(),
            self.ddl()
        )
    }
}

/// The failure of a fenced transaction: the next attempt asks the group again.
pub fn taken_over() -> AttemptError {
    AttemptError::of(Class::Contention, "another process has taken some of its partitions over")
}

fn unconfirmed(partition: &Partition, why: &str) -> AttemptError {
    let Partition { topic, id, membership, .. } = partition;
    let text =
        format!("group '{}' hasn't confirmed that {topic}[{id}] belongs to this process: {why}", membership.group());
    AttemptError::of(Class::Contention, text)
}
