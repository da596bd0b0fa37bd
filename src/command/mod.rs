//! The `vecsink` command: one file for each subcommand, and files that several of them use.

mod assignment;
mod check;
mod console;
mod ddl;
mod job_file;
mod offsets;
mod options;
mod produce;
mod progress;
mod replay;
mod run;
mod sample;
mod signals;
mod summary;
mod topic;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use console::{Console, LogArguments};

/// Streams freshly made vectors from Kafka into PostgreSQL, pgvector and AnalyticDB for PostgreSQL.
///
/// A job is a Flink SQL file: CREATE TABLE for the topic and for the target table, INSERT INTO … SELECT between them.
/// It runs unchanged, without a Flink cluster and without a JVM.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 120, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogArguments,
}

const EXAMPLES: &str = "\
Examples:
  vecsink check job.sql      Shows what the job would do. Connects, compares columns, writes nothing.
  vecsink run job.sql        Runs the job until Ctrl-C; a restart goes on where it ended.
  vecsink replay rejected.jsonl --job job.sql --rejected again.jsonl
                             Writes rejected records after they, or the table, were corrected.

Exit codes: 0 done or drained, 1 the job failed, 2 the job file or the arguments are wrong and nothing was opened.";

#[derive(Subcommand)]
enum Command {
    Run(run::RunArguments),
    Check(check::CheckArguments),
    Ddl(ddl::DdlArguments),
    Replay(replay::ReplayArguments),
    #[command(subcommand)]
    Offsets(offsets::OffsetsCommand),
    Options(options::OptionsArguments),
    #[command(subcommand)]
    Topic(topic::TopicCommand),
    Produce(produce::ProduceArguments),
}

/// How the command ends; the numbers are part of its contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// The command did its work: all rows are durable, the job was drained, or no problem was found.
    Done = 0,
    /// The job failed. A start with the same file goes on where it ended.
    Failed = 1,
    /// The job file or the arguments are wrong; nothing was opened.
    Misuse = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// The whole command: reads the arguments of the process and carries them out.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let console = Console::new(&arguments.log);
    let exit = match arguments.command {
        Command::Run(arguments) => run::run(arguments, &console),
        Command::Check(arguments) => check::check(&arguments, &console),
        Command::Ddl(arguments) => ddl::ddl(&arguments, &console),
        Command::Replay(arguments) => replay::replay(arguments, &console),
        Command::Offsets(command) => offsets::offsets(command, &console),
        Command::Options(options::OptionsArguments {}) => options::options(&console),
        Command::Topic(command) => topic::topic(command, &console),
        Command::Produce(arguments) => produce::produce(arguments, &console),
    };
    exit.into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
