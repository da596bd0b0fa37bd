//! The sink that a host program pushes its rows into: another way into a [`Line`](crate::pipeline::line::Line), and nothing else.

mod batch;
mod builder;
mod callbacks;
mod close;
mod core;
mod error;
mod position;
mod push_buffer;
mod spare_buffers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

pub use self::batch::Pushed;
pub use self::builder::SinkBuilder;
pub use self::callbacks::Rejected;
pub use self::core::Wait;
pub use self::error::{BatchError, PushError};

use self::callbacks::Callbacks;
use self::core::Core;
use self::position::PositionKeeper;
use self::push_buffer::PushBuffer;
use crate::batch::Op;
use crate::error::{Error, Result};
use crate::host::Row;
use crate::metrics::Snapshot;
use crate::pipeline::after;
use crate::pipeline::stats::Summary;
use crate::types::value::Value;

/// A table that rows are pushed into.
///
/// A push encodes the row, numbers it and returns; writers of the library commit it in batches, milliseconds later when
/// there is little to do. What is pushed with `Ok` is durable once [`Sink::durable`] is above its number: it is committed, was
/// left out by the conflict mode, or was rejected. **Only from then on a row is safe**: a crash of the host loses what is not
/// durable. [`SinkBuilder::on_rejected`] is told of each rejected row.
///
/// Rows of one key that one thread pushes are written in their order. All methods may be called from any number of
/// threads at once. After a `fork` only the parent may use the sink.
///
/// All methods may block, and need no runtime: in an async task put those that wait (opening, closing, dropping, a push
/// that may find no room) where blocking is allowed, as in `tokio::task::spawn_blocking`. A push that doesn't wait is
/// short enough for the task itself:
///
/// ```no_run
/// use std::{sync::Arc, time::Duration};
/// use tokio::task::spawn_blocking;
/// use vecsink::{Push, PushError, Sink, Wait};
///
/// # async fn task() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = spawn_blocking(|| Sink::open("postgresql://me:secret@db/shop", "public.items")).await??;
/// let sink = Arc::new(sink);
/// match sink.push_with(&(7, "lamp"), Push { wait: Wait::No, ..Push::default() }) {
///     Err(PushError::WouldBlock) => {
///         let own = Arc::clone(&sink);
///         spawn_blocking(move || own.push(&(7, "lamp"))).await??;
///     }
///     outcome => drop(outcome?),
/// }
/// spawn_blocking(move || sink.close(Duration::from_secs(30))).await??;
/// # Ok(())
/// # }
/// ```
///
/// End with [`Sink::close`]. Dropping a sink that is open waits up to five seconds for what was pushed, and logs what was
/// not written by then.
///
/// ```no_run
/// use std::time::Duration;
/// use vecsink::Sink;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = Sink::builder("postgresql://me:secret@db:5432/shop?sslmode=require", "public.items")
///     .columns(["id", "name", "embedding"])
///     .open()?;
/// let embedding = vec![0.1_f32; 128];
/// let sequence = sink.push(&(7, "lamp", &embedding))?;
/// sink.wait_durable(sequence, Duration::from_secs(10))?;
/// sink.close(Duration::from_secs(30))?;
/// # Ok(())
/// # }
/// ```
pub struct Sink {
    core: Arc<Core>,
    columns: Arc<[String]>,
    key: Vec<String>,
    callbacks: Mutex<Option<Callbacks>>,
    keeper: Mutex<Option<PositionKeeper>>,
    resume_position: u64,
    /// The result of closing.
    closed: Mutex<Option<Result<Summary>>>,
    opened: Instant,
}

// Many threads push into one sink.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Sink>()
};

/// How a row is pushed; see [`Sink::push_with`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Push {
    /// The row's number. `None`: the next one.
    pub sequence: Option<u64>,
    /// How long to wait for room.
    pub wait: Wait,
}

