//! Options of `'format' = 'avro-confluent'` and `'debezium-avro-confluent'`: the schema, and how to reach the registry.

use std::time::Duration;

use crate::formats::avro::settings::ConfluentFormat;
use crate::options::{OptionSpec, TableOptions, ValueType};
use crate::settings::Password;
use crate::settings::registry::{KeyStore, Registry, RegistryLogin};

pub const URL: OptionSpec = OptionSpec::new(
    "url",
    ValueType::Text,
    "The registry's http:// or https:// URL, as its clients need it; several with commas are tried in turn.",
)
.alias(&["schema-registry.url"])
.required();
pub const SUBJECT: OptionSpec = OptionSpec::new("subject", ValueType::Any, "For writing only; accepted, no effect.")
    .alias(&["schema-registry.subject"]);
pub const SCHEMA: OptionSpec = OptionSpec::new(
    "schema",
    ValueType::Text,
    "The Avro schema that messages are read with, where it is not to be derived from the table; it must be the table's.",
)
.alias(&["schema-registry.schema"])
.since("1.16");
pub const BASIC_SOURCE: OptionSpec = OptionSpec::new(
    "basic-auth.credentials-source",
    ValueType::Choice(std::borrow::Cow::Borrowed(&["USER_INFO", "URL", "SASL_INHERIT"])),
    "Where the registry's user and password are: in basic-auth.user-info, in the URL, or in sasl.jaas.config.",
)
.alias(&["schema-registry.basic-auth.credentials-source"])
.since("1.14");
pub const USER_INFO: OptionSpec = OptionSpec::new("basic-auth.user-info", ValueType::Secret, "user:password.")
    .alias(&["schema-registry.basic-auth.user-info"])
    .since("1.14");
pub const BEARER_SOURCE: OptionSpec = OptionSpec::new(
    "bearer-auth.credentials-source",
    ValueType::Choice(std::borrow::Cow::Borrowed(&["STATIC_TOKEN"])),
    "Where the registry's token is: in bearer-auth.token.",
)
.alias(&["schema-registry.bearer-auth.credentials-source"])
.since("1.14");
pub const TOKEN: OptionSpec = OptionSpec::new("bearer-auth.token", ValueType::Secret, "The token.")
    .alias(&["schema-registry.bearer-auth.token"])
    .since("1.14");
pub const TRUST_STORE: OptionSpec = OptionSpec::new(
    "ssl.truststore.location",
    ValueType::Text,
    "The authorities to believe for https: a PEM or PKCS#12 file. Left out: the system's.",
)
.alias(&["schema-registry.ssl.truststore.location"])
.since("1.14");
pub const TRUST_STORE_PASSWORD: OptionSpec =
    OptionSpec::new("ssl.truststore.password", ValueType::Secret, "The password of a PKCS#12 file.")
        .alias(&["schema-registry.ssl.truststore.password"])
        .since("1.14");
pub const KEY_STORE: OptionSpec = OptionSpec::new(
    "ssl.keystore.location",
    ValueType::Text,
    "The client's own key and certificate: a PEM file with both, or a PKCS#12 file.",
)
.alias(&["schema-registry.ssl.keystore.location"])
.since("1.14");
pub const KEY_STORE_PASSWORD: OptionSpec = OptionSpec::new("ssl.keystore.password", ValueType::Secret, "Its password.")
    .alias(&["schema-registry.ssl.keystore.password"])
    .since("1.14");
pub const PROPERTIES: OptionSpec = OptionSpec::new(
    "properties.*",
    ValueType::Any,
    "Settings of the registry's client by their Java names: http.connect.timeout.ms, http.read.timeout.ms, \
     basic.auth.user.info, schema.registry.ssl.truststore.type … The options above win.",
)
.since("1.14");

pub const OPTIONS: &[OptionSpec] = &[
    URL,
    SUBJECT,
    SCHEMA,
    BASIC_SOURCE,
    USER_INFO,
    BEARER_SOURCE,
    TOKEN,
    TRUST_STORE,
    TRUST_STORE_PASSWORD,
    KEY_STORE,
    KEY_STORE_PASSWORD,
    PROPERTIES,
];

/// The client's properties that the options stand for.
struct Properties(Vec<(String, String)>);

impl Properties {
    /// The option's value, or else the property's.
    fn or(&self, option: Option<String>, name: &str) -> Option<String> {
        option.or_else(|| self.get(name))
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

const KNOWN: &[&str] = &[
    "basic.auth.credentials.source",
    "basic.auth.user.info",
    "schema.registry.basic.auth.user.info",
    "bearer.auth.credentials.source",
    "bearer.auth.token",
    "sasl.jaas.config",
    "schema.registry.ssl.truststore.location",
    "schema.registry.ssl.truststore.password",
    "schema.registry.ssl.truststore.type",
    "schema.registry.ssl.keystore.location",
    "schema.registry.ssl.keystore.password",
    "schema.registry.ssl.keystore.type",
    "schema.registry.ssl.endpoint.identification.algorithm",
    "http.connect.timeout.ms",
    "http.read.timeout.ms",
];

/// Where no schema is given it comes when the columns are known.
pub fn read(options: &mut TableOptions<'_>) -> ConfluentFormat {
    let properties = Properties(options.group(&PROPERTIES));
    for (name, _) in properties.0.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
        options.notice(&format!("'properties.{name}' of the registry's client has no effect here"));
    }
    let given = options.text(&URL).unwrap_or_default();
    let (urls, in_url) = match urls(&given) {
        Ok(found) => found,
        Err(message) => {
            options.error(&URL, &message);
            (Vec::new(), None)
        }
    };
    let schema = options.text(&SCHEMA).unwrap_or_default();
    let store = |options: &mut TableOptions<'_>, location, password, name: &str| {
        let of = |part: &str| format!("schema.registry.ssl.{name}.{part}");
        let path = properties.or(options.text(location), &of("location"));
        let password = properties.or(options.text(password), &of("password")).map(Password::new);
        path.map(|path| KeyStore { path, password, kind: properties.get(&of("type")) })
    };
    let registry = Registry {
        login: login(options, &properties, in_url),
        trust_store: store(options, &TRUST_STORE, &TRUST_STORE_PASSWORD, "truststore"),
        key_store: store(options, &KEY_STORE, &KEY_STORE_PASSWORD, "keystore"),
        verify_host: properties
            .get("schema.registry.ssl.endpoint.identification.algorithm")
            .is_none_or(|name| !name.is_empty()),
        connect_timeout: timeout(options, &properties, "http.connect.timeout.ms", 5_000),
        read_timeout: timeout(options, &properties, "http.read.timeout.ms", 10_000),
        urls,
    };
    ConfluentFormat { schema, registry }
}

