//! `SET 'key' = 'value'`: settings of the whole job.

use std::time::Duration;

use crate::options::nearest::nearest;
use crate::options::report::Report;
use crate::options::{OptionSpec, ValueType};
use crate::options::{environment, value_types};
use crate::sql::parse::SetOption;
use crate::types::time_zone::TimeZone;

pub const PIPELINE_NAME: OptionSpec = OptionSpec::new(
    "pipeline.name",
    ValueType::Text,
    "The job's name, under which its progress is kept. Left out: properties.group.id, else the job file's name.",
);
pub const BUFFER_MEMORY: OptionSpec = OptionSpec::new(
    "buffer.memory",
    ValueType::MemorySize,
    "Bytes of rows held between reading and COMMIT, in the whole process. At the bound, reading waits.",
)
.default("32mb")
.own();
pub const MAX_OUTAGE: OptionSpec = OptionSpec::new(
    "max.outage",
    ValueType::Duration,
    "How long the database may be away before the job stops. A start waits that long too, also for Kafka. Left out: a running \
     job waits without end, a start only for the connect time-out, unless --wait-for-servers is given.",
)
.own();
pub const NOT_NULL_ENFORCER: OptionSpec = OptionSpec::new(
    "table.exec.sink.not-null-enforcer",
    ValueType::Choice(std::borrow::Cow::Borrowed(&["ERROR", "DROP"])),
    "A NULL for a NOT NULL column: ERROR rejects the record by the sink's exceptionmode, DROP leaves the row out and \
     counts it as ignored.",
)
.default("ERROR");

pub const TYPE_LENGTH_ENFORCER: OptionSpec = OptionSpec::new(
    "table.exec.sink.type-length-enforcer",
    ValueType::Choice(std::borrow::Cow::Borrowed(&["IGNORE", "TRIM_PAD"])),
    "TRIM_PAD brings texts and bytes to the lengths that the target's columns are declared with: longer ones are cut, \
     CHAR and BINARY are filled up. IGNORE leaves the lengths to the database.",
)
.default("IGNORE")
.since("1.15");
pub const LOCAL_TIME_ZONE: OptionSpec = OptionSpec::new(
    "table.local-time-zone",
    ValueType::Text,
    "Where TIMESTAMP_LTZ meets local times: a name such as Asia/Shanghai, or GMT+08:00. Flink's default is the machine's \
     zone.",
)
.default("UTC");

pub const OPTIONS: &[OptionSpec] =
    &[PIPELINE_NAME, BUFFER_MEMORY, MAX_OUTAGE, NOT_NULL_ENFORCER, TYPE_LENGTH_ENFORCER, LOCAL_TIME_ZONE];

/// Less holds no batch of vectors.
const LEAST_BUFFER: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub pipeline_name: Option<String>,
    pub buffer_memory: usize,
    pub max_outage: Option<Duration>,
    pub not_null_drop: bool,
    pub time_zone: TimeZone,
    pub trim_pad: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let buffer_memory = BUFFER_MEMORY.default.and_then(|text| value_types::memory_size(text).ok());
        Settings {
            pipeline_name: None,
            buffer_memory: buffer_memory.unwrap_or(LEAST_BUFFER),
            max_outage: None,
            not_null_drop: false,
            time_zone: TimeZone::default(),
            trim_pad: false,
        }
    }
}

const LONGEST_NAME: usize = 255;

/// The name of a job. It becomes part of other names, and stands in log lines.
pub fn pipeline_name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("must not be empty".into()),
        name if name.chars().any(char::is_control) => Err("must not hold control characters".into()),
        name if name.len() > LONGEST_NAME => Err(format!("must not be longer than {LONGEST_NAME} bytes")),
        name => Ok(name.to_string()),
    }
}

pub fn buffer_memory(text: &str) -> Result<usize, String> {
    match value_types::memory_size(text)? {
        size if size < LEAST_BUFFER => Err("must be at least 1mb".into()),
        size => Ok(size),
    }
}

impl Settings {
    /// Applies one SET; a later one of the same key wins.
    pub fn set(&mut self, set: &SetOption, environment: &dyn Fn(&str) -> Option<String>, report: &mut Report) {
        let mut refuse = |message: &str| report.error(Some(set.value_at), format!("setting '{}' {message}", set.key));
        let value = match environment::expand(&set.value, environment) {
            Ok(value) => value,
            Err(message) => return refuse(&message),
        };
        let key = |option: &OptionSpec| option.name == set.key;
        let applied = if key(&PIPELINE_NAME) {
            pipeline_name(&value).map(|name| self.pipeline_name = Some(name))
        } else if key(&BUFFER_MEMORY) {
            buffer_memory(&value).map(|size| self.buffer_memory = size)
        } else if key(&MAX_OUTAGE) {
            value_types::duration(&value).map(|limit| self.max_outage = Some(limit))
        } else if key(&NOT_NULL_ENFORCER) {
            self.not_null_drop = value.eq_ignore_ascii_case("DROP");
            if self.not_null_drop || value.eq_ignore_ascii_case("ERROR") {
                Ok(())
            } else {
                Err("must be ERROR or DROP".into())
            }
        } else if key(&TYPE_LENGTH_ENFORCER) {
            self.trim_pad = value.eq_ignore_ascii_case("TRIM_PAD");
            if self.trim_pad || value.eq_ignore_ascii_case("IGNORE") {
                Ok(())
            } else {
                Err("must be IGNORE or TRIM_PAD".into())
            }
        } else if key(&LOCAL_TIME_ZONE) {
            TimeZone::parse(&value).map(|zone| self.time_zone = zone)
        } else {
            let near = nearest(&set.key, OPTIONS.iter().map(|option| option.name));
            // Flink has many settings, and some have names much like these.
            let suggestion = match near.filter(|near| strsim::damerau_levenshtein(near, &set.key.to_lowercase()) <= 2) {
                Some(near) => format!("; did you mean '{near}'?"),
                None => String::new(),
            };
            report.notice(format!("SET '{}' has no effect here{suggestion}", set.key));
            return;
        };
        if let Err(message) = applied {
            refuse(&message);
        }
    }
}
