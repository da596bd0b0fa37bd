//! Options of both kinds of table.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::formats::csv::options::CsvFormat;
use crate::formats::format::Format;
use crate::settings::kafka::{Assignment, Bounded, KafkaSource, OffsetReset, PartitionOffsets, Startup};
use crate::settings::topics::Topics;
use crate::settings::{ConflictMode, DeadLetterTarget, DeliveryGuarantee, VectorIndexMode, WriteMode};
use crate::types::vector_encoding::{PackedNumber, VectorEncoding};

#[track_caller]
fn sink(more: &str) -> crate::settings::Sink {
    job(&with_sink_options(more)).mappings.remove(0).sink
}

#[track_caller]
fn kafka(more: &str) -> KafkaSource {
    job(&with_source_options(more)).sources.remove(0).kafka
}

#[track_caller]
fn csv(more: &str) -> CsvFormat {
    let Format::Csv(csv) = job(&with_source_options(more)).sources.remove(0).format else { panic!("not csv") };
    csv
}

#[test]
fn sink_options_that_are_not_set_have_the_defaults_of_the_vendors_guide() {
    let sink = sink("'verbose' = '1'");
    assert_eq!((sink.batch_size, sink.connection_max_active, sink.max_retry_times), (None, 20, 2));
    assert_eq!(sink.batch_write_timeout, Duration::from_millis(10_000));
    assert_eq!(sink.connection_max_wait, Duration::from_millis(15_000));
    assert_eq!(sink.retry_wait_time, Duration::from_millis(200));
    assert_eq!((sink.write_mode, sink.conflict_mode), (WriteMode::Copy, ConflictMode::Ignore));
    assert_eq!((sink.schema.as_str(), sink.name.as_str()), ("public", "public.out"));
    assert!(!sink.remove_line_feeds && !sink.remove_null_characters && !sink.not_null_drop);
    assert_eq!((sink.dead_letter, sink.vector_dimension), (None, None));
}

#[test]
fn a_missing_conflict_mode_is_reported_because_the_java_connector_has_another_default() {
    let text = with_sink_options("'verbose' = '1'").replace(", 'conflictmode' = 'ignore'", "");
    let job = job(&text);
    assert!(job.notices[0].starts_with("table 's': 'conflictmode' is missing"), "{:?}", job.notices);
}

#[test]
fn write_and_conflict_modes_are_read() {
    let modes = |more: &str| {
        let sink = sink(more);
        (sink.write_mode, sink.conflict_mode)
    };
    assert_eq!(modes("'writemode' = '2', 'conflictmode' = 'strict'"), (WriteMode::Insert, ConflictMode::Upsert));
    let conflict = |mode: &str| {
        let text = with_sink_options("'writemode' = '0'")
            .replace("'conflictmode' = 'ignore'", &format!("'conflictmode' = '{mode}'"));
        let sink = job(&text).mappings.remove(0).sink;
        (sink.write_mode, sink.conflict_mode)
    };
    assert_eq!(conflict("update"), (WriteMode::Insert, ConflictMode::Upsert));
    assert_eq!(conflict("upsert"), (WriteMode::Insert, ConflictMode::Upsert));
    assert_eq!(conflict("strict"), (WriteMode::Insert, ConflictMode::Strict));
}

#[test]
fn option_names_of_the_adbpg_connectors_may_be_in_any_case_and_the_last_one_counts() {
    let sink = sink("'batchSize' = '1', 'BATCHSIZE' = '2', 'connectionMaxWait' = '7', 'targetSchema' = 'S'");
    assert_eq!((sink.batch_size, sink.connection_max_wait), (Some(2), Duration::from_millis(7)));
    assert_eq!(sink.schema, "s");
}

#[test]
fn option_names_of_the_kafka_connector_must_be_in_lower_case() {
    assert!(only_error(&with_source_options("'Scan.Parallelism' = '1'")).contains("did you mean 'scan.parallelism'?"));
}

#[test]
fn names_are_folded_unless_casesensitive_is_1() {
    let of = |flag: &str| {
        let text = job_of("id INT", "`Id` INT", "INSERT INTO s SELECT * FROM k")
            .replace("'tablename' = 'out'", &format!("'tablename' = 'Out', 'casesensitive' = '{flag}'"));
        let sink = job(&text).mappings.remove(0).sink;
        (sink.name, sink.columns[0].name.clone())
    };
    assert_eq!(of("0"), ("public.out".into(), "id".into()));
    assert_eq!(of("1"), ("public.Out".into(), "Id".into()));
    let both = job_of("a INT, b INT", "c INT, C INT", "INSERT INTO s SELECT * FROM k");
    assert!(only_error(&both).contains("makes two columns the same: 'c'"));
}

