//! `vecsink replay`: processes dead letters with their job again.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::pipeline::{DeadLetterSource, ReplayOptions, Summary, replay as replay_job};
use crate::settings::TableName;
use crate::stop::Stop;

use super::Exit;
use super::console::Console;
use super::job_file::{Changes, duration};
use super::progress::grouped;
use super::run::SummaryFormat;
use super::signals::EndRequest;
use super::summary;

const TICK: Duration = Duration::from_millis(100);

/// Process dead letters with their job again
///
/// First correct the table, the job or the records. Each record is then processed as before, from its original bytes into
/// the sink that rejected it. In a file, 'value' may be edited, as base64 or as {"text": "…"}. Records that are rejected again
/// go to the job's 'deadletter', or to the file of --rejected; nothing is lost.
///
/// A dead letter in a table is deleted in the transaction that writes its row. Dead letters in a topic are read once: the next
/// replay starts after them. A file stays as it is, so move it away afterwards; a second replay of it writes its rows again,
/// with the same keys. Into a sink with 'sink.delivery-guarantee' = 'exactly-once' each record is written once, whatever is
/// replayed how often.
///
/// Exits with 0 if every dead letter was processed (its row is in the table, or it was rejected again), 1 if that failed or was
/// interrupted, 2 if the arguments, the job or a line of the file is wrong and nothing was written.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArguments {
    /// FILE, kafka:TOPIC or table:SCHEMA.NAME
    #[arg(value_name = "DEAD_LETTERS", value_parser = dead_letters)]
    dead_letters: DeadLetterSource,
    /// The job that rejected them: Flink SQL statements
    #[arg(long, value_name = "JOB.sql")]
    job: PathBuf,
    #[command(flatten)]
    changes: Changes,
    /// Only dead letters of this sink, such as vector_test.car_info, and those that name no sink
    #[arg(long, value_name = "NAME")]
    sink: Option<String>,
    /// A file for records that are rejected again, instead of the job's 'deadletter'
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Read a topic from its beginning, including dead letters that an earlier replay has processed
    #[arg(long)]
    fresh: bool,
    /// Print what was done as the last line of stdout
    #[arg(long, value_name = "FORMAT")]
    summary: Option<SummaryFormat>,
    /// How long to go on writing after SIGINT or SIGTERM
    #[arg(long, value_name = "DURATION", default_value = "25s", value_parser = duration)]
    drain_timeout: Duration,
}

const EXAMPLES: &str = "\
Examples:
  vecsink replay rejected.jsonl --job job.sql --rejected again.jsonl
      The dead letters of a file; those that are rejected again go to another file.
  vecsink replay kafka:cars.rejected --job job.sql
      The dead letters of a topic that came since the last replay.
  vecsink replay table:vector_test.rejected --job job.sql --sink vector_test.car_info
      The dead letters of a table, those of one sink.";

fn dead_letters(text: &str) -> std::result::Result<DeadLetterSource, String> {
    match text.split_once(':') {
        Some(("kafka", "")) => Err("needs a topic after 'kafka:'".into()),
        Some(("kafka", topic)) => Ok(DeadLetterSource::Topic(topic.to_owned())),
        Some(("table", name)) => match TableName::parse(name) {
            Ok(name) if name.has_schema() => {
                let (schema, table) = name.or_in("");
                Ok(DeadLetterSource::Table { schema, table })
            }
            _ => Err("needs SCHEMA.NAME after 'table:', with double quotes around a part that contains dots".into()),
        },
        Some(("file", path)) => Ok(DeadLetterSource::File(path.into())),
        _ => Ok(DeadLetterSource::File(text.into())),
    }
}

pub fn replay(arguments: ReplayArguments, console: &Console) -> Exit {
    let job = match arguments.changes.load(&arguments.job, console) {
        Ok(job) => job,
        Err(exit) => return exit,
    };
    let end = match EndRequest::listen() {
        Ok(end) => end,
        Err(error) => {
            console.error(&format!("signals can't be caught: {error}"));
            return Exit::Failed;
        }
    };
    let options = ReplayOptions {
        dead_letters: arguments.dead_letters,
        sink: arguments.sink,
        rejected: arguments.rejected,
        fresh: arguments.fresh,
    };
    let stop = Stop::default();
    let (sender, receiver) = mpsc::channel();
    let own = stop.clone();
    thread::spawn(move || {
        // If the replay was abandoned, nobody receives this any more, and the process ends.
        let _ = sender.send(replay_job(job, &options, &own));
    });
    let Some((summary, outcome)) = wait_for_end(&receiver, &end, &stop, arguments.drain_timeout) else {
        console.error(&Error::Stopped);
        return Exit::Failed;
    };
    log::info!("{} dead letters: {}", grouped(summary.counters.records_read), summary::text(&summary));
    if let Err(error) = &outcome {
        console.error(error);
    }
    if arguments.summary == Some(SummaryFormat::Json) {
        console.print(&summary::json(&summary).to_string());
    }
    match outcome {
        Ok(()) => Exit::Done,
        Err(Error::Config(_)) => Exit::Misuse,
        Err(_) => Exit::Failed,
    }
}

/// Waits for the end of the replay. `None`: it was abandoned, or it panicked.
fn wait_for_end(
    receiver: &mpsc::Receiver<(Summary, Result<()>)>,
    end: &EndRequest,
    stop: &Stop,
    drain_timeout: Duration,
) -> Option<(Summary, Result<()>)> {
    let mut drain_until = None;
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(done) => return Some(done),
            Err(mpsc::RecvTimeoutError::Disconnected) => return None,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        if end.is_made() {
            stop.drain();
        }
        if !stop.is_running() && Instant::now() >= *drain_until.get_or_insert_with(|| Instant::now() + drain_timeout) {
            stop.abandon();
            return receiver.recv_timeout(Duration::from_secs(2)).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_are_read_from_a_file_a_topic_or_a_table() {
        let table = DeadLetterSource::Table { schema: "s".into(), table: "t".into() };
        assert_eq!(dead_letters("table:s.t"), Ok(table));
        let dotted = DeadLetterSource::Table { schema: "my.schema".into(), table: "T".into() };
        assert_eq!(dead_letters("table:\"my.schema\".T"), Ok(dotted));
        assert_eq!(dead_letters("kafka:dead.cars"), Ok(DeadLetterSource::Topic("dead.cars".into())));
        assert_eq!(dead_letters("a/b.jsonl"), Ok(DeadLetterSource::File("a/b.jsonl".into())));
        assert_eq!(dead_letters("file:a/b.jsonl"), Ok(DeadLetterSource::File("a/b.jsonl".into())));
        assert!(
            dead_letters("table:t").is_err() && dead_letters("table:a.b.c").is_err() && dead_letters("kafka:").is_err()
        );
    }
}
