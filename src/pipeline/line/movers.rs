//! The threads that move rows into a sink's vector index, and the thread that builds the index of a sealed child. They do what the
//! thread of [`coordinator`](super::coordinator) orders. That thread and the thread of `merges` are started and waited for here, too.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::state::LineState;
use super::troubles::{COMPLAIN_AGAIN, Troubles};
use crate::error::{Error, Result};
use crate::pipeline::is_over;
use crate::postgres::{Built, KeeperSession, Moved, Orders, Pace, SealedChild, TableRef, TreeKeeper};
use crate::stop::{Phase, Stop};
use crate::threads;

/// Rows that wait longer than this for a writer show that the writers are too slow.
const ALLOWED_WAIT: Duration = Duration::from_millis(50);
/// How long a mover pauses for writers before it looks again.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a mover rests when it has moved all rows, at first and at most.
const FIRST_REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(1);
/// How long to wait before a build is tried again: `BUILD_AGAIN` while another process builds, `FAILED_AGAIN` after a failure.
const BUILD_AGAIN: Duration = Duration::from_secs(5);
const FAILED_AGAIN: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Movers {
    pub has_begun: AtomicBool,
    pub stop: Stop,
    /// How many threads run.
    running: Mutex<usize>,
    ended: Condvar,
    work: Mutex<MoverWork>,
    /// The page of the hot child from which the next rows are taken.
    page: AtomicU64,
    /// How often movers have paused for writers.
    pub pauses: AtomicU64,
    is_building: AtomicBool,
    /// Whether an index was finished since [`Movers::has_built`] was last asked.
    has_built: AtomicBool,
    next_build: Mutex<Option<Instant>>,
    /// When it was last logged that rows of other programs were replaced.
    replaced_told: Mutex<Option<Instant>>,
}

/// The work of the movers.
#[derive(Default)]
struct MoverWork {
    orders: Orders,
    /// Movers that run.
    movers: usize,
    /// The sealed child that is emptied when the hot child has no rows, and its next page.
    emptying: Option<(TableRef, u64)>,
    /// Whether the sealed child of `emptying` has no rows any more.
    is_empty: bool,
}

/// What a mover has found. It decides how long the mover rests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AfterMove {
    /// There are more rows.
    More,
    /// It has moved the last rows that are there for now.
    Last,
    Nothing,
}

impl Movers {
    /// To be called when there is a new hot child: the movers begin at its first page.
    pub fn begin_again(&self) {
        self.page.store(0, Ordering::Relaxed);
    }

    /// Tells the threads to end, without waiting for them.
    pub fn end(&self) {
        self.stop.abandon();
    }

    /// Waits until all threads have ended, but not longer than [`is_over`] allows.
    pub fn join(&self, stop: &Stop, deadline: Option<Instant>) {
        let mut running = self.running.lock();
        while *running > 0 && !is_over(stop, deadline) {
            self.ended.wait_for(&mut running, Duration::from_millis(50));
        }
    }

    /// Returns whether the thread was started.
    pub fn spawn(
        self: &Arc<Self>,
        line: &Arc<LineState>,
        name: &str,
        work: impl FnOnce(&Arc<Self>, &Arc<LineState>, &TreeKeeper) + Send + 'static,
    ) -> bool {
        let (movers, own, thread) = (Arc::clone(self), Arc::clone(line), name.to_owned());
        *self.running.lock() += 1;
        let body = move || {
            let worked = catch_unwind(AssertUnwindSafe(|| {
                if let Some(keeper) = &own.target.keeper {
                    work(&movers, &own, keeper);
                }
            }));
            if worked.is_err() {
                log::error!(
                    "{}: the thread '{thread}' panicked; rows are stored and found, but may wait longer for the vector index",
                    own.name()
                );
            }
            // The thread drops its reference to the sink before others learn that it has ended.
            drop(own);
            movers.leave();
        };
        let spawned = threads::spawn(name, body);
        if let Err(error) = &spawned {
            log::warn!(
                "{}: the thread '{name}' can't be started, so rows may wait longer for the vector index: {error}",
                line.name()
            );
            self.leave();
        }
        spawned.is_ok()
    }

