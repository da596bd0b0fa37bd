//! When every row fails in the same unexplained way, it isn't the rows.

use parking_lot::Mutex;

use super::failure::Failure;

/// Rows refused alike, one after another, that make it the database's fault.
const ENOUGH: u32 = 16;

/// Lone rows refused with an error of class *other* since the last success, over all batches.
#[derive(Debug, Default)]
pub struct Alike(Mutex<(Option<String>, u32)>);

impl Alike {
    /// Counts a refusal; tells whether there have been enough of its kind.
    pub fn another(&self, failure: &Failure) -> bool {
        let mut seen = self.0.lock();
        if seen.0 != failure.sqlstate {
            *seen = (failure.sqlstate.clone(), 0);
        }
        seen.1 += 1;
        seen.1 >= ENOUGH
    }

    /// A row was written.
    pub fn broken(&self) {
        let mut seen = self.0.lock();
        if seen.1 > 0 {
            *seen = (None, 0);
        }
    }
}
