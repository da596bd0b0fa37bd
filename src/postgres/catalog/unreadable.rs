//! The error of a refused catalog query.

use crate::error::Error;
use crate::postgres::connect::classify::During;
use crate::postgres::connect::driver::Error as DriverError;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::session::Session;

/// Turns a refused catalog query into the error of `open`.
pub fn unreadable(session: &mut Session, table: &str, error: &DriverError) -> Error {
    let failure: AttemptError = session.failed(error, During::Statement);
    failure.error(&format!("{table}: the catalog can't be read"), "")
}
