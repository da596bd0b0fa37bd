//! The coordinator: the thread that looks at the rows which are in no vector index, lets the [`Policy`] decide what to do, and
//! carries out the decision. It gives the movers their orders, vacuums and seals the hot child, drops sealed children that are
//! empty, and starts the threads that build indexes and merge sealed children. A failure here never stops the job, because its rows
//! are stored and found anyway. The threads end when the sink is closed or the job ends. Rows that are still in the hot child then
//! wait for the next run.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::merges::{self, Merges};
use super::movers::{Movers, writers_are_too_slow};
use super::state::{LineState, Waiting};
use super::tree_changes::{TreeChanges, TriedChange};
use super::troubles::{COMPLAIN_AGAIN, Troubles};
use super::writers_watch::WritersWatch;
use crate::error::Result;
use crate::postgres::{
    Ages, Figures, KeeperSession, Orders, Policy, ScanTimer, SealedChild, TableRef, Tree, TreeKeeper, TreeLook,
};
use crate::stop::Phase;

/// How often the tree is looked at while rows wait or there are sealed children.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is looked at otherwise.
const IDLE_LOOK: Duration = Duration::from_secs(2);
/// After a look, the next one waits at least this many times as long as counting took. (Measuring has a limit of its own.)
const COST: u32 = 20;
/// How often to check between two looks whether the next look should come earlier: see [`Coordinator::wait`].
const GLANCE: Duration = Duration::from_millis(100);
/// If the next look comes earlier than usual, it still comes after a quarter of the usual wait (the wait divided by this).
const EARLIER: u32 = 4;

/// Starts the threads, if the table has a hot child and they don't run yet.
pub fn start(movers: &Arc<Movers>, line: &Arc<LineState>) {
    if line.target.keeper.is_some() && !movers.has_begun.swap(true, Ordering::Relaxed) {
        movers.spawn(line, "vecsink index", coordinate);
    }
}

fn coordinate(movers: &Arc<Movers>, line: &Arc<LineState>, keeper: &TreeKeeper) {
    let settings = &line.settings;
    let mut coordinator = Coordinator {
        session: keeper.session(&movers.stop),
        policy: Policy::new(
            settings.behind.scan_limit,
            settings.behind.most_movers(settings.connection_max_active) as usize,
        ),
        timer: ScanTimer::default(),
        ages: Ages::default(),
        writers: WritersWatch::default(),
        seals: TreeChanges::default(),
        drops: TreeChanges::default(),
        merges: Arc::default(),
        wanted: None,
        complained: None,
    };
    let mut troubles = Troubles::default();
    loop {
        let rest = match coordinator.round(movers, line, keeper) {
            Ok(rest) => {
                troubles.end();
                rest
            }
            Err(error) => troubles.note(line, &error, &movers.stop),
        };
        if coordinator.wait(movers, line, rest) {
            return;
        }
    }
}

/// The state of the coordinator's thread.
struct Coordinator {
    session: KeeperSession,
    policy: Policy,
    timer: ScanTimer,
    ages: Ages,
    writers: WritersWatch,
    seals: TreeChanges,
    drops: TreeChanges,
    merges: Arc<Merges>,
    /// The seal that waits for its locks.
    wanted: Option<WantedSeal>,
    /// When it was last logged that the hot child is too large and can't be sealed.
    complained: Option<Instant>,
}

/// A seal that was decided.
struct WantedSeal {
    tree: Tree,
    rows: u64,
    scan: Duration,
    /// The time of the next look. After it the policy decides again.
    next_look: Instant,
}

impl Coordinator {
    /// Waits until it is time for the next round. This is earlier when the writers have caught up, because the rows of a burst may
    /// have to be sealed then, and when an index was built. Returns whether the thread is to end.
    fn wait(&mut self, movers: &Movers, line: &LineState, rest: Duration) -> bool {
        let begun = Instant::now();
        loop {
            let left = rest.saturating_sub(begun.elapsed());
            if left.is_zero() || movers.stop.wait(Phase::Abandoning, left.min(GLANCE)) {
                return movers.stop.phase() >= Phase::Abandoning;
            }
            let now = Instant::now();
            self.writers.note(now, movers.pauses.load(Ordering::Relaxed), writers_are_too_slow(line));
            let is_possible = now.saturating_duration_since(begun) >= rest / EARLIER;
            if is_possible && (self.writers.have_caught_up(now) || movers.has_built()) {
                return false;
            }
        }
    }

