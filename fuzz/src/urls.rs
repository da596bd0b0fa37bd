//! `jdbc:postgresql://` and `postgresql://` URLs: each gives an address or errors, and neither shows the password.

use vecsink::internals::options::Given;
use vecsink::internals::settings::Host;
use vecsink::internals::settings::sink::push::push_sink;

use super::pick;

pub const PIECES: &[&str] = &[
    "jdbc:postgresql://",
    "postgresql://",
    "postgres://",
    "/",
    ":",
    "@",
    "?",
    "&",
    "=",
    "%",
    "%40",
    "%00",
    "[::1]",
    ",",
    ":5432",
    ":65536",
    "sslmode=verify-full",
    "host=",
    "port=1,2",
    "%2Ftmp",
    "host=/tmp,",
    "host=@",
    "password=",
    "user",
    "options=-c%20a=b",
    "é",
    "#",
    "connect_timeout=9999999999",
    "loginTimeout=-1",
    "sslpassword=",
];

const SECRET: &str = "hunter2zqx";

/// `0` and `1`: the input is the URL, with and without a separate login. The others put a password into the URL, at each place
/// where one may be.
pub fn check(input: &[u8]) {
    let cases: [fn(&str) -> String; 6] = [
        str::to_string,
        str::to_string,
        |text| format!("{text}?password={SECRET}"),
        |text| format!("{text}&password={SECRET}"),
        |text| format!("postgresql://u:{SECRET}@{text}"),
        |text| format!("{text}&sslpassword={SECRET}"),
    ];
    let Some((case, text)) = pick(input, &cases) else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    // At other places these characters would be part of a name or a value.
    let has_parameters = text.contains('?');
    if case("").starts_with('&') && !has_parameters || case("").starts_with('?') && has_parameters {
        return;
    }
    let mut options = vec![("url", case(text)), ("conflictmode", "upsert".into())];
    if input.first() != Some(&b'1') {
        options.extend([("username", "me".to_string()), ("password", "pw".to_string())]);
    }
    let read = || {
        let given = options.iter().map(|(key, value)| (key.to_string(), Given::Text(value.clone())));
        push_sink(("s", "t"), &[], given.collect(), Vec::new())
    };
    let parsed = read();
    assert_eq!(format!("{parsed:?}"), format!("{:?}", read()));
    let shown = match parsed {
        Ok((sink, notices)) => {
            let connection = &sink.connection;
            assert!(!connection.hosts.is_empty() && connection.hosts.iter().all(is_somewhere));
            format!("{sink:?} {notices:?}")
        }
        Err(error) => error.to_string(),
    };
    assert!(text.contains(SECRET) || !shown.contains(SECRET), "{shown}");
}

fn is_somewhere(host: &Host) -> bool {
    match host {
        Host::Tcp { name, port } => !name.is_empty() && *port > 0,
        Host::Unix { directory, port } => directory.is_absolute() && *port > 0,
    }
}
