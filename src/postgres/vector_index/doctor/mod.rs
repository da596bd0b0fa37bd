//! The index doctor of `vecsink check`: what is wrong with a table's vector indexes, and the SQL that helps.
//!
//! `read` asks the catalog for the facts. Each check is a function of the facts alone, so tests can use facts that no test server
//! has.

mod ann;
mod connections;
mod create_index;
mod dimension;
mod expression;
mod facts;
pub(super) mod hnsw;
mod ivfflat;
mod memory;
mod operator;
mod pgvector;
mod presence;
mod queries;
pub(super) mod rate;
mod read;
mod reindex;
mod storage;
mod table;
mod version;

#[cfg(test)]
mod tests;

use self::facts::DoctorFacts;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::settings::Sink;
use crate::types::target::TargetTable;

/// Something that is wrong, and what to run against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub text: String,
    /// SQL.
    pub remedy: String,
}

/// A function that finds one kind of fault.
pub struct Check {
    /// Its name in docs/index-doctor.md.
    pub name: &'static str,
    find: fn(&DoctorFacts) -> Vec<Finding>,
}

/// All checks, in the order in which `vecsink check` prints what they find.
pub const CHECKS: [Check; 28] = [
    Check { name: "index-missing", find: presence::missing },
    Check { name: "index-invalid", find: presence::invalid },
    Check { name: "index-duplicate", find: presence::duplicate },
    Check { name: "dimension", find: dimension::differs },
    Check { name: "operator-class", find: operator::not_used_by_queries },
    Check { name: "normalized-vectors", find: operator::normalized },
    Check { name: "index-expression", find: expression::over_expression },
    Check { name: "index-partial", find: expression::partial },
    Check { name: "ivfflat-training", find: ivfflat::trained_on_few_rows },
    Check { name: "ivfflat-lists", find: ivfflat::lists },
    Check { name: "hnsw-ef-construction", find: hnsw::ef_construction },
    Check { name: "hnsw-m", find: hnsw::m },
    Check { name: "pgvector-damage", find: pgvector::damage },
    Check { name: "pgvector-slow", find: pgvector::slow },
    Check { name: "pgvector-sparsevec", find: pgvector::sparsevec },
    Check { name: "pgvector-update", find: pgvector::older_than_library },
    Check { name: "nova", find: ann::nova },
    Check { name: "ann-distance", find: ann::distance },
    Check { name: "ann-external-storage", find: ann::external_storage },
    Check { name: "shared-buffers", find: memory::shared_buffers },
    Check { name: "maintenance-work-mem", find: memory::maintenance_work_mem },
    Check { name: "parallel-build", find: memory::parallel_build },
    Check { name: "connections", find: connections::too_few },
    Check { name: "dead-rows", find: table::dead_rows },
    Check { name: "autovacuum", find: table::autovacuum },
    Check { name: "statistics", find: table::statistics },
    Check { name: "unique-key", find: table::unique_key },
    Check { name: "storage", find: storage::compressed },
];

/// What the doctor says of a table.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// What to know: the queries that an index serves, how fast rows can be.
    pub notes: Vec<String>,
    /// The name of a check, and what it found.
    pub findings: Vec<(&'static str, Finding)>,
}

impl Diagnosis {
    fn of(facts: &DoctorFacts) -> Diagnosis {
        if facts.columns.is_empty() {
            return Diagnosis::default();
        }
        let found =
            |check: &Check| (check.find)(facts).into_iter().map(|finding| (check.name, finding)).collect::<Vec<_>>();
        Diagnosis {
            notes: operator::notes(facts).into_iter().chain(rate::notes(facts)).collect(),
            findings: CHECKS.iter().flat_map(found).collect(),
        }
    }
}

/// Reads the facts and makes all checks. A table without a vector column has no findings.
pub fn examine(session: &mut Session, greenplum: bool, sink: &Sink, table: &TargetTable) -> Attempt<Diagnosis> {
    let facts = read::facts(session, greenplum, sink, table)?;
    Ok(facts.map_or_else(Diagnosis::default, |facts| Diagnosis::of(&facts)))
}
