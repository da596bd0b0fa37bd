//! Replays dead letters: each record is processed like any other, from its bytes into the sink that rejected it. If it is rejected
//! again, its new dead letter is durable before the old one is deleted.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::options::ReplayOptions;
use super::read::{ReadDeadLetters, read};
use crate::dead_letters::dead_letter::DeadLetter;
use crate::dead_letters::{Spool, SpoolPlace};
use crate::error::{Diagnostic, Error, Result};
use crate::job::settings::job::Job;
use crate::job::settings::mapping::Mapping;
use crate::kafka::{Intake, Taken};
use crate::metrics::{Counters, Snapshot};
use crate::pipeline::dead_letter_topic;
use crate::pipeline::intake::source::SourceIntake;
use crate::pipeline::job::{check_settings, job_application_name};
use crate::pipeline::line::{Line, PushSettings};
use crate::pipeline::replayed::Replayed;
use crate::pipeline::shared::Shared;
use crate::pipeline::stats::Summary;
use crate::position::Position;
use crate::postgres::{DeadLetterChanges, Start, StreamsOf, replayed_insert};
use crate::progress::ledger::{StreamName, Wanted};
use crate::record::{Header, Record, TimestampType};
use crate::settings::{DeadLetterTarget, DeliveryGuarantee};
use crate::stop::Stop;

/// Processes all dead letters that are there now, and returns what became of them. Ends early, with [`Error::Stopped`], when
/// `stop` says so. A dead letter that isn't counted as done is still where it was.
pub fn replay(mut job: Job, options: &ReplayOptions, stop: &Stop) -> (Summary, Result<()>) {
    let started = Instant::now();
    let mut counters = Snapshot::default();
    let outcome = check_settings(&job)
        .and_then(|()| choose(&mut job, options))
        .and_then(|sinks| replay_sinks(&job, options, &sinks, stop, &mut counters));
    (Summary { counters, seconds: started.elapsed().as_secs_f64(), progress_age: None }, outcome)
}

/// The sinks that dead letters may go to, with a target for what is rejected again.
fn choose(job: &mut Job, options: &ReplayOptions) -> Result<Vec<usize>> {
    let names: Vec<String> = job.mappings.iter().map(|mapping| mapping.sink.name.clone()).collect();
    if let Some(name) = options.sink.as_ref().filter(|name| !names.contains(name)) {
        return Err(misuse(format!("--sink {name}: the job writes to {}", names.join(", "))));
    }
    let chosen = |name: &String| options.sink.as_ref().is_none_or(|sink| sink == name);
    let sinks: Vec<usize> = names.iter().enumerate().filter(|(_, name)| chosen(name)).map(|(at, _)| at).collect();
    for &at in &sinks {
        let sink = &mut job.mappings[at].sink;
        if let Some(path) = &options.rejected {
            sink.dead_letter = Some(DeadLetterTarget::File(path.clone()));
        }
        if sink.dead_letter.is_none() {
            return Err(misuse(format!(
                "{} has no 'deadletter', so what is rejected again would be lost: name a file with --rejected",
                sink.name
            )));
        }
    }
    Ok(sinks)
}

fn replay_sinks(
    job: &Job,
    options: &ReplayOptions,
    sinks: &[usize],
    stop: &Stop,
    counters: &mut Snapshot,
) -> Result<()> {
    let ReadDeadLetters { mut spool, table, readers } = read(job, options, sinks, stop)?;
    if !stop.is_running() {
        return Err(Error::Stopped);
    }
    let sinks = names_by_sink(job, options, sinks, &spool)?;
    for (mapping, names) in sinks {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let places = spool.take(&names)?;
        let is_once = mapping.sink.delivery == DeliveryGuarantee::ExactlyOnce;
        let replayed = match &table {
            Some((schema, table)) => Replayed::of(schema, table),
            None if is_once => Replayed::default().stored_by(replayed_insert(&mapping.sink, job_name(job))),
            None => Replayed::default(),
        };
        SinkReplay::open(job, mapping, replayed, stop)?.run(&spool, &places, counters)?;
    }
    // Not earlier: the position in a topic may pass its dead letters only when all of them are durable again.
    for (mut reader, ends) in readers {
        reader.commit(&ends)?;
    }
    Ok(())
}

