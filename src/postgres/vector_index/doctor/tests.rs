//! What the checks find in facts that no test server has.

use super::facts::{DoctorFacts, QueryFacts};
use super::version::DottedVersion;
use super::{CHECKS, Diagnosis, Finding};

/// What is found in the healthy table after a change: the names of the checks.
fn found(change: impl FnOnce(&mut DoctorFacts)) -> Vec<(&'static str, Finding)> {
    let mut facts = DoctorFacts::sample();
    change(&mut facts);
    Diagnosis::of(&facts).findings
}

/// The one thing that is found, which must be what this check finds.
#[track_caller]
fn only(name: &str, change: impl FnOnce(&mut DoctorFacts)) -> Finding {
    let mut found = found(change);
    assert_eq!(found.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [name], "{found:#?}");
    found.remove(0).1
}

fn installed(facts: &mut DoctorFacts, version: &str) {
    facts.server.pgvector = DottedVersion::parse(version);
    facts.server.pgvector_library = DottedVersion::parse(version);
}

/// The texts of the check of damage for this version of pgvector.
fn damage_of(version: &str, change: impl FnOnce(&mut DoctorFacts)) -> Vec<String> {
    let of = |(name, finding): (&str, Finding)| (name == "pgvector-damage").then_some(finding.text);
    let found = found(|facts| {
        installed(facts, version);
        change(facts);
    });
    found.into_iter().filter_map(of).collect()
}

fn on_adbpg(facts: &mut DoctorFacts, kernel: &str, options: &str) {
    facts.server.greenplum = true;
    facts.server.adbpg = DottedVersion::parse(kernel);
    (facts.server.pgvector, facts.server.pgvector_library) = (None, None);
    (facts.indexes[0].method, facts.indexes[0].class) = ("ann".to_owned(), String::new());
    facts.indexes[0].options = format!("dim=128\n{options}");
}

#[test]
fn nothing_is_said_of_a_healthy_table_or_of_one_without_vectors() {
    assert_eq!(found(|_| {}), []);
    let mut facts = DoctorFacts::sample();
    facts.columns.clear();
    facts.table.has_unique_key = false;
    assert_eq!(Diagnosis::of(&facts), Diagnosis::default());
}

#[test]
fn the_page_of_the_documentation_lists_every_check() {
    let page = include_str!("../../../../docs/index-doctor.md");
    let listed: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(listed, CHECKS.map(|check| check.name));
}

#[test]
fn each_check_has_a_name_of_its_own() {
    let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CHECKS.len());
}

#[test]
fn a_parallel_build_is_dangerous_from_0_6_0_until_0_8_2() {
    let dangerous = |version| damage_of(version, |_| {}).iter().any(|text| text.contains("CVE-2026-3172"));
    assert!(dangerous("0.6.0") && dangerous("0.8.1"));
    assert!(!dangerous("0.5.1") && !dangerous("0.8.2"));
    let alone = damage_of("0.8.1", |facts| facts.server.parallel_maintenance_workers = Some(0));
    assert!(!alone.iter().any(|text| text.contains("parallel")), "{alone:?}");
}

#[test]
fn vacuum_damages_hnsw_until_0_8_3_and_stops_in_0_8_3() {
    let of = |version, part: &str| damage_of(version, |_| {}).iter().any(|text| text.contains(part));
    assert!(of("0.5.0", "VACUUM can damage") && of("0.8.2", "VACUUM can damage") && !of("0.8.3", "VACUUM can damage"));
    assert!(
        of("0.8.3", "graph not repaired") && !of("0.8.2", "graph not repaired") && !of("0.8.4", "graph not repaired")
    );
    assert_eq!(damage_of("0.8.2", |facts| facts.indexes.clear()), [] as [String; 0]);
    let finding = found(|facts| installed(facts, "0.8.2")).remove(0).1;
    assert_eq!(
        finding.remedy,
        "ALTER EXTENSION vector UPDATE; REINDEX INDEX CONCURRENTLY \"s\".\"i\" -- after the server's package of pgvector was updated"
    );
}

#[test]
fn older_faults_of_pgvector_are_named_where_they_apply() {
    let of = |version, change: fn(&mut DoctorFacts), part: &str| {
        damage_of(version, change).iter().any(|text| text.contains(part))
    };
    let sparse: fn(&mut DoctorFacts) = |facts| facts.columns[0].kind = super::facts::VectorKind::Sparsevec;
    assert!(of("0.7.2", sparse, "add index item") && !of("0.7.3", sparse, "add index item"));
    assert!(!of("0.7.2", |_| {}, "add index item"));
    let ivfflat: fn(&mut DoctorFacts) = |facts| facts.indexes[0].method = "ivfflat".to_owned();
    assert!(
        of("0.3.0", ivfflat, "damage IVFFlat") && !of("0.3.1", ivfflat, "damage") && !of("0.2.6", ivfflat, "damage")
    );
    let unlogged: fn(&mut DoctorFacts) = |facts| facts.table.unlogged = true;
    assert!(of("0.7.1", unlogged, "unlogged table") && !of("0.7.2", unlogged, "unlogged table"));
    assert!(of("0.7.3", |_| {}, "misses locks") && !of("0.7.4", |_| {}, "misses locks"));
    let bits: fn(&mut DoctorFacts) = |facts| facts.indexes[0].class = "bit_hamming_ops".to_owned();
    assert!(of("0.8.2", bits, "Hamming") && !of("0.8.3", bits, "Hamming"));
}

