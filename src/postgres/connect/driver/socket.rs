//! A socket that blocks only in [`Socket::wait`], and the stream through which tokio-postgres reads and writes it.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::SendFlags;
use socket2::SockAddr;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Error;
use crate::threads;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Tcp(SocketAddr),
    /// The path of a socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => path.display().fmt(f),
        }
    }
}

/// A connected socket. It remembers whether it is ready, which saves system calls.
#[derive(Debug)]
pub struct Socket {
    socket: socket2::Socket,
    may_read: AtomicBool,
    may_write: AtomicBool,
}

impl Socket {
    pub(super) fn new(socket: socket2::Socket) -> Socket {
        Socket { socket, may_read: AtomicBool::new(true), may_write: AtomicBool::new(true) }
    }

    /// Begins to connect. Returns whether the connection is there; if not, [`Socket::wait`] ends when it is.
    pub(super) fn connect(&self, to: &SockAddr) -> io::Result<bool> {
        match self.socket.connect(to) {
            Err(error) if rustix::io::Errno::from_io_error(&error) == Some(rustix::io::Errno::INPROGRESS) => {
                self.may_write.store(false, Ordering::Relaxed);
                Ok(false)
            }
            connected => connected.map(|()| true),
        }
    }

    pub(super) fn take_error(&self) -> io::Result<()> {
        self.socket.take_error()?.map_or(Ok(()), Err)
    }

    /// Waits until there is something to read, or room to write if the last write found none. Returns whether there is. An
    /// error when the `other` socket has something to read.
    pub fn wait(&self, time: Duration, other: Option<&Socket>) -> Result<bool, Error> {
        threads::waits_for("the database");
        let mut wanted = PollFlags::IN;
        if !self.may_write.load(Ordering::Relaxed) {
            wanted |= PollFlags::OUT;
        }
        let mut polled = vec![PollFd::new(&self.socket, wanted)];
        if let Some(other) = other {
            polled.push(PollFd::new(&other.socket, PollFlags::IN));
        }
        let timeout = Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos().into() };
        match rustix::event::poll(&mut polled, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
        let found: Vec<PollFlags> = polled.iter().map(PollFd::revents).collect();
        if found.get(1).is_some_and(|found| !found.is_empty()) {
            return Err(Error::Overtaken);
        }
        let found = found.first().copied().unwrap_or(PollFlags::empty());
        // The next read or write reports an error or the end.
        let ended = found.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
        if ended || found.contains(PollFlags::IN) {
            self.may_read.store(true, Ordering::Relaxed);
        }
        if ended || found.contains(PollFlags::OUT) {
            self.may_write.store(true, Ordering::Relaxed);
        }
        Ok(!found.is_empty())
    }

    #[cfg(test)]
    pub fn options(&self) -> &socket2::Socket {
        &self.socket
    }
}

/// A socket as tokio-postgres and the TLS layer see it. It wakes no task: the waiting thread calls
/// [`Socket::wait`] and polls again.
#[derive(Debug, Clone)]
pub struct SocketStream(pub Arc<Socket>);

impl AsyncRead for SocketStream {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Socket { socket, may_read, .. } = &*self.0;
        if !may_read.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        let room = buffer.initialize_unfilled();
        let wanted = room.len();
        loop {
            return match (&*socket).read(room) {
                Ok(count) => {
                    // Fewer bytes than asked for: there is no more to read now, and another read would only find that out.
                    // 0 bytes are the end of the stream.
                    if count > 0 && count < wanted {
                        may_read.store(false, Ordering::Relaxed);
                    }
                    buffer.advance(count);
                    Poll::Ready(Ok(()))
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    may_read.store(false, Ordering::Relaxed);
                    Poll::Pending
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Poll::Ready(Err(error)),
            };
        }
    }
}

impl AsyncWrite for SocketStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Socket { socket, may_write, .. } = &*self.0;
        if !may_write.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        loop {
            // Without SIGPIPE, which would end a host.
            return match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL) {
                Ok(count) => Poll::Ready(Ok(count)),
                Err(rustix::io::Errno::AGAIN) => {
                    may_write.store(false, Ordering::Relaxed);
                    Poll::Pending
                }
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => Poll::Ready(Err(error.into())),
            };
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Dropping the socket closes it.
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::postgres::connect::driver::connect::connect;
    use crate::postgres::connect::driver::wait_limit::WaitLimit;
    use crate::threads::PollsKafka;

    #[test]
    fn a_thread_that_polls_kafka_may_not_wait_for_the_database() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap());
        let socket = connect(&address, Duration::from_secs(1), &WaitLimit::default()).unwrap();
        assert!(WaitLimit::default().wait(&socket).is_ok());
        let _polls = PollsKafka::begin();
        assert!(catch_unwind(AssertUnwindSafe(|| WaitLimit::default().wait(&socket))).is_err());
    }
}
