//! Whether we are connected through a pooler that gives each transaction another session of the server, such as PgBouncer with
//! `pool_mode = transaction`. This is found out at the start; [`Session::begin`] notices a pooler that comes later.

use std::time::Duration;

use super::failure::AttemptError;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;

/// How long opening a second session for the comparison may take. With session pooling it may have to wait for another client.
pub const COMPARING: Duration = Duration::from_secs(2);
/// How often sessions are compared. While other clients come and go, a pooler may by chance give us different sessions.
const ROUNDS: usize = 3;

/// What such a pooler does, for messages.
pub const POOLER_WARNING: &str = "gives each transaction another session of the server (as PgBouncer does with pool_mode = transaction): \
                      each transaction sets up all that it needs, which is slower, and slowest where rows go through a \
                      temporary table; the server's own address, or session pooling, is better";

/// What is between us and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// Nothing that matters: a connection has one session.
    Nothing,
    /// Each transaction may get another session.
    TransactionPooler,
    /// Each statement may get another session.
    StatementPooler,
}

/// Finds out what is between us and the server, without leaving anything in a session that other clients may get. `second`
/// opens another connection.
pub fn between(session: &mut Session, second: &dyn Fn() -> Attempt<Session>) -> Attempt<Between> {
    let own = process(session)?;
    if session.client().process_id() == Some(own) {
        return Ok(Between::Nothing);
    }
    // The login was answered by a pooler.
    match session.run("BEGIN") {
        Err(failure) if refuses_transactions(&failure) => return Ok(Between::StatementPooler),
        begun => begun?,
    }
    let held = process(session);
    session.run("ROLLBACK")?;
    if held? != own {
        return Ok(Between::TransactionPooler);
    }
    for _ in 0..ROUNDS {
        match are_shared(session, second)? {
            Some(true) => return Ok(Between::TransactionPooler),
            Some(false) => {}
            None => break,
        }
    }
    Ok(Between::Nothing)
}

/// Whether another connection gets the server's session that this one had. `None`: no second session could be opened.
fn are_shared(session: &mut Session, second: &dyn Fn() -> Attempt<Session>) -> Attempt<Option<bool>> {
    let own = process(session)?;
    let Ok(mut other) = second() else { return Ok(None) };
    let Ok(theirs) = other.run("BEGIN").and_then(|()| process(&mut other)) else { return Ok(None) };
    let is_shared = theirs == own || process(session)? != own;
    let _ = other.run("ROLLBACK");
    Ok(Some(is_shared))
}

fn process(session: &mut Session) -> Attempt<i32> {
    let answer = session.first_value("SELECT pg_catalog.pg_backend_pid()")?;
    answer
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| AttemptError::outage("the server doesn't say which process it is"))
}

/// PgBouncer ends the connection with these words.
fn refuses_transactions(failure: &AttemptError) -> bool {
    failure.text.contains("transaction blocks not allowed")
}