#[test]
fn slow_inserts_and_an_extension_behind_its_library_are_named() {
    let slow = found(|facts| installed(facts, "0.7.4"));
    assert!(slow.iter().any(|(name, _)| *name == "pgvector-slow"), "{slow:?}");
    let behind = only("pgvector-update", |facts| facts.server.pgvector = DottedVersion::parse("0.8.0"));
    assert_eq!(behind.remedy, "ALTER EXTENSION vector UPDATE");
    let sparse = only("pgvector-sparsevec", |facts| facts.columns[0].kind = super::facts::VectorKind::Sparsevec);
    assert_eq!(sparse.remedy, "REINDEX INDEX CONCURRENTLY \"s\".\"i\"");
}

#[test]
fn fast_ann_is_told_from_nova_by_the_kernel() {
    let old = only("nova", |facts| on_adbpg(facts, "7.3.1.0", "distancemeasure=ip"));
    assert!(old.text.contains("needs kernel 7.4.2.0"), "{}", old.text);
    let new = only("nova", |facts| on_adbpg(facts, "7.4.2.0", "distancemeasure=ip\nhnsw_m=16"));
    assert!(!new.text.contains("needs kernel"), "{}", new.text);
    assert!(
        new.remedy.ends_with("USING ann (\"f\") WITH (dim = 128, algorithm = novad, distancemeasure = IP)"),
        "{}",
        new.remedy
    );
    assert_eq!(found(|facts| on_adbpg(facts, "7.4.2.0", "algorithm=novam")), []);
    assert_eq!(found(|facts| on_adbpg(facts, "6.6.1.0", "")), []);
}

#[test]
fn the_options_of_an_ann_index_must_fit_the_kernel_and_the_job() {
    let cosine = only("ann-distance", |facts| on_adbpg(facts, "6.3.10.18", "distancemeasure=cosine"));
    assert!(cosine.remedy.contains("distancemeasure = L2"), "{}", cosine.remedy);
    let normalized = only("ann-distance", |facts| {
        on_adbpg(facts, "6.6.1.0", "");
        facts.job.normalize = true;
    });
    assert!(normalized.remedy.contains("distancemeasure = IP"), "{}", normalized.remedy);
    only("ann-external-storage", |facts| on_adbpg(facts, "6.6.1.0", "external_storage=1"));
    let links = only("hnsw-m", |facts| {
        on_adbpg(facts, "6.6.1.0", "hnsw_m=32");
        (facts.columns[0].length, facts.indexes[0].dimension) = (Some(1024), Some(1024));
        facts.columns[0].dimension = None;
    });
    assert_eq!(links.remedy, "ALTER INDEX \"s\".\"i\" SET (hnsw_m = 64); REINDEX INDEX \"s\".\"i\"");
}

#[test]
fn queries_with_an_operator_that_no_index_serves_are_found() {
    let query = |operator: &str, expression: Option<&str>| QueryFacts {
        column: 2,
        operator: operator.to_owned(),
        expression: expression.map(str::to_owned),
        calls: 12,
    };
    assert_eq!(found(|facts| facts.queries = Some(vec![query("<->", None)])), []);
    let cosine = only("operator-class", |facts| facts.queries = Some(vec![query("<=>", None), query("<=>", None)]));
    assert!(cosine.text.contains("(24 calls"), "{}", cosine.text);
    assert_eq!(cosine.remedy, "CREATE INDEX CONCURRENTLY ON \"s\".\"t\" USING hnsw (\"f\" vector_cosine_ops)");
    let expression = "((f)::halfvec(128))";
    let over = |facts: &mut DoctorFacts| facts.indexes[0].expression = Some(expression.to_owned());
    only("index-expression", over);
    let used = found(|facts| {
        over(facts);
        facts.queries = Some(vec![query("<->", Some("f::halfvec(128)"))]);
    });
    assert_eq!(used, []);
}

#[test]
fn a_graph_larger_than_the_servers_memory_is_found() {
    let finding = only("shared-buffers", |facts| facts.server.shared_buffers = 1 << 26);
    assert_eq!(finding.remedy, "ALTER SYSTEM SET shared_buffers = '160MB' -- then restart the server");
}

#[test]
fn old_servers_are_told_what_they_can_run() {
    let invalid = only("index-invalid", |facts| {
        facts.server.version = 90_600;
        (facts.indexes[0].valid, facts.indexes[0].bytes) = (false, 0);
    });
    assert!(invalid.remedy.starts_with("DROP INDEX CONCURRENTLY \"s\".\"i\"; CREATE INDEX i"), "{}", invalid.remedy);
    let copy = only("index-invalid", |facts| {
        (facts.indexes[0].valid, facts.indexes[0].name) = (false, "i_ccnew1".to_owned());
    });
    assert_eq!(copy.remedy, "DROP INDEX CONCURRENTLY \"s\".\"i\"");
    assert_eq!(found(|facts| (facts.indexes[0].valid, facts.indexes[0].in_progress) = (false, true)), []);
    let global = only("autovacuum", |facts| facts.server.autovacuum = false);
    assert!(global.remedy.starts_with("ALTER SYSTEM"), "{}", global.remedy);
}

#[test]
fn sessions_of_movers_and_of_the_keeper_count_as_connections_too() {
    let enough = |facts: &mut DoctorFacts| facts.server.max_connections = 11;
    assert_eq!(found(enough), []);
    let finding = only("connections", |facts| {
        enough(facts);
        facts.job.sessions_for_index = 6;
    });
    assert!(
        finding.text.starts_with("the job may open 14 connections (connectionmaxactive 8, 6 more"),
        "{}",
        finding.text
    );
    assert!(finding.remedy.ends_with("set connectionmaxactive to 2"), "{}", finding.remedy);
}
