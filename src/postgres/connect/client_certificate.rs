//! The client's certificate: `sslcert` with `sslkey`, in the forms that libpq and the JDBC driver take.

use std::fs;
use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::ssl::SslConnectorBuilder;
use openssl::x509::X509;

use crate::error::{Error, Result};
use crate::settings::Connection;

/// A certificate with its key, and the certificates between it and its authority.
pub struct ClientCertificate {
    certificate: X509,
    chain: Vec<X509>,
    key: PKey<Private>,
}

impl ClientCertificate {
    /// Reads the files that the url names. `None`: it names none.
    pub fn read(connection: &Connection) -> Result<Option<ClientCertificate>> {
        let password = connection.ssl_password.as_ref().map(|password| password.reveal()).unwrap_or_default();
        match (&connection.ssl_cert, &connection.ssl_key) {
            (None, None) => Ok(None),
            (_, Some(store)) if is_pkcs12(store) => from_store(store, password).map(Some),
            (None, Some(_)) => Err(Error::target("sslkey needs sslcert, too, unless it is a .p12 file with both")),
            (Some(_), None) => Err(Error::target("sslcert needs sslkey, too")),
            (Some(certificate), Some(key)) => {
                let (certificate, chain) = read_certificates(certificate)?;
                Ok(Some(ClientCertificate { certificate, chain, key: read_key(key, password)? }))
            }
        }
    }

    /// Lets connections of this builder send the certificate to a server that asks for one.
    pub fn add_to(self, builder: &mut SslConnectorBuilder) -> Result<()> {
        let put = |builder: &mut SslConnectorBuilder| {
            builder.set_certificate(&self.certificate)?;
            self.chain.into_iter().try_for_each(|certificate| builder.add_extra_chain_cert(certificate))
        };
        put(builder).map_err(|error| wrong("sslcert", &error))?;
        let belongs = builder.set_private_key(&self.key).and_then(|()| builder.check_private_key());
        belongs.map_err(|error| wrong("sslkey does not belong to sslcert", &error))
    }
}

/// Decides by the file's name, as the JDBC driver does.
fn is_pkcs12(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("p12") || extension.eq_ignore_ascii_case("pfx"))
}

fn from_store(path: &Path, password: &str) -> Result<ClientCertificate> {
    let what = format!("sslkey {}", path.display());
    let parsed = Pkcs12::from_der(&read(path, &what)?).and_then(|store| store.parse2(password));
    let parsed =
        parsed.map_err(|error| wrong(&format!("{what} is not a PKCS#12 file, or sslpassword is wrong"), &error))?;
    match (parsed.cert, parsed.pkey) {
        (Some(certificate), Some(key)) => {
            Ok(ClientCertificate { certificate, chain: parsed.ca.into_iter().flatten().collect(), key })
        }
        _ => Err(Error::target(format!("{what} must hold a certificate and its key"))),
    }
}

/// Reads PEM, in which the client's own certificate is the first one, or a single certificate as DER.
fn read_certificates(path: &Path) -> Result<(X509, Vec<X509>)> {
    let what = format!("sslcert {}", path.display());
    let bytes = read(path, &what)?;
    let certificates = if bytes.windows(5).any(|window| window == b"-----") {
        X509::stack_from_pem(&bytes)
    } else {
        X509::from_der(&bytes).map(|certificate| vec![certificate])
    };
    let mut certificates = certificates.map_err(|error| wrong(&format!("{what} can't be read"), &error))?.into_iter();
    let own = certificates.next().ok_or_else(|| Error::target(format!("{what} holds no certificate")))?;
    Ok((own, certificates.collect()))
}

/// Reads PEM, or DER, which is the form that the JDBC driver needs (PKCS #8). Either may be encrypted.
fn read_key(path: &Path, password: &str) -> Result<PKey<Private>> {
    let what = format!("sslkey {}", path.display());
    let bytes = read(path, &what)?;
    let password = password.as_bytes();
    let key = if bytes.starts_with(b"-----") {
        PKey::private_key_from_pem_passphrase(&bytes, password)
    } else {
        PKey::private_key_from_der(&bytes).or_else(|_| PKey::private_key_from_pkcs8_passphrase(&bytes, password))
    };
    key.map_err(|error| wrong(&format!("{what} can't be read, or sslpassword is wrong"), &error))
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::target(format!("{what}: {error}")))
}

fn wrong(what: &str, error: &ErrorStack) -> Error {
    Error::target(format!("{what}: {error}"))
}
