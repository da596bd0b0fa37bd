//! Exactly-once: where a job's partitions are read from. The streams of all sinks of a partition are taken over in their ledgers, and
//! reading begins at the lowest `low`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::key_text::key_text;
use crate::error::{Error, Result};
use crate::job::settings::job::Job;
use crate::job::settings::mapping::Mapping;
use crate::job::settings::source::Source;
use crate::kafka::{Assign, SourceIds, StartPosition, StartReason};
use crate::pipeline::intake::source::LineMapping;
use crate::pipeline::line::Line;
use crate::postgres::{Forgotten, Start, StreamsOf, Target};
use crate::progress::ledger::{KeyColumnText, StreamName, Wanted, layout_text};
use crate::settings::DeliveryGuarantee;
use crate::settings::kafka::Assignment;
use crate::sql::expression::Expression;
use crate::stop::Stop;
use crate::types::target::TargetTable;

/// A sink of the source.
struct LedgerSink {
    line: Arc<Line>,
    layout: String,
    /// The highest epoch that `--fresh` has deleted.
    epoch: AtomicI64,
}

impl LedgerSink {
    /// For `--fresh`: deletes what the ledger has of the sink.
    fn forget(&self, job: &str, stop: &Stop) -> Result<()> {
        let name = self.line.name();
        let Forgotten { streams, epoch } = self.line.target.ledger.forget(job, name, StreamsOf::Job, stop)?;
        self.epoch.store(epoch, Ordering::Relaxed);
        log::info!(
            "{name}: --fresh: what the ledger had of {streams} streams of this job was deleted; they begin by 'scan.startup.mode'"
        );
        Ok(())
    }
}

/// The sinks of one reader.
pub struct LedgerAssign {
    job: String,
    sinks: Vec<LedgerSink>,
    /// The job file says where to go on when records are gone.
    may_jump: bool,
    stop: Stop,
}

impl LedgerAssign {
    /// `None`: no sink of the source is exactly-once.
    pub fn of<'a>(
        job: &str,
        tables: impl Iterator<Item = (&'a Source, &'a [LineMapping<'a>])>,
        is_fresh: bool,
        stop: &Stop,
    ) -> Result<Option<LedgerAssign>> {
        let mut sinks = Vec::new();
        let mut may_jump = true;
        let mut in_group = false;
        for (source, own) in tables {
            in_group |= source.kafka.assignment == Assignment::Group;
            may_jump &= source.kafka.may_pass_over_lost_records();
            for (line, mapping) in own.iter().filter(|(line, _)| line.target.ledger.is_on()) {
                refuse_clock(line.name(), &line.table, mapping)?;
                sinks.push(LedgerSink {
                    line: Arc::clone(line),
                    layout: layout_of(line, mapping, source),
                    epoch: AtomicI64::new(0),
                });
            }
        }
        if sinks.is_empty() {
            return Ok(None);
        }
        for sink in &sinks {
            sink.line.target.ledger.open(stop)?;
            // In a group `start_over` is asked for instead, once.
            if is_fresh && !in_group {
                sink.forget(job, stop)?;
            }
        }
        Ok(Some(LedgerAssign { job: job.to_owned(), sinks, may_jump, stop: stop.clone() }))
    }

    fn assign_one(&self, found: StartPosition, ids: &SourceIds) -> Result<StartPosition> {
        let source = ids.of(&found.topic);
        let mut place: Option<StartPosition> = None;
        for LedgerSink { line, layout, epoch } in &self.sinks {
            let name = StreamName {
                job: self.job.clone(),
                sink: line.name().to_owned(),
                topic: Arc::clone(&found.topic),
                partition: found.partition,
            };
            let extent = Some((found.first, found.end));
            let wanted = Wanted { name: &name, layout, source: &source, extent, may_jump: self.may_jump };
            let start = Start { offset: found.start, epoch: epoch.load(Ordering::Relaxed) };
            let taken = line.target.ledger.take_over(&wanted, start, &self.stop)?;
            let low = taken.positions.low();
            if found.origin == StartReason::Progress && low < found.start {
                log::warn!(
                    "{}[{}]: the consumer group is at offset {}, and the ledger at {low}: the ledger decides",
                    found.topic,
                    found.partition,
                    found.start
                );
            }
            let own = StartPosition {
                start: low.max(found.first),
                origin: if taken.is_new { found.origin } else { StartReason::Progress },
                missed: taken.missed,
                ..found.clone()
            };
            if place.as_ref().is_none_or(|place| own.start < place.start) {
                place = Some(own);
            }
            line.taken_over(&found.topic, found.partition, taken);
        }
        Ok(place.unwrap_or(found))
    }
}

impl Assign for LedgerAssign {
    fn assign(&self, found: Vec<StartPosition>, ids: &SourceIds) -> Result<Vec<StartPosition>> {
        found.into_iter().map(|found| self.assign_one(found, ids)).collect()
    }

