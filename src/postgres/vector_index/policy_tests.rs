use super::*;

/// A table whose movers move so many rows a second, by their number, with a clock of its own.
struct World {
    policy: Policy,
    figures: Figures,
    orders: Orders,
    rates: &'static [f64],
}

const TICK: Duration = Duration::from_millis(500);
/// Rows that an exact search reads in a millisecond.
const ROWS_A_MILLISECOND: u64 = 1600;

impl World {
    fn new(rates: &'static [f64]) -> World {
        let figures = Figures {
            now: Instant::now(),
            hot_rows: 0,
            dead_rows: 0,
            scan: Duration::ZERO,
            moved: 0,
            pauses: 0,
            writers_are_too_slow: false,
            sealed: 0,
            unindexed: 0,
            smallest: 0,
            merging: false,
        };
        World { policy: Policy::new(Duration::from_millis(20), 8), figures, orders: Orders::default(), rates }
    }

    /// Half a second in which so many rows come.
    fn tick(&mut self, rows: u64) -> Orders {
        let rate = self.rates[self.orders.movers.min(self.rates.len()) - 1];
        let movable = if self.figures.writers_are_too_slow && !self.orders.insist { 0 } else { (rate * 0.5) as u64 };
        self.figures.pauses += u64::from(self.figures.writers_are_too_slow);
        let figures = &mut self.figures;
        figures.hot_rows += rows;
        let moved = movable.min(figures.hot_rows);
        figures.hot_rows -= moved;
        figures.moved += moved;
        figures.dead_rows += moved;
        figures.scan = Duration::from_micros(figures.hot_rows * 1000 / ROWS_A_MILLISECOND);
        figures.now += TICK;
        self.orders = self.policy.decide(figures);
        if self.orders.vacuum {
            figures.dead_rows = 0;
        }
        if self.orders.seal {
            (figures.sealed, figures.hot_rows, figures.dead_rows) = (figures.sealed + 1, 0, 0);
        }
        self.orders
    }

    fn begin(mut self) -> World {
        self.orders.movers = 1;
        self
    }
}

#[test]
fn movers_are_added_as_long_as_that_makes_it_faster() {
    let mut world = World::new(&[1000.0, 1900.0, 2700.0, 2750.0]).begin();
    world.figures.hot_rows = 30_000;
    let mut most = 0;
    for _ in 0..18 {
        most = most.max(world.tick(0).movers);
    }
    assert_eq!((most, world.orders.movers), (4, 3), "the fourth was tried and taken back");
    for _ in 0..40 {
        world.tick(0);
    }
    assert_eq!((world.figures.hot_rows, world.orders.movers), (0, 1), "without rows one is enough");
}

#[test]
fn there_are_never_more_movers_than_allowed() {
    let mut world = World::new(&[100.0, 200.0, 300.0, 400.0]).begin();
    world.policy = Policy::new(Duration::from_secs(1), 2);
    world.figures.hot_rows = 20_000;
    assert!((0..40).all(|_| world.tick(0).movers <= 2));
    assert_eq!(world.orders.movers, 2);
}

#[test]
fn a_trickle_is_moved_by_one_mover_and_nothing_is_sealed() {
    let mut world = World::new(&[1000.0, 1400.0]).begin();
    for _ in 0..200 {
        let orders = world.tick(250);
        assert!(!orders.seal && orders.movers == 1, "{orders:?}");
        assert!(world.figures.dead_rows <= 2000 + 4 * 250 + world.figures.hot_rows, "it is vacuumed");
    }
}

#[test]
fn a_burst_is_sealed_once_the_writers_have_written_it() {
    let mut world = World::new(&[1000.0, 1400.0]).begin();
    world.figures.writers_are_too_slow = true;
    for _ in 0..6 {
        assert!(!world.tick(15_000).seal, "the writers are behind");
    }
    world.figures.writers_are_too_slow = false;
    assert!(world.tick(10_000).seal, "{:?}", world.figures);
}

#[test]
fn a_burst_that_the_writers_keep_up_with_is_sealed_once_when_it_is_over() {
    let mut world = World::new(&[1000.0, 1400.0]).begin();
    assert!((0..4).all(|_| !world.tick(20_000).seal), "rows pour in");
    assert!(world.tick(0).seal, "{:?}", world.figures);
}

#[test]
fn rows_that_come_fast_for_long_are_sealed_the_later_the_faster_they_come() {
    let sealed_at = |rows| {
        let mut world = World::new(&[1000.0]).begin();
        world.tick(0);
        let mut before = 0;
        while !world.tick(rows).seal {
            before = world.figures.hot_rows;
        }
        before
    };
    let sizes = [2500, 10_000, 15_000, 100_000].map(sealed_at);
    assert!(sizes[0] < 40_000 && sizes.is_sorted(), "{sizes:?}");
}

