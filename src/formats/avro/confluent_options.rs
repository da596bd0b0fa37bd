//! `'format' = 'avro-confluent'` and its options: the schema, and the registry's address and login.

use std::sync::Arc;
use std::time::Duration;

use super::derive::{check_schema, fits_row, record_of};
use super::options::refuse_common;
use super::schema::AvroSchema;
use super::{Confluent, Unreadable, fields};
use crate::formats::Decode;
use crate::formats::definition::{DeclaredColumn, MessageFormat};
use crate::options::{OptionDefinition, OptionValue, TableOptions};
use crate::schema_registry::schemas::Schemas;
use crate::settings::Password;
use crate::settings::registry::{KeyStore, Registry, RegistryLogin};
use crate::types::column::{MetadataColumn, SourceColumn};
use crate::types::data_type::DataType;

/// A format whose messages name their schema in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfluentFormat {
    /// The reader's schema: the option `schema`, or the schema that Flink derives from the table. The latter is set when
    /// the columns are known.
    pub schema: String,
    pub registry: Registry,
}

/// The values of the options.
#[derive(Default)]
pub struct ConfluentOptions {
    url: String,
    schema: String,
    basic_source: Option<String>,
    user_info: Option<String>,
    bearer_source: Option<String>,
    token: Option<String>,
    trust_store: Option<String>,
    trust_store_password: Option<String>,
    key_store: Option<String>,
    key_store_password: Option<String>,
    properties: Properties,
}

type ConfluentOption = OptionDefinition<ConfluentOptions>;

const URL: ConfluentOption = ConfluentOption::new(
    "url",
    OptionValue::Text(|given, urls| given.url = urls),
    "The http:// or https:// URL of the schema registry. Several URLs, separated by commas, are tried in turn.",
)
.alias(&["schema-registry.url"])
.required();
const SUBJECT: ConfluentOption =
    ConfluentOption::new("subject", OptionValue::NoEffect, "For writing only; accepted, no effect.")
        .alias(&["schema-registry.subject"]);
const SCHEMA: ConfluentOption = ConfluentOption::new(
    "schema",
    OptionValue::Text(|given, schema| given.schema = schema),
    "The Avro schema that messages are read with. It must have the table's columns with their types. Without this option \
     the schema is derived from the table.",
)
.alias(&["schema-registry.schema"])
.since("1.16");
const BASIC_SOURCE: ConfluentOption = ConfluentOption::new(
    "basic-auth.credentials-source",
    OptionValue::Choice(&[
        ("USER_INFO", |given| given.basic_source = Some("USER_INFO".into())),
        ("URL", |given| given.basic_source = Some("URL".into())),
        ("SASL_INHERIT", |given| given.basic_source = Some("SASL_INHERIT".into())),
    ]),
    "Where the registry's user and password are: in basic-auth.user-info, in the URL, or in sasl.jaas.config.",
)
.alias(&["schema-registry.basic-auth.credentials-source"])
.since("1.14");
const USER_INFO: ConfluentOption = ConfluentOption::new(
    "basic-auth.user-info",
    OptionValue::Secret(|given, info| given.user_info = Some(info)),
    "The user and the password, as user:password.",
)
.alias(&["schema-registry.basic-auth.user-info"])
.since("1.14");
const BEARER_SOURCE: ConfluentOption = ConfluentOption::new(
    "bearer-auth.credentials-source",
    OptionValue::Choice(&[("STATIC_TOKEN", |given| given.bearer_source = Some("STATIC_TOKEN".into()))]),
    "Where the registry's token is: in bearer-auth.token.",
)
.alias(&["schema-registry.bearer-auth.credentials-source"])
.since("1.14");
const TOKEN: ConfluentOption = ConfluentOption::new(
    "bearer-auth.token",
    OptionValue::Secret(|given, token| given.token = Some(token)),
    "The token that the registry is asked with.",
)
.alias(&["schema-registry.bearer-auth.token"])
.since("1.14");
const TRUST_STORE: ConfluentOption = ConfluentOption::new(
    "ssl.truststore.location",
    OptionValue::Text(|given, path| given.trust_store = Some(path)),
    "A file with the certificate authorities that are trusted for https, in PEM or PKCS#12. Without this option those of \
     the system are trusted.",
)
.alias(&["schema-registry.ssl.truststore.location"])
.since("1.14");
const TRUST_STORE_PASSWORD: ConfluentOption = ConfluentOption::new(
    "ssl.truststore.password",
    OptionValue::Secret(|given, password| given.trust_store_password = Some(password)),
    "The password of the file in ssl.truststore.location, if it is PKCS#12.",
)
.alias(&["schema-registry.ssl.truststore.password"])
.since("1.14");
const KEY_STORE: ConfluentOption = ConfluentOption::new(
    "ssl.keystore.location",
    OptionValue::Text(|given, path| given.key_store = Some(path)),
    "The client's own key and certificate: a PEM file with both, or a PKCS#12 file.",
)
.alias(&["schema-registry.ssl.keystore.location"])
.since("1.14");
const KEY_STORE_PASSWORD: ConfluentOption = ConfluentOption::new(
    "ssl.keystore.password",
    OptionValue::Secret(|given, password| given.key_store_password = Some(password)),
    "The password of the file in ssl.keystore.location.",
)
.alias(&["schema-registry.ssl.keystore.password"])
.since("1.14");
const PROPERTIES: ConfluentOption = ConfluentOption::new(
    "properties.*",
    OptionValue::Group(|given, properties| given.properties = Properties(properties)),
    "Settings of the registry's client by their Java names: http.connect.timeout.ms, http.read.timeout.ms, \
     basic.auth.user.info, schema.registry.ssl.truststore.type … The options above replace these settings.",
)
.since("1.14");

