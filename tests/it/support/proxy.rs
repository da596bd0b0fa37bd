//! A way to a server that can be cut: nothing comes through while it is, and nothing that was sent is lost, as with a
//! network that drops packets for a while.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub struct Proxy {
    pub port: u16,
    cut: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
}

/// How often a thread looks whether the way is open.
const TICK: Duration = Duration::from_millis(5);

impl Proxy {
    pub fn to(host: &str, port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("a listener needn't block");
        let proxy = Proxy {
            port: listener.local_addr().expect("it is bound").port(),
            cut: Arc::default(),
            ended: Arc::default(),
        };
        let (cut, ended, host) = (Arc::clone(&proxy.cut), Arc::clone(&proxy.ended), host.to_owned());
        std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((client, _)) => join(client, &host, port, &cut, &ended),
                    Err(_) => std::thread::sleep(TICK),
                }
            }
        });
        proxy
    }

    /// From now on nothing comes through.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    /// What was held back comes through, and all else.
    pub fn restore(&self) {
        self.cut.store(false, Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

fn join(client: TcpStream, host: &str, port: u16, cut: &Arc<AtomicBool>, ended: &Arc<AtomicBool>) {
    let Ok(server) = TcpStream::connect((host, port)) else { return };
    for (from, to) in [(&client, &server), (&server, &client)] {
        let ends = [from, to].map(|stream| stream.try_clone().expect("a stream can be shared"));
        let (cut, ended) = (Arc::clone(cut), Arc::clone(ended));
        std::thread::spawn(move || {
            let [from, to] = ends;
            carry(&from, &to, &cut, &ended);
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

/// Carries bytes one way until either end is gone.
fn carry(mut from: &TcpStream, mut to: &TcpStream, cut: &AtomicBool, ended: &AtomicBool) {
    let mut buffer = [0; 64 << 10];
    for stream in [from, to] {
        stream.set_nonblocking(false).expect("a stream may block");
        stream.set_nodelay(true).expect("a stream needn't wait");
    }
    from.set_read_timeout(Some(Duration::from_millis(50))).expect("a time-out");
    while !ended.load(Ordering::Relaxed) {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => break,
        };
        while cut.load(Ordering::Relaxed) && !ended.load(Ordering::Relaxed) {
            std::thread::sleep(TICK);
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // The end of a stream comes through no sooner than its bytes.
    while cut.load(Ordering::Relaxed) && !ended.load(Ordering::Relaxed) {
        std::thread::sleep(TICK);
    }
}
