//! Reads the catalog.

use super::lookup::Catalog;
use crate::error::Result;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::settings::Sink;

/// Reads the catalog with the session's settings, because the names of types depend on the search path.
pub fn read_catalog(
    session: &mut Session,
    greenplum: bool,
    sink: &Sink,
    written: Option<&[String]>,
) -> Attempt<Result<Catalog>> {
    if !session.is_behind_pooler() {
        return Ok(Catalog::read(session, greenplum, sink, written));
    }
    session.begin_without_rows()?;
    let read = Catalog::read(session, greenplum, sink, written);
    session.recover();
    Ok(read)
}
