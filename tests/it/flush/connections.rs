//! Login, TLS, hosts, and the number of connections.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vecsink::internals::postgres::Target;
use vecsink::internals::settings::{Host, Password, Sink, SslMode};

use super::fixture::{Rows, open, refusal, sink, write};
use crate::support::{
    PrivatePostgres, Schema, eventually, postgres18, postgres18_sockets, postgres18_tls, postgres96, servers,
};

fn schema(server: &crate::support::postgresql::Postgres) -> Schema {
    let mut schema = Schema::new(server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    schema
}

#[test]
fn tls_is_used_as_sslmode_says() {
    let Some(server) = postgres18_tls() else { return };
    let mut schema = schema(&server);
    let authority = server.authority.clone().map(Into::into);
    for mode in [SslMode::Allow, SslMode::Prefer, SslMode::Require] {
        let mut sink = sink(&schema, "t");
        sink.connection.ssl_mode = mode;
        write(&open(&sink), &Rows::default().many(0..10, "x").batch());
    }
    for mode in [SslMode::VerifyCa, SslMode::VerifyFull] {
        let mut sink = sink(&schema, "t");
        sink.connection.ssl_mode = mode;
        sink.connection.ssl_root_cert.clone_from(&authority);
        write(&open(&sink), &Rows::default().many(0..10, "x").batch());
        sink.connection.ssl_root_cert = None;
        let error = refusal(&sink);
        assert!(error.contains("certificate"), "{mode:?}: {error}");
    }
    let mut plain = sink(&schema, "t");
    plain.connection.ssl_mode = SslMode::Disable;
    assert!(refusal(&plain).contains("28000"));
    assert_eq!(schema.count("t"), 10);
}

#[test]
fn require_with_a_root_certificate_checks_who_signed_the_servers_certificate() {
    let Some(server) = postgres18_tls() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let stranger = folder.path().join("stranger.crt");
    std::fs::write(&stranger, a_stranger().0).expect("is written");
    let mut schema = schema(&server);
    let mut sink = sink(&schema, "t");
    sink.connection.ssl_mode = SslMode::Require;
    sink.connection.ssl_root_cert = Some(stranger);
    let error = refusal(&sink);
    assert!(error.contains("certificate"), "{error}");
    sink.connection.ssl_root_cert = server.authority.clone().map(Into::into);
    write(&open(&sink), &Rows::default().many(0..3, "x").batch());
    assert_eq!(schema.count("t"), 3);
}

/// The environment variable that names further authorities for OpenSSL to trust.
const TRUSTED_BY_DEFAULT: &str = "SSL_CERT_FILE";

#[test]
fn with_a_root_certificate_no_other_authority_is_trusted() {
    let Some(server) = postgres18_tls() else { return };
    let authority = server.authority.clone().expect("it speaks TLS");
    if std::env::var(TRUSTED_BY_DEFAULT).as_deref() != Ok(&authority) {
        // Only a process that starts with it has the variable.
        let mut again = Command::new(std::env::current_exe().expect("this test"));
        again.args(["--exact", "flush::connections::with_a_root_certificate_no_other_authority_is_trusted"]);
        let output = again.env(TRUSTED_BY_DEFAULT, &authority).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let stranger = folder.path().join("stranger.crt");
    std::fs::write(&stranger, a_stranger().0).expect("is written");
    let schema = schema(&server);
    let mut sink = sink(&schema, "t");
    sink.connection.ssl_mode = SslMode::VerifyCa;
    sink.connection.ssl_root_cert = Some(stranger);
    let error = refusal(&sink);
    assert!(error.contains("certificate"), "{error}");
    sink.connection.ssl_root_cert = Some(authority.into());
    open(&sink);
}

/// A self-signed certificate and its key, as PEM.
pub fn a_stranger() -> (Vec<u8>, Vec<u8>) {
    use openssl::asn1::Asn1Time;
    use openssl::hash::MessageDigest;
    use openssl::{ec, nid::Nid, pkey::PKey, x509};
    let make = || {
        let group = ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let key = PKey::from_ec_key(ec::EcKey::generate(&group)?)?;
        let mut name = x509::X509Name::builder()?;
        name.append_entry_by_text("CN", "stranger")?;
        let name = name.build();
        let mut certificate = x509::X509::builder()?;
        certificate.set_subject_name(&name)?;
        certificate.set_issuer_name(&name)?;
        certificate.set_pubkey(&key)?;
        certificate.set_not_before(&*Asn1Time::days_from_now(0)?)?;
        certificate.set_not_after(&*Asn1Time::days_from_now(1)?)?;
        certificate.sign(&key, MessageDigest::sha256())?;
        Ok::<_, openssl::error::ErrorStack>((certificate.build().to_pem()?, key.private_key_to_pem_pkcs8()?))
    };
    make().expect("OpenSSL works")
}

#[test]
fn a_server_that_takes_a_role_without_tls_only_is_reached_by_prefer() {
    let Some(server) = postgres18_tls() else { return };
    let mut schema = schema(&server);
    let role = format!("{}_plain", schema.name);
    schema.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA {} TO {role}; GRANT INSERT ON t TO {role}",
        schema.name
    ));
    let rules = schema.text("pg_read_file(current_setting('hba_file'))").expect("the rules");
    let mut sink = sink(&schema, "t");
    let mut set_rules = |rules: &str| {
        let made = schema.client.query_one("SELECT lo_from_bytea(0, convert_to($1, 'UTF8'))", &[&rules]);
        let object: u32 = made.expect("the administrator may keep a file").get(0);
        let write = "SELECT lo_export($1, current_setting('hba_file')), lo_unlink($1)";
        schema.client.query(write, &[&object]).expect("the administrator may write files");
        schema.execute("SELECT pg_reload_conf()");
    };
    set_rules(&format!("hostnossl all {role} 127.0.0.1/32 scram-sha-256\nhostssl all {role} all reject\n{rules}"));
    sink.connection.user.clone_from(&role);
    sink.connection.password = Password::new("x");
    sink.connection.ssl_mode = SslMode::Prefer;
    // The server reads the rules a moment after it was asked to.
    eventually("the role comes in", || Target::open(&sink, "vecsink-test", None).is_ok());
    sink.connection.ssl_mode = SslMode::Require;
    assert!(refusal(&sink).contains("28000"));
    set_rules(&rules);
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn the_first_of_several_hosts_that_takes_writes_is_used() {
    let (Some(server), Some(standby)) = (postgres18(), postgres96()) else { return };
    let (mut schema, mut other) = (schema(&server), Schema::new(&standby));
    let role = format!("{}_role", schema.name);
    for schema in [&mut schema, &mut other] {
        schema.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'"));
    }
    schema.execute(&format!("GRANT USAGE ON SCHEMA {} TO {role}; GRANT INSERT ON t TO {role}", schema.name));
    other.execute(&format!("ALTER ROLE {role} SET default_transaction_read_only TO on"));
    let mut sink = sink(&schema, "t");
    sink.connection.user.clone_from(&role);
    sink.connection.password = Password::new("x");
    sink.connection.hosts.insert(0, Host::tcp(&standby.host, standby.port));
    let written = write(&open(&sink), &Rows::default().many(0..3, "x").batch()).counts();
    for schema in [&mut schema, &mut other] {
        schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
    assert_eq!(written, (3, 0, 0));
}

#[test]
fn a_server_without_tls_is_refused_only_where_tls_is_required() {
    let Some(server) = postgres18() else { return };
    let schema = schema(&server);
    let mut sink = sink(&schema, "t");
    sink.connection.ssl_mode = SslMode::Prefer;
    open(&sink);
    sink.connection.ssl_mode = SslMode::Require;
    let error = refusal(&sink);
    assert!(error.contains("TLS"), "{error}");
}

#[test]
fn a_password_may_contain_any_character_and_is_never_shown() {
    for server in servers(&[]) {
        let mut schema = schema(&server);
        let role = format!("{}_odd", schema.name);
        let odd = " p@ss:/?#[]&=%20+\\\"'`$;{}|<>~ ü日\t";
        schema.execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD {}; GRANT USAGE ON SCHEMA {} TO {role}; GRANT SELECT, INSERT ON t TO {role}",
            format_args!("'{}'", odd.replace('\'', "''")),
            schema.name
        ));
        let mut sink = sink(&schema, "t");
        sink.connection.user.clone_from(&role);
        sink.connection.password = Password::new(odd);
        let written = write(&open(&sink), &Rows::default().many(0..3, "x").batch()).counts();
        sink.connection.password = Password::new("s3cret-and-wrong");
        let error = refusal(&sink);
        schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
        assert_eq!(written, (3, 0, 0));
        assert!(error.contains("28P01") && error.contains("check username and password"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn hosts_are_tried_until_one_answers() {
    let Some(server) = postgres18() else { return };
    let schema = schema(&server);
    let mut sink = sink(&schema, "t");
    // A port where nothing listens, and a port where nothing ever answers.
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent_port = silent.local_addr().expect("bound").port();
    sink.connection.connect_timeout = Duration::from_secs(2);
    sink.connection.hosts.insert(0, Host::tcp("127.0.0.1", silent_port));
    sink.connection.hosts.insert(0, Host::tcp("127.0.0.1", closed));
    sink.connection.primary_only = true;
    open(&sink);
    sink.connection.hosts.truncate(2);
    let error = refusal(&sink);
    assert!(error.contains(&format!("127.0.0.1:{closed}")) && error.contains("check the url"), "{error}");
}

#[test]
fn no_tls_is_used_on_a_unix_socket_in_any_sslmode() {
    let (Some(server), Some(directory)) = (postgres18(), postgres18_sockets()) else { return };
    let mut schema = schema(&server);
    let mut sink = sink(&schema, "t");
    sink.connection.ssl_mode = SslMode::VerifyFull;
    sink.connection.ssl_root_cert = None;
    sink.connection.hosts = vec![Host::unix(&directory, server.port)];
    let target = Target::open(&sink, &schema.name, None).expect("it opens");
    write(&target, &Rows::default().many(0..3, "x").batch());
    let by_socket =
        "SELECT bool_and(client_addr IS NULL) FROM pg_stat_activity WHERE application_name = current_schema()";
    assert_eq!(schema.text(by_socket).as_deref(), Some("true"));
    assert_eq!(schema.count("t"), 3);
    sink.connection.hosts = vec![Host::unix(directory.join("elsewhere"), server.port)];
    let error = refusal(&sink);
    let place = format!("{}/elsewhere/.s.PGSQL.{}", directory.display(), server.port);
    assert!(error.contains(&place) && error.contains("check the url"), "{error}");
}

#[test]
fn the_database_name_is_checked() {
    let Some(server) = postgres18() else { return };
    let schema = schema(&server);
    let mut sink = sink(&schema, "t");
    sink.connection.database = "nowhere".into();
    let error = refusal(&sink);
    assert!(error.contains("3D000") && error.contains("create the database"), "{error}");
}

#[test]
fn sessions_get_the_settings_of_the_url() {
    let Some(server) = postgres18() else { return };
    let mut schema = schema(&server);
    schema.execute("ALTER TABLE t ALTER name SET DEFAULT current_setting('application_name')");
    let mut sink = super::fixture::sink_of(&schema, "t", &["id", "name"]);
    sink.connection.current_schema = Some(format!("{}, public", schema.name));
    sink.connection.options = Some("-c synchronous_commit=off -c lock_timeout=3s".into());
    let target = open(&sink);
    assert!(target.description.warnings.iter().any(|warning| warning.contains("synchronous_commit")));
    schema.execute(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.name = concat_ws(' ',
           current_setting('synchronous_commit'), current_setting('lock_timeout'), current_schema(),
           current_setting('application_name')); RETURN NEW; END$$;
         CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE PROCEDURE f()",
    );
    write(&target, &Rows::default().many(0..1, "x").batch());
    let expected = format!("on 3s {} vecsink-test/0123456789abcdef", schema.name);
    assert_eq!(schema.text("SELECT name FROM t"), Some(expected));
}

#[test]
fn another_process_of_the_job_is_noticed() {
    let Some(server) = postgres18() else { return };
    let schema = schema(&server);
    let name = format!("{}/aaaa", schema.name);
    let first = vecsink::internals::postgres::Target::open(&sink(&schema, "t"), &name, None).expect("opens");
    let again = vecsink::internals::postgres::Target::open(&sink(&schema, "t"), &name, None).expect("opens");
    assert!(!again.has_other_process, "another sink of the same process");
    let second =
        vecsink::internals::postgres::Target::open(&sink(&schema, "t"), &format!("{}/bbbb", schema.name), None)
            .expect("opens");
    assert!(second.has_other_process);
    drop(first);
}

#[test]
fn if_connections_are_refused_there_are_fewer_writers_and_no_row_is_lost() {
    let Some(private) = PrivatePostgres::start() else { return };
    let mut schema = Schema::new(&private.server);
    schema.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
    let role = format!("{}_few", schema.name);
    schema.execute(&format!(
        "CREATE ROLE {role} LOGIN CONNECTION LIMIT 2; ALTER ROLE {role} PASSWORD 'x';
         GRANT USAGE ON SCHEMA {} TO {role}; GRANT INSERT ON t TO {role}",
        schema.name
    ));
    // No thread may sleep after a refusal, because a batch would wait for an hour.
    let retry_wait_time = Duration::from_secs(3600);
    let mut sink = Sink { connection_max_active: 8, retry_wait_time, ..sink(&schema, "t") };
    sink.connection.user = role;
    sink.connection.password = Password::new("x");
    let target = Arc::new(open(&sink));
    assert_eq!((target.connection_limit(), target.open_sessions()), (8, 1));
    let started = Instant::now();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let target = Arc::clone(&target);
            std::thread::spawn(move || {
                for batch in 0..20 {
                    let start = (writer * 20 + batch) * 100;
                    assert_eq!(
                        write(&target, &Rows::default().many(start..start + 100, "x").batch()).counts(),
                        (100, 0, 0)
                    );
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("no writer gives up");
    }
    assert!(started.elapsed() < Duration::from_secs(600), "{:?}", started.elapsed());
    assert_eq!(schema.count("t"), 16_000);
    assert_eq!((target.open_sessions(), target.most_writers), (2, 8));
    assert!((1..=2).contains(&target.connection_limit()), "{}", target.connection_limit());
    assert!(!target.in_outage());
}
