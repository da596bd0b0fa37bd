//! The Avro formats: the schema that Flink derives from a table, a schema in the options, and the registry's options.

use super::*;
use crate::formats::avro::confluent_options::ConfluentFormat;
use crate::formats::avro::options::AvroEncoding;
use crate::formats::format::Format;
use crate::settings::registry::RegistryLogin;

fn job_with(columns: &str, format: &str, more: &str) -> String {
    format!(
        "CREATE TABLE k ({columns}) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'b:9092',
            'topic' = 't', 'scan.startup.mode' = 'earliest-offset', 'format' = '{format}', {more});
         CREATE TABLE s (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ({SINK_OPTIONS});
         INSERT INTO s SELECT id FROM k;"
    )
}

fn format_of(columns: &str, format: &str, more: &str) -> Format {
    job(&job_with(columns, format, more)).sources.remove(0).format
}

fn schema_of(columns: &str, more: &str) -> String {
    match format_of(columns, "avro", more) {
        Format::Avro(options) => options.schema,
        other => panic!("{other:?}"),
    }
}

fn confluent(more: &str) -> ConfluentFormat {
    match format_of("id INT", "avro-confluent", more) {
        Format::AvroConfluent(options) => options,
        other => panic!("{other:?}"),
    }
}

fn error_with(format: &str, columns: &str, more: &str) -> String {
    only_error(&job_with(columns, format, more))
}

