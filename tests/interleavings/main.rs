//! Many producers, several writers and closing, in many orders of their steps. The sources of the dispatcher, the budget and progress
//! run here with shuttle's threads and locks, and with a clock of our own (`sync.rs`).
//!
//! A failure prints its schedule; `shuttle::replay` runs it again. All atomics count as SeqCst here.

// Without the harness (`harness = false`) the unit tests of these sources are left out, so some functions are not used.
#![allow(dead_code, unused_imports)]

#[path = "../../src/batch.rs"]
mod batch;
mod dispatch;
#[path = "../../src/settings/origin.rs"]
mod origin;
#[path = "../../src/progress/mod.rs"]
mod progress;
/// Of the settings, progress knows only where rows come from.
mod settings {
    pub use crate::origin::RowOrigin;
}
mod sync;
#[path = "../../src/pipeline/watch.rs"]
mod watch;
mod world;

use libtest_mimic::{Arguments, Trial};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};
use world::{Hanging, Plan, run, run_beside_one_that_hangs};

/// More steps than any order needs. A run with more steps would never end.
const MOST_STEPS: usize = 100_000;
/// How many times the scheduler changes the thread although the running one could go on.
const DEPTH: usize = 3;

fn main() {
    let of = |plan: Plan| move || run(plan);
    let mut trials = Vec::new();
    trials.extend(trial(
        "rows_are_settled_once_in_the_order_of_their_shard_and_nobody_sleeps_for_ever",
        of(Plan::default()),
    ));
    trials.extend(trial("a_full_budget_only_slows_pushing_down", of(Plan { budget: 200, ..Plan::default() })));
    trials.extend(trial(
        "closing_while_rows_come_leaves_none_behind",
        of(Plan { closes_early: true, ..Plan::default() }),
    ));
    trials.extend(trial("one_writer_is_enough", of(Plan { writers: 1, ..Plan::default() })));
    trials.extend(trial(
        "rows_that_cost_much_are_shared_and_none_is_forgotten",
        of(Plan { long: true, ..Plan::default() }),
    ));
    trials.extend(trial(
        "where_rows_are_expensive_batches_are_cut_and_none_is_forgotten",
        of(Plan { expensive: true, ..Plan::default() }),
    ));
    trials.extend(trial("the_first_row_after_a_rest_wakes_a_writer", of(Plan { rests: true, ..Plan::default() })));
    trials.extend(trial(
        "closing_while_threads_wait_for_room_wakes_them_all",
        of(Plan { budget: 200, closes_early: true, ..Plan::default() }),
    ));
    trials.extend(trial(
        "a_full_budget_has_lingering_rows_written",
        of(Plan { budget: 200, lingers: true, ..Plan::default() }),
    ));
    let hanging =
        |rows, idle_writers, late_row| move || run_beside_one_that_hangs(Hanging { rows, idle_writers, late_row });
    trials.extend(trial("rows_beside_a_hanging_transaction_go_to_an_idle_writer", hanging(8, true, false)));
    trials.extend(trial("rows_beside_a_hanging_transaction_get_a_writer", hanging(8, false, false)));
    trials.extend(trial("a_row_that_comes_while_a_transaction_hangs_goes_to_an_idle_writer", hanging(3, true, true)));
    trials.extend(trial("a_row_that_comes_while_a_transaction_hangs_gets_a_writer", hanging(3, false, true)));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A few orders, and many for `make test-long`.
fn trial(name: &str, world: impl Fn() + Copy + Send + Sync + 'static) -> [Trial; 2] {
    let of = |suffix: &str, orders: usize| {
        Trial::test(format!("{name}{suffix}"), move || {
            try_orders(RandomScheduler::new(orders), world);
            try_orders(PctScheduler::new(DEPTH, orders), world);
            Ok(())
        })
    };
    [of("", 1_500), of("_in_many_orders", 100_000).with_ignored_flag(true)]
}

fn try_orders(scheduler: impl Scheduler + 'static, world: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.max_steps = MaxSteps::FailAfter(MOST_STEPS);
    Runner::new(scheduler, config).run(world);
}
