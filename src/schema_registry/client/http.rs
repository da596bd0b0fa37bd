//! The HTTP client for a registry. It sends one GET after another, with a login and TLS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use curl::easy::{Easy, List};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::{RegistryAnswer, Reply};
use crate::kafka::properties::jaas;
use crate::kafka::properties::stores::{StoreType, TrustStore, store_type};
use crate::settings::Password;
use crate::settings::registry::{KeyStore, Registry, RegistryLogin};
use crate::threads;

/// A longer reply is refused.
const LONGEST_REPLY: usize = 16 << 20;
const TRUST_STORE: &str = "the schema registry's ssl.truststore";
const KEY_STORE: &str = "the schema registry's ssl.keystore";

/// It keeps its connection open between requests.
pub struct RegistryClient {
    easy: Easy,
    has_store: bool,
}

impl RegistryClient {
    /// Errors are about the registry's options. They contain no password.
    pub fn new(settings: &Registry) -> Result<RegistryClient, String> {
        let authorization = authorization(&settings.login)?;
        let trusted = settings.trust_store.as_ref().map(certificates).transpose()?;
        let own = settings.key_store.as_ref().map(own_key).transpose()?;
        let mut easy = Easy::new();
        let mut set_up = || -> Result<(), curl::Error> {
            easy.useragent(concat!("vecsink/", env!("CARGO_PKG_VERSION")))?;
            let mut headers = List::new();
            headers.append("Accept: application/vnd.schemaregistry.v1+json, application/json")?;
            if let Some(authorization) = &authorization {
                headers.append(&format!("Authorization: {}", authorization.reveal()))?;
            }
            easy.http_headers(headers)?;
            easy.follow_location(true)?;
            easy.max_redirections(5)?;
            easy.connect_timeout(settings.connect_timeout)?;
            easy.timeout(settings.connect_timeout + settings.read_timeout)?;
            easy.tcp_keepalive(true)?;
            // A proxy of the environment variables isn't used; Java's client doesn't use it either. A registry is usually
            // in the user's own network.
            easy.proxy("")?;
            if let Some(certificates) = &trusted {
                easy.ssl_cainfo_blob(certificates)?;
            }
            if let Some((kind, bytes, password)) = &own {
                easy.ssl_cert_blob(bytes)?;
                easy.ssl_cert_type(kind)?;
                if *kind == "PEM" {
                    easy.ssl_key_blob(bytes)?;
                }
                easy.key_password(password.reveal())?;
            }
            easy.ssl_verify_host(settings.verify_host)
        };
        set_up().map_err(|error| format!("the HTTP client doesn't take the schema registry's options: {error}"))?;
        Ok(RegistryClient { easy, has_store: trusted.is_some() })
    }

    pub fn get(&mut self, url: &str) -> Result<Reply, RegistryAnswer> {
        let mut body = Vec::new();
        let done = self.perform(url, &mut body);
        match done {
            Ok(status) => Ok(Reply { status, body }),
            Err(error) => Err(self.failed(url, &error)),
        }
    }

    fn perform(&mut self, url: &str, body: &mut Vec<u8>) -> Result<u32, curl::Error> {
        threads::waits_for("a schema registry");
        self.easy.url(url)?;
        let mut transfer = self.easy.transfer();
        transfer.write_function(|bytes| {
            // If this function returns a smaller number than it was given, curl ends the request.
            let is_too_long = body.len() + bytes.len() > LONGEST_REPLY;
            if !is_too_long {
                body.extend_from_slice(bytes);
            }
            Ok(if is_too_long { 0 } else { bytes.len() })
        })?;
        transfer.perform()?;
        drop(transfer);
        self.easy.response_code()
    }

    fn failed(&self, url: &str, error: &curl::Error) -> RegistryAnswer {
        let detail = error.extra_description().unwrap_or_default();
        let told = format!("{url}: {} {detail}", error.description()).trim_end().to_string();
        if error.is_peer_failed_verification() {
            let advice = match self.has_store {
                true => {
                    "its certificate isn't signed by an authority in ssl.truststore.location, or is for another name"
                }
                false => "set ssl.truststore.location to a file with the authority that signed its certificate",
            };
            return RegistryAnswer::Refused(format!("the schema registry isn't trusted: {told}; {advice}"));
        }
        if error.is_url_malformed() || error.is_unsupported_protocol() || error.is_ssl_certproblem() {
            return RegistryAnswer::Refused(format!("the schema registry can't be asked: {told}"));
        }
        RegistryAnswer::NotNow(told)
    }
}

/// The value of the header `Authorization`.
fn authorization(login: &RegistryLogin) -> Result<Option<Password>, String> {
    let basic = |name: &str, password: &str| {
        Some(Password::new(format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))))
    };
    Ok(match login {
        RegistryLogin::None => None,
        RegistryLogin::User { name, password } => basic(name, password.reveal()),
        RegistryLogin::Token(token) => Some(Password::new(format!("Bearer {}", token.reveal()))),
        RegistryLogin::Jaas(jaas) => {
            let problem = |what: &str| format!("sasl.jaas.config of the schema registry {what}");
            let login = jaas::parse(jaas.reveal()).map_err(|error| problem(&error))?;
            match (login.option("username"), login.option("password")) {
                (Some(name), Some(password)) => basic(name, password),
                _ => return Err(problem("has no username and password")),
            }
        }
    })
}

/// The trusted certificates, in PEM.
fn certificates(store: &KeyStore) -> Result<Vec<u8>, String> {
    match store_type(TRUST_STORE, store.kind.as_deref(), &store.path)? {
        StoreType::Pem => read(TRUST_STORE, &store.path),
        StoreType::Pkcs12 => {
            let password = store.password.clone().unwrap_or_else(|| Password::new(""));
            let store = TrustStore { path: store.path.clone(), password };
            store.to_pem(TRUST_STORE).map(String::into_bytes)
        }
    }
}

/// Our own key and certificate. The first value is curl's name of their form.
fn own_key(store: &KeyStore) -> Result<(&'static str, Vec<u8>, Password), String> {
    let kind = match store_type(KEY_STORE, store.kind.as_deref(), &store.path)? {
        StoreType::Pem => "PEM",
        StoreType::Pkcs12 => "P12",
    };
    let password = store.password.clone().unwrap_or_else(|| Password::new(""));
    Ok((kind, read(KEY_STORE, &store.path)?, password))
}

fn read(key: &str, path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{key}.location '{path}': {error}"))
}

/// In a part of a path, all characters are escaped except these and ASCII letters and digits.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Escapes a part of a path.
pub fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    use super::*;
    use crate::threads::PollsKafka;

    #[test]
    fn a_part_of_a_path_is_escaped() {
        assert_eq!(escaped("a-Z_0.9~"), "a-Z_0.9~");
        assert_eq!(escaped("ä/b c%"), "%C3%A4%2Fb%20c%25");
    }

    #[test]
    fn a_thread_that_polls_kafka_may_not_ask_a_registry() {
        let mut client = RegistryClient::new(&Registry {
            urls: Vec::new(),
            login: RegistryLogin::None,
            trust_store: None,
            key_store: None,
            verify_host: true,
            connect_timeout: Duration::from_secs(1),
            read_timeout: Duration::from_secs(1),
        })
        .unwrap();
        // No server listens on this port.
        assert!(client.get("http://127.0.0.1:1/").is_err());
        let _polls = PollsKafka::begin();
        assert!(catch_unwind(AssertUnwindSafe(|| client.get("http://127.0.0.1:1/"))).is_err());
    }
}
