//! What a transaction does with dead letters, besides writing its rows.

use super::table::DeadLetterTable;
use crate::dead_letters::dead_letter::DeadLetter;
use crate::position::Position;
use crate::postgres::connect::classify::{Class, During};
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::quote;

/// What a transaction does with dead letters: it adds some to their table, and deletes some that were replayed.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct DeadLetterChanges {
    /// They are added to the sink's dead-letter table.
    pub added: Vec<DeadLetter>,
    /// Dead letters that were replayed. They are deleted in the transaction that writes their rows.
    pub replayed: ReplayedDeadLetters,
    /// With exactly-once: records of a replay that the transaction writes.
    pub written: WrittenRecords,
    /// Why dead letters could not be stored that had to be stored before. Then the transaction must not be committed.
    pub refused: Option<String>,
}

/// Dead letters of one table, by their `id`.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct ReplayedDeadLetters {
    pub schema: String,
    pub table: String,
    pub ids: Vec<i64>,
}

/// Records that a replay writes.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct WrittenRecords {
    /// The statement that stores them.
    pub insert: String,
    pub records: Vec<Position>,
}

/// Makes these changes, in a transaction that is open. If they are refused, no row is at fault.
pub fn write_changes(
    session: &mut Session,
    table: Option<&DeadLetterTable>,
    changes: &DeadLetterChanges,
) -> Attempt<()> {
    let own = |failure: AttemptError| match failure.class {
        Class::Outage | Class::Login | Class::Contention | Class::TooLong | Class::OtherSession => failure,
        _ => AttemptError { class: Class::DeadLetters, ..failure },
    };
    if let Some(why) = &changes.refused {
        return Err(AttemptError::of(Class::DeadLetters, why.clone()));
    }
    if !changes.added.is_empty() {
        let Some(table) = table else { return Err(own(AttemptError::outage("there is no dead-letter table"))) };
        table.insert(session, &changes.added).map_err(own)?;
    }
    let ReplayedDeadLetters { schema, table, ids } = &changes.replayed;
    if !ids.is_empty() {
        let delete = format!("DELETE FROM {}.{} WHERE id = ANY($1)", quote(schema), quote(table));
        let deleted = session.client().execute(&delete, &[ids]);
        deleted.map_err(|error| own(session.failed(&error, During::Statement)))?;
    }
    let WrittenRecords { insert, records } = &changes.written;
    if !records.is_empty() {
        let topics: Vec<&str> = records.iter().map(|record| &*record.topic).collect();
        let partitions: Vec<i32> = records.iter().map(|record| record.partition).collect();
        let offsets: Vec<i64> = records.iter().map(|record| record.offset).collect();
        let stored = session.client().execute(insert, &[&topics, &partitions, &offsets]);
        stored.map_err(|error| own(session.failed(&error, During::Statement)))?;
    }
    Ok(())
}
