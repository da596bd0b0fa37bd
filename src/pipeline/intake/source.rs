//! A source's records on their way into the shards of its sinks: decode, select, encode, push, all on the reader's thread
//! while the record's bytes are hot. So a record that can't become a row is known before it is accepted, and a writer has
//! nothing to do but send.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bumpalo::Bump;
use crossbeam::channel::{Receiver, RecvTimeoutError, bounded};

use super::guard::guarded;
use super::prepare::{Prepare, PreparedEntry};
use crate::batch::RowEntry;
use crate::change::Change;
use crate::dispatch::{QueuedRow, key_hash};
use crate::error::{Error, Rejection, Result, Stage};
use crate::formats::Decode;
use crate::formats::metadata::RecordMetadata;
use crate::job::decoder;
use crate::job::selection::Selection;
use crate::job::settings::mapping::Mapping;
use crate::job::settings::source::Source;
use crate::kafka::{Intake, Taken};
use crate::membership::Membership;
use crate::metrics::Counters;
use crate::pipeline::line::Line;
use crate::pipeline::rejects::RejectedRecord;
use crate::pipeline::shared::Shared;
use crate::pipeline::sources::schemas_of;
use crate::record::Record;
use crate::settings::ExceptionMode;
use crate::stop::Phase;
use crate::threads;
use crate::types::encode::EncodeOptions;
use crate::types::value::Value;

/// How long a reader waits for room before it pauses its partitions.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same when it has paused them.
const IMPATIENCE: Duration = Duration::from_millis(500);
/// How long the reader waits for a check of the table before it goes on: as long as for a record. Most checks take less, and
/// pausing partitions throws away what was fetched.
const LOOK_PATIENCE: Duration = Duration::from_millis(100);
/// Rows gathered before they are put into their shards, under one lock: for short rows the lock was a fifth of the reader's
/// time. Few enough to stay in the nearest cache.
const GATHERED_ROWS: usize = 64;
const GATHERED_BYTES: usize = 16 << 10;
/// The memory that a buffer keeps for the next records. More than that, taken for a huge record, is freed.
const KEPT_BYTES: usize = 4 << 20;
/// Records between two looks at how far a partition has run ahead of its watermark.
const CROWD_CHECK: u32 = 1024;

/// A line that a source feeds, with what it gets of the source's rows.
pub type Branch<'j> = (Arc<Line>, &'j Mapping);

pub struct SourceIntake {
    decoder: Box<dyn Decode>,
    source: Source,
    metadata: RecordMetadata,
    arena: Bump,
    feeds: Vec<SinkIntake>,
    partitions: Vec<(Arc<str>, i32)>,
    /// The partition of the record before: records come in runs.
    latest: usize,
    until_crowd_check: u32,
    /// The last answer was that there is no room.
    paused: bool,
    /// Partition and offset of a record, and how many sinks have taken it; the next sink couldn't decide yet.
    half_taken: Option<(usize, i64, usize)>,
    /// Of the process in a group that shares the partitions.
    membership: Option<Arc<dyn Membership>>,
    shared: Arc<Shared>,
    counters: Arc<Counters>,
}

