//! The p99 of times in each part of a run.

use std::time::{Duration, Instant};

use crate::spread::Spread;

/// The length of a part.
const PART: Duration = Duration::from_secs(10);

pub struct OverTime {
    began: Instant,
    part: Vec<i64>,
    /// The p99 of each part, in milliseconds.
    p99: Vec<f64>,
}

impl OverTime {
    pub fn begin() -> OverTime {
        OverTime { began: Instant::now(), part: Vec::new(), p99: Vec::new() }
    }

    /// Takes a time in microseconds.
    pub fn add(&mut self, took: i64) {
        self.part.push(took);
        if self.began.elapsed() > PART {
            self.p99.push(Spread::of(std::mem::take(&mut self.part)).p99 as f64 / 1000.0);
            self.began = Instant::now();
        }
    }

    pub fn p99(self) -> Vec<f64> {
        self.p99
    }
}
