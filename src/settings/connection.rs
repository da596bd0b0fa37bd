//! How to reach the database.

use std::path::PathBuf;
use std::time::Duration;

use super::Password;

/// How to reach the database: the JDBC URL and the options that override it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Tried in order.
    pub hosts: Vec<(String, u16)>,
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
    /// `currentSchema`, the session's search_path.
    pub current_schema: Option<String>,
    /// `options`: command-line options of the session.
    pub options: Option<String>,
    pub tcp_keep_alive: bool,
    /// `targetServerType` = primary: only a server that takes writes.
    pub primary_only: bool,
    pub load_balance_hosts: bool,
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
