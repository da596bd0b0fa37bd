//! The machine against scripted servers.

mod ledger;
mod script;
mod scripted;

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use self::script::{Fate, RowEnd, Script, StopKind, is_certain};
use self::scripted::play;
use crate::batch::Op;
use crate::settings::ConflictMode;

/// Failures that pass and are no row's fault.
const PASSING: [&str; 8] = ["lost", "silent", "53300", "28P01", "40001", "57014", "altered", "other session"];
/// Failures that may be a row's fault.
const OF_ROWS: [&str; 7] = ["22P02", "23514", "23503", "22003", "23505", "42501", "P0001"];
const ANY: [&str; 20] = [
    "lost",
    "silent",
    "53300",
    "28P01",
    "40001",
    "57014",
    "altered",
    "other session",
    "22P02",
    "23514",
    "23503",
    "22003",
    "23505",
    "21000",
    "key",
    "42501",
    "42P01",
    "P0001",
    "stale",
    "XX001",
];

fn plain(rows: usize) -> Script {
    Script {
        mode: ConflictMode::Upsert,
        max_outage: None,
        rows: vec![(Op::Insert, Fate::Taken, false); rows],
        broken: None,
        names_rows: true,
        without_net_effect: false,
        has_keys: false,
        has_rows: false,
        failures: Vec::new(),
        altered: Vec::new(),
        away: None,
        lost: None,
    }
}

fn row() -> impl Strategy<Value = (Op, Fate, bool)> {
    let op = prop_oneof![8 => Just(Op::Insert), 1 => Just(Op::Patch), 1 => Just(Op::Delete)];
    let fate = prop_oneof![
        8 => Just(Fate::Taken),
        1 => select(&OF_ROWS[..]).prop_map(Fate::Refused),
        1 => select(&OF_ROWS[..]).prop_map(Fate::RefusedLate),
    ];
    (op, fate, prop::bool::weighted(0.2))
}

