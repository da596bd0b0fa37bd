//! The URL of the job file says how far the server is trusted.

use super::scene::{Indexes, bounded, car_info, cars, checksum, job};
use crate::support::{kafka, postgres18_tls};

#[test]
fn verify_full_wants_a_certificate_of_the_named_authority() {
    let (Some(server), Some(kafka)) = (postgres18_tls(), kafka()) else { return };
    let produced = cars(&kafka, 1000);
    let mut schema = car_info(&server, Indexes::Structured);
    let authority = server.authority.clone().expect("the TLS server has one");
    let run = |parameters: &str| {
        let url = format!("{}?{parameters}", server.jdbc_url());
        bounded(job(&schema, &produced.topic)).option("vector_ingest.url", url).finish()
    };
    let unknown = run("sslmode=verify-full").exited(1);
    assert!(unknown.stderr.contains("certificate"), "{}", unknown.stderr);
    let plain = run("sslmode=disable").exited(1);
    assert!(plain.stderr.contains("no encryption"), "{}", plain.stderr);
    run(&format!("sslmode=verify-full&sslrootcert={authority}")).exited(0);
    assert_eq!(checksum(&mut schema), produced.checksum);
}

#[test]
fn tls_is_used_unasked_where_the_server_speaks_it() {
    let (Some(server), Some(kafka)) = (postgres18_tls(), kafka()) else { return };
    let produced = cars(&kafka, 1000);
    let mut schema = car_info(&server, Indexes::Structured);
    bounded(job(&schema, &produced.topic)).finish().exited(0);
    assert_eq!(checksum(&mut schema), produced.checksum);
}