#[test]
fn delivery_is_at_least_once_unless_the_job_says_otherwise() {
    let delivery = |more: &str| sink(more).delivery;
    assert_eq!(delivery("'verbose' = '1'"), DeliveryGuarantee::AtLeastOnce);
    assert_eq!(delivery("'sink.delivery-guarantee' = 'exactly-once'"), DeliveryGuarantee::ExactlyOnce);
}

#[test]
fn the_ledgers_tables_are_in_the_target_tables_schema_unless_they_are_named() {
    let pair = |schema: &str, table: &str| (schema.to_owned(), table.to_owned());
    let tables = sink("'targetschema' = 'Ops'").ledger_tables();
    assert_eq!((tables.stream, tables.shard), (pair("ops", "vecsink_stream"), pair("ops", "vecsink_shard")));
    let named = sink("'sink.ledger.stream-table' = 'L.S', 'sink.ledger.shard-table' = '\"Mine\"'").ledger_tables();
    assert_eq!((named.stream, named.shard), (pair("l", "s"), pair("public", "Mine")));
    let error = only_error(&with_sink_options("'sink.ledger.shard-table' = 'vecsink_stream'"));
    assert!(error.contains("is the table of the streams"), "{error}");
    let error = only_error(&with_sink_options("'sink.ledger.shard-table' = 'out'"));
    assert!(error.contains("is the table that the rows go to"), "{error}");
}

#[test]
fn how_rows_get_into_the_vector_index_is_read() {
    let mode = |name: &str| sink(&format!("'sink.vector-index' = '{name}'")).vector_index;
    assert_eq!(
        [mode("inline"), mode("behind"), mode("defer")],
        [VectorIndexMode::Inline, VectorIndexMode::Behind, VectorIndexMode::Defer]
    );
}

#[test]
fn own_sink_options_are_read() {
    let sink = sink("'deadletter' = 'file:/var/lib/dead.jsonl', 'vector.dimension' = '768', 'replacebreak' = 'TRUE'");
    assert_eq!(sink.dead_letter, Some(DeadLetterTarget::File(PathBuf::from("/var/lib/dead.jsonl"))));
    assert_eq!((sink.vector_dimension, sink.remove_line_feeds), (Some(768), true));
    assert!(!sink.vector_normalize && self::sink("'vector.normalize' = 'L2'").vector_normalize);
    for (target, error) in [
        ("kafka:", "needs a topic's name"),
        ("kafka:a,b", "needs a topic's name"),
        ("table:", "needs SCHEMA.NAME"),
        ("table:s.", "needs SCHEMA.NAME"),
        ("table:a.b.c", "needs SCHEMA.NAME after 'table:', with double quotes around a part that contains dots"),
        ("table:Out", "is the table that the rows go to"),
        ("file:", "needs a path"),
        ("/tmp/x", "must be 'file:PATH'"),
    ] {
        let found = only_error(&with_sink_options(&format!("'deadletter' = '{target}'")));
        assert!(found.contains(error), "{found}");
    }
}

#[test]
fn dead_letters_go_to_a_file_a_topic_or_a_table() {
    let target = |target: &str| sink(&format!("'deadletter' = '{target}'")).dead_letter.unwrap();
    let table = |schema: &str, table: &str| DeadLetterTarget::Table { schema: schema.into(), table: table.into() };
    assert_eq!(target("kafka:cars.dead"), DeadLetterTarget::Kafka("cars.dead".into()));
    assert_eq!(target("table:Ops.Dead"), table("ops", "dead"));
    assert_eq!(target("table:Dead', 'casesensitive' = '1"), table("public", "Dead"));
    assert_eq!(target("table:\"My.Schema\".Dead"), table("My.Schema", "dead"));
    assert_eq!(target("table:\"Dead.Letters\""), table("public", "Dead.Letters"));
}

#[test]
fn options_without_effect_are_accepted() {
    let all = "'usecopy' = '0', 'reservems' = '1', 'verbose' = '0', 'delimiter' = '\t', 'adbssport' = '8972', \
               'joinmaxrows' = '1024', 'cache' = 'none', 'cachesize' = '1', 'cachettlms' = '5', 'property-version' = '1'";
    assert_eq!(job(&with_sink_options(all)).notices, Vec::<String>::new());
    let hoped_for = job(&with_sink_options("'usecopy' = '1', 'cache' = 'lru', 'adbsshost' = 'h'"));
    assert_eq!(hoped_for.notices.len(), 3);
    assert!(only_error(&with_sink_options("'usecopy' = 'yes'")).contains("must be one of 0, 1"));
}

