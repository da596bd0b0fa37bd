//! Rejected records on their way to the dead letters. Writers and readers only queue them. One thread for each sink writes
//! them together, with one fsync or one round of acknowledgements. Dead letters for a table are written in the next transaction
//! of rows, or in one of their own. A rejected record is settled only when its dead letter is durable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex};

use super::state::LineState;
use crate::dead_letters::dead_letter;
use crate::dead_letters::dead_letter::DeadLetters;
use crate::dead_letters::{DeadLetterFile, RateLimitedLog};
use crate::error::{Error, Rejection, Result};
use crate::pipeline::is_over;
use crate::position::Position;
use crate::postgres::DeadLetterChanges;
use crate::record::Original;
use crate::settings::{DeadLetterTarget, Sink};
use crate::stop::Stop;
use crate::threads;

/// Bytes of dead letters that are written between two fsyncs.
const BETWEEN_FSYNCS: usize = 4 << 20;
/// Bytes of dead letters that one transaction of rows takes along. Not more, because the rows would wait for them.
const ALONG: usize = 1 << 20;
/// How long dead letters for a table wait for a transaction of rows.
const GATHER: Duration = Duration::from_millis(100);

/// A rejected record with what settles it.
pub struct RejectedRecord {
    pub position: Position,
    /// What [`crate::record::Record::store_original`] wrote; empty where no dead-letter target is set.
    pub original: Vec<u8>,
    pub rejection: Rejection,
    pub stream: u32,
    pub ticket: u64,
}

impl RejectedRecord {
    fn bytes(&self) -> usize {
        size_of::<RejectedRecord>() + self.original.len() + self.rejection.reason.len()
    }

    fn unpack(&self, sink: &str) -> Result<dead_letter::DeadLetter> {
        let Some(original) = Original::read(&self.original) else {
            return Err(Error::Internal(format!("no original of {}", self.position)));
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(dead_letter::DeadLetter {
            position: self.position.clone(),
            timestamp_ms: original.timestamp_ms,
            key: original.key.map(<[u8]>::to_vec),
            headers: original.headers.iter().map(|(name, value)| ((*name).into(), value.map(<[u8]>::to_vec))).collect(),
            value: original.value.map(<[u8]>::to_vec),
            sink: sink.to_owned(),
            rejection: self.rejection.clone(),
            time_ms: now.as_millis() as i64,
        })
    }
}

/// Where a sink's dead letters go.
enum Keeping {
    /// They are only counted and logged.
    Nowhere(RateLimitedLog),
    Apart(Box<dyn DeadLetters>),
    /// Into a table of the sink's database.
    WithRows,
}

pub struct Rejects {
    keeping: Keeping,
    queue: Mutex<RejectQueue>,
    changed: Condvar,
}

#[derive(Default)]
struct RejectQueue {
    dead_letters: Vec<RejectedRecord>,
    writing: bool,
    closed: bool,
    /// The target can't be written. Nothing is settled any more; the job ends.
    failed: bool,
}

impl Rejects {
    /// `to_topic` opens a topic of dead letters.
    pub fn open(sink: &Sink, to_topic: &dyn Fn(&str) -> Result<Box<dyn DeadLetters>>) -> Result<Rejects> {
        let keeping = match &sink.dead_letter {
            None => Keeping::Nowhere(RateLimitedLog::new(sink.log_row_values)),
            Some(DeadLetterTarget::File(path)) => Keeping::Apart(Box::new(DeadLetterFile::open(path)?)),
            Some(DeadLetterTarget::Kafka(topic)) => Keeping::Apart(to_topic(topic)?),
            Some(DeadLetterTarget::Table { .. }) => Keeping::WithRows,
        };
        Ok(Rejects { keeping, queue: Mutex::default(), changed: Condvar::new() })
    }

    /// Whether the originals of rows have to be kept until they are durable.
    pub fn wants_originals(&self) -> bool {
        !matches!(self.keeping, Keeping::Nowhere(_))
    }

