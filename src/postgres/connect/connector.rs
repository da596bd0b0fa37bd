//! From settings to an open connection: hosts, deadlines, login.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use parking_lot::Mutex;
use tokio_postgres::config::SslMode as DriverSslMode;
use tokio_postgres::{Config, SimpleQueryMessage};

use super::classify::During;
use super::driver::connect::connect;
use super::driver::life::{Cancel, Life, Pulse};
use super::driver::socket::Address;
use super::driver::{Client, Error as DriverError};
use super::failure::AttemptError;
use super::tls::Tls;
use crate::error::{Error, Result};
use crate::postgres::connect::driver::wait_limit::{Deadline, SLICE, WaitLimit};
use crate::postgres::connect::failure::Attempt;
use crate::settings::{self, Connection, SslMode};
use crate::threads;

/// How long sent bytes may stay unacknowledged. Longer than our `lock_timeout`: Linux also counts the time in which the
/// server is reachable but reads nothing, which is so while it waits for a lock.
const USER_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a server may be silent while a session waits. Then it is asked whether it is alive.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a request to cancel a statement may take.
const CANCEL: Duration = Duration::from_secs(2);
/// Neither `silence` nor `answer_within` of a [`Dialer`] is shorter, however short an outage may be.
const LEAST: Duration = Duration::from_millis(500);

/// Opens connections. Everything in it has been checked once; a connection only needs the network.
pub struct Connector {
    hosts: Vec<Arc<ResolvedHost>>,
    shuffle: bool,
    dialer: Arc<Dialer>,
    /// Whether the client has a certificate for a server that asks for one.
    has_certificate: bool,
}

/// What the connections to all hosts have in common.
struct Dialer {
    ssl_mode: SslMode,
    timeout: Duration,
    user_timeout: Duration,
    config: Config,
    tls: Tls,
    /// Whether a server that takes no writes is passed over: after a fail-over the first host may be a standby.
    writable_only: bool,
    /// How long a server may be silent before it is asked whether it is alive.
    silence: Duration,
    /// How long its answer to that may take.
    answer_within: Duration,
    max_outage: Option<Duration>,
}

impl Connector {
    /// `max_outage`: how long the database may be away before the job stops.
    pub fn new(connection: &Connection, application_name: &str, max_outage: Option<Duration>) -> Result<Self> {
        let mut config = Config::new();
        config
            .user(&connection.user)
            .password(connection.password.reveal())
            .dbname(&connection.database)
            .application_name(application_name);
        if let Some(options) = &connection.options {
            config.options(options);
        }
        let silence = max_outage.map_or(SILENCE, |longest| SILENCE.min(longest / 2)).max(LEAST);
        let answer_within = max_outage.map_or(Duration::MAX, |longest| longest.saturating_sub(silence)).max(LEAST);
        let host = |address: &settings::Host| Arc::new(ResolvedHost::new(address.clone()));
        Ok(Connector {
            hosts: connection.hosts.iter().map(host).collect(),
            shuffle: connection.load_balance_hosts,
            has_certificate: connection.ssl_key.is_some(),
            dialer: Arc::new(Dialer {
                ssl_mode: connection.ssl_mode,
                timeout: connection.connect_timeout,
                user_timeout: connection.socket_timeout.map_or(USER_TIMEOUT, |timeout| timeout.min(USER_TIMEOUT)),
                config,
                tls: Tls::new(connection)?,
                writable_only: connection.primary_only || connection.hosts.len() > 1,
                silence,
                answer_within: answer_within.min(connection.connect_timeout),
                max_outage,
            }),
        })
    }

    /// How long it may take until one of the hosts has answered: the connect time-outs of all of them.
    pub fn timeout(&self) -> Duration {
        self.dialer.timeout.saturating_mul(u32::try_from(self.hosts.len()).unwrap_or(u32::MAX))
    }

    fn addresses(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(|host| host.address.to_string()).collect();
        hosts.join(", ")
    }

    /// The error of an opening through a pooler that allows no transactions.
    pub fn pools_statements(&self) -> Error {
        Error::target(format!(
            "the pooler at {} allows no transactions (statement pooling: PgBouncer's pool_mode = statement), and without them \
             rows could be lost or written twice; use the server's own address, or set pool_mode to session or transaction for \
             this user",
            self.addresses()
        ))
    }