/// Which dead letters go to which sink, by the names in them. If one names a sink that the job doesn't have, the replay doesn't
/// begin.
fn names_by_sink<'j>(
    job: &'j Job,
    options: &ReplayOptions,
    sinks: &[usize],
    spool: &Spool,
) -> Result<Vec<(&'j Mapping, Vec<String>)>> {
    let mut names_of_sinks: Vec<(&Mapping, Vec<String>)> =
        sinks.iter().map(|&at| (&job.mappings[at], Vec::new())).collect();
    let mut unknown = Vec::new();
    let only = names_of_sinks.len() == 1;
    for name in spool.sinks() {
        match names_of_sinks.iter_mut().find(|(mapping, _)| mapping.sink.name == name || name.is_empty() && only) {
            Some((_, names)) => names.push(name.to_owned()),
            None if options.sink.is_some() && !name.is_empty() => {}
            None if name.is_empty() => {
                return Err(misuse("some dead letters name no sink: choose one with --sink".into()));
            }
            None => unknown.push(name.to_owned()),
        }
    }
    unknown.sort();
    match &unknown[..] {
        [] => {
            names_of_sinks.retain(|(_, names)| !names.is_empty());
            Ok(names_of_sinks)
        }
        names => Err(misuse(format!(
            "there are dead letters of {}, which the job doesn't write to; choose others with --sink, or use the job that \
             does",
            names.join(", ")
        ))),
    }
}

fn misuse(message: String) -> Error {
    Error::Config(vec![Diagnostic { location: None, message }])
}

/// What is replayed into one sink, and how.
struct SinkReplay {
    line: Arc<Line>,
    intake: SourceIntake,
    read: Arc<Counters>,
    /// By topic and partition.
    streams: HashMap<(Arc<str>, i32), u32>,
    /// Ids of dead letters whose records make no row.
    without_row: Vec<i64>,
    /// With exactly-once.
    once: Option<Once>,
}

/// A replay into a sink that is exactly-once: its transactions claim streams of their own in the ledger, `replay:` and the topic's name, so
/// that two replays can't write at the same time, and a COMMIT that isn't answered is looked up.
struct Once {
    job: String,
    /// The highest epoch of earlier replays.
    epoch: i64,
    /// What replays have written is stored in a table. (A dead letter of a table is deleted instead.)
    is_stored: bool,
    /// The offsets that earlier replays have written, by topic and partition.
    written: HashMap<(Arc<str>, i32), HashSet<i64>>,
    /// So many dead letters were left out because their records are written.
    left_out: u64,
}

impl SinkReplay {
    fn open(job: &Job, mapping: &Mapping, replayed: Replayed, stop: &Stop) -> Result<SinkReplay> {
        let mut shared = Shared::new(job.buffer_memory);
        shared.stop = stop.clone();
        let shared = Arc::new(shared);
        let rejects = dead_letter_topic::rejects(job, mapping)?;
        let application = job_application_name(job);
        let (limit, is_stored) = (job.max_outage, replayed.stores());
        let line = Line::open(&mapping.sink, &application, limit, &shared, rejects, replayed, PushSettings::default())?;
        let ledger = &line.target.ledger;
        let once = match ledger.is_on() {
            true => {
                ledger.open(stop)?;
                if is_stored {
                    ledger.open_replayed(stop)?;
                }
                let job = job_name(job).to_owned();
                let epoch = ledger.forget(&job, line.name(), StreamsOf::Replay, stop)?.epoch;
                Some(Once { job, epoch, is_stored, written: HashMap::new(), left_out: 0 })
            }
            false => None,
        };
        let read = Arc::new(Counters::default());
        let lines = [(Arc::clone(&line), mapping)];
        let intake = SourceIntake::new(&job.sources[mapping.source], &lines, shared, Arc::clone(&read))?;
        Ok(SinkReplay { line, intake, read, streams: HashMap::new(), without_row: Vec::new(), once })
    }

    fn run(mut self, spool: &Spool, places: &[SpoolPlace], counters: &mut Snapshot) -> Result<()> {
        self.line.start_writer();
        let fed = self.process(spool, places);
        self.line.close();
        let shared = Arc::clone(&self.line.shared);
        self.line.join(&shared.stop, None);
        *counters += self.read.snapshot();
        *counters += self.line.counters().snapshot();
        if let Some(failure) = shared.failure() {
            return Err(failure);
        }
        if !fed? || !shared.stop.is_running() {
            return Err(Error::Stopped);
        }
        let (mut replayed, written) = self.line.replayed.rest();
        replayed.ids.append(&mut self.without_row);
        if !replayed.ids.is_empty() || !written.records.is_empty() {
            let changes = DeadLetterChanges { replayed, written, ..DeadLetterChanges::default() };
            self.line.target.dead_letters.write(&changes, &shared.stop)?;
        }
        if let Some(Once { job, left_out, .. }) = &self.once {
            let name = self.line.name();
            self.line.target.ledger.forget(job, name, StreamsOf::Replay, &shared.stop)?;
            if *left_out > 0 {
                log::info!("{name}: {left_out} dead letters were left out: earlier replays have written their records");
            }
        }
        Ok(())
    }

