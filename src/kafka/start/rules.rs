//! Where each partition of a topic is read from and to. It is read from the stored progress or, without that, by the startup mode;
//! the bounded mode says where it ends. Pure.

use super::extent::{Extent, StartPlace};
use super::mark::CommittedOffset;
use super::position::{StartPosition, StartReason};
use crate::kafka::resume::Resume;
use crate::settings::kafka::{Bounded, KafkaSource, OffsetReset, Startup};

/// The parts of the job file and of the command line that decide where reading begins and ends.
#[derive(Debug, Clone, Copy)]
pub struct StartRules<'a> {
    pub job: &'a str,
    pub group: &'a str,
    pub fresh: bool,
    pub startup: &'a Startup,
    pub bounded: &'a Bounded,
    pub reset: Option<OffsetReset>,
}

/// Whether reading ends at the group's offsets, which our own commits move.
pub fn keeps_stop(bounded: &Bounded) -> bool {
    matches!(bounded, Bounded::GroupOffsets | Bounded::SpecificOffsets(_))
}

impl<'a> StartRules<'a> {
    pub fn new(resume: &'a Resume, kafka: &'a KafkaSource) -> Self {
        StartRules {
            job: &resume.job,
            group: &resume.group,
            fresh: resume.fresh,
            startup: &kafka.startup,
            bounded: &kafka.bounded,
            reset: kafka.auto_offset_reset,
        }
    }

    /// Where reading of every partition of one topic begins, in the order of `extents`.
    pub fn resolve(&self, topic: &str, extents: &[Extent]) -> Result<Vec<StartPlace>, String> {
        if self.fresh {
            return extents.iter().map(|extent| self.by_mode(topic, extent)).collect();
        }
        let others = extents.iter().filter_map(|e| Some(e.commit.as_ref()?.mark()?.job));
        if let Some(other) = others.into_iter().find(|name| *name != self.job) {
            return Err(format!(
                "topic '{topic}': the consumer group '{}' holds the progress of job '{other}', this is job '{}'; two \
                 jobs can't share a group id: set another 'properties.group.id', or take over with --fresh, which \
                 starts by the startup mode",
                self.group, self.job
            ));
        }
        let known = extents.iter().any(|e| self.progress(&e.commit).is_some());
        extents
            .iter()
            .map(|extent| match self.progress(&extent.commit) {
                Some(offset) => Ok(extent.go_on(offset)),
                None if known => Ok(StartPlace::new(extent.low, StartReason::NewPartition)),
                None => self.by_mode(topic, extent),
            })
            .collect()
    }

    /// The offset that this job has stored for the partition.
    pub fn progress(&self, commit: &Option<CommittedOffset>) -> Option<i64> {
        let commit = commit.as_ref()?;
        commit.mark().filter(|mark| mark.job == self.job).map(|_| commit.offset)
    }

    /// Where reading of a partition that starts at `start` ends.
    pub fn stop(&self, topic: &str, extent: &Extent, start: i64) -> Result<Option<i64>, String> {
        let kept = || extent.commit.as_ref()?.mark().filter(|mark| mark.job == self.job)?.stop;
        let committed = || kept().or(extent.commit.as_ref().map(|commit| commit.offset));
        match self.bounded {
            Bounded::Unbounded => Ok(None),
            Bounded::Latest => Ok(Some(extent.high)),
            Bounded::Timestamp(_) => Ok(Some(extent.at_bound.unwrap_or(extent.high))),
            Bounded::GroupOffsets => committed().map(Some).ok_or_else(|| {
                format!(
                    "topic '{topic}', partition {}: group '{}' has no committed offset, and 'scan.bounded.mode' is \
                     'group-offsets'; commit one, or use another bounded mode",
                    extent.partition, self.group
                )
            }),
            Bounded::SpecificOffsets(offsets) => {
                Ok(Some(offsets.of(extent.partition).or_else(committed).unwrap_or(start)))
            }
        }
    }

    /// Where a member of the group begins with a partition that it takes over: where the last owner ended, or else where the
    /// job found it at its start.
    pub fn take_over(&self, extent: &Extent, known: Option<&StartPosition>) -> StartPlace {
        match (self.progress(&extent.commit), known) {
            (Some(offset), _) => extent.go_on(offset),
            (None, Some(known)) if extent.holds(known.start) => {
                StartPlace { start: known.start, origin: known.origin, missed: known.missed }
            }
            (None, Some(known)) => extent.go_on(known.start),
            (None, None) => StartPlace::new(extent.low, StartReason::NewPartition),
        }
    }

    /// Where reading begins by the startup mode alone, for a partition that never had progress.
    fn by_mode(&self, topic: &str, extent: &Extent) -> Result<StartPlace, String> {
        let committed = extent.commit.as_ref().map(|commit| commit.offset);
        let start = match self.startup {
            Startup::Earliest => extent.low,
            Startup::Latest => extent.high,
            Startup::Timestamp(_) => extent.at_timestamp.unwrap_or(extent.high).max(extent.low),
            Startup::SpecificOffsets(offsets) => {
                let offset = offsets.of(extent.partition).or(committed);
                offset.filter(|offset| extent.holds(*offset)).unwrap_or(extent.low)
            }
            Startup::GroupOffsets => match (committed, self.reset) {
                (Some(offset), _) if extent.holds(offset) => offset,
                (_, Some(OffsetReset::None) | None) => return Err(self.no_offset(topic, extent, committed)),
                // The group has read up to there, so the setting for partitions without progress doesn't matter.
                (Some(offset), Some(_)) => return Ok(extent.go_on(offset)),
                (None, Some(OffsetReset::Earliest)) => extent.low,
                (None, Some(OffsetReset::Latest)) => extent.high,
            },
        };
        Ok(StartPlace::new(start, StartReason::StartupMode))
    }

    fn no_offset(&self, topic: &str, extent: &Extent, committed: Option<i64>) -> String {
        let what = match committed {
            Some(offset) => format!(
                "the committed offset {offset} of group '{}' is outside the partition's {} to {}",
                self.group, extent.low, extent.high
            ),
            None => format!("group '{}' has no committed offset", self.group),
        };
        format!(
            "topic '{topic}', partition {}: {what}, and 'scan.startup.mode' is 'group-offsets'; set \
             'properties.auto.offset.reset' to 'earliest' or 'latest', or another startup mode",
            extent.partition
        )
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
