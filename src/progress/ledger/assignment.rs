//! Decides from the ledger's rows of a stream whether reading may go on. If it may not, the ledger stays as it is.

use super::positions::ShardPositions;
use super::stream_name::StreamName;
use crate::dispatch::SHARDS;
use crate::settings::RowOrigin;

/// What a process wants to read.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    pub name: &'a StreamName,
    /// [`layout_text`](super::layout_text::layout_text).
    pub layout: &'a str,
    /// Kafka's cluster id and topic id with a `/` between them; an id that isn't known is empty. Empty for pushed rows.
    pub source: &'a str,
    /// The partition's first offset and the one after its last. `None` for pushed rows.
    pub extent: Option<(i64, i64)>,
    /// Records that are gone may be skipped, because the job file says where to go on.
    pub may_jump: bool,
}

/// The ledger's row of a stream, and those of its shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundStream {
    pub name: StreamName,
    pub layout: String,
    pub source: String,
    pub low: i64,
    /// Shard and position.
    pub shards: Vec<(i16, i64)>,
}

/// A stream that may be read on, and what must be done first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedStream {
    pub positions: ShardPositions,
    /// The ledger has another layout text, and the stream is clean: the new text must be stored.
    pub stores_layout: bool,
    /// How many of the offsets to read are gone.
    pub missed: u64,
}

/// Why a stream can't be continued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssignmentRefusal {
    /// Not each shard has one row. The number of rows that were found.
    Damaged(usize),
    OtherName(StreamName),
    OtherSource {
        was: String,
        is: String,
    },
    OtherLayout {
        was: String,
        is: String,
    },
    /// The ledger is beyond the partition's end.
    AboveEnd {
        position: i64,
        end: i64,
    },
    /// Records were deleted before they were read.
    Gone {
        low: i64,
        earliest: i64,
    },
}

impl Wanted<'_> {
    /// Checks what the ledger has.
    pub fn check(&self, found: &FoundStream) -> Result<CheckedStream, AssignmentRefusal> {
        if found.name != *self.name {
            return Err(AssignmentRefusal::OtherName(found.name.clone()));
        }
        let positions = found.positions().ok_or(AssignmentRefusal::Damaged(found.shards.len()))?;
        if !is_same_source(&found.source, self.source) {
            return Err(AssignmentRefusal::OtherSource { was: found.source.clone(), is: self.source.to_owned() });
        }
        let mut missed = 0;
        if let Some((earliest, end)) = self.extent {
            let position = positions.end();
            if position > end {
                return Err(AssignmentRefusal::AboveEnd { position, end });
            }
            if found.low < earliest {
                if !self.may_jump {
                    return Err(AssignmentRefusal::Gone { low: found.low, earliest });
                }
                missed = earliest.abs_diff(found.low);
            }
        }
        let stores_layout = found.layout != self.layout;
        if stores_layout && !positions.is_clean() {
            return Err(AssignmentRefusal::OtherLayout { was: found.layout.clone(), is: self.layout.to_owned() });
        }
        Ok(CheckedStream { positions, stores_layout, missed })
    }
}

impl FoundStream {
    /// `None`: not each shard has one row.
    fn positions(&self) -> Option<ShardPositions> {
        let mut next = [None; SHARDS];
        for (shard, position) in &self.shards {
            let slot = next.get_mut(usize::try_from(*shard).ok()?)?;
            if slot.replace(*position).is_some() {
                return None;
            }
        }
        let mut all = [0; SHARDS];
        for (position, found) in all.iter_mut().zip(next) {
            *position = found?;
        }
        Some(ShardPositions::new(self.low, all))
    }
}

/// An id that is unknown on one side counts as equal.
fn is_same_source(was: &str, is: &str) -> bool {
    let ids = |text: &str| text.split_once('/').map_or((text.to_owned(), String::new()), |(a, b)| (a.into(), b.into()));
    let ((cluster, topic), (own_cluster, own_topic)) = (ids(was), ids(is));
    let same = |one: &str, other: &str| one.is_empty() || other.is_empty() || one == other;
    same(&cluster, &own_cluster) && same(&topic, &own_topic)
}

impl AssignmentRefusal {
    /// What is wrong and what to do, for a job or for a program that pushes.
    pub fn describe(&self, origin: RowOrigin) -> String {
        let (begin, rename) = match origin {
            RowOrigin::Job => {
                ("choose where to begin (vecsink offsets reset)", "give this job another 'pipeline.name'")
            }
            RowOrigin::Program => ("delete the stream's rows of the ledger", "give this stream another name"),
        };
        match self {
            AssignmentRefusal::Damaged(rows) => format!(
                "the ledger is damaged: it has {rows} rows of the stream's shards, not one for each of {SHARDS}; restore it from \
                 a backup of the same time as the table, or {begin}"
            ),
            AssignmentRefusal::OtherName(StreamName { job, sink, topic, partition }) => {
                format!("its number in the ledger belongs to job '{job}', sink {sink}, {topic}[{partition}]; {rename}")
            }
            AssignmentRefusal::OtherSource { was, is } => format!(
                "it was read from another topic or cluster before (cluster id/topic id {was}, now {is}): the topic was created \
                 again, or the brokers belong to another cluster; {begin}, or {rename}"
            ),
            AssignmentRefusal::OtherLayout { was, is } => {
                let (last, finish) = match origin {
                    RowOrigin::Job => (
                        "the last run didn't write all that it had read",
                        "finish with the old job file first (run it, stop it with SIGTERM)",
                    ),
                    RowOrigin::Program => (
                        "the last sink didn't write all that was pushed",
                        "open the sink first as it was, push the rows from the resume position on again, and close it",
                    ),
                };
                format!(
                    "its rows are spread over the shards in another way now, and {last}; {finish}; the ledger has {was}, now it is {is}"
                )
            }
            AssignmentRefusal::AboveEnd { position, end } => format!(
                "the ledger says that all records below offset {position} are written, but the partition's next record gets offset \
                 {end}: the topic was created again, or the brokers lost records; {begin}, or {rename}"
            ),
            AssignmentRefusal::Gone { low, earliest } => format!(
                "offsets {low} to {} were not read, and the partition begins at {earliest}: {} records are lost; to go on without \
                 them set 'properties.auto.offset.reset' = 'earliest'",
                earliest - 1,
                earliest.abs_diff(*low)
            ),
        }
    }
}

#[cfg(test)]
#[path = "assignment_tests.rs"]
mod tests;
