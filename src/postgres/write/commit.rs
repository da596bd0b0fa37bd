//! The end of a transaction. With a ledger, the claims are its last statement, and COMMIT is sent alone, when each claim has changed
//! what it should.

use crate::postgres::catalog::shape;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::{CommitOutcome, Session};
use crate::postgres::own_tables::dead_letters::changes::{DeadLetterChanges, write_changes};
use crate::postgres::own_tables::dead_letters::table::DeadLetterTable;
use crate::postgres::own_tables::ledger::claim::claim_arguments;
use crate::progress::ledger::StreamClaim;

/// What a transaction does after its rows.
#[derive(Clone, Copy)]
pub struct AfterRows<'a> {
    pub dead_letter_table: Option<&'a DeadLetterTable>,
    pub dead_letters: &'a DeadLetterChanges,
    /// `None`: there is no ledger.
    pub claims: Option<&'a [StreamClaim]>,
}

/// How a transaction ended.
#[derive(Debug)]
pub enum Ending {
    Committed,
    /// COMMIT was sent and not answered.
    InDoubt(AttemptError),
    /// A claim didn't find what it expected. Nothing was committed.
    Fenced(AttemptError),
}

/// Writes what comes after the rows, and commits, unless the table has been altered.
pub fn commit(session: &mut Session, after: AfterRows<'_>) -> Attempt<Ending> {
    write_changes(session, after.dead_letter_table, after.dead_letters)?;
    let Some(claims) = after.claims else { return shape::commit(session).map(|()| Ending::Committed) };
    let arguments: Vec<String> = claims.iter().map(claim_arguments).collect();
    let changed = session.check_and_claim(&arguments).map_err(shape::altered)?;
    let fits = |(claim, changed): (&StreamClaim, &u64)| claim.shards.len() as u64 == *changed;
    if changed.len() != claims.len() || !claims.iter().zip(&changed).all(fits) {
        session.run("ROLLBACK")?;
        return Ok(Ending::Fenced(fenced()));
    }
    Ok(match session.commit_alone() {
        CommitOutcome::Done => Ending::Committed,
        CommitOutcome::Refused(failure) => return Err(failure),
        CommitOutcome::InDoubt(failure) => Ending::InDoubt(failure),
    })
}

/// Why nothing was committed.
pub fn fenced() -> AttemptError {
    AttemptError::outage("the ledger doesn't have what this process knows of it")
}
