//! A source's partitions and its consumer group, for whoever shows or resets a job's progress. Nothing is read.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer};

use super::client::broker::{Broker, positions};
use super::client::source_client::SourceClient;
use super::resume::Resume;
use super::start::mark::metadata;
use crate::error::{Error, Result};
use crate::settings::kafka::KafkaSource;

/// How long the brokers may take to answer.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A partition, and how far its group is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPartition {
    pub topic: Arc<str>,
    pub partition: i32,
    /// The first offset that is still there.
    pub first: i64,
    /// The offset after the last record.
    pub end: i64,
    /// The offset that the group has.
    pub committed: Option<i64>,
    /// The job that has committed it, if that was vecsink's.
    pub committed_by: Option<String>,
    /// Where a bounded run ends, as the commit says it.
    stop: Option<i64>,
}

/// A source's group.
pub struct GroupOffsets {
    client: SourceClient,
}

impl GroupOffsets {
    pub fn open(table: &str, source: &KafkaSource, resume: &Resume) -> Result<GroupOffsets> {
        Ok(GroupOffsets { client: SourceClient::open(table, source, resume)? })
    }

    pub fn name(&self) -> &str {
        &self.client.resume().group
    }

    /// The partitions of the source's topics.
    pub fn partitions(&self) -> Result<Vec<GroupPartition>> {
        let (broker, kafka) = (self.broker(), self.client.source());
        let mut refused = false;
        let mut found = Vec::new();
        for topic in broker.topics(&kafka.topics)? {
            let ids = broker.partitions(&topic)?;
            let name: Arc<str> = topic.as_str().into();
            for extent in broker.extents(&topic, &ids, kafka, &mut refused)? {
                let mark = extent.commit.as_ref().and_then(|commit| commit.mark());
                found.push(GroupPartition {
                    topic: Arc::clone(&name),
                    partition: extent.partition,
                    first: extent.low,
                    end: extent.high,
                    committed: extent.commit.as_ref().map(|commit| commit.offset),
                    committed_by: mark.map(|mark| mark.job.to_owned()),
                    stop: mark.and_then(|mark| mark.stop),
                });
            }
        }
        if refused {
            return Err(Error::Source(format!(
                "this login may not use group '{}'; grant it READ on the group",
                self.name()
            )));
        }
        Ok(found)
    }

    /// The first offset with a timestamp of at least `at`, in milliseconds; the end where there is none.
    pub fn at_timestamp(&self, partition: &GroupPartition, at: i64) -> Result<i64> {
        let found = self.broker().at_timestamp(&partition.topic, &[partition.partition], at)?;
        Ok(found.first().copied().flatten().unwrap_or(partition.end))
    }

    /// How many members the group has now.
    pub fn members(&self) -> Result<usize> {
        let list = self.client.consumer().fetch_group_list(Some(self.name()), LONGEST_WAIT);
        let list = list.map_err(|error| self.failed("can't be looked for", &error))?;
        Ok(list.groups().iter().filter(|group| group.name() == self.name()).map(|group| group.members().len()).sum())
    }

    /// Commits these offsets in the name of the job. A group with members refuses it.
    pub fn commit(&self, offsets: &[(&GroupPartition, i64)]) -> Result<()> {
        let resume = self.client.resume();
        let places = offsets.iter().map(|(own, offset)| (&own.topic, own.partition, *offset));
        let list: TopicPartitionList = positions(places)?;
        for (own, _) in offsets {
            if let Some(mut element) = list.find_partition(&own.topic, own.partition) {
                element.set_metadata(metadata(&resume.job, own.stop));
            }
        }
        if list.count() == 0 {
            return Ok(());
        }
        let stored = self.client.consumer().commit(&list, CommitMode::Sync);
        stored.map_err(|error| self.failed("doesn't take the offsets", &error))
    }

    fn broker(&self) -> Broker<'_> {
        Broker::new(self.client.consumer(), &self.client.source().brokers, LONGEST_WAIT, true)
    }

    fn failed(&self, what: &str, error: &rdkafka::error::KafkaError) -> Error {
        let brokers = &self.client.source().brokers;
        Error::Source(format!("consumer group '{}' at {brokers} {what}: {error}", self.name()))
    }
}
