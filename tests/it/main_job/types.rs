//! Columns of types that the main job doesn't have, from end to end.

use super::scene::{Indexes, JOB, bounded, car_info, dead_letters, job_of, outcomes, with_dead_letters};
use crate::support::{Job, kafka, postgres18};

/// The job with other columns in the topic and the table, in another table, and with fields that are separated by `|`.
fn job_with(target: &str, source: &str, options: &str) -> String {
    let text = JOB
        .replace("(id INT, market_time TIMESTAMP, color VARCHAR(10), price int, feature VARCHAR)", target)
        .replace("(id INT, market_time TIMESTAMP, color VARCHAR(10), price int, feature string)", source)
        .replace("'csv.field-delimiter' = '\\t'", &format!("'csv.field-delimiter' = '|', {options}"))
        .replace("'tablename' = 'car_info'", "'tablename' = 'features'");
    assert!(text.contains(target) && text.contains(source) && text.contains(options));
    text
}

#[test]
fn packed_vectors_of_rows_with_a_uuid_key_are_normalized_and_the_last_one_of_a_key_stays() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    schema.execute("CREATE TABLE features (id uuid PRIMARY KEY, feature halfvec(2), raw bytea, tags text[])");
    let topic = kafka.topic(1);
    topic.produce(
        0,
        [
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|AACAPwAAAAA=|AP8=|{a,b}", // [1, 0]
            "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}|AABAQAAAgEA=|AQ==|{c}",     // [3, 4], the same key
            "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|AAAAAAAAAAA=|AQ==|{}",    // [0, 0]
            "c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|AACAPw==|AQ==|{}",        // [1]
            "nobody|AACAPwAAAAA=|AQ==|{}",
        ],
    );
    let text = job_with(
        "(id STRING, feature BYTES, raw BYTES, tags STRING)",
        "(id STRING, feature BYTES, raw BYTES, tags STRING)",
        "'vector.encoding' = 'f32le'",
    );
    let (job, _) = with_dead_letters(bounded(job_of(&text, &schema, &topic)));
    let job = job.option("vector_ingest.vector.normalize", "l2").option("vector_ingest.conflictmode", "upsert");
    let finished = job.finish().exited(0);
    let rows = "SELECT string_agg(concat_ws('|', id, feature, raw, tags), ' ') FROM features";
    let expected = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|[0.60009766,0.7998047]|\\x01|{c}";
    assert_eq!(schema.text(rows).as_deref(), Some(expected), "{}", finished.stderr);
    assert_eq!(outcomes(&finished)[3], 3, "{}", finished.stdout);
    let dead_letters = dead_letters(&finished);
    let reasons: Vec<&str> = dead_letters.iter().filter_map(|dead_letter| dead_letter["reason"].as_str()).collect();
    for (reason, part) in reasons.iter().zip(["the vector is zero", "halfvec(2) requires 2", "is not a uuid"]) {
        assert!(reason.contains(part), "{reason}");
    }
}

