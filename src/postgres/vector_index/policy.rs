//! Decides what is done about the rows that wait for the index: how many movers there are, when the hot child is vacuumed or sealed,
//! and when sealed children are emptied or merged. It gets figures and returns orders, and does no I/O.

use std::time::{Duration, Instant};

/// For how long movers may take to bring the scan under its limit before the hot child is sealed instead.
const SOON: Duration = Duration::from_secs(3);
/// Rows *pour in* while the hot child grows so fast that it would double within this time. It is not sealed then, so that a burst gets one
/// index.
const POURING: Duration = Duration::from_secs(3);
/// How long the scan may be over its limit while the writers are behind or rows pour in.
const PATIENCE: Duration = Duration::from_secs(5);
/// A hot child with fewer rows isn't sealed: each table of the tree costs every query a little.
const LEAST_SEALED: u64 = 1000;
/// With more sealed children than this, every two further ones double the limit of the scan.
const FEW_SEALED: usize = 4;
/// A sealed child that movers can empty in this time is emptied.
const SOON_EMPTY: Duration = Duration::from_secs(60);
/// The moving rate while it isn't known, in rows per second.
const ASSUMED_RATE: f64 = 300.0;
/// How long there must be little to do before sealed children are emptied.
const CALM: Duration = Duration::from_secs(3);
/// The hot child is vacuumed when it has more dead rows than live ones, by more than this number.
const FEW_DEAD: u64 = 2000;
const VACUUM_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_VACUUM_PAUSE: Duration = Duration::from_secs(60);
/// How long the moving rate is measured before the number of movers changes.
const WATCHED: Duration = Duration::from_millis(1500);
/// How long to wait before one more mover is tried again, after it didn't help.
const NEXT_TRY: Duration = Duration::from_secs(30);
/// One more mover stays if all movers together then move at least this many times as many rows.
const WORTH: f64 = 1.08;
/// The hot child has many rows if all movers together need more seconds than this to move them.
const MANY_ROWS: f64 = 1.0;

/// What the orders are made from.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub now: Instant,
    /// Rows of the hot child.
    pub hot_rows: u64,
    pub dead_rows: u64,
    /// How long an exact search takes in the tables that have no index.
    pub scan: Duration,
    /// Rows moved by this process.
    pub moved: u64,
    /// How often movers have paused for writers.
    pub pauses: u64,
    pub writers_are_too_slow: bool,
    /// Sealed children, and those of them without their indexes.
    pub sealed: usize,
    pub unindexed: usize,
    /// Rows of the smallest sealed child.
    pub smallest: u64,
    /// Sealed children are being merged.
    pub merging: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orders {
    pub movers: usize,
    /// The first mover doesn't pause for writers.
    pub insist: bool,
    pub vacuum: bool,
    pub seal: bool,
    /// Movers empty the smallest sealed child when the hot child has no rows for them.
    pub empty_sealed: bool,
    /// Sealed children may be merged.
    pub merge: bool,
}

/// What has happened so far.
#[derive(Debug)]
pub struct Policy {
    scan_limit: Duration,
    most_movers: usize,
    over_since: Option<Instant>,
    calm_since: Option<Instant>,
    /// The rows of the hot child when it was last looked at.
    last_rows: Option<(Instant, u64)>,
    vacuums: Vacuums,
    search: MoverSearch,
}

/// When the hot child may be vacuumed again. VACUUM can't remove dead rows that an old snapshot of another session still sees.
#[derive(Debug)]
struct Vacuums {
    last: Option<Vacuum>,
    pause: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Vacuum {
    at: Instant,
    dead_before: u64,
    /// The fewest dead rows that were seen since.
    dead_since: u64,
}

/// The search for the best number of movers.
#[derive(Debug)]
struct MoverSearch {
    movers: usize,
    /// The rate with one mover fewer, while the last mover is only tried.
    before: Option<f64>,
    next_try: Option<Instant>,
    window: Option<RateWindow>,
    /// Rows per second, as last measured.
    rate: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct RateWindow {
    start: Instant,
    moved: u64,
    pauses: u64,
}

impl Policy {
    pub fn new(scan_limit: Duration, most_movers: usize) -> Policy {
        Policy {
            scan_limit,
            most_movers: most_movers.max(1),
            over_since: None,
            calm_since: None,
            last_rows: None,
            vacuums: Vacuums { last: None, pause: VACUUM_PAUSE },
            search: MoverSearch { movers: 1, before: None, next_try: None, window: None, rate: None },
        }
    }

