//! Which faults come, and when: made from the seed alone.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use super::SESSION_TIMEOUT;

/// What can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    ProcessKilled,
    ProcessJoins,
    ProcessStopped,
    BrokerRestarted,
    BrokerKilled,
    DatabaseRestarted,
    DatabaseCrashed,
    DatabaseStopped,
    SessionsEnded,
    TablesLocked,
    NetworkCut,
    NetworkStalled,
    NetworkSlow,
}

pub const KINDS: [Kind; 13] = [
    Kind::ProcessKilled,
    Kind::ProcessJoins,
    Kind::ProcessStopped,
    Kind::BrokerRestarted,
    Kind::BrokerKilled,
    Kind::DatabaseRestarted,
    Kind::DatabaseCrashed,
    Kind::DatabaseStopped,
    Kind::SessionsEnded,
    Kind::TablesLocked,
    Kind::NetworkCut,
    Kind::NetworkStalled,
    Kind::NetworkSlow,
];

/// What fails as a whole: two faults of one part don't overlap.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    Members,
    StoppedMember,
    Broker,
    Database,
    Network,
}

impl Kind {
    /// What is printed.
    pub fn name(self) -> &'static str {
        match self {
            Kind::ProcessKilled => "process killed (kill -9), another one started later",
            Kind::ProcessJoins => "a fourth process joins, another one drains and leaves",
            Kind::ProcessStopped => "process stopped beyond its session time-out, then goes on",
            Kind::BrokerRestarted => "broker restarted",
            Kind::BrokerKilled => "broker killed (kill -9) and started",
            Kind::DatabaseRestarted => "database restarted",
            Kind::DatabaseCrashed => "database crashed, recovered",
            Kind::DatabaseStopped => "all processes of the database stopped (SIGSTOP)",
            Kind::SessionsEnded => "all sessions ended, again and again",
            Kind::TablesLocked => "tables locked by another user",
            Kind::NetworkCut => "connections to the database closed, new ones too",
            Kind::NetworkStalled => "nothing passes to the database and back",
            Kind::NetworkSlow => "each packet to the database and back is late",
        }
    }

    pub fn part(self) -> Part {
        match self {
            Kind::ProcessKilled | Kind::ProcessJoins => Part::Members,
            Kind::ProcessStopped => Part::StoppedMember,
            Kind::BrokerRestarted | Kind::BrokerKilled => Part::Broker,
            Kind::DatabaseRestarted
            | Kind::DatabaseCrashed
            | Kind::DatabaseStopped
            | Kind::SessionsEnded
            | Kind::TablesLocked => Part::Database,
            Kind::NetworkCut | Kind::NetworkStalled | Kind::NetworkSlow => Part::Network,
        }
    }

    /// How long it lasts, at least and at most, in milliseconds.
    fn lasts(self) -> (u64, u64) {
        let session = SESSION_TIMEOUT.as_millis() as u64;
        match self {
            Kind::ProcessStopped => (session + 500, 2 * session),
            Kind::BrokerRestarted | Kind::BrokerKilled => (0, 2000),
            Kind::DatabaseRestarted | Kind::DatabaseCrashed => (0, 3000),
            // The reader pauses its partitions after five seconds without room, which is to come about as well.
            Kind::DatabaseStopped | Kind::NetworkStalled | Kind::TablesLocked => (500, 8000),
            Kind::ProcessKilled | Kind::ProcessJoins => (500, 6000),
            Kind::SessionsEnded | Kind::NetworkCut | Kind::NetworkSlow => (500, 4000),
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub kind: Kind,
    /// After the run's beginning. It begins later where another fault of its part isn't over.
    pub begins: Duration,
    pub lasts: Duration,
}

/// The time between the beginnings of two faults, at least and at most.
pub const CALM: (Duration, Duration) = (Duration::from_millis(1500), Duration::from_millis(4500));

/// The faults of a run, in their order: each of the kinds comes once before any comes again.
pub fn schedule(seed: u64, lasts: Duration, kinds: &[Kind]) -> Vec<Fault> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut between = |(least, most): (u64, u64)| Duration::from_millis(random.random_range(least..=most));
    let calm = (CALM.0.as_millis() as u64, CALM.1.as_millis() as u64);
    let (mut faults, mut deck, mut at) = (Vec::new(), Vec::new(), Duration::ZERO);
    let mut shuffled = SmallRng::seed_from_u64(!seed);
    loop {
        at += between(calm);
        if at >= lasts {
            return faults;
        }
        if deck.is_empty() {
            deck = kinds.to_vec();
            deck.shuffle(&mut shuffled);
        }
        let kind = deck.pop().expect("not empty");
        faults.push(Fault { kind, begins: at, lasts: between(kind.lasts()) });
    }
}
