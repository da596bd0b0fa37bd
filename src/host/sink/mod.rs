//! The sink that a host program pushes its rows into. It puts them into a [`Line`](crate::pipeline::line::Line), as a reader does.

mod batch;
mod builder;
mod callbacks;
mod close;
mod core;
mod error;
mod push_buffer;
mod resumed;
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
/// A push encodes the row, gives it a number and returns. Writers of the library commit rows in batches, milliseconds later if
/// there is little to do. A row whose push returned `Ok` is durable once [`Sink::durable`] is above its number: it is committed, was
/// left out by the conflict mode, or was rejected. **Only from then on a row is safe**: if the host crashes, rows that are not
/// durable are lost. [`SinkBuilder::on_rejected`] is called for each rejected row.
///
/// Rows of one key that one thread pushes are written in their order. All methods may be called from any number of
/// threads at once. After a `fork` only the parent may use the sink.
///
/// All methods may block, and need no runtime. In an async task, call those that wait (opening, closing, dropping, a push
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
/// End with [`Sink::close`]. Dropping an open sink waits up to five seconds until its rows are written, and logs which rows were
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
    /// The number that the next row would get.
    pub next: u64,
    /// [`Sink::durable`].
    pub durable: u64,
    /// Open database connections.
    pub connections: u32,
    /// Whether the database can't be reached and rows wait for it.
    pub outage: bool,
    /// Bytes of rows between push and COMMIT, roughly.
    pub held_bytes: usize,
    /// For the oldest row of the latest commit: the time from its push to the answer to COMMIT.
    pub freshness: Option<Duration>,
    /// The time since the sink was opened.
    pub age: Duration,
    /// With `sink.vector-index` = behind: rows of the table that are in no vector index yet, whichever program wrote them. Queries find
    /// them.
    pub rows_waiting_for_index: u64,
    /// How long the oldest of these rows has waited, as far as the sink has seen it. `None`: no row waits.
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

    fn new(core: Arc<Core>, columns: Arc<[String]>, callbacks: Option<Callbacks>, resume_position: u64) -> Sink {
        let key = core.line.table.of_key().columns.into_iter().map(|column| column.name).collect();
        Sink {
            core,
            columns,
            key,
            callbacks: Mutex::new(callbacks),
            resume_position,
            closed: Mutex::new(None),
            opened: Instant::now(),
        }
    }

    /// The first row of a named stream that must be pushed again: all rows below this number are durable. 0 for a new stream, and for a
    /// sink without a stream name. Rows below it that are pushed again are dropped, and counted as `rows_repeated`. Rows from this number
    /// on may be in the database already. With [`DeliveryGuarantee::ExactlyOnce`] those are dropped as well. Otherwise they are
    /// written again, which changes nothing if the table has a key and the conflict mode isn't strict.
    ///
    /// [`DeliveryGuarantee::ExactlyOnce`]: crate::DeliveryGuarantee::ExactlyOnce
    pub fn resume_position(&self) -> u64 {
        self.resume_position
    }

    /// The columns that rows have, in their order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Pushes one row, and waits while there is no room. Returns the row's number.
    pub fn push<R: Row + ?Sized>(&self, row: &R) -> std::result::Result<u64, PushError> {
        self.push_with(row, Push::default())
    }

    /// Pushes one row without waiting: [`PushError::WouldBlock`] if there is no room.
    pub fn try_push<R: Row + ?Sized>(&self, row: &R) -> std::result::Result<u64, PushError> {
        self.push_with(row, Push { wait: Wait::No, ..Push::default() })
    }

    /// Pushes one row, and waits for room no longer than `timeout`: [`PushError::TimedOut`] if there was none.
    pub fn push_timeout<R: Row + ?Sized>(&self, row: &R, timeout: Duration) -> std::result::Result<u64, PushError> {
        self.push_with(row, Push { wait: Wait::AtMost(timeout), ..Push::default() })
    }

    /// Pushes a row under a number of the host's own. It must be above all earlier numbers; gaps are allowed. A number below
    /// [`Sink::resume_position`] is taken, too, and the row is dropped.
    pub fn push_at<R: Row + ?Sized>(&self, sequence: u64, row: &R) -> std::result::Result<u64, PushError> {
        self.push_with(row, Push { sequence: Some(sequence), ..Push::default() })
    }

    /// Pushes one row. The other functions that push one row call this one.
    ///
    /// A row that the table could never store (a vector of another dimension, NULL in a NOT NULL column, a number out of
    /// range) is refused here with [`PushError::Rejected`], whatever the exception mode. If only the database finds that a row can't be
    /// stored, [`SinkBuilder::on_rejected`] is called later.
    pub fn push_with<R: Row + ?Sized>(&self, row: &R, push: Push) -> std::result::Result<u64, PushError> {
        row.with_values(|values| {
            self.core.check_alive()?;
            self.check_width(values)?;
            self.push_one(Op::Insert, values, push)
        })
    }

    fn push_one(&self, op: Op, values: &[Value<'_>], push: Push) -> std::result::Result<u64, PushError> {
        self.core.check_numbered(push.sequence)?;
        if let Some(sequence) = push.sequence.filter(|_| self.core.drop_below_position(push.sequence, 1) > 0) {
            return Ok(sequence);
        }
        let until = push.wait.begin();
        let room = self.core.wait_for_room(PushBuffer::estimate(values), until)?;
        let mut buffer = self.core.push_buffer()?;
        let reserved = if room.is_large() { buffer.reserve(op, values) } else { Ok(()) };
        let outcome = reserved.and_then(|()| match buffer.add(op, values) {
            Err(rejection) if !self.core.add_if_repeated(&mut buffer, (op, values), &rejection, push.sequence) => {
                Err(PushError::Rejected(rejection))
            }
            Err(_) | Ok(()) => Ok(()),
        });
        let outcome = outcome.and_then(|()| self.core.accept(&mut buffer, room, push.sequence, until));
        self.core.keep_push_buffer(buffer);
        outcome
    }

    /// Deletes the row with this key, whose values stand in the order of [`Sink::key`]. It is not an error if there is no such row.
    /// A delete has a number like a row, and is carried out in its order among the rows of its key.
    pub fn delete<R: Row + ?Sized>(&self, key: &R) -> std::result::Result<u64, PushError> {
        self.delete_with(key, Push::default())
    }

    /// Deletes without waiting: [`PushError::WouldBlock`] if there is no room.
    pub fn try_delete<R: Row + ?Sized>(&self, key: &R) -> std::result::Result<u64, PushError> {
        self.delete_with(key, Push { wait: Wait::No, ..Push::default() })
    }

    /// Deletes, and waits for room no longer than `timeout`: [`PushError::TimedOut`] if there was none.
    pub fn delete_timeout<R: Row + ?Sized>(&self, key: &R, timeout: Duration) -> std::result::Result<u64, PushError> {
        self.delete_with(key, Push { wait: Wait::AtMost(timeout), ..Push::default() })
    }

    /// Deletes under a number of the host's own. It must be above all earlier numbers; gaps are allowed.
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

    /// The columns of the key, in the order in which [`Sink::delete`] takes them. Empty if the table has no key.
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

    /// Whether all rows that were accepted are durable.
    pub(crate) fn all_durable(&self) -> bool {
        self.core.durable() >= self.core.next()
    }

    /// Waits until the row with this number is durable. The row may be one that another thread has not pushed yet.
    /// [`Error::TimedOut`]: it isn't durable in time. Any other error: it never will be, because the sink has failed, or was closed
    /// before the row was pushed ([`Error::NeverPushed`]).
    pub fn wait_durable(&self, sequence: u64, timeout: Duration) -> Result<()> {
        match self.core.wait_durable(sequence.saturating_add(1), after(timeout))? {
            true => Ok(()),
            false => Err(Error::TimedOut("the row was not durable")),
        }
    }

    /// Writes all pushed rows at once, and waits until they are durable. [`Error::TimedOut`]: they aren't durable in time.
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
