//! The records: made from the seed, the partition and the offset, so that whoever knows these knows the record.

use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, Producer, PurgeConfig, ThreadedProducer};

use crate::support::broker::{Deliveries, send};
use crate::support::{Topic, eventually};

pub const PARTITIONS: i32 = 8;

/// How long the broker may take for what was sent last. It may be away at first.
const FLUSH: Duration = Duration::from_secs(30);

/// Of a thousand records ten are bad. Only one of them is refused by the database, because a refused batch is halved until its row is found.
const REFUSED: u32 = 1;
const SHORT: u32 = REFUSED + 4;
const UNDECODABLE: u32 = SHORT + 5;
/// And where there is a key, fifty update or delete a row that came before.
const UPDATES: u32 = UNDECODABLE + 30;
const DELETES: u32 = UPDATES + 20;

/// The records of one topic.
pub struct Load {
    pub has_key: bool,
    pub seed: u64,
    /// So many in each partition.
    pub each: u64,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Body {
    /// A row with this number.
    Row(i32),
    /// The row of its key goes.
    Delete,
    /// It can't be decoded.
    Undecodable,
    /// Its vector is too short.
    ShortVector,
    /// The database refuses it.
    Refused,
}

impl Body {
    /// Whether it must be a dead letter.
    pub fn is_bad(self) -> bool {
        match self {
            Body::Undecodable | Body::ShortVector | Body::Refused => true,
            Body::Row(_) | Body::Delete => false,
        }
    }
}

/// A record at its place.
pub struct Made {
    /// The key. In the topic without keys it means nothing.
    pub id: i64,
    pub body: Body,
    /// Where it is: partition and offset.
    pub text: String,
}

/// The text that a row has by its place.
pub fn text(partition: i32, offset: u64) -> String {
    format!("{partition}/{offset}")
}

impl Load {
    /// The table, whose dead letters are in another one.
    pub fn table(&self) -> &'static str {
        if self.has_key { "items" } else { "events" }
    }

    pub fn record(&self, partition: i32, offset: u64) -> Made {
        let place = (u64::from(self.has_key) << 63) | ((partition as u64) << 48) | offset;
        // The generator's own beginning mixes the bits.
        let mut random = SmallRng::seed_from_u64(self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place);
        let number = random.random_range(0..i32::MAX);
        let choice = random.random_range(0..1000);
        // Half of the changes are of rows that came just before: these may be with another process now.
        let since = if random.random() { offset.saturating_sub(1000) } else { 0 };
        let earlier = random.random_range(since..offset.max(1));
        let (of, body) = match choice {
            ..REFUSED => (offset, Body::Refused),
            REFUSED..SHORT => (offset, Body::ShortVector),
            SHORT..UNDECODABLE => (offset, Body::Undecodable),
            UNDECODABLE..UPDATES if self.has_key => (earlier, Body::Row(number)),
            UPDATES..DELETES if self.has_key => (earlier, Body::Delete),
            UNDECODABLE.. => (offset, Body::Row(number)),
        };
        let id = of as i64 * i64::from(PARTITIONS) + i64::from(partition);
        // No other record has this key, or else a later change could replace it before the database sees it.
        let id = if body == Body::Refused { -1 - id } else { id };
        Made { id, body, text: text(partition, offset) }
    }

    /// Sends all records, spread over the time given, and returns when the broker has them, or when there is no use in going on.
    pub fn produce(&self, topic: &Topic, lasts: Duration, goes_on: impl Fn() -> bool) {
        let begun = Instant::now();
        loop {
            // Each partition's next record is the one whose offset the broker gives next.
            let next = ends(topic);
            assert!(next.iter().all(|&next| next <= self.each), "the broker has records twice: {next:?}");
            if next.iter().all(|&next| next == self.each) || !goes_on() {
                return;
            }
            let producer = topic.steady_producer();
            for offset in next.iter().copied().min().expect("there are partitions")..self.each {
                let due = lasts.mul_f64(offset as f64 / self.each as f64);
                // Not a wait but a rate, in steps that are longer than a sleep takes.
                if let Some(early) = due.checked_sub(begun.elapsed()).filter(|early| early.as_millis() > 20) {
                    std::thread::sleep(early);
                }
                if !goes_on() {
                    return;
                }
                (0..PARTITIONS)
                    .zip(&next)
                    .filter(|(_, next)| offset >= **next)
                    .for_each(|(partition, _)| self.send(&producer, topic, partition, offset));
            }
            // A producer whose broker is restarted can hang for ever. Then it is dropped, and the next one sends the rest.
            if producer.flush(FLUSH).is_err() {
                producer.purge(PurgeConfig::default().queue().inflight());
            }
        }
    }

    fn send(&self, producer: &ThreadedProducer<Deliveries>, topic: &Topic, partition: i32, offset: u64) {
        let made = self.record(partition, offset);
        let (key, value) = (self.has_key.then(|| made.id.to_string()), made.value());
        let mut record = BaseRecord::<str, [u8]>::to(&topic.name).partition(partition);
        record.key = key.as_deref();
        record.payload = value.as_deref();
        send(producer, record);
    }
}

/// The offset that comes next in each partition.
fn ends(topic: &Topic) -> Vec<u64> {
    let consumer: BaseConsumer = topic.kafka.config().create().expect("a consumer");
    let mut ends = Vec::new();
    // The broker may be away, or not know yet that it leads a partition.
    eventually("the broker says where the partitions end", || {
        let of = |partition| consumer.fetch_watermarks(&topic.name, partition, Duration::from_secs(5));
        match (0..PARTITIONS).map(of).collect::<Result<Vec<_>, _>>() {
            Ok(found) => ends = found.into_iter().map(|(_, end)| end as u64).collect(),
            Err(_) => return false,
        }
        true
    });
    ends
}

impl Made {
    /// The message's value; a delete has none.
    fn value(&self) -> Option<Vec<u8>> {
        let of = |number: i32, end: &str| {
            Some(
                format!(r#"{{"number": {number}, "text": "{}", "v": "[{}, 1, 2{end}]"}}"#, self.text, number % 1000)
                    .into(),
            )
        };
        match self.body {
            Body::Row(number) => of(number, ", 0.5"),
            Body::Delete => None,
            Body::Undecodable => Some(format!(r#"{{"number": {}"#, self.id).into()),
            Body::ShortVector => of(1, ""),
            Body::Refused => of(-1, ", 0.5"),
        }
    }
}
