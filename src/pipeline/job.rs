//! A job from its settings to its end: one reader a source, as many writers a sink as its load asks for.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::intake::SourceIntake;
use super::letter_topic;
use super::line::{Line, Traits};
use super::replayed::Replayed;
use super::shared::Shared;
use super::stats::{Stats, Summary};
use super::{ABANDON_GRACE, application_name};
use crate::consume::{Lag, Reader, Resume, check_properties, derived_group};
use crate::error::{Diagnostic, Error, Result};
use crate::flush::Target;
use crate::metrics::{Counters, Snapshot};
use crate::settings::{Assignment, DeadLetterTarget, Job, Source};
use crate::stop::{Phase, Stop};

/// What a run is told besides its job.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Start by the startup mode, whatever progress is stored.
    pub fresh: bool,
}

/// A running job. Dropping it abandons the job.
pub struct Pipeline {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    lines: Vec<Arc<Line>>,
    sources: Vec<SourceStats>,
    threads: Vec<JoinHandle<()>>,
    started: Instant,
}

struct SourceStats {
    counters: Arc<Counters>,
    lag: Lag,
}

/// How many readers have not ended.
#[derive(Default)]
struct Readers {
    running: Mutex<usize>,
    ended: Condvar,
}

impl Pipeline {
    /// Opens everything the job names and starts it. Blocks until the first connections are up.
    pub fn start(job: Job, options: RunOptions) -> Result<Pipeline> {
        check_settings(&job)?;
        for notice in &job.notices {
            log::warn!("{notice}");
        }
        let shared = Arc::new(Shared::new(job.buffer_memory));
        let application = job_application_name(&job);
        let mut lines = Vec::new();
        for sink in &job.sinks {
            let rejects = letter_topic::rejects(&job, sink)?;
            let replayed = Replayed::default();
            let line = Line::open(sink, &application, job.max_outage, &shared, rejects, replayed, Traits::default())?;
            warn_of_company(&line.target, &job.sources[sink.source])
                .inspect(|warning| log::warn!("{}: {warning}", sink.name));
            lines.push(line);
        }
        let mut readers = Vec::new();
        for (index, source) in job.sources.iter().enumerate() {
            let reader = Reader::open(source, &resume(&job, source, options.fresh))?;
            let own: Vec<Arc<Line>> = lines.iter().filter(|line| line.source() == index).cloned().collect();
            readers.push((reader, source, own));
        }
        let running = Arc::new(Readers { running: Mutex::new(readers.len()), ended: Condvar::new() });
        let mut pipeline = Pipeline {
            shared,
            readers: running,
            lines,
            sources: Vec::new(),
            threads: Vec::new(),
            started: Instant::now(),
        };
        for (reader, source, own) in readers {
            pipeline.run_source(reader, source, own)?;
        }
        Ok(pipeline)
    }

