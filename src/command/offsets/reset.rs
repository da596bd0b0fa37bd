//! `vecsink offsets reset`.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::command::Exit;
use crate::command::console::Console;
use crate::command::job_file::JobFile;
use crate::error::Error;
use crate::pipeline::{PlannedReset, ResetOptions, ResetTo, plan_reset};
use crate::settings::kafka::partition_offsets;

/// Set a job to other offsets: its ledger and its consumer group
///
/// First prints what would be changed, and then asks on a terminal; elsewhere it needs --yes. Records between an earlier offset and
/// the present one are written again, those up to a later one are never written: rows of the table are neither deleted nor looked at.
///
/// Refuses while the job runs: while sessions of it are in the database, or its group has members. Stop it with SIGTERM first.
///
/// Exits with 0 when it is done, 1 when it was refused or a server can't be asked, 2 if the file or the arguments are wrong. With 1 or 2
/// nothing was changed, unless the message says otherwise.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vecsink offsets reset job.sql --to earliest
  vecsink offsets reset job.sql --to latest --sink vector_test.car_info --yes
  vecsink offsets reset job.sql --to 2026-12-01T03:00:00Z
  vecsink offsets reset job.sql --to 'partition:0,offset:42;partition:1,offset:300' --topic cars")]
pub struct ResetArguments {
    #[command(flatten)]
    job: JobFile,
    /// `earliest`, `latest`, a time such as 2026-12-01T03:00:00Z (the first record with at least this timestamp), or offsets as
    /// partition:0,offset:42;partition:1,offset:300
    #[arg(long, value_name = "PLACE", value_parser = place)]
    to: ResetTo,
    /// Only this topic
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Only this sink, such as vector_test.car_info; it must be exactly-once
    #[arg(long, value_name = "NAME")]
    sink: Option<String>,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

fn place(text: &str) -> Result<ResetTo, String> {
    match text {
        "earliest" => Ok(ResetTo::Earliest),
        "latest" => Ok(ResetTo::Latest),
        _ if text.starts_with("partition:") => partition_offsets(text).map(ResetTo::Offsets),
        _ => text.parse().map(|time: jiff::Timestamp| ResetTo::Timestamp(time.as_millisecond())).map_err(|_| {
            "must be earliest, latest, a time with its zone such as 2026-12-01T03:00:00Z, or offsets such as \
             partition:0,offset:42"
                .to_owned()
        }),
    }
}

pub fn reset(arguments: ResetArguments, console: &Console) -> Exit {
    let job = match arguments.job.load(console) {
        Ok(job) => job,
        Err(exit) => return exit,
    };
    let options = ResetOptions { to: arguments.to, topic: arguments.topic, sink: arguments.sink };
    let plan = match plan_reset(&job, &options) {
        Ok(plan) => plan,
        Err(error) => return failed(console, &error),
    };
    for change in &plan.changes {
        console.print(&describe(change));
    }
    if !arguments.yes && !agreed(console) {
        return Exit::Failed;
    }
    match plan.carry_out(&job) {
        Ok(()) => {
            console.print("done");
            Exit::Done
        }
        Err(error) => {
            console.error(&format!(
                "{error}; a part may be done: `vecsink offsets show` says so, and it can be run again"
            ));
            Exit::Failed
        }
    }
}

fn failed(console: &Console, error: &Error) -> Exit {
    console.error(error);
    match error {
        Error::Config(_) => Exit::Misuse,
        _ => Exit::Failed,
    }
}

/// Asks on a terminal. Elsewhere nobody can answer.
fn agreed(console: &Console) -> bool {
    if !io::stdin().is_terminal() {
        console.error(&"nothing was changed: with --yes it would be");
        return false;
    }
    let mut answer = String::new();
    let asked = write!(io::stderr(), "Do this? [y/N] ").and_then(|()| io::stderr().flush());
    let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
    let agreed = read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes");
    if !agreed {
        console.error(&"nothing was changed");
    }
    agreed
}

fn describe(change: &PlannedReset) -> String {
    let PlannedReset { sink, topic, partition, from, to } = change;
    let who = sink.as_ref().map_or_else(|| "consumer group".to_owned(), |sink| format!("ledger of {sink}"));
    let what = match (sink, from) {
        (_, None) => String::new(),
        (_, Some(from)) if from == to => ", where it is".to_owned(),
        (None, Some(from)) => format!(", from {from}"),
        (Some(_), Some(from)) if to < from => format!(", from {from}: {} offsets are written again", from - to),
        (Some(_), Some(from)) => format!(", from {from}: {} offsets are never written", to - from),
    };
    format!("{who}: {topic}[{partition}] to {to}{what}")
}

#[cfg(test)]
mod tests {
    use crate::settings::kafka::PartitionOffsets;

    use super::*;

    #[test]
    fn a_place_is_a_word_a_time_with_its_zone_or_offsets() {
        assert_eq!(place("earliest"), Ok(ResetTo::Earliest));
        assert_eq!(place("1970-01-01T01:00:01.5+01:00"), Ok(ResetTo::Timestamp(1500)));
        assert_eq!(place("2026-12-01 03:00:00Z"), Ok(ResetTo::Timestamp(1_796_094_000_000)));
        assert_eq!(place("partition:3,offset:42"), Ok(ResetTo::Offsets(PartitionOffsets(vec![(3, 42)]))));
        for wrong in ["", "first", "2026-12-01T03:00:00", "42", "partition:0"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_change_says_what_becomes_of_the_records_between() {
        let change = |sink: Option<&str>, from, to| {
            describe(&PlannedReset { sink: sink.map(str::to_owned), topic: "t".into(), partition: 1, from, to })
        };
        assert_eq!(change(Some("s.t"), Some(9), 4), "ledger of s.t: t[1] to 4, from 9: 5 offsets are written again");
        assert_eq!(change(Some("s.t"), Some(4), 9), "ledger of s.t: t[1] to 9, from 4: 5 offsets are never written");
        assert_eq!(change(None, None, 9), "consumer group: t[1] to 9");
        assert_eq!(change(None, Some(9), 9), "consumer group: t[1] to 9, where it is");
    }
}
