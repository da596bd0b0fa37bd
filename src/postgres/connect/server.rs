//! What the first session learns about the server, and the settings of every session that follow from it.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::SimpleQueryMessage;

use super::classify::During;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::{Session, Setup};
use crate::settings::{ConflictMode, Connection};

/// No wait for a lock may last for ever: Greenplum may never notice a deadlock between its segments.
const LOCK_TIMEOUT: &str = "60s";
/// Where the server has none: on Greenplum, and on servers that don't know `lock_timeout`.
const STATEMENT_TIMEOUT: &str = "10min";

const LINGER: Duration = Duration::from_millis(2);
const LINGER_GREENPLUM: Duration = Duration::from_millis(50);

/// The server as the session found it.
#[derive(Debug, Clone)]
pub struct Server {
    /// `PostgreSQL 18.1 on x86_64…`, up to the first comma.
    pub version: String,
    /// `180001`.
    pub version_number: u32,
    pub greenplum: bool,
    pub block_size: usize,
    pub synchronous_commit_was_off: bool,
    /// `None`: the server has no such setting.
    lock_timeout_unset: Option<bool>,
    statement_timeout_unset: bool,
    /// Greenplum's global deadlock detector, if the server says anything of one.
    deadlock_detector: Option<bool>,
}

impl Server {
    pub fn read(session: &mut Session) -> Attempt<Server> {
        let row = session
            .client()
            .query_one(
                "SELECT version(), current_setting('block_size')::int, current_setting('synchronous_commit') = 'off',
                        (SELECT setting = '0' FROM pg_catalog.pg_settings WHERE name = 'lock_timeout'),
                        current_setting('statement_timeout') = '0', current_setting('server_version_num')::int",
                &[],
            )
            .map_err(|error| session.failed(&error, During::Statement))?;
        let version: &str = row.get(0);
        let greenplum = version.contains("Greenplum Database");
        let shown = if greenplum { version.split(" on ").next() } else { version.split(',').next() };
        Ok(Server {
            version: shown.unwrap_or(version).to_owned(),
            version_number: u32::try_from(row.get::<_, i32>(5)).unwrap_or(0),
            greenplum,
            block_size: usize::try_from(row.get::<_, i32>(1)).unwrap_or(8192),
            synchronous_commit_was_off: row.get(2),
            lock_timeout_unset: row.get(3),
            statement_timeout_unset: row.get(4),
            deadlock_detector: if greenplum { deadlock_detector(session)? } else { None },
        })
    }

    /// How many writers there may be at most: one on Greenplum without its deadlock detector, if they update. It then locks the
    /// whole table for an update, and writers wait for each other, across segments possibly for ever. Versions from 6 on say whether
    /// they have the detector; for a server that doesn't say it, the number isn't limited.
    pub fn most_writers(&self, mode: ConflictMode, changing: bool, key_is_unique: bool, connections: u32) -> u32 {
        let updates = changing || (mode == ConflictMode::Upsert && key_is_unique);
        if updates && self.deadlock_detector == Some(false) { 1 } else { connections.max(1) }
    }

    /// Whether planning an update or a delete locks the table, as it does on Greenplum unless its deadlock detector is on. It would
    /// wait for any open INSERT, and other sessions would queue behind it.
    pub fn planning_locks(&self) -> bool {
        self.greenplum && self.deadlock_detector != Some(true)
    }

    /// How long a row waits for others. Longer on Greenplum, where a distributed transaction costs tens of milliseconds however
    /// few rows it has.
    pub fn linger(&self) -> Duration {
        if self.greenplum { LINGER_GREENPLUM } else { LINGER }
    }

    /// The deadlock detector's state, for `check` and the log.
    pub fn describe_deadlock_detector(&self) -> Option<String> {
        let state = |on: bool| if on { "on" } else { "off, so upserts go one transaction at a time" };
        self.deadlock_detector.map(|on| format!("gp_enable_global_deadlock_detector is {}", state(on)))
    }

    /// What every session is set to.
    pub fn setup(&self, connection: &Connection) -> Setup {
        let mut required = vec![("client_min_messages", "error".to_owned())];
        if let Some(path) = &connection.current_schema {
            required.push(("search_path", path.clone()));
        }
        if self.lock_timeout_unset == Some(true) {
            required.push(("lock_timeout", LOCK_TIMEOUT.to_owned()));
        }
        if self.synchronous_commit_was_off {
            required.push(("synchronous_commit", "on".to_owned()));
        }
        if let Some(timeout) = connection.socket_timeout {
            required.push(("statement_timeout", timeout.as_millis().max(1).to_string()));
        } else if self.statement_timeout_unset && (self.greenplum || self.lock_timeout_unset.is_none()) {
            required.push(("statement_timeout", STATEMENT_TIMEOUT.to_owned()));
        }
        let optional =
            if self.greenplum { vec![("optimizer", "off"), ("gp_autostats_mode", "none")] } else { Vec::new() };
        Setup { required, optional, behind_pooler: Arc::default() }
    }
}

/// `None`: a server that has no such setting.
fn deadlock_detector(session: &mut Session) -> Attempt<Option<bool>> {
    match session.client().simple_query("SHOW gp_enable_global_deadlock_detector") {
        Ok(answer) => {
            let value = |part: &SimpleQueryMessage| match part {
                SimpleQueryMessage::Row(row) => row.get(0).map(|value| value == "on"),
                _ => None,
            };
            Ok(answer.iter().find_map(value))
        }
        Err(error) => match session.failed(&error, During::Statement) {
            failure if failure.is("42704") => {
                session.forgive();
                Ok(None)
            }
            failure => Err(failure),
        },
    }
}

#[cfg(test)]
impl Server {
    /// A server of Greenplum, for tests.
    pub fn greenplum_sample(deadlock_detector: Option<bool>) -> Server {
        Server {
            version: "PostgreSQL 9.4.26 (Greenplum Database 6.25.3)".to_owned(),
            version_number: 90426,
            greenplum: true,
            block_size: 32768,
            synchronous_commit_was_off: false,
            lock_timeout_unset: Some(true),
            statement_timeout_unset: true,
            deadlock_detector,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_deadlock_detector_upserts_go_one_at_a_time() {
        let most = |detector, mode, key| Server::greenplum_sample(detector).most_writers(mode, false, key, 20);
        assert_eq!(most(Some(false), ConflictMode::Upsert, true), 1);
        assert_eq!(most(Some(false), ConflictMode::Upsert, false), 20);
        assert_eq!(most(Some(false), ConflictMode::Ignore, true), 20);
        assert_eq!(most(Some(true), ConflictMode::Upsert, true), 20);
        assert_eq!(most(None, ConflictMode::Upsert, true), 20);
        assert_eq!(
            Server::greenplum_sample(Some(false)).most_writers(ConflictMode::Ignore, true, true, 20),
            1,
            "deletes lock as well"
        );
    }
}
