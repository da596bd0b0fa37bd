//! A sink's deferred vector indexes: dropped before its rows come, and built again when they are written. The end of the sink waits
//! for the build. A job without an end builds when it has caught up with its topics, in a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::index_build::{GRACE, build};
use super::state::LineState;
use crate::error::Result;
use crate::postgres::{BuildKind, CatchUp, Deferred, Restored};
use crate::stop::{Phase, Stop};
use crate::threads;

/// How often to check whether a job has caught up.
const LOOK: Duration = Duration::from_secs(1);
/// How often to check that the session with the lock of this process still lives.
const CHECK_SESSION: Duration = Duration::from_secs(15);
/// How often a thread that waits checks whether it must stop waiting.
const POLL: Duration = Duration::from_millis(100);
/// How long to wait before the next try, while another process builds.
const ELSEWHERE_AGAIN: Duration = Duration::from_secs(10);
/// How long to wait before the next try after a failure, at first and at most.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// How many times the end of a sink tries to build the indexes, if the failures may pass.
const TRIES: u32 = 6;

/// When missing indexes are built.
pub enum BuildTime {
    /// When the sink ends.
    End,
    /// When the job has caught up, and at the latest when it ends. The function tells how far the job is.
    CaughtUp(Box<dyn Fn() -> JobLook + Send>),
}

/// How far a job is.
pub struct JobLook {
    /// Records that aren't durable yet.
    pub lag: u64,
    /// Records read since the start.
    pub records_read: u64,
}

/// What became of the missing indexes at the end of a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexEnd {
    /// None is missing, or another process builds them.
    Done,
    /// The end was told not to wait for the build any longer.
    Cancelled,
}

#[derive(Default)]
pub struct Deferral {
    /// Draining: no more builds begin while writers run. Abandoning: builds that run are cancelled.
    stop: Stop,
    are_missing: AtomicBool,
    /// Whether the thread of [`Deferral::watch`] runs.
    is_watched: Mutex<bool>,
    ended: Condvar,
}

impl Deferral {
    /// Drops the indexes, if the sink defers them. It is called before the first row. `backlog`: how many records wait, if that is known.
    pub fn begin(self: &Arc<Self>, line: &Arc<LineState>, backlog: Option<u64>, time: BuildTime) -> Result<()> {
        let Some(deferral) = &line.target.deferral else { return Ok(()) };
        let time = if deferral.is_wanted() {
            if deferral.begin(backlog, &line.shared.stop)? == Deferred::No {
                return Ok(());
            }
            Some(time)
        } else {
            // An earlier run has not built the indexes that it had dropped: they are built at once.
            None
        };
        self.are_missing.store(true, Ordering::Relaxed);
        *self.is_watched.lock() = true;
        let (watching, own) = (Arc::clone(self), Arc::clone(line));
        let body = move || {
            let watched = catch_unwind(AssertUnwindSafe(|| watching.watch(&own, time)));
            if watched.is_err() {
                log::error!("{}: the thread of the deferred index panicked; it is built at the end", own.name());
            }
            drop(own);
            watching.leave();
        };
        if let Err(error) = threads::spawn("vecsink defer", body) {
            log::warn!("{}: no thread for the deferred index: {error}; it is built at the end", line.name());
            self.leave();
        }
        Ok(())
    }

    fn leave(&self) {
        *self.is_watched.lock() = false;
        self.ended.notify_all();
    }

    /// Leaves the missing indexes to the next start, without waiting for anything. From now on this process doesn't load the table.
    pub fn give_up(&self, line: &LineState, why: &str) {
        self.stop.abandon();
        let Some(deferral) = &line.target.deferral else { return };
        deferral.stop_loading();
        if self.are_missing.swap(false, Ordering::Relaxed) {
            log::warn!("{}", deferral.unbuilt(why));
        }
    }

