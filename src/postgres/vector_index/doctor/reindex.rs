//! The statement that builds an index again.

use super::facts::{DoctorFacts, IndexFacts};

/// Without blocking writers, where the server can do that: from PostgreSQL 12, for partitioned tables from 14.
pub fn reindex(facts: &DoctorFacts, index: &IndexFacts) -> String {
    let since = if facts.table.partitioned { 140_000 } else { 120_000 };
    let concurrently = if facts.server.version >= since && !facts.server.greenplum { " CONCURRENTLY" } else { "" };
    format!("REINDEX INDEX{concurrently} {}", index.quoted)
}

/// The same with other options.
pub fn reindex_with(facts: &DoctorFacts, index: &IndexFacts, options: &str) -> String {
    format!("ALTER INDEX {} SET ({options}); {}", index.quoted, reindex(facts, index))
}

/// The statements for all of these indexes.
pub fn reindex_all<'f>(facts: &'f DoctorFacts, indexes: impl Iterator<Item = &'f IndexFacts>) -> String {
    indexes.map(|index| reindex(facts, index)).collect::<Vec<_>>().join("; ")
}
