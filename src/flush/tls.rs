//! Encryption on the way to the server, as `sslmode` and its companions ask for it.

use postgres::{Client, Config, NoTls};

use crate::error::{Error, Result};
use crate::settings::{Connection, SslMode};

/// How connections are encrypted.
#[derive(Clone)]
pub enum Tls {
    Off,
    #[cfg(feature = "tls")]
    On(postgres_openssl::MakeTlsConnector),
}

impl Tls {
    pub fn connect(&self, config: &Config) -> std::result::Result<Client, postgres::Error> {
        match self {
            Tls::Off => config.connect(NoTls),
            #[cfg(feature = "tls")]
            Tls::On(connector) => config.connect(connector.clone()),
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
    use postgres_openssl::MakeTlsConnector;

    use super::{Connection, Error, Result, SslMode};
    use crate::flush::client_certificate::ClientCertificate;

    /// Where the systems we know keep the certificates they trust. A vendored OpenSSL looks nowhere by itself.
    const SYSTEM_ROOTS: &[&str] =
        &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

    pub fn connector(connection: &Connection) -> Result<MakeTlsConnector> {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(|error| wrong("TLS", &error))?;
        let (chain, name) = match connection.ssl_mode {
            SslMode::VerifyFull => (true, true),
            SslMode::VerifyCa => (true, false),
            // As in libpq: who names an authority wants it asked.
            SslMode::Require => (connection.ssl_root_cert.is_some(), false),
            _ => (false, false),
        };
        builder.set_verify(if chain { SslVerifyMode::PEER } else { SslVerifyMode::NONE });
        if chain {
            trust(&mut builder, connection.ssl_root_cert.as_deref())?;
        }
        if let Some(certificate) = ClientCertificate::read(connection)? {
            certificate.show(&mut builder)?;
        }
        let mut connector = MakeTlsConnector::new(builder.build());
        connector.set_callback(move |ssl, _| {
            ssl.set_verify_hostname(name);
            Ok(())
        });
        Ok(connector)
    }

    fn trust(builder: &mut SslConnectorBuilder, given: Option<&Path>) -> Result<()> {
        let root = given.map(Path::to_owned).or_else(default_roots).ok_or_else(|| {
            Error::target(
                "sslmode verifies the server, but no trusted certificates were found; set sslrootcert in the url",
            )
        })?;
        if given.is_some() {
            // Instead of what OpenSSL trusts by itself, not besides.
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
