//! The coordinator: the thread that looks at the rows which are in no vector index, lets the [`Policy`] decide, gives the movers their
//! orders, and vacuums and seals the hot child. A failure here never stops the job, because its rows are stored and found anyway. The
//! threads end when the sink is closed or the job ends. Rows that are still in the hot child then wait for the next run.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::movers::{Movers, is_behind};
use super::state::{LineState, Waiting};
use super::troubles::Troubles;
use crate::error::Result;
use crate::postgres::{
    Ages, Figures, KeeperSession, Orders, Policy, ScanTimer, SealedChild, TreeChange, TreeKeeper, TreeLook,
};
use crate::stop::Phase;

/// How often the tree is looked at while rows wait or there are sealed children.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is looked at otherwise.
const IDLE_LOOK: Duration = Duration::from_secs(2);
/// After a look, the next one waits at least this many times as long as the look took.
const COST: u32 = 20;

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
        pauses: 0,
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
        if movers.stop.wait(Phase::Abandoning, rest) {
            return;
        }
    }
}

/// What the coordinating thread knows.
struct Coordinator {
    session: KeeperSession,
    policy: Policy,
    timer: ScanTimer,
    ages: Ages,
    /// How often movers had paused at the last look.
    pauses: u64,
}

impl Coordinator {
    /// Looks at the tree, gives orders and carries out those that aren't the movers'. Returns when to look again.
    fn round(&mut self, movers: &Arc<Movers>, line: &Arc<LineState>, keeper: &TreeKeeper) -> Result<Duration> {
        if line.in_outage() {
            return Ok(LOOK);
        }
        let begun = Instant::now();
        let Some(look) = keeper.look(&mut self.session, &mut self.timer)? else {
            line.note_waiting(None);
            movers.order(line, Orders::default(), None);
            return Ok(IDLE_LOOK);
        };
        let now = Instant::now();
        let rest = if look.waiting > 0 || !look.sealed.is_empty() { LOOK } else { IDLE_LOOK };
        let rest = rest.max((now - begun) * COST);
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
        if orders.seal {
            return self.seal(movers, line, keeper, &look).map(|sealed| if sealed { Duration::ZERO } else { rest });
        }
        let emptied = movers.emptied();
        if let Some(child) = emptied {
            let dropped = keeper.drop_empty(&mut self.session, &look.tree, &child)?;
            if dropped == TreeChange::Done {
                log::info!("{}: sealed child {} is empty and was dropped", line.name(), child.name);
            }
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
        let have_paused = std::mem::replace(&mut self.pauses, pauses) != pauses;
        Figures {
            now,
            hot_rows: look.hot.rows,
            dead_rows: look.hot.dead,
            scan: look.scan,
            moved: line.counters().rows_moved.get(),
            pauses,
            writers_behind: have_paused || is_behind(line),
            sealed: look.sealed.len(),
            unindexed: look.sealed.iter().filter(|child| !child.has_indexes).count(),
            smallest: smallest.map_or(0, |child| child.rows),
        }
    }

    fn seal(&mut self, movers: &Movers, line: &LineState, keeper: &TreeKeeper, look: &TreeLook) -> Result<bool> {
        let sealed = keeper.seal(&mut self.session, &look.tree)?;
        match sealed {
            TreeChange::Done => {
                movers.begin_anew();
                log::info!(
                    "{}: the hot child has about {} rows, and a query needs {:.1} ms for them; it was sealed and gets an index of its own",
                    line.name(),
                    look.hot.rows,
                    look.scan.as_secs_f64() * 1e3
                );
            }
            TreeChange::Busy => {
                log::debug!("{}: the hot child can't be sealed now: another session holds a lock", line.name())
            }
            TreeChange::OutOfDate => {}
        }
        Ok(sealed == TreeChange::Done)
    }
}
