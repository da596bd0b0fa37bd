//! A sink's database: its sessions, and whether it is away. Shared by everything that asks it.

use std::sync::Arc;

use super::outage::Outage;
use super::pool::Pool;
use super::pooler::POOLER_WARNING;
use super::waits::Waits;
use crate::settings::RowOrigin;

pub struct Database {
    /// The sink's table, for messages.
    pub name: String,
    pub pool: Pool,
    pub outage: Arc<Outage>,
    pub waits: Waits,
    pub origin: RowOrigin,
}

impl Database {
    /// Called when a transaction ran in another session of the server than its own. From now on all sessions work as behind a
    /// transaction pooler.
    pub fn found_pooler(&self) {
        if self.pool.work_behind_pooler() {
            log::warn!(
                "{}: a transaction began in another session of the server than its own, and was not committed: a pooler now \
                 {POOLER_WARNING}",
                self.name
            );
        }
    }
}
