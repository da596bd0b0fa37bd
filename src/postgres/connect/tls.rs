//! Encryption on the way to the server, as `sslmode` and its companions ask for it.

use std::sync::Arc;

use tokio_postgres::{CancelToken, Config, NoTls};

use super::driver::socket::Socket;
use super::driver::wait_limit::WaitLimit;
use super::driver::{Client, Error as DriverError, cancel};
use crate::error::{Error, Result};
use crate::settings::{Connection, SslMode};

/// How connections are encrypted.
#[derive(Clone)]
pub enum Tls {
    Off,
    #[cfg(feature = "tls")]
    On(with_openssl::Connector),
}

impl Tls {
    /// Logs in to the server called `name`, over a socket that is connected.
    pub fn log_in(
        &self,
        socket: Arc<Socket>,
        config: &Config,
        #[cfg_attr(not(feature = "tls"), allow(unused_variables))] name: &str,
        wait_limit: &WaitLimit,
    ) -> std::result::Result<Client, DriverError> {
        match self {
            Tls::Off => Client::log_in(socket, config, NoTls, wait_limit),
            #[cfg(feature = "tls")]
            Tls::On(connector) => Client::log_in(socket, config, connector.to(name)?, wait_limit),
        }
    }

    /// Asks the server called `name` to cancel what a session does.
    pub fn cancel(
        &self,
        socket: Arc<Socket>,
        token: &CancelToken,
        #[cfg_attr(not(feature = "tls"), allow(unused_variables))] name: &str,
        wait_limit: &WaitLimit,
    ) -> std::result::Result<(), DriverError> {
        match self {
            Tls::Off => cancel(socket, token, NoTls, wait_limit),
            #[cfg(feature = "tls")]
            Tls::On(connector) => cancel(socket, token, connector.to(name)?, wait_limit),
        }
    }

    #[cfg(not(feature = "tls"))]
    pub fn new(connection: &Connection) -> Result<Self> {
        match connection.ssl_mode {
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => Ok(Tls::Off),
            _ => Err(Error::target(
                "sslmode asks for TLS, but this build has none; build with the feature `tls`, or set sslmode=disable",
            )),
        }
    }

    #[cfg(feature = "tls")]
    pub fn new(connection: &Connection) -> Result<Self> {
        match connection.ssl_mode {
            SslMode::Disable => Ok(Tls::Off),
            _ => with_openssl::connector(connection).map(Tls::On),
        }
    }
}

#[cfg(feature = "tls")]
mod with_openssl {
    use std::path::{Path, PathBuf};

    use openssl::ssl::{SslConnector, SslConnectorBuilder, SslMethod, SslVerifyMode};
    use openssl::x509::store::X509StoreBuilder;
    use postgres_openssl::TlsConnector;

    use super::{Connection, Error, Result, SslMode};
    use crate::postgres::connect::client_certificate::ClientCertificate;

    /// Where known systems keep the certificates that they trust. An OpenSSL that is compiled in doesn't search for them itself.
    const SYSTEM_ROOTS: &[&str] =
        &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

    /// Settings of TLS for connections to any host.
    #[derive(Clone)]
    pub struct Connector {
        openssl: SslConnector,
        verifies_name: bool,
    }

    impl Connector {
        pub fn to(&self, host: &str) -> std::io::Result<TlsConnector> {
            let mut session = self.openssl.configure()?;
            session.set_verify_hostname(self.verifies_name);
            Ok(TlsConnector::new(session, host))
        }
    }

    pub fn connector(connection: &Connection) -> Result<Connector> {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(|error| wrong("TLS", &error))?;
        let (chain, name) = match connection.ssl_mode {
            SslMode::VerifyFull => (true, true),
            SslMode::VerifyCa => (true, false),
            // As in libpq: if the url names a root certificate, the server's certificate is checked with it.
            SslMode::Require => (connection.ssl_root_cert.is_some(), false),
            _ => (false, false),
        };
        builder.set_verify(if chain { SslVerifyMode::PEER } else { SslVerifyMode::NONE });
        if chain {
            trust(&mut builder, connection.ssl_root_cert.as_deref())?;
        }
        if let Some(certificate) = ClientCertificate::read(connection)? {
            certificate.add_to(&mut builder)?;
        }
        Ok(Connector { openssl: builder.build(), verifies_name: name })
    }

    fn trust(builder: &mut SslConnectorBuilder, given: Option<&Path>) -> Result<()> {
        let root = given.map(Path::to_owned).or_else(default_roots).ok_or_else(|| {
            Error::target(
                "sslmode verifies the server, but no trusted certificates were found; set sslrootcert in the url",
            )
        })?;
        if given.is_some() {
            // It replaces the certificates that OpenSSL trusts by itself.
            let none = X509StoreBuilder::new().map_err(|error| wrong("TLS", &error))?;
            builder.set_cert_store(none.build());
        }
        builder.set_ca_file(&root).map_err(|error| wrong(&format!("sslrootcert {}", root.display()), &error))
    }

    fn default_roots() -> Option<PathBuf> {
        let own = std::env::var_os("HOME").map(|home| Path::new(&home).join(".postgresql/root.crt"));
        own.into_iter().chain(SYSTEM_ROOTS.iter().map(PathBuf::from)).find(|path| path.is_file())
    }

    fn wrong(what: &str, error: &openssl::error::ErrorStack) -> Error {
        Error::target(format!("{what}: {error}"))
    }
}