fn script(failures: &'static [&'static str]) -> impl Strategy<Value = Script> {
    let modes = select(&[ConflictMode::Upsert, ConflictMode::Ignore, ConflictMode::Strict][..]);
    let flags = prop::array::uniform4(any::<bool>());
    let broken = prop_oneof![9 => Just(None), 1 => select(&OF_ROWS[..]).prop_map(Some)];
    let failures = vec(option::weighted(0.6, select(failures)), 0..20);
    let max_outage = option::of((1_u64..30).prop_map(Duration::from_secs));
    let rows = prop_oneof![vec(row(), 0..40), vec(row(), 60..300)];
    (modes, max_outage, rows, broken, flags, failures, vec(1_usize..30, 0..3)).prop_map(
        |(mode, max_outage, mut rows, broken, flags, failures, altered)| {
            if let Some(first) = rows.first_mut() {
                first.2 = false;
            }
            let [names_rows, without_net_effect, has_keys, has_rows] = flags;
            Script {
                mode,
                max_outage,
                rows,
                broken,
                names_rows,
                without_net_effect,
                has_keys,
                has_rows,
                failures,
                altered,
                away: None,
                lost: None,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever the server says, the batch ends. If it ends well, each row is settled or rejected, once. The scripted server
    /// itself checks that a settled row was written, and that a rejected one is at fault.
    #[test]
    fn every_sequence_of_outcomes_ends_and_loses_no_row(script in script(&ANY)) {
        let ending = play(&script);
        prop_assert_ne!(ending.result, Err(StopKind::NoRule));
        if ending.result.is_ok() {
            prop_assert!(!ending.rows.contains(&RowEnd::Open), "{:?}", ending.rows);
        }
    }

    /// Failures that pass cost no row, and no good row is rejected because of bad ones.
    #[test]
    fn exactly_the_bad_rows_are_rejected(script in script(&PASSING)) {
        let script = Script { max_outage: None, ..script };
        let ending = play(&script);
        let bad = script.rows.iter().filter(|row| row.1 != Fate::Taken).count();
        for ((_, fate, _), end) in script.rows.iter().zip(&ending.rows) {
            let in_a_unit = script.rows.iter().any(|row| row.2);
            prop_assert!(*end != RowEnd::Rejected || *fate != Fate::Taken || in_a_unit || script.broken.is_some());
        }
        match ending.result {
            Ok(()) => prop_assert!(!ending.rows.contains(&RowEnd::Open)),
            Err(StopKind::Conflict) => prop_assert_eq!(script.mode, ConflictMode::Strict),
            Err(why) => {
                prop_assert_eq!(why, StopKind::NotTheRows);
                prop_assert!(bad > 0 || script.broken.is_some(), "no row is bad");
            }
        }
    }

    /// A table that refuses all rows costs none of them.
    #[test]
    fn a_table_that_refuses_everything_stops_the_batch_and_no_row_is_rejected(
        script in script(&PASSING),
        code in select(&["23503", "42501", "P0001"][..]),
    ) {
        let mut script = Script { broken: Some(code), max_outage: None, mode: ConflictMode::Upsert, ..script };
        script.rows.push((Op::Insert, Fate::Taken, false));
        script.rows.iter_mut().filter(|row| is_certain(code, row.0)).for_each(|row| row.0 = Op::Insert);
        let ending = play(&script);
        prop_assert_eq!(ending.result, Err(StopKind::NotTheRows));
        prop_assert!(ending.rows.iter().all(|end| *end == RowEnd::Open), "{:?}", ending.rows);
    }

    /// A server that stays away ends the batch when `max.outage` is over, and not before.
    #[test]
    fn an_outage_is_as_long_as_max_outage_allows(
        script in script(&PASSING),
        longest in 1_u64..60,
        lasts in 0_u64..120,
        first in 1_usize..4,
    ) {
        let longest = Duration::from_secs(longest);
        let lasts = Duration::from_secs(lasts);
        let good = script.rows.iter().map(|row| (row.0, Fate::Taken, row.2)).collect();
        let script = Script {
            rows: good, broken: None, has_keys: false, failures: Vec::new(), max_outage: Some(longest), away: Some((first, lasts)), ..script
        };
        let ending = play(&script);
        // One wait more than allowed, and that of a session that is replaced at once.
        let slack = Duration::from_secs(11);
        match ending.result {
            Ok(()) => prop_assert!(lasts <= longest + slack || ending.requests < first),
            Err(StopKind::AwayTooLong) => {
                prop_assert!(lasts >= longest);
                prop_assert!(ending.took <= longest + slack, "{:?}", ending.took);
            }
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}

#[test]
fn a_good_batch_is_one_request() {
    let ending = play(&plain(3000));
    assert_eq!((ending.result, ending.requests), (Ok(()), 1));
}

#[test]
fn one_bad_row_costs_a_few_requests() {
    for (code, most) in [("22P02", 10), ("P0001", 20)] {
        let mut script = plain(3000);
        script.rows[1234].1 = Fate::Refused(code);
        let ending = play(&script);
        assert_eq!(ending.result, Ok(()));
        assert_eq!(ending.rows.iter().filter(|end| **end == RowEnd::Rejected).count(), 1, "{code}");
        assert!(ending.requests <= most, "{code}: {} requests", ending.requests);
    }
}

#[test]
fn a_copy_of_a_row_of_the_table_is_evidence_where_the_batch_has_no_other_row() {
    let mut script = plain(1);
    script.rows[0].1 = Fate::Refused("23503");
    assert_eq!(play(&script).result, Err(StopKind::NotTheRows));
    script.has_rows = true;
    let ending = play(&script);
    assert_eq!((ending.result, ending.rows), (Ok(()), vec![RowEnd::Rejected]));
}

/// A record of several rows that only COMMIT refuses, for a reason that may be the table's.
#[test]
fn a_record_that_commit_refuses_for_a_privilege_is_held_back_as_a_whole() {
    let mut script = plain(6);
    for row in 2..4 {
        script.rows[row] = (Op::Insert, Fate::RefusedLate("42501"), row == 3);
    }
    let ending = play(&script);
    assert_eq!(ending.result, Ok(()));
    let rejected: Vec<usize> = (0..6).filter(|&row| ending.rows[row] == RowEnd::Rejected).collect();
    assert_eq!(rejected, [2, 3]);
    assert!(!is_certain("42501", Op::Insert));
}

#[test]
fn a_table_that_is_altered_again_and_again_is_not_read_without_a_pause() {
    let script = Script { failures: [Some("altered"), None].repeat(8), ..plain(3) };
    let ending = play(&script);
    assert_eq!(ending.result, Ok(()));
    assert!(ending.took >= Duration::from_secs(1), "{:?}", ending.took);
}
