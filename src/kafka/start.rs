//! Where each partition of a topic is read from and to: stored progress, else the startup mode, and the bounded mode. Pure.

use std::fmt;
use std::sync::Arc;

use super::Resume;
use crate::settings::kafka::{Bounded, KafkaSource, OffsetReset, Startup};

/// Why a partition starts where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartReason {
    /// This job's own stored progress.
    Progress,
    /// `scan.startup.mode`.
    StartupMode,
    /// Partitions that came after the job's first start are read from their beginning.
    NewPartition,
    /// The stored progress is outside the partition, which is read from its earliest record.
    OutOfRange,
}

/// Where one partition is read from, and to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartPosition {
    pub topic: Arc<str>,
    pub partition: i32,
    pub start: i64,
    pub origin: StartReason,
    /// Exclusive; `None`: reading has no end.
    pub stop: Option<i64>,
    /// The partition's end when this was resolved.
    pub end: i64,
    /// How many offsets before the start were not read and can't be read any more.
    pub missed: u64,
}

/// Where reading begins, and why there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StartPlace {
    pub(super) start: i64,
    pub(super) origin: StartReason,
    pub(super) missed: u64,
}

impl StartPlace {
    fn new(start: i64, origin: StartReason) -> StartPlace {
        StartPlace { start, origin, missed: 0 }
    }
}

impl fmt::Display for StartPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] from offset {}", self.topic, self.partition, self.start)?;
        if let Some(stop) = self.stop {
            write!(f, " to {stop}")?;
        }
        f.write_str(match self.origin {
            StartReason::Progress => " (stored progress)",
            StartReason::StartupMode => " (startup mode)",
            StartReason::NewPartition => " (new partition)",
            StartReason::OutOfRange => " (the earliest record; the stored progress is no longer in the topic)",
        })
    }
}

/// What the group holds for a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) offset: i64,
    pub(super) metadata: String,
}

/// What a commit's metadata says when a vecsink made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark<'a> {
    job: &'a str,
    /// Where reading ends, for a bound that our own commits would move.
    stop: Option<i64>,
}

impl Commit {
    fn mark(&self) -> Option<Mark<'_>> {
        let text = self.metadata.strip_prefix(MARK)?;
        let (job, stop) = text.split_once(STOP).map_or((text, None), |(job, stop)| (job, stop.parse().ok()));
        Some(Mark { job, stop })
    }
}

/// A partition as the broker describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) partition: i32,
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) commit: Option<Commit>,
    /// First offset at or after the startup timestamp, when that is the mode.
    pub(super) at_timestamp: Option<i64>,
    /// The same for the bounded mode.
    pub(super) at_bound: Option<i64>,
}

/// Partitions of any topics, as the brokers describe them.
pub(super) type Extents = Vec<(Arc<str>, Extent)>;

impl Extent {
    /// Whether reading can go on at `offset`.
    pub(super) fn holds(&self, offset: i64) -> bool {
        (self.low..=self.high).contains(&offset)
    }

    /// Where reading goes on when everything before `offset` has been read. Records that are still there are never skipped: if
    /// `offset` is gone, reading goes on at the earliest record. It also does if the partition ends before `offset`, because
    /// then it isn't the partition that was read.
    pub(super) fn go_on(&self, offset: i64) -> StartPlace {
        if self.holds(offset) {
            return StartPlace::new(offset, StartReason::Progress);
        }
        StartPlace {
            start: self.low,
            origin: StartReason::OutOfRange,
            missed: self.low.saturating_sub(offset).max(0).unsigned_abs(),
        }
    }

    /// Logs what was lost, if `place` differs from `next`, where reading should go on.
    pub(super) fn warn_of_jump(&self, topic: &str, next: i64, place: &StartPlace) {
        let (id, low, high) = (self.partition, self.low, self.high);
        if place.origin != StartReason::OutOfRange || place.start == next {
            return;
        }
        if place.missed > 0 {
            log::warn!(
                "{topic}[{id}]: offsets {next} to {} are gone: deleted by retention before this job read them, or by somebody; \
                 reading goes on at {low}, the earliest record there is",
                low - 1
            );
        } else {
            log::warn!(
                "{topic}[{id}]: everything before offset {next} has been read, but the partition ends at {high}: the topic \
                 was deleted and created again, or the brokers lost records; it is read from {low}, the earliest record there is"
            );
        }
    }
}

/// How the startup rules are told.
#[derive(Debug, Clone, Copy)]
pub(super) struct StartRules<'a> {
    pub(super) job: &'a str,
    pub(super) group: &'a str,
    pub(super) fresh: bool,
    pub(super) startup: &'a Startup,
    pub(super) bounded: &'a Bounded,
    pub(super) reset: Option<OffsetReset>,
}

/// The metadata that marks a commit as `job`'s. With `stop` the partition is read up to there by later runs too.
pub(super) fn metadata(job: &str, stop: Option<i64>) -> String {
    stop.map_or_else(|| format!("{MARK}{job}"), |stop| format!("{MARK}{job}{STOP}{stop}"))
}

