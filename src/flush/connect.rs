//! From settings to an open connection: hosts, deadlines, login.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use postgres::config::{SslMode as DriverSslMode, TargetSessionAttrs};
use postgres::{Client, Config};

use super::classify::During;
use super::failure::Failure;
use super::session::Attempt;
use super::tls::Tls;
use crate::error::{Error, Result};
use crate::settings::{self, Connection, SslMode};

/// How long a peer may be silent before the kernel asks whether it still is there, how often it asks, and how many times.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long what was sent may stay unacknowledged. Longer than our `lock_timeout`: Linux also counts the time in which the
/// server is there but takes nothing more, as it does while it waits for a lock.
const USER_TIMEOUT: Duration = Duration::from_secs(75);
/// How many attempts at a host may be left behind without an answer. With fewer, one at a host that came back could wait
/// for those from before.
const MOST_UNANSWERED: usize = 8;

/// Opens connections. Everything in it has been checked once; a connection only needs the network.
pub struct Connector {
    hosts: Vec<Host>,
    shuffle: bool,
    ssl_mode: SslMode,
    timeout: Duration,
    config: Config,
    tls: Tls,
    /// The client shows one where the server asks for it.
    has_certificate: bool,
}

impl Connector {
    pub fn new(connection: &Connection, application_name: &str) -> Result<Self> {
        let mut config = Config::new();
        config
            .user(&connection.user)
            .password(connection.password.reveal())
            .dbname(&connection.database)
            .application_name(application_name)
            .connect_timeout(connection.connect_timeout)
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES)
            .tcp_user_timeout(connection.socket_timeout.map_or(USER_TIMEOUT, |timeout| timeout.min(USER_TIMEOUT)))
            .notice_callback(|notice| log::debug!("{}: {}", notice.severity(), notice.message()));
        if let Some(options) = &connection.options {
            config.options(options);
        }
        // After a fail-over the first host may be a standby that still takes connections.
        if connection.primary_only || connection.hosts.len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let host = |address: &settings::Host| Host { address: address.clone(), unanswered: Mutex::default() };
        Ok(Connector {
            hosts: connection.hosts.iter().map(host).collect(),
            shuffle: connection.load_balance_hosts,
            ssl_mode: connection.ssl_mode,
            timeout: connection.connect_timeout,
            config,
            tls: Tls::new(connection)?,
            has_certificate: connection.ssl_key.is_some(),
        })
    }

    /// What `open` says when there is no connection.
    pub fn unreachable(&self, failure: &Failure) -> Error {
        let advice = match failure.sqlstate.as_deref() {
            Some("28P01") => "check username and password, and the server's pg_hba.conf or whitelist",
            Some("28000") if self.has_certificate => {
                "check username and password, the server's pg_hba.conf or whitelist, and whether sslcert is this user's"
            }
            Some("28000") => {
                "check username and password, and the server's pg_hba.conf or whitelist; if it asks for a client \
                 certificate, name that with sslcert and sslkey in the url"
            }
            Some("3D000") => "create the database or correct the name in the url",
            Some("53300") => "the server takes no more connections: close some, or raise its max_connections",
            Some("57P03") => "the server is still starting or shutting down: try again in a moment",
            // It may end the connection without a word.
            _ if self.has_certificate => {
                "check the url, that the server runs and can be reached from here, and that it trusts the authority that \
                 signed sslcert"
            }
            _ => "check the url, and that the server runs and can be reached from here",
        };
        let hosts: Vec<String> = self.hosts.iter().map(|host| host.address.to_string()).collect();
        failure.error(&format!("can't connect to {}", hosts.join(", ")), advice)
    }

    /// Tries the hosts one after another. The failure of the last one speaks for all, unless a server answered.
    pub fn connect(&self) -> Attempt<Client> {
        let count = self.hosts.len();
        let first = if self.shuffle && count > 1 { random_below(count) } else { 0 };
        let mut refused: Option<Failure> = None;
        for index in 0..count {
            let host = &self.hosts[(first + index) % count];
            match self.connect_to(host) {
                Ok(client) => return Ok(client),
                Err(mut failure) => {
                    if count > 1 {
                        failure.text = format!("{}: {}", host.address, failure.text);
                    }
                    if refused.as_ref().is_none_or(|earlier| earlier.sqlstate.is_none()) {
                        refused = Some(failure);
                    }
                }
            }
        }
        Err(refused.unwrap_or_else(|| Failure::outage("the url names no host")))
    }

    fn connect_to(&self, host: &Host) -> Attempt<Client> {
        let mut config = self.config.clone();
        config.port(host.address.port());
        match &host.address {
            settings::Host::Tcp { name, .. } => config.host(name),
            settings::Host::Unix { directory, .. } => {
                // Nobody listens in between, and the server speaks no TLS there, whatever sslmode says.
                config.host_path(directory);
                return self.dial(host, config, DriverSslMode::Disable);
            }
        };
        match self.ssl_mode {
            SslMode::Disable => self.dial(host, config, DriverSslMode::Disable),
            // 28000: pg_hba.conf has no entry for a connection with, or without, encryption.
            SslMode::Prefer => match self.dial(host, config.clone(), DriverSslMode::Prefer) {
                // Refused both ways: what was said to the way that is preferred says more.
                Err(failure) if failure.is("28000") => match self.dial(host, config, DriverSslMode::Disable) {
                    Err(plain) if plain.is("28000") => Err(failure),
                    result => result,
                },
                result => result,
            },
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                self.dial(host, config, DriverSslMode::Require)
            }
            SslMode::Allow => match self.dial(host, config.clone(), DriverSslMode::Disable) {
                Err(failure) if failure.is("28000") => self.dial(host, config, DriverSslMode::Require),
                result => result,
            },
        }
    }

    /// The driver's own time-out ends with the TCP connection, and its attempt can't be called off: one at a server that
    /// accepts and then is silent is left behind with its thread.
    fn dial(&self, host: &Host, mut config: Config, ssl_mode: DriverSslMode) -> Attempt<Client> {
        if let Some(client) = host.late() {
            return Ok(client);
        }
        if let Some(dial) = host.oldest_of_too_many() {
            match dial.recv_timeout(self.timeout) {
                Ok(Ok(client)) => return Ok(client),
                Err(RecvTimeoutError::Timeout) => return Err(self.no_answer(host, dial)),
                // What went wrong with that one says nothing about now.
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {}
            }
        }
        config.ssl_mode(ssl_mode);
        let tls = self.tls.clone();
        let (sender, dial) = mpsc::channel();
        let spawned = thread::Builder::new().name("vecsink-connect".into()).spawn(move || {
            let _ = sender.send(tls.connect(&config));
        });
        if let Err(error) = spawned {
            return Err(Failure::outage(format!("no thread to connect with: {error}")));
        }
        match dial.recv_timeout(self.timeout) {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => Err(Failure::new(&error, During::Connect)),
            Err(RecvTimeoutError::Timeout) => Err(self.no_answer(host, dial)),
            Err(RecvTimeoutError::Disconnected) => Err(Failure::outage("the thread that connects has failed")),
        }
    }

    fn no_answer(&self, host: &Host, dial: Dial) -> Failure {
        host.unanswered.lock().push_back(dial);
        Failure::outage(format!("no answer within {:.1} s", self.timeout.as_secs_f64()))
    }
}