    /// Keeps the lock which shows that this process loads the table, and builds the missing indexes at `time` (`None`: at once).
    fn watch(&self, line: &Arc<LineState>, time: Option<BuildTime>) {
        let Some(deferral) = &line.target.deferral else { return };
        let (mut shown, mut catch_up, mut retry) = (Instant::now(), CatchUp::new(Instant::now()), FIRST_RETRY);
        let mut is_due = time.is_none();
        let mut rest = if is_due { Duration::ZERO } else { LOOK };
        while !self.stop.wait(Phase::Draining, rest) {
            rest = LOOK;
            if let (false, Some(BuildTime::CaughtUp(look))) = (is_due, &time) {
                let JobLook { lag, records_read } = look();
                is_due = !line.in_outage() && catch_up.note(Instant::now(), lag, records_read);
            }
            if is_due {
                match build(line, deferral.while_writing(), &|| self.stop.phase() >= Phase::Abandoning) {
                    Ok(Restored::All) => return self.done(line),
                    Ok(Restored::Elsewhere) => rest = ELSEWHERE_AGAIN,
                    Err(_) if self.stop.phase() >= Phase::Abandoning => return,
                    Err(error) => {
                        log::warn!("{error}; trying again in {} s", retry.as_secs());
                        (rest, retry) = (retry, (retry * 4).min(LONGEST_RETRY));
                    }
                }
            } else if shown.elapsed() >= CHECK_SESSION {
                deferral.keep_loading(&self.stop);
                shown = Instant::now();
            }
        }
    }

    fn done(&self, line: &LineState) {
        self.are_missing.store(false, Ordering::Relaxed);
        log::info!("{}: no vector index is missing any more", line.name());
    }

    /// Builds the missing indexes when all rows are written. `is_cancelled`: whether the end can't wait any longer.
    pub fn finish(&self, line: &Arc<LineState>, is_cancelled: &dyn Fn() -> bool) -> Result<IndexEnd> {
        let Some(deferral) = &line.target.deferral else { return Ok(IndexEnd::Done) };
        let ended = self.build_rest(line, is_cancelled);
        // The caller gets the outcome and reports the missing indexes, so `give_up` must not log them again.
        self.are_missing.store(false, Ordering::Relaxed);
        if deferral.is_wanted() {
            return ended;
        }
        // If only an earlier run had dropped the indexes, this run doesn't fail because of them.
        match ended {
            Ok(IndexEnd::Done) => {}
            Ok(IndexEnd::Cancelled) => log::warn!("{}", deferral.unbuilt("this run has ended before that")),
            Err(error) => log::warn!("{error}"),
        }
        Ok(IndexEnd::Done)
    }

    fn build_rest(&self, line: &Arc<LineState>, is_cancelled: &dyn Fn() -> bool) -> Result<IndexEnd> {
        // A build that has begun while the writers ran goes on to its end.
        self.stop.drain();
        let mut is_watched = self.is_watched.lock();
        while *is_watched {
            self.ended.wait_for(&mut is_watched, POLL);
            if is_cancelled() {
                self.stop.abandon();
                if self.stop.abandoned_for().is_some_and(|since| since >= GRACE * 2) {
                    return Ok(IndexEnd::Cancelled);
                }
            }
        }
        drop(is_watched);
        let mut retry = FIRST_RETRY;
        for attempt in 1.. {
            if !self.are_missing.load(Ordering::Relaxed) {
                break;
            }
            if is_cancelled() {
                return Ok(IndexEnd::Cancelled);
            }
            // This process writes no more rows, so the build needs to read the table only once.
            match build(line, BuildKind::Plain, is_cancelled) {
                Ok(Restored::All) => self.done(line),
                Ok(Restored::Elsewhere) => {
                    log::info!(
                        "{}: another process still loads the table or builds its vector index; the last one builds what is missing",
                        line.name()
                    );
                    break;
                }
                Err(_) if is_cancelled() => return Ok(IndexEnd::Cancelled),
                Err(error) if error.is_retryable() && attempt < TRIES => {
                    log::warn!("{error}; trying again in {} s", retry.as_secs());
                    wait(retry, is_cancelled);
                    retry *= 2;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(IndexEnd::Done)
    }
}

/// Waits for `longest`, or until the end of the sink can't wait any longer.
fn wait(longest: Duration, is_cancelled: &dyn Fn() -> bool) {
    let until = Instant::now() + longest;
    while Instant::now() < until && !is_cancelled() {
        std::thread::sleep(POLL.min(until.saturating_duration_since(Instant::now())));
    }
}
