//! The pool: the sessions of a sink, in at most `connectionmaxactive` slots. A thread borrows a slot and opens the session in it. So
//! a writer connects by itself and gets the errors, and the pool needs no threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::classify::{Class, During};
use super::failure::AttemptError;
use super::slots::{Loan, NotLent, Slots};
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::driver::wait_limit::{SLICE, WaitLimit};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::outage::Outage;
use crate::postgres::connect::session::{Session, Setup};

/// How long to go on with fewer sessions after the server refused one.
const FEWER_FOR: Duration = Duration::from_secs(30);

/// The shortest wait for a slot.
const LEAST: Duration = Duration::from_millis(1);

pub struct Pool {
    slots: Arc<Slots<Session>>,
    size: u32,
    connector: Arc<Connector>,
    setup: Setup,
    open: Arc<AtomicU32>,
    outage: Arc<Outage>,
    max_wait: Duration,
    /// Counts how often all sessions had to be replaced. A session of an earlier generation isn't used any more.
    generation: AtomicU32,
    /// When a session was last found lost. Those that haven't answered since are asked before they are used.
    doubted: Mutex<Option<Instant>>,
    fewer: Mutex<Option<Fewer>>,
}

/// The server refused a connection: for a while there are fewer.
struct Fewer {
    limit: u32,
    until: Instant,
    /// The slots that got no connection. They are kept here, so that a thread that asks for a slot waits for one with a session.
    parked: Vec<Loan<Session>>,
}

impl Pool {
    pub fn new(
        connector: Arc<Connector>,
        setup: Setup,
        first: Session,
        open: Arc<AtomicU32>,
        outage: Arc<Outage>,
        size: u32,
        max_wait: Duration,
    ) -> Self {
        let slots = Slots::new(size, Session::is_usable);
        slots.keep(first);
        Pool {
            slots,
            size: size.max(1),
            connector,
            setup,
            open,
            outage,
            max_wait: max_wait.max(Duration::from_millis(1)),
            generation: AtomicU32::new(0),
            doubted: Mutex::new(None),
            fewer: Mutex::new(None),
        }
    }

    /// Ends the sessions that nobody uses. A session in use ends when it is given back.
    pub fn close(&self) {
        self.slots.close();
        let parked = self.fewer.lock().take();
        drop(parked);
    }

    /// A session, from the pool or new. It is prepared for this revision of the table, or for none yet.
    pub fn session_for(&self, revision: u32, wait_limit: &WaitLimit) -> Attempt<Checkout> {
        self.session_if(wait_limit, |session| session.revision.is_none_or(|other| other == revision))
    }

    /// A session, from the pool or new.
    pub fn session(&self, wait_limit: &WaitLimit) -> Attempt<Checkout> {
        self.session_if(wait_limit, |_| true)
    }

    fn session_if(&self, wait_limit: &WaitLimit, serves: impl Fn(&Session) -> bool) -> Attempt<Checkout> {
        loop {
            // Called for its side effect: slots come back when the time of fewer sessions is over.
            self.limit();
            let mut slot = self.free_slot(wait_limit)?;
            let generation = self.generation.load(Ordering::Relaxed);
            let doubted = *self.doubted.lock();
            if let Some(session) = slot.as_mut() {
                session.client().set_wait_limit(wait_limit.clone());
            }
            if let Some(session) = slot.as_mut()
                && session.is_usable()
                && session.generation == generation
                && serves(session)
                && (doubted < Some(session.proven) || session.answers())
            {
                return Ok(Checkout(slot));
            }
            *slot = None;
            match Session::open(&self.connector, &self.setup, &self.open, &self.outage.wait_limit(wait_limit)) {
                Ok(mut session) => {
                    session.client().set_wait_limit(wait_limit.clone());
                    session.generation = generation;
                    *slot = Some(session);
                    return Ok(Checkout(slot));
                }
                Err(failure) if failure.is("53300") => {
                    if self.open_sessions() == 0 {
                        self.refused(None);
                        return Err(failure);
                    }
                    self.refused(Some(slot));
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// From now on only new sessions: what the old ones prepared is out of date.
    pub fn renew(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// From now on all sessions work as behind a transaction pooler. Returns whether this is new.
    pub fn work_behind_pooler(&self) -> bool {
        self.renew();
        !self.setup.behind_pooler.swap(true, Ordering::Relaxed)
    }

    /// A session was lost: others may be, too.
    pub fn doubt(&self) {
        *self.doubted.lock() = Some(Instant::now());
    }

    /// Waits for a slot that nobody uses.
    fn free_slot(&self, wait_limit: &WaitLimit) -> Attempt<Loan<Session>> {
        let deadline = Instant::now() + self.max_wait;
        loop {
            let slice = wait_limit.slice(SLICE).map_err(|error| AttemptError::new(&error, During::Connect))?;
            let left = deadline.saturating_duration_since(Instant::now());
            match self.slots.lend(Instant::now() + slice.min(left).max(LEAST)) {
                Ok(slot) => return Ok(slot),
                Err(NotLent::Closed) => return Err(AttemptError::outage("the sink is closed")),
                Err(NotLent::TimedOut) if left.is_zero() => return Err(self.none_free()),
                Err(NotLent::TimedOut) => {}
            }
        }
    }

    fn none_free(&self) -> AttemptError {
        let wait = self.max_wait.as_secs_f64();
        let size = self.size;
        let text = format!("none of the {size} connections became free within {wait:.1} s (connectionMaxWait)");
        AttemptError::of(Class::Contention, text)
    }

    /// Sessions that are open now.
    pub fn open_sessions(&self) -> u32 {
        self.open.load(Ordering::Relaxed)
    }

    /// How many writers make sense: fewer for a while after the server refused a connection.
    pub fn limit(&self) -> u32 {
        let mut fewer = self.fewer.lock();
        if fewer.as_ref().is_some_and(|fewer| Instant::now() >= fewer.until) {
            *fewer = None;
        }
        fewer.as_ref().map_or(self.size, |fewer| fewer.limit)
    }

    /// The server refused a connection for this slot.
    fn refused(&self, slot: Option<Loan<Session>>) {
        let limit = self.open_sessions().max(1);
        let until = Instant::now() + FEWER_FOR;
        let mut fewer = self.fewer.lock();
        if fewer.is_none() {
            log::warn!("the server takes no more connections; going on with {limit}");
        }
        let fewer = fewer.get_or_insert_with(|| Fewer { limit, until, parked: Vec::new() });
        (fewer.limit, fewer.until) = (limit, until);
        fewer.parked.extend(slot);
    }
}

/// A lent session. Dropping this gives it back to the pool, or closes it if it can't be used any more.
pub struct Checkout(Loan<Session>);

impl Checkout {
    /// Runs `work`. After a failure the session is rolled back, or it isn't used any more.
    pub fn attempt<T>(&mut self, work: impl FnOnce(&mut Session) -> Attempt<T>) -> Attempt<T> {
        let Some(session) = self.0.as_mut() else { return Err(AttemptError::outage("no session")) };
        let result = work(session);
        match result {
            Ok(_) => session.proven = Instant::now(),
            Err(_) => session.recover(),
        }
        result
    }
}
