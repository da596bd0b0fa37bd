//! One sink's target: the parts that ask the database, opened together. Shared by the sink's threads.

pub(crate) mod description;
mod exactly_once;
mod open;
mod probe;

use std::sync::Arc;
use std::time::Duration;

use self::description::Description;
use crate::error::Result;
use crate::postgres::connect::database::Database;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::session::Session;
use crate::postgres::own_tables::dead_letters::writer::DeadLetterWriter;
use crate::postgres::own_tables::ledger::store::LedgerStore;
use crate::postgres::own_tables::owners::Owners;
use crate::postgres::schema::table_schema::TableSchema;
use crate::postgres::vector_index::deferral::index_deferral::IndexDeferral;
use crate::postgres::vector_index::deferral::plan::DeferralPlan;
use crate::postgres::vector_index::doctor::{self, Diagnosis};
use crate::postgres::vector_index::keeper::TreeKeeper;
use crate::postgres::write::writer::Writer;
use crate::settings::Sink;
use crate::types::target::TargetTable;

pub struct Target {
    database: Arc<Database>,
    pub schema: Arc<TableSchema>,
    pub writer: Writer,
    pub dead_letters: Arc<DeadLetterWriter>,
    /// Who writes the rows of which partition.
    pub owners: Arc<Owners>,
    /// How far streams are written: those of exactly-once, and those that a host has named.
    pub ledger: Arc<LedgerStore>,
    /// What moves rows into the vector index, where that is behind them.
    pub keeper: Option<TreeKeeper>,
    /// What drops vector indexes and builds them again, where they are deferred or missing.
    pub deferral: Option<IndexDeferral>,
    /// What `vecsink check` says of it.
    pub deferral_plan: Option<DeferralPlan>,
    /// The table as the start found it.
    pub table: TargetTable,
    pub description: Description,
    /// Another process of the job was connected when this was opened.
    pub has_other_process: bool,
    /// The largest number of writers: the pool's size, or one where transactions that update could wait for each other for ever.
    pub most_writers: u32,
    /// How long a row may wait for others so that they share a transaction, when a writer is free.
    pub linger: Duration,
    opening: Arc<Opening>,
    greenplum: bool,
}

impl Target {
    /// How partitions are handed over between processes; the inner error is a warning.
    pub fn check_sharing(&self) -> Result<std::result::Result<String, String>> {
        self.ask("the database can't be asked", |session| Ok(self.owners.check(session)))
    }

    /// What is wrong with the table's vector indexes.
    pub fn examine_indexes(&self, sink: &Sink) -> Result<Diagnosis> {
        let mut table = self.table.clone();
        if let Some(keeper) = &self.keeper {
            (table.schema, table.table) = (keeper.indexed().schema.clone(), keeper.indexed().name.clone());
        }
        let examine = |session: &mut Session| doctor::examine(session, self.greenplum, sink, &table);
        self.ask("its indexes can't be examined", examine)
    }

    /// Asks what the opening didn't ask. `otherwise`: the beginning of the error if that isn't possible.
    fn ask<T>(&self, otherwise: &str, work: impl Fn(&mut Session) -> Attempt<T>) -> Result<T> {
        let opening = self.opening.renewed();
        opening.repeat(|| {
            let session = self.database.pool.session(&opening.wait_limit());
            let asked = session.and_then(|mut session| session.attempt(|session| work(session)));
            asked.map_err(|failure| failure.error(&format!("{}: {otherwise}", self.database.name), ""))
        })
    }

    /// Whether writers wait for the database to come back.
    pub fn in_outage(&self) -> bool {
        self.database.outage.is_on()
    }

    /// The largest number of writers now: [`Target::most_writers`], or for a while fewer after the server has refused a
    /// connection.
    pub fn connection_limit(&self) -> u32 {
        self.database.pool.limit().min(self.most_writers)
    }

    /// Ends the sessions that nobody uses, and each of the others when it is given back. Nothing can be written after this.
    pub fn close(&self) {
        self.database.pool.close();
    }

    /// Sessions that are open now.
    pub fn open_sessions(&self) -> u32 {
        self.database.pool.open_sessions()
    }
}
