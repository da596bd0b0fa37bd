//! `vecsink produce`: sends the lines of a file to a topic, for machines without Kafka's own tools.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use crate::kafka::produce_lines;

use super::Exit;
use super::assignment::misuse;
use super::console::Console;
use super::job_file::duration;
use super::progress::grouped;
use super::topic::{Brokers, failure};

/// Send the lines of a file to a topic, one message for each line
///
/// A message is a line without its line end. Exits with 0 when the brokers have acknowledged every message.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vecsink produce --topic vector_ingest cars.tsv
  printf '1\\t2024-01-01 10:00:00\\tred\\t100\\t{0.1,0.2}\\n' | vecsink produce --topic vector_ingest -")]
pub struct ProduceArguments {
    /// The file, or - for standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// The topic; it must exist
    #[arg(long)]
    topic: String,
    #[command(flatten)]
    brokers: Brokers,
    /// How long a message may wait for others that are sent with it
    #[arg(long, value_name = "DURATION", default_value = "5ms", value_parser = duration)]
    linger: Duration,
}

pub fn produce(arguments: ProduceArguments, console: &Console) -> Exit {
    let ProduceArguments { file, topic, brokers, linger } = arguments;
    let properties = match brokers.properties() {
        Ok(properties) => properties,
        Err(message) => return misuse(console, &message),
    };
    let brokers = brokers.brokers;
    let sent = if file.as_os_str() == "-" {
        produce_lines(&brokers, &properties, &topic, linger, io::stdin().lock())
    } else {
        match File::open(&file) {
            Ok(lines) => produce_lines(&brokers, &properties, &topic, linger, BufReader::new(lines)),
            Err(error) => return misuse(console, &format!("{}: {error}", file.display())),
        }
    };
    match sent {
        Ok(sent) => {
            log::info!("{} messages, {} bytes sent to {topic}", grouped(sent.messages), grouped(sent.bytes));
            Exit::Done
        }
        Err(error) => failure(console, &error),
    }
}