    /// The error of an opening that gets no connection.
    pub fn unreachable(&self, failure: &AttemptError) -> Error {
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
            // The server may close the connection without an error message.
            _ if self.has_certificate => {
                "check the url, that the server runs and can be reached from here, and that it trusts the authority that \
                 signed sslcert"
            }
            _ => "check the url, and that the server runs and can be reached from here",
        };
        failure.error(&format!("can't connect to {}", self.addresses()), advice)
    }

    /// Tries the hosts one after another. If all fail, the result is the first error that a server sent, or else that of the last
    /// host.
    pub fn connect(&self, wait_limit: &WaitLimit) -> Attempt<Client> {
        threads::waits_for("the database");
        let count = self.hosts.len();
        let first = if self.shuffle && count > 1 { random_below(count) } else { 0 };
        let mut failed: Option<AttemptError> = None;
        for index in 0..count {
            let host = &self.hosts[(first + index) % count];
            match self.dialer.connect_to(host, &wait_limit.at_most(self.dialer.timeout)) {
                Ok(client) => return Ok(client),
                Err(mut failure) => {
                    if count > 1 {
                        failure.text = format!("{}: {}", host.address, failure.text);
                    }
                    if failed.as_ref().is_none_or(|earlier| earlier.sqlstate.is_none()) {
                        failed = Some(failure);
                    }
                }
            }
        }
        Err(failed.unwrap_or_else(|| AttemptError::outage("the url names no host")))
    }
}

impl Dialer {
    /// Tries the host's addresses one after another, each with its share of the time that is left.
    fn connect_to(self: &Arc<Self>, host: &Arc<ResolvedHost>, wait_limit: &WaitLimit) -> Attempt<Client> {
        let addresses = host.addresses(wait_limit).map_err(|error| AttemptError::new(&error, During::Connect))?;
        let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        let mut failed: Option<AttemptError> = None;
        for (address, left) in addresses.into_iter().zip((1..=count).rev()) {
            let share = match wait_limit.slice(Duration::MAX) {
                Ok(time) if left > 1 => wait_limit.at_most(time / left),
                _ => wait_limit.clone(),
            };
            match self.connect_at(host, &address, &share) {
                Ok(mut client) => {
                    let pulse = self.pulse(host, address, &client);
                    client.set_pulse(pulse);
                    return Ok(client);
                }
                Err(failure) => {
                    if failed.as_ref().is_none_or(|earlier| earlier.sqlstate.is_none()) {
                        failed = Some(failure);
                    }
                }
            }
        }
        Err(failed.unwrap_or_else(|| AttemptError::outage(format!("{} has no address", host.address))))
    }

    fn connect_at(&self, host: &ResolvedHost, address: &Address, wait_limit: &WaitLimit) -> Attempt<Client> {
        let dial = |ssl_mode| {
            let client = self.dial(host, address, ssl_mode, wait_limit);
            client.map_err(|error| AttemptError::new(&error, During::Connect))
        };
        // Nobody can listen in on a Unix socket, and the server offers no TLS there, whatever sslmode says.
        if matches!(address, Address::Unix(_)) {
            return dial(DriverSslMode::Disable);
        }
        match self.ssl_mode {
            SslMode::Disable => dial(DriverSslMode::Disable),
            // 28000: pg_hba.conf has no entry for a connection with, or without, encryption.
            SslMode::Prefer => match dial(DriverSslMode::Prefer) {
                // Refused both ways: the answer to the preferred way says more.
                Err(failure) if failure.is("28000") => match dial(DriverSslMode::Disable) {
                    Err(plain) if plain.is("28000") => Err(failure),
                    result => result,
                },
                result => result,
            },
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => dial(DriverSslMode::Require),
            SslMode::Allow => match dial(DriverSslMode::Disable) {
                Err(failure) if failure.is("28000") => dial(DriverSslMode::Require),
                result => result,
            },
        }
    }

    fn dial(
        &self,
        host: &ResolvedHost,
        address: &Address,
        ssl_mode: DriverSslMode,
        wait_limit: &WaitLimit,
    ) -> std::result::Result<Client, DriverError> {
        let socket = connect(address, self.user_timeout, wait_limit)?;
        let mut config = self.config.clone();
        config.ssl_mode(ssl_mode);
        let mut client = match ssl_mode {
            DriverSslMode::Disable => Tls::Off.log_in(socket, &config, host.name(), wait_limit)?,
            _ => self.tls.log_in(socket, &config, host.name(), wait_limit)?,
        };
        if self.writable_only {
            let answer = client.simple_query("SHOW transaction_read_only")?;
            let is_on =
                |part: &SimpleQueryMessage| matches!(part, SimpleQueryMessage::Row(row) if row.get(0) == Some("on"));
            if answer.iter().any(is_on) {
                return Err(DriverError::Unfit("the server takes no writes: it is a standby, or read-only"));
            }
        }
        Ok(client)
    }