/// What a sink is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SinkStats {
    /// What has happened since the sink was opened.
    pub counters: Snapshot,
    /// The number the next row would get.
    pub next: u64,
    /// [`Sink::durable`].
    pub durable: u64,
    /// Open database connections.
    pub connections: u32,
    /// The database is away and rows wait for it.
    pub outage: bool,
    /// Bytes of rows between push and COMMIT, roughly.
    pub held_bytes: usize,
    /// How long the oldest row of the latest commit took from its push.
    pub freshness: Option<Duration>,
    /// Since the sink was opened.
    pub age: Duration,
    /// Rows of the table that are in no vector index yet, whoever wrote them; with `sink.vector-index` = behind. Queries find them.
    pub rows_waiting_for_index: u64,
    /// How long the oldest of them has waited, as far back as the sink has looked. `None`: there are none.
    pub oldest_waiting: Option<Duration>,
}

impl Sink {
    /// Opens a sink with defaults. The URL is `postgresql://…` as libpq reads it or `jdbc:postgresql://…` as in a job
    /// file, with user and password; the table is `schema.table`.
    pub fn open(url: &str, table: &str) -> Result<Sink> {
        Sink::builder(url, table).open()
    }

    /// Begins a sink with other settings than the defaults.
    pub fn builder(url: &str, table: &str) -> SinkBuilder {
        SinkBuilder::new(url, table)
    }

    fn new(
        core: Arc<Core>,
        columns: Arc<[String]>,
        callbacks: Option<Callbacks>,
        keeper: Option<PositionKeeper>,
        resume_position: u64,
    ) -> Sink {
        let key = core.line.table.of_key().columns.into_iter().map(|column| column.name).collect();
        Sink {
            core,
            columns,
            key,
            callbacks: Mutex::new(callbacks),
            keeper: Mutex::new(keeper),
            resume_position,
            closed: Mutex::new(None),
            opened: Instant::now(),
        }
    }

    /// Of a named stream, the number from which on to push again what was pushed before the sink was opened: everything
    /// below it is durable. 0 for a new stream, and without a name. Rows from here on may be in the database already:
    /// with a key, and a conflict mode that isn't strict, it changes nothing to push them again.
    pub fn resume_position(&self) -> u64 {
        self.resume_position
    }

    /// The columns that rows have, in their order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Pushes one row; waits while there is no room. Gives its number.
    pub fn push<R: Row + ?Sized>(&self, row: &R) -> std::result::Result<u64, PushError> {
        self.push_with(row, Push::default())
    }

    /// The same, but [`PushError::WouldBlock`] at once while there is no room.
    pub fn try_push<R: Row + ?Sized>(&self, row: &R) -> std::result::Result<u64, PushError> {
        self.push_with(row, Push { wait: Wait::No, ..Push::default() })
    }

    /// The same, but [`PushError::TimedOut`] when there was no room in time.
    pub fn push_timeout<R: Row + ?Sized>(&self, row: &R, timeout: Duration) -> std::result::Result<u64, PushError> {
        self.push_with(row, Push { wait: Wait::AtMost(timeout), ..Push::default() })
    }

    /// Pushes a row under a number of the host's own, which must be above all numbers before; gaps are fine.
    pub fn push_at<R: Row + ?Sized>(&self, sequence: u64, row: &R) -> std::result::Result<u64, PushError> {
        self.push_with(row, Push { sequence: Some(sequence), ..Push::default() })
    }

    /// Pushes one row. The other functions that push one row call this one.
    ///
    /// A row that the table could never store (a vector of another dimension, NULL in a NOT NULL column, a number out of
    /// range) is refused here with [`PushError::Rejected`], whatever the exception mode; what only the database can tell
    /// comes later, by [`SinkBuilder::on_rejected`].
    pub fn push_with<R: Row + ?Sized>(&self, row: &R, push: Push) -> std::result::Result<u64, PushError> {
        row.with_values(|values| {
            self.core.check_alive()?;
            self.check_width(values)?;
            self.push_one(Op::Insert, values, push)
        })
    }

