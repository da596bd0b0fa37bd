//! A table that is read from Kafka, and the options that say how.
//!
//! An option is one entry here, and the field that it sets. Documentation, reading and checking come from the entry.

use std::fmt;
use std::time::Duration;

use super::parse::{brokers, key_fields, partition_offsets, topics};
use super::{Assignment, Bounded, OffsetReset, PartitionOffsets, Startup};
use crate::options::{OptionDefinition, OptionValue};
use crate::settings::topics::{TopicPattern, Topics};
use crate::types::vector_encoding::PackedNumber::{F16, F32, F64};
use crate::types::vector_encoding::{PackedNumber, VectorEncoding};

/// What is read from Kafka, and how. In [`SourceOptions`] its fields have the options' defaults before the options are read.
#[derive(Clone, PartialEq, Default)]
pub struct KafkaSource {
    /// `host:port,…`
    pub brokers: String,
    pub topics: Topics,
    pub group_id: Option<String>,
    pub startup: Startup,
    pub bounded: Bounded,
    pub assignment: Assignment,
    /// How often to look for new topics and partitions. `None`: never.
    pub discovery_interval: Option<Duration>,
    /// `properties.auto.offset.reset`: where a partition without a committed offset starts with [`Startup::GroupOffsets`].
    pub auto_offset_reset: Option<OffsetReset>,
    /// `properties.*` without the prefix, as the job file has them (Java client names), in its order.
    pub properties: Vec<(String, String)>,
}

impl KafkaSource {
    /// Whether the job file allows going on at the earliest record when records before it are gone, in whatever mode it starts.
    pub fn may_pass_over_lost_records(&self) -> bool {
        match self.auto_offset_reset {
            Some(reset) => reset != OffsetReset::None,
            // Only `group-offsets` reads the property into the field.
            None => self.properties.iter().any(|(name, value)| {
                let allows = ["earliest", "latest"].iter().any(|allows| value.eq_ignore_ascii_case(allows));
                name == "auto.offset.reset" && allows
            }),
        }
    }
}

impl fmt::Debug for KafkaSource {
    /// The properties' values hold logins and keys, so only their names are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: Vec<&str> = self.properties.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("KafkaSource")
            .field("brokers", &self.brokers)
            .field("topics", &self.topics)
            .field("group_id", &self.group_id)
            .field("startup", &self.startup)
            .field("bounded", &self.bounded)
            .field("assignment", &self.assignment)
            .field("discovery_interval", &self.discovery_interval)
            .field("auto_offset_reset", &self.auto_offset_reset)
            .field("properties", &properties)
            .finish()
    }
}

/// The values of a source table's options. Some are fields of the source already. From the others the rest of the source is
/// made, after all options were read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceOptions {
    pub kafka: KafkaSource,
    pub topics: Option<Vec<String>>,
    pub topic_pattern: Option<TopicPattern>,
    pub startup_mode: StartupMode,
    pub startup_timestamp: Option<i64>,
    pub startup_offsets: Option<PartitionOffsets>,
    pub bounded_mode: BoundedMode,
    pub bounded_timestamp: Option<i64>,
    pub bounded_offsets: Option<PartitionOffsets>,
    /// Names of formats, as they are written.
    pub format: Option<String>,
    pub key_format: Option<String>,
    pub key_fields: Vec<String>,
    pub key_fields_prefix: String,
    /// The message value lacks the columns of the key.
    pub key_only_in_key: bool,
    pub vector_encoding: Option<VectorEncoding>,
}

/// `scan.startup.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartupMode {
    #[default]
    Earliest,
    Latest,
    GroupOffsets,
    Timestamp,
    SpecificOffsets,
}

/// `scan.bounded.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BoundedMode {
    #[default]
    Unbounded,
    Latest,
    GroupOffsets,
    Timestamp,
    SpecificOffsets,
}

fn encoding(number: PackedNumber, big_endian: bool, base64: bool) -> Option<VectorEncoding> {
    Some(VectorEncoding { number, big_endian, base64 })
}

pub type SourceOption = OptionDefinition<SourceOptions>;

