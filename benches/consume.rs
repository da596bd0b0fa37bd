//! What reading alone costs: polls a topic's messages and drops them. `consume BROKERS TOPIC MESSAGES`, run by
//! `benches/run.py`.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (Some(brokers), Some(topic), Some(messages)) = (arguments.next(), arguments.next(), arguments.next()) else {
        println!("consume BROKERS TOPIC MESSAGES");
        return Ok(());
    };
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "bench")
        .set("enable.auto.commit", "false")
        .set("queued.max.messages.kbytes", "32768")
        // By default the client tries a full queue again only after a second, and that would be what is measured.
        .set("fetch.queue.backoff.ms", "2")
        .set("queued.min.messages", "1000000")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(&topic), Duration::from_secs(10))?;
    let mut assignment = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        assignment.add_partition_offset(&topic, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&assignment)?;
    let mut bytes = 0;
    for _ in 0..messages.parse::<u64>()? {
        let message = consumer.poll(Duration::from_secs(10)).ok_or("no message for 10 s")??;
        bytes += message.payload_len();
    }
    println!("{bytes} bytes");
    Ok(())
}