    fn push_one(&self, op: Op, values: &[Value<'_>], push: Push) -> std::result::Result<u64, PushError> {
        let until = push.wait.begin();
        let room = self.core.wait_for_room(PushBuffer::estimate(values), until)?;
        let mut buffer = self.core.push_buffer()?;
        let reserved = if room.is_large() { buffer.reserve(op, values) } else { Ok(()) };
        let outcome = reserved.and_then(|()| buffer.add(op, values).map_err(PushError::Rejected));
        let outcome = outcome.and_then(|()| self.core.accept(&mut buffer, room, push.sequence, until));
        self.core.keep_push_buffer(buffer);
        outcome
    }

    /// Deletes the row with this key, whose values stand in the order of [`Sink::key`]; a row that isn't there is no error.
    /// A delete has a number like a row, and keeps its place among the rows of its key.
    pub fn delete<R: Row + ?Sized>(&self, key: &R) -> std::result::Result<u64, PushError> {
        self.delete_with(key, Push::default())
    }

    /// The same, but [`PushError::WouldBlock`] at once while there is no room.
    pub fn try_delete<R: Row + ?Sized>(&self, key: &R) -> std::result::Result<u64, PushError> {
        self.delete_with(key, Push { wait: Wait::No, ..Push::default() })
    }

    /// The same, but [`PushError::TimedOut`] when there was no room in time.
    pub fn delete_timeout<R: Row + ?Sized>(&self, key: &R, timeout: Duration) -> std::result::Result<u64, PushError> {
        self.delete_with(key, Push { wait: Wait::AtMost(timeout), ..Push::default() })
    }

    /// Deletes under a number of the host's own, which must be above all numbers before; gaps are fine.
    pub fn delete_at<R: Row + ?Sized>(&self, sequence: u64, key: &R) -> std::result::Result<u64, PushError> {
        self.delete_with(key, Push { sequence: Some(sequence), ..Push::default() })
    }

    /// Deletes one row. The other functions that delete one row call this one.
    pub fn delete_with<R: Row + ?Sized>(&self, key: &R, push: Push) -> std::result::Result<u64, PushError> {
        if !self.core.line.settings.changing {
            return Err(PushError::Shape("the sink was opened without deletes".to_owned()));
        }
        key.with_values(|values| {
            self.core.check_alive()?;
            if values.len() != self.key.len() {
                let (got, key) = (values.len(), self.key.join(", "));
                return Err(PushError::Shape(format!("{got} values were given for the key, which is: {key}")));
            }
            self.push_one(Op::Delete, values, push)
        })
    }

    /// The columns of the key, in the order that [`Sink::delete`] takes them; none without a key.
    pub fn key(&self) -> &[String] {
        &self.key
    }

    fn check_width(&self, values: &[Value<'_>]) -> std::result::Result<(), PushError> {
        if values.len() == self.columns.len() {
            return Ok(());
        }
        let columns = self.columns.join(", ");
        Err(PushError::Shape(format!(
            "the row has {} values, the sink has {} columns: {columns}",
            values.len(),
            self.columns.len()
        )))
    }

    /// The first number that isn't durable yet: every row below it is committed, was left out by the conflict mode, or
    /// was rejected.
    pub fn durable(&self) -> u64 {
        self.core.durable()
    }

    /// Waits until a row is durable, which another thread may have yet to push; [`Error::TimedOut`] when it wasn't in time.
    /// Another error when it never will be: the sink has failed, or was closed before it was pushed ([`Error::NeverPushed`]).
    pub fn wait_durable(&self, sequence: u64, timeout: Duration) -> Result<()> {
        match self.core.wait_durable(sequence.saturating_add(1), after(timeout))? {
            true => Ok(()),
            false => Err(Error::TimedOut("the row was not durable")),
        }
    }

    /// Writes at once what was pushed, and waits until all of it is durable; [`Error::TimedOut`] when it wasn't in time.
    pub fn flush(&self, timeout: Duration) -> Result<()> {
        let next = self.core.next();
        self.core.line.dispatcher.hurry();
        match self.core.wait_durable(next, after(timeout))? {
            true => Ok(()),
            false => Err(Error::TimedOut("not all rows were durable")),
        }
    }

    /// What the sink is doing now.
    pub fn stats(&self) -> SinkStats {
        let line = &self.core.line;
        let waiting = line.waiting().unwrap_or_default();
        SinkStats {
            counters: line.counted(),
            next: self.core.next(),
            durable: self.core.durable(),
            connections: line.connections(),
            outage: line.in_outage(),
            held_bytes: line.shared.budget.held(),
            freshness: line.freshness(),
            age: self.opened.elapsed(),
            rows_waiting_for_index: waiting.rows,
            oldest_waiting: waiting.oldest,
        }
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink")
            .field("table", &self.core.line.name())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
