//! Rejected records on their way to the dead letters. Writers and readers only queue them; one thread a sink writes what
//! has gathered with one fsync, and only then are they settled.

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
        line.counters().rows_dead_lettered.add(1);
        if self.target.is_none() {
            self.log.rejected(line.name(), &letter.position, &letter.rejection);
            line.progress.settle([(letter.stream, letter.ticket)]);
            return;
        }
        line.shared.budget.charge(letter.bytes());
        self.queue.lock().letters.push(letter);
        self.changed.notify_all();
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
        let outcome = write(target.as_ref(), line.name(), &letters);
        if outcome.is_ok() {
            line.progress.settle(letters.iter().map(|letter| (letter.stream, letter.ticket)));
        }
        line.shared.budget.release(letters.iter().map(Letter::bytes).sum());
        self.queue.lock().writing = false;
        self.changed.notify_all();
        match outcome {
            Ok(()) => true,
            Err(error) => {
                line.abandon();
                line.shared.fail(error);
                false
            }
        }
    }

    /// Waits until all that was submitted is written.
    pub fn join(&self, stop: &Stop) {
        let mut deadline = None;
        let mut queue = self.queue.lock();
        queue.closed = true;
        self.changed.notify_all();
        let failed = |stop: &Stop| stop.phase() == Phase::Abandoning;
        while (queue.writing || !queue.letters.is_empty()) && deadline.is_none_or(|at| Instant::now() < at) {
            self.changed.wait_for(&mut queue, Duration::from_millis(50));
            if deadline.is_none() && failed(stop) {
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
