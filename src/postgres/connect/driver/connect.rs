//! Connects a socket.

use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, SockAddr, TcpKeepalive, Type};

use super::Error;
use super::socket::{Address, Socket};
use super::wait_limit::WaitLimit;

/// How long a peer may be silent before the kernel asks whether it is still there, how often it asks, and how many times.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// Connects. `user_timeout`: how long what was sent may stay unacknowledged.
pub fn connect(address: &Address, user_timeout: Duration, limit: &WaitLimit) -> Result<Arc<Socket>, Error> {
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
    let socket = Socket::new(socket);
    loop {
        match socket.connect(&to) {
            Ok(true) => break,
            Ok(false) => {
                while !limit.wait(&socket)? {}
                socket.take_error()?;
                break;
            }
            Err(error) => match rustix::io::Errno::from_io_error(&error) {
                Some(rustix::io::Errno::INTR) => {}
                // The queue of a Unix socket is full.
                Some(rustix::io::Errno::AGAIN) => std::thread::sleep(limit.slice(Duration::from_millis(10))?),
                _ => return Err(error.into()),
            },
        }
    }
    Ok(Arc::new(socket))
}
