//! `vecsink topic`: makes topics, for machines without Kafka's own tools.

use crate::error::Error;
use crate::kafka::admin;
use crate::kafka::admin::{Creation, Topic};

use super::Exit;
use super::assignment::{assignments, misuse, property};
use super::console::Console;

/// Make topics
#[derive(clap::Subcommand)]
pub enum TopicCommand {
    Create(Create),
}

/// Where the brokers are and how to log in.
#[derive(clap::Args)]
pub struct Brokers {
    /// Brokers to ask first
    #[arg(long, value_name = "HOST:PORT,…", default_value = "localhost:9092")]
    pub brokers: String,
    /// A Kafka client property under its Java name, such as `security.protocol=SASL_SSL`; may be repeated
    #[arg(short = 'X', long = "property", value_name = "NAME=VALUE")]
    properties: Vec<String>,
}

impl Brokers {
    /// The client's properties, or which of them can't be read.
    pub fn properties(&self) -> Result<Vec<(String, String)>, String> {
        assignments("-X", &self.properties, property)
    }
}

/// Make a topic
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vecsink topic create vector_ingest
  vecsink topic create vector_ingest --partitions 4 --brokers kafka-1:9092,kafka-2:9092
  vecsink topic create vector_ingest --config retention.ms=86400000 --if-not-exists")]
pub struct Create {
    /// The new topic's name
    #[arg(value_name = "TOPIC")]
    name: String,
    #[command(flatten)]
    brokers: Brokers,
    /// The number of partitions. The records of a partition keep their order; partitions can be read at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,
    /// Copies of each partition, on different brokers [default: the brokers' own default]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    replication_factor: Option<i32>,
    /// A setting of the topic, such as `retention.ms=86400000`; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    config: Vec<String>,
    /// Succeed also if the topic is already there; it is not changed
    #[arg(long)]
    if_not_exists: bool,
}

pub fn topic(command: TopicCommand, console: &Console) -> Exit {
    let TopicCommand::Create(create) = command;
    let arguments = create.brokers.properties().and_then(|properties| {
        let config = assignments("--config", &create.config, property)?;
        Ok((properties, config))
    });
    let (properties, config) = match arguments {
        Ok(arguments) => arguments,
        Err(message) => return misuse(console, &message),
    };
    let topic = Topic {
        name: &create.name,
        partitions: create.partitions,
        replication: create.replication_factor.unwrap_or(-1),
        config: &config,
    };
    match admin::create_topic(&create.brokers.brokers, &properties, &topic) {
        Ok(Creation::Created) => log::info!("topic {} made, partitions: {}", topic.name, topic.partitions),
        Ok(Creation::AlreadyThere) if create.if_not_exists => log::info!("topic {} is already there", topic.name),
        Ok(Creation::AlreadyThere) => {
            console.error(&format!("topic {} is already there; --if-not-exists accepts that", topic.name));
            return Exit::Failed;
        }
        Err(error) => return failure(console, &error),
    }
    Exit::Done
}

/// Prints the error and gives the exit code. If the client refuses a property, the arguments are wrong and nothing was opened.
pub fn failure(console: &Console, error: &Error) -> Exit {
    console.error(error);
    match error {
        Error::Config(_) => Exit::Misuse,
        _ => Exit::Failed,
    }
}