#[test]
fn intervals_and_multisets_of_json_are_stored_as_intervals_texts_and_documents() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    schema.execute(
        "CREATE TABLE features (id int PRIMARY KEY, term interval, lap interval, lap_text text, laps interval[], extras jsonb, \
         extras_text text, due timestamp)",
    );
    let topic = kafka.topic(1);
    let messages = [
        r#"{"id":1,"term":14,"lap":93784005,"laps":[-1,null],"extras":{"bell":2}}"#,
        r#"{"id":2,"term":-14,"lap":-93784005,"laps":[86400000],"extras":{}}"#,
        r#"{"id":3,"term":null,"extras":null}"#,
        r#"{"id":4,"term":"soon"}"#,
        r#"{"id":5,"lap":9223372036854775807}"#,
    ];
    topic.produce(0, messages);
    let source = "(id INT, term INTERVAL YEAR TO MONTH, lap INTERVAL DAY TO SECOND(3), laps ARRAY<INTERVAL SECOND>, \
                  extras MULTISET<STRING>)";
    let target = "(id INT, term INTERVAL YEAR, lap INTERVAL DAY, lap_text INTERVAL DAY, laps ARRAY<INTERVAL SECOND>, \
                  extras MULTISET<STRING>, extras_text MULTISET<STRING>, due TIMESTAMP(3))";
    let text = job_with(target, source, "'json.ignore-parse-errors' = 'false'")
        .replace("'format' = 'csv'", "'format' = 'json'")
        .replace("'csv.field-delimiter' = '|',", "")
        .replace(
            "SELECT * FROM vector_kafka",
            "SELECT id, term, lap, lap, laps, extras, extras, TIMESTAMP '2024-01-31 00:00:00' + term FROM vector_kafka",
        );
    let (job, _) = with_dead_letters(bounded(job_of(&text, &schema, &topic)));
    let finished = job.finish().exited(0);
    let rows =
        "SELECT string_agg(concat_ws('|', id, term, lap, lap_text, laps, extras, extras_text, due), ' ' ORDER BY id)
                FROM features";
    let expected = "1|1 year 2 mons|1 day 02:03:04.005|+1 02:03:04.005|{-00:00:00.001,NULL}|{\"bell\": 2}|{\"bell\":2}|2025-03-31 00:00:00 \
                    2|-1 years -2 mons|-1 days -02:03:04.005|-1 02:03:04.005|{\"1 day\"}|{}|{}|2022-11-30 00:00:00 3";
    assert_eq!(schema.text(rows).as_deref(), Some(expected), "{}", finished.stderr);
    let dead_letters = dead_letters(&finished);
    let reasons: Vec<&str> = dead_letters.iter().filter_map(|dead_letter| dead_letter["reason"].as_str()).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("a whole number of months")), "{reasons:?}");
    assert!(
        dead_letters.iter().any(|dead_letter| dead_letter["sqlstate"] == "22008" || dead_letter["sqlstate"] == "22015"),
        "{dead_letters:?}"
    );
}

#[test]
fn source_types_that_can_never_be_stored_are_found_before_a_row_is_read() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    schema.execute(
        "CREATE TABLE features (id bigint PRIMARY KEY, feature vector(3), sold boolean, lap bigint, extras date)",
    );
    let topic = kafka.topic(1);
    topic.produce(0, ["1|2|2024-01-01|1|1"]);
    let text = job_with(
        "(id BIGINT, feature BIGINT, sold DATE, lap INTERVAL DAY, extras INTERVAL MONTH)",
        "(id BIGINT, feature BIGINT, sold DATE, lap INTERVAL DAY, extras INTERVAL MONTH)",
        "'csv.allow-comments' = 'false'",
    );
    let problems = [
        "BIGINT can't be stored in column feature, which is vector(3)",
        "DATE can't be stored in column sold, which is boolean",
        "INTERVAL DAY TO SECOND can't be stored in column lap, which is bigint; CAST it AS BIGINT, its milliseconds",
        "INTERVAL YEAR TO MONTH can't be stored in column extras, which is date; it takes STRING, and those of DATE",
    ];
    let ran = bounded(job_of(&text, &schema, &topic)).finish().exited(1);
    assert!(problems.iter().all(|problem| ran.stderr.contains(problem)), "{}", ran.stderr);
    let table = |job: Job| {
        job.variable("PGHOST", &server.host)
            .variable("PGPORT", server.port.to_string())
            .variable("PGUSER", &server.user)
            .variable("PGPASSWORD", &server.password)
            .variable("KAFKA_BROKERS", &topic.kafka.brokers)
            .option("vector_ingest.url", server.jdbc_url())
            .option("vector_ingest.targetschema", &schema.name)
            .option("vector_kafka.topic", &topic.name)
    };
    let checked = table(Job::check(&text)).finish().exited(1);
    assert!(problems.iter().all(|problem| checked.stdout.contains(problem)), "{}", checked.stdout);
}
