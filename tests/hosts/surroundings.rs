//! A host with its own OpenSSL configuration, with programs that it starts, and with few descriptors or threads.

use std::process::Command;

use crate::library::{compile_c, finish, run, url};
use crate::support::broker::kafka;
use crate::support::postgresql::{Schema, postgres18, postgres18_tls};
use crate::support::servers::address;

/// A configuration with which OpenSSL can't work: its provider doesn't exist, and no version of TLS is allowed.
const CONFIGURATION: &str = "openssl_conf = all
[all]
providers = providers
ssl_conf = tls
[providers]
host = host
[host]
module = /nowhere/host.so
activate = 1
[tls]
system_default = none
[none]
MinProtocol = TLSv1.3
MaxProtocol = TLSv1.2
";

#[test]
fn the_hosts_openssl_configuration_has_no_effect_and_its_child_programs_inherit_no_descriptor() {
    let (Some(server), Some(kafka)) = (postgres18_tls(), kafka()) else { return };
    let (Some(brokers), Some(authority)) = (address("VECSINK_TEST_KAFKA_SSL"), address("VECSINK_TEST_KAFKA_CA")) else {
        return;
    };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY)");
    let topic = kafka.topic(2);
    topic.produce_spread((0..500).map(|id| id.to_string()));
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("openssl.cnf");
    std::fs::write(&configuration, CONFIGURATION).unwrap();
    let trusted = server.authority.as_deref().unwrap();
    let url = url(&server).replace("sslmode=disable", &format!("sslmode=verify-full&sslrootcert={trusted}"));
    let table = format!("{}.items", schema.name);
    let program = compile_c("surroundings", "surroundings", &[]);
    let mut host = Command::new(program);
    finish(host.env("OPENSSL_CONF", &configuration).args([&url, &table, &brokers, &authority, &topic.name]));
    assert_eq!(schema.count("items"), 501);
}

#[test]
fn a_host_without_descriptors_or_threads_gets_an_error_and_nothing_is_printed() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY)");
    let program = compile_c("exhausted", "exhausted", &[]);
    let output = run(Command::new(program).args([url(&server), format!("{}.items", schema.name)]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{}: {said}", output.status);
    assert_eq!(schema.count("items"), 1);
}
