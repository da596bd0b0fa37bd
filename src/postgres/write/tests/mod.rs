//! Exactly-once as a simulation: the production code that decides (progress, shards, claims, net effects, the write machine) in one schedule
//! after another of readers, writers, crashes, lost COMMITs and processes that were silent for long. The database is a model.
//!
//! After each schedule one more process reads on without faults. Then each record must be in the table once, or once among the
//! dead letters, and `low` may never have been ahead. A schedule is repeated by its number: `SIMULATION_SEED=1234`.
//! `SIMULATION_SCHEDULES` says how many are tried.

mod database;
mod process;
mod records;
mod world;
mod writer;

use self::world::{Mistake, World};

/// A few seconds' worth.
const FEW: u64 = 5_000;
const MANY: u64 = 100_000;
/// How many schedules a mistake may need until it is found.
const UNTIL_FOUND: u64 = 20_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What went wrong in one of the schedules, if anything did.
fn first_violation(mistake: Option<Mistake>, schedules: u64) -> Option<(u64, String)> {
    let seeds = match number("SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIMULATION_SCHEDULES").unwrap_or(schedules),
    };
    seeds.into_iter().find_map(|seed| World::new(seed, mistake).run().err().map(|what| (seed, what)))
}

#[track_caller]
fn assert_once(schedules: u64) {
    if let Some((seed, what)) = first_violation(None, schedules) {
        panic!("SIMULATION_SEED={seed}: {what}");
    }
}

#[test]
fn no_schedule_loses_or_doubles_a_record() {
    assert_once(FEW);
}

#[test]
#[ignore = "takes a minute; `make test-long` runs it"]
fn none_of_100_000_schedules_loses_or_doubles_a_record() {
    assert_once(MANY);
}

#[track_caller]
fn assert_found(mistake: Mistake) {
    let found = first_violation(Some(mistake), UNTIL_FOUND);
    println!("{mistake:?}: {}", found.unwrap_or_else(|| panic!("{mistake:?} is not found")).1);
}

#[test]
fn a_watermark_from_the_read_position_is_found() {
    assert_found(Mistake::WatermarkFromReadPosition);
}

#[test]
fn claims_that_compare_no_offset_are_found() {
    assert_found(Mistake::NoComparisonOfOffsets);
}

#[test]
fn a_lost_commit_that_is_repeated_is_found() {
    assert_found(Mistake::LostCommitRepeated);
}

#[test]
fn positions_that_were_read_before_the_raise_are_found() {
    assert_found(Mistake::PositionsBeforeRaise);
}

#[test]
fn a_change_of_the_key_that_stays_in_one_shard_is_found() {
    assert_found(Mistake::KeyChangeInOneShard);
}

#[test]
fn a_low_that_is_stored_although_the_ledger_was_set_back_is_found() {
    assert_found(Mistake::LowWithoutPositions);
}

#[test]
fn batches_that_are_reduced_to_the_last_change_are_found() {
    assert_found(Mistake::LastChangeOnly);
}