    fn start_over(&self, starts: &[StartPosition], ids: &SourceIds) -> Result<()> {
        self.sinks.iter().try_for_each(|sink| sink.forget(&self.job, &self.stop))?;
        starts.iter().try_for_each(|start| self.assign_one(start.clone(), ids).map(drop))
    }

    fn answers(&self) -> Result<()> {
        self.sinks.iter().try_for_each(|sink| sink.line.target.ledger.answers(&self.stop))
    }
}

/// The layout text of a sink.
fn layout_of(line: &Line, mapping: &Mapping, source: &Source) -> String {
    let table = &line.table;
    let names = names_of(source);
    let column = |&at: &usize| {
        let column = table.columns.get(at)?;
        Some(KeyColumnText {
            name: column.name.clone(),
            column_type: column.type_name.clone(),
            expression: mapping.expressions.get(at).map(|expression| key_text(expression, &names)).unwrap_or_default(),
            format: source.format.name().to_owned(),
        })
    };
    let key: Vec<KeyColumnText> = table.key.iter().flatten().filter_map(column).collect();
    layout_text(line.layout, &format!("{}.{}", table.schema, table.table), &key)
}

/// The names of the columns that expressions over a source number.
fn names_of(source: &Source) -> Vec<String> {
    let metadata = source.format_metadata.iter().chain(&source.record_metadata);
    let columns = source.columns.iter().map(|column| column.name.clone());
    columns.chain(metadata.map(|column| format!("metadata {}", column.key))).collect()
}

/// A record that is read again must have the same key, or it would be written to another row.
fn refuse_clock(sink: &str, table: &TargetTable, mapping: &Mapping) -> Result<()> {
    for at in table.key.iter().flatten() {
        if let (Some(column), Some(expression)) = (table.columns.get(*at), mapping.expressions.get(*at))
            && asks_the_clock(expression)
        {
            return Err(Error::target(format!(
                "{sink}: 'sink.delivery-guarantee' = 'exactly-once' is not possible, because the key's column '{}' is computed from \
                 the time of reading: a record that is read again would get another key; compute the key from values of the record",
                column.name
            )));
        }
    }
    Ok(())
}

fn asks_the_clock(expression: &Expression) -> bool {
    let is_clock = matches!(expression, Expression::Call(call) if call.function.asks_the_clock());
    is_clock || expression.operands().into_iter().any(asks_the_clock)
}

/// A job that is at-least-once leaves nothing in a ledger: a later run of exactly-once would begin at an old offset.
pub fn forget(job: &Job, line: &Line, stop: &Stop) {
    let ledger = &line.target.ledger;
    if ledger.is_on() {
        return;
    }
    match ledger.forget(job.name().unwrap_or("vecsink"), line.name(), StreamsOf::Job, stop) {
        Ok(Forgotten { streams: 0, .. }) => {}
        Ok(Forgotten { streams, .. }) => {
            log::info!("{}: the job is at-least-once; its {streams} streams were deleted from the ledger", line.name())
        }
        // A user who may not read a ledger has written nothing into it.
        Err(Error::Target { sqlstate: Some(code), .. }) if code == "42501" => {}
        Err(error) => log::warn!("{}: what the ledger has of this job could not be deleted: {error}", line.name()),
    }
}

/// What exactly-once can't be combined with.
pub fn refusals(job: &Job) -> Vec<String> {
    let mut refused = Vec::new();
    let is_once = |mapping: &&Mapping| mapping.sink.delivery == DeliveryGuarantee::ExactlyOnce;
    for mapping in job.mappings.iter().filter(is_once) {
        let Some(source) = job.sources.get(mapping.source) else { continue };
        let name = &mapping.sink.name;
        // They share a reader, which begins where the ledger says.
        let differs = |other: &&Mapping| {
            let shares = job.sources.get(other.source).is_some_and(|other| other.kafka == source.kafka);
            shares && other.sink.delivery != DeliveryGuarantee::ExactlyOnce
        };
        if job.mappings.iter().any(|other| differs(&other)) {
            refused.push(format!(
                "{name}: another INSERT of the same topics is at-least-once; set 'sink.delivery-guarantee' to the same value for all \
                 sinks of a source"
            ));
        }
        if job.name().is_none() {
            refused.push(format!(
                "{name}: exactly-once needs a name for the job, under which its progress is stored; set 'pipeline.name'"
            ));
        }
    }
    refused
}

/// What exactly-once would use, for `vecsink check`.
pub fn describe(target: &Target, mapping: &Mapping, stop: &Stop) -> Result<String> {
    refuse_clock(&mapping.sink.name, &target.table, mapping)?;
    let missing = target.ledger.check(stop)?;
    Ok(match missing.as_slice() {
        [] => "exactly-once: progress is stored in the ledger, with the rows".to_owned(),
        tables => format!(
            "exactly-once: progress is stored in the ledger, with the rows; {} will be made",
            tables.join(" and ")
        ),
    })
}
