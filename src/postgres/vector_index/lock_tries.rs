//! How long a change of the tree waits for its locks. Sessions that begin to use the table meanwhile queue behind it. So the first try is
//! short, and after a try that failed the next one is longer. Between two tries others have the table for longer than they had to wait.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
/// The longest wait: a query that takes longer isn't waited for. It is shorter than the usual `deadlock_timeout`, after which the
/// server would cancel an autovacuum for us, or end another program's transaction that waits for us.
pub const LONGEST: Duration = Duration::from_millis(800);
const LEAST_REST: Duration = Duration::from_millis(250);

/// The tries of one change, until it succeeds.
#[derive(Debug, Default)]
pub struct LockTries {
    failed: u32,
}

impl LockTries {
    /// How long the next try may wait.
    pub fn wait(&self) -> Duration {
        FIRST.saturating_mul(1 << self.failed.min(8)).min(LONGEST)
    }

    /// Notes that a try has failed. Returns how long to leave the table to other sessions before the next try.
    pub fn note_failed(&mut self) -> Duration {
        let rest = (2 * self.wait()).max(LEAST_REST);
        self.failed += 1;
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_waits_longer_than_the_last_up_to_a_bound_and_soon_reaches_it() {
        let mut tries = LockTries::default();
        let (mut waits, mut until_longest) = (Vec::new(), Duration::ZERO);
        for _ in 0..6 {
            waits.push(tries.wait().as_millis());
            let took = tries.wait() + tries.note_failed();
            until_longest += if tries.wait() < LONGEST { took } else { Duration::ZERO };
        }
        assert_eq!(waits, [100, 200, 400, 800, 800, 800]);
        assert!(until_longest < Duration::from_secs(1), "{until_longest:?}");
    }

    #[test]
    fn others_wait_for_a_third_of_the_time_at_most() {
        let mut tries = LockTries::default();
        for _ in 0..40 {
            let wait = tries.wait();
            assert!(tries.note_failed() >= 2 * wait);
        }
    }
}
