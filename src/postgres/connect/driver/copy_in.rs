//! Sends the rows of a COPY.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use futures_sink::Sink;
use tokio_postgres::CopyInSink;

use super::Error;
use super::exchange::Exchange;

/// A COPY that has begun. If it is dropped without [`CopyIn::finish`] it is aborted, so that a part of the rows is never taken
/// for all of them.
pub struct CopyIn<'a> {
    exchange: &'a mut Exchange,
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl<'a> CopyIn<'a> {
    pub fn new(exchange: &'a mut Exchange, sink: CopyInSink<Bytes>) -> Self {
        CopyIn { exchange, sink: Box::pin(sink) }
    }

    pub fn send(&mut self, piece: Bytes) -> Result<(), Error> {
        let sink = &mut self.sink;
        self.exchange.wait(poll_fn(|context| sink.as_mut().poll_ready(context)))?;
        self.sink.as_mut().start_send(piece)?;
        let sink = &mut self.sink;
        self.exchange.wait(poll_fn(|context| sink.as_mut().poll_flush(context)))
    }

    /// The number of rows that the server says it stored.
    pub fn finish(self) -> Result<u64, Error> {
        let CopyIn { exchange, mut sink } = self;
        exchange.wait(poll_fn(|context| sink.as_mut().poll_finish(context)))
    }
}
