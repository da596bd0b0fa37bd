//! Strict modes stop the job at the record, and nothing after it is committed.

use super::scene::{Indexes, bounded, car_info, job, outcomes};
use crate::cars::generator::Cars;
use crate::support::postgresql::unique;
use crate::support::{Schema, Topic, kafka, postgres18};

const CARS: Cars = Cars { rows: 500, dims: 10, seed: 5 };
const BAD: i64 = 250;

/// A table and a topic with one partition of cars, one of them replaced.
fn scene(bad: &str) -> Option<(Schema, Topic)> {
    let (server, kafka) = (postgres18()?, kafka()?);
    let topic = kafka.topic(1);
    let mut lines: Vec<Vec<u8>> = CARS.iter().map(|car| car.line()).collect();
    if !bad.is_empty() {
        lines[BAD as usize] = bad.into();
    }
    topic.produce(0, &lines);
    Some((car_info(&server, Indexes::Structured), topic))
}

#[test]
fn a_strict_exception_mode_stops_at_the_record_that_cannot_be_decoded() {
    let Some((mut schema, topic)) = scene("251\t2024-01-01 10:00:00\tred\tcheap\t{0.5}") else { return };
    let group = unique("group");
    let run = || bounded(job(&schema, &topic)).option("vector_kafka.properties.group.id", &group);
    for _ in 0..2 {
        // A restart with the same file stops at the same record.
        let finished = run().option("vector_ingest.exceptionmode", "strict").finish().exited(1);
        let position = format!("{}[0]@{BAD}", topic.name);
        assert!(finished.stderr.contains(&position), "{position} is not in:\n{}", finished.stderr);
        assert!(finished.stderr.contains("price") && finished.stderr.contains("cheap"), "{}", finished.stderr);
        assert_eq!(topic.kafka.committed(&group, &topic.name, 0), Some(BAD));
    }
    // The rows before it were written.
    let finished = run().finish().exited(0);
    assert_eq!(outcomes(&finished), [249, 0, 0, 1]);
    assert_eq!(schema.count("car_info"), 499);
}

#[test]
fn a_strict_exception_mode_stops_at_the_row_the_server_refuses() {
    let Some((mut schema, topic)) = scene("") else { return };
    schema.execute(&format!("ALTER TABLE car_info ADD CHECK (id <> {})", BAD + 1));
    let group = unique("group");
    let finished = bounded(job(&schema, &topic))
        .option("vector_kafka.properties.group.id", &group)
        .option("vector_ingest.exceptionmode", "strict")
        .finish()
        .exited(1);
    let position = format!("{}[0]@{BAD}", topic.name);
    assert!(finished.stderr.contains(&position), "{position} is not in:\n{}", finished.stderr);
    assert!(finished.stderr.contains("car_info_id_check"), "{}", finished.stderr);
    let committed = topic.kafka.committed(&group, &topic.name, 0);
    assert!(committed.is_none_or(|offset| offset <= BAD), "{committed:?}");
}

#[test]
fn a_strict_conflict_mode_names_table_constraint_key_and_position() {
    let Some((mut schema, topic)) = scene("") else { return };
    schema.execute(&format!("INSERT INTO car_info (id) VALUES ({})", BAD + 1));
    let group = unique("group");
    let finished = bounded(job(&schema, &topic))
        .option("vector_kafka.properties.group.id", &group)
        .option("vector_ingest.conflictmode", "strict")
        .finish()
        .exited(1);
    let named = [
        format!("{}.car_info", schema.name),
        "car_info_pkey".to_owned(),
        format!("(id)=({})", BAD + 1),
        format!("{}[0]@{BAD}", topic.name),
    ];
    for part in named {
        assert!(finished.stderr.contains(&part), "{part} is not in:\n{}", finished.stderr);
    }
    let committed = topic.kafka.committed(&group, &topic.name, 0);
    assert!(committed.is_none_or(|offset| offset <= BAD), "{committed:?}");
}