#[test]
fn every_version_of_the_connector_is_known_and_nothing_else() {
    let with = |name: &str| {
        with_sink_options("'verbose' = '0'").replace("'connector' = 'adbpg'", &format!("'connector' = '{name}'"))
    };
    for name in ["adbpg-nightly-1.13", "adbpg-nightly-1.14", "adbpg-nightly-1.20", "adbpg"] {
        job(&with(name));
    }
    for name in ["adbpg-nightly-", "adbpg-nightly-1.x", "ADBPG", "jdbc"] {
        assert!(only_error(&with(name)).contains("can't be written to"), "{name}");
    }
}

#[test]
fn user_and_password_must_be_options_or_in_the_url() {
    let text = with_sink_options("'verbose' = '0'");
    let without = text.replace("'username' = 'u'", "'reservems' = '0'").replace("'password' = 'p', ", "");
    assert_eq!(
        errors(&without),
        ["2:14 table 's': option 'username' is required", "2:14 table 's': option 'password' is required"]
    );
    let in_url = without.replace("//h/d", "//h/d?user=x&password=y%26z");
    let connection = job(&in_url).mappings.remove(0).sink.connection;
    assert_eq!((connection.user.as_str(), connection.password.reveal()), ("x", "y&z"));
    let both = job(&text.replace("//h/d", "//h/d?user=x&password=y")).mappings.remove(0).sink.connection;
    assert_eq!((both.user.as_str(), both.password.reveal()), ("u", "p"));
}

#[test]
fn a_variable_of_the_environment_stands_for_its_value() {
    let text = with_sink_options("'verbose' = '0'");
    let named = text.replace("'password' = 'p'", "'password' = '${secret_values.DB_PASSWORD}'");
    assert_eq!(job(&named).mappings[0].sink.connection.password.reveal(), "from the environment");
    let missing = text.replace("'password' = 'p'", "'password' = '${NOT_SET}'");
    assert!(
        only_error(&missing).ends_with("option 'password' needs the environment variable NOT_SET, which is not set")
    );
}

#[test]
fn a_password_is_in_no_error() {
    for odd in ["p@ss/w%zz", "p'@:", "$pw${x"] {
        let quoted = odd.replace('\'', "''");
        let in_url = with_sink_options("'batchsize' = 'x'")
            .replace("//h/d", &format!("//u:{quoted}@h:1/d?password={quoted}&ssl={quoted}"));
        let shown =
            parse(&in_url.replace("'password' = 'p'", &format!("'password' = '{quoted}', 'passwort' = '{quoted}'")));
        assert!(!shown.unwrap_err().to_string().contains(odd));
    }
}

#[test]
fn kafka_options_are_read() {
    let kafka = kafka(
        "'properties.group.id' = 'g', 'properties.isolation.level' = 'read_committed', 'scan.parallelism' = '3', \
         'sink.partitioner' = 'fixed', 'scan.topic-partition-discovery.interval' = '10 s', 'property-version' = '1', \
         'properties.isolation.level' = 'read_uncommitted', 'properties.auto.offset.reset' = 'whatever'",
    );
    assert_eq!(kafka.group_id.as_deref(), Some("g"));
    assert_eq!(kafka.discovery_interval, Some(Duration::from_secs(10)));
    assert_eq!(kafka.auto_offset_reset, None);
    let properties: Vec<(&str, &str)> =
        kafka.properties.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let expected = [
        ("bootstrap.servers", "b:9092"),
        ("group.id", "g"),
        ("isolation.level", "read_uncommitted"),
        ("auto.offset.reset", "whatever"),
    ];
    assert_eq!(properties, expected);
}

#[test]
fn topics_are_separated_by_semicolons() {
    let text = with_source_options("'scan.parallelism' = '1'").replace("'topic' = 't'", "'topic' = 'a;b;a'");
    assert_eq!(job(&text).sources[0].kafka.topics, Topics::Named(vec!["a".into(), "b".into()]));
}