pub const OPTIONS: &[ConfluentOption] = &[
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

/// The properties of Java's registry client. Some options are other names of them.
#[derive(Default)]
struct Properties(Vec<(String, String)>);

impl Properties {
    /// The option's value, or the property's if the option isn't set.
    fn or(&self, option: &Option<String>, name: &str) -> Option<String> {
        option.clone().or_else(|| self.get(name))
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

impl MessageFormat for ConfluentFormat {
    const NAME: &'static str = "avro-confluent";
    const IS_CHANGING: bool = false;
    type Options = ConfluentOptions;
    const OPTIONS: &'static [ConfluentOption] = OPTIONS;

    fn new(given: ConfluentOptions, options: &mut TableOptions<'_>) -> Option<Self> {
        let properties = &given.properties;
        for (name, _) in properties.0.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
            options.notice(&format!("'properties.{name}' of the registry's client has no effect here"));
        }
        let (urls, in_url) = match urls(&given.url) {
            Ok(found) => found,
            Err(message) => {
                options.error(&URL, &message);
                (Vec::new(), None)
            }
        };
        let store = |location: &Option<String>, password: &Option<String>, name: &str| {
            let of = |part: &str| format!("schema.registry.ssl.{name}.{part}");
            let path = properties.or(location, &of("location"));
            let password = properties.or(password, &of("password")).map(Password::new);
            path.map(|path| KeyStore { path, password, kind: properties.get(&of("type")) })
        };
        let registry = Registry {
            login: login(options, &given, in_url),
            trust_store: store(&given.trust_store, &given.trust_store_password, "truststore"),
            key_store: store(&given.key_store, &given.key_store_password, "keystore"),
            verify_host: properties
                .get("schema.registry.ssl.endpoint.identification.algorithm")
                .is_none_or(|name| !name.is_empty()),
            connect_timeout: timeout(options, properties, "http.connect.timeout.ms", 5_000),
            read_timeout: timeout(options, properties, "http.read.timeout.ms", 10_000),
            urls,
        };
        Some(ConfluentFormat { schema: given.schema, registry })
    }

    /// This format has no metadata columns in Flink.
    fn metadata() -> Vec<MetadataColumn> {
        Vec::new()
    }

    fn refuse_column(&self, _: &str, data_type: &DataType) -> Option<String> {
        refuse_common(data_type)
    }

    fn registry(&self) -> Option<&Registry> {
        Some(&self.registry)
    }

    fn complete(&mut self, table: &str, columns: &[DeclaredColumn<'_>]) -> Result<(), String> {
        if self.schema.is_empty() {
            self.schema = record_of(columns, true).to_string();
            return Ok(());
        }
        check_schema(&self.schema, |schema| fits_row(schema, schema.root(), columns))
            .map_err(|why| other_schema(table, &why))
    }

    fn decoder(
        &self,
        columns: &[SourceColumn],
        _: &[MetadataColumn],
        schemas: Option<Arc<dyn Schemas>>,
    ) -> Box<dyn Decode> {
        self.decoder_of(schemas, |reader, schemas| Box::new(Confluent::new(reader, fields(columns), schemas)))
    }
}

impl ConfluentFormat {
    /// The decoder that `make` makes of the table's schema and the registry. If one of them is missing, it is a decoder
    /// that rejects each message and says why.
    pub(super) fn decoder_of(
        &self,
        schemas: Option<Arc<dyn Schemas>>,
        make: impl FnOnce(AvroSchema, Arc<dyn Schemas>) -> Box<dyn Decode>,
    ) -> Box<dyn Decode> {
        match (AvroSchema::parse(&self.schema, &[]), schemas) {
            (Ok(reader), Some(schemas)) => make(reader, schemas),
            (Err(error), _) => Box::new(Unreadable(error)),
            (_, None) => Box::new(Unreadable("there is no registry to ask for schemas".into())),
        }
    }
}

/// The error for a schema in the options that doesn't fit the table.
pub(super) fn other_schema(table: &str, why: &str) -> String {
    format!("table '{table}': option 'schema' of the format doesn't fit the table: {why}")
}

fn timeout(options: &mut TableOptions<'_>, properties: &Properties, name: &str, default: u64) -> Duration {
    let given = properties.get(name);
    let millis = given.as_deref().map_or(Some(default), |text| text.trim().parse().ok().filter(|millis| *millis > 0));
    if millis.is_none() {
        options.error(&PROPERTIES, &format!("has a '{name}' that is not a number of milliseconds"));
    }
    Duration::from_millis(millis.unwrap_or(default))
}

fn login(options: &mut TableOptions<'_>, given: &ConfluentOptions, in_url: Option<String>) -> RegistryLogin {
    let properties = &given.properties;
    let basic = properties.or(&given.basic_source, "basic.auth.credentials.source");
    let bearer = properties.or(&given.bearer_source, "bearer.auth.credentials.source");
    let user_info = properties.or(&given.user_info, "basic.auth.user.info");
    let user_info = user_info.or_else(|| properties.get("schema.registry.basic.auth.user.info"));
    let token = properties.or(&given.token, "bearer.auth.token");
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
            // The name says that the Kafka client's login is taken over. But in Flink the login must be repeated here.
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
        // Java's client silently ignores these options. A user who sets them has probably made a mistake.
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

fn user(options: &mut TableOptions<'_>, option: &ConfluentOption, info: &str) -> RegistryLogin {
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

/// The URLs without their logins, and the first login in them.
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
