//! The protocol of `sink.vector-index` = `behind`, checked by all interleavings of a few sessions.
//!
//! docs/vector-index-protocol.md says why no interleaving leaves a key in two tables or in none. Here all of them are tried. The
//! database is a model of READ COMMITTED (`database.rs`), and `protocol.rs` has the statements of the protocol. The checker must find
//! each mistake of `Mistake`, so a checker that finds nothing would be noticed.

mod cases;
mod database;
mod explore;
mod protocol;
mod serial;
mod state;
mod steps;
mod world;

use cases::{
    MOVER, beside_a_foreign, emptied, in_partitions, merged, merged_and_read, merged_with_a_mover,
    merged_with_foreign_statements, read, three_changes, two_keys, two_movers, two_writers, writer,
};
use explore::explore;
use protocol::{Change, Mistake, Role};
use state::Case;
use world::Property::{
    EachKeyIsAsAfterSomeOrderOfTheCommittedChanges, EachKeyIsInOneTableAtMost, NoSealWaitsInACircle,
    QueriesSeeEachCommittedRowOnce,
};
use world::{Property, World};

fn assert_holds(cases: Vec<Case>) {
    match explore(&World { cases, mistake: None }, |_| true) {
        Ok(tried) => println!("{tried:?}"),
        Err(steps) => panic!("{steps}"),
    }
}

/// The checker must find that this property does not hold.
fn assert_fails(cases: Vec<Case>, mistake: Option<Mistake>, property: Property) {
    let found = explore(&World { cases, mistake }, |broken| broken == property);
    println!("{}", found.expect_err("the mistake is found"));
}

fn assert_finds(cases: Vec<Case>, mistake: Mistake, property: Property) {
    assert_fails(cases, Some(mistake), property);
}

#[test]
fn two_writers_a_mover_and_a_seal_leave_each_key_once_and_lose_nothing() {
    assert_holds(two_writers(&[Role::Sealer], 1));
}

#[test]
fn a_sealed_child_can_be_emptied_and_dropped_beside_writers() {
    assert_holds(emptied());
}

#[test]
fn a_query_sees_each_row_once_while_rows_move_and_the_tree_changes() {
    assert_holds(read());
}

#[test]
fn transactions_that_are_lost_and_repeated_change_nothing() {
    assert_holds(two_writers(&[], 2));
}

#[test]
fn three_changes_of_one_key_that_moves_find_it_wherever_it_is() {
    assert_holds(three_changes());
}

#[test]
fn batches_of_two_keys_in_different_orders_end_and_are_right() {
    assert_holds(two_keys());
}

#[test]
fn two_movers_leave_each_key_once_and_lose_nothing() {
    assert_holds(two_movers());
}

#[test]
fn a_merge_beside_writers_leaves_each_key_once_and_loses_nothing() {
    assert_holds(merged());
}

#[test]
fn a_mover_moves_rows_that_a_merge_puts_into_the_hot_child_and_loses_nothing() {
    assert_holds(merged_with_a_mover());
}

#[test]
fn a_merge_keeps_changes_that_other_programs_make_through_the_parent_meanwhile() {
    assert_holds(merged_with_foreign_statements());
}

#[test]
fn a_query_sees_each_row_once_while_children_are_merged() {
    assert_holds(merged_and_read());
}

#[test]
fn a_merge_that_does_not_apply_later_changes_is_found_to_lose_them() {
    assert_finds(merged(), Mistake::MergeWithoutChanges, EachKeyIsAsAfterSomeOrderOfTheCommittedChanges);
}

#[test]
fn a_merge_that_applies_changes_before_it_has_its_locks_is_found_to_lose_some() {
    assert_finds(merged(), Mistake::MergeAppliesChangesEarly, EachKeyIsAsAfterSomeOrderOfTheCommittedChanges);
}

#[test]
fn a_merge_that_does_not_lock_the_parent_is_found_to_hide_rows_from_a_query() {
    assert_finds(merged_and_read(), Mistake::MergeWithoutLockOnParent, QueriesSeeEachCommittedRowOnce);
}

#[test]
fn visiting_the_parent_before_the_hot_child_is_found_to_be_wrong() {
    assert_finds(two_writers(&[], 0), Mistake::ParentFirst, EachKeyIsInOneTableAtMost);
}

