//! `sslcert` and `sslkey`: a certificate instead of a password.

use std::path::{Path, PathBuf};

use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::symm::Cipher;
use openssl::x509::X509;
use tempfile::TempDir;
use vecsink::internals::settings::{Password, Sink, SslMode};

use super::fixture::{Rows, open, refusal, sink, write};
use crate::support::{Schema, client_certificate, postgres18_tls};

const SECRET: &str = "a secret";

/// A sink whose role needs a client certificate, and the certificate's files.
struct Scene {
    schema: Schema,
    sink: Sink,
    certificate: PathBuf,
    key: PathBuf,
    folder: TempDir,
}

impl Scene {
    fn new() -> Option<Scene> {
        let server = postgres18_tls()?;
        let [certificate, key] = client_certificate()?;
        let mut schema = Schema::new(&server);
        schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
        let mut sink = sink(&schema, "t");
        sink.connection.user = schema.certified_role();
        sink.connection.password = Password::new("");
        sink.connection.ssl_mode = SslMode::VerifyFull;
        sink.connection.ssl_root_cert = server.authority.clone().map(Into::into);
        Some(Scene { schema, sink, certificate, key, folder: TempDir::new().expect("a folder") })
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("is written");
        path
    }

    fn with(&self, certificate: Option<&Path>, key: Option<&Path>, password: Option<&str>) -> Sink {
        let mut sink = self.sink.clone();
        sink.connection.ssl_cert = certificate.map(Into::into);
        sink.connection.ssl_key = key.map(Into::into);
        sink.connection.ssl_password = password.map(Password::new);
        sink
    }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("is readable")
}

#[test]
fn the_key_may_be_pem_or_der_and_encrypted_or_not() {
    let Some(mut scene) = Scene::new() else { return };
    let key = PKey::private_key_from_pem(&read(&scene.key)).expect("a key");
    let (cipher, secret) = (Cipher::aes_256_cbc(), SECRET.as_bytes());
    let forms = [
        (key.private_key_to_pem_pkcs8(), None),
        (key.private_key_to_pem_pkcs8_passphrase(cipher, secret), Some(SECRET)),
        (key.private_key_to_pkcs8(), None),
        (key.private_key_to_pkcs8_passphrase(cipher, secret), Some(SECRET)),
        (key.ec_key().and_then(|key| key.private_key_to_pem()), None),
    ];
    let forms = forms.map(|(bytes, password)| (bytes.expect("OpenSSL writes it"), password));
    for (number, (bytes, password)) in (0..).zip(&forms) {
        let file = scene.file("client.pk8", bytes);
        let sink = scene.with(Some(&scene.certificate), Some(&file), *password);
        write(&open(&sink), &Rows::default().many(number..number + 1, "x").batch());
    }
    assert_eq!(scene.schema.count("t"), forms.len() as i64);
}

#[test]
fn a_pkcs12_file_holds_the_certificate_too() {
    let Some(mut scene) = Scene::new() else { return };
    let key = PKey::private_key_from_pem(&read(&scene.key)).expect("a key");
    let certificate = X509::from_pem(&read(&scene.certificate)).expect("a certificate");
    let store = Pkcs12::builder().name("client").pkey(&key).cert(&certificate).build2(SECRET);
    let store = scene.file("client.p12", store.and_then(|store| store.to_der()).expect("OpenSSL writes it"));
    write(&open(&scene.with(None, Some(&store), Some(SECRET))), &Rows::default().many(0..10, "x").batch());
    assert_eq!(scene.schema.count("t"), 10);
    let error = refusal(&scene.with(None, Some(&store), None));
    assert!(error.contains("sslpassword is wrong"), "{error}");
}

#[test]
fn a_certificate_may_be_der_too() {
    let Some(scene) = Scene::new() else { return };
    let certificate = X509::from_pem(&read(&scene.certificate)).and_then(|certificate| certificate.to_der());
    let certificate = scene.file("client.der", certificate.expect("a certificate"));
    open(&scene.with(Some(&certificate), Some(&scene.key), None));
}

#[test]
fn the_error_says_that_a_certificate_is_missing_in_each_sslmode() {
    let Some(scene) = Scene::new() else { return };
    for mode in [SslMode::Allow, SslMode::Prefer, SslMode::Require, SslMode::VerifyFull] {
        let mut sink = scene.with(None, None, None);
        sink.connection.ssl_mode = mode;
        let error = refusal(&sink);
        assert!(error.contains("requires a valid client certificate"), "{mode:?}: {error}");
        assert!(error.contains("name that with sslcert and sslkey in the url"), "{mode:?}: {error}");
    }
}

#[test]
fn the_certificate_of_another_user_is_refused_and_the_error_names_sslcert() {
    let Some(scene) = Scene::new() else { return };
    // A certificate of the same authority, but with the server's name.
    let theirs = ["server.crt", "server.key"].map(|name| scene.certificate.with_file_name(name));
    let error = refusal(&scene.with(Some(&theirs[0]), Some(&theirs[1]), None));
    assert!(error.contains("certificate authentication failed"), "{error}");
    assert!(error.contains("whether sslcert is this user's"), "{error}");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_and_the_error_names_the_authority() {
    let Some(scene) = Scene::new() else { return };
    let (certificate, key) = super::connections::a_stranger();
    let (certificate, key) = (scene.file("client.crt", certificate), scene.file("client.key", key));
    let error = refusal(&scene.with(Some(&certificate), Some(&key), None));
    assert!(error.contains("that it trusts the authority that signed sslcert"), "{error}");
}

#[test]
fn files_that_can_not_be_used_are_named() {
    let Some(scene) = Scene::new() else { return };
    let (certificate, key) = (scene.certificate.as_path(), scene.key.as_path());
    let locked = PKey::private_key_from_pem(&read(key)).expect("a key");
    let locked = locked.private_key_to_pkcs8_passphrase(Cipher::aes_256_cbc(), SECRET.as_bytes());
    let locked = scene.file("locked.pk8", locked.expect("OpenSSL writes it"));
    let other = scene.file("other.key", super::connections::a_stranger().1);
    let nothing = scene.folder.path().join("nothing.pem");
    for (certificate, key, password, words) in [
        (Some(certificate), None, None, "sslcert needs sslkey, too"),
        (None, Some(key), None, "sslkey needs sslcert, too"),
        (Some(certificate), Some(locked.as_path()), None, "or sslpassword is wrong"),
        (Some(certificate), Some(locked.as_path()), Some("another secret"), "or sslpassword is wrong"),
        (Some(certificate), Some(other.as_path()), None, "sslkey does not belong to sslcert"),
        (Some(nothing.as_path()), Some(key), None, "nothing.pem: No such file"),
        (Some(certificate), Some(nothing.as_path()), None, "nothing.pem: No such file"),
        (Some(key), Some(key), None, "holds no certificate"),
    ] {
        let error = refusal(&scene.with(certificate, key, password));
        assert!(error.contains(words) && !error.contains(SECRET), "{words}: {error}");
        assert!(!error.contains("another secret"), "{error}");
    }
}
