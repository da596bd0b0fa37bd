//! A reader with an intake that remembers all calls.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use vecsink::internals::error::Result;
use vecsink::internals::formats::csv::options::CsvFormat;
use vecsink::internals::formats::format::Format;
use vecsink::internals::job::settings::source::Source;
use vecsink::internals::kafka::{Intake, KafkaReader, Resume, Taken, Watermark};
use vecsink::internals::record::Record;
use vecsink::internals::settings::kafka::{Assignment, Bounded, KafkaSource, OffsetReset, Startup};
use vecsink::internals::settings::topics::Topics;
use vecsink::internals::stop::Stop;

use crate::support::{Topic, eventually};

/// A source over some topics, read by a job called `cars`.
#[derive(Clone)]
pub struct Rig {
    pub source: Source,
    pub resume: Resume,
    full_every: Option<usize>,
    full_for: Duration,
}

impl Rig {
    pub fn new(topics: &[&Topic]) -> Rig {
        let kafka = KafkaSource {
            brokers: topics[0].kafka.brokers.clone(),
            topics: Topics::Named(topics.iter().map(|topic| topic.name.clone()).collect()),
            group_id: None,
            startup: Startup::Earliest,
            bounded: Bounded::Unbounded,
            assignment: Assignment::Manual,
            discovery_interval: None,
            auto_offset_reset: None,
            properties: Vec::new(),
        };
        let csv = CsvFormat {
            field_delimiter: ',',
            quote_character: None,
            allow_comments: false,
            ignore_parse_errors: false,
            array_element_delimiter: ";".into(),
            escape_character: None,
            null_literal: None,
        };
        Rig {
            source: Source {
                table: "t".into(),
                columns: vec![],
                format_metadata: vec![],
                record_metadata: vec![],
                kafka,
                format: Format::Csv(csv),
                key: None,
                upsert: false,
                vector_encoding: None,
            },
            resume: Resume {
                job: "cars".into(),
                group: format!("group-{}", topics[0].name),
                fresh: false,
                share_of_memory: 32 << 20,
                longest_wait: None,
            },
            full_every: None,
            full_for: FULL,
        }
    }

    pub fn bounded(self) -> Rig {
        self.bounded_by(Bounded::Latest)
    }

    pub fn bounded_by(mut self, bounded: Bounded) -> Rig {
        self.source.kafka.bounded = bounded;
        self
    }

    pub fn startup(mut self, startup: Startup) -> Rig {
        self.source.kafka.startup = startup;
        self
    }

    pub fn reset(mut self, reset: OffsetReset) -> Rig {
        self.source.kafka.auto_offset_reset = Some(reset);
        self
    }

    pub fn property(mut self, key: &str, value: &str) -> Rig {
        self.source.kafka.properties.push((key.into(), value.into()));
        self
    }

    pub fn discovery(mut self, interval: Duration) -> Rig {
        self.source.kafka.discovery_interval = Some(interval);
        self
    }

    /// Stores progress under a name that no other reader uses.
    pub fn group(mut self, name: &str) -> Rig {
        self.resume.group = format!("{name}-{}", self.resume.group);
        self
    }

    /// Shares the partitions with the other readers of the group.
    pub fn member(mut self) -> Rig {
        self.source.kafka.assignment = Assignment::Group;
        self
    }

    /// How many bytes the client may fetch ahead.
    pub fn memory(mut self, bytes: usize) -> Rig {
        self.resume.share_of_memory = bytes;
        self
    }

    pub fn fresh(mut self) -> Rig {
        self.resume.fresh = true;
        self
    }

    /// The intake refuses records for a while, each time after this many.
    pub fn full_every(mut self, records: usize) -> Rig {
        self.full_every = Some(records);
        self
    }

    /// How long each refusal lasts.
    pub fn full_for(mut self, duration: Duration) -> Rig {
        self.full_for = duration;
        self
    }

    pub fn open(&self) -> Result<KafkaReader> {
        KafkaReader::open(&self.source.table, &self.source.kafka, &self.resume)
    }

    /// Reads to the bound, as if every record were durable at once, and commits.
    pub fn read(&self) -> Memory {
        self.read_until(|_| false)
    }

    /// Reads to the bound or until `enough`, whichever comes first.
    pub fn read_until(&self, enough: impl Fn(&Memory) -> bool) -> Memory {
        let mut reader = self.open().expect("the source opens");
        let stop = Stop::default();
        let started = Instant::now();
        let mut memory = Memory { full_every: self.full_every, full_for: self.full_for, ..Memory::default() };
        let mut intake = Until { memory: &mut memory, enough: &enough, stop: &stop, started };
        reader.run(&mut intake, &stop).expect("reading goes well");
        assert!(started.elapsed() < LIMIT, "the end was not reached");
        memory.lag = reader.lag().get();
        memory.longest_gap = reader.longest_gap().get();
        reader.commit(&memory.watermarks()).expect("the commit goes well");
        memory
    }
}

/// Longer than the pause between two checks of the read positions.
const FULL: Duration = Duration::from_millis(400);
const LIMIT: Duration = Duration::from_secs(180);

struct Until<'a> {
    memory: &'a mut Memory,
    enough: &'a dyn Fn(&Memory) -> bool,
    stop: &'a Stop,
    started: Instant,
}