#[test]
fn one_delete_through_the_parent_is_found_to_lose_deletes() {
    assert_finds(two_writers(&[], 0), Mistake::DeleteThroughParent, EachKeyIsAsAfterSomeOrderOfTheCommittedChanges);
}

#[test]
fn ignore_without_its_second_check_is_found_to_double_keys() {
    assert_finds(two_writers(&[], 0), Mistake::IgnoreWithoutSecondCheck, EachKeyIsInOneTableAtMost);
}

#[test]
fn a_mover_that_locks_no_rows_is_found_to_be_wrong() {
    assert_finds(two_writers(&[], 0), Mistake::MoverWithoutRowLocks, EachKeyIsInOneTableAtMost);
}

#[test]
fn a_stale_list_of_the_others_is_found_to_double_keys() {
    assert_finds(two_writers(&[Role::Sealer], 0), Mistake::NoComparisonOfTheTree, EachKeyIsInOneTableAtMost);
}

#[test]
fn a_seal_without_locks_is_found_to_double_keys() {
    assert_finds(two_writers(&[Role::Sealer], 0), Mistake::SealWithoutLock, EachKeyIsInOneTableAtMost);
}

#[test]
fn a_seal_that_does_not_lock_the_parent_is_found_to_hide_rows_from_a_query() {
    assert_finds(read(), Mistake::SealWithoutLockOnParent, QueriesSeeEachCommittedRowOnce);
}

#[test]
fn a_seal_whose_first_lock_is_too_weak_is_found_to_deadlock_with_a_mover() {
    assert_finds(two_writers(&[Role::Sealer], 0), Mistake::SealWithWeakFirstLock, NoSealWaitsInACircle);
}

#[test]
fn a_patch_that_searches_only_once_is_found_to_refuse_a_row_that_is_there() {
    assert_finds(two_writers(&[], 0), Mistake::PatchWithoutSecondCheck, EachKeyIsAsAfterSomeOrderOfTheCommittedChanges);
}

#[test]
fn a_patch_that_searches_twice_but_never_with_one_snapshot_is_found_to_refuse_a_row_that_is_there() {
    assert_finds(three_changes(), Mistake::PatchWithoutCommonSnapshot, EachKeyIsAsAfterSomeOrderOfTheCommittedChanges);
}

#[test]
fn an_upsert_that_keeps_no_unwritten_columns_is_found_to_lose_them() {
    assert_finds(
        two_writers(&[], 0),
        Mistake::UnwrittenColumnsForgotten,
        EachKeyIsAsAfterSomeOrderOfTheCommittedChanges,
    );
}

#[test]
fn in_partitions_the_protocol_holds_as_well() {
    assert_holds(in_partitions(two_writers(&[MOVER], 0)));
    assert_holds(in_partitions(two_writers(&[], 1)));
    assert_holds(in_partitions(three_changes()));
}

#[test]
fn in_partitions_a_foreign_delete_or_update_gets_an_error_and_misses_nothing() {
    assert_holds(in_partitions(beside_a_foreign(Change::ForeignDelete)));
    // In a plain table, too, an update finds no row if it waits for a transaction that deletes the row and inserts another one.
    let replaces = |case: &Case| case.roles.contains(&writer([Change::Replace]));
    let cases = beside_a_foreign(Change::ForeignUpdate);
    assert_holds(in_partitions(cases.into_iter().filter(|case| !replaces(case)).collect()));
}

#[test]
fn in_partitions_an_upsert_that_deletes_the_replaced_row_is_found_to_make_a_foreign_update_miss_it() {
    let cases = in_partitions(beside_a_foreign(Change::ForeignUpdate));
    assert_finds(cases, Mistake::ReplacedRowsDeleted, EachKeyIsAsAfterSomeOrderOfTheCommittedChanges);
}

#[test]
fn a_foreign_upsert_on_the_parent_can_double_a_key() {
    assert_fails(beside_a_foreign(Change::ForeignUpsert), None, EachKeyIsInOneTableAtMost);
}

#[test]
fn a_foreign_delete_through_the_parent_can_miss_a_row_that_is_moved() {
    assert_fails(beside_a_foreign(Change::ForeignDelete), None, EachKeyIsAsAfterSomeOrderOfTheCommittedChanges);
}

#[test]
fn a_foreign_update_through_the_parent_can_miss_a_row_that_is_moved() {
    assert_fails(beside_a_foreign(Change::ForeignUpdate), None, EachKeyIsAsAfterSomeOrderOfTheCommittedChanges);
}