    pub fn decide(&mut self, figures: &Figures) -> Orders {
        let Figures { now, hot_rows, writers_are_too_slow, sealed, unindexed, .. } = *figures;
        let limit = self.limit(sealed);
        let is_over = figures.scan > limit;
        self.over_since = is_over.then(|| self.over_since.unwrap_or(now));
        let over_for = self.over_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let is_soon_under = self.is_soon_under(figures, limit);
        // The hot child will be sealed when the build that runs now has ended. Building an index over its rows costs the server less than
        // moving them, and the build ends earlier when movers leave the processors to it. One mover remains, in case builds fail.
        let is_sealed_next = is_over && hot_rows >= LEAST_SEALED && unindexed > 0 && !is_soon_under;
        let movers = if is_sealed_next { self.search.one() } else { self.search.movers(figures, self.most_movers) };
        let is_calm = hot_rows as f64 <= self.rate() * MANY_ROWS && !writers_are_too_slow && unindexed == 0;
        self.calm_since = is_calm.then(|| self.calm_since.unwrap_or(now));
        let is_long_calm = self.calm_since.is_some_and(|since| now.saturating_duration_since(since) >= CALM);
        let empty_sealed = is_long_calm && sealed > 0 && !figures.merging && self.is_soon_empty(figures.smallest);
        // Small children may soon be emptied, so none are merged yet.
        let is_newly_calm = is_calm && !is_long_calm;
        let may_seal = is_over && hot_rows >= LEAST_SEALED && unindexed == 0;
        let waits_no_longer = over_for >= PATIENCE;
        let do_rows_pour = self.do_rows_pour(now, hot_rows);
        Orders {
            movers,
            insist: waits_no_longer,
            vacuum: self.vacuums.is_due(figures),
            seal: may_seal && (waits_no_longer || !writers_are_too_slow && !do_rows_pour && !is_soon_under),
            empty_sealed,
            // In calm times small children are emptied instead.
            merge: unindexed == 0 && !figures.merging && !writers_are_too_slow && !empty_sealed && !is_newly_calm,
        }
    }

    /// The limit of the scan. Each sealed child makes every query slower, too. So when there are many, the hot child may grow larger before
    /// it is sealed, and fewer children are made.
    fn limit(&self, sealed: usize) -> Duration {
        let doublings = sealed.saturating_sub(FEW_SEALED) / 2;
        self.scan_limit * (1 << doublings.min(16))
    }

    /// Whether the hot child would double soon if it went on growing as it has since the last look.
    fn do_rows_pour(&mut self, now: Instant, rows: u64) -> bool {
        let last = self.last_rows.replace((now, rows));
        last.is_some_and(|(at, before)| {
            let grown = rows.saturating_sub(before) as f64;
            grown * POURING.as_secs_f64() > rows as f64 * now.saturating_duration_since(at).as_secs_f64()
        })
    }

    fn rate(&self) -> f64 {
        self.search.rate.unwrap_or(ASSUMED_RATE).max(1.0)
    }

    /// Whether movers bring the scan under its limit soon.
    fn is_soon_under(&self, figures: &Figures, limit: Duration) -> bool {
        let share_over = 1.0 - limit.as_secs_f64() / figures.scan.as_secs_f64().max(1e-6);
        figures.hot_rows as f64 * share_over <= self.rate() * SOON.as_secs_f64()
    }

    fn is_soon_empty(&self, rows: u64) -> bool {
        rows as f64 <= self.rate().max(ASSUMED_RATE) * SOON_EMPTY.as_secs_f64()
    }
}

impl Vacuums {
    fn is_due(&mut self, figures: &Figures) -> bool {
        let Figures { now, dead_rows, hot_rows, .. } = *figures;
        if let Some(last) = &mut self.last {
            last.dead_since = last.dead_since.min(dead_rows);
        }
        let is_rested = self.last.is_none_or(|last| now.saturating_duration_since(last.at) >= self.pause);
        if dead_rows <= hot_rows + FEW_DEAD || !is_rested {
            return false;
        }
        // The last VACUUM removed nothing, so this one may remove nothing either.
        let in_vain = self.last.is_some_and(|last| last.dead_since >= last.dead_before);
        self.pause = if in_vain { (self.pause * 2).min(LONGEST_VACUUM_PAUSE) } else { VACUUM_PAUSE };
        self.last = Some(Vacuum { at: now, dead_before: dead_rows, dead_since: dead_rows });
        true
    }
}

impl MoverSearch {
    /// Goes back to one mover, and gives up what is being measured.
    fn one(&mut self) -> usize {
        (self.movers, self.before, self.window) = (1, None, None);
        self.movers
    }

    fn movers(&mut self, figures: &Figures, most: usize) -> usize {
        let Figures { now, hot_rows, moved, pauses, .. } = *figures;
        let window = self.window.filter(|window| window.pauses == pauses && hot_rows > 0);
        let Some(window) = window else {
            self.window = Some(RateWindow { start: now, moved, pauses });
            // Without rows nothing can be compared, and one mover is enough.
            if hot_rows == 0 {
                (self.movers, self.before) = (1, None);
            }
            return self.movers;
        };
        let watched = now.saturating_duration_since(window.start);
        if watched < WATCHED {
            return self.movers;
        }
        self.window = Some(RateWindow { start: now, moved, pauses });
        let rate = moved.saturating_sub(window.moved) as f64 / watched.as_secs_f64();
        let has_many_rows = hot_rows as f64 > rate * MANY_ROWS;
        if !has_many_rows {
            // There were fewer rows than could be moved, so a lower rate than the known one says nothing.
            self.rate = self.rate.filter(|known| *known > rate).or(Some(rate));
            (self.movers, self.before) = (1, None);
            return self.movers;
        }
        self.rate = Some(rate);
        match self.before.take() {
            Some(before) if rate <= before * WORTH => {
                self.movers = self.movers.saturating_sub(1).max(1);
                self.next_try = Some(now + NEXT_TRY);
            }
            _ if self.next_try.is_some_and(|at| now < at) || self.movers >= most => {}
            _ => {
                self.before = Some(rate);
                self.movers += 1;
            }
        }
        self.movers
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