#[test]
fn a_pattern_may_be_given_instead_of_topics() {
    let text = with_source_options("'scan.parallelism' = '1'").replace("'topic' = 't'", "'topic-pattern' = 't-\\d+'");
    let Topics::Matching(pattern) = &job(&text).sources[0].kafka.topics else { panic!("a pattern is expected") };
    assert!(pattern.matches("t-17") && !pattern.matches("t-x"));
    let java = text.replace("t-\\d+", "(?!x).*");
    assert!(only_error(&java).contains("not supported here"), "{}", only_error(&java));
    let neither = text.replace("'topic-pattern' = 't-\\d+', ", "");
    assert!(only_error(&neither).contains("'topic' is required, or 'topic-pattern'"), "{}", only_error(&neither));
}

#[test]
fn specific_offsets_and_group_assignment_are_read() {
    let offsets = PartitionOffsets(vec![(0, 42), (1, 300)]);
    let text = "'scan.bounded.mode' = 'specific-offsets', 'scan.assignment' = 'Group', \
                'scan.bounded.specific-offsets' = 'partition:0,offset:42;partition:1,offset:300'";
    assert_eq!(kafka(text).bounded, Bounded::SpecificOffsets(offsets.clone()));
    assert_eq!(kafka(text).assignment, Assignment::Group);
    let text = with_source_options("'scan.startup.specific-offsets' = 'partition:0,offset:42;partition:1,offset:300'")
        .replace("'earliest-offset'", "'specific-offsets'");
    assert_eq!(job(&text).sources[0].kafka.startup, Startup::SpecificOffsets(offsets));
    let two = text.replace("'topic' = 't'", "'topic' = 't;u'");
    assert!(only_error(&two).contains("needs a single topic"), "{}", only_error(&two));
}

#[test]
fn startup_and_bounded_modes_are_read_in_any_case() {
    let start = |more: &str| {
        let text = with_source_options(more).replace(", 'scan.startup.mode' = 'earliest-offset'", "");
        job(&text).sources.remove(0).kafka
    };
    assert_eq!(start("'scan.startup.mode' = 'Latest-Offset'").startup, Startup::Latest);
    let timestamp = start("'scan.startup.mode' = 'timestamp', 'scan.startup.timestamp-millis' = '17'");
    assert_eq!(timestamp.startup, Startup::Timestamp(17));
    let group = start("'properties.group.id' = 'g', 'properties.auto.offset.reset' = 'Latest'");
    assert_eq!((group.startup, group.auto_offset_reset), (Startup::GroupOffsets, Some(OffsetReset::Latest)));
    assert_eq!(kafka("'scan.bounded.mode' = 'latest-offset'").bounded, Bounded::Latest);
    assert_eq!(kafka("'scan.bounded.mode' = 'latest-offset'").discovery_interval, None);
    let until = kafka("'scan.bounded.mode' = 'timestamp', 'scan.bounded.timestamp-millis' = '18'");
    assert_eq!(until.bounded, Bounded::Timestamp(18));
}

#[test]
fn only_earliest_and_latest_allow_going_on_when_records_are_gone() {
    let may = |more: &str| {
        let text = with_source_options(more).replace(", 'scan.startup.mode' = 'earliest-offset'", "");
        job(&text).sources.remove(0).kafka.may_pass_over_lost_records()
    };
    for mode in ["earliest-offset", "group-offsets"] {
        for (reset, allows) in [("earliest", true), ("LATEST", true), ("none", false), ("None", false)] {
            let options = format!(
                "'scan.startup.mode' = '{mode}', 'properties.group.id' = 'g', 'properties.auto.offset.reset' = '{reset}'"
            );
            assert_eq!(may(&options), allows, "{options}");
        }
        let options = format!("'scan.startup.mode' = '{mode}', 'properties.group.id' = 'g'");
        assert!(!may(&options));
    }
}

