//! A schema registry, and how to reach it.

use std::time::Duration;

use crate::settings::Password;

/// A schema registry with Confluent's API, and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Tried in order; without a login in them.
    pub urls: Vec<String>,
    pub login: RegistryLogin,
    pub trust_store: Option<KeyStore>,
    pub key_store: Option<KeyStore>,
    /// `false`: the certificate may be in any name.
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
    /// PEM, PKCS12 …, where it is told.
    pub kind: Option<String>,
}
