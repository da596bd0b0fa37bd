//! Everything that the threads of one sink share, on the way from an encoded row to the database.
//!
//! The files depend one way:
//! - `claimed`, [`state`], [`rejects`], `schema_refresh`, `settlement`, `writers`: rows are written;
//! - `low`: stores how far the ledger's streams are written;
//! - `troubles`, `movers`, `merges`, `tree_changes`, `writers_watch`, `coordinator`: rows move into a vector index;
//! - `index_build`, `deferral`: an index is built after its rows.
//!
//! [`Line`] puts them together.

mod claimed;
mod coordinator;
mod deferral;
mod index_build;
mod low;
mod merges;
mod movers;
pub(crate) mod rejects;
mod schema_refresh;
mod settlement;
mod state;
mod tree_changes;
mod troubles;
mod writers;
mod writers_watch;

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::deferral::{BuildTime, IndexEnd, JobLook};
pub use self::state::{LineState, PushSettings, Waiting};

use self::deferral::Deferral;
use self::low::LowKeeper;
use self::movers::Movers;
use self::rejects::Rejects;
use self::writers::Writers;
use crate::error::Result;
use crate::pipeline::replayed::Replayed;
use crate::pipeline::shared::Shared;
use crate::settings::Sink;
use crate::stop::Stop;

/// One sink: what its threads share, its rejected records, its writers and its movers.
pub struct Line {
    state: Arc<LineState>,
    pub rejects: Arc<Rejects>,
    writers: Arc<Writers>,
    movers: Arc<Movers>,
    deferral: Arc<Deferral>,
    /// With exactly-once, and where a host pushes a named stream.
    low: Option<LowKeeper>,
}

impl Deref for Line {
    type Target = LineState;

    fn deref(&self) -> &LineState {
        &self.state
    }
}

impl Line {
    pub fn open(
        sink: &Sink,
        application: &str,
        max_outage: Option<Duration>,
        shared: &Arc<Shared>,
        rejects: Rejects,
        replayed: Replayed,
        push: PushSettings,
    ) -> Result<Arc<Line>> {
        let state = Arc::new(LineState::open(sink, application, max_outage, shared, replayed, push)?);
        let rejects = Arc::new(rejects);
        rejects.start(&state)?;
        let stores_low = state.target.ledger.is_on() || push.is_named;
        let low = stores_low.then(|| LowKeeper::start(&state)).transpose()?;
        let (writers, movers, deferral) = (Arc::default(), Arc::default(), Arc::default());
        Ok(Arc::new(Line { state, rejects, writers, movers, deferral, low }))
    }

    /// Starts one more writer unless there are as many as the pool and the server allow; with the first one also the threads
    /// that move rows into the vector index.
    pub fn start_writer(&self) {
        coordinator::start(&self.movers, &self.state);
        self.writers.start(&self.state, &self.rejects);
    }

    /// Drops the vector indexes, if the sink defers them. Called before the first row; `backlog`: the records that wait, if that is
    /// known.
    pub fn begin_deferral(&self, backlog: Option<u64>, time: BuildTime) -> Result<()> {
        self.deferral.begin(&self.state, backlog, time)
    }

    /// With exactly-once: has `low` stored now, because a partition goes to another process.
    pub fn store_low(&self) {
        self.low.iter().for_each(LowKeeper::hurry);
    }

    /// Builds the vector indexes that are missing. Called when everything is written. `is_cancelled`: whether nobody waits for them
    /// any longer.
    pub fn finish_indexes(&self, is_cancelled: &dyn Fn() -> bool) -> Result<IndexEnd> {
        self.deferral.finish(&self.state, is_cancelled)
    }

    /// Leaves the vector indexes that are missing to the next start.
    pub fn leave_indexes(&self, why: &str) {
        self.deferral.give_up(&self.state, why);
    }

    /// Waits until everything accepted is settled; gives up when the job is abandoned, as it is at the deadline.
    pub fn join(&self, stop: &Stop, deadline: Option<Instant>) {
        // What is left of the movers' work waits for the next run: the rows are stored, and queries find them.
        self.movers.end();
        self.writers.join(&self.dispatcher, stop, deadline);
        self.rejects.join(stop, deadline);
        if let Some(low) = &self.low {
            low.finish(&self.state, stop, deadline);
        }
        self.movers.join(stop, deadline);
        if let Some(Waiting { rows, .. }) = self.waiting().filter(|waiting| waiting.rows > 0) {
            log::info!(
                "{}: about {rows} rows are in no vector index yet; queries find them, and the next run goes on moving them",
                self.name()
            );
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.leave_indexes("the run has ended before that");
        self.movers.end();
    }
}
