//! Variants of the job: several targets, values in forms that only the server knows, types that vecsink doesn't know.

use super::scene::{Indexes, JOB, bounded, car_info, checksum, job_of, outcomes, with_dead_letters};
use crate::cars::generator::Cars;
use crate::support::{kafka, postgres18, servers};

const CARS: Cars = Cars { rows: 20_000, dims: 10, seed: 8 };

#[test]
fn one_source_feeds_two_tables() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    schema.execute("CREATE TABLE cheap_cars (id bigint PRIMARY KEY, price int CHECK (price <> 5013), painted text)");
    let topic = kafka.topic(3);
    topic.produce_spread(CARS.iter().map(|car| car.line()));
    let second = "CREATE TABLE cheap (id INT, price INT, painted STRING) WITH ('connector' = 'adbpg', 'url' = '${SECOND_URL}',
        'tablename' = 'cheap_cars', 'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = '${SCHEMA}',
        'conflictmode' = 'ignore');
        INSERT INTO cheap (painted, price, id) SELECT color, price, id FROM vector_kafka WHERE price < 20000 AND color <> 'red';";
    let job = job_of(&format!("{JOB}\n{second}"), &schema, &topic)
        .variable("SECOND_URL", server.jdbc_url())
        .variable("SCHEMA", &schema.name);
    let finished = bounded(job).finish().exited(0);
    let cheap = CARS.iter().filter(|car| car.price < 20_000 && car.color != "red");
    let (refused, kept): (Vec<_>, Vec<_>) = cheap.partition(|car| car.price == 5013);
    assert_eq!(outcomes(&finished), [CARS.rows + kept.len() as u64, 0, 0, refused.len() as u64], "{}", finished.stdout);
    assert_eq!(finished.count("records_read"), CARS.rows);
    assert_eq!(checksum(&mut schema), CARS.checksum());
    assert_eq!(schema.count("cheap_cars"), kept.len() as i64);
    let differing = "SELECT count(*) FROM cheap_cars c JOIN car_info i USING (id) WHERE (i.price, i.color) IS DISTINCT FROM (c.price, c.painted::varchar)";
    assert_eq!(schema.text(differing).as_deref(), Some("0"));
}

#[test]
fn unusual_spellings_of_a_timestamp_are_read_by_the_server() {
    for server in servers(&[]) {
        let Some(kafka) = kafka() else { return };
        let mut schema = car_info(&server, Indexes::Structured);
        let odd = ["infinity", "January 5, 2024 3:04 PM", "20240105T150405", "2024-01-05 15:04:05 BC", "epoch", ""];
        let cars = Cars { rows: 3000, ..CARS };
        let topic = kafka.topic(1);
        // Every fifth row has the unusual form, and one of these can't be read at all.
        topic.produce(
            0,
            cars.iter().map(|car| {
                let line = String::from_utf8(car.line()).expect("cars are text");
                let (id, rest) = line.split_once('\t').expect("five fields");
                let (_, rest) = rest.split_once('\t').expect("five fields");
                match car.id {
                    1000 => format!("{id}\tsometime\t{rest}"),
                    number if number % 5 == 0 => format!("{id}\t{}\t{rest}", odd[(number / 5 % 5) as usize]),
                    _ => line,
                }
            }),
        );
        let text = JOB.replace("market_time TIMESTAMP", "market_time STRING");
        assert_ne!(text, JOB);
        let (job, _) = with_dead_letters(bounded(job_of(&text, &schema, &topic)));
        let finished = job.finish().exited(0);
        assert_eq!(outcomes(&finished), [2999, 0, 0, 1], "{}\n{}", finished.stdout, finished.stderr);
        let of = |schema: &mut crate::support::Schema, id| {
            schema.text(&format!("SELECT market_time FROM car_info WHERE id = {id}"))
        };
        for (id, expected) in [
            (5, "2024-01-05 15:04:00"),
            (10, "2024-01-05 15:04:05"),
            (15, "2024-01-05 15:04:05 BC"),
            (20, "1970-01-01 00:00:00"),
            (25, "infinity"),
        ] {
            assert_eq!(of(&mut schema, id).as_deref(), Some(expected), "{id}");
        }
        schema.execute("DELETE FROM car_info WHERE id % 5 = 0");
        let usual: u128 = cars.iter().filter(|car| car.id % 5 != 0).map(|car| u128::from(car.hash())).sum();
        assert_eq!(checksum(&mut schema), usual);
    }
}

#[test]
fn types_unknown_here_take_what_the_server_reads() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    schema.execute("CREATE TYPE mood AS ENUM ('glad', 'sad')");
    schema.execute("CREATE TABLE odd_types (id int PRIMARY KEY, document jsonb, address inet, feeling mood)");
    let topic = kafka.topic(1);
    topic.produce(
        0,
        [
            r#"1|{"a": [1, "\\ \t é"]}|10.0.0.0/8|glad"#,
            r#"2|{"a": |10.0.0.1|sad"#,
            r"3|null|::1|sad",
            r"4|[]|nowhere|sad",
            r"5|[1,2]|10.0.0.2|angry",
            r"6|||",
        ],
    );
    let text = JOB
        .replace(
            "(id INT, market_time TIMESTAMP, color VARCHAR(10), price int, feature VARCHAR)",
            "(id INT, document VARCHAR, address VARCHAR, feeling VARCHAR)",
        )
        .replace(
            "(id INT, market_time TIMESTAMP, color VARCHAR(10), price int, feature string)",
            "(id INT, document STRING, address STRING, feeling STRING)",
        )
        .replace(
            "'csv.field-delimiter' = '\\t'",
            "'csv.field-delimiter' = '|', 'csv.disable-quote-character' = 'true', 'csv.null-literal' = ''",
        )
        .replace("'tablename' = 'car_info'", "'tablename' = 'odd_types'");
    let (job, _) = with_dead_letters(bounded(job_of(&text, &schema, &topic)));
    let finished = job.finish().exited(0);
    assert_eq!(outcomes(&finished), [3, 0, 0, 3], "{}\n{}", finished.stdout, finished.stderr);
    let rows = "SELECT string_agg(concat_ws('|', id, document, address, feeling), ' ' ORDER BY id) FROM odd_types";
    assert_eq!(schema.text(rows).as_deref(), Some(r#"1|{"a": [1, "\\ \t é"]}|10.0.0.0/8|glad 3|null|::1|sad 6"#));
    let dead_letters = super::scene::dead_letters(&finished);
    let causes: Vec<_> = dead_letters
        .iter()
        .map(|dead_letter| (dead_letter["offset"].as_i64(), dead_letter["sqlstate"].as_str()))
        .collect();
    assert_eq!(causes, [(Some(1), Some("22P02")), (Some(3), Some("22P02")), (Some(4), Some("22P02"))]);
}
