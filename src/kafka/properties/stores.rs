//! Key and trust stores as Java names them, for a client that reads PEM and PKCS#12.

use openssl::pkcs12::Pkcs12;

use crate::settings::Password;

/// A PKCS#12 file with the certificates to trust. librdkafka takes them only as PEM, so the file is converted at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrustStore {
    pub(crate) path: String,
    pub(crate) password: Password,
}

impl TrustStore {
    /// The certificates as PEM. `key`: the prefix of the store's options (`properties.ssl.truststore`).
    pub(crate) fn to_pem(&self, key: &str) -> Result<String, String> {
        let problem = |what: String| {
            format!("{key}.location '{}': {what}; a PEM file with its type set to PEM works too", self.path)
        };
        let bytes = std::fs::read(&self.path).map_err(|error| problem(error.to_string()))?;
        let parsed = Pkcs12::from_der(&bytes)
            .and_then(|store| store.parse2(self.password.reveal()))
            .map_err(|_| problem("not a PKCS#12 file, or its password is wrong".into()))?;
        let certificates = parsed.ca.iter().flatten().map(|c| c.to_pem()).chain(parsed.cert.iter().map(|c| c.to_pem()));
        let mut pem = String::new();
        for certificate in certificates {
            let certificate = certificate.map_err(|error| problem(error.to_string()))?;
            pem.push_str(&String::from_utf8_lossy(&certificate));
        }
        if pem.is_empty() { Err(problem("holds no certificate".into())) } else { Ok(pem) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreType {
    Pem,
    Pkcs12,
}

/// The type of the store at `path`. `key`: the prefix of its options (`properties.ssl.truststore`). Without `given`, the file name's
/// ending decides (.p12, .pem). Java's default is JKS, which only Java can read.
pub(crate) fn store_type(key: &str, given: Option<&str>, path: &str) -> Result<StoreType, String> {
    let given = given.map(str::to_ascii_uppercase);
    let extension = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match (given.as_deref(), extension.as_str()) {
        (Some("PEM"), _) | (None, "pem" | "crt" | "cer") => Ok(StoreType::Pem),
        (Some("PKCS12"), _) | (None, "p12" | "pfx" | "pkcs12") => Ok(StoreType::Pkcs12),
        (Some("JKS") | None, _) => Err(format!(
            "{key}.location '{path}': JKS stores can only be read by Java; convert it once with \
             \"keytool -importkeystore -srckeystore {path} -destkeystore store.p12 -deststoretype PKCS12\" and set \
             '{key}.type' = 'PKCS12', or give a PEM file with type 'PEM'"
        )),
        (Some(other), _) => Err(format!("{key}.type '{other}' is unknown; PEM or PKCS12 work")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jks_store_is_an_error_that_names_the_alternative() {
        for given in [Some("JKS"), None] {
            let error = store_type("ssl.truststore", given, "/etc/trust.jks").err().unwrap_or_default();
            assert!(error.contains("PKCS12") && error.contains("PEM"), "{error}");
        }
    }

    #[test]
    fn a_store_without_a_type_is_what_its_name_says() {
        assert_eq!(store_type("ssl.keystore", None, "a.p12"), Ok(StoreType::Pkcs12));
        assert_eq!(store_type("ssl.keystore", None, "a.pem"), Ok(StoreType::Pem));
        assert_eq!(store_type("ssl.keystore", Some("pem"), "a.jks"), Ok(StoreType::Pem));
    }
}