    /// `false`: it was stopped before the end.
    fn process(&mut self, spool: &Spool, places: &[SpoolPlace]) -> Result<bool> {
        for record in places.chunk_by(SpoolPlace::is_of_same_record) {
            // A dead letter may have been written twice; if one was edited, it is a different one.
            let mut dead_letters: Vec<(DeadLetter, Vec<i64>)> = Vec::new();
            for place in record {
                let dead_letter = spool.read(place)?;
                let same = |other: &&mut (DeadLetter, _)| {
                    (&other.0.key, &other.0.value) == (&dead_letter.key, &dead_letter.value)
                };
                match dead_letters.iter_mut().find(same) {
                    Some((_, ids)) => ids.extend(place.id),
                    // A record is written once: of several versions the last one counts.
                    None if self.once.is_some() => {
                        let mut ids: Vec<i64> = dead_letters.drain(..).flat_map(|(_, ids)| ids).collect();
                        ids.extend(place.id);
                        dead_letters.push((dead_letter, ids));
                    }
                    None => dead_letters.push((dead_letter, place.id.into_iter().collect())),
                }
            }
            for (dead_letter, ids) in dead_letters {
                if !self.offer(&dead_letter, ids)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn offer(&mut self, dead_letter: &DeadLetter, ids: Vec<i64>) -> Result<bool> {
        let position = &dead_letter.position;
        let at = (Arc::clone(&position.topic), position.partition);
        let stream = match self.streams.get(&at) {
            Some(stream) => *stream,
            None => self.begin(position)?,
        };
        if let Some(Once { written, left_out, .. }) = &mut self.once
            && written.get(&at).is_some_and(|offsets| offsets.contains(&position.offset))
        {
            *left_out += 1;
            return Ok(true);
        }
        let headers: Vec<Header<'_>> =
            dead_letter.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let record = Record {
            topic: &position.topic,
            partition: position.partition,
            offset: position.offset,
            timestamp_ms: dead_letter.timestamp_ms,
            // A dead letter doesn't say who set the timestamp.
            timestamp_type: dead_letter.timestamp_ms.map_or(TimestampType::Missing, |_| TimestampType::Created),
            leader_epoch: None,
            key: dead_letter.key.as_deref(),
            headers: &headers,
            value: dead_letter.value.as_deref(),
        };
        let line = &self.line;
        // Before it is accepted: a writer may have it at once.
        let ticket = line.progress.next_ticket(stream);
        line.replayed.expect((stream, ticket), ids, position);
        while line.shared.stop.is_running() {
            let taken = self.intake.record(&record);
            self.intake.push_gathered();
            if taken? == Taken::Yes {
                if line.progress.next_ticket(stream) == ticket {
                    self.without_row.extend(line.replayed.unexpect((stream, ticket)));
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Begins with a partition's dead letters.
    fn begin(&mut self, position: &Position) -> Result<u32> {
        let Position { topic, partition, offset } = position;
        let stream = self.streams.len() as u32;
        if let Some(Once { job, epoch, is_stored, written, .. }) = &mut self.once {
            let (ledger, stop) = (&self.line.target.ledger, &self.line.shared.stop);
            let (name, sink) = (format!("replay:{topic}"), self.line.name());
            let name =
                StreamName { job: job.clone(), sink: sink.to_owned(), topic: name.into(), partition: *partition };
            let wanted = Wanted { name: &name, layout: "replay", source: "", extent: None, may_jump: false };
            let taken = ledger.take_over(&wanted, Start { offset: *offset, epoch: *epoch }, stop)?;
            self.line.taken_over(topic, *partition, taken);
            if *is_stored {
                // Not earlier: another replay could have written some of them.
                let known = ledger.replayed_records((job.as_str(), sink), (&**topic, *partition), stop)?;
                written.insert((Arc::clone(topic), *partition), known.into_iter().collect());
            }
        }
        self.intake.assigned(topic, *partition, *offset);
        self.streams.insert((Arc::clone(topic), *partition), stream);
        Ok(stream)
    }
}

fn job_name(job: &Job) -> &str {
    job.name().unwrap_or("vecsink")
}