pub const CONNECTOR: SourceOption = SourceOption::new("connector", OptionValue::Text(|_, _| {}), "Must be kafka.")
    .required()
    // It says what the table is, which is known here.
    .read_when(|_| false);
pub const BROKERS: SourceOption = SourceOption::new(
    "properties.bootstrap.servers",
    OptionValue::Parsed(|source, text| {
        source.kafka.brokers = brokers(text)?;
        Ok(())
    }),
    "The brokers that the client connects to first, as host:port, separated by commas.",
)
.required();
pub const TOPIC: SourceOption = SourceOption::new(
    "topic",
    OptionValue::Parsed(|source, text| {
        source.topics = Some(topics(text)?);
        Ok(())
    }),
    "The topics to read, separated by ';'. A table needs either this option or topic-pattern.",
);
pub const TOPIC_PATTERN: SourceOption = SourceOption::new(
    "topic-pattern",
    OptionValue::Parsed(|source, text| {
        source.topic_pattern = Some(TopicPattern::parse(text)?);
        Ok(())
    }),
    "A regular expression in Java's syntax. All topics whose whole name matches are read, also topics that are made later.",
);
pub const ASSIGNMENT: SourceOption = SourceOption::new(
    "scan.assignment",
    OptionValue::Choice(&[
        ("manual", |source| source.kafka.assignment = Assignment::Manual),
        ("group", |source| source.kafka.assignment = Assignment::Group),
    ]),
    "manual: this process reads all partitions. group: this process joins the consumer group and shares the partitions with \
     the other processes of the group.",
)
.default("manual")
.own();
pub const DISCOVERY_INTERVAL: SourceOption = SourceOption::new(
    "scan.topic-partition-discovery.interval",
    OptionValue::Duration(|source, interval| source.kafka.discovery_interval = Some(interval)),
    "How often vecsink looks for new topics and partitions. 0: never.",
)
.default("5 min");
pub const PARALLELISM: SourceOption =
    SourceOption::new("scan.parallelism", OptionValue::NoEffect, "Accepted, no effect.").since("1.20");
pub const PROPERTY_VERSION: SourceOption =
    SourceOption::new("property-version", OptionValue::NoEffect, "Accepted, no effect.");
pub const GROUP_ID: SourceOption = SourceOption::new(
    "properties.group.id",
    OptionValue::Text(|source, group| source.kafka.group_id = Some(group)),
    "The consumer group that stores the job's progress. Without this option the group's name is made of the job's name, \
     sinks and topics, and scan.startup.mode can't be group-offsets.",
);
pub const PROPERTIES: SourceOption = SourceOption::new(
    "properties.*",
    OptionValue::Group(|source, properties| source.kafka.properties = properties),
    "Any other setting of the Kafka client, by its Java name.",
);
pub const VECTOR_ENCODING: SourceOption = SourceOption::new(
    "vector.encoding",
    OptionValue::Choice(&[
        ("f32le", |source| source.vector_encoding = encoding(F32, false, false)),
        ("f32be", |source| source.vector_encoding = encoding(F32, true, false)),
        ("f16le", |source| source.vector_encoding = encoding(F16, false, false)),
        ("f16be", |source| source.vector_encoding = encoding(F16, true, false)),
        ("f64le", |source| source.vector_encoding = encoding(F64, false, false)),
        ("f64be", |source| source.vector_encoding = encoding(F64, true, false)),
        ("base64:f32le", |source| source.vector_encoding = encoding(F32, false, true)),
        ("base64:f32be", |source| source.vector_encoding = encoding(F32, true, true)),
        ("base64:f16le", |source| source.vector_encoding = encoding(F16, false, true)),
        ("base64:f16be", |source| source.vector_encoding = encoding(F16, true, true)),
        ("base64:f64le", |source| source.vector_encoding = encoding(F64, false, true)),
        ("base64:f64be", |source| source.vector_encoding = encoding(F64, true, true)),
    ]),
    "What the bytes of a BYTES column are if they go into a vector: floats of 2, 4 or 8 bytes, little-endian or big-endian. \
     With base64: a STRING column may hold the same bytes in base64.",
)
.own();
pub const SINK_OPTIONS: SourceOption =
    SourceOption::new("sink.*", OptionValue::NoEffect, "Accepted, no effect on a table that is read.");
