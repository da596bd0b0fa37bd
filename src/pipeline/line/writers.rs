//! A sink's writer threads. One is started when rows wait and no writer is idle. A writer stays until the sink ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::rejects::Rejects;
use super::settlement::Settlement;
use super::state::LineState;
use crate::dispatch::{Dispatcher, OwnQueues, TakenBatch};
use crate::error::{Error, Result};
use crate::pipeline::{is_over, memory};
use crate::stop::{Phase, Stop};
use crate::threads;

/// Each time the writers have freed this part of the budget's bytes (a sixteenth) in large rows, the allocator is told to return its
/// free memory. Otherwise it keeps, for each of the host's threads, as much as that thread once used.
const FREED_SHARE: usize = 16;

#[derive(Default)]
pub struct Writers {
    count: Mutex<usize>,
    ended: Condvar,
}

impl Writers {
    /// Starts one more writer unless there are as many as the pool and the server allow.
    pub fn start(self: &Arc<Self>, line: &Arc<LineState>, rejects: &Arc<Rejects>) {
        let mut count = self.count.lock();
        if *count >= line.target.connection_limit() as usize {
            return;
        }
        let (writers, own, rejects) = (Arc::clone(self), Arc::clone(line), Arc::clone(rejects));
        let body = move || {
            let worked =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| writers.write_batches(&own, &rejects)));
            let outcome =
                worked.unwrap_or_else(|_| Err(Error::Internal(format!("a writer of {} panicked", own.name()))));
            if let Err(error) = outcome {
                own.abandon();
                own.shared.fail(error);
            }
            writers.leave();
        };
        line.dispatcher.expect_writer();
        if let Err(error) = threads::spawn(format!("write {count}"), body) {
            line.dispatcher.miss_writer();
            // With one writer rows are still written. Without any writer the job must fail.
            match *count {
                0 => line.shared.fail(threads::refused("for a writer", &error)),
                _ => log::warn!("{}: no thread for another writer: {error}", line.name()),
            }
            return;
        }
        *count += 1;
    }

    fn leave(&self) {
        *self.count.lock() -= 1;
        self.ended.notify_all();
    }

    /// Waits until all writers have ended, but not longer than [`is_over`] allows. Once the job is abandoned, rows that wait are dropped.
    pub fn join(&self, dispatcher: &Dispatcher, stop: &Stop, deadline: Option<Instant>) {
        let mut count = self.count.lock();
        while *count > 0 && !is_over(stop, deadline) {
            self.ended.wait_for(&mut count, Duration::from_millis(50));
            if stop.phase() == Phase::Abandoning {
                dispatcher.abandon();
            }
        }
    }

    fn write_batches(self: &Arc<Self>, line: &Arc<LineState>, rejects: &Arc<Rejects>) -> Result<()> {
        let mut own_queues = OwnQueues::default();
        let most_freed = line.shared.budget.limit() / FREED_SHARE;
        let mut freed = 0;
        while let Some(TakenBatch { batch, needs_another_writer }) =
            line.dispatcher.take(&mut own_queues, || line.rest())
        {
            if needs_another_writer {
                self.start(line, rejects);
            }
            let mut settlement = Settlement::new(line, rejects, &batch);
            let started = Instant::now();
            line.target.writer.write(&batch, &mut settlement, &line.shared.stop)?;
            let spent = settlement.spent(started.elapsed());
            freed += line.dispatcher.give_back(batch, spent);
            if freed >= most_freed {
                memory::give_back(freed);
                freed = 0;
            }
        }
        Ok(())
    }
}
