//! What a whole job file says.

use std::time::Duration;

use crate::job::settings::mapping::Mapping;
use crate::job::settings::source::Source;

/// A whole job file.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// `SET 'pipeline.name'`, if the file has one. See [`Job::name`] for what stands in for it.
    pub pipeline_name: Option<String>,
    /// The job file's stem, `job` for `job.sql`.
    pub file_stem: Option<String>,
    pub sources: Vec<Source>,
    /// One for every INSERT INTO, in the order of the file.
    pub mappings: Vec<Mapping>,
    /// Bytes of rows held between reading and COMMIT, in the whole process.
    pub buffer_memory: usize,
    /// How long the database may be away before the job gives up. `None`: no end.
    pub max_outage: Option<Duration>,
    /// What the user should be told at start: options without effect, defaults that differ from the Java connector's.
    pub notices: Vec<String>,
}

impl Job {
    /// The name under which progress is kept: `pipeline.name`, else the first group id, else the file's stem.
    pub fn name(&self) -> Option<&str> {
        self.pipeline_name
            .as_deref()
            .or_else(|| self.sources.iter().find_map(|source| source.kafka.group_id.as_deref()))
            .or(self.file_stem.as_deref())
    }
}