pub const FORMAT: SourceOption = SourceOption::new(
    "format",
    OptionValue::Format { takes_changes: true, set: |source, name| source.format = Some(name) },
    "How message values are decoded.",
)
.alias(&["value.format"])
.required();
pub const KEY_FORMAT: SourceOption = SourceOption::new(
    "key.format",
    OptionValue::Format { takes_changes: false, set: |source, name| source.key_format = Some(name) },
    "How message keys are decoded. The format must be one that only adds rows. Its options have the prefix 'key.' before \
     their own, as in key.csv.field-delimiter. Without this option keys aren't read.",
);
pub const KEY_FIELDS: SourceOption = SourceOption::new(
    "key.fields",
    OptionValue::Parsed(|source, text| {
        source.key_fields = key_fields(text)?;
        Ok(())
    }),
    "The columns that the key holds, in the order in which it holds them, separated by ';'. This option needs key.format.",
)
.read_when(|source| source.key_format.is_some());
pub const KEY_FIELDS_PREFIX: SourceOption = SourceOption::new(
    "key.fields-prefix",
    OptionValue::Text(|source, prefix| source.key_fields_prefix = prefix),
    "A prefix for the names of the key's columns, for tables whose value has a field of the same name. The fields of the \
     key don't have it: with 'k_' the column k_id is the field id of the key. This option needs value.fields-include = \
     EXCEPT_KEY.",
);
pub const FIELDS_INCLUDE: SourceOption = SourceOption::new(
    "value.fields-include",
    OptionValue::Choice(&[
        ("ALL", |source| source.key_only_in_key = false),
        ("EXCEPT_KEY", |source| source.key_only_in_key = true),
    ]),
    "ALL: the message value holds every column. A column that the key holds too is taken from the value. EXCEPT_KEY: the value \
     holds only the columns that the key doesn't hold.",
)
.default("ALL");
pub const STARTUP_MODE: SourceOption = SourceOption::new(
    "scan.startup.mode",
    OptionValue::Choice(&[
        ("earliest-offset", |source| source.startup_mode = StartupMode::Earliest),
        ("latest-offset", |source| source.startup_mode = StartupMode::Latest),
        ("group-offsets", |source| source.startup_mode = StartupMode::GroupOffsets),
        ("timestamp", |source| source.startup_mode = StartupMode::Timestamp),
        ("specific-offsets", |source| source.startup_mode = StartupMode::SpecificOffsets),
    ]),
    "Where reading starts if the job has no stored progress yet. Partitions that are added later are read from their \
     beginning.",
)
.default("group-offsets");
pub const STARTUP_TIMESTAMP: SourceOption = SourceOption::new(
    "scan.startup.timestamp-millis",
    OptionValue::Integer { least: 0, most: i64::MAX, set: |source, millis| source.startup_timestamp = Some(millis) },
    "For timestamp: reading starts at the first message at or after this time, in milliseconds since 1970.",
)
.read_when(|source| source.startup_mode == StartupMode::Timestamp);
pub const STARTUP_OFFSETS: SourceOption = SourceOption::new(
    "scan.startup.specific-offsets",
    OptionValue::Parsed(|source, text| {
        source.startup_offsets = Some(partition_offsets(text)?);
        Ok(())
    }),
    "For specific-offsets: where each partition starts, as in partition:0,offset:42;partition:1,offset:300. A partition \
     that is not listed starts at its committed offset, or at its beginning if it has none.",
)
.read_when(|source| source.startup_mode == StartupMode::SpecificOffsets);
pub const BOUNDED_MODE: SourceOption = SourceOption::new(
    "scan.bounded.mode",
    OptionValue::Choice(&[
        ("unbounded", |source| source.bounded_mode = BoundedMode::Unbounded),
        ("latest-offset", |source| source.bounded_mode = BoundedMode::Latest),
        ("timestamp", |source| source.bounded_mode = BoundedMode::Timestamp),
        ("group-offsets", |source| source.bounded_mode = BoundedMode::GroupOffsets),
        ("specific-offsets", |source| source.bounded_mode = BoundedMode::SpecificOffsets),
    ]),
    "Where reading ends. latest-offset: at the end that each partition has when reading starts. group-offsets: at the \
     offset that each partition has as its committed offset when reading starts.",
)
.default("unbounded")
.since("1.17");
pub const BOUNDED_TIMESTAMP: SourceOption = SourceOption::new(
    "scan.bounded.timestamp-millis",
    OptionValue::Integer { least: 0, most: i64::MAX, set: |source, millis| source.bounded_timestamp = Some(millis) },
    "For timestamp: reading ends before the first message at or after this time, in milliseconds since 1970.",
)
.since("1.17")
.read_when(|source| source.bounded_mode == BoundedMode::Timestamp);
pub const BOUNDED_OFFSETS: SourceOption = SourceOption::new(
    "scan.bounded.specific-offsets",
    OptionValue::Parsed(|source, text| {
        source.bounded_offsets = Some(partition_offsets(text)?);
        Ok(())
    }),
    "For specific-offsets: the first offset of each partition that is not read, in the form of \
     scan.startup.specific-offsets. A partition that is not listed ends at its committed offset; a partition without a \
     committed offset isn't read.",
)
.since("1.17")
.read_when(|source| source.bounded_mode == BoundedMode::SpecificOffsets);
pub const OFFSET_RESET: SourceOption = SourceOption::new(
    "properties.auto.offset.reset",
    OptionValue::Choice(&[
        ("earliest", |source| source.kafka.auto_offset_reset = Some(OffsetReset::Earliest)),
        ("latest", |source| source.kafka.auto_offset_reset = Some(OffsetReset::Latest)),
        ("none", |source| source.kafka.auto_offset_reset = Some(OffsetReset::None)),
    ]),
    "For group-offsets: where a partition without a committed offset starts. Under exactly-once, in every startup mode: if records \
     were deleted before they were read, a job with earliest or latest goes on at the earliest record there is; a job with none, or \
     without this option, stops.",
)
// The other modes overwrite the property.
.read_when(|source| source.startup_mode == StartupMode::GroupOffsets);
pub const UPSERT_CONNECTOR: SourceOption =
    SourceOption::new("connector", OptionValue::Text(|_, _| {}), "Must be upsert-kafka.")
        .required()
        // It says what the table is, which is known here.
        .read_when(|_| false);
