//! What becomes of a batch's rows once the database has answered.

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::claimed::ClaimedRejects;
use super::rejects::{self, RejectedRecord, Rejects};
use super::schema_refresh;
use super::state::LineState;
use crate::batch::{Batch, Chunk, RowEntry};
use crate::dispatch::Spent;
use crate::error::{Error, Rejection, Result};
use crate::postgres::{DeadLetterChanges, SchemaVersion, Settle, Written};
use crate::settings::ExceptionMode;

pub struct Settlement<'a> {
    line: &'a LineState,
    rejects: &'a Rejects,
    batch: &'a Batch,
    /// Number of the first row of each chunk.
    starts: Vec<usize>,
    /// Dead letters that are written in the open transaction.
    along: Vec<RejectedRecord>,
    /// How long the server worked on the rows.
    rows_took: Duration,
    /// The server has cancelled an attempt because it took too long.
    was_cancelled: bool,
    /// With exactly-once: the batch's own rejected records.
    claimed: Option<ClaimedRejects>,
}

impl<'a> Settlement<'a> {
    pub fn new(line: &'a LineState, rejects: &'a Rejects, batch: &'a Batch) -> Self {
        let starts = batch.chunks.iter().scan(0, |next, chunk| {
            let start = *next;
            *next += chunk.entries.len();
            Some(start)
        });
        let claimed = line.target.ledger.is_on().then(|| ClaimedRejects::of(batch));
        Settlement {
            line,
            rejects,
            batch,
            starts: starts.collect(),
            along: Vec::new(),
            rows_took: Duration::ZERO,
            was_cancelled: false,
            claimed,
        }
    }

    /// What the batch cost that has taken so long. The server's work on rows counts as far as they were not written row by row.
    pub fn spent(&self, whole: Duration) -> Spent {
        Spent { whole, rows: self.rows_took, was_cancelled: self.was_cancelled }
    }

    /// The chunk that holds a row, and the row's place in it.
    fn place(&self, row: usize) -> (usize, usize) {
        let chunk = self.starts.partition_point(|start| *start <= row).saturating_sub(1);
        (chunk, row - self.starts.get(chunk).copied().unwrap_or(row))
    }

    fn entries(&self, rows: Range<usize>) -> impl Iterator<Item = &RowEntry> {
        let (chunk, at) = self.place(rows.start);
        let entries = self.batch.chunks.iter().skip(chunk).flat_map(|chunk| &chunk.entries);
        entries.skip(at).take(rows.len())
    }

    fn original(&self, row: usize) -> Option<&[u8]> {
        let (chunk, at) = self.place(row);
        let Chunk { entries, originals, .. } = self.batch.chunks.get(chunk)?;
        let start: usize = entries.get(..at)?.iter().map(|entry| entry.original_len as usize).sum();
        originals.get(start..start + entries.get(at)?.original_len as usize)
    }
}

impl Settlement<'_> {
    /// With exactly-once: the dead letters of the rows that the transaction claims. Those for a file or a topic are stored now.
    fn dead_letters_of_claimed(&mut self, rows: Range<usize>, is_claimed: &dyn Fn(u32) -> bool) -> DeadLetterChanges {
        let Some(claimed) = &self.claimed else { return DeadLetterChanges::default() };
        let mut along = Vec::new();
        for (row, rejection) in claimed.among(rows.clone()) {
            let Some(entry) = self.entries(row..row + 1).next().filter(|entry| is_claimed(entry.stream)) else {
                continue;
            };
            let original = self.original(row).unwrap_or_default().to_vec();
            let (position, rejection) = (self.line.position(entry.stream, entry.offset), rejection.clone());
            let (stream, ticket) = (entry.stream, entry.ticket);
            self.line.replayed.rejected((stream, ticket));
            along.push((row, RejectedRecord { position, original, rejection, stream, ticket }));
        }
        let Some(claimed) = &mut self.claimed else { return DeadLetterChanges::default() };
        let new: Vec<&RejectedRecord> =
            along.iter().filter(|(row, _)| !claimed.mark_stored(*row)).map(|(_, record)| record).collect();
        let all: Vec<&RejectedRecord> = along.iter().map(|(_, record)| record).collect();
        let stored = self.rejects.store_for_claim(self.line, &all, &new);
        claimed.along = along.into_iter().map(|(_, record)| record).collect();
        match stored {
            Ok(added) => {
                let claimed = |entry: &&RowEntry| is_claimed(entry.stream);
                let entries = || self.entries(rows.clone()).filter(claimed).map(|entry| (entry.stream, entry.ticket));
                let (progress, own) = (&self.line.progress, &self.line.replayed);
                let (replayed, written) = (own.to_delete(progress, entries()), own.written(progress, entries()));
                DeadLetterChanges { added, replayed, written, refused: None }
            }
            Err(error) => {
                let refused = Some(error.to_string());
                self.line.shared.fail(error);
                DeadLetterChanges { refused, ..DeadLetterChanges::default() }
            }
        }
    }
}

