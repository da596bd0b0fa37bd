//! Where a member begins with the partitions that its group has assigned to it.

use std::sync::Arc;

use rdkafka::TopicPartitionList;

use crate::error::Result;
use crate::kafka::client::question::Question;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::start::extent::{Extent, Extents};
use crate::kafka::start::position::StartPosition;
use crate::kafka::start::rules::StartRules;

/// Asks the brokers how far these partitions reach and what the group has committed.
pub fn ask(client: &SourceClient, assigned: &TopicPartitionList) -> Result<Question<Extents>> {
    let mut ids: Vec<(String, Vec<i32>)> = Vec::new();
    for element in assigned.elements() {
        match ids.iter_mut().find(|(topic, _)| topic == element.topic()) {
            Some((_, ids)) => ids.push(element.partition()),
            None => ids.push((element.topic().to_owned(), vec![element.partition()])),
        }
    }
    client.ask(move |broker, kafka| {
        let mut found = Vec::new();
        for (topic, ids) in ids {
            let extents = broker.extents(&topic, &ids, kafka, &mut false)?;
            let topic: Arc<str> = Arc::from(topic);
            found.extend(extents.into_iter().map(|extent| (Arc::clone(&topic), extent)));
        }
        Ok(found)
    })
}

/// Where to begin, by the brokers' answer. `starts`: where the job found each partition when it started.
pub fn places(client: &SourceClient, starts: &[StartPosition], extents: &Extents) -> Vec<StartPosition> {
    extents.iter().map(|(topic, extent)| place(client, starts, topic, extent)).collect()
}

fn place(client: &SourceClient, starts: &[StartPosition], topic: &str, extent: &Extent) -> StartPosition {
    let known = starts.iter().find(|known| *known.topic == *topic && known.partition == extent.partition);
    let place = StartRules::new(client.resume(), client.source()).take_over(extent, known);
    let progress = extent.commit.as_ref().map(|commit| commit.offset).or(known.map(|known| known.start));
    extent.warn_of_jump(topic, progress.unwrap_or(place.start), &place);
    StartPosition {
        topic: known.map_or_else(|| Arc::from(topic), |known| Arc::clone(&known.topic)),
        partition: extent.partition,
        start: place.start,
        origin: place.origin,
        // A source with an end reads the partitions that were there at the start.
        stop: known.map_or(client.is_bounded().then_some(place.start), |known| known.stop),
        first: extent.low,
        end: extent.high,
        missed: place.missed,
    }
}
