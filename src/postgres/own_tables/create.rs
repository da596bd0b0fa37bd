//! Makes a table where it is missing.

use crate::postgres::connect::classify::During;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;

/// Whether a schema has a table of this name.
pub fn exists(session: &mut Session, schema: &str, table: &str) -> Attempt<bool> {
    let found = session.client().query_opt(
        "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1::text AND c.relname = $2::text",
        &[&schema, &table],
    );
    found.map(|row| row.is_some()).map_err(|error| session.failed(&error, During::Statement))
}

/// Makes a table that was missing. Returns whether this process made it: another one may have been first.
pub fn create(session: &mut Session, ddl: &str) -> Attempt<bool> {
    match session.run(ddl) {
        Ok(()) => Ok(true),
        Err(failure) if failure.is_of_a_name_in_use() => {
            session.forgive();
            Ok(false)
        }
        Err(failure) => Err(failure),
    }
}

/// Whether [`create`] would succeed; leaves nothing behind.
pub fn try_create(session: &mut Session, ddl: &str) -> Attempt<()> {
    let made = session.run(&format!("BEGIN; {ddl}; ROLLBACK"));
    session.forgive();
    session.recover();
    made
}