impl Settle for Settlement<'_> {
    fn durable(&mut self, rows: Range<usize>, written: Written) {
        let counters = self.line.counters();
        if written.inserted + written.deleted > 0 {
            counters.batches.add(1);
        }
        counters.rows_written.add(written.inserted);
        counters.rows_deleted.add(written.deleted);
        counters.rows_ignored.add(written.ignored);
        counters.rows_unchanged.add(written.unchanged);
        counters.rows_superseded.add(written.superseded);
        if written != Written::default() {
            let produced = self.entries(rows.clone()).map(|entry| entry.produced_ms).filter(|&at| at > 0).min();
            if let (Some(oldest), Ok(now)) = (produced, SystemTime::now().duration_since(UNIX_EPOCH)) {
                self.line.note_freshness((now.as_millis() as i64 - oldest).max(0) as u64);
            }
        }
        self.line.settle(self.entries(rows).map(|entry| (entry.stream, entry.ticket)));
    }

    fn rejected(&mut self, row: usize, rejection: Rejection) -> Result<()> {
        let Some(&entry) = self.entries(row..row + 1).next() else {
            return Err(Error::Internal(format!("row {row} is not in its batch of {}", self.batch.len())));
        };
        let position = self.line.position(entry.stream, entry.offset);
        if self.line.settings.exception_mode == ExceptionMode::Strict {
            return Err(Error::Strict { position, rejection, mode: "exceptionmode" });
        }
        if let Some(claimed) = &mut self.claimed {
            claimed.add(row, rejection);
            return Ok(());
        }
        let original = self.original(row).unwrap_or_default().to_vec();
        let dead_letter = RejectedRecord { position, original, rejection, stream: entry.stream, ticket: entry.ticket };
        self.rejects.submit(self.line, dead_letter);
        Ok(())
    }

    fn rows_took(&mut self, time: Duration) {
        self.rows_took += time;
    }

    fn cancelled(&mut self) {
        self.was_cancelled = true;
    }

    fn left_out(&mut self, rows: usize) {
        self.line.note_left_out(rows as u64);
    }

    fn conflict(&mut self, row: Option<usize>, rejection: Rejection) -> Error {
        match row.and_then(|row| self.entries(row..row + 1).next()) {
            Some(entry) => {
                let position = self.line.position(entry.stream, entry.offset);
                Error::Strict { position, rejection, mode: "conflictmode" }
            }
            None => {
                let sqlstate = rejection.sqlstate.clone();
                let message = format!(
                    "{}: {rejection}; {} because conflictmode is 'strict'; the row's transaction was not committed",
                    self.line.name(),
                    self.line.settings.origin.ends()
                );
                Error::Target { message, sqlstate, passing: false }
            }
        }
    }

    fn retried(&mut self) {
        self.line.counters().retries.add(1);
    }

    fn encoded_again(&mut self, batch: &Batch, schema_version: &SchemaVersion) -> Option<Batch> {
        schema_refresh::encoded_again(self.line, batch, schema_version)
    }

    fn dead_letters(
        &mut self,
        rows: Range<usize>,
        all_or_none: bool,
        is_claimed: &dyn Fn(u32) -> bool,
    ) -> DeadLetterChanges {
        if self.claimed.is_some() {
            return self.dead_letters_of_claimed(rows, is_claimed);
        }
        let taken = self.rejects.take_along();
        // If an original can't be unpacked, the thread of the dead letters reports that.
        let added = match rejects::unpacked(&taken, self.line.name()) {
            Ok(added) => added,
            Err(_) => {
                self.rejects.returned(taken);
                return DeadLetterChanges::default();
            }
        };
        self.along = taken;
        let along = self.along.iter().map(|dead_letter| (dead_letter.stream, dead_letter.ticket));
        // A row that may be refused in the transaction keeps its dead letter until it has another one.
        let rows = if all_or_none { rows } else { rows.start..rows.start };
        let entries = self.entries(rows).map(|entry| (entry.stream, entry.ticket)).chain(along);
        let replayed = self.line.replayed.to_delete(&self.line.progress, entries);
        DeadLetterChanges { added, replayed, ..DeadLetterChanges::default() }
    }

    fn dead_letters_ended(&mut self, changes: DeadLetterChanges, committed: bool) {
        if let Some(claimed) = &mut self.claimed {
            let along = std::mem::take(&mut claimed.along);
            if committed {
                self.rejects.claimed(self.line, &along);
                self.line.replayed.gone(&changes.replayed, &changes.written);
            }
            return;
        }
        let along = std::mem::take(&mut self.along);
        if committed {
            self.rejects.settled(self.line, &along);
            self.line.replayed.gone(&changes.replayed, &changes.written);
        } else {
            self.rejects.returned(along);
        }
    }
}
