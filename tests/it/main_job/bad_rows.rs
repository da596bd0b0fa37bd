//! Only the bad rows are rejected. Each becomes a dead letter with its place, its reason and its bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::scene::{Indexes, JOB, bounded, car_info, checksum, dead_letters, job, job_of, outcomes, with_dead_letters};
use crate::cars::generator::{Car, Cars};
use crate::support::postgresql::Postgres;
use crate::support::{Schema, kafka, postgres18, postgres96, servers};

const BATCH: Cars = Cars { rows: 3000, dims: 10, seed: 3 };

/// The places of the bad rows.
const DUPLICATE: usize = 700;
const WRONG_DIMENSION: usize = 1400;
const MALFORMED_NUMBER: usize = 2100;
const TOO_LONG_COLOR: usize = 2800;

/// The batch as messages; a message's offset is its index, its id one more.
fn batch() -> Vec<String> {
    let mut cars: Vec<Car> = BATCH.iter().collect();
    cars[DUPLICATE].id = 100;
    cars[WRONG_DIMENSION].feature.pop();
    let mut lines: Vec<String> = cars.iter().map(|car| String::from_utf8(car.line()).expect("cars are text")).collect();
    replace(&mut lines[MALFORMED_NUMBER], 3, "12,5");
    replace(&mut lines[TOO_LONG_COLOR], 2, "ultramarine");
    lines
}

fn replace(line: &mut String, field: usize, value: &str) {
    let mut fields: Vec<&str> = line.split('\t').collect();
    fields[field] = value;
    *line = fields.join("\t");
}

/// The checksum of the batch without these rows.
fn checksum_without(bad: &[usize]) -> u128 {
    BATCH.iter().enumerate().filter(|(index, _)| !bad.contains(index)).map(|(_, car)| u128::from(car.hash())).sum()
}

/// The fields that are the same in every dead letter of this batch.
#[track_caller]
fn assert_is_of(dead_letter: &Value, schema: &Schema, topic: &str, offset: usize, lines: &[String]) {
    assert_eq!(
        (&dead_letter["topic"], &dead_letter["partition"], &dead_letter["offset"]),
        (&topic.into(), &0.into(), &offset.into())
    );
    assert_eq!(dead_letter["value"], STANDARD.encode(&lines[offset]), "{dead_letter}");
    assert_eq!(dead_letter["sink"], format!("{}.car_info", schema.name));
    assert!(
        dead_letter["timestamp"].as_i64().is_some_and(|milliseconds| milliseconds > 1_600_000_000_000),
        "{dead_letter}"
    );
    assert!(
        dead_letter["key"].is_null() && dead_letter["headers"].as_array().is_some_and(Vec::is_empty),
        "{dead_letter}"
    );
    assert!(dead_letter["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{dead_letter}");
}

/// Stage, SQLSTATE and column of a dead letter.
fn cause(dead_letter: &Value) -> [Option<&str>; 3] {
    ["stage", "sqlstate", "column"].map(|name| dead_letter[name].as_str())
}

#[test]
fn four_bad_rows_of_three_thousand_are_the_only_ones_missing() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::WithVector);
    let (topic, lines) = (kafka.topic(1), batch());
    topic.produce(0, &lines);
    let (job, _) = with_dead_letters(bounded(job(&schema, &topic)));
    let finished = job.finish().exited(0);
    assert_eq!(finished.count("records_read"), 3000);
    assert_eq!(outcomes(&finished), [2996, 0, 1, 3], "{}", finished.stdout);
    assert_eq!(schema.count("car_info"), 2996);
    // The table has the first row of the duplicate key, with all its columns.
    let bad = [DUPLICATE, WRONG_DIMENSION, MALFORMED_NUMBER, TOO_LONG_COLOR];
    assert_eq!(checksum(&mut schema), checksum_without(&bad));

    let dead_letters = dead_letters(&finished);
    assert_eq!(dead_letters.len(), 3, "{dead_letters:?}");
    for (dead_letter, offset) in dead_letters.iter().zip([WRONG_DIMENSION, MALFORMED_NUMBER, TOO_LONG_COLOR]) {
        assert_is_of(dead_letter, &schema, &topic.name, offset, &lines);
    }
    assert_eq!(cause(&dead_letters[0]), [Some("encode"), Some("22000"), Some("feature")]);
    assert!(dead_letters[0]["reason"].as_str().unwrap().contains("9 dimensions"), "{}", dead_letters[0]);
    assert_eq!(cause(&dead_letters[1]), [Some("decode"), None, Some("price")]);
    assert!(dead_letters[1]["reason"].as_str().unwrap().contains("12,5"), "{}", dead_letters[1]);
    assert_eq!(cause(&dead_letters[2]), [Some("encode"), Some("22001"), Some("color")]);
    assert!(dead_letters[2]["reason"].as_str().unwrap().contains("ultramarine"), "{}", dead_letters[2]);
}

