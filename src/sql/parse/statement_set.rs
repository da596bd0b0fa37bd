//! `BEGIN STATEMENT SET; INSERT …; INSERT …; END;` and `EXECUTE STATEMENT SET BEGIN … END;`. All INSERTs of a file run at
//! the same time anyway, so these words have no effect; they only must be well formed.

use super::cursor::{Parsed, TokenCursor};
use super::statement::{self, SqlStatement};
use crate::error::Location;

#[derive(Debug, Default)]
pub struct StatementSet {
    pub open_since: Option<Location>,
}

impl StatementSet {
    /// The statement before the next `;`. `None`: there are only words of the statement set, or nothing.
    pub fn statement(&mut self, cursor: &mut TokenCursor<'_>) -> Parsed<Option<SqlStatement>> {
        let at = cursor.at();
        if self.open_since.is_some() && cursor.accept_word("END") {
            self.open_since = None;
            return if cursor.is_at_end() { Ok(None) } else { Err(cursor.expected("';' after END")) };
        }
        if cursor.next_is("END") {
            return Err(cursor.error("END without its BEGIN STATEMENT SET"));
        }
        let begins = cursor.accept_words(&["BEGIN", "STATEMENT", "SET"])
            || cursor.accept_words(&["EXECUTE", "STATEMENT", "SET", "BEGIN"]);
        if begins && self.open_since.is_some() {
            return Err(super::error(at, "a STATEMENT SET inside another one"));
        }
        if begins {
            self.open_since = Some(at);
        }
        if cursor.is_at_end() {
            return Ok(None);
        }
        if self.open_since.is_some() && !cursor.next_is("INSERT") {
            return Err(cursor.error("a STATEMENT SET holds INSERT INTO statements only; write this before it"));
        }
        statement::parse(cursor).map(Some)
    }
}
