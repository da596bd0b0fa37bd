//! The face of the PostgreSQL driver that sessions use. tokio-postgres speaks the protocol; whoever asks drives the
//! connection in its own thread and waits in poll(2), so every wait has an end (see [`patience`]), a session costs no
//! thread, and nothing of a runtime is left in a host's threads.

mod copy_in;
mod error;
pub mod life;
mod line;
pub mod patience;
pub mod socket;

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::tls::TlsConnect;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Row, SimpleQueryMessage, Statement, ToStatement};

pub use self::copy_in::CopyIn;
pub use self::error::Error;

use self::life::Pulse;
use self::line::Line;
use self::patience::Patience;
use self::socket::{Socket, Stream};

/// One connection.
pub struct Client {
    // Dropped first: the line sees that nothing more will be asked.
    asked: tokio_postgres::Client,
    line: Line,
}

impl Client {
    /// Logs in over a socket that is connected.
    pub fn log_in<T>(socket: Arc<Socket>, config: &Config, tls: T, patience: &Patience) -> Result<Client, Error>
    where
        T: TlsConnect<Stream>,
        T::Stream: Send + 'static,
    {
        let login = config.connect_raw(Stream(Arc::clone(&socket)), tls);
        let (asked, connection) = line::wait_for(&socket, patience, login)?;
        Ok(Client { asked, line: Line::new(Box::new(connection), socket, patience.clone()) })
    }

    /// What ends the waits from now on.
    pub fn set_patience(&mut self, patience: Patience) {
        self.line.patience = patience;
    }

    /// From now on a server that is silent is asked whether it is alive.
    pub fn set_pulse(&mut self, pulse: Pulse) {
        self.line.set_pulse(pulse);
    }

    pub fn query<T>(&mut self, statement: &T, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error>
    where
        T: ?Sized + ToStatement,
    {
        self.line.wait(self.asked.query(statement, parameters))
    }

    pub fn query_one<T>(&mut self, statement: &T, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, Error>
    where
        T: ?Sized + ToStatement,
    {
        self.line.wait(self.asked.query_one(statement, parameters))
    }

    pub fn query_opt<T>(&mut self, statement: &T, parameters: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, Error>
    where
        T: ?Sized + ToStatement,
    {
        self.line.wait(self.asked.query_opt(statement, parameters))
    }

    /// The number of rows that were written.
    pub fn execute<T>(&mut self, statement: &T, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64, Error>
    where
        T: ?Sized + ToStatement,
    {
        self.line.wait(self.asked.execute(statement, parameters))
    }

    pub fn prepare(&mut self, statement: &str) -> Result<Statement, Error> {
        self.line.wait(self.asked.prepare(statement))
    }

    pub fn simple_query(&mut self, statements: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        self.line.wait(self.asked.simple_query(statements))
    }

    pub fn batch_execute(&mut self, statements: &str) -> Result<(), Error> {
        self.line.wait(self.asked.batch_execute(statements))
    }

    /// Begins a COPY into the server.
    pub fn copy_in(&mut self, statement: &Statement) -> Result<CopyIn<'_>, Error> {
        let sink = self.line.wait(self.asked.copy_in(statement))?;
        Ok(CopyIn::new(&mut self.line, sink))
    }

    pub fn is_closed(&self) -> bool {
        self.line.is_broken() || self.asked.is_closed()
    }

    /// Whether the server answers, within `allowed`.
    pub fn answers(&mut self, allowed: Duration) -> bool {
        let patience = self.line.patience.clone();
        self.line.patience = patience.at_most(allowed);
        let answer = self.batch_execute("");
        self.line.patience = patience;
        answer.is_ok()
    }
}
