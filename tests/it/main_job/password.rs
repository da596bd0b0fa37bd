//! A password may have any characters, in whichever way the job gets it, and may change while the job runs.

use super::scene::{Indexes, JOB, bounded, car_info, checksum, job, job_of, outcomes};
use crate::cars::generator::Cars;
use crate::support::postgresql::{Postgres, unique};
use crate::support::{eventually, kafka, postgres18};

/// Quotes of every kind, blanks, the special characters of SQL, URLs, shells, format strings and variables, and non-ASCII characters.
const ODD: &str = r#" '"\\%&?/:;@#$ {}[]<>|^~é`$HOME=,%20+!*--/*() "#;

#[test]
fn a_password_of_odd_characters_works_in_the_job_file_and_as_an_option() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    topic.produce(0, Cars { rows: 3, dims: 10, seed: 1 }.iter().map(|car| car.line()));
    let (user, name) = (unique("odd"), schema.name.clone());
    let quoted = ODD.replace('\'', "''");
    schema.execute(&format!(
        "SET standard_conforming_strings = on; CREATE ROLE {user} LOGIN PASSWORD '{quoted}';
         GRANT USAGE ON SCHEMA {name} TO {user}; GRANT SELECT, INSERT ON car_info TO {user}"
    ));
    schema.server = Postgres { user: user.clone(), password: "not this one".into(), ..server };
    let in_the_file = JOB.replace("${PGPASSWORD}", &quoted);
    let jobs =
        [job_of(&in_the_file, &schema, &topic), job_of(JOB, &schema, &topic).option("vector_ingest.password", ODD)];
    for job in jobs {
        let finished = bounded(job).argument("-vv").argument("--fresh").finish().exited(0);
        assert_eq!(finished.count("records_read"), 3);
        for piece in [ODD, ODD.trim(), "{}[]<>|^~"] {
            assert!(!finished.stderr.contains(piece), "the password is shown:\n{}", finished.stderr);
        }
    }
    assert_eq!(schema.count("car_info"), 3);
    schema.execute(&format!("DROP OWNED BY {user}; DROP ROLE {user}"));
}

#[test]
fn no_row_is_lost_when_a_password_is_changed_and_changed_back() {
    const CARS: Cars = Cars { rows: 2000, dims: 10, seed: 20 };
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut schema = car_info(&server, Indexes::Structured);
    let topic = kafka.topic(1);
    let lines: Vec<Vec<u8>> = CARS.iter().map(|car| car.line()).collect();
    let (before, after) = lines.split_at(1000);
    let (user, name) = (unique("changing"), schema.name.clone());
    schema.execute(&format!(
        "CREATE ROLE {user} LOGIN PASSWORD 'this one'; GRANT USAGE ON SCHEMA {name} TO {user};
         GRANT SELECT, INSERT ON car_info TO {user}"
    ));
    schema.server = Postgres { user: user.clone(), password: "this one".into(), ..server };
    topic.produce(0, before);
    let mut running = job(&schema, &topic).start();
    eventually("rows arrive", || schema.count("car_info") == 1000);
    let sessions = schema.of_application();
    schema.execute(&format!("ALTER ROLE {user} PASSWORD 'another one'"));
    schema.execute(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {sessions}"));
    topic.produce(0, after);
    eventually("the login is refused", || running.said().contains("28P01"));
    running.lives();
    assert_eq!(schema.count("car_info"), 1000);
    schema.execute(&format!("ALTER ROLE {user} PASSWORD 'this one'"));
    eventually("the other rows arrive", || schema.count("car_info") == 2000);
    running.terminate();
    assert_eq!(outcomes(&running.wait().exited(0)), [2000, 0, 0, 0]);
    assert_eq!(checksum(&mut schema), CARS.checksum());
    schema.execute(&format!("DROP OWNED BY {user}; DROP ROLE {user}"));
}
