//! Row security. Where a table's policies apply to the job's role, its statements don't see the rows that the policies hide: a DELETE of
//! such a row does nothing, without an error, and a search for its key in another table doesn't find it.

use crate::error::{Error, Result};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::quote;

/// A table whose policies apply to the role of the session. A superuser, a role with BYPASSRLS and, unless row security is forced, the
/// table's owner are exempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSecurity {
    /// `schema.table`.
    table: String,
    role: String,
}

impl RowSecurity {
    /// The first one of these tables whose policies apply.
    pub fn read(session: &mut Session, tables: &[u32], name: &str) -> Result<Option<RowSecurity>> {
        find(session, tables).map_err(|failure| failure.error(&format!("{name}: the catalog can't be read"), ""))
    }

    /// The error of a job whose vector index is behind the rows: a key must be found in whichever table of the tree it is.
    pub fn refusal(&self, name: &str) -> Error {
        let RowSecurity { table, role } = self;
        Error::target(format!(
            "{name}: 'sink.vector-index' = 'behind' isn't possible: row security of {table} applies to the user {role}, and the key of \
             a row that it hides could be written a second time; run: ALTER ROLE {} BYPASSRLS; or set 'sink.vector-index' to 'inline'",
            quote(role)
        ))
    }

    /// The warning where rows are written into the table itself.
    pub fn warning(&self, changing: bool) -> String {
        let RowSecurity { table, role } = self;
        let hidden = if changing {
            ", a delete of a row that they hide does nothing, and a partial update of it is rejected"
        } else {
            ""
        };
        format!(
            "row security of {table} applies to the user {role}: COPY into it isn't possible, so rows are inserted, which is slower; a \
             row that the policies refuse is rejected{hidden}; if the job may see all rows, run: ALTER ROLE {} BYPASSRLS",
            quote(role)
        )
    }
}

fn find(session: &mut Session, tables: &[u32]) -> Attempt<Option<RowSecurity>> {
    let tables: Vec<String> = tables.iter().map(u32::to_string).collect();
    let secured = session.ask(&format!(
        "SELECT c.oid FROM pg_catalog.pg_class c
         WHERE c.oid IN ({}) AND pg_catalog.row_to_json(c) ->> 'relrowsecurity' = 'true'",
        tables.join(", ")
    ))?;
    let secured: Vec<&str> = secured.iter().filter_map(|row| row.first().map(String::as_str)).collect();
    if secured.is_empty() {
        return Ok(None);
    }
    // The function is new in PostgreSQL 9.5, as row security is.
    let active = session.ask(&format!(
        "SELECT n.nspname || '.' || c.relname, current_user FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid IN ({}) AND pg_catalog.row_security_active(c.oid) ORDER BY c.oid LIMIT 1",
        secured.join(", ")
    ))?;
    Ok(active.first().and_then(|row| match row.as_slice() {
        [table, role] => Some(RowSecurity { table: table.clone(), role: role.clone() }),
        _ => None,
    }))
}
