//! Gives each record of one reader to every source table that reads the same topics.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::source::SourceIntake;
use crate::error::Result;
use crate::kafka::{Intake, Taken, Watermark};
use crate::membership::Membership;
use crate::record::Record;

pub struct FanOut {
    intakes: Vec<SourceIntake>,
    /// A record that only the first of the intakes have taken: its topic, partition and offset, and how many intakes that are. The next
    /// intake had no room for it.
    half_taken: Option<(Arc<str>, i32, i64, usize)>,
}

impl FanOut {
    pub fn new(intakes: Vec<SourceIntake>) -> Self {
        FanOut { intakes, half_taken: None }
    }

    fn first_to_ask(&mut self, record: &Record<'_>) -> usize {
        match self.half_taken.take() {
            Some((topic, partition, offset, first))
                if offset == record.offset && partition == record.partition && topic == *record.topic =>
            {
                first
            }
            _ => 0,
        }
    }
}

impl Intake for FanOut {
    fn record(&mut self, record: &Record<'_>) -> Result<Taken> {
        let first = self.first_to_ask(record);
        for (at, intake) in self.intakes.iter_mut().enumerate().skip(first) {
            if intake.record(record)? == Taken::Full {
                self.half_taken = Some((Arc::clone(record.topic), record.partition, record.offset, at));
                return Ok(Taken::Full);
            }
        }
        Ok(Taken::Yes)
    }

    fn push_gathered(&mut self) {
        self.intakes.iter_mut().for_each(SourceIntake::push_gathered);
    }

    fn wants_headers(&self) -> bool {
        self.intakes.iter().any(SourceIntake::wants_headers)
    }

    fn assigned(&mut self, topic: &Arc<str>, partition: i32, start: i64) {
        self.intakes.iter_mut().for_each(|intake| intake.assigned(topic, partition, start));
    }

    fn joined(&mut self, membership: Arc<dyn Membership>) {
        self.intakes.iter_mut().for_each(|intake| intake.joined(Arc::clone(&membership)));
    }

    fn is_releasing(&mut self) -> bool {
        self.intakes.iter_mut().any(Intake::is_releasing)
    }

    fn released(&mut self, partitions: &[(Arc<str>, i32)], longest_wait: Duration) -> Vec<Watermark> {
        self.half_taken.take_if(|(topic, id, ..)| partitions.iter().any(|gone| gone.0 == *topic && gone.1 == *id));
        let deadline = Instant::now() + longest_wait;
        let left = || deadline.saturating_duration_since(Instant::now());
        lowest(self.intakes.iter_mut().map(|intake| intake.released(partitions, left())))
    }

    fn fenced(&mut self) -> Vec<(Arc<str>, i32)> {
        self.intakes.iter_mut().flat_map(Intake::fenced).collect()
    }

    fn passed(&mut self, topic: &Arc<str>, partition: i32, next: i64) {
        self.intakes.iter_mut().for_each(|intake| intake.passed(topic, partition, next));
    }

    fn missed(&mut self, offsets: u64) {
        self.intakes.iter_mut().for_each(|intake| intake.missed(offsets));
    }

    fn started_over(&mut self, topic: &Arc<str>, partition: i32, start: i64) {
        self.intakes.iter_mut().for_each(|intake| intake.started_over(topic, partition, start));
    }

    fn watermarks(&mut self) -> Vec<Watermark> {
        lowest(self.intakes.iter_mut().map(Intake::watermarks))
    }
}

/// The lowest watermark of each partition. The records below it are durable for all source tables.
fn lowest(all: impl Iterator<Item = Vec<Watermark>>) -> Vec<Watermark> {
    let mut lowest: Vec<Watermark> = Vec::new();
    for (topic, partition, next) in all.flatten() {
        match lowest.iter_mut().find(|known| known.1 == partition && known.0 == topic) {
            Some(known) => known.2 = known.2.min(next),
            None => lowest.push((topic, partition, next)),
        }
    }
    lowest
}