impl SourceIntake {
    pub fn new(source: &Source, branches: &[Branch<'_>], shared: Arc<Shared>, counters: Arc<Counters>) -> Result<Self> {
        let metadata = RecordMetadata::new(&source.record_metadata).ok_or_else(|| {
            Error::Internal(format!("table {} has metadata columns that no record has", source.table))
        })?;
        Ok(SourceIntake {
            metadata,
            decoder: decoder::of_source(source, &schemas_of)?,
            source: source.clone(),
            arena: Bump::new(),
            feeds: branches
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

    /// Waits for room, at most [`PATIENCE`].
    fn has_room(&mut self, partition: usize) -> bool {
        let crowded =
            |feeds: &[SinkIntake]| feeds.iter().any(|feed| feed.line.progress.is_crowded(feed.streams[partition]));
        self.until_crowd_check = self.until_crowd_check.wrapping_sub(1);
        let check_crowd = self.until_crowd_check.is_multiple_of(CROWD_CHECK);
        let budget = &self.shared.budget;
        if budget.has_room() && !(check_crowd && crowded(&self.feeds)) {
            return true;
        }
        self.hand_on();
        let budget = &self.shared.budget;
        // Once the reader has paused it only asks whether there is room again; between its questions it has other work.
        let patience = if self.paused { IMPATIENCE } else { PATIENCE };
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline && self.shared.stop.is_running() {
            if !budget.has_room() {
                self.feeds.iter().for_each(|feed| feed.line.dispatcher.hurry());
                budget.wait_for(Duration::from_millis(100), || budget.has_room());
            } else if crowded(&self.feeds) {
                self.shared.stop.wait(Phase::Draining, Duration::from_millis(10));
            } else {
                self.paused = false;
                return true;
            }
        }
        self.paused = true;
        // Looked at again with the next record, which is this one.
        self.until_crowd_check = 1;
        false
    }

    /// The lowest offset of each partition that isn't durable in all sinks.
    pub fn durable_positions(&self) -> Vec<(Arc<str>, i32, i64)> {
        let lowest = |partition: usize| {
            self.feeds.iter().filter_map(|feed| feed.line.progress.watermark(feed.streams[partition])).min()
        };
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
            self.hand_on();
            return Ok(Taken::Full);
        }
        let again = self.half_taken.take().filter(|half| (half.0, half.1) == (partition, record.offset));
        let first = again.map_or(0, |(_, _, feed)| feed);
        if again.is_none() {
            self.counters.records_read.add_alone(1);
            let bytes = record.value.map_or(0, <[u8]>::len) + record.key.map_or(0, <[u8]>::len);
            self.counters.bytes_read.add_alone(bytes as u64);
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
                    self.counters.fields_ignored.add_alone(decoded.fields_ignored);
                }
                let metadata = self.metadata.read(record, &self.arena);
                for (at, feed) in self.feeds.iter_mut().enumerate().skip(first) {
                    if feed.take(record, decoded.changes, metadata, partition, &self.arena)? == Taken::Full {
                        self.half_taken = Some((partition, record.offset, at));
                        self.feeds.iter_mut().for_each(SinkIntake::hand_on);
                        return Ok(Taken::Full);
                    }
                }
            }
            Err(rejection) => {
                for feed in self.feeds.iter_mut().skip(first) {
                    feed.reject(record, rejection.clone(), partition)?;
                }
            }
        }
        if panicked {
            self.decoder = decoder::of_source(&self.source, &schemas_of)?;
        }
        Ok(Taken::Yes)
    }

    fn hand_on(&mut self) {
        self.feeds.iter_mut().for_each(SinkIntake::hand_on);
    }

    /// Headers only go into dead letters and metadata columns.
    fn wants_headers(&self) -> bool {
        self.metadata.needs_headers() || self.feeds.iter().any(|feed| feed.keep_originals)
    }

    fn assigned(&mut self, topic: &Arc<str>, partition: i32, start: i64) {
        self.partitions.push((Arc::clone(topic), partition));
        for feed in &mut self.feeds {
            let stream = feed.line.add_stream(topic, partition, start);
            if let Some(membership) = &self.membership {
                feed.line.target.claim(stream, (topic, partition), membership);
            }
            feed.streams.push(stream);
        }
    }

    fn joined(&mut self, membership: Arc<dyn Membership>) {
        self.membership = Some(membership);
    }

    fn is_releasing(&mut self) -> bool {
        self.feeds.iter().any(|feed| feed.line.target.is_leaving())
    }

    fn released(&mut self, partitions: &[(Arc<str>, i32)], patience: Duration) -> Vec<(Arc<str>, i32, i64)> {
        self.hand_on();
        self.half_taken = None;
        let gone: Vec<usize> =
            (0..self.partitions.len()).filter(|&at| partitions.contains(&self.partitions[at])).collect();
        let is_settled = |feed: &SinkIntake| gone.iter().all(|&at| feed.line.progress.is_settled(feed.streams[at]));
        let deadline = Instant::now() + patience;
        while !self.feeds.iter().all(is_settled)
            && Instant::now() < deadline
            && self.shared.stop.phase() < Phase::Abandoning
        {
            self.feeds.iter().for_each(|feed| feed.line.dispatcher.hurry());
            self.shared.stop.wait(Phase::Abandoning, Duration::from_millis(5));
        }
        let mut watermarks = Vec::new();
        for at in gone.into_iter().rev() {
            let (topic, partition) = self.partitions.swap_remove(at);
            let ended = self.feeds.iter_mut().filter_map(|feed| feed.end_stream(at));
            if let Some(lowest) = ended.min() {
                watermarks.push((topic, partition, lowest));
            }
        }
        self.latest = 0;
        watermarks
    }

    fn passed(&mut self, topic: &Arc<str>, partition: i32, next: i64) {
        if let Ok(partition) = self.partition(topic, partition) {
            for feed in &self.feeds {
                feed.line.progress.passed(feed.streams[partition], next);
            }
        }
    }

    fn missed(&mut self, offsets: u64) {
        self.counters.records_missed.add_alone(offsets);
    }

    fn started_over(&mut self, topic: &Arc<str>, partition: i32, start: i64) {
        self.hand_on();
        if let Ok(at) = self.partition(topic, partition) {
            self.feeds.iter().for_each(|feed| feed.line.progress.start_over(feed.streams[at], start));
        }
    }

    fn watermarks(&mut self) -> Vec<(Arc<str>, i32, i64)> {
        self.durable_positions()
    }
}

/// A sink as its source sees it.
struct SinkIntake {
    line: Arc<Line>,
    prepare: Prepare,
    /// The schema version that `prepare` encodes for.
    schema_version: u16,
    options: EncodeOptions,
    keep_originals: bool,
    /// The stream number of each of the source's partitions.
    streams: Vec<u32>,
    /// Originals of the gathered rows' records, where they are kept.
    originals: Vec<u8>,
    gathered: Vec<Gathered>,
    /// A check of the table that is under way.
    looking: Option<Receiver<Result<()>>>,
}

/// An accepted row on its way into its shard; its bytes are in the buffers of the [`SinkIntake`].
struct Gathered {
    shard: usize,
    entry: RowEntry,
    row: Range<usize>,
    key: Range<usize>,
    original: Range<usize>,
}

impl SinkIntake {
    fn new(line: &Arc<Line>, mapping: &Mapping, source: &Source) -> Result<SinkIntake> {
        let options = mapping.sink.encode_options(source.vector_encoding);
        let (table, schema_version) = line.newest_table();
        Ok(SinkIntake {
            line: Arc::clone(line),
            prepare: Prepare::new(Selection::new(mapping), &table, options)?,
            schema_version,
            options,
            keep_originals: line.rejects.wants_originals(),
            streams: Vec::new(),
            originals: Vec::new(),
            gathered: Vec::new(),
            looking: None,
        })
    }

