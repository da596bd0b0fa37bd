//! Memory and workers for vector indexes.

use super::Finding;
use super::facts::{DoctorFacts, IndexFacts};

const MEGABYTE: u64 = 1 << 20;

/// With room to grow, in whole megabytes.
fn room_for(bytes: u64) -> String {
    format!("{}MB", (bytes + bytes / 4).div_ceil(MEGABYTE).max(1))
}

fn shown(bytes: u64) -> String {
    match bytes {
        0..10_485_760 => format!("{} kB", bytes / 1024),
        _ => format!("{} MB", bytes / MEGABYTE),
    }
}

fn graphs(facts: &DoctorFacts) -> impl Iterator<Item = &IndexFacts> {
    facts.indexes.iter().filter(|index| index.method == "hnsw")
}

/// A search or an insert reads pages all over the graph.
pub fn shared_buffers(facts: &DoctorFacts) -> Vec<Finding> {
    let bytes: u64 = graphs(facts).map(|index| index.bytes).sum();
    let too_large = bytes > facts.server.shared_buffers;
    let finding = || Finding {
        text: format!(
            "the table's HNSW indexes are {} large, and shared_buffers is {}: each insert and each search reads many pages of the graph, \
             and some of them then come from outside of the server's memory",
            shown(bytes),
            shown(facts.server.shared_buffers)
        ),
        remedy: format!("ALTER SYSTEM SET shared_buffers = '{}' -- then restart the server", room_for(bytes)),
    };
    too_large.then(finding).into_iter().collect()
}

/// A build whose graph doesn't fit goes on row by row in the index, many times slower.
pub fn maintenance_work_mem(facts: &DoctorFacts) -> Vec<Finding> {
    let too_large = |index: &&IndexFacts| index.bytes > facts.server.maintenance_work_mem;
    let finding = |index: &IndexFacts| Finding {
        text: format!(
            "index {} is {} large, and maintenance_work_mem is {}: a build of it doesn't fit into memory and becomes many times slower",
            index.name,
            shown(index.bytes),
            shown(facts.server.maintenance_work_mem)
        ),
        remedy: format!("SET maintenance_work_mem = '{}' -- in the session that builds it", room_for(index.bytes)),
    };
    graphs(facts).filter(too_large).map(finding).collect()
}

/// 0 workers are right for a version of pgvector whose parallel build has a fault: see `pgvector.rs`.
pub fn parallel_build(facts: &DoctorFacts) -> Vec<Finding> {
    let at_fault = facts.pgvector().is_some_and(|version| version.is_before(&[0, 8, 2]));
    let builds = facts.indexes.iter().any(|index| ["hnsw", "ivfflat"].contains(&index.method.as_str()));
    let alone = facts.server.parallel_maintenance_workers == Some(0) && builds && !at_fault;
    let finding = || Finding {
        text: "max_parallel_maintenance_workers is 0: vector indexes are built by one process".to_owned(),
        remedy: "ALTER SYSTEM SET max_parallel_maintenance_workers = 2; SELECT pg_reload_conf()".to_owned(),
    };
    alone.then(finding).into_iter().collect()
}