    /// How a session at this address learns whether its server is alive: by another login there.
    fn pulse(self: &Arc<Self>, host: &Arc<ResolvedHost>, address: Address, client: &Client) -> Pulse {
        let process = client.process_id();
        let cancel = self.cancel(host, address.clone(), client);
        let (dialer, asked, life) = (Arc::clone(self), Arc::clone(host), host.life_at(&address));
        let question = move |wait_limit: &WaitLimit| {
            let ssl_mode = match dialer.ssl_mode {
                _ if matches!(address, Address::Unix(_)) => DriverSslMode::Disable,
                SslMode::Disable | SslMode::Allow => DriverSslMode::Disable,
                SslMode::Prefer => DriverSslMode::Prefer,
                _ => DriverSslMode::Require,
            };
            let answer = dialer.dial(&asked, &address, ssl_mode, wait_limit).and_then(|mut client| {
                client.set_wait_limit(wait_limit.clone());
                match process {
                    Some(process) => event_of(&mut client, process),
                    None => client.batch_execute("SELECT 1").map(|()| None),
                }
            });
            match answer {
                // An error that the server sends is a sign of life, too. It may have too many connections, or lack a column of
                // the query, which is new in PostgreSQL 9.6.
                Err(error) if error.as_db_error().is_some() => Ok(None),
                Err(DriverError::Unfit(_)) => Ok(None),
                answer => answer,
            }
        };
        let question = Arc::new(question);
        Pulse { life, question, cancel, silence: self.silence, allowed: self.answer_within, longest: self.max_outage }
    }

    /// How the server at this address is asked to cancel what the client's session does: over another connection, as the
    /// protocol demands.
    fn cancel(self: &Arc<Self>, host: &Arc<ResolvedHost>, address: Address, client: &Client) -> Arc<Cancel> {
        let (dialer, host, token) = (Arc::clone(self), Arc::clone(host), client.cancel_token());
        Arc::new(move || {
            let wait_limit = WaitLimit::until(Deadline::after(CANCEL.min(dialer.timeout)));
            let socket = connect(&address, dialer.user_timeout, &wait_limit)?;
            dialer.tls.cancel(socket, &token, host.name(), &wait_limit)
        })
    }
}

/// What a process of the server waits for, unless it waits for its client.
fn event_of(client: &mut Client, process: i32) -> std::result::Result<Option<String>, DriverError> {
    let answer = client.simple_query(&format!(
        "SELECT wait_event_type || ' ' || wait_event FROM pg_catalog.pg_stat_activity
         WHERE pid = {process} AND wait_event_type <> 'Client'"
    ))?;
    Ok(answer.iter().find_map(|part| match part {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}

/// The result of looking up a name.
type Lookup = std::io::Result<Vec<SocketAddr>>;

#[derive(Debug)]
struct ResolvedHost {
    address: settings::Host,
    /// The signs of life of the server at each of its addresses.
    lives: Mutex<Vec<(Address, Arc<Life>)>>,
    /// A look-up of the name that no thread waits for any more. It can't be cancelled, so the next one waits for its result.
    lookup: Mutex<Option<Receiver<Lookup>>>,
}

impl ResolvedHost {
    fn new(address: settings::Host) -> ResolvedHost {
        ResolvedHost { address, lives: Mutex::default(), lookup: Mutex::default() }
    }

    /// The name that its certificate must have.
    fn name(&self) -> &str {
        match &self.address {
            settings::Host::Tcp { name, .. } => name,
            settings::Host::Unix { .. } => "localhost",
        }
    }

    fn life_at(&self, address: &Address) -> Arc<Life> {
        let mut lives = self.lives.lock();
        if let Some((_, life)) = lives.iter().find(|(other, _)| other == address) {
            return Arc::clone(life);
        }
        let life = Arc::default();
        lives.push((address.clone(), Arc::clone(&life)));
        life
    }

    fn addresses(&self, wait_limit: &WaitLimit) -> std::result::Result<Vec<Address>, DriverError> {
        match &self.address {
            settings::Host::Unix { directory, port } => {
                Ok(vec![Address::Unix(directory.join(format!(".s.PGSQL.{port}")))])
            }
            settings::Host::Tcp { name, port } => match name.parse::<IpAddr>() {
                Ok(address) => Ok(vec![Address::Tcp(SocketAddr::new(address, *port))]),
                Err(_) => Ok(self.look_up(name, *port, wait_limit)?.into_iter().map(Address::Tcp).collect()),
            },
        }
    }

    /// Asks the system for the name's addresses, in a thread of its own: the system's call has no deadline.
    fn look_up(
        &self,
        name: &str,
        port: u16,
        wait_limit: &WaitLimit,
    ) -> std::result::Result<Vec<SocketAddr>, DriverError> {
        let earlier = self.lookup.lock().take();
        let answer = match earlier {
            Some(answer) => answer,
            None => {
                let (sender, answer) = mpsc::channel();
                let name = name.to_owned();
                threads::spawn("vecsink look-up", move || {
                    let _ = sender.send((name.as_str(), port).to_socket_addrs().map(Iterator::collect));
                })?;
                answer
            }
        };
        loop {
            let slice = match wait_limit.slice(SLICE) {
                Ok(slice) => slice,
                Err(error) => {
                    *self.lookup.lock() = Some(answer);
                    return Err(error);
                }
            };
            match answer.recv_timeout(slice) {
                Ok(found) => return Ok(found?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other("the thread that looks up the host's addresses has failed").into());
                }
            }
        }
    }
}

fn random_below(count: usize) -> usize {
    use std::hash::BuildHasher;
    std::hash::RandomState::new().hash_one(count) as usize % count
}

#[cfg(test)]
#[path = "connector_tests.rs"]
mod tests;
