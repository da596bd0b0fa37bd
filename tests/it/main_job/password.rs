//! A password may hold anything, however the job is told it.

use super::scene::{Indexes, JOB, bounded, car_info, job_of};
use crate::cars::generator::Cars;
use crate::support::postgresql::{Postgres, unique};
use crate::support::{kafka, postgres18};

/// Quotes of every kind, blanks, what SQL, URLs, shells, formats and variables escape, and more than ASCII.
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
