//! What was done, and that the job came over it: after a fault more records became durable.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use super::schedule::Kind;
use super::watch::Watch;

#[derive(Default)]
struct OfKind {
    injected: usize,
    survived: usize,
    longest: Duration,
}

/// A fault that is over, and how much was durable then.
struct Over {
    kind: Kind,
    since: Instant,
    durable: i64,
}

#[derive(Default)]
pub struct Tally {
    kinds: BTreeMap<Kind, OfKind>,
    over: Vec<Over>,
}

impl Tally {
    pub fn began(&mut self, kind: Kind) {
        self.kinds.entry(kind).or_default().injected += 1;
    }

    pub fn ended(&mut self, kind: Kind, watch: &Watch) {
        self.over.push(Over { kind, since: Instant::now(), durable: watch.durable() });
    }

    /// Looks which faults the job has come over.
    pub fn see(&mut self, watch: &Watch) {
        let (durable, is_complete) = (watch.durable(), watch.is_complete());
        for over in self.over.extract_if(.., |over| durable > over.durable || is_complete) {
            let of = self.kinds.entry(over.kind).or_default();
            of.survived += 1;
            of.longest = of.longest.max(over.since.elapsed());
        }
    }

    /// Fails if there was a fault that the job hasn't come over.
    pub fn check(&self) {
        for (kind, of) in &self.kinds {
            assert_eq!(of.injected, of.survived, "{}", kind.name());
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "torture: injected  survived  going on after  fault")?;
        for (kind, of) in &self.kinds {
            let longest = format!("{:.1} s", of.longest.as_secs_f64());
            writeln!(f, "torture: {:8}  {:8}  {longest:>14}  {}", of.injected, of.survived, kind.name())?;
        }
        Ok(())
    }
}
