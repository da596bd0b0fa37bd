//! Sets a job's progress to other offsets: in the ledger of each sink that is exactly-once, and in the consumer group.

use std::sync::Arc;

use super::running::{refuse_members, refuse_sessions};
use super::same::is_of;
use crate::error::{Diagnostic, Error, Result};
use crate::job::settings::job::Job;
use crate::kafka::{GroupOffsets, GroupPartition};
use crate::pipeline::job::sources;
use crate::postgres::{LedgerSession, LedgerStream};
use crate::settings::DeliveryGuarantee;
use crate::settings::kafka::PartitionOffsets;

/// Where a partition shall be read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResetTo {
    /// Its first record that is still there.
    Earliest,
    /// Its end.
    Latest,
    /// Its first record with at least this timestamp, in milliseconds since 1970.
    Timestamp(i64),
    /// These offsets; other partitions stay as they are.
    Offsets(PartitionOffsets),
}

/// What is reset.
#[derive(Debug, Clone)]
pub struct ResetOptions {
    pub to: ResetTo,
    /// Only this topic.
    pub topic: Option<String>,
    /// Only this sink, which must be exactly-once.
    pub sink: Option<String>,
}

/// One partition that is reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedReset {
    /// `None`: the consumer group's own offset.
    pub sink: Option<String>,
    pub topic: Arc<str>,
    pub partition: i32,
    /// Where it stands; `None`: nowhere yet.
    pub from: Option<i64>,
    pub to: i64,
}

/// What a reset would do. Nothing is changed before [`ResetPlan::carry_out`].
pub struct ResetPlan {
    pub changes: Vec<PlannedReset>,
    sinks: Vec<SinkReset>,
    groups: Vec<GroupReset>,
}

struct SinkReset {
    /// Index into the job's mappings.
    mapping: usize,
    session: LedgerSession,
    streams: Vec<LedgerStream>,
    /// Streams with their new offsets.
    changes: Vec<(LedgerStream, i64)>,
}

struct GroupReset {
    group: GroupOffsets,
    changes: Vec<(GroupPartition, i64)>,
}

/// What is to be done. Refuses while the job runs.
pub fn plan_reset(job: &Job, options: &ResetOptions) -> Result<ResetPlan> {
    check(job, options)?;
    let mut plan = ResetPlan { changes: Vec::new(), sinks: Vec::new(), groups: Vec::new() };
    for tables in sources::by_reader(job) {
        let Some(source) = tables.first().and_then(|&at| job.sources.get(at)) else { continue };
        let resume = sources::resume(job, source, false);
        let group = GroupOffsets::open(&source.table, &source.kafka, &resume)?;
        refuse_members(&group)?;
        let partitions = group.partitions()?;
        let targets = targets(&group, &partitions, options)?;
        let first_sink = plan.sinks.len();
        for (at, mapping) in job.mappings.iter().enumerate().filter(|(_, mapping)| tables.contains(&mapping.source)) {
            let mut session = LedgerSession::open(&mapping.sink)?;
            let streams = match mapping.sink.delivery {
                DeliveryGuarantee::AtLeastOnce => Vec::new(),
                DeliveryGuarantee::ExactlyOnce => session.streams(&resume.job, &mapping.sink.name)?,
            };
            refuse_sessions(job, &mut session, &streams, &mapping.sink.name)?;
            let is_chosen = options.sink.as_ref().is_none_or(|sink| *sink == mapping.sink.name);
            let mut changes = Vec::new();
            for stream in streams.iter().filter(|_| is_chosen) {
                let Some((_, to)) = targets.iter().find(|(own, _)| is_of(own, stream)) else { continue };
                changes.push((stream.clone(), *to));
                plan.changes.push(PlannedReset {
                    sink: Some(mapping.sink.name.clone()),
                    topic: Arc::clone(&stream.topic),
                    partition: stream.partition,
                    from: Some(stream.low),
                    to: *to,
                });
            }
            plan.sinks.push(SinkReset { mapping: at, session, streams, changes });
        }
        let own_sinks = plan.sinks.get(first_sink..).unwrap_or_default();
        let changes: Vec<(GroupPartition, i64)> = targets
            .into_iter()
            .map(|(own, to)| {
                // The group has the lowest offset of its sinks, as it has while the job runs.
                let of_sinks = own_sinks.iter().filter_map(|sink| sink.position_after(&own));
                let lowest = of_sinks.min().unwrap_or(to);
                (own, lowest)
            })
            .collect();
        plan.changes.extend(changes.iter().map(|(own, to)| PlannedReset {
            sink: None,
            topic: Arc::clone(&own.topic),
            partition: own.partition,
            from: own.committed,
            to: *to,
        }));
        plan.groups.push(GroupReset { group, changes });
    }
    if plan.changes.is_empty() {
        return Err(misuse("no partition of the job fits, so there is nothing to reset".to_owned()));
    }
    Ok(plan)
}