#[test]
fn kafka_options_that_cannot_work_are_refused() {
    for (more, error) in [
        ("'topic-pattern' = 't.*'", "option 'topic-pattern' can't be set together with 'topic'"),
        ("'scan.bounded.mode' = 'group-offsets'", "'group-offsets' needs 'properties.group.id'"),
        ("'scan.bounded.mode' = 'specific-offsets'", "needs 'scan.bounded.specific-offsets'"),
        (
            "'scan.bounded.specific-offsets' = '0:1', 'scan.bounded.mode' = 'specific-offsets'",
            "must be like partition:0",
        ),
        ("'scan.bounded.mode' = 'timestamp'", "needs 'scan.bounded.timestamp-millis'"),
        ("'scan.topic-partition-discovery.interval' = 'often'", "must be a duration"),
        ("'value.csv.null-literal' = ''", "unknown option 'value.csv.null-literal'"),
        ("'csv.field-delimiter' = '||'", "must be exactly one character"),
        ("'csv.disable-quote-character' = 'true', 'csv.quote-character' = '|'", "exclude each other"),
        ("'csv.ignore-parse-errors' = 'yes'", "must be true or false"),
        ("'json.ignore-parse-errors' = 'true'", "unknown option"),
    ] {
        let found = only_error(&with_source_options(more));
        assert!(found.contains(error), "{found}");
    }
    let specific = with_source_options("'scan.parallelism' = '1'").replace("'earliest-offset'", "'specific-offsets'");
    assert!(only_error(&specific).contains("= 'specific-offsets' needs 'scan.startup.specific-offsets'"));
    let reset = with_source_options("'properties.group.id' = 'g', 'properties.auto.offset.reset' = 'first'")
        .replace("'earliest-offset'", "'group-offsets'");
    assert!(only_error(&reset).contains("must be one of earliest, latest, none"));
    let keyed = job_of("id INT PRIMARY KEY NOT ENFORCED", "id INT", "INSERT INTO s SELECT * FROM k");
    assert!(only_error(&keyed).starts_with("1:24 table 'k' can't have a PRIMARY KEY"));
}

#[test]
fn a_tab_may_be_written_in_all_ways_that_flink_takes() {
    for delimiter in ["'\\t'", "'\\u0009'", "'\t'", "U&'\\0009'"] {
        assert_eq!(csv(&format!("'csv.field-delimiter' = {delimiter}")).field_delimiter, '\t', "{delimiter}");
    }
}

#[test]
fn csv_options_have_the_prefix_value_if_the_format_is_named_by_value_format() {
    let text = with_source_options("'value.csv.field-delimiter' = '|', 'value.csv.null-literal' = ''")
        .replace("'format' = 'csv'", "'value.format' = 'csv'");
    let Format::Csv(csv) = job(&text).sources.remove(0).format else { panic!("not csv") };
    assert_eq!((csv.field_delimiter, csv.null_literal.as_deref()), ('|', Some("")));
}

#[test]
fn csv_options_are_read() {
    let read = csv(
        "'csv.disable-quote-character' = 'true', 'csv.allow-comments' = 'TRUE', 'csv.ignore-parse-errors' = 'true', \
         'csv.array-element-delimiter' = '|', 'csv.escape-character' = '\\', 'csv.null-literal' = 'n/a'",
    );
    let expected = CsvFormat {
        field_delimiter: ',',
        quote_character: None,
        allow_comments: true,
        ignore_parse_errors: true,
        array_element_delimiter: "|".into(),
        escape_character: Some('\\'),
        null_literal: Some("n/a".into()),
    };
    assert_eq!(read, expected);
}

#[test]
fn a_placeholder_from_an_example_is_refused() {
    for (option, placeholder) in
        [("'username' = 'u'", "'username' = '<user>'"), ("'password' = 'p'", "'password' = '<your password>'")]
    {
        let text = with_sink_options("'verbose' = '0'").replace(option, placeholder);
        let found = only_error(&text);
        assert!(found.contains("placeholder") && found.starts_with("2:"), "{found}");
    }
    for brokers in ["<brokers>", "<host>:9092"] {
        let found = only_error(&with_source_options("'scan.parallelism' = '1'").replace("b:9092", brokers));
        assert!(found.contains("fill in"), "{found}");
    }
    assert_eq!(csv("'csv.null-literal' = '<null>'").null_literal.as_deref(), Some("<null>"));
}

#[test]
fn the_connector_may_come_from_the_environment() {
    let from =
        |name: &str| with_source_options("'scan.parallelism' = '1'").replace("'kafka'", &format!("'${{{name}}}'"));
    assert_eq!(job(&from("CONNECTOR")).sources[0].table, "k");
    assert_eq!(
        only_error(&from("NOPE")),
        "1:45 option 'connector' needs the environment variable NOPE, which is not set"
    );
}

#[test]
fn a_conflict_mode_that_the_write_mode_overrides_is_reported() {
    for (mode, notices) in [("ignore", 1), ("strict", 1), ("upsert", 0)] {
        let text = with_sink_options("'writemode' = '2'")
            .replace("'conflictmode' = 'ignore'", &format!("'conflictmode' = '{mode}'"));
        let found = job(&text).notices;
        assert_eq!(found.len(), notices, "{mode}: {found:?}");
        assert!(found.iter().all(|notice| notice.contains("'writemode' = '2' means upsert")), "{found:?}");
    }
}