    /// Forgets one of the source's partitions. Rows that no writer has yet are another process's, which counts them.
    fn end_stream(&mut self, partition: usize) -> Option<i64> {
        let stream = self.streams.swap_remove(partition);
        // In this order, because rows that a writer leaves out must not move a watermark.
        let watermark = self.line.progress.end_stream(stream);
        self.line.target.leave(stream);
        let dropped = self.line.dispatcher.forget(stream);
        self.line.progress.forgotten(stream, dropped as u64);
        self.line.counters().rows_read.take_back_alone(dropped as u64);
        watermark
    }

    fn take<'a>(
        &mut self,
        record: &Record<'_>,
        changes: &'a [Change<'a>],
        metadata: &'a [Value<'a>],
        partition: usize,
        arena: &'a Bump,
    ) -> Result<Taken> {
        if self.schema_version != self.line.target.schema_version_number() {
            self.follow()?;
        }
        if let Err(bug) = guarded(Stage::Encode, || self.prepare.record(changes, metadata, arena)) {
            return self.reject_for_a_bug(record, bug, partition);
        }
        if self.prepare.is_refused_as_encoded() {
            if !self.has_looked()? {
                return Ok(Taken::Full);
            }
            if self.schema_version != self.line.target.schema_version_number() {
                self.follow()?;
                if let Err(bug) = guarded(Stage::Encode, || self.prepare.record(changes, metadata, arena)) {
                    return self.reject_for_a_bug(record, bug, partition);
                }
            }
        }
        let Prepare { rows, keys, entries, dropped, .. } = &mut self.prepare;
        let counters = self.line.counters();
        if *dropped > 0 {
            counters.rows_read.add_alone(*dropped);
            counters.rows_ignored.add(*dropped);
        }
        let stream = self.streams[partition];
        if entries.is_empty() {
            self.line.progress.passed(stream, record.offset + 1);
            return Ok(Taken::Yes);
        }
        let start = self.originals.len();
        if self.keep_originals {
            record.store_original(&mut self.originals);
        }
        let original = start..self.originals.len();
        counters.rows_read.add_alone(entries.len() as u64);
        let ticket = self.line.progress.accept(stream, record.offset, entries.len() as u32);
        for entry in entries.drain(..) {
            let PreparedEntry { op, format, row, key } = match entry {
                Ok(entry) => entry,
                Err(rejection) => {
                    settle_rejection(&self.line, record, rejection, &self.originals[original.clone()], stream, ticket)?;
                    continue;
                }
            };
            let key_hash = if key.is_empty() { 0 } else { key_hash(&keys[key.clone()]) };
            let entry = RowEntry {
                stream,
                format,
                op,
                schema_version: self.schema_version,
                row_len: row.len() as u32,
                key_len: key.len() as u32,
                original_len: original.len() as u32,
                key_hash,
                offset: record.offset,
                ticket,
                produced_ms: record.timestamp_ms.unwrap_or(0),
            };
            let shard = self.line.layout.shard_of_row(key_hash, record.offset);
            self.gathered.push(Gathered { shard, entry, row, key, original: original.clone() });
        }
        if self.gathered.len() >= GATHERED_ROWS || rows.len() + self.originals.len() >= GATHERED_BYTES {
            self.hand_on();
        }
        Ok(Taken::Yes)
    }

    /// Checks the table, if that is due, before a row is refused because of it. The reader must not wait for the database: a
    /// look that takes long goes on in its thread, and the record is offered again.
    #[cold]
    fn has_looked(&mut self) -> Result<bool> {
        let looking = match self.looking.take() {
            Some(looking) => looking,
            None if !self.line.target.is_look_due() => return Ok(true),
            None => {
                let (sender, looking) = bounded(1);
                let line = Arc::clone(&self.line);
                // Nobody may wait for it any more.
                let look = move || drop(sender.send(line.target.look()));
                let thread = threads::spawn("look", look);
                thread.map_err(|error| threads::refused("to look at the table", &error))?;
                looking
            }
        };
        match looking.recv_timeout(LOOK_PATIENCE) {
            Ok(looked) => looked.map(|()| true),
            Err(RecvTimeoutError::Timeout) => {
                self.looking = Some(looking);
                Ok(false)
            }
            Err(RecvTimeoutError::Disconnected) => Err(Error::Internal("a look at the table panicked".into())),
        }
    }

    /// The table was altered: from here on rows are encoded as it takes them now.
    #[cold]
    fn follow(&mut self) -> Result<()> {
        self.hand_on();
        let (table, schema_version) = self.line.newest_table();
        self.prepare = Prepare::new(self.prepare.selection.clone(), &table, self.options)?;
        self.schema_version = schema_version;
        Ok(())
    }

    /// Puts the gathered rows into their shards.
    fn hand_on(&mut self) {
        if !self.gathered.is_empty() {
            let Prepare { rows, keys, .. } = &self.prepare;
            let row = |gathered: &Gathered| {
                let (row, key) = (&rows[gathered.row.clone()], &keys[gathered.key.clone()]);
                let original = &self.originals[gathered.original.clone()];
                (gathered.shard, QueuedRow { entry: gathered.entry, row, key, original })
            };
            if self.line.dispatcher.push_all(self.gathered.iter().map(row)) {
                self.line.start_writer();
            }
        }
        self.gathered.clear();
        self.prepare.clear();
        self.originals.clear();
        self.prepare.trim(KEPT_BYTES);
        if self.originals.capacity() > KEPT_BYTES {
            self.originals = Vec::new();
        }
    }

    /// The encoder panicked: its buffers are replaced.
    #[cold]
    fn reject_for_a_bug(&mut self, record: &Record<'_>, bug: Rejection, partition: usize) -> Result<Taken> {
        self.follow()?;
        self.reject(record, bug, partition)?;
        Ok(Taken::Yes)
    }

    /// The whole record is refused; it counts as one row.
    fn reject(&mut self, record: &Record<'_>, rejection: Rejection, partition: usize) -> Result<()> {
        let stream = self.streams[partition];
        let start = self.originals.len();
        if self.keep_originals {
            record.store_original(&mut self.originals);
        }
        self.line.counters().rows_read.add_alone(1);
        let ticket = self.line.progress.accept(stream, record.offset, 1);
        settle_rejection(&self.line, record, rejection, &self.originals[start..], stream, ticket)
    }
}

fn settle_rejection(
    line: &Arc<Line>,
    record: &Record<'_>,
    rejection: Rejection,
    original: &[u8],
    stream: u32,
    ticket: u64,
) -> Result<()> {
    let position = record.position();
    if line.settings.exception_mode == ExceptionMode::Strict {
        return Err(Error::Strict { position, rejection, mode: "exceptionmode" });
    }
    line.rejects.submit(line, RejectedRecord { position, original: original.to_vec(), rejection, stream, ticket });
    Ok(())
}
