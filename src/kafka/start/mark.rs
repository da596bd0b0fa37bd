//! The metadata of a committed offset. It says which job made the commit.

const MARK: &str = "vecsink ";
/// The text between the job's name and the stop. No job's name has a control character.
const STOP: &str = "\tto ";

/// The offset that the group has for a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedOffset {
    pub offset: i64,
    pub metadata: String,
}

/// What the metadata says of a commit that vecsink made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'a> {
    pub job: &'a str,
    /// Where reading ends, for a bound that our own commits would move.
    pub stop: Option<i64>,
}

impl CommittedOffset {
    pub fn mark(&self) -> Option<Mark<'_>> {
        let text = self.metadata.strip_prefix(MARK)?;
        let (job, stop) = text.split_once(STOP).map_or((text, None), |(job, stop)| (job, stop.parse().ok()));
        Some(Mark { job, stop })
    }
}

/// The metadata that marks a commit as `job`'s. `stop`: where later runs end reading of the partition, too.
pub fn metadata(job: &str, stop: Option<i64>) -> String {
    stop.map_or_else(|| format!("{MARK}{job}"), |stop| format!("{MARK}{job}{STOP}{stop}"))
}
