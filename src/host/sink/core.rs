//! The part of a sink that pushing threads, callbacks and closing share.

use std::sync::{Arc, OnceLock};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};

use super::error::PushError;
use super::push_buffer::{Accepted, PushBuffer};
use super::resumed::Resumed;
use super::spare_buffers::SpareBuffers;
use crate::batch::Op;
use crate::dispatch::Budget;
use crate::error::{Error, Rejection, Result};
use crate::pipeline::line::Line;
use crate::pipeline::line::rejects::RejectedRecord;
use crate::progress::AppendError;
use crate::stop::Phase;
use crate::types::value::Value;

/// A row of at least this many bytes is large: it is charged to the budget before it is encoded. Smaller rows may exceed the
/// budget, by one row for each thread that pushes at the same time.
pub const LARGE: usize = 32 << 10;
/// How often a waiting thread checks whether the sink has failed.
const RECHECK: Duration = Duration::from_millis(100);
/// At most `SPARE_BUFFERS` [`PushBuffer`]s are kept for the next pushes. Together they may have a quarter of the budget's bytes
/// (divided by `SPARE_SHARE`), in addition to the budget.
const SPARE_BUFFERS: usize = 64;
const SPARE_SHARE: usize = 4;

/// How long a push may wait for room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wait {
    /// As long as it takes.
    #[default]
    Forever,
    /// Not at all.
    No,
    /// For this long at most.
    AtMost(Duration),
}

/// How long a push may still wait.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    Forever,
    Now,
    At(Instant),
}

impl Wait {
    pub(super) fn begin(self) -> Until {
        match self {
            Wait::Forever => Until::Forever,
            Wait::No => Until::Now,
            Wait::AtMost(duration) => Instant::now().checked_add(duration).map_or(Until::Forever, Until::At),
        }
    }
}

pub struct Core {
    pub line: Arc<Line>,
    pub stream: u32,
    /// The stream has a name, and goes on where a former sink has stopped.
    resumed: Option<Resumed>,
    spare_buffers: Arc<Mutex<SpareBuffers<PushBuffer>>>,
    /// Whether rows are taken. A push holds this lock for reading from accepting its rows until they are in their shards. So
    /// closing can't begin between these two steps.
    open: RwLock<bool>,
    /// The thread that runs the host's callbacks.
    pub callback_thread: OnceLock<ThreadId>,
}

impl Core {
    pub fn new(line: Arc<Line>, stream: u32, resumed: Option<Resumed>) -> Core {
        let spare_buffers =
            Arc::new(Mutex::new(SpareBuffers::new(SPARE_BUFFERS, line.shared.budget.limit() / SPARE_SHARE)));
        let spare = Arc::clone(&spare_buffers);
        line.also_at_rest(move || {
            let spare_buffers = spare.lock().take_all();
            drop(spare_buffers);
        });
        Core { line, stream, resumed, spare_buffers, open: RwLock::new(true), callback_thread: OnceLock::new() }
    }

    /// An empty [`PushBuffer`]. Give it back with [`Core::keep_push_buffer`].
    pub fn push_buffer(&self) -> std::result::Result<PushBuffer, PushError> {
        let spare = self.spare_buffers.lock().take();
        match spare {
            Some(buffer) if buffer.schema_version == self.line.target.schema.number() => Ok(buffer),
            _ => PushBuffer::new(&self.line).map_err(PushError::Failed),
        }
    }

    pub fn keep_push_buffer(&self, mut buffer: PushBuffer) {
        buffer.clear();
        buffer.trim();
        let bytes = buffer.capacity();
        let left = self.spare_buffers.lock().keep(buffer, bytes);
        drop(left);
    }

    pub fn is_callback_thread(&self) -> bool {
        self.callback_thread.get() == Some(&thread::current().id())
    }

    pub fn check_alive(&self) -> std::result::Result<(), PushError> {
        if self.line.shared.stop.is_running() {
            return Ok(());
        }
        Err(self.ended())
    }

    /// Why the sink has failed. A sink that was abandoned because its close took too long has not failed.
    pub fn failure(&self) -> Option<Error> {
        self.line.shared.failure().filter(|error| *error != Error::Stopped)
    }

    #[cold]
    fn ended(&self) -> PushError {
        self.failure().map_or(PushError::Closed, PushError::Failed)
    }

