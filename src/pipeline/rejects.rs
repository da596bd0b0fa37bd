//! Rejected records on their way to the dead letters. Writers and readers only queue them; one thread a sink writes what
//! has gathered with one fsync, and only then are they settled.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::ABANDON_GRACE;
use super::line::Line;
use crate::error::{Error, Rejection, Result};
use crate::position::Position;
use crate::record::Original;
use crate::reject::{self, DeadLetters, RateLimitedLog};
use crate::settings::Sink;
use crate::stop::{Phase, Stop};

/// Letters written between two fsyncs, in bytes.
const PIECE: usize = 4 << 20;

/// A rejected record with what settles it.
pub struct Letter {
    pub position: Position,
    /// What [`crate::record::Record::store_original`] wrote; empty where no dead-letter target is set.
    pub original: Vec<u8>,
    pub rejection: Rejection,
    pub stream: u32,
    pub ticket: u64,
}

impl Letter {
    fn bytes(&self) -> usize {
        size_of::<Letter>() + self.original.len() + self.rejection.reason.len()
    }
}

pub struct Rejects {
    target: Option<Arc<dyn DeadLetters>>,
    log: RateLimitedLog,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    letters: Vec<Letter>,
    writing: bool,
    closed: bool,
    /// The target can't be written. Nothing is settled any more; the job ends.
    failed: bool,
}

impl Rejects {
    pub fn open(sink: &Sink) -> Result<Rejects> {
        let target = sink.dead_letter.as_ref().map(reject::open).transpose()?;
        let log = RateLimitedLog::default();
        Ok(Rejects { target, log, queue: Mutex::default(), changed: Condvar::new() })
    }

    /// Whether the originals of rows have to be kept until they are durable.
    pub fn wants_originals(&self) -> bool {
        self.target.is_some()
    }

    pub fn start(&self, line: &Arc<Line>) -> Result<()> {
        if self.target.is_none() {
            return Ok(());
        }
        let own = Arc::downgrade(line);
        let body = move || {
            while let Some(line) = own.upgrade() {
                if !line.rejects.write_some(&line) {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("dead letters".into()).spawn(body);
        thread.map(drop).map_err(|error| Error::Internal(format!("no thread for the dead letters: {error}")))
    }

    pub fn submit(&self, line: &Arc<Line>, letter: Letter) {
        if self.target.is_none() {
            line.counters().rows_dead_lettered.add(1);
            self.log.rejected(line.name(), &letter.position, &letter.rejection);
            line.progress.settle([(letter.stream, letter.ticket)]);
            return;
        }
        let mut queue = self.queue.lock();
        if !queue.failed {
            line.shared.budget.charge(letter.bytes());
            queue.letters.push(letter);
            self.changed.notify_all();
        }
    }

    /// Writes what has gathered; `false` when there is nothing more to do.
    fn write_some(&self, line: &Arc<Line>) -> bool {
        let Some(target) = &self.target else { return false };
        let letters = {
            let mut queue = self.queue.lock();
            if queue.letters.is_empty() {
                if queue.closed {
                    return false;
                }
                self.changed.wait_for(&mut queue, Duration::from_millis(500));
            }
            queue.writing = !queue.letters.is_empty();
            std::mem::take(&mut queue.letters)
        };
        if letters.is_empty() {
            return true;
        }
        let worked = catch_unwind(AssertUnwindSafe(|| self.write_pieces(line, target.as_ref(), &letters)));
        line.shared.budget.release(letters.iter().map(Letter::bytes).sum());
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

    /// Piece by piece, so that their text takes little memory beside the letters themselves.
    fn write_pieces(&self, line: &Arc<Line>, target: &dyn DeadLetters, letters: &[Letter]) -> Result<()> {
        let mut rest = letters;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |letter: &&Letter| {
                bytes += letter.bytes();
                bytes <= PIECE
            };
            let (piece, after) = rest.split_at(rest.iter().take_while(fits).count().max(1));
            write(target, line.name(), piece)?;
            line.counters().rows_dead_lettered.add(piece.len() as u64);
            line.progress.settle(piece.iter().map(|letter| (letter.stream, letter.ticket)));
            rest = after;
        }
        Ok(())
    }

    /// Waits until all that was submitted is written.
    pub fn join(&self, stop: &Stop) {
        let mut deadline = None;
        let mut queue = self.queue.lock();
        queue.closed = true;
        self.changed.notify_all();
        while !queue.failed
            && (queue.writing || !queue.letters.is_empty())
            && deadline.is_none_or(|at| Instant::now() < at)
        {
            self.changed.wait_for(&mut queue, Duration::from_millis(50));
            if deadline.is_none() && stop.phase() == Phase::Abandoning {
                deadline = Some(Instant::now() + ABANDON_GRACE);
            }
        }
    }
}

fn write(target: &dyn DeadLetters, sink: &str, letters: &[Letter]) -> Result<()> {
    let mut originals = Vec::with_capacity(letters.len());
    for letter in letters {
        let original = Original::read(&letter.original);
        originals.push(original.ok_or_else(|| Error::Internal(format!("no original of {}", letter.position)))?);
    }
    let written: Vec<reject::Letter<'_>> = letters
        .iter()
        .zip(&originals)
        .map(|(letter, original)| reject::Letter {
            position: &letter.position,
            original,
            sink,
            rejection: &letter.rejection,
        })
        .collect();
    target.write(&written)
}
