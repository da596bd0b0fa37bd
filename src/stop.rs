//! How a job is told to end: first to drain, and if that takes too long, to abandon the rest.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How far a job is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// It reads and writes.
    Running = 0,
    /// Read nothing more; write what was accepted.
    Draining = 1,
    /// End now; what isn't committed is read again at the next start.
    Abandoning = 2,
}

/// The phase of a job, shared by all its threads. It never goes back.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// A [`Phase`]. Each push reads it without the lock, because a lock's cache line would move from thread to thread. It is written
    /// under the lock, so that no waiting thread misses a change.
    phase: AtomicU8,
    advancing: Mutex<()>,
    abandoned: OnceLock<Instant>,
    advanced: Condvar,
}

impl Stop {
    /// Read nothing more, and write what was accepted.
    pub fn drain(&self) {
        self.advance(Phase::Draining);
    }

    /// End now; what isn't committed is read again at the next start.
    pub fn abandon(&self) {
        self.advance(Phase::Abandoning);
    }

    /// How far the job is on its way to its end.
    pub fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Draining,
            _ => Phase::Abandoning,
        }
    }

    /// How long ago the job was told to abandon. `None` if it was not told to.
    pub fn abandoned_for(&self) -> Option<Duration> {
        self.0.abandoned.get().map(Instant::elapsed)
    }

    /// Whether the job was not told to end.
    pub fn is_running(&self) -> bool {
        self.phase() == Phase::Running
    }

    /// Sleeps for `duration`, or until the phase reaches `until`. Returns whether it has.
    pub fn wait(&self, until: Phase, duration: Duration) -> bool {
        let deadline = Instant::now() + duration;
        let mut advancing = self.0.advancing.lock();
        while self.phase() < until {
            if self.0.advanced.wait_until(&mut advancing, deadline).timed_out() {
                break;
            }
        }
        self.phase() >= until
    }

    fn advance(&self, to: Phase) {
        let _advancing = self.0.advancing.lock();
        if self.phase() < to {
            if to == Phase::Abandoning {
                self.0.abandoned.get_or_init(Instant::now);
            }
            self.0.phase.store(to as u8, Ordering::Release);
            self.0.advanced.notify_all();
        }
    }
}