    pub fn start(self: &Arc<Self>, line: &Arc<LineState>) -> Result<()> {
        if !self.wants_originals() {
            return Ok(());
        }
        let (own, line) = (Arc::downgrade(self), Arc::downgrade(line));
        let body = move || {
            while let (Some(rejects), Some(line)) = (own.upgrade(), line.upgrade()) {
                if !rejects.write_some(&line) {
                    break;
                }
            }
        };
        let thread = threads::spawn("dead letters", body);
        thread.map(drop).map_err(|error| threads::refused("for the dead letters", &error))
    }

    pub fn submit(&self, line: &LineState, dead_letter: RejectedRecord) {
        line.note_rejected(&dead_letter.position, &dead_letter.rejection);
        if let Keeping::Nowhere(log) = &self.keeping {
            line.counters().rows_dead_lettered.add(1);
            log.rejected(line.name(), &dead_letter.position, &dead_letter.rejection);
            line.settle([(dead_letter.stream, dead_letter.ticket)]);
            return;
        }
        let mut queue = self.queue.lock();
        if !queue.failed {
            line.shared.budget.charge(dead_letter.bytes());
            queue.dead_letters.push(dead_letter);
            self.changed.notify_all();
        }
    }

    /// The dead letters for the transaction that is about to begin; [`Rejects::returned`] or [`Rejects::settled`] must follow.
    pub fn take_along(&self) -> Vec<RejectedRecord> {
        if !matches!(self.keeping, Keeping::WithRows) {
            return Vec::new();
        }
        let mut queue = self.queue.lock();
        let count = fitting(&queue.dead_letters, ALONG);
        let taken = queue.dead_letters.drain(..count).collect();
        self.changed.notify_all();
        taken
    }

    /// That transaction was not committed.
    pub fn returned(&self, dead_letters: Vec<RejectedRecord>) {
        if !dead_letters.is_empty() {
            self.queue.lock().dead_letters.splice(0..0, dead_letters);
            self.changed.notify_all();
        }
    }

    /// These are durable.
    pub fn settled(&self, line: &LineState, dead_letters: &[RejectedRecord]) {
        if !dead_letters.is_empty() {
            line.counters().rows_dead_lettered.add(dead_letters.len() as u64);
            line.settle(dead_letters.iter().map(|dead_letter| (dead_letter.stream, dead_letter.ticket)));
            line.shared.budget.release(dead_letters.iter().map(RejectedRecord::bytes).sum());
        }
    }

    /// With exactly-once: the dead letters of a transaction that is about to begin. Stores those that are `new`, if they don't go into
    /// a table. Returns those that the transaction itself must write.
    pub fn store_for_claim(
        &self,
        line: &LineState,
        all: &[&RejectedRecord],
        new: &[&RejectedRecord],
    ) -> Result<Vec<dead_letter::DeadLetter>> {
        let unpack = |records: &[&RejectedRecord]| -> Result<Vec<dead_letter::DeadLetter>> {
            records.iter().map(|record| record.unpack(line.name())).collect()
        };
        match &self.keeping {
            Keeping::WithRows => unpack(all),
            Keeping::Apart(target) if !new.is_empty() => {
                target.write(&unpack(new)?).map_err(|error| with_advice(error, line))?;
                Ok(Vec::new())
            }
            Keeping::Apart(_) | Keeping::Nowhere(_) => Ok(Vec::new()),
        }
    }

    /// With exactly-once: the transaction that claims these records is durable. They are settled after this.
    pub fn claimed(&self, line: &LineState, records: &[RejectedRecord]) {
        line.counters().rows_dead_lettered.add(records.len() as u64);
        for RejectedRecord { position, rejection, .. } in records {
            line.note_rejected(position, rejection);
            if let Keeping::Nowhere(log) = &self.keeping {
                log.rejected(line.name(), position, rejection);
            }
        }
    }

