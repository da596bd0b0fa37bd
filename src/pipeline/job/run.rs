//! A job from its settings to its end. Each source has a reader, or shares one with other tables of the same topics. Each sink has as
//! many writers as its load needs.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::ledger::{self, LedgerAssign};
use super::start::StartWait;
use super::{indexes, sources};
use crate::error::{Diagnostic, Error, Result};
use crate::job::settings::job::Job;
use crate::job::settings::source::Source;
use crate::kafka::{Assign, Intake, KafkaReader, Lag, StoredProgress, check_properties};
use crate::metrics::{Counters, Snapshot};
use crate::pipeline::intake::fan_out::FanOut;
use crate::pipeline::intake::source::{LineMapping, SourceIntake};
use crate::pipeline::line::{Line, PushSettings};
use crate::pipeline::replayed::Replayed;
use crate::pipeline::shared::Shared;
use crate::pipeline::stats::{Stats, Summary};
use crate::pipeline::{after, application_name, dead_letter_topic};
use crate::postgres::Target;
use crate::schema_registry::client;
use crate::settings::DeadLetterTarget;
use crate::settings::kafka::Assignment;
use crate::stop::Stop;
use crate::threads;

/// How long an abandoned job's threads get to end, with the last messages to Kafka: the process must end within a second.
const LAST_GRACE: Duration = Duration::from_millis(900);
/// How often a wait for the end checks whether the job was abandoned.
const SLICE: Duration = Duration::from_millis(100);

/// How a job is run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Start by the startup mode, whatever progress is stored.
    pub fresh: bool,
    /// Wait for servers that are away, as long as `max.outage` allows or without end. A job with `max.outage` does so anyway.
    pub wait_for_servers: bool,
}

/// A running job. Dropping it abandons the job.
pub struct Pipeline {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    lines: Vec<Arc<Line>>,
    sources: Vec<SourceStats>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The result of stopping.
    stopped: Mutex<Option<Result<Summary>>>,
    started: Instant,
}

const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Pipeline>()
};

struct SourceStats {
    counters: Arc<Counters>,
    /// Counted once where tables share a reader.
    lag: Lag,
    stored: StoredProgress,
}

/// A source table of a reader.
struct TableOfReader<'a> {
    source: &'a Source,
    counters: Arc<Counters>,
    lines: Vec<LineMapping<'a>>,
}

/// How many readers have not ended.
#[derive(Default)]
struct Readers {
    running: Mutex<usize>,
    ended: Condvar,
}

/// Opens everything the job names and starts it. Blocks until the first connections are up: at most for `max.outage` where it is
/// set, without end where only `wait_for_servers` is, else for each server's own time-out.
pub fn start_job(job: Job, options: RunOptions) -> Result<Pipeline> {
    Pipeline::start(job, options)
}

