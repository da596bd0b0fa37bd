//! How late the machine itself is. Tests of deadlines subtract this from the times that they measure.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(20);

/// By how much all sleeps of one thread together were too long, in microseconds.
fn late() -> &'static AtomicU64 {
    static LATE: AtomicU64 = AtomicU64::new(0);
    static MEASURED: OnceLock<()> = OnceLock::new();
    MEASURED.get_or_init(|| {
        thread::spawn(|| {
            loop {
                let begun = Instant::now();
                thread::sleep(PAUSE);
                let late_us = begun.elapsed().saturating_sub(PAUSE).as_micros() as u64;
                if late_us > 1000 {
                    LATE.fetch_add(late_us, Ordering::Relaxed);
                }
            }
        });
    });
    &LATE
}

/// The time that a call takes, without the machine's own delay meanwhile, and the call's result.
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = late().load(Ordering::Relaxed);
    let begun = Instant::now();
    let outcome = work();
    let took = begun.elapsed();
    let late = Duration::from_micros(late().load(Ordering::Relaxed) - before);
    (took.saturating_sub(late), outcome)
}
