//! The startup and bounded modes over made-up partitions.

use std::sync::Arc;

use super::super::mark::metadata;
use super::*;
use crate::settings::kafka::PartitionOffsets;

fn rules(startup: &Startup) -> StartRules<'_> {
    StartRules { job: "cars", group: "g", fresh: false, startup, bounded: &Bounded::Unbounded, reset: None }
}

fn extent(partition: i32, commit: Option<(i64, &str)>) -> Extent {
    let commit = commit.map(|(offset, metadata)| CommittedOffset { offset, metadata: metadata.into() });
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
    let stop =
        |bounded: &Bounded, extent: &Extent| StartRules { bounded, ..rules(&Startup::Earliest) }.stop("t", extent, 10);
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
        let known = known.map(|start| StartPosition {
            topic,
            partition,
            start,
            origin,
            stop: None,
            first: 0,
            end: 100,
            missed: 0,
        });
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