#[test]
fn writers_that_are_always_behind_do_not_keep_the_hot_child_from_being_sealed() {
    let mut world = World::new(&[1000.0, 1400.0]).begin();
    world.figures.writers_are_too_slow = true;
    let ticks = (0..100).take_while(|_| !world.tick(10_000).seal).count();
    assert!((10..16).contains(&ticks), "{ticks}");
    assert!(world.orders.insist, "one mover doesn't pause any longer");
}

#[test]
fn what_movers_soon_bring_under_the_limit_is_not_sealed() {
    let mut world = World::new(&[1000.0, 1400.0]).begin();
    world.policy.search.rate = Some(1400.0);
    world.figures.hot_rows = 35_000;
    assert!((0..8).all(|_| !world.tick(0).seal));
    assert!(world.figures.scan <= Duration::from_millis(20), "{:?}", world.figures);
}

#[test]
fn the_next_child_is_sealed_only_when_the_last_one_has_its_index() {
    let mut world = World::new(&[1000.0]).begin();
    (world.figures.sealed, world.figures.unindexed) = (1, 1);
    assert!((0..40).all(|_| !world.tick(20_000).seal));
    world.figures.unindexed = 0;
    assert!(world.tick(0).seal);
}

#[test]
fn while_an_index_is_built_one_mover_remains_for_rows_that_are_sealed_next() {
    let mut world = World::new(&[1000.0, 1900.0, 2700.0]).begin();
    (world.figures.sealed, world.figures.unindexed, world.figures.hot_rows) = (1, 1, 100_000);
    assert!((0..40).all(|_| world.tick(1000).movers == 1));
    (world.figures.unindexed, world.figures.hot_rows) = (0, 30_000);
    assert!((0..10).any(|_| world.tick(0).movers > 1));
}

#[test]
fn the_more_sealed_children_there_are_the_larger_is_the_next() {
    let mut world = World::new(&[100.0]).begin();
    let mut sizes = Vec::new();
    while sizes.len() < 12 {
        let before = world.figures.hot_rows + 3000;
        if world.tick(3000).seal {
            sizes.push(before);
        }
    }
    assert!(sizes[0] < 40_000 && sizes[11] > 7 * sizes[0], "{sizes:?}");
}

#[test]
fn small_sealed_children_are_emptied_in_calm_times_and_large_ones_stay() {
    let empties = |sealed, smallest, merging| {
        let mut world = World::new(&[1000.0]).begin();
        world.policy.search.rate = Some(1000.0);
        (world.figures.sealed, world.figures.smallest, world.figures.merging) = (sealed, smallest, merging);
        assert!((0..5).all(|_| !world.tick(10).empty_sealed), "it is calm for some seconds first");
        (0..5).any(|_| world.tick(10).empty_sealed)
    };
    assert!(empties(1, 50_000, false));
    assert!(!empties(1, 50_000, true), "they are being merged");
    assert!(!empties(5, 70_000, false));
    assert!(!empties(0, 0, false));
}

#[test]
fn sealed_children_may_be_merged_while_rows_come_and_in_calm_times_if_they_are_not_emptied() {
    let merges = |rows_a_tick, smallest| {
        let mut world = World::new(&[1000.0]).begin();
        world.policy.search.rate = Some(1000.0);
        (world.figures.sealed, world.figures.smallest) = (4, smallest);
        let orders: Vec<bool> = (0..12).map(|_| world.tick(rows_a_tick).merge).collect();
        (orders[3], orders[11])
    };
    assert_eq!(merges(2000, 50_000), (true, true), "rows come");
    assert_eq!(merges(10, 50_000), (false, false), "it is calm: they are emptied");
    assert_eq!(merges(10, 70_000), (false, true), "it is calm: movers would need too long");
}

#[test]
fn nothing_is_merged_while_the_writers_are_behind_or_a_child_waits_for_its_index() {
    let mut world = World::new(&[1000.0]).begin();
    (world.figures.sealed, world.figures.smallest, world.figures.unindexed) = (5, 90_000, 1);
    assert!((0..12).all(|_| !world.tick(2000).merge));
    (world.figures.unindexed, world.figures.writers_are_too_slow) = (0, true);
    assert!((0..12).all(|_| !world.tick(2000).merge));
    (world.figures.writers_are_too_slow, world.figures.merging) = (false, true);
    assert!((0..12).all(|_| !world.tick(2000).merge));
    world.figures.merging = false;
    assert!(world.tick(2000).merge);
}

#[test]
fn a_vacuum_that_removes_nothing_is_repeated_less_and_less_often() {
    let mut world = World::new(&[0.0]).begin();
    let mut vacuums = 0;
    for _ in 0..240 {
        world.figures.dead_rows = 10_000;
        vacuums += u32::from(world.tick(0).vacuum);
    }
    assert!((4..9).contains(&vacuums), "in two minutes: {vacuums}");
}