impl Pipeline {
    fn start(job: Job, options: RunOptions) -> Result<Pipeline> {
        check_settings(&job)?;
        for notice in &job.notices {
            log::warn!("{notice}");
        }
        let shared = Arc::new(Shared::new(job.buffer_memory));
        let application = job_application_name(&job);
        let start_wait = StartWait::new(options.wait_for_servers, job.max_outage);
        let mut lines = Vec::new();
        for mapping in &job.mappings {
            let (sink, source) = (&mapping.sink, &job.sources[mapping.source]);
            let line = start_wait.wait_for(&sink.name, || {
                let rejects = dead_letter_topic::rejects(&job, mapping)?;
                let replayed = Replayed::default();
                Line::open(sink, &application, job.max_outage, &shared, rejects, replayed, PushSettings::default())
            })?;
            ledger::forget(&job, &line, &shared.stop);
            warn_of_other_process(&line.target, source).inspect(|warning| log::warn!("{}: {warning}", sink.name));
            lines.push(line);
        }
        let mut readers: Vec<(KafkaReader, Vec<TableOfReader<'_>>)> = Vec::new();
        for tables in sources::by_reader(&job) {
            let source = &job.sources[tables[0]];
            let mut resume = sources::resume(&job, source, options.fresh);
            resume.longest_wait = start_wait.left();
            let tables_of_reader = tables.iter().map(|&index| {
                let own = lines.iter().cloned().zip(&job.mappings).filter(|(_, mapping)| mapping.source == index);
                TableOfReader { source: &job.sources[index], counters: Arc::default(), lines: own.collect() }
            });
            let tables_of_reader: Vec<TableOfReader<'_>> = tables_of_reader.collect();
            let sinks = tables_of_reader.iter().map(|table| (table.source, table.lines.as_slice()));
            let assign = LedgerAssign::of(&resume.job, sinks, options.fresh, &shared.stop)?;
            let assign = assign.map(|assign| Arc::new(assign) as Arc<dyn Assign>);
            let reader = KafkaReader::open_by(&source.table, &source.kafka, &resume, assign)?;
            readers.push((reader, tables_of_reader));
        }
        let running = Arc::new(Readers { running: Mutex::new(readers.len()), ended: Condvar::new() });
        let mut pipeline = Pipeline {
            shared,
            readers: running,
            lines,
            sources: Vec::new(),
            threads: Mutex::default(),
            stopped: Mutex::new(None),
            started: Instant::now(),
        };
        for (reader, tables_of_reader) in &readers {
            for table in tables_of_reader {
                table.lines.iter().try_for_each(|(line, _)| indexes::begin(reader, &table.counters, line))?;
            }
        }
        for (reader, tables_of_reader) in readers {
            pipeline.run_reader(reader, tables_of_reader)?;
        }
        Ok(pipeline)
    }

    /// Runs a reader for its tables, each with its lines.
    fn run_reader(&mut self, mut reader: KafkaReader, tables_of_reader: Vec<TableOfReader<'_>>) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let readers = Arc::clone(&self.readers);
        let name =
            format!("read {}", tables_of_reader.first().map(|table| table.source.table.as_str()).unwrap_or_default());
        let (mut intakes, mut lines) = (Vec::new(), Vec::new());
        let mut lag = reader.lag();
        for TableOfReader { source, counters, lines: own } in tables_of_reader {
            intakes.push(SourceIntake::new(source, &own, Arc::clone(&shared), Arc::clone(&counters))?);
            let stored = reader.stored_progress();
            self.sources.push(SourceStats { counters, lag: std::mem::take(&mut lag), stored });
            lines.extend(own.into_iter().map(|(line, _)| line));
        }
        for line in &lines {
            line.start_writer();
        }
        // A reader of one table needs no fan-out.
        let mut intake: Box<dyn Intake + Send> = match intakes.pop() {
            Some(only) if intakes.is_empty() => Box::new(only),
            last => {
                intakes.extend(last);
                Box::new(FanOut::new(intakes))
            }
        };
        let body = move || {
            let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                if let Err(error) = reader.run(intake.as_mut(), &shared.stop) {
                    shared.fail(error);
                }
                for line in &lines {
                    line.close();
                }
                for line in &lines {
                    line.join(&shared.stop, None);
                }
                if let Err(error) = reader.commit(&intake.watermarks()) {
                    log::warn!("the last positions could not be stored: {error}");
                }
                // This leaves the group, because a build may take long.
                drop(reader);
                indexes::finish(&lines, &shared);
            }));
            if worked.is_err() {
                shared.fail(Error::Internal(format!("the reader of {:?} panicked", lines.first().map(|l| l.name()))));
                lines.iter().for_each(|line| line.abandon());
            }
            *readers.running.lock() -= 1;
            readers.ended.notify_all();
        };
        let thread = threads::spawn(name, body);
        self.threads.get_mut().push(thread.map_err(|error| threads::refused("for the reader", &error))?);
        Ok(())
    }

    /// The handle that ends the job, from any thread.
    pub fn stop_handle(&self) -> Stop {
        self.shared.stop.clone()
    }

    /// What the job is doing now.
    pub fn stats(&self) -> Stats {
        Stats {
            counters: self.counters(),
            lag: self.sources.iter().map(|source| source.lag.get()).sum(),
            connections: self.lines.iter().map(|line| line.connections()).sum(),
            outage: self.lines.iter().any(|line| line.in_outage()),
            held_bytes: self.shared.budget.held(),
            freshness: self.lines.iter().filter_map(|line| line.freshness()).max(),
            age: self.started.elapsed(),
            progress_age: self.progress_age().unwrap_or_default(),
            rows_waiting_for_index: self
                .lines
                .iter()
                .filter_map(|line| line.waiting())
                .map(|waiting| waiting.rows)
                .sum(),
            build_percent: self.lines.iter().filter_map(|line| line.build_percent()).min(),
            oldest_waiting: self.lines.iter().filter_map(|line| line.waiting()?.oldest).max(),
        }
    }

    /// Waits until the job has ended, by itself or because it was told to. Returns whether it has.
    pub fn wait(&self, timeout: Duration) -> bool {
        self.wait_until(after(timeout))
    }

    fn wait_until(&self, deadline: Instant) -> bool {
        let mut running = self.readers.running.lock();
        while *running > 0 {
            if self.readers.ended.wait_until(&mut running, deadline).timed_out() {
                break;
            }
        }
        *running == 0
    }

    /// Reads nothing more, writes what was read, and ends; what took longer than `deadline` is abandoned, with
    /// [`Error::Stopped`]: it is read again at the next start. Stopping again returns the same result. While another thread
    /// stops the job, this waits for it, until the deadline.
    pub fn stop(&self, deadline: Duration) -> Result<Summary> {
        let deadline = after(deadline);
        match self.stopped.try_lock_until(deadline) {
            Some(mut stopped) => stopped.get_or_insert_with(|| self.end(deadline)).clone(),
            // Another thread is stopping it, with a later deadline.
            None => Err(Error::Stopped),
        }
    }

    fn end(&self, deadline: Instant) -> Result<Summary> {
        self.shared.stop.drain();
        let drained = self.wait_until(deadline);
        if !drained {
            self.shared.stop.abandon();
        }
        let (summary, outcome) = self.finish();
        outcome?;
        if drained { Ok(summary) } else { Err(Error::Stopped) }
    }

    /// Waits for the end. Returns what was done, and whether the job ended without an error.
    pub fn finish(&self) -> (Summary, Result<()>) {
        let mut slice = SLICE;
        while !self.wait(slice) {
            let left = self.shared.stop.abandoned_for().map(|since| LAST_GRACE.saturating_sub(since));
            slice = left.map_or(SLICE, |left| left.min(SLICE));
            if slice.is_zero() {
                self.shared.fail(Error::Stopped);
                self.threads.lock().clear();
                break;
            }
        }
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            if thread.join().is_err() {
                self.shared.fail(Error::Internal("a reader thread panicked".into()));
            }
        }
        let summary = Summary {
            counters: self.counters(),
            seconds: self.started.elapsed().as_secs_f64(),
            progress_age: self.progress_age(),
        };
        let outcome = self.shared.failure().map_or(Ok(()), Err);
        (summary, outcome)
    }

    /// The age for the reader whose progress is the oldest.
    fn progress_age(&self) -> Option<Duration> {
        self.sources.iter().map(|source| source.stored.age()).max()
    }

    fn counters(&self) -> Snapshot {
        let mut sum = Snapshot::default();
        for source in &self.sources {
            sum += source.counters.snapshot();
        }
        for line in &self.lines {
            sum += line.counted();
        }
        sum
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.shared.stop.abandon();
    }
}