    /// Writes the waiting dead letters; `false` when there is nothing more to do.
    fn write_some(&self, line: &LineState) -> bool {
        let dead_letters = {
            let mut queue = self.queue.lock();
            if queue.dead_letters.is_empty() {
                if queue.closed {
                    return false;
                }
                self.changed.wait_for(&mut queue, Duration::from_millis(500));
            }
            if matches!(self.keeping, Keeping::WithRows) {
                self.wait_for_more(&mut queue);
            }
            queue.writing = !queue.dead_letters.is_empty();
            std::mem::take(&mut queue.dead_letters)
        };
        if dead_letters.is_empty() {
            return true;
        }
        let worked = catch_unwind(AssertUnwindSafe(|| self.write_in_parts(line, &dead_letters)));
        let failure = match worked {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => Some(Error::Internal(format!("writing dead letters of {} panicked", line.name()))),
        };
        let mut queue = self.queue.lock();
        queue.writing = false;
        queue.failed = failure.is_some();
        self.changed.notify_all();
        drop(queue);
        let Some(error) = failure else { return true };
        line.abandon();
        line.shared.fail(error);
        false
    }

    /// Leaves the dead letters to a transaction of rows, if one begins soon.
    fn wait_for_more(&self, queue: &mut parking_lot::MutexGuard<'_, RejectQueue>) {
        let deadline = Instant::now() + GATHER;
        while !queue.dead_letters.is_empty() && !queue.closed {
            if self.changed.wait_until(queue, deadline).timed_out() {
                return;
            }
        }
    }

    /// Writes the dead letters in several parts, so that their text takes little additional memory.
    fn write_in_parts(&self, line: &LineState, dead_letters: &[RejectedRecord]) -> Result<()> {
        let mut rest = dead_letters;
        while !rest.is_empty() {
            let (now, after) = rest.split_at(fitting(rest, BETWEEN_FSYNCS));
            let unpacked = now.iter().map(|dead_letter| dead_letter.unpack(line.name())).collect::<Result<Vec<_>>>()?;
            match &self.keeping {
                Keeping::Nowhere(_) => {}
                Keeping::Apart(target) => target.write(&unpacked).map_err(|error| with_advice(error, line))?,
                Keeping::WithRows => {
                    let entries = now.iter().map(|dead_letter| (dead_letter.stream, dead_letter.ticket));
                    let replayed = line.replayed.to_delete(&line.progress, entries);
                    let changes = DeadLetterChanges { added: unpacked, replayed, ..DeadLetterChanges::default() };
                    line.target.dead_letters.write(&changes, &line.shared.stop)?;
                    line.replayed.gone(&changes.replayed, &changes.written);
                }
            }
            self.settled(line, now);
            rest = after;
        }
        Ok(())
    }

    /// Waits until all that was submitted is written, but not longer than [`is_over`] allows.
    pub fn join(&self, stop: &Stop, deadline: Option<Instant>) {
        let mut queue = self.queue.lock();
        queue.closed = true;
        self.changed.notify_all();
        while !queue.failed && (queue.writing || !queue.dead_letters.is_empty()) && !is_over(stop, deadline) {
            self.changed.wait_for(&mut queue, Duration::from_millis(50));
        }
    }
}

/// How many of the first records fit into `most` bytes; at least one, if there is one.
fn fitting(dead_letters: &[RejectedRecord], most: usize) -> usize {
    let mut bytes = 0;
    let fits = |dead_letter: &&RejectedRecord| {
        bytes += dead_letter.bytes();
        bytes <= most
    };
    dead_letters.iter().take_while(fits).count().max(1).min(dead_letters.len())
}

/// Dead letters in the form in which the database stores them.
pub fn unpacked(dead_letters: &[RejectedRecord], sink: &str) -> Result<Vec<dead_letter::DeadLetter>> {
    dead_letters.iter().map(|dead_letter| dead_letter.unpack(sink)).collect()
}

/// The target's error says what is wrong with it. This adds what becomes of the rows.
fn with_advice(error: Error, line: &LineState) -> Error {
    match error {
        Error::DeadLetter(what) => Error::DeadLetter(format!("{what}; then {}", line.settings.origin.again())),
        other => other,
    }
}
