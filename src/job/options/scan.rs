//! Where reading starts and ends: `scan.startup.*`, `scan.bounded.*` and what belongs to them.

use crate::options::{OptionSpec, TableOptions, ValueType};
use crate::settings::kafka::{Bounded, OffsetReset, PartitionOffsets, Startup};

const MILLIS_SINCE_EPOCH: ValueType = ValueType::Integer { least: 0, most: i64::MAX };

pub const STARTUP_MODE: OptionSpec = OptionSpec::new(
    "scan.startup.mode",
    ValueType::Choice(std::borrow::Cow::Borrowed(&[
        "earliest-offset",
        "latest-offset",
        "group-offsets",
        "timestamp",
        "specific-offsets",
    ])),
    "Where reading starts when the job has no progress yet. Partitions that come later are read from their beginning.",
)
.default("group-offsets");
pub const STARTUP_TIMESTAMP: OptionSpec = OptionSpec::new(
    "scan.startup.timestamp-millis",
    MILLIS_SINCE_EPOCH,
    "For timestamp: the first message at or after this time, in milliseconds since 1970.",
);
pub const STARTUP_OFFSETS: OptionSpec = OptionSpec::new(
    "scan.startup.specific-offsets",
    ValueType::Text,
    "For specific-offsets: partition:0,offset:42;partition:1,offset:300. A partition left out starts at its committed offset, else at its beginning.",
);
pub const BOUNDED_MODE: OptionSpec = OptionSpec::new(
    "scan.bounded.mode",
    ValueType::Choice(std::borrow::Cow::Borrowed(&["unbounded", "latest-offset", "timestamp", "group-offsets", "specific-offsets"])),
    "Where reading ends. latest-offset and group-offsets: at the end, or the committed offset, of each partition when reading starts.",
)
.default("unbounded")
.since("1.17");
pub const BOUNDED_TIMESTAMP: OptionSpec = OptionSpec::new(
    "scan.bounded.timestamp-millis",
    MILLIS_SINCE_EPOCH,
    "For timestamp: the first message at or after this time is not read, in milliseconds since 1970.",
)
.since("1.17");
pub const BOUNDED_OFFSETS: OptionSpec = OptionSpec::new(
    "scan.bounded.specific-offsets",
    ValueType::Text,
    "For specific-offsets: the first offset of each partition that is not read, as in scan.startup.specific-offsets. A partition left out ends at its committed offset; without one it isn't read.",
)
.since("1.17");
pub const OFFSET_RESET: OptionSpec = OptionSpec::new(
    "properties.auto.offset.reset",
    ValueType::Choice(std::borrow::Cow::Borrowed(&["earliest", "latest", "none"])),
    "For group-offsets: where a partition without a committed offset starts.",
);

pub fn startup(options: &mut TableOptions<'_>, one_topic: bool) -> Startup {
    let startup = match options.choice(&STARTUP_MODE) {
        Some("latest-offset") => Some(Startup::Latest),
        Some("group-offsets") => Some(Startup::GroupOffsets),
        Some("timestamp") => timestamp(options, &STARTUP_TIMESTAMP, &STARTUP_MODE).map(Startup::Timestamp),
        Some("specific-offsets") => {
            specific_offsets(options, &STARTUP_OFFSETS, &STARTUP_MODE, one_topic).map(Startup::SpecificOffsets)
        }
        _ => None,
    };
    startup.unwrap_or(Startup::Earliest)
}

pub fn bounded(options: &mut TableOptions<'_>, one_topic: bool) -> Bounded {
    let bounded = match options.choice(&BOUNDED_MODE) {
        Some("latest-offset") => Some(Bounded::Latest),
        Some("group-offsets") => Some(Bounded::GroupOffsets),
        Some("timestamp") => timestamp(options, &BOUNDED_TIMESTAMP, &BOUNDED_MODE).map(Bounded::Timestamp),
        Some("specific-offsets") => {
            specific_offsets(options, &BOUNDED_OFFSETS, &BOUNDED_MODE, one_topic).map(Bounded::SpecificOffsets)
        }
        _ => None,
    };
    bounded.unwrap_or(Bounded::Unbounded)
}

fn specific_offsets(
    options: &mut TableOptions<'_>,
    option: &OptionSpec,
    mode: &OptionSpec,
    one_topic: bool,
) -> Option<PartitionOffsets> {
    if !options.is_set(option) {
        options.error(mode, &format!("= 'specific-offsets' needs '{}'", option.name));
    }
    if !one_topic {
        options.error(mode, "= 'specific-offsets' needs a single topic: the offsets are those of its partitions");
    }
    options.convert(option, partition_offsets)
}

/// `partition:0,offset:42;partition:1,offset:300`, without blanks.
fn partition_offsets(text: &str) -> Result<PartitionOffsets, String> {
    let number = |text: &str, name: &str| {
        let digits = text.strip_prefix(name)?.strip_prefix(':')?;
        digits.chars().all(|c| c.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let pair = |pair: &str| {
        let (partition, offset) = pair.split_once(',')?;
        Some((i32::try_from(number(partition, "partition")?).ok()?, number(offset, "offset")?))
    };
    let pairs = text.strip_suffix(';').unwrap_or(text).split(';');
    let offsets = pairs.map(|text| {
        pair(text).ok_or_else(|| {
            format!("must be like partition:0,offset:42;partition:1,offset:300, without blanks; '{text}' is not")
        })
    });
    offsets.collect::<Result<_, _>>().map(PartitionOffsets)
}

fn timestamp(options: &mut TableOptions<'_>, option: &OptionSpec, mode: &OptionSpec) -> Option<i64> {
    if !options.is_set(option) {
        options.error(mode, &format!("= 'timestamp' needs '{}'", option.name));
    }
    options.integer(option)
}

/// Other modes overwrite the property, so it isn't looked at.
pub fn offset_reset(options: &mut TableOptions<'_>, startup: &Startup) -> Option<OffsetReset> {
    if *startup != Startup::GroupOffsets {
        return None;
    }
    options.choice(&OFFSET_RESET).map(|policy| match policy {
        "earliest" => OffsetReset::Earliest,
        "latest" => OffsetReset::Latest,
        _ => OffsetReset::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_partitions_follow_flinks_strict_grammar() {
        let read = |text| partition_offsets(text).map(|offsets| offsets.0);
        assert_eq!(read("partition:0,offset:42;partition:1,offset:300"), Ok(vec![(0, 42), (1, 300)]));
        assert_eq!(read("partition:0,offset:42;"), Ok(vec![(0, 42)]), "one ';' may follow");
        assert_eq!(partition_offsets("partition:0,offset:1;partition:0,offset:2").map(|o| o.of(0)), Ok(Some(2)));
        for wrong in [
            "partition:0, offset:42",
            "partition:0,offset:42;;",
            "partition:0",
            "offset:42,partition:0",
            "partition:-1,offset:0",
            "partition:0,offset:+1",
            "partition:0,offset:",
            "partition:3000000000,offset:1",
            "0:42",
            "",
        ] {
            let error = read(wrong).expect_err(wrong);
            assert!(error.contains("partition:0,offset:42;partition:1,offset:300"), "{error}");
        }
    }
}
