//! Which source tables share a reader, and in which consumer group each keeps its progress.

use crate::job::settings::job::Job;
use crate::job::settings::source::Source;
use crate::kafka::{Resume, derived_group};
use crate::settings::kafka::Assignment;
use crate::settings::topics::Topics;

/// The job's source tables by reader: tables that read the same topics in the same way with one group id have one reader,
/// since their progress is one. A table without a group id has a group of its own.
pub fn by_reader(job: &Job) -> Vec<Vec<usize>> {
    let mut readers: Vec<Vec<usize>> = Vec::new();
    for (index, source) in job.sources.iter().enumerate() {
        let same =
            |reader: &&mut Vec<usize>| source.kafka.group_id.is_some() && job.sources[reader[0]].kafka == source.kafka;
        match readers.iter_mut().find(same) {
            Some(reader) => reader.push(index),
            None => readers.push(vec![index]),
        }
    }
    readers
}

pub fn resume(job: &Job, source: &Source, fresh: bool) -> Resume {
    let name = job.name().unwrap_or("vecsink").to_owned();
    let is_own = |index: usize| job.sources.get(index).is_some_and(|own| own.table == source.table);
    let sinks: Vec<String> =
        job.mappings.iter().filter(|own| is_own(own.source)).map(|own| own.sink.name.clone()).collect();
    let group =
        source.kafka.group_id.clone().unwrap_or_else(|| derived_group(&name, &sinks, &source.kafka.topics.identity()));
    let share_of_memory = job.buffer_memory / 4 / by_reader(job).len();
    Resume { job: name, group, fresh, share_of_memory, longest_wait: None }
}

/// Names readers that would overwrite each other's progress or take each other's partitions: they have the same group id, but don't
/// read the same topics in the same way.
pub fn conflicts(job: &Job) -> Vec<String> {
    let readers: Vec<&Source> = by_reader(job).into_iter().map(|reader| &job.sources[reader[0]]).collect();
    let mut found = Vec::new();
    for (at, one) in readers.iter().enumerate() {
        for other in &readers[at + 1..] {
            let same_group = one.kafka.group_id.is_some() && one.kafka.group_id == other.kafka.group_id;
            if !same_group || !share_a_broker(one, other) {
                continue;
            }
            let grouped = [one, other].iter().any(|source| source.kafka.assignment == Assignment::Group);
            let why = if grouped {
                "'scan.assignment' = 'group' would give each of them partitions of the other's topics"
            } else if overlap(&one.kafka.topics, &other.kafka.topics) {
                "their topics overlap, so each would overwrite the other's progress"
            } else {
                continue;
            };
            found.push(format!(
                "tables {} and {} have the same 'properties.group.id', and {why}; make their Kafka options the same, or \
                 give each a group id of its own",
                one.table, other.table
            ));
        }
    }
    found
}

fn share_a_broker(one: &Source, other: &Source) -> bool {
    let brokers = |source: &Source| source.kafka.brokers.split(',').map(|b| b.trim().to_owned()).collect::<Vec<_>>();
    let others = brokers(other);
    brokers(one).iter().any(|broker| others.contains(broker))
}

/// Whether both may read the same topic. For two patterns the answer is always yes, because it can't be known.
fn overlap(one: &Topics, other: &Topics) -> bool {
    match (one, other) {
        (Topics::Named(names), topics) | (topics, Topics::Named(names)) => {
            names.iter().any(|name| topics.contains(name))
        }
        (Topics::Matching(_), Topics::Matching(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{JobInput, parse_job};

    const SINK: &str = "'connector' = 'adbpg', 'url' = 'jdbc:postgresql://h/d', 'username' = 'u', 'password' = 'p'";

    fn job(one: &str, other: &str) -> Job {
        let table = |name: &str, options: &str| {
            format!(
                "CREATE TABLE {name} (id INT) WITH ('connector' = 'kafka', 'format' = 'csv', \
                 'properties.bootstrap.servers' = 'b:9092', 'scan.startup.mode' = 'earliest-offset', {options});
                 CREATE TABLE into_{name} (id INT) WITH ({SINK}, 'tablename' = '{name}');
                 INSERT INTO into_{name} SELECT * FROM {name};"
            )
        };
        let text = table("one", one) + &table("other", other);
        let input = JobInput {
            text: &text,
            file_stem: Some("job"),
            overrides: &[],
            environment: &|_| None,
            properties: &|_| Vec::new(),
        };
        parse_job(&input).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn tables_that_read_the_same_with_one_group_id_share_a_reader() {
        let same = "'topic' = 't', 'properties.group.id' = 'g'";
        assert_eq!(by_reader(&job(same, same)), [vec![0, 1]]);
        assert_eq!(conflicts(&job(same, same)), [""; 0]);
    }

    #[test]
    fn tables_without_a_group_id_have_groups_of_their_own() {
        let job = job("'topic' = 't'", "'topic' = 't'");
        assert_eq!(by_reader(&job), [[0], [1]]);
        assert_ne!(resume(&job, &job.sources[0], false).group, resume(&job, &job.sources[1], false).group);
        assert_eq!(conflicts(&job), [""; 0]);
    }

    #[test]
    fn readers_that_would_fight_over_a_group_are_refused() {
        let other = "'topic' = 't', 'properties.group.id' = 'g'";
        for (one, why) in [
            ("'topic' = 't;u', 'properties.group.id' = 'g'", "overlap"),
            ("'topic-pattern' = 't.*', 'properties.group.id' = 'g'", "overlap"),
            ("'topic' = 'u', 'properties.group.id' = 'g', 'scan.assignment' = 'group'", "would give each of them"),
        ] {
            let found = conflicts(&job(one, other));
            assert!(found.len() == 1 && found[0].contains(why), "{found:?}");
        }
        assert_eq!(conflicts(&job("'topic' = 'u', 'properties.group.id' = 'g'", other)), [""; 0]);
    }
}