    fn run_source(&mut self, mut reader: Reader, source: &Source, lines: Vec<Arc<Line>>) -> Result<()> {
        let counters = Arc::new(Counters::default());
        self.sources.push(SourceStats { counters: Arc::clone(&counters), lag: reader.lag() });
        for line in &lines {
            line.start_writer();
        }
        let shared = Arc::clone(&self.shared);
        let readers = Arc::clone(&self.readers);
        let mut intake = SourceIntake::new(source, &lines, Arc::clone(&shared), counters)?;
        let body = move || {
            let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                if let Err(error) = reader.run(&mut intake, &shared.stop) {
                    shared.fail(error);
                }
                for line in &lines {
                    line.close();
                }
                for line in &lines {
                    line.join(&shared.stop);
                }
                if let Err(error) = reader.commit(&intake.durable_positions()) {
                    log::warn!("the last positions could not be stored: {error}");
                }
            }));
            if worked.is_err() {
                shared.fail(Error::Internal(format!("the reader of {:?} panicked", lines.first().map(|l| l.name()))));
                lines.iter().for_each(|line| line.abandon());
            }
            *readers.running.lock() -= 1;
            readers.ended.notify_all();
        };
        let thread = thread::Builder::new().name(format!("read {}", source.table)).spawn(body);
        self.threads.push(thread.map_err(|error| Error::Internal(format!("no thread for the reader: {error}")))?);
        Ok(())
    }

    /// The handle that ends the job.
    pub fn stop(&self) -> Stop {
        self.shared.stop.clone()
    }

    pub fn stats(&self) -> Stats {
        Stats {
            counters: self.counters(),
            lag: self.sources.iter().map(|source| source.lag.get()).sum(),
            connections: self.lines.iter().map(|line| line.connections()).sum(),
            outage: self.lines.iter().any(|line| line.in_outage()),
            held_bytes: self.shared.budget.held(),
            freshness_ms: self.lines.iter().filter_map(|line| line.freshness_ms()).max(),
        }
    }

    /// Waits until the job has ended, by itself or because it was told to; tells whether it has.
    pub fn wait(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut running = self.readers.running.lock();
        while *running > 0 {
            if self.readers.ended.wait_until(&mut running, deadline).timed_out() {
                break;
            }
        }
        *running == 0
    }

    /// Waits for the end and tells what was done and whether it went well.
    pub fn finish(mut self) -> (Summary, Result<()>) {
        while !self.wait(Duration::from_secs(1)) {
            if self.shared.stop.phase() == Phase::Abandoning && !self.wait(ABANDON_GRACE) {
                self.shared.fail(Error::Stopped);
                self.threads.clear();
                break;
            }
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                self.shared.fail(Error::Internal("a reader thread panicked".into()));
            }
        }
        let summary = Summary { counters: self.counters(), seconds: self.started.elapsed().as_secs_f64() };
        let outcome = self.shared.failure().map_or(Ok(()), Err);
        (summary, outcome)
    }

    fn counters(&self) -> Snapshot {
        let mut sum = Snapshot::default();
        for source in &self.sources {
            sum += source.counters.snapshot();
        }
        for line in &self.lines {
            sum += line.counters().snapshot();
        }
        sum
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.shared.stop.abandon();
    }
}

/// What is wrong with a job that `config` can't see: properties that only the Kafka client's stage understands.
/// [`Error::Config`], like the job file's own errors; nothing is opened.
pub fn check_settings(job: &Job) -> Result<()> {
    let mut wrong: Vec<Diagnostic> = job
        .sources
        .iter()
        .flat_map(|source| {
            let named = |message| Diagnostic { location: None, message: format!("table {}: {message}", source.table) };
            check_properties(&source.kafka).into_iter().map(named)
        })
        .collect();
    // Rejected records would be read, and rejected, again without end.
    for sink in &job.sinks {
        let Some(DeadLetterTarget::Kafka(topic)) = &sink.dead_letter else { continue };
        let reads = |source: &&Source| source.kafka.topics.contains(topic);
        if let Some(source) = job.sources.iter().find(reads) {
            let message =
                format!("{}: 'deadletter' = 'kafka:{topic}' is a topic that table {} reads", sink.name, source.table);
            wrong.push(Diagnostic { location: None, message });
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Config(wrong)) }
}

/// Processes that share partitions are meant to be several; others repeat each other's work.
pub fn warn_of_company(target: &Target, source: &Source) -> Option<String> {
    let repeats = target.has_company() && source.kafka.assignment == Assignment::Manual;
    repeats.then(|| {
        "another process of this job is connected, and both write all rows; with 'scan.assignment' = 'group' on the \
         source they would share them"
            .to_owned()
    })
}

pub fn resume(job: &Job, source: &Source, fresh: bool) -> Resume {
    let name = job.name().unwrap_or("vecsink").to_owned();
    let sinks: Vec<String> = job.sinks.iter().map(|sink| sink.name.clone()).collect();
    let group =
        source.kafka.group_id.clone().unwrap_or_else(|| derived_group(&name, &sinks, &source.kafka.topics.identity()));
    Resume { job: name, group, fresh, share_of_memory: job.buffer_memory / 4 / job.sources.len() }
}

pub fn job_application_name(job: &Job) -> String {
    let given = job.sinks.iter().find_map(|sink| sink.connection.application_name.clone());
    application_name(given.unwrap_or_else(|| format!("vecsink {}", job.name().unwrap_or("job"))))
}
