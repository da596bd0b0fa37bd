//! A proxy before a server that can stop passing bytes, at once or after a given byte in one direction. While it is stopped
//! nothing passes, and nothing is lost: as with a network that drops packets for a while, or a frozen server. It can also be
//! slow, or close all connections.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// The direction of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

#[derive(Default)]
struct State {
    /// No bytes pass, in either direction.
    is_cut: bool,
    /// The proxy stops when one connection has passed this many bytes in this direction since this was set.
    cut_after: Option<(Way, u64)>,
    /// How often `cut_after` was called.
    said: usize,
    /// New connections are closed at once.
    refuses: bool,
    /// How much the proxy delays bytes.
    delay: Duration,
    accepted: usize,
    passed: u64,
    ended: bool,
    /// Both ends of each open connection, by its number.
    open: BTreeMap<usize, [TcpStream; 2]>,
}

impl State {
    fn close_all(&mut self) {
        self.open.values().flatten().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }
}

/// What the threads of a proxy share.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// The proxy. Its connections end when it is dropped.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts a proxy to `host:port`, on a free port of 127.0.0.1.
    pub fn to(host: &str, port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let own_port = listener.local_addr().expect("bound").port();
        let shared = Arc::new(Shared::default());
        let (to, own) = ((host.to_owned(), port), Arc::clone(&shared));
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { continue };
                let mut state = own.state.lock().unwrap();
                if state.ended {
                    return;
                }
                state.accepted += 1;
                if state.refuses {
                    continue;
                }
                let number = state.accepted;
                drop(state);
                let (own, to) = (Arc::clone(&own), to.clone());
                thread::spawn(move || carry(&own, number, client, &to));
            }
        });
        Proxy { port: own_port, shared }
    }

    /// From now on nothing passes: connections are accepted and their bytes acknowledged, as by a frozen server.
    pub fn cut(&self) {
        self.change(|state| state.is_cut = true);
    }

    /// The same, but only when one connection has passed this many further bytes in this direction.
    pub fn cut_after(&self, way: Way, bytes: u64) {
        self.change(|state| (state.cut_after, state.said) = (Some((way, bytes)), state.said + 1));
    }

    /// Closes all connections, and from now on also new ones.
    pub fn refuse(&self) {
        self.change(|state| {
            state.refuses = true;
            state.close_all();
        });
    }

    /// From now on bytes are delayed in both directions.
    pub fn delay(&self, delay: Duration) {
        self.change(|state| state.delay = delay);
    }

    /// From now on everything passes again, also the bytes that were held back.
    pub fn restore(&self) {
        self.change(|state| {
            (state.is_cut, state.cut_after) = (false, None);
            (state.refuses, state.delay) = (false, Duration::ZERO);
        });
    }

    /// Ends all connections. Bytes that were held back are lost. New connections pass.
    pub fn sever(&self) {
        self.change(|state| {
            state.close_all();
            (state.is_cut, state.cut_after) = (false, None);
        });
    }

    /// Whether nothing passes now.
    pub fn is_cut(&self) -> bool {
        self.shared.state.lock().unwrap().is_cut
    }

    /// How many connections were accepted so far.
    pub fn accepted(&self) -> usize {
        self.shared.state.lock().unwrap().accepted
    }

    /// How many connections are open on both sides.
    pub fn open(&self) -> usize {
        self.shared.state.lock().unwrap().open.len()
    }

    /// How many bytes have passed, in both directions together.
    pub fn passed(&self) -> u64 {
        self.shared.state.lock().unwrap().passed
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.state.lock().unwrap());
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.change(|state| {
            state.ended = true;
            state.close_all();
        });
        // Wakes the thread that accepts connections.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// The bytes that have passed on one connection, in each direction, since the last `cut_after`.
#[derive(Default)]
struct Counts {
    passed: [u64; 2],
    said: usize,
}

type Passed = Arc<Mutex<Counts>>;

fn carry(shared: &Arc<Shared>, number: usize, client: TcpStream, to: &(String, u16)) {
    let Ok(server) = TcpStream::connect((to.0.as_str(), to.1)) else { return };
    let copies = [&client, &server].map(|stream| {
        stream.set_nodelay(true).expect("a socket");
        stream.try_clone().expect("descriptors are left")
    });
    {
        let mut state = shared.state.lock().unwrap();
        if state.refuses || state.ended {
            return;
        }
        state.open.insert(number, [&client, &server].map(|stream| stream.try_clone().expect("descriptors are left")));
    }
    let passed = Passed::default();
    let [client_again, server_again] = copies;
    let up = {
        let (shared, passed) = (Arc::clone(shared), Arc::clone(&passed));
        thread::spawn(move || pass(&shared, Way::Up, client, server_again, &passed))
    };
    pass(shared, Way::Down, server, client_again, &passed);
    let _ = up.join();
    shared.state.lock().unwrap().open.remove(&number);
}

fn pass(shared: &Shared, way: Way, mut from: TcpStream, mut to: TcpStream, passed: &Passed) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let delay = shared.state.lock().unwrap().delay;
        thread::sleep(delay);
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            let Some(allowed) = wait_for_leave(shared, way, passed, rest.len()) else { return };
            if to.write_all(&rest[..allowed]).is_err() {
                let _ = from.shutdown(Shutdown::Both);
                return;
            }
            passed.lock().unwrap().passed[way as usize] += allowed as u64;
            shared.state.lock().unwrap().passed += allowed as u64;
            rest = &rest[allowed..];
        }
    }
    // The end of a stream passes only after its bytes.
    if wait_for_leave(shared, way, passed, 1).is_some() {
        let _ = to.shutdown(Shutdown::Write);
    }
}

/// Waits until some of `wanted` bytes may pass; `None` at the proxy's end.
fn wait_for_leave(shared: &Shared, way: Way, passed: &Passed, wanted: usize) -> Option<usize> {
    let mut state = shared.state.lock().unwrap();
    loop {
        if state.ended {
            return None;
        }
        let own = {
            let mut counts = passed.lock().unwrap();
            if counts.said != state.said {
                *counts = Counts { said: state.said, ..Counts::default() };
            }
            counts.passed
        };
        if state.cut_after.is_some_and(|(cutting, at)| own[cutting as usize] >= at) {
            state.is_cut = true;
        }
        let allowed = match state.cut_after {
            _ if state.is_cut => 0,
            Some((cutting, at)) if cutting == way => at - own[way as usize],
            _ => u64::MAX,
        };
        if allowed > 0 {
            return Some(wanted.min(usize::try_from(allowed).unwrap_or(usize::MAX)));
        }
        state = shared.changed.wait_timeout(state, Duration::from_secs(1)).unwrap().0;
    }
}
