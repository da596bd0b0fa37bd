//! A sink's part of a record's way: select, encode, and push into the shards.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use bumpalo::Bump;

use super::guard::guarded;
use super::prepare::{Prepare, PreparedEntry};
use crate::batch::{Op, RowEntry, RowFormat};
use crate::change::Change;
use crate::dispatch::{QueuedRow, key_hash};
use crate::error::{Error, Rejection, Result, Stage};
use crate::job::selection::Selection;
use crate::job::settings::mapping::Mapping;
use crate::job::settings::source::Source;
use crate::kafka::Taken;
use crate::membership::Membership;
use crate::pipeline::line::Line;
use crate::pipeline::line::rejects::RejectedRecord;
use crate::progress::ledger::ShardPositions;
use crate::record::Record;
use crate::settings::ExceptionMode;
use crate::threads;
use crate::types::encode::EncodeOptions;
use crate::types::value::Value;

/// How long the reader waits for a schema check. Most checks take less. If one takes longer, the reader pauses the partitions, and what
/// was fetched is thrown away.
const CHECK_WAIT: Duration = Duration::from_millis(100);
/// Rows gathered before they are put into their shards, under one lock: for short rows the lock was a fifth of the reader's
/// time. Few enough to stay in the nearest cache.
const GATHERED_ROWS: usize = 64;
const GATHERED_BYTES: usize = 16 << 10;
/// The memory that a buffer keeps for the next records. More than that, taken for a huge record, is freed.
pub const KEPT_BYTES: usize = 4 << 20;

/// A sink as its source sees it.
pub struct SinkIntake {
    line: Arc<Line>,
    prepare: Prepare,
    /// The schema version that `prepare` encodes for.
    schema_version: u16,
    options: EncodeOptions,
    keep_originals: bool,
    /// The stream number of each of the source's partitions.
    streams: Vec<u32>,
    /// With exactly-once: for each of them, how far its shards were written before.
    written: Vec<Option<Box<ShardPositions>>>,
    /// Empty between two records: its memory is used again.
    kept: Vec<std::result::Result<PreparedEntry, Rejection>>,
    /// Originals of the gathered rows' records, where they are kept.
    originals: Vec<u8>,
    gathered: Vec<Gathered>,
    /// A check of the table that is under way.
    schema_check: Option<Receiver<Result<()>>>,
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
    pub fn new(line: &Arc<Line>, mapping: &Mapping, source: &Source) -> Result<SinkIntake> {
        let options = mapping.sink.encode_options(source.vector_encoding);
        let (table, schema_version) = line.newest_table();
        Ok(SinkIntake {
            line: Arc::clone(line),
            prepare: Prepare::new(Selection::new(mapping), &table, options, line.target.ledger.is_on())?,
            schema_version,
            options,
            keep_originals: line.rejects.wants_originals(),
            streams: Vec::new(),
            written: Vec::new(),
            kept: Vec::new(),
            originals: Vec::new(),
            gathered: Vec::new(),
            schema_check: None,
        })
    }

    /// One of the source's partitions is about to be read from `start`.
    pub fn begin_stream(
        &mut self,
        topic: &Arc<str>,
        partition: i32,
        start: i64,
        membership: Option<&Arc<dyn Membership>>,
    ) {
        let stream = self.line.add_stream(topic, partition, start);
        self.written.push(self.line.own_in_ledger(stream, topic, partition).map(Box::new));
        if let Some(membership) = membership {
            match self.is_exactly_once() {
                true => self.line.target.ledger.streams.share(),
                false => self.line.target.owners.assign(stream, (topic, partition), membership),
            }
        }
        self.streams.push(stream);
    }

    /// Forgets one of the source's partitions. Its rows that no writer has taken are dropped, and this process doesn't count them: the
    /// partition's next owner reads and counts them.
    pub fn end_stream(&mut self, partition: usize) -> Option<i64> {
        let stream = self.streams.swap_remove(partition);
        self.written.swap_remove(partition);
        let stored = self.line.target.ledger.streams.low(stream);
        self.line.target.ledger.streams.leave(stream);
        // In this order, because rows that a writer leaves out must not move a watermark.
        let watermark = self.line.progress.end_stream(stream);
        let watermark = if self.is_exactly_once() { stored } else { watermark };
        self.line.target.owners.leave(stream);
        let dropped = self.line.dispatcher.forget(stream);
        self.line.progress.forgotten(stream, dropped as u64);
        self.line.counters().rows_read.subtract_as_only_writer(dropped as u64);
        watermark
    }

    /// Whether the partition has run too far ahead of its watermark.
    pub fn is_crowded(&self, partition: usize) -> bool {
        self.line.progress.is_crowded(self.streams[partition])
    }

