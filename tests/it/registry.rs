//! Requests to a registry with logins and TLS. The server belongs to the test and checks each request, because Apicurio has no logins of
//! its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode};
use openssl::stack::Stack;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use tempfile::TempDir;
use vecsink::internals::schema_registry::client;
use vecsink::internals::schema_registry::schemas::SchemaLookup;
use vecsink::internals::settings::Password;
use vecsink::internals::settings::registry::{KeyStore, Registry, RegistryLogin};

struct Identity {
    key: PKey<Private>,
    certificate: X509,
}

/// A certificate for a name, signed by the authority or self-signed.
fn identity(name: &str, authority: Option<&Identity>) -> Identity {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut builder = X509NameBuilder::new().unwrap();
    builder.append_entry_by_text("CN", name).unwrap();
    let subject = builder.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(authority.map_or(&subject, |authority| authority.certificate.subject_name())).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    match authority {
        None => builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap(),
        Some(_) => {
            let names =
                SubjectAlternativeName::new().ip("127.0.0.1").build(&builder.x509v3_context(None, None)).unwrap();
            builder.append_extension(names).unwrap();
        }
    }
    builder.sign(authority.map_or(&key, |authority| &authority.key), MessageDigest::sha256()).unwrap();
    Identity { certificate: builder.build(), key }
}

/// Answers each request with a schema if it has this header line, else with 401.
fn answer(stream: impl Read + Write, header: Option<&str>) {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line != "\r\n" {
            lines.push(line.trim_end().to_owned());
            continue;
        }
        let is_fine = header.is_none_or(|header| lines.iter().any(|line| line == header));
        let path = lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
        let (status, body) = match (is_fine, path) {
            (true, "/base/schemas/ids/7") => ("200 OK", r#"{"schema": "\"int\""}"#),
            (true, _) => ("404 Not Found", r#"{"error_code": 40403, "message": "Schema not found"}"#),
            (false, _) => ("401 Unauthorized", r#"{"error_code": 401, "message": "no"}"#),
        };
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Type: application/json\r\n\r\n", body.len());
        if stream.get_mut().write_all((head + body).as_bytes()).is_err() {
            return;
        }
        lines.clear();
    }
}

/// A server on a port of its own. It ends with the test's process.
fn serve(header: Option<&'static str>, tls: Option<SslAcceptor>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let tls = tls.map(Arc::new);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tls = tls.clone();
            std::thread::spawn(move || answer_over(stream, header, tls.as_deref()));
        }
    });
    format!("{scheme}://127.0.0.1:{port}/base")
}

fn answer_over(stream: TcpStream, header: Option<&str>, tls: Option<&SslAcceptor>) {
    match tls {
        None => answer(stream, header),
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream) {
                answer(stream, header);
            }
        }
    }
}

fn at(url: &str) -> Registry {
    Registry {
        urls: vec![url.to_owned()],
        login: RegistryLogin::None,
        trust_store: None,
        key_store: None,
        verify_host: true,
        connect_timeout: Duration::from_secs(60),
        read_timeout: Duration::from_secs(60),
    }
}

fn ask(settings: &Registry, id: u32) -> SchemaLookup {
    client::open(settings, Duration::from_secs(60)).unwrap_or_else(|error| panic!("{error}")).find(id)
}

#[track_caller]
fn finds(settings: &Registry) {
    match ask(settings, 7) {
        SchemaLookup::Schema(schema) => assert_eq!(schema.text, "\"int\""),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_refused(settings: &Registry, expected: &str) {
    match ask(settings, 7) {
        SchemaLookup::Refused(reason) => assert!(reason.contains(expected), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_login_is_sent_as_it_was_given() {
    let user = |password: &str| RegistryLogin::User { name: "me".into(), password: Password::new(password) };
    let url = serve(Some("Authorization: Basic bWU6czpjcmV0"), None);
    finds(&Registry { login: user("s:cret"), ..at(&url) });
    let jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"me\" password=\"s:cret\";";
    finds(&Registry { login: RegistryLogin::Jaas(Password::new(jaas)), ..at(&url) });
    is_refused(&Registry { login: user("wrong"), ..at(&url) }, "refuses the login");
    is_refused(&at(&url), "refuses the login");
    let url = serve(Some("Authorization: Bearer t0ken"), None);
    finds(&Registry { login: RegistryLogin::Token(Password::new("t0ken")), ..at(&url) });
    is_refused(&at(&url), "basic-auth");
}

#[test]
fn an_unknown_id_differs_from_a_server_that_does_not_answer() {
    let url = serve(None, None);
    assert!(matches!(ask(&at(&url), 8), SchemaLookup::Nothing(reason) if reason.contains("Schema not found")));
    // The port was opened and closed again, so nothing listens on it.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("http://127.0.0.1:{port}/base");
    assert!(matches!(ask(&at(&nobody), 7), SchemaLookup::NotNow));
    // One of several URLs has to answer.
    finds(&Registry { urls: vec![nobody, url], ..at("") });
}

#[test]
fn a_certificate_is_trusted_only_if_a_trusted_authority_signed_it() {
    let authority = identity("authority", None);
    let (server, client) = (identity("server", Some(&authority)), identity("client", Some(&authority)));
    let folder = TempDir::new().unwrap();
    let file = |name: &str, bytes: Vec<u8>| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let store = |path: &PathBuf, password: Option<&str>| {
        let path = path.display().to_string();
        Some(KeyStore { path, password: password.map(Password::new), kind: None })
    };
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&server.key).unwrap();
    acceptor.set_certificate(&server.certificate).unwrap();
    acceptor.cert_store_mut().add_cert(authority.certificate.clone()).unwrap();
    // The client has to show a certificate too.
    acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    let url = serve(None, Some(acceptor.build()));

    let pem = file("ca.pem", authority.certificate.to_pem().unwrap());
    let mut authorities = Stack::new().unwrap();
    authorities.push(authority.certificate.clone()).unwrap();
    let p12 = Pkcs12::builder().ca(authorities).build2("trust").unwrap();
    let p12 = file("ca.p12", p12.to_der().unwrap());
    let own = Pkcs12::builder().pkey(&client.key).cert(&client.certificate).build2("key").unwrap();
    let own = file("client.p12", own.to_der().unwrap());
    let both = [client.key.private_key_to_pem_pkcs8().unwrap(), client.certificate.to_pem().unwrap()].concat();
    let both = file("client.pem", both);

    finds(&Registry { trust_store: store(&pem, None), key_store: store(&own, Some("key")), ..at(&url) });
    finds(&Registry { trust_store: store(&p12, Some("trust")), key_store: store(&both, None), ..at(&url) });
    let without_store = Registry { key_store: store(&own, Some("key")), ..at(&url) };
    is_refused(&without_store, "ssl.truststore.location");
    let other = file("other.pem", identity("other", None).certificate.to_pem().unwrap());
    is_refused(&Registry { trust_store: store(&other, None), ..without_store }, "isn't trusted");

    // Errors of the options are reported before any request is made.
    let wrong = |settings: Registry| client::check(&settings).join("\n");
    let password = wrong(Registry { trust_store: store(&p12, Some("s3cret")), ..at(&url) });
    assert!(password.contains("its password is wrong") && !password.contains("s3cret"), "{password}");
    let jks = folder.path().join("trust.jks");
    assert!(wrong(Registry { trust_store: store(&jks, None), ..at(&url) }).contains("keytool"));
    assert!(
        wrong(Registry { key_store: store(&folder.path().join("none.pem"), None), ..at(&url) }).contains("none.pem")
    );
}
