//! The machine with a ledger: after a COMMIT that isn't answered, the rows are neither written again nor settled until the ledger was
//! asked; and no row is claimed before it is decided whether it is rejected. The scripted server checks both.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::script::{Fate, RowEnd, Script, StopKind};
use super::scripted::play;
use super::{ANY, PASSING, plain, script};
use crate::batch::Op;
use crate::settings::ConflictMode;

/// Which COMMITs aren't answered, and whether those are carried out.
fn lost() -> impl Strategy<Value = Vec<Option<bool>>> {
    vec(option::weighted(0.5, any::<bool>()), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_is_lost_the_batch_ends_and_each_row_is_written_once_or_rejected(script in script(&ANY), lost in lost()) {
        let ending = play(&Script { lost: Some(lost), ..script });
        prop_assert_ne!(ending.result, Err(StopKind::NoRule));
        if ending.result.is_ok() {
            prop_assert!(!ending.rows.contains(&RowEnd::Open), "{:?}", ending.rows);
        }
    }

    #[test]
    fn exactly_the_bad_rows_are_rejected_with_a_ledger_too(script in script(&PASSING), lost in lost()) {
        let script = Script { max_outage: None, lost: Some(lost), ..script };
        let ending = play(&script);
        let is_simple = !script.rows.iter().any(|row| row.2) && script.broken.is_none();
        for ((_, fate, _), end) in script.rows.iter().zip(&ending.rows) {
            prop_assert!(*end != RowEnd::Rejected || *fate != Fate::Taken || !is_simple);
        }
        if ending.result.is_err() {
            let bad = script.rows.iter().any(|row| row.1 != Fate::Taken);
            let conflict = script.mode == ConflictMode::Strict && (bad || script.has_keys);
            prop_assert!(bad || conflict || script.broken.is_some(), "{:?}", ending.result);
        }
    }

    /// What the machine does in a batch of good rows: one transaction, and for each lost COMMIT one comparison more.
    #[test]
    fn good_rows_cost_one_comparison_for_each_lost_commit(lost in lost()) {
        let ending = play(&Script { lost: Some(lost.clone()), ..plain(100) });
        prop_assert_eq!(ending.result, Ok(()));
        let mut requests = 1;
        for lost in lost {
            match lost {
                None => break,
                Some(true) => { requests += 1; break }
                Some(false) => requests += 2,
            }
        }
        prop_assert_eq!(ending.requests, requests);
    }
}

#[test]
fn an_outage_while_a_transaction_is_in_doubt_repeats_the_comparison_and_not_the_rows() {
    let failures = vec![None, Some("lost"), Some("silent"), Some("40001"), Some("57014"), Some("53300")];
    let ending = play(&Script { lost: Some(vec![Some(true)]), failures, ..plain(10) });
    assert_eq!((ending.result, ending.requests), (Ok(()), 7));
}

#[test]
fn rows_of_a_transaction_in_doubt_are_not_divided() {
    // Reading the catalog takes too long, which divides rows at other times.
    let failures = vec![None, Some("altered"), Some("57014")];
    let ending = play(&Script { lost: Some(vec![Some(true)]), failures, ..plain(10) });
    assert_eq!((ending.result, ending.requests), (Ok(()), 4));
}

#[test]
fn a_refused_row_is_rejected_before_the_rows_behind_it_are_committed() {
    for (code, most) in [("22P02", 12), ("P0001", 20)] {
        let mut script = Script { lost: Some(Vec::new()), ..plain(3000) };
        script.rows[1234].1 = Fate::Refused(code);
        let ending = play(&script);
        assert_eq!(ending.result, Ok(()));
        let rejected: Vec<usize> = (0..3000).filter(|&row| ending.rows[row] == RowEnd::Rejected).collect();
        assert_eq!(rejected, [1234], "{code}");
        assert!(ending.requests <= most, "{code}: {} requests", ending.requests);
    }
}

#[test]
fn a_rejected_row_in_a_range_that_is_written_without_it_proves_nothing() {
    let refused = |code| (Op::Patch, Fate::Refused(code), false);
    let rows = vec![refused("22003"), (Op::Insert, Fate::Taken, true), refused("42501")];
    let ending = play(&Script { lost: Some(Vec::new()), rows, ..plain(3) });
    assert_eq!(ending.result, Err(StopKind::NotTheRows));
    assert_eq!(ending.rows, [RowEnd::Rejected, RowEnd::Settled, RowEnd::Open]);
}

#[test]
fn a_record_of_several_rows_loses_only_the_bad_one_and_stays_in_one_transaction() {
    let mut script = Script { lost: Some(vec![None, Some(false), Some(true)]), ..plain(6) };
    for row in 2..5 {
        script.rows[row].2 = row > 2;
    }
    script.rows[3].1 = Fate::Refused("22P02");
    let ending = play(&script);
    assert_eq!(ending.result, Ok(()));
    assert_eq!(ending.rows.iter().filter(|end| **end == RowEnd::Rejected).count(), 1);
}

#[test]
fn an_ignored_row_is_claimed_by_a_transaction() {
    let rows = vec![(Op::Insert, Fate::Refused("23505"), false)];
    let script = Script { mode: ConflictMode::Ignore, lost: Some(vec![Some(false)]), rows, ..plain(1) };
    let ending = play(&script);
    assert_eq!((ending.result, ending.rows), (Ok(()), vec![RowEnd::Settled]));
}

#[test]
fn a_table_that_refuses_all_rows_stops_the_batch_after_a_few() {
    let mut script = Script { lost: Some(Vec::new()), broken: Some("23503"), ..plain(100) };
    let ending = play(&script);
    assert_eq!(ending.result, Err(StopKind::NotTheRows));
    assert!(ending.took < Duration::from_secs(60) && !ending.rows.contains(&RowEnd::Rejected), "{:?}", ending.took);
    script.broken = None;
    script.rows.iter_mut().for_each(|row| row.1 = Fate::Refused("P0001"));
    assert_eq!(play(&script).result, Err(StopKind::NotTheRows));
}