const MARK: &str = "vecsink ";
/// No job's name has a control character.
const STOP: &str = "\tto ";

/// Whether the bound is told by the group's offsets, which our own commits move.
pub(super) fn keeps_stop(bounded: &Bounded) -> bool {
    matches!(bounded, Bounded::GroupOffsets | Bounded::SpecificOffsets(_))
}

impl<'a> StartRules<'a> {
    pub(super) fn new(resume: &'a Resume, kafka: &'a KafkaSource) -> Self {
        StartRules {
            job: &resume.job,
            group: &resume.group,
            fresh: resume.fresh,
            startup: &kafka.startup,
            bounded: &kafka.bounded,
            reset: kafka.auto_offset_reset,
        }
    }

    /// The place for every partition of one topic, in the order of `extents`.
    pub(super) fn resolve(&self, topic: &str, extents: &[Extent]) -> Result<Vec<StartPlace>, String> {
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

    /// What this job has stored for the partition.
    pub(super) fn progress(&self, commit: &Option<Commit>) -> Option<i64> {
        let commit = commit.as_ref()?;
        commit.mark().filter(|mark| mark.job == self.job).map(|_| commit.offset)
    }

    /// Where reading of a partition that starts at `start` ends.
    pub(super) fn stop(&self, topic: &str, extent: &Extent, start: i64) -> Result<Option<i64>, String> {
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
    pub(super) fn take_over(&self, extent: &Extent, known: Option<&StartPosition>) -> StartPlace {
        match (self.progress(&extent.commit), known) {
            (Some(offset), _) => extent.go_on(offset),
            (None, Some(known)) if extent.holds(known.start) => {
                StartPlace { start: known.start, origin: known.origin, missed: known.missed }
            }
            (None, Some(known)) => extent.go_on(known.start),
            (None, None) => StartPlace::new(extent.low, StartReason::NewPartition),
        }
    }

    /// The startup mode alone: for a partition that never had progress.
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
mod tests {
    use super::*;
    use crate::settings::kafka::PartitionOffsets;

    fn rules(startup: &Startup) -> StartRules<'_> {
        StartRules { job: "cars", group: "g", fresh: false, startup, bounded: &Bounded::Unbounded, reset: None }
    }

    fn extent(partition: i32, commit: Option<(i64, &str)>) -> Extent {
        let commit = commit.map(|(offset, metadata)| Commit { offset, metadata: metadata.into() });
        Extent { partition, low: 10, high: 100, commit, at_timestamp: None, at_bound: None }
    }

    #[test]
    fn own_progress_is_continued_and_other_partitions_start_at_their_beginning() {
        let extents = [extent(0, Some((50, "vecsink cars"))), extent(1, None), extent(2, Some((70, "")))];
        let resolved = rules(&Startup::Latest).resolve("t", &extents);
        let expected = [(50, StartReason::Progress), (10, StartReason::NewPartition), (10, StartReason::NewPartition)];
        assert_eq!(resolved, Ok(expected.map(|(start, origin)| StartPlace::new(start, origin)).to_vec()));
    }

    #[test]
    fn foreign_commits_do_not_replace_the_startup_mode() {
        let extents = [extent(0, Some((50, "")))];
        let start = |startup| rules(&startup).resolve("t", &extents).map(|places| places[0].start);
        assert_eq!(start(Startup::Earliest), Ok(10));
        assert_eq!(start(Startup::Latest), Ok(100));
        assert_eq!(start(Startup::GroupOffsets), Ok(50));
        assert_eq!(start(Startup::Timestamp(1)), Ok(100), "no record is that young");
    }

    #[test]
    fn specific_offsets_fall_back_to_the_committed_one_and_then_to_the_beginning() {
        let startup = Startup::SpecificOffsets(PartitionOffsets(vec![(0, 42), (1, 300)]));
        let extents = [extent(0, Some((50, ""))), extent(1, None), extent(2, Some((50, ""))), extent(3, None)];
        let resolved = rules(&startup).resolve("t", &extents).unwrap_or_default();
        let starts: Vec<i64> = resolved.into_iter().map(|place| place.start).collect();
        assert_eq!(starts, [42, 10, 50, 10], "partition 1 ends at 100");
    }

    #[test]
    fn every_bounded_mode_has_its_stop() {
        let mut bounded = extent(1, Some((50, "")));
        bounded.at_bound = Some(70);
        let stop = |bounded: &Bounded, extent: &Extent| {
            StartRules { bounded, ..rules(&Startup::Earliest) }.stop("t", extent, 10)
        };
        let specific = Bounded::SpecificOffsets(PartitionOffsets(vec![(0, 42)]));
        assert_eq!(stop(&Bounded::Unbounded, &bounded), Ok(None));
        assert_eq!(stop(&Bounded::Latest, &bounded), Ok(Some(100)));
        assert_eq!(stop(&Bounded::Timestamp(1), &bounded), Ok(Some(70)));
        assert_eq!(stop(&Bounded::Timestamp(1), &extent(0, None)), Ok(Some(100)), "nothing is that young");
        assert_eq!(stop(&Bounded::GroupOffsets, &bounded), Ok(Some(50)));
        assert!(stop(&Bounded::GroupOffsets, &extent(0, None)).is_err_and(|error| error.contains("no committed")));
        assert_eq!(stop(&specific, &extent(0, None)), Ok(Some(42)));
        assert_eq!(stop(&specific, &bounded), Ok(Some(50)));
        assert_eq!(stop(&specific, &extent(2, None)), Ok(Some(10)), "not listed and not committed: not read");
    }

    #[test]
    fn own_commits_do_not_move_a_bound_that_was_a_committed_offset() {
        let metadata = metadata("cars", Some(50));
        let extents = [extent(0, Some((30, &metadata)))];
        let rules = StartRules { bounded: &Bounded::GroupOffsets, ..rules(&Startup::Earliest) };
        assert_eq!(rules.resolve("t", &extents), Ok(vec![StartPlace::new(30, StartReason::Progress)]));
        assert_eq!(rules.stop("t", &extents[0], 30), Ok(Some(50)));
    }

    #[test]
    fn another_jobs_progress_stops_the_job_unless_it_starts_afresh() {
        let extents = [extent(0, Some((50, "vecsink carts")))];
        let mut rules = rules(&Startup::Earliest);
        assert!(rules.resolve("t", &extents).is_err_and(|error| error.contains("'carts'") && error.contains("share")));
        rules.fresh = true;
        assert_eq!(rules.resolve("t", &extents), Ok(vec![StartPlace::new(10, StartReason::StartupMode)]));
    }

    #[test]
    fn progress_outside_the_partition_goes_on_at_its_earliest_record_whatever_the_startup_mode_and_the_reset_policy() {
        let specific = Startup::SpecificOffsets(PartitionOffsets(vec![(0, 90)]));
        for startup in [Startup::Earliest, Startup::Latest, Startup::GroupOffsets, Startup::Timestamp(1), specific] {
            for reset in [None, Some(OffsetReset::None), Some(OffsetReset::Earliest), Some(OffsetReset::Latest)] {
                for (offset, missed) in [(3, 7), (101, 0)] {
                    let extents = [extent(0, Some((offset, "vecsink cars")))];
                    let resolved = StartRules { reset, ..rules(&startup) }.resolve("t", &extents);
                    let expected = StartPlace { start: 10, origin: StartReason::OutOfRange, missed };
                    assert_eq!(resolved, Ok(vec![expected]), "{startup:?}, {reset:?}");
                }
            }
        }
    }

    #[test]
    fn a_committed_offset_that_is_gone_goes_on_at_the_earliest_record_also_where_the_reset_policy_is_latest() {
        let startup = Startup::GroupOffsets;
        let extents = [extent(0, Some((4, "of another program")))];
        let resolved = |reset| StartRules { reset, ..rules(&startup) }.resolve("t", &extents);
        let expected = vec![StartPlace { start: 10, origin: StartReason::OutOfRange, missed: 6 }];
        assert_eq!(resolved(Some(OffsetReset::Latest)), Ok(expected.clone()));
        assert_eq!(resolved(Some(OffsetReset::Earliest)), Ok(expected));
        assert!(resolved(Some(OffsetReset::None)).is_err_and(|error| error.contains("outside the partition")));
    }

    #[test]
    fn a_member_takes_over_where_the_last_owner_ended_or_where_the_job_began() {
        let startup = Startup::Latest;
        let (rules, origin) = (rules(&startup), StartReason::StartupMode);
        let place = |commit, known: Option<i64>| {
            let (topic, partition) = (Arc::from("t"), 0);
            let known =
                known.map(|start| StartPosition { topic, partition, start, origin, stop: None, end: 100, missed: 0 });
            rules.take_over(&extent(0, commit), known.as_ref())
        };
        assert_eq!(place(Some((60, "vecsink cars")), Some(50)), StartPlace::new(60, StartReason::Progress));
        assert_eq!(place(None, Some(50)), StartPlace::new(50, origin));
        assert_eq!(place(None, Some(4)), StartPlace { start: 10, origin: StartReason::OutOfRange, missed: 6 });
        assert_eq!(place(None, None), StartPlace::new(10, StartReason::NewPartition));
    }

    #[test]
    fn group_offsets_without_a_commit_need_a_reset_policy() {
        let extents = [extent(0, None)];
        let mut rules = rules(&Startup::GroupOffsets);
        assert!(rules.resolve("t", &extents).is_err_and(|error| error.contains("auto.offset.reset")));
        rules.reset = Some(OffsetReset::Earliest);
        assert_eq!(rules.resolve("t", &extents), Ok(vec![StartPlace::new(10, StartReason::StartupMode)]));
    }
}
