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
use crate::postgres::own_tables::owners::Owners;
use crate::postgres::schema::table_schema::TableSchema;

pub struct Writer {
    pub(super) database: Arc<Database>,
    pub(super) schema: Arc<TableSchema>,
    pub(super) owners: Arc<Owners>,
    pub(super) dead_letters: Arc<DeadLetterWriter>,
    pub(super) settings: MachineSettings,
    pub(super) backoff: Backoff,
    pub(super) conflicts: Conflicts,
    pub(super) unchanged: UnchangedSearch,
    pub(super) turns: Turns,
    pub(super) evidence: Evidence,
}

impl Writer {
    pub fn new(
        database: &Arc<Database>,
        schema: &Arc<TableSchema>,
        owners: &Arc<Owners>,
        dead_letters: &Arc<DeadLetterWriter>,
        settings: MachineSettings,
        backoff: Backoff,
        conflicts: Conflicts,
    ) -> Writer {
        Writer {
            turns: Turns::new(&database.name),
            database: Arc::clone(database),
            schema: Arc::clone(schema),
            owners: Arc::clone(owners),
            dead_letters: Arc::clone(dead_letters),
            settings,
            backoff,
            conflicts,
            unchanged: UnchangedSearch::default(),
            evidence: Evidence::default(),
        }
    }
}
