//! Many rows at once.

use std::ops::Range;
use std::time::{Duration, Instant};

use bumpalo::Bump;

use super::core::{LARGE, Room, Until};
use super::error::{BatchError, PushError};
use super::push_buffer::PushBuffer;
use super::{Push, Sink, Wait};
use crate::batch::Op;
use crate::error::{Rejection, Stage};
use crate::host::Columns;
use crate::settings::ExceptionMode;
use crate::types::value::Value;

/// Encoded bytes that are put into shards under one lock: many enough that the lock costs little, and few enough that other
/// threads hardly wait.
const CHUNK: usize = 32 << 10;
const CHUNK_ROWS: usize = 1024;
/// While there is room, a batch with [`Wait::No`] is worked on for this long at most.
const AT_ONCE: Duration = Duration::from_millis(500);

/// A batch that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pushed {
    /// The numbers of its first and of its last row. If no other thread pushes into the sink at the same time, all numbers between
    /// them belong to the batch. `None`: the batch has no rows.
    pub numbers: Option<(u64, u64)>,
    /// How many rows were accepted.
    pub rows: usize,
    /// How many of the accepted rows can't be stored. [`SinkBuilder::on_rejected`](super::SinkBuilder::on_rejected) is called for
    /// each.
    pub rejected: usize,
}

impl Sink {
    /// Pushes the rows of a batch, in their order, and waits while there is no room. Nothing is copied before it is encoded.
    ///
    /// A row that can't be stored doesn't stop the batch: it is accepted, gets a number and is rejected. With
    /// [`ExceptionMode::Strict`] the batch ends before such a row instead, with [`PushError::Rejected`].
    pub fn push_batch(&self, batch: &Columns<'_>) -> Result<Pushed, BatchError> {
        self.push_batch_with(batch, Push::default())
    }

    /// Like [`Sink::push_batch`], with the host's own numbers (one for each row, from [`Push::sequence`] on) or with a time-out. With
    /// [`Wait::No`] the call takes half a second at most. When there is no more room, the rows that were accepted before stay
    /// accepted. Push the others with [`Columns::slice`] from [`BatchError::accepted`] on.
    pub fn push_batch_with(&self, batch: &Columns<'_>, push: Push) -> Result<Pushed, BatchError> {
        let mut progress = Pushed { numbers: None, rows: 0, rejected: 0 };
        let outcome = self.push_chunks(batch, push, &mut progress);
        match outcome {
            Ok(()) => Ok(progress),
            Err(error) => Err(BatchError {
                error,
                accepted: progress.rows,
                first: progress.numbers.map(|(first, _)| first),
                last: progress.numbers.map(|(_, last)| last),
                rejected: progress.rejected,
            }),
        }
    }

    fn push_chunks(&self, batch: &Columns<'_>, push: Push, progress: &mut Pushed) -> Result<(), PushError> {
        let rows = batch.rows().map_err(PushError::Shape)?;
        let order = batch.order(self.columns()).map_err(PushError::Shape)?;
        let until = push.wait.begin();
        let over = Over::after(push.wait);
        self.core.check_alive()?;
        self.core.check_numbered(push.sequence)?;
        progress.rows = self.core.drop_below_position(push.sequence, rows);
        if let Some(first) = push.sequence.filter(|_| progress.rows > 0) {
            progress.numbers = Some((first, first + progress.rows as u64 - 1));
        }
        let mut buffer = self.core.push_buffer()?;
        let outcome = (|| {
            while progress.rows < rows {
                if progress.rows > 0 {
                    over.check()?;
                }
                buffer.clear();
                let (room, ends) = self.fill(batch, &order, progress.rows..rows, until, &mut buffer);
                if buffer.len() > 0 {
                    self.accept_chunk(&mut buffer, room, push, until, progress)?;
                    buffer.trim();
                }
                ends?;
            }
            Ok(())
        })();
        self.core.keep_push_buffer(buffer);
        outcome
    }

    /// Encodes rows until they fill a chunk. A large row is a chunk of its own, and the returned [`Room`] is charged for it. `Err`:
    /// the batch ends before the next row.
    fn fill(
        &self,
        batch: &Columns<'_>,
        order: &[usize],
        rows: Range<usize>,
        until: Until,
        buffer: &mut PushBuffer,
    ) -> (Option<Room<'_>>, Result<(), PushError>) {
        let arena = Bump::new();
        let mut values: Vec<Value<'_>> = Vec::with_capacity(order.len());
        let mut room = None;
        for row in rows {
            if buffer.bytes() >= CHUNK || buffer.len() >= CHUNK_ROWS {
                break;
            }
            values.clear();
            let mut unreadable = None;
            for (at, column) in order.iter().enumerate() {
                values.push(batch.value(*column, row, &arena).unwrap_or_else(|reason| {
                    unreadable = Some(Rejection::in_column(Stage::Encode, &self.columns[at], reason));
                    Value::Null
                }));
            }
            let bytes = PushBuffer::estimate(&values);
            if bytes >= LARGE {
                if buffer.len() > 0 {
                    break;
                }
                match self.core.wait_for_room(bytes, until) {
                    Ok(granted) => room = Some(granted),
                    Err(error) => return (None, Err(error)),
                }
                if let Err(error) = buffer.reserve(Op::Insert, &values) {
                    return (None, Err(error));
                }
            }
            let rejected = match unreadable {
                None => buffer.add(Op::Insert, &values).err(),
                some => some,
            };
            match rejected {
                None => {}
                Some(rejection) if self.core.line.settings.exception_mode == ExceptionMode::Strict => {
                    return (None, Err(PushError::Rejected(rejection)));
                }
                Some(rejection) => buffer.add_rejected(Op::Insert, &values, rejection),
            }
            if room.is_some() {
                break;
            }
        }
        (room, Ok(()))
    }

    fn accept_chunk(
        &self,
        buffer: &mut PushBuffer,
        room: Option<Room<'_>>,
        push: Push,
        until: Until,
        progress: &mut Pushed,
    ) -> Result<(), PushError> {
        let room = match room {
            Some(room) => room,
            None => self.core.wait_for_room(0, until)?,
        };
        let rows = buffer.len();
        let sequence = push.sequence.map(|first| first.saturating_add(progress.rows as u64));
        let first = self.core.accept(buffer, room, sequence, until)?;
        let last = first + rows as u64 - 1;
        progress.numbers = Some((progress.numbers.map_or(first, |(first, _)| first), last));
        progress.rows += rows;
        progress.rejected += buffer.rejected_rows();
        Ok(())
    }
}

/// The time at which a long batch ends, even if there is room for all of its rows.
struct Over {
    at: Option<Instant>,
    error: PushError,
}

impl Over {
    fn after(wait: Wait) -> Over {
        let (longest, error) = match wait {
            Wait::Forever => (None, PushError::TimedOut),
            Wait::No => (Some(AT_ONCE), PushError::WouldBlock),
            Wait::AtMost(longest) => (Some(longest), PushError::TimedOut),
        };
        Over { at: longest.and_then(|longest| Instant::now().checked_add(longest)), error }
    }

    fn check(&self) -> Result<(), PushError> {
        match self.at {
            Some(at) if Instant::now() >= at => Err(self.error.clone()),
            _ => Ok(()),
        }
    }
}
