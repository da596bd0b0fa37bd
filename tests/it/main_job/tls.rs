//! `sslmode` in the job file's URL decides how strictly the server's certificate is checked.

use super::scene::{Indexes, bounded, car_info, cars, checksum, job};
use crate::support::{client_certificate, kafka, postgres18_tls};

#[test]
fn verify_full_requires_a_certificate_of_the_named_authority() {
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
fn tls_is_used_by_default_if_the_server_supports_it() {
    let (Some(server), Some(kafka)) = (postgres18_tls(), kafka()) else { return };
    let produced = cars(&kafka, 1000);
    let mut schema = car_info(&server, Indexes::Structured);
    bounded(job(&schema, &produced.topic)).finish().exited(0);
    assert_eq!(checksum(&mut schema), produced.checksum);
}

#[test]
fn a_client_certificate_replaces_the_password_in_urls_of_either_kind() {
    let (Some(server), Some(kafka)) = (postgres18_tls(), kafka()) else { return };
    let Some([certificate, key]) = client_certificate() else { return };
    let produced = cars(&kafka, 1000);
    let mut schema = car_info(&server, Indexes::Structured);
    let role = schema.certified_role();
    let authority = server.authority.clone().expect("the TLS server has one");
    let files = format!("sslrootcert={authority}&sslcert={}&sslkey={}", certificate.display(), key.display());
    let libpq = format!("postgresql://{}:{}/{}", server.host, server.port, server.database);
    let run = |url: &str, files: &str| {
        let job = bounded(job(&schema, &produced.topic)).variable("PGPASSWORD", "no password").argument("--fresh");
        job.option("vector_ingest.username", &role)
            .option("vector_ingest.url", format!("{url}?sslmode=verify-full&{files}"))
            .finish()
    };
    for url in [&server.jdbc_url(), &libpq] {
        assert_eq!(run(url, &files).exited(0).count("rows_read"), 1000, "{url}");
        let refused = run(url, &format!("sslrootcert={authority}")).exited(1);
        let words = ["requires a valid client certificate", "name that with sslcert and sslkey in the url"];
        assert!(words.iter().all(|words| refused.stderr.contains(words)), "{url}: {}", refused.stderr);
    }
    assert_eq!(checksum(&mut schema), produced.checksum);
}
