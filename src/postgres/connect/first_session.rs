//! The first session with a server.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use super::connector::Connector;
use super::driver::wait_limit::WaitLimit;
use super::session::{Session, Setup};
use crate::error::Result;
use crate::settings::Sink;

/// A server that is just starting gets until the connect time-out.
pub fn first_session(
    connector: &Connector,
    sink: &Sink,
    open: &Arc<AtomicU32>,
    wait_limit: &WaitLimit,
) -> Result<Session> {
    let deadline = Instant::now() + sink.connection.connect_timeout;
    loop {
        match Session::open(connector, &Setup::default(), open, wait_limit) {
            Ok(session) => return Ok(session),
            Err(failure) if failure.is("57P03") && Instant::now() < deadline => {
                std::thread::sleep(sink.retry_wait_time.max(Duration::from_millis(100)));
            }
            Err(failure) => return Err(connector.unreachable(&failure)),
        }
    }
}
