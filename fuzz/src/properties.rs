//! `properties.*` of the Kafka client, JAAS logins among them.

use vecsink::internals::kafka::check_properties;

use super::options::check_options;
use super::pick;

pub const PIECES: &[&str] = &[
    "=",
    "\n",
    "\"",
    "\\\"",
    "\\",
    ";",
    "required ",
    "PlainLoginModule ",
    "ScramLoginModule ",
    "username=",
    "password=",
    "sasl.jaas.config=",
    "sasl.mechanism=",
    "security.protocol=SASL_SSL",
    "ssl.truststore.location=",
    "JKS",
    "PEM",
    "-----BEGIN CERTIFICATE-----",
    "é",
    "\0",
    "99999999999",
    "-1",
    "https",
];

/// `0`: the text of a login; `1`: lines of `key=value`.
pub fn check(input: &[u8]) {
    let Some((is_list, text)) = pick(input, &[false, true]) else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let options = if *is_list {
        text.split('\n').filter_map(|line| line.split_once('=')).take(50).collect()
    } else {
        vec![("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", "PLAIN"), ("sasl.jaas.config", text)]
    };
    let named: Vec<String> = options.iter().map(|(key, _)| format!("properties.{key}")).collect();
    let options: Vec<(&str, &str)> =
        named.iter().zip(&options).map(|(key, (_, value))| (key.as_str(), *value)).collect();
    check_options(&options, false, &check_properties);
}
