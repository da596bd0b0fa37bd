//! Tries that leave nothing behind in the database.

use super::classify::Class;
use super::failure::{Attempt, AttemptError};
use super::session::Session;

/// Limits how long the transaction waits for a lock (or, on a server without that setting, how long a statement runs), because
/// other sessions queue behind one that waits for a lock.
const SHORT_TIMEOUT: &str = "SELECT pg_catalog.set_config(name, '1s', true) FROM (
    SELECT name FROM pg_catalog.pg_settings WHERE name IN ('lock_timeout', 'statement_timeout') ORDER BY name LIMIT 1) AS s";

/// Tries something in a transaction that is rolled back.
pub fn in_rollback<T>(session: &mut Session, work: impl FnOnce(&mut Session) -> Attempt<T>) -> Attempt<T> {
    let begun = session.begin_without_rows().and_then(|()| session.run(SHORT_TIMEOUT));
    let result = begun.and_then(|()| work(session));
    if let Err(failure) = &result
        && failure.class == Class::Configuration
    {
        // This error is expected here, so the session can be used again, unless `recover` finds that it answers wrongly.
        session.forgive();
    }
    session.recover();
    result
}

/// Whether a try by [`in_rollback`] failed because of another session's lock. Then it isn't known whether it would work.
pub fn met_a_lock(failure: &AttemptError) -> bool {
    failure.is("55P03") || failure.is("57014")
}
