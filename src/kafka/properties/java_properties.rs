//! `properties.*` as a Java client spells them, translated for librdkafka: one table for most of them, then code for the few that need
//! more than a line of the table.

use rdkafka::ClientConfig;

use super::jaas;
use super::jaas::Module;
use super::stores::{StoreType, TrustStore, store_type};
use crate::settings::Password;

/// The job file's properties, translated for librdkafka.
#[derive(Default)]
pub struct Translation {
    /// librdkafka's names and values. Holds secrets: never logged.
    pub settings: Vec<(String, String)>,
    pub trust_store: Option<TrustStore>,
    /// Settings that only a member of the group uses, under librdkafka's names.
    pub membership: Vec<(String, String)>,
    pub warnings: Vec<String>,
    pub errors: Vec<String>,
}

enum PropertyRule {
    /// librdkafka has this name for the same setting.
    As(&'static str),
    /// Another part of the code decides it, or it is handled together with others below.
    Handled,
    /// A tuning key for which librdkafka has no equivalent.
    NoEquivalent,
    /// Its value names Java code.
    JavaClass,
    /// It is about membership in the group, which this client joins only if it is told to.
    Membership,
    /// Always off, with the reason.
    AlwaysOff(&'static str),
}

use PropertyRule::{AlwaysOff, As, Handled, JavaClass, Membership, NoEquivalent};

const BY_HAND: &str = "offsets are committed when the rows are, not by the clock";

const RULES: &[(&str, PropertyRule)] = &[
    ("bootstrap.servers", Handled),
    ("group.id", Handled),
    ("auto.offset.reset", Handled),
    ("partition.discovery.interval.ms", Handled),
    ("client.id.prefix", As("client.id")),
    ("enable.auto.commit", AlwaysOff(BY_HAND)),
    ("enable.auto.offset.store", AlwaysOff(BY_HAND)),
    ("allow.auto.create.topics", AlwaysOff("a topic is made with 'vecsink topic create'")),
    ("session.timeout.ms", Membership),
    ("heartbeat.interval.ms", Membership),
    ("max.poll.interval.ms", Membership),
    ("group.protocol", NoEquivalent),
    ("group.remote.assignor", NoEquivalent),
    ("group.instance.id", Membership),
    ("auto.commit.interval.ms", NoEquivalent),
    ("commit.offsets.on.checkpoint", NoEquivalent),
    ("register.consumer.metrics", NoEquivalent),
    ("key.deserializer", Handled),
    ("value.deserializer", Handled),
    ("key.serializer", Handled),
    ("value.serializer", Handled),
    ("interceptor.classes", JavaClass),
    ("metric.reporters", JavaClass),
    ("partition.assignment.strategy", JavaClass),
    ("partitioner.class", JavaClass),
    ("security.providers", JavaClass),
    ("sasl.client.callback.handler.class", JavaClass),
    ("sasl.login.callback.handler.class", JavaClass),
    ("sasl.login.class", JavaClass),
    ("ssl.engine.factory.class", JavaClass),
    ("ssl.keymanager.algorithm", NoEquivalent),
    ("ssl.trustmanager.algorithm", NoEquivalent),
    ("ssl.protocol", NoEquivalent),
    ("ssl.enabled.protocols", NoEquivalent),
    ("ssl.provider", NoEquivalent),
    ("ssl.secure.random.implementation", NoEquivalent),
    ("security.protocol", Handled),
    ("sasl.mechanism", Handled),
    ("sasl.jaas.config", Handled),
    ("ssl.truststore.location", Handled),
    ("ssl.truststore.password", Handled),
    ("ssl.truststore.type", Handled),
    ("ssl.truststore.certificates", As("ssl.ca.pem")),
    ("ssl.keystore.location", Handled),
    ("ssl.keystore.password", Handled),
    ("ssl.keystore.type", Handled),
    ("ssl.keystore.key", As("ssl.key.pem")),
    ("ssl.keystore.certificate.chain", As("ssl.certificate.pem")),
    ("ssl.endpoint.identification.algorithm", Handled),
    ("request.timeout.ms", As("socket.timeout.ms")),
    ("fetch.max.wait.ms", As("fetch.wait.max.ms")),
    ("max.partition.fetch.bytes", As("fetch.message.max.bytes")),
    ("receive.buffer.bytes", Handled),
    ("send.buffer.bytes", Handled),
    ("reconnect.backoff.ms", As("reconnect.backoff.ms")),
    ("max.poll.records", NoEquivalent),
    ("default.api.timeout.ms", NoEquivalent),
    ("exclude.internal.topics", NoEquivalent),
    ("metrics.num.samples", NoEquivalent),
    ("metrics.recording.level", NoEquivalent),
    ("metrics.sample.window.ms", NoEquivalent),
    ("socket.connection.setup.timeout.max.ms", NoEquivalent),
    ("socket.connection.setup.timeout.ms", As("socket.connection.setup.timeout.ms")),
    ("enable.metrics.push", As("enable.metrics.push")),
    ("plugin.library.paths", NoEquivalent),
];

pub fn translate(properties: &[(String, String)]) -> Translation {
    let mut out = Translation::default();
    for (key, value) in properties {
        match RULES.iter().find(|(name, _)| name == key).map(|(_, rule)| rule) {
            Some(As(name)) => out.set(key, name, value),
            Some(Handled) => {}
            Some(NoEquivalent) => out.warnings.push(format!("properties.{key} has no effect here")),
            Some(JavaClass) => {
                out.warnings.push(format!("properties.{key} names Java code, which can't be run here; ignored"));
            }
            Some(Membership) => {
                if out.takes(key, key, value) {
                    out.membership.push((key.clone(), value.clone()));
                }
            }
            Some(AlwaysOff(why)) => {
                if !value.eq_ignore_ascii_case("false") {
                    out.warnings.push(format!("properties.{key} is always off: {why}"));
                }
            }
            // Most tuning keys have the same name in Java and in librdkafka. librdkafka's own keys are taken, too.
            None if known(key) => out.set(key, key, value),
            None => out.warnings.push(format!("properties.{key} is unknown and has no effect")),
        }
    }
    let given = GivenProperties(properties);
    login(&given, &mut out);
    trust(&given, &mut out);
    client_certificate(&given, &mut out);
    buffers(&given, &mut out);
    out
}

impl Translation {
    /// Adds a setting if librdkafka takes its value. If it doesn't, a tuning key keeps its default, and any other key stops the job.
    /// The value may be a secret, so it isn't shown.
    fn set(&mut self, java: &str, name: &str, value: &str) {
        if self.takes(java, name, value) {
            self.settings.push((name.to_owned(), value.to_owned()));
        }
    }

    fn takes(&mut self, java: &str, name: &str, value: &str) -> bool {
        let refused = ClientConfig::new().set(name, value).create_native_config().is_err();
        if refused && is_tuning(java) {
            self.warnings
                .push(format!("properties.{java}: the Kafka client doesn't take this value; its default is used"));
        } else if refused {
            self.errors.push(format!("properties.{java}: the Kafka client doesn't take this value"));
        }
        !refused
    }

    /// Whether there are settings that [`Translation::without_tuning`] would leave out.
    pub fn tunes(&self) -> bool {
        !self.membership.is_empty() || self.settings.iter().any(|(name, _)| is_tuning(name))
    }

    /// Leaves out the tuning settings, for a client that takes each value alone but refuses them together.
    pub fn without_tuning(mut self) -> Self {
        self.settings.retain(|(name, _)| !is_tuning(name));
        self.membership.clear();
        self
    }
}

/// Whether the setting only tunes: it has no effect on which records are read and on who may read them.
fn is_tuning(key: &str) -> bool {
    !(["security.", "sasl.", "ssl.", "https.", "enable.ssl.", "enable.sasl."]
        .iter()
        .any(|start| key.starts_with(start))
        || key == "isolation.level")
}

/// Whether librdkafka knows a setting of this name.
fn known(name: &str) -> bool {
    // A known key always has a value, so `get` fails only for an unknown one.
    ClientConfig::new().create_native_config().is_ok_and(|config| config.get(name).is_ok())
}

struct GivenProperties<'a>(&'a [(String, String)]);

impl GivenProperties<'_> {
    /// If a key is given twice, the last value counts, as in the job file.
    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

fn login(given: &GivenProperties<'_>, out: &mut Translation) {
    let protocol = given.get("security.protocol").unwrap_or("PLAINTEXT").trim().to_ascii_uppercase();
    if !["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"].contains(&protocol.as_str()) {
        out.errors.push(format!(
            "properties.security.protocol '{protocol}': one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"
        ));
        return;
    }
    out.settings.push(("security.protocol".into(), protocol.to_ascii_lowercase()));
    if !protocol.starts_with("SASL") {
        return;
    }
    let mechanism = given.get("sasl.mechanism").unwrap_or("GSSAPI").trim().to_ascii_uppercase();
    match mechanism.as_str() {
        "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" | "OAUTHBEARER" => {
            out.settings.push(("sasl.mechanism".into(), mechanism.clone()));
        }
        "GSSAPI" => {
            out.errors.push(
                "properties.sasl.mechanism: GSSAPI (Kerberos, also the default) is not supported; set PLAIN, \
                 SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"
                    .into(),
            );
            return;
        }
        other => {
            out.errors.push(format!("properties.sasl.mechanism '{other}' is unknown"));
            return;
        }
    }
    let Some(text) = given.get("sasl.jaas.config") else {
        // The login may be given by librdkafka's own settings instead.
        let own = match mechanism.as_str() {
            "OAUTHBEARER" => {
                let is = |key, value| given.get(key).is_some_and(|given| given.eq_ignore_ascii_case(value));
                is("sasl.oauthbearer.method", "oidc") || is("enable.sasl.oauthbearer.unsecure.jwt", "true")
            }
            _ => given.get("sasl.username").is_some(),
        };
        if !own {
            out.errors.push(format!("properties.sasl.jaas.config is needed for {mechanism}: it holds the login"));
        }
        return;
    };
    match jaas::parse(text) {
        Err(problem) => out.errors.push(format!("properties.sasl.jaas.config {problem}")),
        Ok(login) if login.module == Module::OauthBearer => oauth(&login, given, out),
        Ok(login) => match (login.option("username"), login.option("password")) {
            (Some(user), Some(password)) => {
                out.settings.push(("sasl.username".into(), user.to_owned()));
                out.settings.push(("sasl.password".into(), password.to_owned()));
            }
            _ => out.errors.push("properties.sasl.jaas.config needs username=\"…\" and password=\"…\"".into()),
        },
    }
}

/// OAUTHBEARER with a client secret, fetched from the token endpoint by librdkafka itself.
fn oauth(login: &jaas::Login, given: &GivenProperties<'_>, out: &mut Translation) {
    let endpoint = given.get("sasl.oauthbearer.token.endpoint.url");
    let (Some(id), Some(secret), Some(_)) = (login.option("clientId"), login.option("clientSecret"), endpoint) else {
        out.errors.push(
            "OAUTHBEARER needs clientId=\"…\" and clientSecret=\"…\" in properties.sasl.jaas.config and \
             properties.sasl.oauthbearer.token.endpoint.url"
                .into(),
        );
        return;
    };
    let mut set = |name: &str, value: &str| out.settings.push((name.to_owned(), value.to_owned()));
    set("sasl.oauthbearer.method", "oidc");
    set("sasl.oauthbearer.client.id", id);
    set("sasl.oauthbearer.client.secret", secret);
    if let Some(scope) = login.option("scope") {
        set("sasl.oauthbearer.scope", scope);
    }
}

fn trust(given: &GivenProperties<'_>, out: &mut Translation) {
    // In Java an empty string turns off the check of the host's name.
    if let Some(check) = given.get("ssl.endpoint.identification.algorithm") {
        let check = if check.is_empty() { "none" } else { check };
        out.set("ssl.endpoint.identification.algorithm", "ssl.endpoint.identification.algorithm", check);
    }
    let Some(path) = given.get("ssl.truststore.location") else { return };
    match store_type("properties.ssl.truststore", given.get("ssl.truststore.type"), path) {
        Ok(StoreType::Pem) => out.settings.push(("ssl.ca.location".into(), path.to_owned())),
        Ok(StoreType::Pkcs12) => {
            let password = Password::new(given.get("ssl.truststore.password").unwrap_or_default());
            out.trust_store = Some(TrustStore { path: path.to_owned(), password });
        }
        Err(problem) => out.errors.push(problem),
    }
}

fn client_certificate(given: &GivenProperties<'_>, out: &mut Translation) {
    let Some(path) = given.get("ssl.keystore.location") else { return };
    let password = given.get("ssl.keystore.password");
    match store_type("properties.ssl.keystore", given.get("ssl.keystore.type"), path) {
        // One file with the key and its certificates.
        Ok(StoreType::Pem) => {
            out.settings.push(("ssl.certificate.location".into(), path.to_owned()));
            out.settings.push(("ssl.key.location".into(), path.to_owned()));
        }
        Ok(StoreType::Pkcs12) => {
            out.settings.push(("ssl.keystore.location".into(), path.to_owned()));
            out.settings.push(("ssl.keystore.password".into(), password.unwrap_or_default().to_owned()));
        }
        Err(problem) => out.errors.push(problem),
    }
}

/// Java's −1 means "as the system has it", which is 0 in librdkafka.
fn buffers(given: &GivenProperties<'_>, out: &mut Translation) {
    for (java, name) in
        [("receive.buffer.bytes", "socket.receive.buffer.bytes"), ("send.buffer.bytes", "socket.send.buffer.bytes")]
    {
        if let Some(bytes) = given.get(java) {
            out.set(java, name, if bytes.trim() == "-1" { "0" } else { bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(pairs: &[(&str, &str)]) -> Translation {
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        translate(&pairs)
    }

    fn setting<'a>(translation: &'a Translation, name: &str) -> Option<&'a str> {
        translation.settings.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_sasl_login_is_taken_from_the_jaas_text() {
        let out = translated(&[
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.jaas.config", "a.PlainLoginModule required username=\"u\" password=\"p;\\\\\";"),
            ("ssl.endpoint.identification.algorithm", ""),
        ]);
        assert_eq!(out.errors, Vec::<String>::new());
        assert_eq!(setting(&out, "sasl.username"), Some("u"));
        assert_eq!(setting(&out, "sasl.password"), Some("p;\\"));
        assert_eq!(setting(&out, "ssl.endpoint.identification.algorithm"), Some("none"));
        assert_eq!(setting(&out, "security.protocol"), Some("sasl_ssl"));
    }

    #[test]
    fn kerberos_and_a_missing_login_are_errors() {
        assert_eq!(translated(&[("security.protocol", "SASL_PLAINTEXT")]).errors.len(), 1);
        for mechanism in ["PLAIN", "SCRAM-SHA-512", "OAUTHBEARER"] {
            let out = translated(&[("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", mechanism)]);
            assert!(out.errors.len() == 1 && out.errors[0].contains("sasl.jaas.config"), "{mechanism}");
        }
    }

    #[test]
    fn a_tuning_key_never_fails_the_job_and_is_mapped_where_possible() {
        let out = translated(&[
            ("fetch.max.wait.ms", "50"),
            ("max.poll.records", "10"),
            ("client.rack", "r1"),
            ("max.partition.fetch.bytes", "2000000"),
            ("no.such.key", "1"),
            ("receive.buffer.bytes", "-1"),
        ]);
        assert_eq!(out.errors, Vec::<String>::new());
        assert_eq!(setting(&out, "fetch.wait.max.ms"), Some("50"));
        assert_eq!(setting(&out, "client.rack"), Some("r1"));
        assert_eq!(setting(&out, "fetch.message.max.bytes"), Some("2000000"));
        assert_eq!(setting(&out, "socket.receive.buffer.bytes"), Some("0"));
        assert_eq!(out.warnings.len(), 2);
    }

    #[test]
    fn java_classes_and_auto_commit_are_ignored_with_a_warning() {
        let out = translated(&[("interceptor.classes", "a.B"), ("enable.auto.commit", "true"), ("group.id", "g")]);
        assert_eq!((out.errors.len(), out.warnings.len()), (0, 2));
        assert_eq!(setting(&out, "enable.auto.commit"), None);
        assert_eq!(setting(&out, "group.id"), None);
    }

    #[test]
    fn a_value_out_of_range_of_a_tuning_key_costs_a_warning_and_keeps_the_default() {
        let given = [
            ("request.timeout.ms", "600000"),
            ("connections.max.idle.ms", "-1"),
            ("client.dns.lookup", "default"),
            ("metadata.max.age.ms", "604800000"),
            ("retry.backoff.ms", "0"),
            ("fetch.max.bytes", "2147483647"),
            ("max.partition.fetch.bytes", "2147483647"),
            ("session.timeout.ms", "0"),
            ("heartbeat.interval.ms", "-1"),
            ("max.poll.interval.ms", "soon"),
            ("group.protocol", "consumer"),
            ("allow.auto.create.topics", "true"),
        ];
        let out = translated(&given);
        assert_eq!(out.errors, Vec::<String>::new());
        assert_eq!(out.warnings.len(), given.len(), "{:?}", out.warnings);
        assert_eq!(out.settings, vec![("security.protocol".to_owned(), "plaintext".to_owned())]);
    }

    #[test]
    fn what_a_member_of_the_group_is_told_is_kept_apart() {
        let out = translated(&[("session.timeout.ms", "6000"), ("max.poll.interval.ms", "60000")]);
        let kept = [("session.timeout.ms", "6000"), ("max.poll.interval.ms", "60000")];
        assert_eq!(out.membership, kept.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(setting(&out, "session.timeout.ms"), None);
    }

    #[test]
    fn a_bad_value_about_security_is_an_error_that_does_not_show_it() {
        let out = translated(&[("isolation.level", "secret")]);
        assert_eq!(out.errors.len(), 1);
        assert!(!out.errors[0].contains("secret"));
    }
}