/// The errors of a job that the folder `job` can't find: properties that only the Kafka client understands.
/// [`Error::Config`], like the job file's own errors; nothing is opened.
pub fn check_settings(job: &Job) -> Result<()> {
    let mut wrong: Vec<Diagnostic> = job
        .sources
        .iter()
        .flat_map(|source| {
            let named = |message| Diagnostic { location: None, message: format!("table {}: {message}", source.table) };
            let of_registry = source.registries().flat_map(client::check);
            check_properties(&source.kafka).into_iter().chain(of_registry).map(named)
        })
        .collect();
    // Rejected records would be read, and rejected, again without end.
    for sink in job.mappings.iter().map(|mapping| &mapping.sink) {
        let Some(DeadLetterTarget::Kafka(topic)) = &sink.dead_letter else { continue };
        let reads = |source: &&Source| source.kafka.topics.contains(topic);
        if let Some(source) = job.sources.iter().find(reads) {
            let message =
                format!("{}: 'deadletter' = 'kafka:{topic}' is a topic that table {} reads", sink.name, source.table);
            wrong.push(Diagnostic { location: None, message });
        }
    }
    wrong.extend(ledger::refusals(job).into_iter().map(|message| Diagnostic { location: None, message }));
    wrong.extend(sources::conflicts(job).into_iter().map(|message| Diagnostic { location: None, message }));
    if wrong.is_empty() { Ok(()) } else { Err(Error::Config(wrong)) }
}

/// A warning if another process of the job is connected, unless the processes share the partitions. Otherwise each writes all rows.
pub fn warn_of_other_process(target: &Target, source: &Source) -> Option<String> {
    let repeats = target.has_other_process && source.kafka.assignment == Assignment::Manual;
    repeats.then(|| {
        "another process of this job is connected, and both write all rows; with 'scan.assignment' = 'group' on the \
         source they would share them"
            .to_owned()
    })
}

pub fn job_application_name(job: &Job) -> String {
    let given = job.mappings.iter().find_map(|mapping| mapping.sink.connection.application_name.clone());
    application_name(given.unwrap_or_else(|| format!("vecsink {}", job.name().unwrap_or("job"))))
}
