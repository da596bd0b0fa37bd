//! What the batches of a sink are written with. Shared by its writer threads.

use std::sync::Arc;

use super::conflict::Conflicts;
use super::machine::MachineSettings;
use super::machine::evidence::Evidence;
use super::unchanged::UnchangedSearch;
use crate::postgres::connect::backoff::Backoff;
use crate::postgres::connect::database::Database;
use crate::postgres::connect::turns::Turns;
use crate::postgres::own_tables::dead_letters::writer::DeadLetterWriter;
use crate::postgres::own_tables::ledger::store::LedgerStore;
use crate::postgres::own_tables::owners::Owners;
use crate::postgres::schema::table_schema::TableSchema;

/// What a writer shares with other parts of the target.
pub struct WriterParts {
    pub database: Arc<Database>,
    pub schema: Arc<TableSchema>,
    pub owners: Arc<Owners>,
    pub ledger: Arc<LedgerStore>,
    pub dead_letters: Arc<DeadLetterWriter>,
}

pub struct Writer {
    pub(super) database: Arc<Database>,
    pub(super) schema: Arc<TableSchema>,
    pub(super) owners: Arc<Owners>,
    pub(super) ledger: Arc<LedgerStore>,
    pub(super) dead_letters: Arc<DeadLetterWriter>,
    pub(super) settings: MachineSettings,
    pub(super) backoff: Backoff,
    pub(super) conflicts: Conflicts,
    pub(super) unchanged: UnchangedSearch,
    pub(super) turns: Turns,
    pub(super) evidence: Evidence,
}

impl Writer {
    pub fn new(parts: WriterParts, settings: MachineSettings, backoff: Backoff, conflicts: Conflicts) -> Writer {
        let WriterParts { database, schema, owners, ledger, dead_letters } = parts;
        Writer {
            turns: Turns::new(&database.name),
            database,
            schema,
            owners,
            ledger,
            dead_letters,
            settings,
            backoff,
            conflicts,
            unchanged: UnchangedSearch::default(),
            evidence: Evidence::default(),
        }
    }
}
