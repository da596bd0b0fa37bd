//! The server's settings: memory, workers, connections.

use vecsink::internals::settings::Sink;

use super::{Postgres, Scene};
use crate::support::postgresql::unique;

/// A role that has this setting or limit, and may read and write the table.
fn with_role(scene: &mut Scene, option: &str, setting: &str) {
    let role = unique("doctor");
    scene.schema.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'a' {option}; GRANT USAGE ON SCHEMA {0} TO {role};
         GRANT SELECT, INSERT, UPDATE ON t TO {role}",
        scene.schema.name
    ));
    if !setting.is_empty() {
        scene.schema.execute(&format!("ALTER ROLE {role} SET {setting}"));
    }
    let server = Postgres { user: role, password: "a".to_owned(), ..scene.schema.server.clone() };
    scene.sink = Sink { connection: crate::flush::fixture::connection(&server), ..scene.sink.clone() };
}

#[test]
fn a_graph_larger_than_the_memory_of_a_build_is_found() {
    let Some(mut scene) = Scene::new(128, "") else { return };
    scene.insert(101, 1000, 128);
    scene.schema.execute("CREATE INDEX i ON t USING hnsw (feature vector_l2_ops)");
    assert_eq!(scene.found("maintenance-work-mem"), []);
    with_role(&mut scene, "", "maintenance_work_mem = '64kB'");
    let finding = scene.only("maintenance-work-mem");
    assert!(finding.text.contains("maintenance_work_mem is 64 kB"), "{finding:?}");
    scene.schema.execute(&finding.remedy);
}

#[test]
fn a_server_that_builds_by_one_process_is_found() {
    let Some(mut scene) = Scene::new(3, "CREATE INDEX i ON t USING hnsw (feature vector_l2_ops)") else { return };
    let safe = scene.found("pgvector-damage").iter().all(|finding| !finding.text.contains("CVE-2026-3172"));
    with_role(&mut scene, "", "max_parallel_maintenance_workers = 0");
    assert_eq!(scene.found("parallel-build").len(), usize::from(safe));
}

#[test]
fn fewer_connections_than_the_job_may_open_are_found() {
    let Some(mut scene) = Scene::new(3, "") else { return };
    assert_eq!(scene.found("connections"), []);
    scene.sink.connection_max_active = 100_000;
    let finding = scene.only("connections");
    assert!(finding.remedy.starts_with("ALTER SYSTEM SET max_connections = "), "{finding:?}");
    scene.sink.connection_max_active = 4;
    with_role(&mut scene, "CONNECTION LIMIT 3", "");
    let finding = scene.only("connections");
    assert!(finding.text.ends_with("may have 3 connections"), "{finding:?}");
}
