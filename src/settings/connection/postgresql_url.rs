//! `postgresql://[user[:password]@]host[:port][,…][/database][?parameter=value&…]`, as libpq reads it. Messages never
//! repeat a part of the URL that could contain a password.
//!
//! The PostgreSQL driver can read such URLs too. But it refuses parameters of libpq that it doesn't know (`sslrootcert`,
//! `passfile`, `sslmode=verify-full`), stops at the first error, and its errors quote names, which may be a part of a
//! password. Besides, the folder `settings` must not use a driver.

use std::time::Duration;

use super::url_parts::{
    Findings, keepalive_notice, label, name_and_port, parse_ssl_mode, percent_decode, port, set_parameter, tcp_name,
    unknown,
};
use crate::options::value_types::integer;
use crate::settings::{Connection, Host, Password};

pub const PREFIXES: [&str; 2] = ["postgresql://", "postgres://"];

/// The parameters of libpq that have an effect, and the JDBC driver's names for them.
const HONOURED: &[(&str, &str)] = &[
    ("user", "user"),
    ("password", "password"),
    ("sslrootcert", "sslrootcert"),
    ("sslcert", "sslcert"),
    ("sslkey", "sslkey"),
    ("sslpassword", "sslpassword"),
    ("connect_timeout", "connectTimeout"),
    ("application_name", "ApplicationName"),
    ("options", "options"),
];
const OWN: &[&str] = &[
    "sslmode",
    "dbname",
    "host",
    "port",
    "keepalives",
    "target_session_attrs",
    "load_balance_hosts",
    "hostaddr",
    "service",
    "servicefile",
];
const WITHOUT_EFFECT: &[&str] = &[
    "channel_binding",
    "client_encoding",
    "fallback_application_name",
    "gssencmode",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "sslcompression",
    "sslnegotiation",
    "sslsni",
    "tcp_user_timeout",
];

/// Reads the URL after its prefix. If there are errors, the connection is only used to check other options.
pub fn parse(rest: &str) -> (Connection, Findings) {
    let mut connection = Connection::default();
    let mut findings = Findings::default();
    let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = address.split_once('/').unwrap_or((address, ""));
    let (login, authority) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    for (part, text) in [("user", user), ("password", password), ("database", database)] {
        match (percent_decode(text, false), part) {
            (Some(text), "user") => connection.user = text,
            (Some(text), "password") => connection.password = Password::new(text),
            (Some(text), _) => connection.database = text,
            (None, part) => findings.errors.push(format!("has a {part} with a broken %-escape")),
        }
    }
    let (mut names, mut ports) = addresses(authority).unwrap_or_else(|message| {
        findings.errors.push(message);
        (Vec::new(), Vec::new())
    });
    for (number, parameter) in (1..).zip(parameters.split('&').filter(|parameter| !parameter.is_empty())) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let Some(value) = percent_decode(value, false) else {
            findings.errors.push(format!("has a broken %-escape in {}", shown(name, number)));
            continue;
        };
        let set = match name {
            "host" => {
                names = value.split(',').map(str::to_string).collect();
                Ok(())
            }
            "port" => {
                ports = value.split(',').map(str::to_string).collect();
                Ok(())
            }
            "dbname" => {
                connection.database = value;
                Ok(())
            }
            "sslmode" => parse_ssl_mode(&value).map(|mode| connection.ssl_mode = mode),
            "keepalives" => {
                integer(&value, 0, 1).map(|on| findings.notices.extend((on == 0).then(|| keepalive_notice(name))))
            }
            "target_session_attrs" => writable(&value).map(|primary| connection.primary_only = primary),
            "load_balance_hosts" => balanced(&value).map(|random| connection.load_balance_hosts = random),
            // If these were ignored, another server would get the rows.
            "hostaddr" => Err("isn't supported: give the address as the host".into()),
            "service" | "servicefile" => {
                Err("isn't supported: write the settings of the service file into the url".into())
            }
            _ => match HONOURED.iter().find(|(own, _)| *own == name) {
                Some((_, jdbc)) => set_parameter(&mut connection, jdbc, value),
                None => {
                    if !WITHOUT_EFFECT.contains(&name) {
                        findings.notices.push(unknown(name, number, known()));
                    }
                    Ok(())
                }
            },
        };
        if let Err(message) = set {
            findings.errors.push(format!("has a {} that {message}", shown(name, number)));
        }
    }
    match hosts(&names, &ports) {
        Ok(hosts) => connection.hosts = hosts,
        Err(message) => findings.errors.push(message),
    }
    if connection.database.is_empty() {
        // The default database is the user's name, as in libpq.
        connection.database.clone_from(&connection.user);
    }
    connection.connect_timeout = connection.connect_timeout.max(Duration::from_secs(1));
    (connection, findings)
}

/// The hosts and ports before the database. The parameters `host` and `port` replace them.
fn addresses(authority: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for address in authority.split(',') {
        let (name, port) = name_and_port(address)?;
        names.push(percent_decode(name, false).ok_or("has a host with a broken %-escape")?);
        ports.push(port.unwrap_or_default().to_string());
    }
    Ok((names, ports))
}

/// There is one port for all hosts, or one for each.
fn hosts(names: &[String], ports: &[String]) -> Result<Vec<Host>, String> {
    if ports.len() > 1 && ports.len() != names.len() {
        return Err(format!(
            "names {} hosts and {} ports; give one port for all, or one for each",
            names.len(),
            ports.len()
        ));
    }
    let ports = ports.iter().cycle().take(names.len());
    names.iter().zip(ports).map(|(name, port)| host(name.trim(), self::port(port.trim())?)).collect()
}

/// A host. If the name is a path, it is the directory of a Unix socket.
fn host(name: &str, port: u16) -> Result<Host, String> {
    if name.starts_with('/') {
        return Ok(Host::unix(name, port));
    }
    if name.starts_with('@') {
        return Err(
            "names a Unix socket in Linux's abstract namespace, which is not supported; name the directory of \
                    the server's socket"
                .into(),
        );
    }
    Ok(Host::Tcp { name: tcp_name(name)?, port })
}

fn writable(text: &str) -> Result<bool, String> {
    match text {
        "any" | "prefer-standby" => Ok(false),
        "read-write" | "primary" => Ok(true),
        "read-only" | "standby" => Err("asks for a standby server; rows can only be written to a primary".into()),
        _ => Err("must be any, read-write or primary".into()),
    }
}

fn balanced(text: &str) -> Result<bool, String> {
    match text {
        "disable" => Ok(false),
        "random" => Ok(true),
        _ => Err("must be disable or random".into()),
    }
}

fn known() -> impl Iterator<Item = &'static str> + Clone {
    HONOURED.iter().map(|(name, _)| *name).chain(OWN.iter().copied()).chain(WITHOUT_EFFECT.iter().copied())
}

fn shown(name: &str, number: usize) -> String {
    label(name, number, known())
}
