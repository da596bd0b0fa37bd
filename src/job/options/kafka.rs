//! Options of a source table: `'connector' = 'kafka'`.

use std::time::Duration;

use super::message::{self, FIELDS_INCLUDE, FORMAT, KEY_FIELDS, KEY_FIELDS_PREFIX, KEY_FORMAT, MessageFormats, Specs};
use super::scan::{
    self, BOUNDED_MODE, BOUNDED_OFFSETS, BOUNDED_TIMESTAMP, OFFSET_RESET, STARTUP_MODE, STARTUP_OFFSETS,
    STARTUP_TIMESTAMP,
};
use crate::options::value_types::is_topic;
use crate::options::{OptionSpec, TableOptions, ValueType};
use crate::settings::kafka::{Assignment, Bounded, KafkaSource, Startup};
use crate::settings::topics::{TopicPattern, Topics};
use crate::types::column::SourceColumn;
use crate::types::vector_encoding::{PackedNumber, VectorEncoding};

pub const CONNECTOR: OptionSpec = OptionSpec::new("connector", ValueType::Text, "kafka").required();
pub const BROKERS: OptionSpec = OptionSpec::new(
    "properties.bootstrap.servers",
    ValueType::Text,
    "The brokers to start from: host:port, several with commas.",
)
.required();
pub const TOPIC: OptionSpec = OptionSpec::new(
    "topic",
    ValueType::Text,
    "The topic to read; several with ';'. Either this or topic-pattern is needed.",
);
pub const TOPIC_PATTERN: OptionSpec = OptionSpec::new(
    "topic-pattern",
    ValueType::Text,
    "A regular expression as Java has them: all topics whose whole name matches are read, later ones too.",
);
pub const ASSIGNMENT: OptionSpec = OptionSpec::new(
    "scan.assignment",
    ValueType::Choice(std::borrow::Cow::Borrowed(&["manual", "group"])),
    "manual: this process reads all partitions. group: it joins the consumer group and shares them with the group's other processes.",
)
.default("manual")
.own();
pub const DISCOVERY_INTERVAL: OptionSpec = OptionSpec::new(
    "scan.topic-partition-discovery.interval",
    ValueType::Duration,
    "How often to look for new topics and partitions; 0: never.",
)
.default("5 min");
pub const PARALLELISM: OptionSpec =
    OptionSpec::new("scan.parallelism", ValueType::Any, "Accepted, no effect.").since("1.20");
pub const PROPERTY_VERSION: OptionSpec = OptionSpec::new("property-version", ValueType::Any, "Accepted, no effect.");
pub const GROUP_ID: OptionSpec = OptionSpec::new(
    "properties.group.id",
    ValueType::Text,
    "The consumer group that keeps the job's progress. Left out: one made of the job's name, and scan.startup.mode must be other than group-offsets.",
);
pub const PROPERTIES: OptionSpec =
    OptionSpec::new("properties.*", ValueType::Any, "Any other setting of the Kafka client, by its Java name.");
pub const VECTOR_ENCODING: OptionSpec = OptionSpec::new(
    "vector.encoding",
    ValueType::Choice(std::borrow::Cow::Borrowed(&[
        "f32le",
        "f32be",
        "f16le",
        "f16be",
        "f64le",
        "f64be",
        "base64:f32le",
        "base64:f32be",
        "base64:f16le",
        "base64:f16be",
        "base64:f64le",
        "base64:f64be",
    ])),
    "What BYTES columns hold where they feed a vector: floats of 2, 4 or 8 bytes, little- or big-endian. With base64: \
     STRING columns may hold the same in base64.",
)
.own();
pub const SINK_OPTIONS: OptionSpec =
    OptionSpec::new("sink.*", ValueType::Any, "Accepted, no effect on a table that is read.");

pub const OPTIONS: &[OptionSpec] = &[
    CONNECTOR,
    BROKERS,
    TOPIC,
    TOPIC_PATTERN,
    FORMAT,
    KEY_FORMAT,
    KEY_FIELDS,
    KEY_FIELDS_PREFIX,
    FIELDS_INCLUDE,
    STARTUP_MODE,
    STARTUP_TIMESTAMP,
    STARTUP_OFFSETS,
    BOUNDED_MODE,
    BOUNDED_TIMESTAMP,
    BOUNDED_OFFSETS,
    ASSIGNMENT,
    DISCOVERY_INTERVAL,
    PARALLELISM,
    PROPERTY_VERSION,
    GROUP_ID,
    OFFSET_RESET,
    PROPERTIES,
    VECTOR_ENCODING,
    SINK_OPTIONS,
];

