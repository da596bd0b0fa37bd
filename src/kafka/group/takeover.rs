//! Where a member begins with the partitions that its group has assigned to it.

use std::sync::Arc;

use rdkafka::TopicPartitionList;

use crate::error::{Error, Result};
use crate::kafka::client::question::Question;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::resume::Resume;
use crate::kafka::start::extent::Extent;
use crate::kafka::start::position::StartPosition;
use crate::kafka::start::rules::StartRules;
use crate::settings::kafka::{Bounded, KafkaSource};

/// So often a refusal of the ledger is asked for.
const TRIES: u32 = 3;

/// Asks where to begin: the brokers how far these partitions reach and what the group has committed, and with exactly-once the ledger.
/// `starts`: where the job found each partition when it started.
pub fn ask(
    client: &SourceClient,
    assigned: &TopicPartitionList,
    starts: &[StartPosition],
) -> Result<Question<Vec<StartPosition>>> {
    let mut ids: Vec<(String, Vec<i32>)> = Vec::new();
    for element in assigned.elements() {
        match ids.iter_mut().find(|(topic, _)| topic == element.topic()) {
            Some((_, ids)) => ids.push(element.partition()),
            None => ids.push((element.topic().to_owned(), vec![element.partition()])),
        }
    }
    let known: Vec<StartPosition> = starts
        .iter()
        .filter(|start| assigned.find_partition(&start.topic, start.partition).is_some())
        .cloned()
        .collect();
    let (resume, assign) = (client.resume().clone(), client.assigner());
    client.ask(move |broker, kafka| {
        let find = || -> Result<Vec<StartPosition>> {
            let mut found = Vec::new();
            for (topic, ids) in &ids {
                let extents = broker.extents(topic, ids, kafka, &mut false)?;
                // All of a topic's partitions share its name.
                let name = known.iter().find(|start| *start.topic == **topic).map(|start| Arc::clone(&start.topic));
                let topic: Arc<str> = name.unwrap_or_else(|| Arc::from(topic.as_str()));
                found.extend(extents.iter().map(|extent| place(&resume, kafka, &known, &topic, extent)));
            }
            Ok(found)
        };
        for _ in 1..TRIES {
            match assign(find()?) {
                // The former owner may have read records that came after the brokers were asked for the ends.
                Err(Error::Target { passing: false, .. }) => {}
                answer => return answer,
            }
        }
        assign(find()?)
    })
}

fn place(
    resume: &Resume,
    kafka: &KafkaSource,
    starts: &[StartPosition],
    topic: &Arc<str>,
    extent: &Extent,
) -> StartPosition {
    let known = starts.iter().find(|known| known.topic == *topic && known.partition == extent.partition);
    let place = StartRules::new(resume, kafka).take_over(extent, known);
    let progress = extent.commit.as_ref().map(|commit| commit.offset).or(known.map(|known| known.start));
    extent.warn_of_jump(topic, progress.unwrap_or(place.start), &place);
    StartPosition {
        topic: Arc::clone(topic),
        partition: extent.partition,
        start: place.start,
        origin: place.origin,
        // A source with an end reads the partitions that were there at the start.
        stop: known.map_or((kafka.bounded != Bounded::Unbounded).then_some(place.start), |known| known.stop),
        first: extent.low,
        end: extent.high,
        missed: place.missed,
    }
}
