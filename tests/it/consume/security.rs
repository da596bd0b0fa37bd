//! Brokers that need a login or use TLS.

use vecsink::internals::kafka::StartReason;

use super::rig::Rig;
use super::values;
use crate::support::servers::address;
use crate::support::{Topic, kafka};

/// The rig's source, by another port of the same broker.
fn through(protocol: &str, topic: &Topic) -> Option<Rig> {
    let mut rig = Rig::new(&[topic]).bounded().property("security.protocol", protocol);
    rig.source.kafka.brokers = address(&format!("VECSINK_TEST_KAFKA_{protocol}"))?;
    Some(rig)
}

fn with_login(rig: Rig, mechanism: &str, module: &str, password: Option<&str>) -> Rig {
    let login = address("VECSINK_TEST_KAFKA_LOGIN").expect("given with the broker's address");
    let (user, right) = login.split_once(':').expect("a user and a password");
    let password = password.unwrap_or(right);
    // The name that such a class has in the jar of a vendor who moved it to another package.
    let jaas = format!("shaded.org.apache.kafka.{module} required username=\"{user}\" password=\"{password}\";");
    rig.property("sasl.mechanism", mechanism).property("sasl.jaas.config", &jaas)
}

fn trusting(rig: Rig) -> Rig {
    let authority = address("VECSINK_TEST_KAFKA_CA").expect("given with the broker's address");
    rig.property("ssl.truststore.location", &authority).property("ssl.truststore.type", "PEM")
}

const LOGINS: [(&str, &str); 3] =
    [("PLAIN", "PlainLoginModule"), ("SCRAM-SHA-256", "ScramLoginModule"), ("SCRAM-SHA-512", "ScramLoginModule")];

#[test]
fn every_kind_of_login_works_with_and_without_tls() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    topic.produce(0, values(0..10));
    for (mechanism, module) in LOGINS {
        let Some(rig) = through("SASL_PLAINTEXT", &topic) else { return };
        let read = with_login(rig, mechanism, module, None).fresh().read();
        assert_eq!(read.offsets(&topic, 0).len(), 10, "{mechanism}");
        let Some(rig) = through("SASL_SSL", &topic) else { return };
        let read = with_login(trusting(rig), mechanism, module, None).fresh().read();
        assert_eq!(read.offsets(&topic, 0).len(), 10, "{mechanism} over TLS");
    }
    let Some(rig) = through("SSL", &topic) else { return };
    let reader = trusting(rig).open().expect("TLS without a login");
    assert_eq!(reader.start_positions()[0].origin, StartReason::Progress);
}

#[test]
fn a_wrong_password_ends_the_start_and_is_not_shown() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    for (mechanism, module) in LOGINS {
        let Some(rig) = through("SASL_PLAINTEXT", &topic) else { return };
        let refused = with_login(rig, mechanism, module, Some("hunter2")).open();
        let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("refuses the connection"), "{mechanism}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_certificate_of_an_untrusted_authority_is_refused() {
    let Some(kafka) = kafka() else { return };
    let topic = kafka.topic(1);
    let Some(rig) = through("SSL", &topic) else { return };
    let error = rig.open().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("certificate"), "{error}");
}