    /// Waits until the budget has room for a row of about `bytes` bytes.
    pub fn wait_for_room(&self, bytes: usize, until: Until) -> std::result::Result<Room<'_>, PushError> {
        self.check_alive()?;
        let budget = &self.line.shared.budget;
        if bytes < LARGE && budget.has_room() {
            return Ok(Room { budget, charged: 0 });
        }
        self.wait_in_line(bytes, until)
    }

    #[cold]
    fn wait_in_line(&self, bytes: usize, until: Until) -> std::result::Result<Room<'_>, PushError> {
        let budget = &self.line.shared.budget;
        let charged = if bytes < LARGE { 0 } else { bytes };
        // If this is the callbacks' thread, other threads may wait for room that only this thread can make. So it doesn't wait
        // behind them.
        let in_callback = self.is_callback_thread();
        let mut large = (charged > 0 && !in_callback).then(|| budget.large_row(charged));
        let mut granted = || match &mut large {
            Some(row) => row.try_charge(),
            None if !in_callback => budget.has_room(),
            None if charged == 0 => budget.held() < budget.limit(),
            None => budget.try_charge(charged, self.line.unreported_bytes()),
        };
        loop {
            self.check_alive()?;
            if granted() {
                return Ok(Room { budget, charged });
            }
            // Rejections that wait for their callback take up room. They can only be reported after this callback has returned, so
            // it would wait for ever.
            let unreported = self.line.unreported_bytes();
            if in_callback && charged <= budget.limit() && unreported.saturating_add(charged.max(1)) > budget.limit() {
                return Err(PushError::WouldBlock);
            }
            self.line.dispatcher.hurry();
            let longest = time_left(until)?;
            if budget.wait_for(longest, &mut granted) {
                return Ok(Room { budget, charged });
            }
        }
    }

    /// Numbers the buffer's rows and puts them into their shards. Returns the first row's number.
    pub fn accept(
        &self,
        buffer: &mut PushBuffer,
        mut room: Room<'_>,
        first: Option<u64>,
        until: Until,
    ) -> std::result::Result<u64, PushError> {
        let watch = &self.line.shared.watch;
        let mut seen = None;
        let accepted = loop {
            let open = self.open.read();
            if !*open {
                return Err(self.ended());
            }
            self.check_alive()?;
            let order = self.resumed.as_ref().and_then(Resumed::in_order);
            match self.append(buffer.len(), first)? {
                Some(accepted) => {
                    self.dispatch(buffer, &mut room, accepted);
                    break accepted;
                }
                // Too many rows are accepted and not settled. The count of changes is read first. The thread waits only if there still
                // is no room after that, so it misses no change.
                None => {
                    drop((order, open));
                    self.line.dispatcher.hurry();
                    if let Some(seen) = seen {
                        watch.wait(seen, Instant::now() + time_left(until)?);
                    }
                    seen = Some(watch.changes());
                }
            }
        };
        Ok(accepted.first_offset as u64)
    }

    fn append(&self, count: usize, first: Option<u64>) -> std::result::Result<Option<Accepted>, PushError> {
        let beyond = |sequence: u64, next: u64| PushError::OutOfOrder { sequence, next };
        let progress = &self.line.progress;
        let offset = match first.map(|first| (first, i64::try_from(first))) {
            None => None,
            Some((_, Ok(first))) => Some(first),
            Some((first, Err(_))) => return Err(beyond(first, self.next())),
        };
        match progress.append(self.stream, offset, count) {
            Ok((first_offset, first_ticket)) => {
                let produced_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as i64);
                Ok(Some(Accepted { stream: self.stream, first_offset, first_ticket, produced_ms }))
            }
            Err(AppendError::Crowded) => Ok(None),
            Err(AppendError::Passed { read }) => Err(beyond(first.unwrap_or_default(), read as u64)),
            Err(AppendError::Ended) => Err(PushError::Closed),
        }
    }

    fn dispatch(&self, buffer: &mut PushBuffer, room: &mut Room<'_>, accepted: Accepted) {
        let repeated = self.resumed.as_ref().filter(|resumed| !resumed.is_past(accepted.first_offset));
        let repeated =
            repeated.map_or(0, |resumed| buffer.mark_repeated(self.line.layout, accepted.first_offset, resumed));
        self.line.counters().rows_read.add((buffer.len() - repeated) as u64);
        if repeated > 0 {
            self.line.counters().rows_repeated.add(repeated as u64);
            self.line.settle(buffer.repeated().map(|at| (accepted.stream, accepted.first_ticket + at as u64)));
        }
        let dispatcher = &self.line.dispatcher;
        let whole = if room.charged > 0 { buffer.take_whole(self.line.layout, accepted) } else { None };
        let wants_writer = match whole {
            Some((shard, chunk)) => {
                room.hand_over(chunk.bytes());
                dispatcher.push_chunk(shard, chunk)
            }
            None => dispatcher.push_all(buffer.rows(self.line.layout, accepted)),
        };
        if wants_writer {
            self.line.start_writer();
        }
        for (at, rejection, original) in buffer.rejected() {
            let dead_letter = RejectedRecord {
                position: self.line.position(self.stream, accepted.first_offset + at as i64),
                original: original.to_vec(),
                rejection: rejection.clone(),
                stream: accepted.stream,
                ticket: accepted.first_ticket + at as u64,
            };
            self.line.rejects.submit(&self.line, dead_letter);
        }
    }

    /// Whether a push with this number is allowed.
    pub fn check_numbered(&self, first: Option<u64>) -> std::result::Result<(), PushError> {
        self.resumed.as_ref().map_or(Ok(()), |resumed| resumed.check_numbered(first))
    }

    /// How many of the first rows of a push are below the position that the host was told. They are dropped, and counted here.
    pub fn drop_below_position(&self, first: Option<u64>, count: usize) -> usize {
        let Some((resumed, first)) = self.resumed.as_ref().zip(first) else { return 0 };
        let below = resumed.below_position(first, count);
        if below > 0 {
            self.line.counters().rows_repeated.add(below as u64);
        }
        below
    }

    /// A row that can't be stored now: whether its shard has it already, because the table took it before. Then it is in the buffer
    /// for [`Core::accept`], which drops it.
    pub fn add_if_repeated(
        &self,
        buffer: &mut PushBuffer,
        (op, values): (Op, &[Value<'_>]),
        rejection: &Rejection,
        sequence: Option<u64>,
    ) -> bool {
        let resumed = self.resumed.as_ref().filter(|resumed| resumed.is_exactly_once());
        let sequence = sequence.and_then(|sequence| i64::try_from(sequence).ok());
        let Some((resumed, sequence)) = resumed.zip(sequence) else { return false };
        if resumed.is_past(sequence) {
            return false;
        }
        buffer.add_rejected(op, values, rejection.clone());
        let is_repeated = buffer.mark_repeated(self.line.layout, sequence, resumed) > 0;
        if !is_repeated {
            buffer.clear();
        }
        is_repeated
    }

    /// The first number that isn't settled yet.
    pub fn durable(&self) -> u64 {
        self.line.progress.watermark(self.stream).unwrap_or_default() as u64
    }

    /// The number the next row would get.
    pub fn next(&self) -> u64 {
        self.line.progress.read_position(self.stream).unwrap_or_default() as u64
    }

    /// Waits until everything below `target` is settled, and returns whether it is. As long as the sink takes rows, it also waits
    /// for rows that have not been pushed yet.
    pub fn wait_durable(&self, target: u64, deadline: Instant) -> Result<bool> {
        let shared = &self.line.shared;
        loop {
            let seen = shared.watch.changes();
            if self.durable() >= target {
                return Ok(true);
            }
            if let Some(error) = self.failure() {
                return Err(error);
            }
            if shared.stop.phase() == Phase::Abandoning {
                return Err(self.not_durable());
            }
            let is_open = *self.open.read();
            if !is_open && target > self.next() {
                return Err(Error::NeverPushed { sequence: target - 1, next: self.next() });
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(false);
            }
            shared.watch.wait(seen, deadline.min(now + RECHECK));
        }
    }

    pub fn not_durable(&self) -> Error {
        Error::NotDurable { durable: self.durable(), next: self.next() }
    }

    /// Makes the sink accept no more rows.
    pub fn shut(&self) {
        *self.open.write() = false;
        self.line.shared.stop.drain();
    }
}

/// The room that a push has got, with the bytes that are charged for a large row. If this is dropped before the row is in its
/// shard, these bytes are released.
pub struct Room<'a> {
    budget: &'a Budget,
    charged: usize,
}

impl Room<'_> {
    /// Whether it is for a large row.
    pub fn is_large(&self) -> bool {
        self.charged > 0
    }

    /// Charges the row's real number of bytes; from now on they belong to its shard.
    fn hand_over(&mut self, bytes: usize) {
        self.budget.charge(bytes);
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if self.charged > 0 {
            self.budget.release(self.charged);
        }
    }
}

/// How long to wait now.
fn time_left(until: Until) -> std::result::Result<Duration, PushError> {
    match until {
        Until::Forever => Ok(RECHECK),
        Until::Now => Err(PushError::WouldBlock),
        Until::At(deadline) => match deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(PushError::TimedOut),
            left => Ok(left.min(RECHECK)),
        },
    }
}
