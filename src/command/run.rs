//! `vecsink run`: runs a job until it is told to end, fails, or has read a bounded source.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::job::settings::job::Job;
use crate::metrics::Snapshot;
use crate::pipeline::{Pipeline, RunOptions, Summary, start_job};
use crate::stop::Phase;
use clap::ValueEnum;

use super::Exit;
use super::console::Console;
use super::job_file::{JobFile, duration};
use super::progress::Reporter;
use super::signals::EndRequest;
use super::summary;

/// How often signals are checked and progress is shown.
const TICK: Duration = Duration::from_millis(100);

/// Run a job: all INSERTs of the file, until Ctrl-C or SIGTERM
///
/// A restart goes on where the job ended, also after a crash: progress is stored only when everything before it is
/// committed in the database. The startup mode of the file applies to a job that has no stored progress yet.
///
/// After SIGINT or SIGTERM the job stops reading, writes the rows that it has read, and exits; after a second signal it exits at
/// once. Nothing is lost in either case. A source with 'scan.bounded.mode' ends by itself when all of it is in the database.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArguments {
    #[command(flatten)]
    job: JobFile,
    /// Forget the stored progress and start by 'scan.startup.mode'
    #[arg(long)]
    fresh: bool,
    /// At the start, wait for a database or brokers that can't be reached, instead of failing soon: as long as --max-outage or the
    /// file's `max.outage` allows, or without end. If one of these two is set, the start waits even without this option
    #[arg(long)]
    wait_for_servers: bool,
    /// Print what was done as the last line of stdout
    #[arg(long, value_name = "FORMAT")]
    summary: Option<SummaryFormat>,
    /// How long to go on writing after SIGINT or SIGTERM
    #[arg(long, value_name = "DURATION", default_value = "25s", value_parser = duration)]
    drain_timeout: Duration,
}

const EXAMPLES: &str = "\
Examples:
  vecsink run job.sql
      The job as the file says.
  vecsink run job.sql -D vector_kafka.properties.bootstrap.servers=kafka-1:9092
      The same on another broker. The file stays as it is.
  vecsink run job.sql -D vector_kafka.scan.bounded.mode=latest-offset --summary json
      Reads up to the topic's current end, and prints the counts as one JSON object.
  vecsink run job.sql -D vector_ingest.deadletter=file:rejected.jsonl
      Records that can't be written go to a file, with their positions and the reason.
  DB_PASSWORD=… vecsink run job.sql
      With 'password' = '${DB_PASSWORD}' in the file.";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SummaryFormat {
    Json,
}

pub fn run(arguments: RunArguments, console: &Console) -> Exit {
    let job = match arguments.job.load(console) {
        Ok(job) => job,
        Err(exit) => return exit,
    };
    let options = RunOptions { fresh: arguments.fresh, wait_for_servers: arguments.wait_for_servers };
    let (summary, outcome) = execute(job, options, arguments.drain_timeout, console);
    if let Err(error) = &outcome {
        console.error(error);
    }
    if arguments.summary == Some(SummaryFormat::Json) {
        console.print(&summary::json(&summary).to_string());
    }
    if outcome.is_ok() { Exit::Done } else { Exit::Failed }
}

fn execute(job: Job, options: RunOptions, drain_timeout: Duration, console: &Console) -> (Summary, Result<()>) {
    let nothing = Summary { counters: Snapshot::default(), seconds: 0.0, progress_age: None };
    let end = match EndRequest::listen() {
        Ok(end) => end,
        Err(error) => return (nothing, Err(Error::Internal(format!("signals can't be caught: {error}")))),
    };
    match start(job, options, &end) {
        Ok(Some(pipeline)) => wait_for_end(pipeline, &end, drain_timeout, console),
        Ok(None) => {
            log::info!("ended before the job had started");
            (nothing, Ok(()))
        }
        Err(error) => (nothing, Err(error)),
    }
}

/// Starts the job in a thread of its own, so that a signal ends the wait for a server that doesn't answer. `None`: a signal
/// came before the job had started.
fn start(job: Job, options: RunOptions, end: &EndRequest) -> Result<Option<Pipeline>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // After a signal nobody receives this any more, and the process ends.
        let _ = sender.send(start_job(job, options));
    });
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(started) => return started.map(Some),
            Err(mpsc::RecvTimeoutError::Timeout) if end.is_made() => return Ok(None),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(Error::Internal("the start panicked".into())),
        }
    }
}

/// Shows progress until the job has ended, and limits how long a drain may take.
fn wait_for_end(
    pipeline: Pipeline,
    end: &EndRequest,
    drain_timeout: Duration,
    console: &Console,
) -> (Summary, Result<()>) {
    let stop = pipeline.stop_handle();
    let mut reporter = Reporter::new(console);
    let mut drain_until = None;
    while !pipeline.wait(TICK) {
        reporter.show(&pipeline.stats());
        if stop.is_running() && end.is_made() {
            log::info!("draining for at most {drain_timeout:?}; a second signal ends at once");
            stop.drain();
        }
        // A job that has failed drains by itself. This drain has the same time limit.
        if !stop.is_running() && Instant::now() >= *drain_until.get_or_insert_with(|| Instant::now() + drain_timeout) {
            stop.abandon();
            break;
        }
    }
    let abandoned = stop.phase() == Phase::Abandoning;
    drop(reporter);
    let (summary, outcome) = pipeline.finish();
    log::info!("{}", summary::text(&summary));
    let outcome = if abandoned { outcome.and(Err(Error::Stopped)) } else { outcome };
    (summary, outcome)
}
