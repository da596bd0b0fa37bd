//! What the first session learns about the server, and what every session is therefore set to.

use super::classify::During;
use super::session::{Attempt, Session, Setup};
use super::statements::literal;
use crate::settings::Connection;

/// No wait for a lock may last for ever: Greenplum may never notice a deadlock between its segments.
const LOCK_TIMEOUT: &str = "60s";
/// Greenplum only, where the server has none.
const STATEMENT_TIMEOUT: &str = "10min";

/// The server as the session found it.
#[derive(Debug, Clone)]
pub struct Server {
    /// `PostgreSQL 18.1 on x86_64…`, up to the first comma.
    pub version: String,
    pub greenplum: bool,
    pub block_size: usize,
    pub synchronous_commit_was_off: bool,
    lock_timeout_unset: bool,
    statement_timeout_unset: bool,
}

impl Server {
    pub fn read(session: &mut Session) -> Attempt<Server> {
        let row = session
            .client()
            .query_one(
                "SELECT version(), current_setting('block_size')::int, current_setting('synchronous_commit') = 'off',
                        current_setting('lock_timeout') = '0', current_setting('statement_timeout') = '0'",
                &[],
            )
            .map_err(|error| session.failed(&error, During::Statement))?;
        let version: &str = row.get(0);
        let greenplum = version.contains("Greenplum Database");
        let shown = if greenplum { version.split(" on ").next() } else { version.split(',').next() };
        Ok(Server {
            version: shown.unwrap_or(version).to_owned(),
            greenplum,
            block_size: usize::try_from(row.get::<_, i32>(1)).unwrap_or(8192),
            synchronous_commit_was_off: row.get(2),
            lock_timeout_unset: row.get(3),
            statement_timeout_unset: row.get(4),
        })
    }

    pub fn setup(&self, connection: &Connection) -> Setup {
        let mut required = vec!["SET client_min_messages TO error".to_owned()];
        if let Some(path) = &connection.current_schema {
            required.push(format!("SELECT pg_catalog.set_config('search_path', {}, false)", literal(path)));
        }
        if self.lock_timeout_unset {
            required.push(format!("SET lock_timeout TO '{LOCK_TIMEOUT}'"));
        }
        if self.synchronous_commit_was_off {
            required.push("SET synchronous_commit TO on".to_owned());
        }
        if let Some(timeout) = connection.socket_timeout {
            required.push(format!("SET statement_timeout TO {}", timeout.as_millis().max(1)));
        } else if self.greenplum && self.statement_timeout_unset {
            required.push(format!("SET statement_timeout TO '{STATEMENT_TIMEOUT}'"));
        }
        let optional =
            if self.greenplum { vec!["SET optimizer TO off", "SET gp_autostats_mode TO none"] } else { Vec::new() };
        Setup { required: required.join("; "), optional }
    }
}
