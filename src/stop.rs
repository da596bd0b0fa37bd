//! How a job is told to end: first drain, then, if that takes too long, give up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Running,
    /// Read nothing more; write what was accepted.
    Draining,
    /// End now; what isn't committed is read again at the next start.
    Abandoning,
}

/// Shared by all threads of a job. Only moves forward.
#[derive(Debug, Clone)]
pub struct Stop(Arc<(Mutex<Phase>, Condvar)>);

impl Default for Stop {
    fn default() -> Self {
        Stop(Arc::new((Mutex::new(Phase::Running), Condvar::new())))
    }
}

impl Stop {
    pub fn drain(&self) {
        self.advance(Phase::Draining);
    }

    pub fn abandon(&self) {
        self.advance(Phase::Abandoning);
    }

    pub fn phase(&self) -> Phase {
        *self.0.0.lock()
    }

    pub fn is_running(&self) -> bool {
        self.phase() == Phase::Running
    }

    /// Sleeps for `duration`, less if the phase reaches `until` first; tells whether it has.
    pub fn wait(&self, until: Phase, duration: Duration) -> bool {
        let deadline = Instant::now() + duration;
        let mut phase = self.0.0.lock();
        while *phase < until {
            if self.0.1.wait_until(&mut phase, deadline).timed_out() {
                break;
            }
        }
        *phase >= until
    }

    fn advance(&self, to: Phase) {
        let mut phase = self.0.0.lock();
        if *phase < to {
            *phase = to;
            self.0.1.notify_all();
        }
    }
}