/// A connection attempt in a thread of its own.
type Dial = Receiver<std::result::Result<Client, postgres::Error>>;

struct Host {
    address: settings::Host,
    /// Attempts that didn't end in time, the oldest first.
    unanswered: Mutex<VecDeque<Dial>>,
}

impl Host {
    /// A connection that came too late for whoever asked for it. Attempts that have failed since are forgotten.
    fn late(&self) -> Option<Client> {
        let mut found = None;
        self.unanswered.lock().retain(|dial| {
            if found.is_some() {
                return true;
            }
            match dial.try_recv() {
                Ok(Ok(client)) => {
                    found = Some(client).filter(|client| !client.is_closed());
                    false
                }
                Ok(Err(_)) | Err(TryRecvError::Disconnected) => false,
                Err(TryRecvError::Empty) => true,
            }
        });
        found
    }

    /// To wait for instead of for one more.
    fn oldest_of_too_many(&self) -> Option<Dial> {
        let mut unanswered = self.unanswered.lock();
        if unanswered.len() < MOST_UNANSWERED { None } else { unanswered.pop_front() }
    }
}

fn random_below(count: usize) -> usize {
    use std::hash::BuildHasher;
    std::hash::RandomState::new().hash_one(count) as usize % count
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::settings::Password;

    fn connection(hosts: &[u16]) -> Connection {
        Connection {
            hosts: hosts.iter().map(|port| settings::Host::tcp("127.0.0.1", *port)).collect(),
            database: "d".to_owned(),
            user: "u".to_owned(),
            password: Password::new("p"),
            ssl_mode: SslMode::Disable,
            ssl_root_cert: None,
            ssl_cert: None,
            ssl_key: None,
            ssl_password: None,
            connect_timeout: Duration::from_millis(30),
            socket_timeout: None,
            application_name: None,
            current_schema: None,
            options: None,
            primary_only: false,
            load_balance_hosts: false,
        }
    }

    fn waiting(listener: &TcpListener) -> Vec<TcpStream> {
        std::iter::from_fn(|| match listener.accept() {
            Ok((stream, _)) => Some(stream),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        })
        .collect()
    }

    #[test]
    fn a_silent_server_is_asked_by_few_threads_and_again_once_they_fail() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let connector = Connector::new(&connection(&[listener.local_addr().unwrap().port()]), "test").unwrap();
        let connect = || connector.connect().err().expect("nobody answers").text;
        for _ in 0..3 * MOST_UNANSWERED {
            assert!(connect().contains("no answer within"));
        }
        let mut accepted = waiting(&listener);
        assert_eq!(accepted.len(), MOST_UNANSWERED);
        accepted.clear();
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while accepted.is_empty() {
            assert!(std::time::Instant::now() < deadline, "nobody dials anew");
            connect();
            accepted = waiting(&listener);
        }
    }

    #[test]
    fn a_dead_peer_is_noticed_whatever_the_url_says() {
        let connector = Connector::new(&connection(&[1]), "test").unwrap();
        assert!(connector.config.get_keepalives());
        assert_eq!(connector.config.get_keepalives_idle(), KEEPALIVE_IDLE);
        assert_eq!(connector.config.get_keepalives_interval(), Some(KEEPALIVE_INTERVAL));
        assert_eq!(connector.config.get_tcp_user_timeout(), Some(&USER_TIMEOUT));
        let impatient = Connection { socket_timeout: Some(Duration::from_secs(5)), ..connection(&[1]) };
        let connector = Connector::new(&impatient, "test").unwrap();
        assert_eq!(connector.config.get_tcp_user_timeout(), Some(&Duration::from_secs(5)));
    }

    #[test]
    fn only_of_several_hosts_a_writable_one_is_looked_for() {
        let attributes =
            |connection: &Connection| Connector::new(connection, "test").unwrap().config.get_target_session_attrs();
        assert_eq!(attributes(&connection(&[1])), TargetSessionAttrs::Any);
        assert_eq!(attributes(&connection(&[1, 2])), TargetSessionAttrs::ReadWrite);
        let primary = Connection { primary_only: true, ..connection(&[1]) };
        assert_eq!(attributes(&primary), TargetSessionAttrs::ReadWrite);
    }
}