    fn leave(&self) {
        *self.running.lock() -= 1;
        self.ended.notify_all();
    }

    /// Tells the movers what to do, and starts those that are missing.
    pub fn order(self: &Arc<Self>, line: &Arc<LineState>, orders: Orders, smallest: Option<&SealedChild>) {
        let missing = {
            let mut work = self.work.lock();
            work.orders = orders;
            let emptied = smallest.filter(|_| orders.empty_sealed).map(|child| &child.table);
            if work.emptying.as_ref().map(|(table, _)| table) != emptied {
                work.emptying = emptied.map(|table| (table.clone(), 0));
                work.is_empty = false;
            }
            let running = work.movers;
            work.movers = running.max(orders.movers);
            running..work.movers
        };
        for number in missing {
            let spawned = self.spawn(line, &format!("vecsink mover {number}"), move |movers, line, keeper| {
                movers.move_rows(number, line, keeper);
            });
            if !spawned {
                self.work.lock().movers -= 1;
            }
        }
    }

    /// The sealed child that movers have emptied. It is returned once. If it can't be dropped, the movers look into it again.
    pub fn emptied(&self) -> Option<TableRef> {
        let mut work = self.work.lock();
        let is_empty = std::mem::take(&mut work.is_empty);
        work.emptying.as_ref().filter(|_| is_empty).map(|(child, _)| child.clone())
    }

    /// Whether an index was finished. The answer is yes only once.
    pub fn has_built(&self) -> bool {
        self.has_built.swap(false, Ordering::Relaxed)
    }

    /// Builds the indexes of a sealed child in a thread of its own, unless one is being built.
    pub fn build(self: &Arc<Self>, line: &Arc<LineState>, child: &SealedChild) {
        let is_due = self.next_build.lock().is_none_or(|at| at <= Instant::now());
        if !is_due || self.is_building.swap(true, Ordering::Relaxed) {
            return;
        }
        let SealedChild { table, rows, .. } = child.clone();
        let spawned = self.spawn(line, "vecsink build", move |movers, line, keeper| {
            let _building = RunningBuild(movers);
            movers.build_now(line, keeper, &table, rows);
        });
        if !spawned {
            self.is_building.store(false, Ordering::Relaxed);
        }
    }

    fn build_now(&self, line: &LineState, keeper: &TreeKeeper, child: &TableRef, rows: u64) {
        let begun = Instant::now();
        log::info!("{}: building the vector index of {}", line.name(), child.name);
        let built = keeper.build(&mut keeper.build_session(&self.stop), child, rows);
        let seconds = begun.elapsed().as_secs_f64();
        let again = match built {
            Ok(Built::All) => {
                log::info!("{}: {} has its vector index, after {seconds:.1} s", line.name(), child.name);
                self.has_built.store(true, Ordering::Relaxed);
                return;
            }
            Ok(Built::Elsewhere) => BUILD_AGAIN,
            Err(_) if self.stop.phase() >= Phase::Abandoning => return,
            Err(error) => {
                log::warn!(
                    "{error}; its rows are found by an exact search; trying again in {} s",
                    FAILED_AGAIN.as_secs()
                );
                FAILED_AGAIN
            }
        };
        *self.next_build.lock() = Some(Instant::now() + again);
    }

    fn note_moved(&self, line: &LineState, moved: Moved) {
        line.counters().rows_moved.add(moved.rows as u64);
        let mut told = self.replaced_told.lock();
        if moved.replaced > 0 && told.is_none_or(|at| at.elapsed() >= COMPLAIN_AGAIN) {
            *told = Some(Instant::now());
            log::warn!(
                "{}: another program had inserted {} rows into the table whose keys were also in a child, and the moved rows have \
                 replaced them; INSERT … ON CONFLICT by other programs doesn't see the children",
                line.name(),
                moved.replaced
            );
        }
    }

