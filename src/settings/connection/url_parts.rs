//! The code that both kinds of URL share: hosts, parameters, %-escapes, and their names in messages.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::options::nearest::nearest;
use crate::options::value_types::{boolean, integer};
use crate::settings::{Connection, Password, SslMode};

/// The errors of a URL, and the notices about parts without effect.
#[derive(Debug, Default)]
pub struct Findings {
    pub errors: Vec<String>,
    pub notices: Vec<String>,
}

/// Sets a parameter. `name` is the JDBC driver's name.
pub fn set_parameter(connection: &mut Connection, name: &str, value: String) -> Result<(), String> {
    match name {
        "user" => connection.user = value,
        "password" => connection.password = Password::new(value),
        "sslrootcert" => connection.ssl_root_cert = Some(PathBuf::from(value)),
        "sslcert" => connection.ssl_cert = Some(PathBuf::from(value)),
        "sslkey" => connection.ssl_key = Some(PathBuf::from(value)),
        "sslpassword" => connection.ssl_password = Some(Password::new(value)),
        "connectTimeout" => {
            // In the JDBC driver 0 means no limit. Here it is an hour: the operating system gives up long before that.
            connection.connect_timeout = seconds(&value)?.unwrap_or(Duration::from_secs(3600));
        }
        "socketTimeout" => connection.socket_timeout = seconds(&value)?,
        "ApplicationName" => connection.application_name = Some(value),
        "currentSchema" => connection.current_schema = Some(value),
        "options" => connection.options = Some(value),
        "loadBalanceHosts" => connection.load_balance_hosts = flag(&value)?,
        "targetServerType" => connection.primary_only = writable_server(&value)?,
        _ => {}
    }
    Ok(())
}

/// The notice about the keepalive parameter. Keepalive is always on, because nothing else detects a server that is gone
/// without closing the connection.
pub fn keepalive_notice(name: &str) -> String {
    format!("the url's {name} has no effect: TCP keepalive is always on")
}

/// A parameter's name for a message. An unknown name isn't shown, because it may be a part of a password that contains `&`.
pub fn label<'a>(name: &str, number: usize, mut known: impl Iterator<Item = &'a str>) -> String {
    if known.any(|known| known == name) { format!("parameter '{name}'") } else { format!("parameter number {number}") }
}

pub fn unknown<'a>(name: &str, number: usize, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => {
            format!("the url's parameter '{name}' is unknown and has no effect; did you mean '{near}'?")
        }
        None => format!("the url's {} is unknown and has no effect", label(name, number, known)),
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
pub fn name_and_port(text: &str) -> Result<(&str, Option<&str>), String> {
    let text = text.trim();
    match text.strip_prefix('[') {
        Some(rest) => {
            let (address, behind) = rest.split_once(']').ok_or("has a '[' without its ']' around an IPv6 address")?;
            match behind.strip_prefix(':') {
                Some(port) => Ok((address, Some(port))),
                None if behind.is_empty() => Ok((address, None)),
                None => Err("has something other than ':port' after an IPv6 address".into()),
            }
        }
        None => match text.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                Err("has too many colons before the database; an IPv6 address goes in brackets".into())
            }
            Some((name, port)) => Ok((name, Some(port))),
            None => Ok((text, None)),
        },
    }
}

/// Reads a port. If it is empty, it is PostgreSQL's default.
pub fn port(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Ok(5432);
    }
    integer(text, 1, i64::from(u16::MAX))
        .ok()
        .and_then(|port| u16::try_from(port).ok())
        .ok_or_else(|| "has a port that is not a number from 1 to 65535".into())
}

/// Reads the name of a host. If it is empty, it is the local host, as in the JDBC driver.
pub fn tcp_name(name: &str) -> Result<String, String> {
    let name = if name.is_empty() { "localhost" } else { name };
    if name.chars().any(|character| character.is_whitespace() || matches!(character, '<' | '>')) {
        return Err("has a host name with a blank or a bracket in it; fill in your server's name".into());
    }
    Ok(name.to_string())
}

pub fn parse_ssl_mode(text: &str) -> Result<SslMode, String> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "disable" => SslMode::Disable,
        "allow" => SslMode::Allow,
        "prefer" => SslMode::Prefer,
        "require" => SslMode::Require,
        "verify-ca" => SslMode::VerifyCa,
        "verify-full" => SslMode::VerifyFull,
        _ => return Err("must be disable, allow, prefer, require, verify-ca or verify-full".into()),
    })
}

fn writable_server(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "any" => Ok(false),
        "primary" | "master" | "preferprimary" => Ok(true),
        "secondary" | "slave" | "prefersecondary" | "preferslave" => {
            Err("asks for a standby server; rows can only be written to a primary".into())
        }
        _ => Err("must be any or primary".into()),
    }
}

/// Reads a boolean parameter. Without a value it is on.
pub fn flag(text: &str) -> Result<bool, String> {
    if text.is_empty() { Ok(true) } else { boolean(text) }
}

/// Reads a number of seconds. `None`: it is 0, which means no limit.
pub fn seconds(text: &str) -> Result<Option<Duration>, String> {
    let seconds = integer(text, 0, i64::from(i32::MAX)).map_err(|message| format!("{message}, in seconds"))?;
    Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs))
}

/// Decodes escapes such as `%41`. In JDBC URLs `+` is a blank. `None`: an escape is broken, or the bytes
/// aren't UTF-8.
pub fn percent_decode(text: &str, plus_is_blank: bool) -> Option<String> {
    let is_escape =
        |rest: &str| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    // The library's decoder would keep a broken escape as it is.
    if !text.split('%').skip(1).all(is_escape) {
        return None;
    }
    let text = if plus_is_blank { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode_str(&text).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_broken_ones_found() {
        let read = |text| percent_decode(text, false);
        assert_eq!(read("a+b%20%2b%c3%A4%"), None);
        assert_eq!(read("a+b%20%2b%c3%A4").as_deref(), Some("a+b +ä"));
        assert_eq!(percent_decode("a+b%2b", true).as_deref(), Some("a b+"));
        for broken in ["%", "%4", "%zz", "%%41", "%4%41", "%+1", "%ff", "%é"] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }
}
