//! Which streams may be read on.

use super::*;

fn name() -> StreamName {
    StreamName { job: "cars".into(), sink: "s.t".into(), topic: "t".into(), partition: 2 }
}

/// All shards at 10, `low` too.
fn found() -> FoundStream {
    let shards = (0..SHARDS as i16).map(|shard| (shard, 10)).collect();
    FoundStream { name: name(), layout: "1 key".into(), source: "c/t1".into(), low: 10, shards }
}

fn check(found: &FoundStream, change: impl FnOnce(&mut Wanted<'_>)) -> Result<CheckedStream, AssignmentRefusal> {
    let name = name();
    let mut wanted = Wanted { name: &name, layout: "1 key", source: "c/t1", extent: Some((0, 100)), may_jump: false };
    change(&mut wanted);
    wanted.check(found)
}

#[test]
fn a_stream_goes_on_where_the_ledger_says() {
    let mut stream = found();
    stream.shards[7].1 = 99;
    let found = check(&stream, |_| {}).expect("it goes on");
    assert_eq!((found.positions.low(), found.positions.next()[7], found.positions.next()[8]), (10, 99, 10));
    assert!(!found.stores_layout && found.missed == 0);
}

#[test]
fn a_layout_may_change_only_when_all_that_was_read_is_written() {
    let mut stream = found();
    assert!(check(&stream, |wanted| wanted.layout = "1 block").is_ok_and(|found| found.stores_layout));
    stream.shards[63].1 = 11;
    let refused = check(&stream, |wanted| wanted.layout = "1 block").expect_err("a shard is ahead");
    assert!(matches!(refused, AssignmentRefusal::OtherLayout { .. }));
    let said = refused.describe(RowOrigin::Job);
    assert!(said.contains("old job file"), "{said}");
    let said = refused.describe(RowOrigin::Program);
    assert!(said.contains("open the sink first as it was"), "{said}");
}

#[test]
fn another_topic_or_cluster_is_noticed_if_both_ids_are_known() {
    for (source, is_same) in
        [("c/t1", true), ("c/", true), ("/t1", true), ("c/t2", false), ("d/t1", false), ("d/", false)]
    {
        assert_eq!(check(&found(), |wanted| wanted.source = source).is_ok(), is_same, "{source}");
    }
}

#[test]
fn a_ledger_that_is_beyond_the_partitions_end_is_refused() {
    let mut stream = found();
    stream.shards[0].1 = 101;
    assert_eq!(check(&stream, |_| {}), Err(AssignmentRefusal::AboveEnd { position: 101, end: 100 }));
    stream.shards[0].1 = 100;
    assert!(check(&stream, |_| {}).is_ok());
}

#[test]
fn records_that_are_gone_are_skipped_only_if_the_job_file_says_so() {
    let refused = check(&found(), |wanted| wanted.extent = Some((15, 100))).expect_err("five records are gone");
    assert_eq!(refused, AssignmentRefusal::Gone { low: 10, earliest: 15 });
    let said = refused.describe(RowOrigin::Job);
    assert!(said.contains("offsets 10 to 14") && said.contains("5 records"), "{said}");
    let jumped = check(&found(), |wanted| (wanted.extent, wanted.may_jump) = (Some((15, 100)), true));
    assert_eq!(jumped.map(|found| found.missed), Ok(5));
}

#[test]
fn a_ledger_without_each_shard_once_is_damaged() {
    let mut missing = found();
    missing.shards.pop();
    let mut twice = found();
    twice.shards[1].0 = 0;
    let mut unknown = found();
    unknown.shards[1].0 = 64;
    for stream in [missing, twice, unknown] {
        assert!(matches!(check(&stream, |_| {}), Err(AssignmentRefusal::Damaged(_))));
    }
}

#[test]
fn two_streams_with_the_same_number_are_told_apart_by_their_names() {
    let mut stream = found();
    stream.name.job = "bikes".into();
    assert!(matches!(check(&stream, |_| {}), Err(AssignmentRefusal::OtherName(_))));
}
