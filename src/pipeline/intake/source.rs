//! Decodes each record of a source once, and then hands it to the source's sinks. All of this is done on the reader's thread, while the
//! record's bytes are in the cache. So it is known before a record is accepted whether it can become a row, and a writer only has to
//! send bytes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bumpalo::Bump;

use super::guard::guarded;
use super::schemas::schemas_of;
use super::sink::{KEPT_BYTES, SinkIntake};
use crate::error::{Error, Result, Stage};
use crate::formats::Decode;
use crate::formats::metadata::RecordMetadata;
use crate::job::decoder;
use crate::job::settings::mapping::Mapping;
use crate::job::settings::source::Source;
use crate::kafka::{Intake, Taken};
use crate::membership::Membership;
use crate::metrics::Counters;
use crate::pipeline::line::Line;
use crate::pipeline::shared::Shared;
use crate::record::Record;
use crate::stop::Phase;

/// How long a reader waits for room before it pauses its partitions.
const WAIT_FOR_ROOM: Duration = Duration::from_secs(5);
/// How long a reader waits for room when it has already paused its partitions.
const WAIT_WHEN_PAUSED: Duration = Duration::from_millis(500);
/// After this many records it is checked again how far a partition has run ahead of its watermark.
const CROWD_CHECK: u32 = 1024;

/// The line of one of a source's sinks, and the mapping from the source's rows to the sink's.
pub type LineMapping<'j> = (Arc<Line>, &'j Mapping);

pub struct SourceIntake {
    decoder: Box<dyn Decode>,
    source: Source,
    metadata: RecordMetadata,
    arena: Bump,
    sinks: Vec<SinkIntake>,
    partitions: Vec<(Arc<str>, i32)>,
    /// The partition of the last record. The next record is usually of the same one.
    latest: usize,
    until_crowd_check: u32,
    /// The last record found no room.
    paused: bool,
    /// A record that only the first of the sinks have taken: its partition, its offset, and how many sinks that are. The next sink
    /// waits for a schema check. When the reader offers the record again, it goes to the other sinks only.
    half_taken: Option<(usize, i64, usize)>,
    /// This process's membership in the group that shares the partitions. `None`: partitions aren't shared.
    membership: Option<Arc<dyn Membership>>,
    shared: Arc<Shared>,
    counters: Arc<Counters>,
}

impl SourceIntake {
    pub fn new(
        source: &Source,
        mappings: &[LineMapping<'_>],
        shared: Arc<Shared>,
        counters: Arc<Counters>,
    ) -> Result<Self> {
        let metadata = RecordMetadata::new(&source.record_metadata).ok_or_else(|| {
            Error::Internal(format!("table {} has metadata columns that no record has", source.table))
        })?;
        Ok(SourceIntake {
            metadata,
            decoder: decoder::of_source(source, &schemas_of)?,
            source: source.clone(),
            arena: Bump::new(),
            sinks: mappings
                .iter()
                .map(|(line, mapping)| SinkIntake::new(line, mapping, source))
                .collect::<Result<_>>()?,
            partitions: Vec::new(),
            latest: 0,
            until_crowd_check: 0,
            paused: false,
            half_taken: None,
            membership: None,
            shared,
            counters,
        })
    }

    fn partition(&mut self, topic: &Arc<str>, partition: i32) -> Result<usize> {
        let is = |(t, p): &(Arc<str>, i32)| *p == partition && (Arc::ptr_eq(t, topic) || t == topic);
        if !self.partitions.get(self.latest).is_some_and(is) {
            let found = self.partitions.iter().position(is);
            self.latest = found.ok_or_else(|| Error::Internal(format!("{topic}[{partition}] was never assigned")))?;
        }
        Ok(self.latest)
    }

    /// Waits for room, at most [`WAIT_FOR_ROOM`].
    fn has_room(&mut self, partition: usize) -> bool {
        let crowded = |sinks: &[SinkIntake]| sinks.iter().any(|sink| sink.is_crowded(partition));
        self.until_crowd_check = self.until_crowd_check.wrapping_sub(1);
        let check_crowd = self.until_crowd_check.is_multiple_of(CROWD_CHECK);
        let budget = &self.shared.budget;
        if budget.has_room() && !(check_crowd && crowded(&self.sinks)) {
            return true;
        }
        self.push_gathered();
        let budget = &self.shared.budget;
        // A reader that has paused its partitions must go on polling, so it waits only briefly and asks again.
        let longest = if self.paused { WAIT_WHEN_PAUSED } else { WAIT_FOR_ROOM };
        let deadline = Instant::now() + longest;
        while Instant::now() < deadline && self.shared.stop.is_running() {
            if !budget.has_room() {
                self.sinks.iter().for_each(SinkIntake::hurry);
                budget.wait_for(Duration::from_millis(100), || budget.has_room());
            } else if crowded(&self.sinks) {
                self.shared.stop.wait(Phase::Draining, Duration::from_millis(10));
            } else {
                self.paused = false;
                return true;
            }
        }
        self.paused = true;
        // The reader offers the same record next. With it, the distance to the watermark is checked again.
        self.until_crowd_check = 1;
        false
    }

    /// The lowest offset of each partition that isn't durable in all sinks.
    pub fn durable_positions(&self) -> Vec<(Arc<str>, i32, i64)> {
        // `None` where one of the sinks doesn't know.
        let lowest = |partition: usize| self.sinks.iter().map(|sink| sink.watermark(partition)).min().flatten();
        let positions = self.partitions.iter().enumerate();
        positions.filter_map(|(at, (topic, number))| Some((Arc::clone(topic), *number, lowest(at)?))).collect()
    }
}

impl Intake for SourceIntake {
    fn record(&mut self, record: &Record<'_>) -> Result<Taken> {
        let partition = self.partition(record.topic, record.partition)?;
        if !self.has_room(partition) {
            return Ok(Taken::Full);
        }
        if !self.decoder.is_ready(record)? {
            self.push_gathered();
            return Ok(Taken::Full);
        }
        let again = self.half_taken.take().filter(|half| (half.0, half.1) == (partition, record.offset));
        let first = again.map_or(0, |(_, _, at)| at);
        if again.is_none() {
            self.counters.records_read.add_as_only_writer(1);
            let bytes = record.value.map_or(0, <[u8]>::len) + record.key.map_or(0, <[u8]>::len);
            self.counters.bytes_read.add_as_only_writer(bytes as u64);
        }
        if self.arena.allocated_bytes() > KEPT_BYTES {
            self.arena = Bump::new();
        }
        self.arena.reset();
        let decoded = guarded(Stage::Decode, || self.decoder.decode(record, &self.arena));
        let (decoded, panicked) = decoded.map_or_else(|bug| (Err(bug), true), |decoded| (decoded, false));
        match decoded {
            Ok(decoded) => {
                if again.is_none() && decoded.parse_errors_ignored > 0 {
                    self.counters.parse_errors_ignored.add(decoded.parse_errors_ignored);
                }
                if again.is_none() && decoded.fields_ignored > 0 {
                    self.counters.fields_ignored.add_as_only_writer(decoded.fields_ignored);
                }
                let metadata = self.metadata.read(record, &self.arena);
                for (at, sink) in self.sinks.iter_mut().enumerate().skip(first) {
                    if sink.take(record, decoded.changes, metadata, partition, &self.arena)? == Taken::Full {
                        self.half_taken = Some((partition, record.offset, at));
                        self.sinks.iter_mut().for_each(SinkIntake::push_gathered);
                        return Ok(Taken::Full);
                    }
                }
            }
            Err(rejection) => {
                for sink in self.sinks.iter_mut().skip(first) {
                    sink.reject(record, rejection.clone(), partition)?;
                }
            }
        }
        if panicked {
            self.decoder = decoder::of_source(&self.source, &schemas_of)?;
        }
        Ok(Taken::Yes)
    }

