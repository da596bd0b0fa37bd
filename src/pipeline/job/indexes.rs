//! The deferred vector indexes of a job's tables: dropped before the first record, built when everything is written.

use std::sync::Arc;

use crate::error::Result;
use crate::kafka::KafkaReader;
use crate::metrics::Counters;
use crate::pipeline::line::{BuildTime, IndexEnd, JobLook, Line};
use crate::pipeline::shared::Shared;

/// How many records wait when the job starts. In a group these are the records of all partitions, whoever reads them.
pub fn backlog(reader: &KafkaReader) -> u64 {
    let waiting = reader.start_positions().iter().map(|start| {
        let end = start.stop.map_or(start.end, |stop| stop.min(start.end));
        end.saturating_sub(start.start).max(0).unsigned_abs()
    });
    waiting.sum()
}

/// Drops the vector indexes of a line's table, if the sink defers them. `counters`: those of the line's source table.
pub fn begin(reader: &KafkaReader, counters: &Arc<Counters>, line: &Line) -> Result<()> {
    let (lag, counters) = (reader.lag(), Arc::clone(counters));
    let look = move || JobLook { lag: lag.get(), records_read: counters.snapshot().records_read };
    let time = if reader.is_bounded() { BuildTime::End } else { BuildTime::CaughtUp(Box::new(look)) };
    line.begin_deferral(Some(backlog(reader)), time)
}

/// Builds the missing indexes. A job that was told to end, or that has failed, leaves them to its next start.
pub fn finish(lines: &[Arc<Line>], shared: &Shared) {
    let mut failed = None;
    for line in lines {
        match line.finish_indexes(&|| !shared.stop.is_running()) {
            Ok(IndexEnd::Done) => {}
            Ok(IndexEnd::Cancelled) => {
                if let Some(deferral) = &line.target.deferral {
                    log::warn!("{}", deferral.unbuilt("the job has ended before that"));
                }
            }
            Err(error) => {
                log::error!("{error}");
                failed.get_or_insert(error);
            }
        }
    }
    if let Some(error) = failed {
        shared.fail(error);
    }
}