const SPECS: Specs = Specs { connector: "kafka", options: OPTIONS, format: &FORMAT, key_format: &KEY_FORMAT };

pub fn read(options: &mut TableOptions<'_>, columns: &[SourceColumn]) -> (KafkaSource, MessageFormats) {
    let messages = message::read(options, &SPECS, columns, None);
    (source(options, startup), messages)
}

fn startup(options: &mut TableOptions<'_>, one_topic: bool) -> Startup {
    let startup = scan::startup(options, one_topic);
    if startup == Startup::GroupOffsets && !options.is_set(&GROUP_ID) {
        options.error(
            &STARTUP_MODE,
            "= 'group-offsets' (the default) needs 'properties.group.id'; without a group use earliest-offset, \
             latest-offset, timestamp or specific-offsets",
        );
    }
    startup
}

/// `startup` is told whether there is just one topic.
pub fn source(
    options: &mut TableOptions<'_>,
    startup: impl FnOnce(&mut TableOptions<'_>, bool) -> Startup,
) -> KafkaSource {
    let topics = topics(options);
    // One list of offsets can't be for several topics.
    let one_topic = matches!(&topics, Some(Topics::Named(names)) if names.len() == 1) || topics.is_none();
    let startup = startup(options, one_topic);
    let bounded = scan::bounded(options, one_topic);
    let group_id = options.text(&GROUP_ID);
    if bounded == Bounded::GroupOffsets && !options.is_set(&GROUP_ID) {
        options.error(&BOUNDED_MODE, "= 'group-offsets' needs 'properties.group.id'");
    }
    let interval = options.duration(&DISCOVERY_INTERVAL);
    KafkaSource {
        brokers: options.convert(&BROKERS, brokers).unwrap_or_default(),
        topics: topics.unwrap_or(Topics::Named(Vec::new())),
        group_id,
        auto_offset_reset: scan::offset_reset(options, &startup),
        startup,
        // A source with an end reads the partitions that are there at the start.
        discovery_interval: interval.filter(|interval| *interval > Duration::ZERO && bounded == Bounded::Unbounded),
        bounded,
        assignment: match options.choice(&ASSIGNMENT) {
            Some("group") => Assignment::Group,
            _ => Assignment::Manual,
        },
        properties: options.with_prefix("properties."),
    }
}

pub fn vector_encoding(options: &mut TableOptions<'_>) -> Option<VectorEncoding> {
    let word = options.choice(&VECTOR_ENCODING)?;
    let (base64, number) = word.strip_prefix("base64:").map_or((false, word), |number| (true, number));
    let number_of = |width| match width {
        "f16" => PackedNumber::F16,
        "f64" => PackedNumber::F64,
        _ => PackedNumber::F32,
    };
    let (width, order) = number.split_at(number.len() - "le".len());
    Some(VectorEncoding { number: number_of(width), big_endian: order == "be", base64 })
}

fn brokers(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("must not be empty".into());
    }
    if text.contains(['<', '>']) {
        return Err("has a bracket in it; fill in your brokers' names".into());
    }
    Ok(text.to_string())
}

/// `None`: what was given is wrong, and has been refused.
fn topics(options: &mut TableOptions<'_>) -> Option<Topics> {
    match (options.is_set(&TOPIC), options.is_set(&TOPIC_PATTERN)) {
        (true, true) => {
            options.error(&TOPIC_PATTERN, "can't be set together with 'topic'; take one of them out");
            None
        }
        (false, true) => options.convert(&TOPIC_PATTERN, TopicPattern::parse).map(Topics::Matching),
        (true, false) => named_topics(options).map(Topics::Named),
        (false, false) => {
            options.error(&TOPIC, "is required, or 'topic-pattern'");
            None
        }
    }
}

fn named_topics(options: &mut TableOptions<'_>) -> Option<Vec<String>> {
    let read = |text: &str| {
        let topics: Vec<String> =
            text.split(';').map(str::trim).filter(|topic| !topic.is_empty()).map(str::to_string).collect();
        match topics.iter().find(|topic| !is_topic(topic)) {
            Some(topic) if topic.contains(',') => Err("has a ',' in it; several topics are separated by ';'".into()),
            Some(_) => Err("is no topic's name: letters, digits, '.', '_' and '-' are".to_string()),
            None if topics.is_empty() => Err("must name a topic".into()),
            None => Ok(topics),
        }
    };
    let mut topics = options.convert(&TOPIC, read)?;
    let mut seen = Vec::new();
    topics.retain(|topic| {
        let is_new = !seen.contains(topic);
        seen.push(topic.clone());
        is_new
    });
    Some(topics)
}
