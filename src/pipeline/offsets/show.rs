//! What the ledger and the consumer group have of each sink and partition, side by side.

use std::sync::Arc;

use super::same::is_of;
use crate::error::Result;
use crate::job::settings::job::Job;
use crate::job::settings::mapping::Mapping;
use crate::kafka::{GroupOffsets, GroupPartition};
use crate::pipeline::job::sources;
use crate::postgres::{LedgerSession, LedgerStream};
use crate::settings::DeliveryGuarantee;

/// A partition as one sink reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamOffsets {
    pub sink: String,
    pub topic: Arc<str>,
    pub partition: i32,
    /// What the ledger has. `None`: the sink is at-least-once, or its partition is new.
    pub ledger: Option<LedgerStream>,
    /// Its owner has sessions in the database.
    pub is_running: bool,
    /// What the brokers and the group have. `None`: the topic has no such partition.
    pub group: Option<GroupPartition>,
}

impl StreamOffsets {
    /// How many offsets are not read: from what the ledger has, else from what the group has.
    pub fn lag(&self) -> Option<u64> {
        let own = self.group.as_ref()?;
        let position = self.ledger.as_ref().map(|ledger| ledger.low).or(own.committed)?;
        Some(own.end.saturating_sub(position.max(own.first)).max(0).unsigned_abs())
    }
}

/// What is stored of the job's progress. Nothing is changed.
pub fn show_offsets(job: &Job) -> Result<Vec<StreamOffsets>> {
    let mut all = Vec::new();
    for tables in sources::by_reader(job) {
        let Some(source) = tables.first().and_then(|&at| job.sources.get(at)) else { continue };
        let resume = sources::resume(job, source, false);
        let partitions = GroupOffsets::open(&source.table, &source.kafka, &resume)?.partitions()?;
        for mapping in job.mappings.iter().filter(|mapping| tables.contains(&mapping.source)) {
            all.extend(of_sink(&resume.job, mapping, &partitions)?);
        }
    }
    Ok(all)
}

fn of_sink(job: &str, mapping: &Mapping, partitions: &[GroupPartition]) -> Result<Vec<StreamOffsets>> {
    let sink = &mapping.sink;
    let (streams, running) = match sink.delivery {
        DeliveryGuarantee::AtLeastOnce => (Vec::new(), Vec::new()),
        DeliveryGuarantee::ExactlyOnce => {
            let mut session = LedgerSession::open(sink)?;
            let streams = session.streams(job, &sink.name)?;
            let owners: Vec<&str> = streams.iter().map(|stream| stream.owner.as_str()).collect();
            let running = session.processes(&owners)?;
            (streams, running)
        }
    };
    let is_running = |ledger: &Option<LedgerStream>| ledger.as_ref().is_some_and(|own| running.contains(&own.owner));
    let known = partitions.iter().map(|own| {
        let ledger = streams.iter().find(|stream| is_of(own, stream)).cloned();
        (Arc::clone(&own.topic), own.partition, ledger, Some(own.clone()))
    });
    // The topic was deleted, or created again with fewer partitions.
    let is_gone = |stream: &&LedgerStream| !partitions.iter().any(|own| is_of(own, stream));
    let gone = streams
        .iter()
        .filter(is_gone)
        .map(|stream| (Arc::clone(&stream.topic), stream.partition, Some(stream.clone()), None));
    let offsets = |(topic, partition, ledger, group)| StreamOffsets {
        sink: sink.name.clone(),
        topic,
        partition,
        is_running: is_running(&ledger),
        ledger,
        group,
    };
    Ok(known.chain(gone).map(offsets).collect())
}
