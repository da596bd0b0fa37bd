//! The PostgreSQL driver as sessions see it. tokio-postgres speaks the protocol. The calling thread drives the connection
//! itself and waits in poll(2). So every wait has an end (see [`wait_limit`]), a session needs no thread, and no runtime is left
//! in a host's threads.

pub mod connect;
mod copy_in;
mod error;
mod exchange;
pub mod life;
mod parameter;
mod process;
pub mod socket;
pub mod wait_limit;

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::tls::TlsConnect;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CancelToken, Config, Row, SimpleQueryMessage, Statement};

pub use self::copy_in::CopyIn;
pub use self::error::Error;
pub use self::parameter::Parameter;

use self::exchange::Exchange;
use self::life::Pulse;
use self::socket::{Socket, SocketStream};
use self::wait_limit::WaitLimit;

/// One connection.
pub struct Client {
    // Makes the requests. Dropped first, so that the exchange sees that no more requests come.
    requests: tokio_postgres::Client,
    exchange: Exchange,
}

impl Client {
    /// Logs in over a socket that is connected.
    pub fn log_in<T>(socket: Arc<Socket>, config: &Config, tls: T, wait_limit: &WaitLimit) -> Result<Client, Error>
    where
        T: TlsConnect<SocketStream>,
        T::Stream: Send + 'static,
    {
        let login = config.connect_raw(SocketStream(Arc::clone(&socket)), tls);
        let (requests, connection) = exchange::wait_for(&socket, wait_limit, login)?;
        Ok(Client { requests, exchange: Exchange::new(Box::new(connection), socket, wait_limit.clone()) })
    }

    /// What [`cancel`] needs to know of the session.
    pub fn cancel_token(&self) -> CancelToken {
        self.requests.cancel_token()
    }

    /// Sets what ends the waits from now on.
    pub fn set_wait_limit(&mut self, wait_limit: WaitLimit) {
        self.exchange.wait_limit = wait_limit;
    }

    /// From now on a silent server is asked whether it is alive.
    pub fn set_pulse(&mut self, pulse: Pulse) {
        self.exchange.set_pulse(pulse);
    }

    /// Runs a statement without a name in the server: behind a pooler another client could have the same name.
    pub fn query(&mut self, statement: &str, parameters: &[&dyn Parameter]) -> Result<Vec<Row>, Error> {
        self.exchange.wait(self.requests.query_typed(statement, &typed(parameters)))
    }

    pub fn query_one(&mut self, statement: &str, parameters: &[&dyn Parameter]) -> Result<Row, Error> {
        self.exchange.wait(self.requests.query_typed_one(statement, &typed(parameters)))
    }

    pub fn query_opt(&mut self, statement: &str, parameters: &[&dyn Parameter]) -> Result<Option<Row>, Error> {
        self.exchange.wait(self.requests.query_typed_opt(statement, &typed(parameters)))
    }

    /// Returns the number of rows that were written.
    pub fn execute(&mut self, statement: &str, parameters: &[&dyn Parameter]) -> Result<u64, Error> {
        self.exchange.wait(self.requests.execute_typed(statement, &typed(parameters)))
    }

    /// The same for a statement that has been prepared.
    pub fn execute_prepared(
        &mut self,
        statement: &Statement,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        self.exchange.wait(self.requests.execute(statement, parameters))
    }

    /// The id of the process that serves the session, as it was named at the login. A pooler names one of its own.
    pub fn process_id(&self) -> Option<i32> {
        process::process_id(&self.requests.cancel_token())
    }

    pub fn prepare(&mut self, statement: &str) -> Result<Statement, Error> {
        self.exchange.wait(self.requests.prepare(statement))
    }

    pub fn simple_query(&mut self, statements: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        self.exchange.wait(self.requests.simple_query(statements))
    }

    pub fn batch_execute(&mut self, statements: &str) -> Result<(), Error> {
        self.exchange.wait(self.requests.batch_execute(statements))
    }

    /// Begins a COPY into the server.
    pub fn copy_in(&mut self, statement: &Statement) -> Result<CopyIn<'_>, Error> {
        let sink = self.exchange.wait(self.requests.copy_in(statement))?;
        Ok(CopyIn::new(&mut self.exchange, sink))
    }

    pub fn is_closed(&self) -> bool {
        self.exchange.is_broken() || self.requests.is_closed()
    }

    /// Whether the server answers, within `allowed`.
    pub fn answers(&mut self, allowed: Duration) -> bool {
        let wait_limit = self.exchange.wait_limit.clone();
        self.exchange.wait_limit = wait_limit.at_most(allowed);
        let answer = self.batch_execute("");
        self.exchange.wait_limit = wait_limit;
        answer.is_ok()
    }
}

/// Asks a server to cancel what another session does there. The socket is connected to that server.
pub fn cancel<T: TlsConnect<SocketStream>>(
    socket: Arc<Socket>,
    token: &CancelToken,
    tls: T,
    wait_limit: &WaitLimit,
) -> Result<(), Error> {
    let request = token.cancel_query_raw(SocketStream(Arc::clone(&socket)), tls);
    exchange::wait_for(&socket, wait_limit, request)
}

fn typed<'a>(parameters: &[&'a dyn Parameter]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    parameters.iter().map(|parameter| (*parameter as _, parameter.declared())).collect()
}