impl Until<'_> {
    fn look(&self) {
        if (self.enough)(self.memory) || self.started.elapsed() > LIMIT {
            self.stop.drain();
        }
    }
}

impl Intake for Until<'_> {
    fn record(&mut self, record: &Record<'_>) -> Result<Taken> {
        let taken = self.memory.record(record);
        self.look();
        Ok(taken)
    }

    fn push_gathered(&mut self) {}

    fn assigned(&mut self, topic: &Arc<str>, partition: i32, start: i64) {
        self.memory.starts.push((topic.to_string(), partition, start));
        self.memory.positions.insert((Arc::clone(topic), partition), start);
        self.look();
    }

    fn released(&mut self, partitions: &[(Arc<str>, i32)], _: Duration) -> Vec<Watermark> {
        let gone = self.memory.watermarks().into_iter().filter(|(t, p, _)| partitions.contains(&(Arc::clone(t), *p)));
        let gone = gone.collect();
        self.memory.positions.retain(|partition, _| !partitions.contains(partition));
        gone
    }

    fn missed(&mut self, offsets: u64) {
        self.memory.missed += offsets;
    }

    fn passed(&mut self, topic: &Arc<str>, partition: i32, next: i64) {
        self.memory.positions.insert((Arc::clone(topic), partition), next);
    }

    fn watermarks(&mut self) -> Vec<Watermark> {
        self.look();
        self.memory.watermarks()
    }
}

/// All calls of an intake.
#[derive(Default)]
pub struct Memory {
    pub records: Vec<Given>,
    pub lag: u64,
    /// Offsets that were missing in the topic.
    pub missed: u64,
    pub longest_gap: Duration,
    starts: Vec<(String, i32, i64)>,
    positions: BTreeMap<(Arc<str>, i32), i64>,
    full_every: Option<usize>,
    full_for: Duration,
    refused_since: Option<Instant>,
}

pub struct Given {
    topic: String,
    partition: i32,
    offset: i64,
    value: String,
    pub shown: String,
}

impl Memory {
    pub fn is_refusing(&self) -> bool {
        self.refused_since.is_some()
    }

    fn record(&mut self, record: &Record<'_>) -> Taken {
        let due = self.full_every.is_some_and(|every| self.records.len().is_multiple_of(every));
        if due && self.refused_since.get_or_insert_with(Instant::now).elapsed() < self.full_for {
            return Taken::Full;
        }
        self.refused_since = None;
        let text = |bytes: Option<&[u8]>| bytes.map_or("-".into(), |b| String::from_utf8_lossy(b).into_owned());
        let headers: Vec<String> = record.headers.iter().map(|(k, v)| format!(" {k}={}", text(*v))).collect();
        let timestamp = record.timestamp_ms.unwrap_or(-1);
        let key = text(record.key);
        let value = text(record.value);
        self.records.push(Given {
            topic: record.topic.to_string(),
            partition: record.partition,
            offset: record.offset,
            shown: format!("{key} {value} {timestamp}{}", headers.concat()),
            value,
        });
        self.positions.insert((Arc::clone(record.topic), record.partition), record.offset + 1);
        Taken::Yes
    }

    fn watermarks(&self) -> Vec<Watermark> {
        self.positions.iter().map(|((topic, partition), next)| (Arc::clone(topic), *partition, *next)).collect()
    }

    fn of<'a>(&'a self, topic: &'a Topic, partition: i32) -> impl Iterator<Item = &'a Given> {
        self.records.iter().filter(move |given| given.topic == topic.name && given.partition == partition)
    }

    pub fn offsets(&self, topic: &Topic, partition: i32) -> Vec<i64> {
        self.of(topic, partition).map(|given| given.offset).collect()
    }

    pub fn values(&self, topic: &Topic, partition: i32) -> Vec<String> {
        self.of(topic, partition).map(|given| given.value.clone()).collect()
    }

    pub fn assigned(&self, topic: &Topic, partition: i32) -> Vec<i64> {
        let same = |(name, id, _): &&(String, i32, i64)| *name == topic.name && *id == partition;
        self.starts.iter().filter(same).map(|(_, _, start)| *start).collect()
    }

    /// All records below this offset were offered.
    pub fn position(&self, topic: &Topic, partition: i32) -> i64 {
        self.positions.get(&(Arc::from(topic.name.as_str()), partition)).copied().unwrap_or(-1)
    }
}

/// Commits offsets as another program would.
pub fn commit_as(topic: &Topic, group: &str, offsets: &[(i32, i64)], metadata: &str) {
    let consumer: BaseConsumer =
        topic.kafka.config().set("group.id", group).set("enable.auto.commit", "false").create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        let mut element = list.add_partition(&topic.name, *partition);
        element.set_offset(Offset::Offset(*offset)).expect("an offset");
        element.set_metadata(metadata);
    }
    consumer.commit(&list, CommitMode::Sync).expect("the broker stores offsets");
}

/// Gives a topic more partitions.
pub fn grow(topic: &Topic, partitions: usize) {
    let admin: AdminClient<DefaultClientContext> = topic.kafka.config().create().expect("an admin client");
    let (new, options) = (NewPartitions::new(&topic.name, partitions), AdminOptions::new());
    let mut growing = pin!(admin.create_partitions([&new], &options));
    let mut context = Context::from_waker(Waker::noop());
    eventually("the topic has grown", || growing.as_mut().poll(&mut context).is_ready());
}
