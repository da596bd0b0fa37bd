//! The settings of a whole job file.

use std::time::Duration;

use crate::job::settings::mapping::Mapping;
use crate::job::settings::source::Source;

/// The settings of a whole job file.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// `SET 'pipeline.name'`, if the file has it. [`Job::name`] says which name is used otherwise.
    pub pipeline_name: Option<String>,
    /// The job file's stem, `job` for `job.sql`.
    pub file_stem: Option<String>,
    pub sources: Vec<Source>,
    /// A mapping for each INSERT INTO, in the order of the file.
    pub mappings: Vec<Mapping>,
    /// The most bytes of rows that the whole process holds between reading and COMMIT.
    pub buffer_memory: usize,
    /// How long the database can be away before the job stops. `None`: the job never stops for this reason.
    pub max_outage: Option<Duration>,
    /// Notices for the user at the start: options without effect, and defaults that differ from the Java connector's.
    pub notices: Vec<String>,
}

impl Job {
    /// The name under which progress is stored: `pipeline.name`, otherwise the first group id, otherwise the file's stem.
    pub fn name(&self) -> Option<&str> {
        self.pipeline_name
            .as_deref()
            .or_else(|| self.sources.iter().find_map(|source| source.kafka.group_id.as_deref()))
            .or(self.file_stem.as_deref())
    }
}
