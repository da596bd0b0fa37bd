//! `SET 'key' = 'value'`: settings of the whole job.

use std::time::Duration;

use crate::options::nearest::nearest;
use crate::options::report::Report;
use crate::options::{OptionDefinition, OptionValue, environment, value_types, with_defaults};
use crate::sql::parse::SetOption;
use crate::types::time_zone::TimeZone;

/// The settings that SET makes for the whole job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    pub pipeline_name: Option<String>,
    pub buffer_memory: usize,
    pub max_outage: Option<Duration>,
    pub not_null_drop: bool,
    pub time_zone: TimeZone,
    pub trim_pad: bool,
}

type Setting = OptionDefinition<Settings>;

const PIPELINE_NAME: Setting = Setting::new(
    "pipeline.name",
    OptionValue::Parsed(|job, text| {
        job.pipeline_name = Some(pipeline_name(text)?);
        Ok(())
    }),
    "The job's name, under which its progress is stored. Without this option the name is properties.group.id, or else the \
     job file's name.",
);
const BUFFER_MEMORY: Setting = Setting::new(
    "buffer.memory",
    OptionValue::MemorySize(|job, size| {
        job.buffer_memory = enough_memory(size)?;
        Ok(())
    }),
    "The most bytes of rows that the process holds between reading and COMMIT. Reading waits when this limit is reached.",
)
.default("32mb")
.own();
const MAX_OUTAGE: Setting = Setting::new(
    "max.outage",
    OptionValue::Duration(|job, longest| job.max_outage = Some(longest)),
    "How long the database may be unreachable before the job stops. A start waits this long for Kafka, too. Without this \
     option a running job waits without end, and a start waits only for the connection time-out, unless --wait-for-servers \
     is given.",
)
.own();
const NOT_NULL_ENFORCER: Setting = Setting::new(
    "table.exec.sink.not-null-enforcer",
    OptionValue::Choice(&[("ERROR", |job| job.not_null_drop = false), ("DROP", |job| job.not_null_drop = true)]),
    "What happens to a NULL for a NOT NULL column. ERROR: the sink's exceptionmode decides what happens to the record. \
     DROP: the row is left out and counted as ignored.",
)
.default("ERROR");

const TYPE_LENGTH_ENFORCER: Setting = Setting::new(
    "table.exec.sink.type-length-enforcer",
    OptionValue::Choice(&[("IGNORE", |job| job.trim_pad = false), ("TRIM_PAD", |job| job.trim_pad = true)]),
    "TRIM_PAD brings texts and bytes to the lengths that the job file's sink table declares: longer ones are cut, \
     CHAR and BINARY are filled up. IGNORE leaves the lengths to the database.",
)
.default("IGNORE")
.since("1.15");
const LOCAL_TIME_ZONE: Setting = Setting::new(
    "table.local-time-zone",
    OptionValue::Parsed(|job, text| {
        job.time_zone = TimeZone::parse(text)?;
        Ok(())
    }),
    "The time zone in which a TIMESTAMP_LTZ becomes a local time, and a local time a TIMESTAMP_LTZ: a name such as \
     Asia/Shanghai, or GMT+08:00. Flink's default is the machine's zone.",
)
.default("UTC");

pub const OPTIONS: &[Setting] =
    &[PIPELINE_NAME, BUFFER_MEMORY, MAX_OUTAGE, NOT_NULL_ENFORCER, TYPE_LENGTH_ENFORCER, LOCAL_TIME_ZONE];

/// A smaller buffer has no room for a batch of vectors.
const LEAST_BUFFER: usize = 1 << 20;

const LONGEST_NAME: usize = 255;

/// Checks the name of a job, which becomes a part of other names and of log lines.
pub fn pipeline_name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("must not be empty".into()),
        name if name.chars().any(char::is_control) => Err("must not contain control characters".into()),
        name if name.len() > LONGEST_NAME => Err(format!("must not be longer than {LONGEST_NAME} bytes")),
        name => Ok(name.to_string()),
    }
}

pub fn buffer_memory(text: &str) -> Result<usize, String> {
    enough_memory(value_types::memory_size(text)?)
}

fn enough_memory(size: usize) -> Result<usize, String> {
    if size < LEAST_BUFFER { Err("must be at least 1mb".into()) } else { Ok(size) }
}

impl Settings {
    pub fn new() -> Self {
        with_defaults(OPTIONS)
    }

    /// Applies one SET. If a key is set twice, the last SET counts.
    pub fn set(&mut self, set: &SetOption, environment: &dyn Fn(&str) -> Option<String>, report: &mut Report) {
        let value = match environment::expand(&set.value, environment) {
            Ok(value) => value,
            Err(message) => return refuse(set, &message, report),
        };
        match OPTIONS.iter().find(|option| option.name == set.key) {
            Some(option) => {
                if let Err(message) = option.value().apply(self, &value) {
                    refuse(set, &message, report);
                }
            }
            None => report.notice(format!("SET '{}' has no effect here{}", set.key, suggestion(&set.key))),
        }
    }
}

fn refuse(set: &SetOption, message: &str, report: &mut Report) {
    report.error(Some(set.value_at), format!("setting '{}' {message}", set.key));
}

/// Flink has many settings, and some of their names are similar to ours. So a name is only suggested if at most two letters
/// differ.
fn suggestion(key: &str) -> String {
    match nearest(key, OPTIONS.iter().map(|option| option.name)) {
        Some(near) if strsim::damerau_levenshtein(near, &key.to_lowercase()) <= 2 => {
            format!("; did you mean '{near}'?")
        }
        _ => String::new(),
    }
}
