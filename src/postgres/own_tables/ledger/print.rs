//! What `vecsink ddl --ledger` prints, and a statement that a sink's settings say.

use super::tables::Ledger;
use crate::error::Result;
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::server::Server;
use crate::settings::Sink;

/// The statement that stores records as written by a replay. It is the same on every server.
pub fn replayed_insert(sink: &Sink, job: &str) -> String {
    Ledger::new(sink.ledger_tables(), false).replayed_insert(job, &sink.name)
}

/// The statements that make the ledger of a sink, for its server. Nothing is changed.
pub fn ledger_ddl(sink: &Sink) -> Result<String> {
    let connector = Connector::new(&sink.connection, "vecsink ddl", None)?;
    let opening = Opening::new(sink, &connector, None);
    let server = opening.repeat(|| {
        let mut session = opening.first_session(&connector, &Default::default())?;
        Server::read(&mut session).map_err(|failure| connector.unreachable(&failure))
    })?;
    let ledger = Ledger::new(sink.ledger_tables(), server.greenplum);
    Ok(format!(
        "-- {}: the ledger for 'sink.delivery-guarantee' = 'exactly-once'\n{}-- only for vecsink replay\n{};\n",
        sink.name,
        ledger.ddl(),
        ledger.replayed_ddl()
    ))
}