    fn push_gathered(&mut self) {
        self.sinks.iter_mut().for_each(SinkIntake::push_gathered);
    }

    /// Headers are only needed for dead letters and for metadata columns.
    fn wants_headers(&self) -> bool {
        self.metadata.needs_headers() || self.sinks.iter().any(SinkIntake::keeps_originals)
    }

    fn assigned(&mut self, topic: &Arc<str>, partition: i32, start: i64) {
        self.partitions.push((Arc::clone(topic), partition));
        for sink in &mut self.sinks {
            sink.begin_stream(topic, partition, start, self.membership.as_ref());
        }
    }

    fn joined(&mut self, membership: Arc<dyn Membership>) {
        self.membership = Some(membership);
    }

    fn is_releasing(&mut self) -> bool {
        self.sinks.iter().any(SinkIntake::is_releasing)
    }

    fn released(&mut self, partitions: &[(Arc<str>, i32)], longest_wait: Duration) -> Vec<(Arc<str>, i32, i64)> {
        self.push_gathered();
        self.half_taken = None;
        let gone: Vec<usize> =
            (0..self.partitions.len()).filter(|&at| partitions.contains(&self.partitions[at])).collect();
        let is_settled = |sink: &SinkIntake| gone.iter().all(|&at| sink.is_settled(at));
        let deadline = Instant::now() + longest_wait;
        while !self.sinks.iter().all(is_settled)
            && Instant::now() < deadline
            && self.shared.stop.phase() < Phase::Abandoning
        {
            self.sinks.iter().for_each(SinkIntake::hurry);
            self.shared.stop.wait(Phase::Abandoning, Duration::from_millis(5));
        }
        let mut watermarks = Vec::new();
        for at in gone.into_iter().rev() {
            let (topic, partition) = self.partitions.swap_remove(at);
            let ended = self.sinks.iter_mut().map(|sink| sink.end_stream(at));
            if let Some(lowest) = ended.min().flatten() {
                watermarks.push((topic, partition, lowest));
            }
        }
        self.latest = 0;
        watermarks
    }

    fn fenced(&mut self) -> Vec<(Arc<str>, i32)> {
        let mut fenced: Vec<usize> = self.sinks.iter().flat_map(SinkIntake::fenced).collect();
        fenced.sort_unstable();
        fenced.dedup();
        fenced.into_iter().filter_map(|at| self.partitions.get(at).cloned()).collect()
    }

    fn passed(&mut self, topic: &Arc<str>, partition: i32, next: i64) {
        if let Ok(partition) = self.partition(topic, partition) {
            self.sinks.iter().for_each(|sink| sink.passed(partition, next));
        }
    }

    fn missed(&mut self, offsets: u64) {
        self.counters.records_missed.add_as_only_writer(offsets);
    }

    fn started_over(&mut self, topic: &Arc<str>, partition: i32, start: i64) {
        self.push_gathered();
        if let Ok(at) = self.partition(topic, partition) {
            self.sinks.iter().for_each(|sink| sink.start_over(at, start));
        }
    }

    fn watermarks(&mut self) -> Vec<(Arc<str>, i32, i64)> {
        self.durable_positions()
    }
}
