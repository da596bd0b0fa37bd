//! A schema registry, and how it is reached.

use std::time::Duration;

use crate::settings::Password;

/// A schema registry with Confluent's API, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// The URLs, without a login. They are tried in this order.
    pub urls: Vec<String>,
    pub login: RegistryLogin,
    pub trust_store: Option<KeyStore>,
    pub key_store: Option<KeyStore>,
    /// `false`: the name in the certificate isn't checked.
    pub verify_host: bool,
    pub connect_timeout: Duration,
    pub read_timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryLogin {
    None,
    User {
        name: String,
        password: Password,
    },
    /// The user of a `sasl.jaas.config`.
    Jaas(Password),
    Token(Password),
}

/// A file with keys or certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStore {
    pub path: String,
    pub password: Option<Password>,
    /// The file's form, such as PEM or PKCS12, if an option says it.
    pub kind: Option<String>,
}
