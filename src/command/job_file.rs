//! The job file of `run`, `check`, `ddl` and `replay`, and the arguments that change its settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Diagnostic, Error};
use crate::job::options::set::{buffer_memory, pipeline_name};
use crate::job::settings::job::Job;
use crate::job::{JobInput, Override, parse_job};
use crate::kafka::check_properties;
use crate::pipeline;

use super::Exit;
use super::assignment::{assignments, misuse};
use super::console::Console;

#[derive(clap::Args)]
pub struct JobFile {
    /// The job: Flink SQL statements
    #[arg(value_name = "JOB.sql")]
    path: PathBuf,
    #[command(flatten)]
    changes: Changes,
}

/// Arguments that change settings of a job file.
#[derive(clap::Args)]
pub struct Changes {
    /// Set an option of a table, instead of the file's value; may be repeated
    #[arg(short = 'D', value_name = "TABLE.OPTION=VALUE")]
    options: Vec<String>,
    /// Name under which progress is stored [default: the file's `pipeline.name`, else its group id, else its stem]
    #[arg(long, value_name = "NAME", value_parser = pipeline_name)]
    pipeline_name: Option<String>,
    /// Memory for rows between reading and COMMIT, such as 128mb [default: the file's `buffer.memory`, else 32mb]
    #[arg(long, value_name = "SIZE", value_parser = buffer_memory)]
    buffer_memory: Option<usize>,
    /// Fail when the database couldn't be reached for this long, such as 10min. A start waits for this long, for Kafka, too
    /// [default: the file's `max.outage`; without it a running job waits without end, and a start fails soon]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_outage: Option<Duration>,
}

impl JobFile {
    /// Reads and checks the file. All its errors are printed, as `file:line:column: message`.
    pub fn load(&self, console: &Console) -> Result<Job, Exit> {
        self.changes.load(&self.path, console)
    }
}

impl Changes {
    /// Reads and checks the file at `path`, with these changes.
    pub fn load(&self, path: &Path, console: &Console) -> Result<Job, Exit> {
        let overrides: Vec<Override> =
            assignments("-D", &self.options, table_option).map_err(|message| misuse(console, &message))?;
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| misuse(console, &format!("{shown}: {error}")))?;
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let input = JobInput {
            text: &text,
            file_stem: stem,
            overrides: &overrides,
            environment: &|name| std::env::var(name).ok(),
            properties: &check_properties,
        };
        let checked = parse_job(&input).and_then(|job| pipeline::check_settings(&job).map(|()| job));
        let mut job = checked.map_err(|error| {
            print_errors(console, &shown.to_string(), error);
            Exit::Misuse
        })?;
        if let Some(name) = &self.pipeline_name {
            job.pipeline_name = Some(name.clone());
        }
        job.buffer_memory = self.buffer_memory.unwrap_or(job.buffer_memory);
        job.max_outage = self.max_outage.or(job.max_outage);
        Ok(job)
    }
}

fn print_errors(console: &Console, path: &str, error: Error) {
    let Error::Config(diagnostics) = error else { return console.error(&error) };
    for diagnostic in &diagnostics {
        console.print_error_line(&located(path, diagnostic));
    }
    let errors = if diagnostics.len() == 1 { "error" } else { "errors" };
    console.error(&format!("{} {errors} in {path}; nothing was opened", diagnostics.len()));
}

fn located(path: &str, diagnostic: &Diagnostic) -> String {
    match diagnostic.location {
        Some(at) => format!("{path}:{}:{}: {}", at.line, at.column, diagnostic.message),
        None => format!("{path}: {}", diagnostic.message),
    }
}

fn table_option(text: &str) -> Result<Override, &'static str> {
    let wrong = "must be TABLE.OPTION=VALUE, such as vector_ingest.batchsize=5000";
    let (path, value) = text.split_once('=').ok_or(wrong)?;
    let (table, option) = path.split_once('.').ok_or(wrong)?;
    Ok(Override { table: table.trim().to_owned(), option: option.trim().to_owned(), value: value.to_owned() })
}

/// Reads a duration in Flink's spelling. It must have a unit, because 25 would be milliseconds in Flink, and most people would
/// mean seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    if text.trim().bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("needs a unit, such as 25s or 500ms".into());
    }
    crate::options::value_types::duration(text)
}
