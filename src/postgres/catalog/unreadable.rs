//! The error of a catalog query that failed.

use crate::error::Error;
use crate::postgres::connect::classify::During;
use crate::postgres::connect::driver::Error as DriverError;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::session::Session;

/// Turns the error of a catalog query into that of the opening.
pub fn unreadable(session: &mut Session, table: &str, error: &DriverError) -> Error {
    let failure: AttemptError = session.failed(error, During::Statement);
    failure.error(&format!("{table}: the catalog can't be read"), "")
}
