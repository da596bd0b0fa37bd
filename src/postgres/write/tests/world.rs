//! One schedule: topics, a database, processes, and what happens to them.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::database::Database;
use super::process::Simulated;
use super::records::{self, Kind, Partition, Record};
use crate::batch::Op;
use crate::dispatch::ShardLayout;
use crate::settings::ConflictMode;

/// Shortcuts that lose or double records. Each must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    WatermarkFromReadPosition,
    NoComparisonOfOffsets,
    LostCommitRepeated,
    PositionsBeforeRaise,
    KeyChangeInOneShard,
    LastChangeOnly,
    /// The first design had this one.
    LowWithoutPositions,
}

/// Steps with faults.
const STEPS: usize = 250;
/// More steps than the last process needs.
const TOO_MANY: usize = 200_000;
const PROCESSES: usize = 3;

/// The part of the world that a process uses.
pub struct Surroundings<'w> {
    pub kind: Kind,
    pub mistake: Option<Mistake>,
    pub partitions: &'w [Partition],
    pub database: &'w mut Database,
    pub random: &'w mut StdRng,
    pub clock: &'w mut Instant,
    pub faults: bool,
}

impl Surroundings<'_> {
    pub fn layout(&self) -> ShardLayout {
        match self.kind {
            Kind::WithoutKey => ShardLayout::Block,
            Kind::Changes(_) => ShardLayout::Key,
        }
    }

    /// Whether a fault of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.faults && self.random.random_bool(probability)
    }

    /// The server decides about a transaction whose COMMIT it has received.
    pub fn decide_one(&mut self) {
        if let Some(&id) = self.database.undecided().first() {
            match self.random.random_bool(0.5) {
                true => self.database.commit(id),
                false => self.database.roll_back(id),
            }
        }
    }

    /// All entries below `low` must be written or dead letters.
    pub fn check_low(&mut self, partition: usize, low: i64) {
        if self.kind != Kind::WithoutKey {
            return;
        }
        for Record { offset, entries } in self.partitions[partition].records.iter().take_while(|it| it.offset < low) {
            for (place, entry) in entries.iter().enumerate() {
                let dead = (partition, *offset, place as u8);
                let is_there = match entry.op == Op::Reject || entry.refused.is_some() {
                    true => self.database.dead_letters.contains_key(&dead),
                    false => self.database.table.contains_key(&entry.row),
                };
                if !is_there {
                    let what = format!("low of partition {partition} is {low}, and {offset} isn't written");
                    self.database.violation.get_or_insert(what);
                    return;
                }
            }
        }
    }
}

pub struct World {
    kind: Kind,
    mistake: Option<Mistake>,
    partitions: Vec<Partition>,
    database: Database,
    random: StdRng,
    clock: Instant,
    processes: Vec<Simulated>,
    started: u32,
    /// The database is restored from a backup now and then.
    restores: bool,
}

impl World {
    pub fn new(seed: u64, mistake: Option<Mistake>) -> World {
        let mut random = StdRng::seed_from_u64(seed);
        let kind = match seed % 3 {
            0 => Kind::WithoutKey,
            1 => Kind::Changes(ConflictMode::Upsert),
            _ => Kind::Changes(ConflictMode::Ignore),
        };
        let count = random.random_range(1..3);
        let partitions: Vec<Partition> = (0..count).map(|at| records::random(kind, at, 20, &mut random)).collect();
        let database = Database::new(kind, count, mistake);
        let clock = Instant::now() + Duration::from_secs(1);
        World {
            kind,
            mistake,
            partitions,
            database,
            random,
            clock,
            processes: Vec::new(),
            started: 0,
            restores: seed.is_multiple_of(4),
        }
    }

    fn with<T>(&mut self, faults: bool, work: impl FnOnce(&mut Surroundings<'_>, &mut Vec<Simulated>) -> T) -> T {
        let World { kind, mistake, partitions, database, random, clock, processes, .. } = self;
        let (kind, mistake) = (*kind, *mistake);
        work(&mut Surroundings { kind, mistake, partitions, database, random, clock, faults }, processes)
    }

    fn start(&mut self) {
        self.started += 1;
        let id = self.started;
        self.with(true, |world, processes| processes.push(Simulated::start(id, world)));
    }

    fn end(&mut self, at: usize) {
        let process = self.processes.swap_remove(at);
        self.database.gone(process.id());
    }

    fn violation(&mut self) -> Result<(), String> {
        self.database.violation.take().map_or(Ok(()), Err)
    }

    /// The first thing that went wrong.
    pub fn run(mut self) -> Result<(), String> {
        for _ in 0..STEPS {
            self.happen();
            self.violation()?;
        }
        while !self.processes.is_empty() {
            self.end(0);
        }
        while !self.database.undecided().is_empty() {
            self.with(true, |world, _| world.decide_one());
        }
        self.violation()?;
        self.finish()?;
        let (table, dead) = records::expected(self.kind, &self.partitions);
        let (is, dead_letters) = (&self.database.table, &self.database.dead_letters);
        if let Some(missing) = table.iter().find(|(key, row)| is.get(*key) != Some(row)) {
            return Err(format!("{:?}: row {missing:?} is missing or has other values", self.kind));
        }
        if is.len() != table.len() {
            return Err(format!("{:?}: the table has rows that should not be there", self.kind));
        }
        match dead.iter().find(|dead| !dead_letters.contains_key(dead)) {
            Some(missing) => Err(format!("dead letter {missing:?} is missing")),
            None if dead_letters.len() != dead.len() => Err("there are too many dead letters".to_owned()),
            None => Ok(()),
        }
    }

    fn happen(&mut self) {
        let alive = self.processes.len();
        match self.random.random_range(0..100) {
            0..3 if alive < PROCESSES => self.start(),
            3..5 if alive > 0 => {
                let at = self.random.random_range(0..alive);
                self.end(at);
            }
            5..8 if alive > 0 => {
                let at = self.random.random_range(0..alive);
                self.processes[at].silent = self.random.random_range(5..60);
            }
            8..12 => self.with(true, |world, _| world.decide_one()),
            12 if self.restores => self.database.back_up_or_restore(),
            _ if alive == 0 => self.start(),
            _ => {
                let at = self.random.random_range(0..alive);
                if self.processes[at].silent > 0 {
                    self.processes[at].silent -= 1;
                    return;
                }
                if !self.with(true, |world, processes| processes[at].step(world)) {
                    self.end(at);
                }
            }
        }
    }

    /// One process reads and writes all that is left, without faults.
    fn finish(&mut self) -> Result<(), String> {
        self.start();
        for _ in 0..TOO_MANY {
            let goes_on = self.with(false, |world, processes| processes[0].step(world));
            self.violation()?;
            if !goes_on {
                return Err("the last process stops".to_owned());
            }
            if self.with(false, |world, processes| processes[0].is_done(world)) {
                self.with(false, |world, processes| processes[0].store_low(world));
                return self.violation();
            }
        }
        Err("the last process doesn't come to an end".to_owned())
    }
}