#[test]
fn the_schema_is_the_one_that_flink_derives() {
    let schema = schema_of(
        "id INT NOT NULL, a BOOLEAN, b SMALLINT, c BIGINT, d DOUBLE NOT NULL, e VARCHAR(10), f BYTES,
         g DECIMAL(10, 2), h DATE, i TIME, j TIMESTAMP(3), k ARRAY<FLOAT NOT NULL>, l ARRAY<FLOAT>,
         m MAP<STRING, INT NOT NULL>, n ROW<x INT NOT NULL, y ROW<z STRING>> NOT NULL,
         o MULTISET<STRING NOT NULL>",
        "'avro.codec' = 'snappy'",
    );
    let record = "org.apache.flink.avro.generated.record";
    let null = |name: &str, of: &str| format!(r#"{{"name":"{name}","type":["null",{of}],"default":null}}"#);
    let fields = [
        r#"{"name":"id","type":"int"}"#.to_string(),
        null("a", r#""boolean""#),
        null("b", r#""int""#),
        null("c", r#""long""#),
        r#"{"name":"d","type":"double"}"#.to_string(),
        null("e", r#""string""#),
        null("f", r#""bytes""#),
        null("g", r#"{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}"#),
        null("h", r#"{"type":"int","logicalType":"date"}"#),
        null("i", r#"{"type":"int","logicalType":"time-millis"}"#),
        null("j", r#"{"type":"long","logicalType":"timestamp-millis"}"#),
        null("k", r#"{"type":"array","items":"float"}"#),
        null("l", r#"{"type":"array","items":["null","float"]}"#),
        null("m", r#"{"type":"map","values":"int"}"#),
        format!(
            r#"{{"name":"n","type":{{"type":"record","name":"{record}_n","fields":[{{"name":"x","type":"int"}},{}]}}}}"#,
            null("y", &format!(r#"{{"type":"record","name":"{record}_n_y","fields":[{}]}}"#, null("z", r#""string""#)))
        ),
        null("o", r#"{"type":"map","values":["null","int"]}"#),
    ];
    assert_eq!(schema, format!(r#"{{"type":"record","name":"{record}","fields":[{}]}}"#, fields.join(",")));
}

#[test]
fn the_option_of_the_timestamp_mapping_decides_the_types_of_timestamps() {
    let new = "'avro.timestamp_mapping.legacy' = 'false'";
    for (declared, logical) in [
        ("TIMESTAMP(3)", "local-timestamp-millis"),
        ("TIMESTAMP", "local-timestamp-micros"),
        ("TIMESTAMP_LTZ(3)", "timestamp-millis"),
        ("TIMESTAMP_LTZ", "timestamp-micros"),
    ] {
        let schema = schema_of(&format!("id INT, at {declared}"), new);
        assert!(schema.contains(&format!(r#""logicalType":"{logical}""#)), "{schema}");
    }
    let refused = |columns: &str, more: &str| error_with("avro", columns, more);
    let plain = refused("id INT, at TIMESTAMP", "'avro.encoding' = 'binary'");
    assert!(plain.contains("can't hold TIMESTAMP(6): declare TIMESTAMP(3)"), "{plain}");
    assert!(
        refused("id INT, at TIMESTAMP_LTZ(3)", "'avro.codec' = 'x'")
            .contains("'avro.timestamp_mapping.legacy' = 'false'")
    );
    assert!(refused("id INT, at TIMESTAMP(9)", new).contains("6 digits at most"));
    assert!(refused("id INT, at TIME(6)", new).contains("3 digits at most"));
    assert!(refused("id INT, m MAP<INT, INT>", new).contains("has STRING keys, not INT"));
    assert!(refused("id INT, a ARRAY<TIMESTAMP>", "'avro.codec' = 'x'").contains("can't hold TIMESTAMP(6)"));
    // The schema in the registry says in which unit a message's timestamps are.
    format_of("id INT, at TIMESTAMP, b TIMESTAMP_LTZ(9)", "avro-confluent", "'avro-confluent.url' = 'http://r'");
}

#[test]
fn the_encoding_may_be_json() {
    let format = format_of("id INT", "avro", "'avro.encoding' = 'JSON'");
    assert!(matches!(format, Format::Avro(options) if options.encoding == AvroEncoding::Json));
    let value =
        job_with("id INT", "x", "'value.avro.encoding' = 'json'").replace("'format' = 'x'", "'value.format' = 'avro'");
    assert!(matches!(&job(&value).sources[0].format, Format::Avro(options) if options.encoding == AvroEncoding::Json));
}

#[test]
fn a_registry_has_urls_and_a_login_that_is_never_shown() {
    let url = "'avro-confluent.url' = 'https://me:s3cret@one:8081/, http://two/apis/ccompat/v7'";
    let options = confluent(&format!("{url}, 'avro-confluent.basic-auth.credentials-source' = 'URL'"));
    assert_eq!(options.registry.urls, ["https://one:8081", "http://two/apis/ccompat/v7"]);
    assert!(
        matches!(&options.registry.login, RegistryLogin::User { name, password } if name == "me" && password.reveal() == "s3cret")
    );
    assert!(!format!("{options:?}").contains("s3cret"));

    let user = confluent(
        "'avro-confluent.schema-registry.url' = 'http://r', 'avro-confluent.basic-auth.credentials-source' = 'USER_INFO',
         'avro-confluent.basic-auth.user-info' = 'me:a:b'",
    );
    assert!(matches!(&user.registry.login, RegistryLogin::User { password, .. } if password.reveal() == "a:b"));
    // These are the names of the registry client. If Flink's option is set too, it counts.
    let client = confluent(
        "'avro-confluent.url' = 'http://r', 'avro-confluent.properties.bearer.auth.credentials.source' = 'STATIC_TOKEN',
         'avro-confluent.properties.bearer.auth.token' = 'old', 'avro-confluent.bearer-auth.token' = 't0ken',
         'avro-confluent.properties.http.read.timeout.ms' = '7'",
    );
    assert!(matches!(&client.registry.login, RegistryLogin::Token(token) if token.reveal() == "t0ken"));
    assert_eq!(client.registry.read_timeout.as_millis(), 7);
    let inherited = confluent(
        "'avro-confluent.url' = 'http://r', 'avro-confluent.basic-auth.credentials-source' = 'SASL_INHERIT',
         'properties.sasl.jaas.config' = 'x'",
    );
    assert!(matches!(inherited.registry.login, RegistryLogin::Jaas(_)));
}

#[test]
fn options_with_which_a_registry_can_not_be_reached_are_refused() {
    let url = "'avro-confluent.url' = 'http://r'";
    for (more, error) in [
        ("'avro-confluent.subject' = 's'", "option 'avro-confluent.url' is required"),
        ("'avro-confluent.url' = 'r:8081'", "must begin with http:// or https://"),
        ("'avro-confluent.url' = 'http:///x'", "has no host"),
        (
            &format!("{url}, 'avro-confluent.basic-auth.credentials-source' = 'USER_INFO'"),
            "basic-auth.user-info' is required",
        ),
        (&format!("{url}, 'avro-confluent.basic-auth.credentials-source' = 'URL'"), "has no user:password@ in it"),
        (
            &format!("{url}, 'avro-confluent.basic-auth.credentials-source' = 'SASL_INHERIT'"),
            "needs a 'sasl.jaas.config'",
        ),
        (&format!("{url}, 'avro-confluent.basic-auth.user-info' = 'a:b'"), "has no effect without"),
        (&format!("{url}, 'avro-confluent.bearer-auth.credentials-source' = 'STATIC_TOKEN'"), "token' is required"),
        (&format!("{url}, 'avro-confluent.properties.http.read.timeout.ms' = 'x'"), "not a number of milliseconds"),
        (
            &format!("{url}, 'avro-confluent.ignore-parse-errors' = 'true'"),
            "unknown option 'avro-confluent.ignore-parse-errors'",
        ),
    ] {
        let found = error_with("avro-confluent", "id INT", more);
        assert!(found.contains(error), "{found}");
    }
}

#[test]
fn a_given_schema_must_fit_the_table() {
    let of = |fields: &str| {
        let url = "'avro-confluent.url' = 'http://r'";
        let schema = format!(r#"{{"type": "record", "name": "r", "fields": [{fields}]}}"#);
        job_with(
            "id INT NOT NULL, v ARRAY<FLOAT>",
            "avro-confluent",
            &format!("{url}, 'avro-confluent.schema' = '{schema}'"),
        )
    };
    let id = r#"{"name": "id", "type": "int"}"#;
    let v = r#"{"name": "v", "type": ["null", {"type": "array", "items": "float"}], "default": null}"#;
    job(&of(&format!("{id}, {v}")));
    for (fields, error) in [
        (format!("{v}, {id}"), "its fields are v, id, and the columns are id, v"),
        (id.to_string(), "its fields are id, and"),
        (
            format!(r#"{{"name": "id", "type": ["null", "int"]}}, {v}"#),
            "its field id may be null, and the column is NOT NULL",
        ),
        (format!(r#"{{"name": "id", "type": "long"}}, {v}"#), "its field id is long, and the column is INT"),
        (format!(r#"{id}, {{"name": "v", "type": "string"}}"#), "its field v can't be null"),
        ("x".to_string(), "not JSON"),
    ] {
        let found = only_error(&of(&fields));
        assert!(found.contains(error), "{found}");
    }
}

#[test]
fn a_debezium_schema_has_the_row_before_and_after() {
    let format = format_of(
        "id INT, PRIMARY KEY (id) NOT ENFORCED",
        "debezium-avro-confluent",
        "'debezium-avro-confluent.url' = 'http://r'",
    );
    let Format::DebeziumAvroConfluent(options) = &format else { panic!("{format:?}") };
    assert!(crate::formats::avro::schema::AvroSchema::parse(&options.0.schema, &[]).is_ok(), "{}", options.0.schema);
    assert!(options.0.schema.contains(r#"{"name":"id","type":"int"}"#), "a column of the key holds no NULL");
    assert!(format.is_changing());
    let given = |schema: &str| {
        error_with(
            "debezium-avro-confluent",
            "id INT",
            &format!("'debezium-avro-confluent.url' = 'http://r', 'debezium-avro-confluent.schema' = '{schema}'"),
        )
    };
    assert!(given(r#"{"type": "record", "name": "r", "fields": []}"#).contains("it has no field before"));
}