impl SinkReset {
    /// Where the sink will stand in a partition; `None`: the ledger doesn't have it.
    fn position_after(&self, own: &GroupPartition) -> Option<i64> {
        let stream = self.streams.iter().find(|stream| is_of(own, stream))?;
        let changed = self.changes.iter().find(|(changed, _)| changed.number == stream.number);
        Some(changed.map_or(stream.low, |(_, to)| *to))
    }
}

impl ResetPlan {
    /// Carries it out, unless the job was started meanwhile. The ledger is first: it decides where the job begins.
    pub fn carry_out(mut self, job: &Job) -> Result<()> {
        for GroupReset { group, .. } in &self.groups {
            refuse_members(group)?;
        }
        for SinkReset { mapping, session, streams, .. } in &mut self.sinks {
            let Some(mapping) = job.mappings.get(*mapping) else { continue };
            refuse_sessions(job, session, streams, &mapping.sink.name)?;
        }
        for SinkReset { mapping, session, changes, .. } in &mut self.sinks {
            if let (Some(mapping), Some(job), false) = (job.mappings.get(*mapping), job.name(), changes.is_empty()) {
                session.reset(job, &mapping.sink.name, changes)?;
            }
        }
        for GroupReset { group, changes } in &self.groups {
            let offsets: Vec<(&GroupPartition, i64)> = changes.iter().map(|(own, to)| (own, *to)).collect();
            group.commit(&offsets)?;
        }
        Ok(())
    }
}

/// Each partition that is reset, with its new offset.
fn targets(
    group: &GroupOffsets,
    partitions: &[GroupPartition],
    options: &ResetOptions,
) -> Result<Vec<(GroupPartition, i64)>> {
    let is_chosen = |own: &&GroupPartition| options.topic.as_ref().is_none_or(|topic| **topic == *own.topic);
    let mut targets = Vec::new();
    for own in partitions.iter().filter(is_chosen) {
        let to = match &options.to {
            ResetTo::Earliest => own.first,
            ResetTo::Latest => own.end,
            ResetTo::Timestamp(at) => group.at_timestamp(own, *at)?,
            ResetTo::Offsets(offsets) => match offsets.of(own.partition) {
                Some(offset) => offset,
                None => continue,
            },
        };
        if !(own.first..=own.end).contains(&to) {
            return Err(misuse(format!(
                "{}[{}] has the offsets {} to {}, so it can't be set to {to}",
                own.topic, own.partition, own.first, own.end
            )));
        }
        targets.push((own.clone(), to));
    }
    if let ResetTo::Offsets(offsets) = &options.to {
        let is_missing = |id: &i32| !partitions.iter().filter(is_chosen).any(|own| own.partition == *id);
        if let Some(id) = offsets.0.iter().map(|(id, _)| *id).find(is_missing) {
            return Err(misuse(format!("--to names partition {id}, which the topic doesn't have")));
        }
    }
    Ok(targets)
}

/// Whether the options fit the job. Nothing is asked.
fn check(job: &Job, ResetOptions { to, topic, sink }: &ResetOptions) -> Result<()> {
    if let Some(name) = sink {
        let Some(mapping) = job.mappings.iter().find(|mapping| mapping.sink.name == *name) else {
            let names: Vec<&str> = job.mappings.iter().map(|mapping| mapping.sink.name.as_str()).collect();
            return Err(misuse(format!("--sink {name}: the job writes to {}", names.join(", "))));
        };
        if mapping.sink.delivery == DeliveryGuarantee::AtLeastOnce {
            return Err(misuse(format!(
                "--sink {name}: it is at-least-once, so its progress is the consumer group's, which all sinks of the source share"
            )));
        }
    }
    let reads = |name: &String| job.sources.iter().any(|source| source.kafka.topics.contains(name));
    if let Some(name) = topic.as_ref().filter(|name| !reads(name)) {
        return Err(misuse(format!("--topic {name}: the job doesn't read this topic")));
    }
    let is_one = |job: &Job| match job.sources.as_slice() {
        [source] => source.kafka.topics.identity().len() == 1,
        _ => false,
    };
    if matches!(to, ResetTo::Offsets(_)) && topic.is_none() && !is_one(job) {
        return Err(misuse(
            "the job may read several topics: say by --topic which one the offsets of --to are of".into(),
        ));
    }
    Ok(())
}

fn misuse(message: String) -> Error {
    Error::Config(vec![Diagnostic { location: None, message }])
}