    /// The lowest offset of the partition that isn't durable.
    pub fn watermark(&self, partition: usize) -> Option<i64> {
        self.line.stored_watermark(self.streams[partition])
    }

    /// Whether all of the partition's rows are durable, and with exactly-once the ledger says so, too. To be asked again and again.
    pub fn is_settled(&self, partition: usize) -> bool {
        let stream = self.streams[partition];
        if !self.line.progress.is_settled(stream) {
            return false;
        }
        // A stream that another process has taken over has no `low` here.
        let is_stored = self
            .line
            .target
            .ledger
            .streams
            .low(stream)
            .is_none_or(|low| Some(low) >= self.line.progress.watermark(stream));
        if !is_stored {
            self.line.store_low();
        }
        is_stored
    }

    /// The partitions that another process has taken over in the ledger since the last call.
    pub fn fenced(&self) -> Vec<usize> {
        let fenced = self.line.target.ledger.streams.take_fenced();
        fenced.into_iter().filter_map(|stream| self.streams.iter().position(|own| *own == stream)).collect()
    }

    pub fn passed(&self, partition: usize, next: i64) {
        self.line.progress.passed(self.streams[partition], next);
    }

    pub fn start_over(&self, partition: usize, start: i64) {
        self.line.progress.start_over(self.streams[partition], start);
    }

    /// Whether a transaction is open that has rows of partitions that were given up.
    pub fn is_releasing(&self) -> bool {
        self.line.target.owners.is_leaving()
    }

    /// Lets the waiting rows be written without delay, because memory is needed.
    pub fn hurry(&self) {
        self.line.dispatcher.hurry();
    }

    /// Whether dead letters carry their records.
    pub fn keeps_originals(&self) -> bool {
        self.keep_originals
    }

