//! What is wrong with versions of pgvector: damage and slowness, and what helps. From pgvector's change log, its
//! issues and its sources.

use super::Finding;
use super::facts::{DoctorFacts, VectorKind};
use super::reindex::reindex_all;

/// A fault of some versions.
struct Fault {
    /// The first version that has it.
    from: [u32; 3],
    /// The first version without it.
    until: [u32; 3],
    applies: fn(&DoctorFacts) -> bool,
    what: &'static str,
    /// The indexes by this method must be built again after the update.
    rebuilds: Option<&'static str>,
}

fn builds_in_parallel(facts: &DoctorFacts) -> bool {
    facts.server.parallel_maintenance_workers != Some(0)
}

fn has_ivfflat(facts: &DoctorFacts) -> bool {
    facts.indexes.iter().any(|index| index.method == "ivfflat")
}

fn has_hnsw_over_sparsevec(facts: &DoctorFacts) -> bool {
    let is_sparse = |column: &super::facts::ColumnFacts| column.kind == VectorKind::Sparsevec;
    facts.indexes.iter().any(|index| index.method == "hnsw" && facts.column(index).is_some_and(is_sparse))
}

fn has_unlogged_index(facts: &DoctorFacts) -> bool {
    facts.table.unlogged && !facts.indexes.is_empty()
}

fn counts_bits_on_18(facts: &DoctorFacts) -> bool {
    facts.server.version >= 180_000 && facts.indexes.iter().any(|index| index.class.starts_with("bit_"))
}

/// The newest first.
const FAULTS: [Fault; 9] = [
    Fault {
        from: [0, 6, 0],
        until: [0, 8, 2],
        applies: builds_in_parallel,
        what: "building an HNSW index in parallel can write beyond its memory, which crashes the server or shows data of other tables \
               (CVE-2026-3172); until it is updated: SET max_parallel_maintenance_workers = 0 before CREATE INDEX and REINDEX",
        rebuilds: None,
    },
    Fault {
        from: [0, 5, 0],
        until: [0, 8, 3],
        applies: DoctorFacts::has_hnsw,
        what: "VACUUM can damage an HNSW index",
        rebuilds: Some("hnsw"),
    },
    Fault {
        from: [0, 8, 3],
        until: [0, 8, 4],
        applies: DoctorFacts::has_hnsw,
        what: "VACUUM of a table with an HNSW index can fail with 'hnsw graph not repaired'",
        rebuilds: None,
    },
    Fault {
        from: [0, 5, 0],
        until: [0, 8, 4],
        applies: DoctorFacts::has_hnsw,
        what: "inserts can fail while VACUUM works on an HNSW index",
        rebuilds: None,
    },
    Fault {
        from: [0, 8, 0],
        until: [0, 8, 3],
        applies: counts_bits_on_18,
        what: "Hamming and Jaccard distances are slow on PostgreSQL 18",
        rebuilds: None,
    },
    Fault {
        from: [0, 6, 0],
        until: [0, 7, 4],
        applies: |facts| facts.has_hnsw() && builds_in_parallel(facts),
        what: "building an HNSW index in parallel misses locks",
        rebuilds: Some("hnsw"),
    },
    Fault {
        from: [0, 7, 0],
        until: [0, 7, 3],
        applies: has_hnsw_over_sparsevec,
        what: "inserts into an HNSW index of sparsevec can fail with 'failed to add index item'",
        rebuilds: None,
    },
    Fault {
        from: [0, 1, 0],
        until: [0, 7, 2],
        applies: has_unlogged_index,
        what: "after a crash of the server the vector index of an unlogged table can't be used",
        rebuilds: None,
    },
    Fault {
        from: [0, 2, 7],
        until: [0, 3, 1],
        applies: has_ivfflat,
        what: "inserts silently damage IVFFlat indexes",
        rebuilds: Some("ivfflat"),
    },
];

/// SQL that updates pgvector, and then does what `then` says.
fn update(then: &str) -> String {
    let and = if then.is_empty() { "" } else { "; " };
    format!("ALTER EXTENSION vector UPDATE{and}{then} -- after the server's package of pgvector was updated")
}

pub fn damage(facts: &DoctorFacts) -> Vec<Finding> {
    let Some(version) = facts.pgvector() else { return Vec::new() };
    let has =
        |fault: &&Fault| !version.is_before(&fault.from) && version.is_before(&fault.until) && (fault.applies)(facts);
    let finding = |fault: &Fault| {
        let fixed = fault.until.map(|part| part.to_string()).join(".");
        let rebuilds = |method| reindex_all(facts, facts.indexes.iter().filter(move |index| index.method == method));
        let then = fault.rebuilds.map(rebuilds).unwrap_or_default();
        Finding {
            text: format!("pgvector {version} has a fault that {fixed} doesn't have: {}", fault.what),
            remedy: update(&then),
        }
    };
    FAULTS.iter().filter(has).map(finding).collect()
}

/// Versions that put rows into an HNSW index more slowly.
pub fn slow(facts: &DoctorFacts) -> Vec<Finding> {
    let slow = facts.pgvector().filter(|version| facts.has_hnsw() && version.is_before(&[0, 8, 0]));
    let finding = |version| Finding {
        text: format!("pgvector {version} puts rows into an HNSW index more slowly than 0.8.0 and later"),
        remedy: update(""),
    };
    slow.map(finding).into_iter().collect()
}

/// After VACUUM has freed the place of a short vector, an insert of a longer one reads the index from there to its end. This isn't
/// corrected in 0.8.6.
pub fn sparsevec(facts: &DoctorFacts) -> Vec<Finding> {
    let applies = has_hnsw_over_sparsevec(facts) && (facts.job.updates || facts.table.dead_rows > 0);
    let sparse = || facts.indexes.iter().filter(|index| index.method == "hnsw");
    let finding = || {
        Finding {
        text: "vectors of sparsevec have different sizes: after VACUUM an HNSW index looks for room from the first freed place on, so inserts \
               become slow when rows are updated or deleted (pgvector up to 0.8.6)"
            .to_owned(),
        remedy: reindex_all(facts, sparse()),
    }
    };
    applies.then(finding).into_iter().collect()
}

/// The server has a newer library than the database's extension.
pub fn older_than_library(facts: &DoctorFacts) -> Vec<Finding> {
    let versions = facts.server.pgvector.as_ref().zip(facts.server.pgvector_library.as_ref());
    let finding = |(own, library)| Finding {
        text: format!(
            "the server has pgvector {library}, but the database's extension is of {own}: what {library} adds is missing"
        ),
        remedy: "ALTER EXTENSION vector UPDATE".to_owned(),
    };
    versions.filter(|(own, library)| own < library).map(finding).into_iter().collect()
}
