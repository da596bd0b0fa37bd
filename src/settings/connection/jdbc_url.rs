//! `jdbc:postgresql://host[:port][,…]/database[?parameter=value&…]`. Messages never repeat a part of the URL that could
//! contain a password.

use std::time::Duration;

use super::url_parts::{
    Findings, flag, keepalive_notice, label, name_and_port, parse_ssl_mode, percent_decode, port, seconds,
    set_parameter, tcp_name, unknown,
};
use crate::settings::{Connection, Host, SslMode};

pub const PREFIX: &str = "jdbc:postgresql://";

const HONOURED: &[&str] = &[
    "sslmode",
    "ssl",
    "sslfactory",
    "user",
    "password",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "connectTimeout",
    "loginTimeout",
    "socketTimeout",
    "ApplicationName",
    "currentSchema",
    "options",
    "tcpKeepAlive",
    "loadBalanceHosts",
    "targetServerType",
];

/// Parameters of the JDBC driver that have no effect on writing rows.
const WITHOUT_EFFECT: &[&str] = &[
    "stringtype",
    "reWriteBatchedInserts",
    "prepareThreshold",
    "preparedStatementCacheQueries",
    "preparedStatementCacheSizeMiB",
    "preferQueryMode",
    "binaryTransfer",
    "binaryTransferEnable",
    "binaryTransferDisable",
    "defaultRowFetchSize",
    "databaseMetadataCacheFields",
    "databaseMetadataCacheFieldsMiB",
    "disableColumnSanitiser",
    "assumeMinServerVersion",
    "autosave",
    "cancelSignalTimeout",
    "cleanupSavepoints",
    "hostRecheckSeconds",
    "loggerLevel",
    "loggerFile",
    "logUnclosedConnections",
    "logServerErrorDetail",
    "maxResultBuffer",
    "receiveBufferSize",
    "sendBufferSize",
    "readOnly",
    "readOnlyMode",
    "tcpNoDelay",
    "unknownLength",
    "useUnicode",
    "characterEncoding",
    "charSet",
    "escapeSyntaxCallMode",
    "gssEncMode",
    "sslResponseTimeout",
    "adaptiveFetch",
    "quoteReturningIdentifiers",
    "allowEncodingChanges",
];

/// Reads the URL after its prefix. If there are errors, the connection is only used to check other options.
pub fn parse(rest: &str) -> (Connection, Findings) {
    let mut connection = Connection::default();
    let mut findings = Findings::default();
    let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = address.split_once('/').unwrap_or((address, ""));
    match hosts(authority) {
        Ok(hosts) => connection.hosts = hosts,
        Err(message) => findings.errors.push(message),
    }
    match percent_decode(database, true) {
        Some(database) if !database.is_empty() => connection.database = database,
        Some(_) => findings.errors.push("must name the database: jdbc:postgresql://host:5432/database".into()),
        None => findings.errors.push("has a database name with a broken %-escape".into()),
    }
    let mut ssl = false;
    let mut ssl_mode = None;
    let mut login_limit = None;
    let mut validates = true;
    let parameters = parameters.split('&').filter(|parameter| !parameter.is_empty());
    for (number, parameter) in (1..).zip(parameters) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let Some(value) = percent_decode(value, true) else {
            findings.errors.push(format!("has a broken %-escape in {}", label(name, number, known())));
            continue;
        };
        let set = match name {
            "sslmode" => parse_ssl_mode(&value).map(|mode| ssl_mode = Some(mode)),
            "ssl" => flag(&value).map(|on| ssl = on),
            "loginTimeout" => seconds(&value).map(|limit| login_limit = limit),
            "sslfactory" => {
                validates = !value.ends_with("NonValidatingFactory");
                Ok(())
            }
            "tcpKeepAlive" => flag(&value).map(|on| findings.notices.extend((!on).then(|| keepalive_notice(name)))),
            _ if HONOURED.contains(&name) => set_parameter(&mut connection, name, value),
            _ => {
                if !WITHOUT_EFFECT.contains(&name) {
                    findings.notices.push(unknown(name, number, known()));
                }
                Ok(())
            }
        };
        if let Err(message) = set {
            findings.errors.push(format!("has a {} that {message}", label(name, number, known())));
        }
    }
    connection.ssl_mode = ssl_mode.unwrap_or(match (ssl, validates) {
        (true, true) => SslMode::VerifyFull,
        (true, false) => SslMode::Require,
        (false, _) => SslMode::Prefer,
    });
    // Both parameters limit the same wait, so the shorter one counts.
    connection.connect_timeout = connection.connect_timeout.min(login_limit.unwrap_or(Duration::MAX));
    (connection, findings)
}

fn known() -> impl Iterator<Item = &'static str> + Clone {
    HONOURED.iter().chain(WITHOUT_EFFECT).copied()
}

fn hosts(authority: &str) -> Result<Vec<Host>, String> {
    if authority.contains('@') {
        return Err(
            "must not have a user and password before the host; use the options 'username' and 'password'".into()
        );
    }
    let host = |text| {
        let (name, given_port) = name_and_port(text)?;
        if name.starts_with('/') || name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%2f")) {
            return Err("has a Unix socket as its host, which the JDBC driver doesn't know; write the url as \
                        postgresql://user@%2Fdirectory/database"
                .into());
        }
        Ok(Host::Tcp { name: tcp_name(name)?, port: port(given_port.unwrap_or_default())? })
    };
    authority.split(',').map(host).collect()
}
