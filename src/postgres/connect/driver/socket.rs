//! A socket that blocks only in [`Socket::wait_in_slices`], and the stream through which tokio-postgres reads and writes it.

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
use socket2::{Domain, SockAddr, TcpKeepalive, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Error;
use super::wait_limit::WaitLimit;
use crate::threads;

/// How long a peer may be silent before the kernel asks whether it is still there, how often it asks, and how many times.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

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
    /// Connects. `user_timeout`: how long what was sent may stay unacknowledged.
    pub fn connect(address: &Address, user_timeout: Duration, wait_limit: &WaitLimit) -> Result<Arc<Socket>, Error> {
        let (domain, to) = match address {
            Address::Tcp(address) => (Domain::for_address(*address), SockAddr::from(*address)),
            Address::Unix(path) => (Domain::UNIX, SockAddr::unix(path)?),
        };
        let socket = socket2::Socket::new(domain, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        if let Address::Tcp(_) = address {
            socket.set_tcp_nodelay(true)?;
            let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
            socket.set_tcp_keepalive(&keepalive.with_retries(KEEPALIVE_RETRIES))?;
            #[cfg(target_os = "linux")]
            socket.set_tcp_user_timeout(Some(user_timeout))?;
        }
        let socket = Socket { socket, may_read: AtomicBool::new(true), may_write: AtomicBool::new(true) };
        while let Err(error) = socket.socket.connect(&to) {
            match rustix::io::Errno::from_io_error(&error) {
                Some(rustix::io::Errno::INPROGRESS) => {
                    socket.may_write.store(false, Ordering::Relaxed);
                    while !socket.wait_in_slices(wait_limit)? {}
                    if let Some(error) = socket.socket.take_error()? {
                        return Err(error.into());
                    }
                    break;
                }
                Some(rustix::io::Errno::INTR) => {}
                // The queue of a Unix socket is full.
                Some(rustix::io::Errno::AGAIN) => {
                    std::thread::sleep(wait_limit.slice(Duration::from_millis(10))?);
                }
                _ => return Err(error.into()),
            }
        }
        Ok(Arc::new(socket))
    }

    /// Waits for one slice of time until there is something to read, or room to write if the last write found none. Returns
    /// whether there is. An error when the wait_limit is over.
    pub fn wait_in_slices(&self, wait_limit: &WaitLimit) -> Result<bool, Error> {
        threads::waits_for("the database");
        let slice = wait_limit.slice(super::wait_limit::SLICE)?;
        let mut wanted = PollFlags::IN;
        if !self.may_write.load(Ordering::Relaxed) {
            wanted |= PollFlags::OUT;
        }
        let mut polled = vec![PollFd::new(&self.socket, wanted)];
        if let Some(other) = &wait_limit.unless {
            polled.push(PollFd::new(&other.socket, PollFlags::IN));
        }
        let timeout = Timespec { tv_sec: slice.as_secs() as i64, tv_nsec: slice.subsec_nanos().into() };
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
/// [`Socket::wait_in_slices`] and polls again.
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
                    // Less than asked for means that there is no more: the next read would only find that out. An end of the
                    // stream is seen at once.
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
    use crate::threads::PollsKafka;

    #[test]
    fn a_thread_that_polls_kafka_may_not_wait_for_the_database() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::Tcp(listener.local_addr().unwrap());
        let socket = Socket::connect(&address, Duration::from_secs(1), &WaitLimit::default()).unwrap();
        assert!(socket.wait_in_slices(&WaitLimit::default()).is_ok());
        let _polls = PollsKafka::begin();
        assert!(catch_unwind(AssertUnwindSafe(|| socket.wait_in_slices(&WaitLimit::default()))).is_err());
    }
}
