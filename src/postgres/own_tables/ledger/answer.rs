//! The server's answers about the ledger, which come as text.

use crate::postgres::connect::failure::{Attempt, AttemptError};

/// A number that the server has sent as text.
pub fn read<T: std::str::FromStr>(text: &str) -> Attempt<T> {
    text.parse().map_err(|_| unreadable())
}

pub fn unreadable() -> AttemptError {
    AttemptError::outage("the server's answer about the ledger can't be read")
}
