//! Reads the dead letters of a replay into a spool, from a file, a topic or a table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::options::{DeadLetterSource, ReplayOptions};
use crate::dead_letters::{Spool, message};
use crate::error::{Diagnostic, Error, Result};
use crate::job::settings::job::Job;
use crate::kafka::{Intake, KafkaReader, Resume, Taken, Watermark};
use crate::postgres;
use crate::record::Record;
use crate::settings::kafka::{Assignment, Bounded, KafkaSource, Startup};
use crate::settings::topics::Topics;
use crate::stop::Stop;

/// Dead letters that were read.
pub struct ReadDeadLetters {
    pub spool: Spool,
    /// Schema and name of the table that they are in, spelled as in the database.
    pub table: Option<(String, String)>,
    /// The readers of a topic, and the positions where they ended. These are committed when all dead letters are processed.
    pub readers: Vec<(KafkaReader, Vec<Watermark>)>,
}

pub fn read(job: &Job, options: &ReplayOptions, sinks: &[usize], stop: &Stop) -> Result<ReadDeadLetters> {
    match &options.dead_letters {
        DeadLetterSource::File(path) => {
            Ok(ReadDeadLetters { spool: Spool::of_file(path)?, table: None, readers: Vec::new() })
        }
        DeadLetterSource::Topic(topic) => of_topic(job, options, topic, sinks, stop),
        DeadLetterSource::Table { schema, table } => of_table(job, schema, table, sinks),
    }
}

fn of_table(job: &Job, schema: &str, table: &str, sinks: &[usize]) -> Result<ReadDeadLetters> {
    let mut spool = Spool::temporary()?;
    let first = &job.mappings[sinks[0]].sink;
    if sinks.iter().any(|&at| job.mappings[at].sink.connection != first.connection) {
        return Err(Error::Config(vec![Diagnostic {
            location: None,
            message: "the job writes to several databases: choose the one with the table by --sink".into(),
        }]));
    }
    // The name is tried as it is given, and then in lower case, as names in a job file usually are.
    let folded = (schema.to_ascii_lowercase(), table.to_ascii_lowercase());
    for (schema, table) in [(schema.to_owned(), table.to_owned()), folded] {
        if postgres::read_dead_letters(first, &schema, &table, &mut |id, dead_letter| {
            spool.add(&dead_letter, Some(id))
        })? {
            return Ok(ReadDeadLetters { spool, table: Some((schema, table)), readers: Vec::new() });
        }
    }
    Err(Error::target(format!("table {schema}.{table} doesn't exist in the database of {}", first.name)))
}

fn of_topic(job: &Job, options: &ReplayOptions, topic: &str, sinks: &[usize], stop: &Stop) -> Result<ReadDeadLetters> {
    let mut spool = Spool::temporary()?;
    let mut readers: Vec<(KafkaReader, Vec<Watermark>)> = Vec::new();
    let mut brokers: Vec<&str> = Vec::new();
    let name = job.name().unwrap_or("vecsink");
    let group = match &options.sink {
        Some(sink) => format!("vecsink-replay-{name}-{sink}"),
        None => format!("vecsink-replay-{name}"),
    };
    for source in sinks.iter().map(|&at| &job.sources[job.mappings[at].source]) {
        if brokers.contains(&source.kafka.brokers.as_str()) {
            continue;
        }
        brokers.push(&source.kafka.brokers);
        let resume = Resume {
            job: group.clone(),
            group: group.clone(),
            fresh: options.fresh,
            share_of_memory: job.buffer_memory / 4,
            longest_wait: None,
        };
        let mut reader = KafkaReader::open(&source.table, &dead_letters_source(&source.kafka, topic, &group), &resume)?;
        let mut intake = IntoSpool { spool: &mut spool, ends: BTreeMap::new() };
        reader.run(&mut intake, stop)?;
        let ends = intake.ends.into_iter().map(|((topic, partition), next)| (topic, partition, next)).collect();
        readers.push((reader, ends));
    }
    Ok(ReadDeadLetters { spool, table: None, readers })
}

/// The topic of dead letters as a source: from the position where the last replay ended up to its present end.
fn dead_letters_source(source: &KafkaSource, topic: &str, group: &str) -> KafkaSource {
    KafkaSource {
        topics: Topics::Named(vec![topic.to_owned()]),
        group_id: Some(group.to_owned()),
        startup: Startup::Earliest,
        bounded: Bounded::Latest,
        assignment: Assignment::Manual,
        discovery_interval: None,
        auto_offset_reset: None,
        ..source.clone()
    }
}

struct IntoSpool<'a> {
    spool: &'a mut Spool,
    ends: BTreeMap<(Arc<str>, i32), i64>,
}

impl Intake for IntoSpool<'_> {
    fn record(&mut self, record: &Record<'_>) -> Result<Taken> {
        self.spool.add(&message::read(record), None)?;
        self.passed(record.topic, record.partition, record.offset + 1);
        Ok(Taken::Yes)
    }

    /// No rows are gathered here.
    fn push_gathered(&mut self) {}

    fn assigned(&mut self, _: &Arc<str>, _: i32, _: i64) {}

    /// Only called when a topic was deleted and created again: the partitions aren't shared with other processes.
    fn released(&mut self, _: &[(Arc<str>, i32)], _: Duration) -> Vec<Watermark> {
        Vec::new()
    }

    fn passed(&mut self, topic: &Arc<str>, partition: i32, next: i64) {
        let end = self.ends.entry((Arc::clone(topic), partition)).or_insert(next);
        *end = next.max(*end);
    }

    /// While the topic is read, nothing is replayed yet, so nothing may be committed.
    fn watermarks(&mut self) -> Vec<Watermark> {
        Vec::new()
    }
}