fn timeout(options: &mut TableOptions<'_>, properties: &Properties, name: &str, default: u64) -> Duration {
    let given = properties.get(name);
    let millis = given.as_deref().map_or(Some(default), |text| text.trim().parse().ok().filter(|millis| *millis > 0));
    if millis.is_none() {
        options.error(&PROPERTIES, &format!("has a '{name}' that is no number of milliseconds"));
    }
    Duration::from_millis(millis.unwrap_or(default))
}

fn login(options: &mut TableOptions<'_>, properties: &Properties, in_url: Option<String>) -> RegistryLogin {
    let basic = properties.or(options.choice(&BASIC_SOURCE).map(str::to_string), "basic.auth.credentials.source");
    let bearer = properties.or(options.choice(&BEARER_SOURCE).map(str::to_string), "bearer.auth.credentials.source");
    let user_info = properties.or(options.text(&USER_INFO), "basic.auth.user.info");
    let user_info = user_info.or_else(|| properties.get("schema.registry.basic.auth.user.info"));
    let token = properties.or(options.text(&TOKEN), "bearer.auth.token");
    match (basic.as_deref(), bearer.as_deref()) {
        (Some(_), Some(_)) => options.error(&BEARER_SOURCE, "and 'basic-auth.credentials-source' exclude each other"),
        (Some("USER_INFO"), None) => match user_info {
            Some(info) => return user(options, &USER_INFO, &info),
            None => options.error(&USER_INFO, "is required with 'basic-auth.credentials-source' = 'USER_INFO'"),
        },
        (Some("URL"), None) => match in_url {
            Some(info) => return user(options, &URL, &info),
            None => options
                .error(&URL, "has no user:password@ in it, which 'basic-auth.credentials-source' = 'URL' asks for"),
        },
        (Some("SASL_INHERIT"), None) => {
            // The name promises the Kafka client's login; Flink's own needs it told again.
            let inherited =
                || options.with_prefix("properties.").into_iter().find(|(name, _)| name == "sasl.jaas.config");
            match properties.get("sasl.jaas.config").or_else(|| inherited().map(|(_, value)| value)) {
                Some(jaas) => return RegistryLogin::Jaas(Password::new(jaas)),
                None => options.error(&BASIC_SOURCE, "= 'SASL_INHERIT' needs a 'sasl.jaas.config' in the properties"),
            }
        }
        (Some(other), None) => {
            options.error(&BASIC_SOURCE, &format!("= '{other}' is unknown; USER_INFO, URL and SASL_INHERIT are known"));
        }
        (None, Some("STATIC_TOKEN")) => match token {
            Some(token) => return RegistryLogin::Token(Password::new(token)),
            None => options.error(&TOKEN, "is required with 'bearer-auth.credentials-source' = 'STATIC_TOKEN'"),
        },
        (None, Some(other)) => {
            options.error(&BEARER_SOURCE, &format!("= '{other}' is not supported; STATIC_TOKEN is"));
        }
        // Java's client doesn't look at them either, which nobody means.
        (None, None) if user_info.is_some() => {
            options.error(&USER_INFO, "has no effect without 'basic-auth.credentials-source' = 'USER_INFO'");
        }
        (None, None) if token.is_some() => {
            options.error(&TOKEN, "has no effect without 'bearer-auth.credentials-source' = 'STATIC_TOKEN'");
        }
        (None, None) => {}
    }
    RegistryLogin::None
}

fn user(options: &mut TableOptions<'_>, option: &OptionSpec, info: &str) -> RegistryLogin {
    match info.split_once(':') {
        Some((name, password)) if !name.is_empty() => {
            RegistryLogin::User { name: name.to_string(), password: Password::new(password) }
        }
        _ => {
            options.error(option, "must hold user:password");
            RegistryLogin::None
        }
    }
}

/// The URLs without a login, and the login of the first that has one.
fn urls(text: &str) -> Result<(Vec<String>, Option<String>), String> {
    let mut urls = Vec::new();
    let mut login = None;
    for url in text.split(',').map(str::trim).filter(|url| !url.is_empty()) {
        let scheme = ["http://", "https://"]
            .into_iter()
            .find(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        let Some(scheme) = scheme else { return Err("must begin with http:// or https://".into()) };
        let rest = url.get(scheme.len()..).unwrap_or_default();
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = match authority.rsplit_once('@') {
            Some((info, host)) => {
                login.get_or_insert(info.to_string());
                host
            }
            None => authority,
        };
        if host.is_empty() || rest.contains(char::is_whitespace) {
            return Err("has no host in it".into());
        }
        urls.push(format!("{scheme}{host}{}", path.trim_end_matches('/')));
    }
    Ok((urls, login))
}