pub const UPSERT_FORMAT: SourceOption = SourceOption::new(
    "value.format",
    OptionValue::Format { takes_changes: false, set: |source, name| source.format = Some(name) },
    "How message values are decoded. Its options have the prefix 'value.' before their own. A message without a value \
     deletes the row of its key.",
)
.required();
pub const UPSERT_KEY_FORMAT: SourceOption = SourceOption::new(
    "key.format",
    OptionValue::Format { takes_changes: false, set: |source, name| source.key_format = Some(name) },
    "How message keys are decoded. They hold the columns of the table's PRIMARY KEY, in its order.",
)
.required();

/// Of the connector `kafka`.
pub const KAFKA_OPTIONS: &[SourceOption] = &[
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

/// Of the connector `upsert-kafka`.
pub const UPSERT_KAFKA_OPTIONS: &[SourceOption] = &[
    UPSERT_CONNECTOR,
    BROKERS,
    TOPIC,
    TOPIC_PATTERN,
    UPSERT_FORMAT,
    UPSERT_KEY_FORMAT,
    KEY_FIELDS_PREFIX,
    FIELDS_INCLUDE,
    BOUNDED_MODE,
    BOUNDED_TIMESTAMP,
    BOUNDED_OFFSETS,
    ASSIGNMENT,
    DISCOVERY_INTERVAL,
    PARALLELISM,
    PROPERTY_VERSION,
    GROUP_ID,
    PROPERTIES,
    VECTOR_ENCODING,
    SINK_OPTIONS,
];
