//! From settings to an open connection: hosts, deadlines, login.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use postgres::config::{SslMode as DriverSslMode, TargetSessionAttrs};
use postgres::{Client, Config};

use super::classify::During;
use super::failure::Failure;
use super::tls::Tls;
use crate::error::Result;
use crate::settings::{Connection, SslMode};

/// How long a peer may be silent before the kernel asks whether it still is there, how often it asks, and how many times.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long what was sent may stay unacknowledged. Longer than our `lock_timeout`: Linux also counts the time in which the
/// server is there but takes nothing more, as it does while it waits for a lock.
const USER_TIMEOUT: Duration = Duration::from_secs(75);

/// Opens connections. Everything in it has been checked once; a connection only needs the network.
pub struct Connector {
    hosts: Vec<(String, u16)>,
    shuffle: bool,
    ssl_mode: SslMode,
    timeout: Duration,
    config: Config,
    tls: Tls,
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
        Ok(Connector {
            hosts: connection.hosts.clone(),
            shuffle: connection.load_balance_hosts,
            ssl_mode: connection.ssl_mode,
            timeout: connection.connect_timeout,
            config,
            tls: Tls::new(connection)?,
        })
    }

    /// `host:port, host2:port2`, for messages.
    pub fn hosts(&self) -> String {
        self.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect::<Vec<_>>().join(", ")
    }

    /// Tries the hosts one after another. The failure of the last one speaks for all, unless a server answered.
    pub fn connect(&self) -> std::result::Result<Client, Failure> {
        let count = self.hosts.len();
        let first = if self.shuffle && count > 1 { random_below(count) } else { 0 };
        let mut refused: Option<Failure> = None;
        for index in 0..count {
            let (host, port) = &self.hosts[(first + index) % count];
            match self.connect_to(host, *port) {
                Ok(client) => return Ok(client),
                Err(mut failure) => {
                    if count > 1 {
                        failure.text = format!("{host}:{port}: {}", failure.text);
                    }
                    if refused.as_ref().is_none_or(|earlier| earlier.sqlstate.is_none()) {
                        refused = Some(failure);
                    }
                }
            }
        }
        Err(refused.unwrap_or_else(|| Failure::outage("the url names no host")))
    }

    fn connect_to(&self, host: &str, port: u16) -> std::result::Result<Client, Failure> {
        let mut config = self.config.clone();
        config.host(host).port(port);
        match self.ssl_mode {
            SslMode::Disable => self.dial(config, DriverSslMode::Disable),
            // 28000: pg_hba.conf has no entry for a connection with, or without, encryption.
            SslMode::Prefer => match self.dial(config.clone(), DriverSslMode::Prefer) {
                Err(failure) if failure.is("28000") => self.dial(config, DriverSslMode::Disable),
                result => result,
            },
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => self.dial(config, DriverSslMode::Require),
            SslMode::Allow => match self.dial(config.clone(), DriverSslMode::Disable) {
                Err(failure) if failure.is("28000") => self.dial(config, DriverSslMode::Require),
                result => result,
            },
        }
    }

    /// The driver's own time-out ends with the TCP connection. A server that accepts and then is silent is left behind
    /// with its thread.
    fn dial(&self, mut config: Config, ssl_mode: DriverSslMode) -> std::result::Result<Client, Failure> {
        config.ssl_mode(ssl_mode);
        let tls = self.tls.clone();
        let (sender, receiver) = mpsc::channel();
        let spawned = thread::Builder::new().name("vecsink-connect".into()).spawn(move || {
            let _ = sender.send(tls.connect(&config));
        });
        if let Err(error) = spawned {
            return Err(Failure::outage(format!("no thread to connect with: {error}")));
        }
        match receiver.recv_timeout(self.timeout) {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => Err(Failure::new(&error, During::Connect)),
            Err(_) => Err(Failure::outage(format!("no answer within {:.1} s", self.timeout.as_secs_f64()))),
        }
    }
}

fn random_below(count: usize) -> usize {
    use std::hash::BuildHasher;
    std::hash::RandomState::new().hash_one(count) as usize % count
}