    /// Looks at the tree, gives the movers their orders, and does the rest of what the policy decides. Returns how long to wait until the
    /// next round.
    fn round(&mut self, movers: &Arc<Movers>, line: &Arc<LineState>, keeper: &TreeKeeper) -> Result<Duration> {
        if line.in_outage() {
            return Ok(LOOK);
        }
        let begun = Instant::now();
        if let Some(wanted) = self.wanted.take().filter(|wanted| begun < wanted.next_look) {
            return self.seal(movers, line, keeper, wanted);
        }
        let Some(look) = keeper.look(&mut self.session, &mut self.timer)? else {
            line.note_waiting(None);
            movers.order(line, Orders::default(), None);
            return Ok(IDLE_LOOK);
        };
        let now = Instant::now();
        let rest = if look.waiting > 0 || !look.sealed.is_empty() { LOOK } else { IDLE_LOOK };
        let rest = rest.max((now - begun).saturating_sub(look.measuring) * COST);
        self.ages.note(now, look.hot.next);
        let oldest = look.oldest.map(|transaction| self.ages.since(transaction, now));
        line.note_waiting(Some(Waiting { rows: look.waiting, oldest }));
        let smallest = look.sealed.iter().filter(|child| child.has_indexes).min_by_key(|child| child.rows);
        let figures = self.figures(movers, line, &look, smallest, now);
        let orders = self.policy.decide(&figures);
        movers.order(line, orders, smallest);
        if orders.vacuum {
            keeper.vacuum(&mut self.session)?;
        }
        if let Some(child) = look.sealed.iter().find(|child| !child.has_indexes) {
            movers.build(line, child);
        }
        if orders.merge && keeper.can_seal() {
            merges::begin(&self.merges, movers, line, &look);
        }
        if orders.seal && !keeper.can_seal() {
            self.complain(line, &look);
        } else if orders.seal {
            let wanted =
                WantedSeal { tree: look.tree, rows: look.hot.rows, scan: look.scan, next_look: Instant::now() + rest };
            return self.seal(movers, line, keeper, wanted);
        }
        if let Some(child) = movers.emptied() {
            self.drop_empty(line, keeper, &look.tree, &child)?;
        }
        Ok(rest)
    }

    fn figures(
        &mut self,
        movers: &Movers,
        line: &LineState,
        look: &TreeLook,
        smallest: Option<&SealedChild>,
        now: Instant,
    ) -> Figures {
        let pauses = movers.pauses.load(Ordering::Relaxed);
        self.writers.note(now, pauses, writers_are_too_slow(line));
        Figures {
            now,
            hot_rows: look.hot.rows,
            dead_rows: look.hot.dead,
            scan: look.scan,
            moved: line.counters().rows_moved.get(),
            pauses,
            writers_are_too_slow: self.writers.are_too_slow(now),
            sealed: look.sealed.len(),
            unindexed: look.sealed.iter().filter(|child| !child.has_indexes).count(),
            smallest: smallest.map_or(0, |child| child.rows),
            merging: self.merges.are_running(),
        }
    }

    /// Logs that the hot child has grown too large and that only the movers can make it smaller.
    fn complain(&mut self, line: &LineState, look: &TreeLook) {
        if self.complained.is_none_or(|at| at.elapsed() >= COMPLAIN_AGAIN) {
            self.complained = Some(Instant::now());
            log::warn!(
                "{}: the hot partition has about {} rows, and a query needs {:.1} ms for them; a partition isn't sealed, so this lasts \
                 until the movers have taken them into the vector index",
                line.name(),
                look.hot.rows,
                look.scan.as_secs_f64() * 1e3
            );
        }
    }

    /// Returns when the next round is due.
    fn seal(&mut self, movers: &Movers, line: &LineState, keeper: &TreeKeeper, wanted: WantedSeal) -> Result<Duration> {
        let Coordinator { session, seals, .. } = self;
        let tree = &wanted.tree;
        let tables: Vec<&TableRef> = tree.others.last().into_iter().chain([&tree.hot]).collect();
        let change = |session: &mut KeeperSession, wait| keeper.seal(session, tree, wait);
        let tried = seals.attempt((line, keeper), session, ("sealing the hot child", &tables), change)?;
        let until_look = wanted.next_look.saturating_duration_since(Instant::now());
        Ok(match tried {
            TriedChange::Done => {
                movers.begin_again();
                log::info!(
                    "{}: the hot child has about {} rows, and a query needs {:.1} ms for them; it was sealed and gets an index of its own",
                    line.name(),
                    wanted.rows,
                    wanted.scan.as_secs_f64() * 1e3
                );
                Duration::ZERO
            }
            TriedChange::Again(rest) => {
                self.wanted = Some(wanted);
                rest
            }
            TriedChange::OutOfDate => until_look,
        })
    }

    /// Drops a sealed child that has no rows. If the locks can't be had now, nothing is done; the movers will report the child as empty
    /// again, and then the next round tries again.
    fn drop_empty(&mut self, line: &LineState, keeper: &TreeKeeper, tree: &Tree, child: &TableRef) -> Result<()> {
        let Coordinator { session, drops, .. } = self;
        let change = |session: &mut KeeperSession, wait| keeper.drop_empty(session, tree, child, wait);
        let aim = "dropping an empty sealed child";
        if drops.attempt((line, keeper), session, (aim, &[&tree.hot, child]), change)? == TriedChange::Done {
            log::info!("{}: sealed child {} is empty and was dropped", line.name(), child.name);
        }
        Ok(())
    }
}