#[test]
fn client_properties_are_checked_with_everything_else_and_shown_at_their_option() {
    let text = with_source_options("'properties.ssl.key' = 'x',\n'properties.ssl' = 'y', 'oops' = 'z'");
    let check = |source: &KafkaSource| {
        assert!(source.properties.iter().any(|(name, _)| name == "ssl.key"));
        vec!["properties.ssl.key: no key".into(), "properties.absent is needed".into(), "properties.ssl: no".into()]
    };
    let Err(Error::Config(found)) = parse_with(&text, &[], &check) else { panic!("it has errors") };
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    let starts = [
        "line 1, column 14: table 'k': properties.absent is needed",
        "line 1, column 135: properties.ssl.key: no key",
        "line 2, column 20: properties.ssl: no",
        "line 2, column 25: unknown option 'oops'",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{start}\n{found}");
    }
    let overrides = [Override { table: "k".into(), option: "properties.ssl".into(), value: "y".into() }];
    let error = parse_with(&with_source_options("'scan.parallelism' = '1'"), &overrides, &|_| {
        vec!["properties.ssl: no".into()]
    });
    assert_eq!(error.unwrap_err().to_string(), "-D k.properties.ssl: no");
}

#[test]
fn a_vector_encoding_is_a_float_and_its_byte_order() {
    let encoding = |word: &str| {
        let text = with_source_options(&format!("'vector.encoding' = '{word}'"));
        job(&text).sources.remove(0).vector_encoding
    };
    let f32le = VectorEncoding { number: PackedNumber::F32, big_endian: false, base64: false };
    assert_eq!(encoding("f32le"), Some(f32le));
    assert_eq!(encoding("F32BE"), Some(VectorEncoding { big_endian: true, ..f32le }));
    assert_eq!(encoding("f16le"), Some(VectorEncoding { number: PackedNumber::F16, ..f32le }));
    let f64be = VectorEncoding { number: PackedNumber::F64, big_endian: true, base64: true };
    assert_eq!(encoding("base64:f64be"), Some(f64be));
    assert!(only_error(&with_source_options("'vector.encoding' = 'f32'")).contains("must be one of f32le, f32be"));
}

#[test]
fn protobuf_takes_descriptors_and_checks_the_columns_against_them() {
    let job = |columns: &str, options: &str| {
        job_of(columns, "id INT", "INSERT INTO s SELECT id FROM k")
            .replace("'format' = 'csv'", &format!("'format' = 'protobuf', {options}"))
    };
    let car = |message: &str| {
        format!("'protobuf.descriptor-file' = 'examples/sql/car.desc', 'protobuf.message' = '{message}'")
    };
    let columns = "id INT, painted TIMESTAMP_LTZ(3), color INT, price ROW<currency STRING>, feature ARRAY<FLOAT>";
    let found = super::job(&job(columns, &car("shop.Car")));
    let Format::Protobuf(format) = &found.sources[0].format else { panic!("{found:?}") };
    assert_eq!(format!("{:?}", format.message.full_name()), "\"shop.Car\"");
    assert!(!format.read_default_values && !format.ignore_parse_errors);

    let wrong = errors(&job("id INT, colour STRING, price ROW<amount STRING>, feature STRING", &car("shop.Car")));
    for (error, expected) in wrong.iter().zip([
        "message 'shop.Car' has no field 'colour'; did you mean 'color'?",
        "the field 'shop.Price.amount' needs a column of type INT or BIGINT, but the column is STRING",
        "the field 'shop.Car.feature' needs a column of type ARRAY<FLOAT>, but the column is STRING",
    ]) {
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(wrong.len(), 3, "{wrong:#?}");

    assert!(only_error(&job("id INT", &car("Car"))).contains("did you mean 'shop.Car'?"));
    let java = only_error(&job("id INT", "'protobuf.message-class-name' = 'shop.Cars$Car'"));
    assert!(java.contains("names a Java class") && java.contains("protobuf.descriptor-file"), "{java}");
    let both = format!("'protobuf.message-class-name' = 'shop.Cars$Car', {}", car("shop.Car"));
    super::job(&job("id INT", &both));
    for (file, expected) in
        [("none.desc", "can't be read"), ("examples", "is not a file"), ("README.md", "is not a file of descriptors")]
    {
        let options = car("shop.Car").replace("examples/sql/car.desc", file);
        assert!(only_error(&job("id INT", &options)).contains(expected), "{file}");
    }
}