#[test]
fn values_of_rejected_rows_are_not_logged_if_the_sink_says_so() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    schema.execute("ALTER TABLE car_info ADD CONSTRAINT cheap CHECK (price < 700000000)");
    let (topic, mut lines) = (kafka.topic(1), batch());
    // The server's own words quote the whole row.
    replace(&mut lines[10], 3, "777777777");
    topic.produce(0, &lines);
    for (shown, option) in [(true, "true"), (false, "false")] {
        let job = bounded(job(&schema, &topic)).argument("--fresh").option("vector_ingest.log.row-values", option);
        let finished = job.finish().exited(0);
        for place in [10, MALFORMED_NUMBER, TOO_LONG_COLOR] {
            let place = format!("{}[0]@{place}", topic.name);
            assert!(finished.stderr.contains(&place), "{place}: {}", finished.stderr);
        }
        assert!(finished.stderr.contains("SQLSTATE 23514"), "{}", finished.stderr);
        for value in ["777777777", "12,5", "ultramarine"] {
            assert_eq!(finished.stderr.contains(value), shown, "{value}: {}", finished.stderr);
        }
    }
}

#[test]
fn a_table_that_does_not_declare_a_vector_length_takes_any() {
    let (Some(server), Some(kafka)) = (postgres96(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    let (topic, lines) = (kafka.topic(1), batch());
    topic.produce(0, &lines);
    let (job, _) = with_dead_letters(bounded(job(&schema, &topic)));
    let finished = job.finish().exited(0);
    assert_eq!(outcomes(&finished), [2997, 0, 1, 2], "{}", finished.stdout);
    let short = schema.text("SELECT id FROM car_info WHERE array_length(feature, 1) = 9");
    assert_eq!(short, Some((WRONG_DIMENSION + 1).to_string()));
    schema.execute("DELETE FROM car_info WHERE array_length(feature, 1) = 9");
    let bad = [DUPLICATE, WRONG_DIMENSION, MALFORMED_NUMBER, TOO_LONG_COLOR];
    assert_eq!(checksum(&mut schema), checksum_without(&bad));
    let dead_letters = dead_letters(&finished);
    assert_eq!(
        dead_letters.iter().map(|dead_letter| dead_letter["offset"].as_u64()).collect::<Vec<_>>(),
        [Some(2100), Some(2800)]
    );
}

#[test]
fn rows_that_only_the_server_can_refuse_are_reported_with_its_message() {
    for server in servers(&[]) {
        what_only_the_server_can_refuse(&server);
    }
}

/// Rows of two partitions: some are refused by a CHECK, one has a text that the server can't read, and some are duplicates.
fn what_only_the_server_can_refuse(server: &Postgres) {
    let Some(kafka) = kafka() else { return };
    let mut schema = car_info(server, Indexes::Structured);
    schema.execute("ALTER TABLE car_info ADD CONSTRAINT not_unlucky CHECK (id % 500 <> 13)");
    let mut lines: Vec<String> =
        BATCH.iter().map(|car| String::from_utf8(car.line()).expect("cars are text")).collect();
    replace(&mut lines[40], 1, "sometime");
    lines.extend_from_within(0..30);
    let topic = kafka.topic(2);
    topic.produce_spread(&lines);
    // The date is read as a string, so only the server checks it.
    let text = JOB.replace("market_time TIMESTAMP", "market_time STRING");
    assert_ne!(text, JOB);
    let (job, _) = with_dead_letters(bounded(job_of(&text, &schema, &topic)));
    let finished = job.finish().exited(0);
    // Ids 13, 513 … 2513, the first of them twice; 29 of the 30 that came twice are ignored.
    assert_eq!(outcomes(&finished), [2993, 0, 29, 8], "{}", finished.stdout);
    let dead_letters = dead_letters(&finished);
    let index =
        |dead_letter: &Value| dead_letter["offset"].as_u64().unwrap() * 2 + dead_letter["partition"].as_u64().unwrap();
    let mut refused: Vec<u64> = dead_letters.iter().map(index).collect();
    refused.sort_unstable();
    assert_eq!(refused, [12, 40, 512, 1012, 1512, 2012, 2512, 3012]);
    for dead_letter in &dead_letters {
        let at = index(dead_letter) as usize;
        assert_eq!(dead_letter["value"], STANDARD.encode(&lines[at]), "{dead_letter}");
        let (state, column) = if at == 40 { ("22007", Some("market_time")) } else { ("23514", None) };
        assert_eq!(cause(dead_letter), [Some("write"), Some(state), column], "{dead_letter}");
    }
    let reason =
        dead_letters.iter().find(|dead_letter| dead_letter["sqlstate"] == "23514").unwrap()["reason"].as_str().unwrap();
    assert!(reason.contains("not_unlucky"), "{reason}");
    let bad = [12, 40, 512, 1012, 1512, 2012, 2512];
    assert_eq!(checksum(&mut schema), checksum_without(&bad));
}

#[test]
fn without_a_dead_letter_target_rejected_records_are_counted_and_named() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let schema = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    topic.produce(0, batch());
    let finished = bounded(job(&schema, &topic)).finish().exited(0);
    assert_eq!(outcomes(&finished), [2997, 0, 1, 2]);
    for offset in [MALFORMED_NUMBER, TOO_LONG_COLOR] {
        let position = format!("{}[0]@{offset}", topic.name);
        assert!(finished.stderr.contains(&position), "{position} is not in:\n{}", finished.stderr);
    }
}

#[test]
fn ignored_parse_errors_keep_the_row_with_null_and_are_counted() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    topic.produce(0, ["1\t2024-01-01 10:00:00\tred\tcheap\t{0.5}", "2\tsoon\tred\t7\t{0.5}", "three\t\tred\t7\t{0.5}"]);
    let (job, _) = with_dead_letters(bounded(job(&schema, &topic)));
    let finished = job.option("vector_kafka.csv.ignore-parse-errors", "true").finish().exited(0);
    assert_eq!(outcomes(&finished), [2, 0, 0, 1], "{}", finished.stdout);
    assert!(finished.stderr.contains("parse errors ignored"), "{}", finished.stderr);
    let rows = "SELECT string_agg(concat_ws('|', id, coalesce(market_time::text, '-'), coalesce(price::text, '-')), ' ' ORDER BY id) FROM car_info";
    assert_eq!(schema.text(rows).as_deref(), Some("1|2024-01-01 10:00:00|- 2|-|7"));
    // The key can't be NULL.
    let dead_letters = dead_letters(&finished);
    assert_eq!(dead_letters[0]["offset"], 2);
    assert_eq!(cause(&dead_letters[0]), [Some("encode"), Some("23502"), Some("id")]);
}
