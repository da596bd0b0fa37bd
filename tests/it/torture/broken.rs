//! What is broken and mended, fault by fault.

use std::time::{Duration, Instant};

use postgres::Client;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::processes::Pool;
use super::schedule::{Fault, Kind};
use super::tally::Tally;
use super::watch::Watch;
use crate::support::{PrivateKafka, PrivatePostgres, Proxy};

/// How late a packet is while the network is slow.
const DELAY: Duration = Duration::from_millis(40);

/// Sessions that write.
const END_SESSIONS: &str =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'vecsink%'";

/// All that can fail.
pub struct World<'a, 'b> {
    postgres: &'a mut PrivatePostgres,
    kafka: &'a mut PrivateKafka,
    proxy: &'a Proxy,
    pool: &'a mut Pool<'b>,
    /// Which process it hits.
    random: SmallRng,
    /// The other user, while it has a transaction open.
    other: Option<Client>,
}

struct Active<'f> {
    fault: &'f Fault,
    since: Instant,
}

impl<'a, 'b> World<'a, 'b> {
    pub fn new(
        postgres: &'a mut PrivatePostgres,
        kafka: &'a mut PrivateKafka,
        proxy: &'a Proxy,
        pool: &'a mut Pool<'b>,
        seed: u64,
    ) -> World<'a, 'b> {
        World { postgres, kafka, proxy, pool, random: SmallRng::seed_from_u64(seed), other: None }
    }

    /// Has all faults come and go, and ends when they are over and the time is up.
    pub fn go_through(&mut self, faults: &[Fault], lasts: Duration, watch: &Watch, tally: &mut Tally) {
        let begun = Instant::now();
        let mut to_come = faults.iter().peekable();
        let mut active: Vec<Active> = Vec::new();
        while to_come.peek().is_some() || !active.is_empty() || begun.elapsed() < lasts {
            active.retain(|Active { fault, since }| {
                let is_over = since.elapsed() >= fault.lasts;
                if is_over {
                    self.mend(fault.kind);
                    tally.ended(fault.kind, watch);
                }
                !is_over
            });
            let is_free = |fault: &Fault| active.iter().all(|other| other.fault.kind.part() != fault.kind.part());
            if let Some(fault) = to_come.next_if(|fault| fault.begins <= begun.elapsed() && is_free(fault)) {
                println!(
                    "torture: {:6.1} s: {}, for {:?}",
                    begun.elapsed().as_secs_f64(),
                    fault.kind.name(),
                    fault.lasts
                );
                self.break_it(fault.kind);
                tally.began(fault.kind);
                active.push(Active { fault, since: Instant::now() });
            }
            active.iter().for_each(|active| self.go_on(active.fault.kind));
            self.pool.live();
            tally.see(watch);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn break_it(&mut self, kind: Kind) {
        let choice = self.random.random_range(0..1000);
        match kind {
            Kind::ProcessKilled => self.pool.kill(choice),
            Kind::ProcessJoins => self.pool.join(),
            Kind::ProcessStopped => self.pool.stop(choice),
            Kind::BrokerRestarted => self.kafka.stop(),
            Kind::BrokerKilled => self.kafka.crash(),
            Kind::DatabaseRestarted => self.postgres.stop(),
            Kind::DatabaseCrashed => self.postgres.crash(),
            Kind::DatabaseStopped => self.postgres.freeze(),
            // Done as long as it lasts.
            Kind::SessionsEnded => {}
            Kind::TablesLocked => {
                let mut other = self.postgres.server.connect();
                let tables: Vec<String> = other
                    .query("SELECT oid::regclass::text FROM pg_class WHERE relname IN ('events', 'items') AND relkind = 'r'", &[])
                    .expect("the catalog can be read")
                    .iter()
                    .map(|row| row.get(0))
                    .collect();
                // It may wait for writers, who in turn wait for a network that is cut: the transaction ends with the session then.
                let locked =
                    format!("SET lock_timeout = '2s'; BEGIN; LOCK TABLE {} IN EXCLUSIVE MODE", tables.join(", "));
                let _ = other.batch_execute(&locked);
                self.other = Some(other);
            }
            Kind::NetworkCut => self.proxy.refuse(),
            Kind::NetworkStalled => self.proxy.cut(),
            Kind::NetworkSlow => self.proxy.delay(DELAY),
        }
    }

    fn go_on(&mut self, kind: Kind) {
        if kind == Kind::SessionsEnded {
            self.postgres.server.connect().query_one(END_SESSIONS, &[]).expect("sessions can be ended");
        }
    }

    fn mend(&mut self, kind: Kind) {
        let choice = self.random.random_range(0..1000);
        match kind {
            Kind::ProcessKilled => self.pool.join(),
            Kind::ProcessJoins => self.pool.leave(choice),
            Kind::ProcessStopped => self.pool.go_on(),
            Kind::BrokerRestarted | Kind::BrokerKilled => self.kafka.start_again(),
            Kind::DatabaseRestarted | Kind::DatabaseCrashed => self.postgres.start_again(),
            Kind::DatabaseStopped => self.postgres.thaw(),
            Kind::SessionsEnded => {}
            Kind::TablesLocked => self.other = None,
            Kind::NetworkCut | Kind::NetworkStalled | Kind::NetworkSlow => self.proxy.restore(),
        }
    }
}
