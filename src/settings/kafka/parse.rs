//! Reads the texts of a Kafka table's options: brokers, topics, columns of the key, offsets of partitions.

use super::PartitionOffsets;
use crate::options::value_types::is_topic;

/// Reads a list of topics. Each topic is in the result once.
pub fn topics(text: &str) -> Result<Vec<String>, String> {
    let mut topics: Vec<String> = Vec::new();
    for topic in text.split(';').map(str::trim).filter(|topic| !topic.is_empty()) {
        if !is_topic(topic) {
            return Err(match topic.contains(',') {
                true => "has a ',' in it; several topics are separated by ';'".into(),
                false => "is not a topic's name: only letters, digits, '.', '_' and '-' are allowed".into(),
            });
        }
        if !topics.iter().any(|known| known == topic) {
            topics.push(topic.to_owned());
        }
    }
    if topics.is_empty() { Err("must name a topic".into()) } else { Ok(topics) }
}

/// Reads a list of columns' names.
pub fn key_fields(text: &str) -> Result<Vec<String>, String> {
    let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    if names.is_empty() { Err("must name a column".into()) } else { Ok(names) }
}

pub fn brokers(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("must not be empty".into());
    }
    if text.contains(['<', '>']) {
        return Err("has a bracket in it; fill in your brokers' names".into());
    }
    Ok(text.to_string())
}

/// Reads offsets such as `partition:0,offset:42;partition:1,offset:300`, without blanks.
pub fn partition_offsets(text: &str) -> Result<PartitionOffsets, String> {
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
