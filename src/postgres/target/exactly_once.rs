//! What exactly-once demands of the target: its rows must survive whatever the ledger survives, and each connection must have a session
//! of the server to itself.

use crate::error::{Error, Result};
use crate::postgres::connect::classify::During;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::{literal, qualified};
use crate::settings::{DeadLetterTarget, Sink};

/// Finds out whether the table or a partition of it is less durable than the ledger. Children that inherit aren't examined. One of them,
/// the hot child of 'behind', gets the job's rows: vecsink makes it as durable as the table.
const LESS_DURABLE: &str = "WITH RECURSIVE part(oid, kind) AS (
  SELECT c.oid, c.relkind FROM pg_catalog.pg_class c WHERE c.oid = TABLE_NAME::pg_catalog.regclass
  UNION ALL SELECT c.oid, c.relkind FROM part JOIN pg_catalog.pg_inherits i ON i.inhparent = part.oid
   JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE part.kind = 'p'
) SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), c.relkind = 'f'
  FROM part JOIN pg_catalog.pg_class c ON c.oid = part.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'f' OR c.relpersistence = 'u' LIMIT 1";

/// Refuses tables whose rows a crash could lose while the ledger says that they are written.
pub fn refuse_tables(session: &mut Session, sink: &Sink) -> Result<()> {
    refuse_table(session, &sink.name, &qualified(&sink.schema, &sink.table))?;
    match &sink.dead_letter {
        Some(DeadLetterTarget::Table { schema, table }) => refuse_table(session, &sink.name, &qualified(schema, table)),
        Some(DeadLetterTarget::File(_) | DeadLetterTarget::Kafka(_)) | None => Ok(()),
    }
}

fn refuse_table(session: &mut Session, sink: &str, table: &str) -> Result<()> {
    let query = LESS_DURABLE.replace("TABLE_NAME", &literal(table));
    let found = session.with_settings(|session| {
        let row = session.client().query_opt(query.as_str(), &[]);
        row.map_err(|error| session.failed(&error, During::Statement))
    });
    let found = found.map_err(|failure| failure.error(&format!("{sink}: the catalog can't be read"), ""))?;
    let Some(row) = found else { return Ok(()) };
    let (name, is_foreign): (String, bool) = (row.get(0), row.get(1));
    let why = match is_foreign {
        true => "is a foreign table: its rows are committed on another server, and the ledger on this one".to_owned(),
        false => format!(
            "is unlogged: a crash of the server empties it, and the ledger would still say that its rows are written; run: \
             ALTER TABLE {name} SET LOGGED"
        ),
    };
    Err(Error::target(format!(
        "{sink}: 'sink.delivery-guarantee' = 'exactly-once' is not possible, because {name} {why}"
    )))
}

/// The error behind a pooler that gives each transaction another session.
pub fn pooler_refused(name: &str) -> Error {
    Error::target(format!(
        "{name}: 'sink.delivery-guarantee' = 'exactly-once' needs sessions that outlive a transaction, but a pooler before the server \
         gives each transaction another one; connect to the server itself, or set pool_mode = session"
    ))
}
