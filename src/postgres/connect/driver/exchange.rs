//! Drives a connection while somebody waits for an answer: in the thread that waits, without a runtime.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{AsyncMessage, Connection};

use super::Error;
use super::life::Pulse;
use super::socket::{Socket, SocketStream};
use crate::postgres::connect::driver::wait_limit::WaitLimit;

/// Set when a request or its connection wakes the other one. Then both are polled again before the thread waits.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A connection over any kind of stream.
pub trait Drive: Send {
    fn drive(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>>;
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Drive for Connection<SocketStream, T> {
    fn drive(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>> {
        self.poll_message(context)
    }
}

/// Waits for a future that only needs the socket, such as a login.
pub fn wait_for<T, E: Into<Error>>(
    socket: &Socket,
    wait_limit: &WaitLimit,
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, Error> {
    let mut future = pin!(future);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    loop {
        woken.0.store(false, Ordering::Relaxed);
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            return outcome.map_err(Into::into);
        }
        if !woken.0.load(Ordering::Relaxed) {
            while !wait_limit.wait(socket)? {}
        }
    }
}

/// The result of a future that is ready at once.
pub fn answer_at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// The connection between a session and its server.
pub struct Exchange {
    connection: Box<dyn Drive>,
    socket: Arc<Socket>,
    woken: Arc<Woken>,
    waker: Waker,
    pub wait_limit: WaitLimit,
    /// Knows whether the server is alive while it doesn't answer.
    pulse: Option<Pulse>,
    /// Nothing more comes, or what comes may be the answer to an earlier request.
    broken: bool,
}

impl Exchange {
    pub fn new(connection: Box<dyn Drive>, socket: Arc<Socket>, wait_limit: WaitLimit) -> Exchange {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        Exchange { connection, socket, woken, waker, wait_limit, pulse: None, broken: false }
    }

    pub fn set_pulse(&mut self, pulse: Pulse) {
        self.pulse = Some(pulse);
    }

    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Waits for the answer to a request.
    pub fn wait<T>(&mut self, request: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
        let mut request = pin!(request);
        let answer = self.answer(request.as_mut());
        if answer.as_ref().is_err_and(|error| !error.is_final()) {
            // The answer may still come, and must not be taken for the answer to another request.
            self.broken = true;
        }
        // Only the library's own threads get [`Error::Stopped`], so the host doesn't wait for the cancel request.
        if let (Err(Error::Stopped), Some(pulse)) = (&answer, &self.pulse) {
            pulse.cancel();
        }
        answer
    }

    fn answer<T>(
        &mut self,
        mut request: Pin<&mut impl Future<Output = Result<T, tokio_postgres::Error>>>,
    ) -> Result<T, Error> {
        let waker = self.waker.clone();
        let mut context = Context::from_waker(&waker);
        let mut silent_since: Option<Instant> = None;
        loop {
            self.woken.0.store(false, Ordering::Relaxed);
            let lost = if self.broken { Err(Error::Closed) } else { self.drive(&mut context) };
            // The server's last error message may be among what was read before the end.
            if let Poll::Ready(answer) = request.as_mut().poll(&mut context) {
                return answer.map_err(Error::from);
            }
            lost?;
            if self.woken.0.load(Ordering::Relaxed) {
                continue;
            }
            let since = *silent_since.get_or_insert_with(Instant::now);
            if self.wait_limit.wait(&self.socket)? {
                silent_since = None;
                if let Some(pulse) = &self.pulse {
                    pulse.heard();
                }
            } else if let Some(pulse) = &self.pulse {
                pulse.ask(since, &self.socket, &self.wait_limit)?;
            }
        }
    }

    fn drive(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        loop {
            match self.connection.drive(context) {
                Poll::Ready(Some(Ok(AsyncMessage::Notice(notice)))) => {
                    log::debug!("{}: {}", notice.severity(), notice.message());
                }
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(error))) => {
                    self.broken = true;
                    return Err(error.into());
                }
                Poll::Ready(None) => {
                    self.broken = true;
                    return Err(Error::Closed);
                }
                Poll::Pending => return Ok(()),
            }
        }
    }
}

impl Drop for Exchange {
    /// Sends the message that ends the session, if that needs no wait. The client that makes requests is dropped before.
    fn drop(&mut self) {
        if !self.broken {
            let waker = self.waker.clone();
            let _ = self.drive(&mut Context::from_waker(&waker));
        }
    }
}
