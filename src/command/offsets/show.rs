//! `vecsink offsets show`.

use serde_json::{Value, json};

use crate::command::Exit;
use crate::command::console::Console;
use crate::command::job_file::JobFile;
use crate::pipeline::{StreamOffsets, show_offsets};

/// Show how far a job is, by sink, topic and partition
///
/// What the ledger has (for sinks with 'sink.delivery-guarantee' = 'exactly-once') stands beside what the consumer group has. Below
/// 'low' all is written; 'highest' is the highest offset that any of the 64 shards has written. The last run was clean when both are the
/// same: then the next one may divide rows in another way. Nothing is changed.
///
/// Exits with 0, 1 when a server can't be asked, 2 if the file is wrong.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vecsink offsets show job.sql
  vecsink offsets show job.sql --json | jq '.[] | select(.lag > 100000)'")]
pub struct ShowArguments {
    #[command(flatten)]
    job: JobFile,
    /// Print a JSON array with an object for each sink and partition
    #[arg(long)]
    json: bool,
}

pub fn show(arguments: &ShowArguments, console: &Console) -> Exit {
    let job = match arguments.job.load(console) {
        Ok(job) => job,
        Err(exit) => return exit,
    };
    match show_offsets(&job) {
        Ok(streams) if arguments.json => {
            console.print(&Value::Array(streams.iter().map(object).collect()).to_string());
            Exit::Done
        }
        Ok(streams) => {
            console.print(table(&streams).trim_end());
            Exit::Done
        }
        Err(error) => {
            console.error(&error);
            Exit::Failed
        }
    }
}

/// The fields are part of the command's contract.
fn object(stream: &StreamOffsets) -> Value {
    let ledger = stream.ledger.as_ref();
    let group = stream.group.as_ref();
    json!({
        "sink": stream.sink,
        "topic": &*stream.topic,
        "partition": stream.partition,
        "low": ledger.map(|ledger| ledger.low),
        "highest": ledger.map(|ledger| ledger.highest),
        "committed": group.and_then(|group| group.committed),
        "committed_by": group.and_then(|group| group.committed_by.clone()),
        "beginning": group.map(|group| group.first),
        "end": group.map(|group| group.end),
        "lag": stream.lag(),
        "clean": ledger.map(|ledger| ledger.is_clean()),
        "epoch": ledger.map(|ledger| ledger.epoch),
        "owner": ledger.map(|ledger| ledger.owner.clone()),
        "running": ledger.map(|_| stream.is_running),
        "seen": ledger.map(|ledger| ledger.seen.clone()),
    })
}

const HEAD: [&str; 12] =
    ["sink", "partition", "low", "highest", "group", "beginning", "end", "lag", "clean", "epoch", "owner", "seen"];
/// Columns with numbers, which stand at the right.
const NUMBERS: std::ops::Range<usize> = 2..8;

fn table(streams: &[StreamOffsets]) -> String {
    let mut lines: Vec<[String; 12]> = vec![HEAD.map(str::to_owned)];
    lines.extend(streams.iter().map(line));
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).enumerate().map(|(at, (cell, &width))| match NUMBERS.contains(&at) {
            true => format!("{cell:>width$}"),
            false => format!("{cell:width$}"),
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn line(stream: &StreamOffsets) -> [String; 12] {
    let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let (ledger, group) = (stream.ledger.as_ref(), stream.group.as_ref());
    let text = |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned());
    let owner = ledger.map(|ledger| match stream.is_running {
        true => format!("{} (running)", ledger.owner),
        false => ledger.owner.clone(),
    });
    [
        stream.sink.clone(),
        format!("{}[{}]", stream.topic, stream.partition),
        number(ledger.map(|ledger| ledger.low)),
        number(ledger.map(|ledger| ledger.highest)),
        number(group.and_then(|group| group.committed)),
        number(group.map(|group| group.first)),
        number(group.map(|group| group.end)),
        stream.lag().map_or_else(|| "-".to_owned(), |lag| lag.to_string()),
        text(ledger.map(|ledger| if ledger.is_clean() { "yes" } else { "no" }.to_owned())),
        number(ledger.map(|ledger| ledger.epoch)),
        text(owner),
        text(ledger.map(|ledger| ledger.seen.clone())),
    ]
}
