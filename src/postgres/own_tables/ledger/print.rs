//! What `vecsink ddl --ledger` prints.

use super::tables::Ledger;
use crate::error::Result;
use crate::postgres::connect::connector::Connector;
use crate::postgres::connect::opening::Opening;
use crate::postgres::connect::server::Server;
use crate::settings::Sink;

/// The statements that make the ledger of a sink, for its server. Nothing is changed.
pub fn ledger_ddl(sink: &Sink) -> Result<String> {
    let connector = Connector::new(&sink.connection, "vecsink ddl", None)?;
    let opening = Opening::new(sink, &connector, None);
    let server = opening.repeat(|| {
        let mut session = opening.first_session(&connector, &Default::default())?;
        Server::read(&mut session).map_err(|failure| connector.unreachable(&failure))
    })?;
    let tables = sink.ledger_tables();
    Ok(format!(
        "-- {}: the ledger for 'sink.delivery-guarantee' = 'exactly-once'\n{}",
        sink.name,
        Ledger::new(tables, server.greenplum).ddl()
    ))
}
