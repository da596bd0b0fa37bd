//! What goes into a transaction besides its rows.

use super::table::DeadLetterTable;
use crate::dead_letters::dead_letter::DeadLetter;
use crate::postgres::connect::classify::{Class, During};
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::quote;

/// What shall be part of a transaction besides rows.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Beside {
    /// For the sink's dead-letter table.
    pub dead_letters: Vec<DeadLetter>,
    /// Dead letters that were replayed: they leave their table with the rows they became.
    pub answered: Answered,
}

/// Dead letters of one table, by their `id`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Answered {
    pub schema: String,
    pub table: String,
    pub ids: Vec<i64>,
}

/// What a transaction does besides its rows. A refusal is no row's fault.
pub fn write_beside(session: &mut Session, table: Option<&DeadLetterTable>, beside: &Beside) -> Attempt<()> {
    let own = |failure: AttemptError| match failure.class {
        Class::Outage | Class::Login | Class::Contention | Class::TooLong | Class::OtherSession => failure,
        _ => AttemptError { class: Class::DeadLetters, ..failure },
    };
    if !beside.dead_letters.is_empty() {
        let Some(table) = table else { return Err(own(AttemptError::outage("there is no dead-letter table"))) };
        table.insert(session, &beside.dead_letters).map_err(own)?;
    }
    let Answered { schema, table, ids } = &beside.answered;
    if !ids.is_empty() {
        let delete = format!("DELETE FROM {}.{} WHERE id = ANY($1)", quote(schema), quote(table));
        let deleted = session.client().execute(&delete, &[ids]);
        deleted.map_err(|error| own(session.failed(&error, During::Statement)))?;
    }
    Ok(())
}