    fn move_rows(&self, number: usize, line: &LineState, keeper: &TreeKeeper) {
        let mut session = keeper.session(&self.stop);
        let (mut pace, mut rest, mut troubles) = (Pace::default(), FIRST_REST, Troubles::default());
        loop {
            let insists = {
                let mut work = self.work.lock();
                if number >= work.orders.movers || self.stop.phase() >= Phase::Abandoning {
                    // The mover with the highest number ends first, so that the movers that run always have the numbers 0, 1, 2 …
                    if number + 1 == work.movers || self.stop.phase() >= Phase::Abandoning {
                        work.movers -= 1;
                        return;
                    }
                }
                work.orders.insist && number == 0
            };
            let wait = if !insists && writers_are_too_slow(line) {
                self.pauses.fetch_add(1, Ordering::Relaxed);
                PAUSE
            } else {
                match self.move_once(line, keeper, &mut session, &mut pace) {
                    Ok(found) => {
                        troubles.end();
                        rest = if found == AfterMove::Nothing { (rest * 2).min(LONGEST_REST) } else { FIRST_REST };
                        if found == AfterMove::More { Duration::ZERO } else { rest }
                    }
                    Err(error) => troubles.note(line, &error, &self.stop),
                }
            };
            if !wait.is_zero() {
                self.stop.wait(Phase::Abandoning, wait);
            }
        }
    }

    /// Moves rows of the hot child, or, if it has no more, rows of the sealed child that is emptied.
    fn move_once(
        &self,
        line: &LineState,
        keeper: &TreeKeeper,
        session: &mut KeeperSession,
        pace: &mut Pace,
    ) -> Result<AfterMove> {
        let page = self.page.load(Ordering::Relaxed);
        let asked = pace.rows;
        let moved = match timed(pace, |rows| keeper.move_rows(session, None, rows, page)) {
            Err(error @ Error::Target { passing: false, .. }) => {
                // A row that the table refuses must not keep the rows behind it waiting.
                if pace.note_refused() {
                    self.page.store(page + 1, Ordering::Relaxed);
                }
                return Err(error);
            }
            moved => moved?,
        };
        self.note_moved(line, moved);
        let are_more = moved.rows >= asked;
        // After the last page the next round begins with the first one.
        self.page.store(moved.last_page.filter(|_| are_more).unwrap_or(0), Ordering::Relaxed);
        if are_more || page > 0 {
            return Ok(AfterMove::More);
        }
        let emptying = self.work.lock().emptying.clone();
        let Some((child, page)) = emptying else {
            return Ok(if moved.rows > 0 { AfterMove::Last } else { AfterMove::Nothing });
        };
        let moved = match timed(pace, |rows| keeper.move_rows(session, Some(&child), rows, page)) {
            // Another process has dropped the child.
            Err(Error::Target { sqlstate: Some(code), .. }) if code == "42P01" => {
                self.work.lock().emptying = None;
                return Ok(AfterMove::Nothing);
            }
            moved => moved?,
        };
        self.note_moved(line, moved);
        let mut work = self.work.lock();
        if let Some((emptied, next)) = &mut work.emptying
            && *emptied == child
        {
            *next = moved.last_page.unwrap_or(0);
            work.is_empty |= moved.last_page.is_none() && page == 0;
        }
        Ok(if work.is_empty { AfterMove::Nothing } else { AfterMove::More })
    }
}

/// Moves with the pace's number of rows, and tells the pace how long it took.
fn timed(pace: &mut Pace, work: impl FnOnce(usize) -> Result<Moved>) -> Result<Moved> {
    let begun = Instant::now();
    let moved = work(pace.rows)?;
    pace.note(moved.rows, begun.elapsed());
    Ok(moved)
}

pub fn writers_are_too_slow(line: &LineState) -> bool {
    line.dispatcher.writers_are_too_slow(ALLOWED_WAIT)
}

/// While this object lives, an index is being built.
struct RunningBuild<'a>(&'a Movers);

impl Drop for RunningBuild<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0.next_build.lock() = Some(Instant::now() + FAILED_AGAIN);
        }
        self.0.is_building.store(false, Ordering::Relaxed);
    }
}
