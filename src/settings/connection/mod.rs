//! How the database is reached.

mod jdbc_url;
mod postgresql_url;
mod url_parts;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use self::url_parts::Findings;
use crate::settings::Password;

/// How the database is reached: the URL and the options that override it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The hosts are tried in this order.
    pub hosts: Vec<Host>,
    pub database: String,
    pub user: String,
    pub password: Password,
    pub ssl_mode: SslMode,
    pub ssl_root_cert: Option<PathBuf>,
    pub ssl_cert: Option<PathBuf>,
    pub ssl_key: Option<PathBuf>,
    pub ssl_password: Option<Password>,
    pub connect_timeout: Duration,
    /// `None`: no limit.
    pub socket_timeout: Option<Duration>,
    pub application_name: Option<String>,
    /// `currentSchema`: the session's search_path.
    pub current_schema: Option<String>,
    /// `options`: command-line options of the session.
    pub options: Option<String>,
    /// `targetServerType` = primary: only a server that takes writes is used.
    pub primary_only: bool,
    pub load_balance_hosts: bool,
}

/// The defaults of the JDBC driver.
impl Default for Connection {
    fn default() -> Self {
        Connection {
            hosts: Vec::new(),
            database: String::new(),
            user: String::new(),
            password: Password::new(""),
            ssl_mode: SslMode::Prefer,
            ssl_root_cert: None,
            ssl_cert: None,
            ssl_key: None,
            ssl_password: None,
            connect_timeout: Duration::from_secs(10),
            socket_timeout: None,
            application_name: None,
            current_schema: None,
            options: None,
            primary_only: false,
            load_balance_hosts: false,
        }
    }
}

impl Connection {
    /// Reads a URL. If there are errors, the connection is only used to check other options.
    pub(crate) fn from_url(url: &str) -> (Connection, Findings) {
        if let Some(rest) = postgresql_url::PREFIXES.iter().find_map(|prefix| url.strip_prefix(prefix)) {
            return postgresql_url::parse(rest);
        }
        let prefix = jdbc_url::PREFIX;
        match url.strip_prefix(prefix) {
            Some(rest) => jdbc_url::parse(rest),
            None => {
                let error = format!("must start with {prefix}, as in {prefix}host:5432/database");
                (Connection::default(), Findings { errors: vec![error], notices: Vec::new() })
            }
        }
    }
}

/// The address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    Tcp {
        name: String,
        port: u16,
    },
    /// A Unix socket: its directory, and the port at the end of its name.
    Unix {
        directory: PathBuf,
        port: u16,
    },
}

impl Host {
    /// A server that is reached by TCP.
    #[cfg(any(test, feature = "internals"))]
    pub fn tcp(name: impl Into<String>, port: u16) -> Self {
        Host::Tcp { name: name.into(), port }
    }

    pub fn unix(directory: impl Into<PathBuf>, port: u16) -> Self {
        Host::Unix { directory: directory.into(), port }
    }
}

/// `db.example:5432`, `[::1]:5432`, `/run/postgresql/.s.PGSQL.5432`.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Tcp { name, port } if name.contains(':') => write!(f, "[{name}]:{port}"),
            Host::Tcp { name, port } => write!(f, "{name}:{port}"),
            Host::Unix { directory, port } => {
                write!(f, "{}", directory.join(format!(".s.PGSQL.{port}")).display())
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}
