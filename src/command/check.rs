//! `vecsink check`: says what a job would do, and what is wrong with it, without writing a row.

use std::fmt::Write;

use crate::pipeline;
use crate::pipeline::CheckedSink;

use super::Exit;
use super::console::{Color, Console};
use super::job_file::JobFile;
use super::sample;

/// Explain a job without running it
///
/// Makes all checks that `run` makes at its start: the file, the broker, the topics, the database, the table. Prints
/// columns and types side by side, how rows are written, where reading starts, and what makes ingest slow. Nothing is
/// written and no progress is stored.
///
/// Exits with 0 if the job would run, 1 if something would keep it from running, 2 if the file is wrong.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  vecsink check job.sql
  vecsink check job.sql --sample 10
  vecsink check job.sql -D vector_ingest.url=jdbc:postgresql://db-2:5432/adbpg_test")]
pub struct CheckArguments {
    #[command(flatten)]
    job: JobFile,
    /// Decode the next N records of each source and show the rows they would become, and why some would not
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
}

pub fn check(arguments: &CheckArguments, console: &Console) -> Exit {
    let job = match arguments.job.load(console) {
        Ok(job) => job,
        Err(exit) => return exit,
    };
    for notice in &job.notices {
        log::warn!("{notice}");
    }
    let sinks = pipeline::check(&job);
    for sink in &sinks {
        console.print(&plan(sink, console));
    }
    let problems: usize = sinks.iter().map(|sink| sink.problems.len()).sum();
    if let Some(count) = arguments.sample
        && problems == 0
    {
        match pipeline::sample(&job, count) {
            Ok(samples) => samples.iter().for_each(|sampled| console.print(&sample::table(sampled))),
            Err(error) => return failed(console, &error.to_string()),
        }
    }
    match problems {
        0 => Exit::Done,
        1 => failed(console, "1 problem; the job would not run"),
        count => failed(console, &format!("{count} problems; the job would not run")),
    }
}

fn failed(console: &Console, message: &str) -> Exit {
    console.error(&message);
    Exit::Failed
}

/// The plan of one INSERT as indented text.
fn plan(sink: &CheckedSink, console: &Console) -> String {
    let mut text = format!("{} from {}\n", sink.sink, sink.source);
    let width = |cell: fn(&pipeline::CheckedColumn) -> &str| {
        sink.columns.iter().map(|column| cell(column).chars().count()).max().unwrap_or(0)
    };
    let (name, from, to) = (width(|c| &c.name), width(|c| &c.from), width(|c| &c.to));
    for column in &sink.columns {
        let notes = column.notes.join(", ");
        let line = format!("  {:name$}  {:from$}  ->  {:to$}  {notes}", column.name, column.from, column.to);
        text += line.trim_end();
        text.push('\n');
    }
    section(&mut text, "How", &sink.plan);
    section(&mut text, "Starts at", &sink.start);
    section(&mut text, &console.paint_output(Color::Yellow, "Warnings"), &sink.warnings);
    section(&mut text, &console.paint_output(Color::Red, "Problems"), &sink.problems);
    text
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "  {title}");
    for line in lines {
        // If a text has several lines, each of them is indented.
        let _ = writeln!(text, "    - {}", line.replace('\n', "\n      "));
    }
}