    /// Accepts the rows of a record and encodes them. `Full`: it can't be decided yet; the record is offered again.
    pub fn take<'a>(
        &mut self,
        record: &Record<'_>,
        changes: &'a [Change<'a>],
        metadata: &'a [Value<'a>],
        partition: usize,
        arena: &'a Bump,
    ) -> Result<Taken> {
        if self.schema_version != self.line.target.schema.number() {
            self.follow()?;
        }
        if let Err(bug) = guarded(Stage::Encode, || self.prepare.record(changes, metadata, arena)) {
            return self.reject_for_a_bug(record, bug, partition);
        }
        if self.prepare.has_encode_rejection() {
            if !self.is_schema_checked()? {
                return Ok(Taken::Full);
            }
            if self.schema_version != self.line.target.schema.number() {
                self.follow()?;
                if let Err(bug) = guarded(Stage::Encode, || self.prepare.record(changes, metadata, arena)) {
                    return self.reject_for_a_bug(record, bug, partition);
                }
            }
        }
        if self.is_exactly_once() {
            self.enter_rejections(record, partition)?;
        }
        let Prepare { rows, keys, entries, dropped, .. } = &mut self.prepare;
        let counters = self.line.counters();
        if *dropped > 0 {
            counters.rows_read.add_as_only_writer(*dropped);
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
        counters.rows_read.add_as_only_writer(entries.len() as u64);
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
            let shard = self.line.layout.shard_of_entry(op, !key.is_empty(), key_hash, record.offset);
            self.gathered.push(Gathered { shard, entry, row, key, original: original.clone() });
        }
        if self.gathered.len() >= GATHERED_ROWS || rows.len() + self.originals.len() >= GATHERED_BYTES {
            self.push_gathered();
        }
        Ok(Taken::Yes)
    }

    fn is_exactly_once(&self) -> bool {
        self.line.target.ledger.is_on()
    }

    /// With exactly-once rejections are entries of their shards. Entries that their shard has already are dropped: the record was
    /// read again because another shard doesn't have it.
    fn enter_rejections(&mut self, record: &Record<'_>, partition: usize) -> Result<()> {
        let written = self.written[partition].as_deref().filter(|written| record.offset < written.end());
        if written.is_none() && self.prepare.refused_keys.is_empty() {
            return Ok(());
        }
        let layout = self.line.layout;
        let Prepare { rows, keys, entries, refused_keys, .. } = &mut self.prepare;
        let mut refused_keys = refused_keys.drain(..);
        for entry in entries.drain(..) {
            let (op, key) = match &entry {
                Ok(entry) => (entry.op, entry.key.clone()),
                Err(_) => (Op::Reject, refused_keys.next().unwrap_or_default()),
            };
            let key_hash = if key.is_empty() { 0 } else { key_hash(&keys[key.clone()]) };
            let shard = layout.shard_of_entry(op, !key.is_empty(), key_hash, record.offset);
            if written.is_some_and(|written| written.has(shard, record.offset)) {
                continue;
            }
            self.kept.push(Ok(match entry {
                Ok(entry) => entry,
                Err(rejection) if self.line.settings.exception_mode == ExceptionMode::Strict => {
                    self.kept.clear();
                    return Err(Error::Strict { position: record.position(), rejection, mode: "exceptionmode" });
                }
                Err(rejection) => {
                    let start = rows.len();
                    rejection.store(rows);
                    PreparedEntry { op, format: RowFormat::Text, row: start..rows.len(), key }
                }
            }));
        }
        drop(refused_keys);
        std::mem::swap(entries, &mut self.kept);
        Ok(())
    }

    /// Checks the schema, if that is due, before a row is refused. The reader must not wait long for the database: a check
    /// that takes long goes on in its thread, and the record is offered again.
    #[cold]
    fn is_schema_checked(&mut self) -> Result<bool> {
        let answer = match self.schema_check.take() {
            Some(answer) => answer,
            None if !self.line.target.schema.is_check_due() => return Ok(true),
            None => {
                let (sender, answer) = sync_channel(1);
                let line = Arc::clone(&self.line);
                // Sending fails if nobody waits for the answer any more.
                let check = move || drop(sender.send(line.target.schema.check()));
                let thread = threads::spawn("check-table", check);
                thread.map_err(|error| threads::refused("to check the table", &error))?;
                answer
            }
        };
        match answer.recv_timeout(CHECK_WAIT) {
            Ok(checked) => checked.map(|()| true),
            Err(RecvTimeoutError::Timeout) => {
                self.schema_check = Some(answer);
                Ok(false)
            }
            Err(RecvTimeoutError::Disconnected) => Err(Error::Internal("the schema check panicked".into())),
        }
    }

    /// The table was altered: from here on rows are encoded for its newest schema version.
    #[cold]
    fn follow(&mut self) -> Result<()> {
        self.push_gathered();
        let (table, schema_version) = self.line.newest_table();
        self.prepare = Prepare::new(self.prepare.selection.clone(), &table, self.options, self.is_exactly_once())?;
        self.schema_version = schema_version;
        Ok(())
    }

    /// Puts the gathered rows into their shards.
    pub fn push_gathered(&mut self) {
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

    /// Rejects the whole record. It counts as one row.
    pub fn reject(&mut self, record: &Record<'_>, rejection: Rejection, partition: usize) -> Result<()> {
        let stream = self.streams[partition];
        if self.is_exactly_once() {
            return self.enter_rejected(record, &rejection, partition);
        }
        let start = self.originals.len();
        if self.keep_originals {
            record.store_original(&mut self.originals);
        }
        self.line.counters().rows_read.add_as_only_writer(1);
        let ticket = self.line.progress.accept(stream, record.offset, 1);
        settle_rejection(&self.line, record, rejection, &self.originals[start..], stream, ticket)
    }

    /// With exactly-once a rejected record is an entry.
    fn enter_rejected(&mut self, record: &Record<'_>, rejection: &Rejection, partition: usize) -> Result<()> {
        let stream = self.streams[partition];
        let shard = self.line.layout.shard_of_rejected(record.offset);
        if self.written[partition].as_ref().is_some_and(|written| written.has(shard, record.offset)) {
            self.line.progress.passed(stream, record.offset + 1);
            return Ok(());
        }
        if self.line.settings.exception_mode == ExceptionMode::Strict {
            let (position, rejection) = (record.position(), rejection.clone());
            return Err(Error::Strict { position, rejection, mode: "exceptionmode" });
        }
        let start = self.originals.len();
        if self.keep_originals {
            record.store_original(&mut self.originals);
        }
        let original = start..self.originals.len();
        let start = self.prepare.rows.len();
        rejection.store(&mut self.prepare.rows);
        let row = start..self.prepare.rows.len();
        self.line.counters().rows_read.add_as_only_writer(1);
        let ticket = self.line.progress.accept(stream, record.offset, 1);
        let entry = RowEntry {
            stream,
            format: RowFormat::Text,
            op: Op::Reject,
            schema_version: self.schema_version,
            row_len: row.len() as u32,
            key_len: 0,
            original_len: original.len() as u32,
            key_hash: 0,
            offset: record.offset,
            ticket,
            produced_ms: record.timestamp_ms.unwrap_or(0),
        };
        self.gathered.push(Gathered { shard, entry, row, key: 0..0, original });
        if self.gathered.len() >= GATHERED_ROWS {
            self.push_gathered();
        }
        Ok(())
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
