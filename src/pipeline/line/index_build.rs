//! Builds the missing vector indexes of a table, in a thread of its own. Another thread asks the server meanwhile how far it is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::state::LineState;
use crate::error::{Error, Result};
use crate::postgres::{BuildKind, BuildProgress, IndexDeferral, Restored};
use crate::stop::{Phase, Stop};
use crate::threads;

/// How often to check whether a build has ended or must be cancelled.
const POLL: Duration = Duration::from_millis(100);
/// How often the server is asked how far a build is.
const ASK: Duration = Duration::from_millis(500);
/// When the log first says how far a build is, and how often after that.
const LOG_AFTER: Duration = Duration::from_secs(2);
const LOG_AGAIN: Duration = Duration::from_secs(10);
/// How long the end of a sink waits for a build that was cancelled.
pub const GRACE: Duration = Duration::from_millis(300);

/// Builds the missing indexes and waits for the end of the build, but no longer than [`GRACE`] after it was cancelled.
pub fn build(line: &Arc<LineState>, kind: BuildKind, is_cancelled: &dyn Fn() -> bool) -> Result<Restored> {
    let (sender, receiver) = mpsc::channel();
    let (own, stop) = (Arc::clone(line), Stop::default());
    let build_stop = stop.clone();
    let body = move || {
        let built = catch_unwind(AssertUnwindSafe(|| match &own.target.deferral {
            Some(deferral) => deferral.restore(kind, &build_stop),
            None => Ok(Restored::All),
        }));
        // The thread drops its reference to the sink before others learn that it has ended.
        drop(own);
        // Sending fails if nobody waits for the outcome any more.
        let _ =
            sender.send(built.unwrap_or_else(|_| Err(Error::Internal("a build of a vector index panicked".into()))));
    };
    threads::spawn("vecsink build", body).map_err(|error| threads::refused("to build a vector index", &error))?;
    let begun = Instant::now();
    let asker = ProgressAsker::start(line, begun);
    let mut cancelled: Option<Instant> = None;
    let outcome = loop {
        match receiver.recv_timeout(POLL) {
            Ok(outcome) => break outcome,
            Err(RecvTimeoutError::Disconnected) => {
                break Err(Error::Internal("a build ended without an answer".into()));
            }
            Err(RecvTimeoutError::Timeout) if is_cancelled() => {
                stop.abandon();
                // If the server doesn't answer, the thread that closes the sink must return nevertheless.
                if cancelled.get_or_insert_with(Instant::now).elapsed() >= GRACE {
                    break Err(Error::Stopped);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    asker.end();
    line.note_build(None);
    outcome
}

/// The thread that asks how far a build is.
struct ProgressAsker {
    stop: Stop,
    /// Its sender is dropped when the thread ends.
    ended: Receiver<()>,
}

impl ProgressAsker {
    /// If the thread can't be started, nobody asks.
    fn start(line: &Arc<LineState>, begun: Instant) -> ProgressAsker {
        let (running, ended) = mpsc::channel::<()>();
        let (stop, own) = (Stop::default(), Arc::clone(line));
        let asking = stop.clone();
        let body = move || {
            // A panic only ends the asking.
            let _ = catch_unwind(AssertUnwindSafe(|| ask(&own, &asking, begun)));
            drop(own);
            drop(running);
        };
        if let Err(error) = threads::spawn("vecsink progress", body) {
            log::debug!("{}: no thread to ask how far the build is: {error}", line.name());
        }
        ProgressAsker { stop, ended }
    }

    /// Ends the thread and waits for its end, but not long if the server doesn't answer.
    fn end(self) {
        self.stop.abandon();
        // Whether the thread has ended or not, there is nothing more to do.
        let _ = self.ended.recv_timeout(GRACE);
    }
}

fn ask(line: &LineState, stop: &Stop, begun: Instant) {
    let Some(deferral) = &line.target.deferral else { return };
    let (mut session, mut next_log) = (None, begun + LOG_AFTER);
    while !stop.wait(Phase::Abandoning, ASK) {
        let progress = deferral.progress(&mut session, stop);
        if stop.phase() >= Phase::Abandoning {
            return;
        }
        line.note_build(progress.as_ref().map(|progress| progress.percent));
        if Instant::now() >= next_log {
            next_log = Instant::now() + LOG_AGAIN;
            log::info!("{}: {}", line.name(), shown(deferral, progress, begun));
        }
    }
}

fn shown(deferral: &IndexDeferral, progress: Option<BuildProgress>, begun: Instant) -> String {
    let seconds = begun.elapsed().as_secs();
    let missing = deferral.missing();
    match progress {
        Some(progress) => {
            format!("building vector index {missing} for {seconds} s: {}, {} %", progress.phase, progress.percent)
        }
        None => format!("building vector index {missing} for {seconds} s"),
    }
}
