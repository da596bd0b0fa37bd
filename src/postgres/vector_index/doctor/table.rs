//! The table's own state.

use super::Finding;
use super::facts::DoctorFacts;
use super::reindex::reindex_all;
use crate::postgres::catalog::dimension::option;

/// Fewer dead rows than this are no finding.
const MANY_DEAD: u64 = 1_000;

/// Many rows are dead if it is at least one in this many.
const DEAD_SHARE: u64 = 5;

/// A dead row stays a node of the graph until VACUUM has taken it out.
pub fn dead_rows(facts: &DoctorFacts) -> Vec<Finding> {
    let (live, dead) = (facts.table.live_rows, facts.table.dead_rows);
    let many = dead >= MANY_DEAD && dead * DEAD_SHARE >= live + dead;
    let graphs = || facts.indexes.iter().filter(|index| index.method == "hnsw");
    let finding = || {
        let vacuum = format!("VACUUM (ANALYZE) {}", facts.table.quoted);
        // pgvector takes rows out of a graph slowly, so building a new graph is faster.
        let rebuild = reindex_all(facts, graphs());
        Finding {
            text: format!(
                "{dead} of {} rows are dead: searches pass them, and in an HNSW index they cost upkeep and memory",
                live + dead
            ),
            remedy: if rebuild.is_empty() { vacuum } else { format!("{rebuild}; {vacuum}") },
        }
    };
    many.then(finding).into_iter().collect()
}

pub fn autovacuum(facts: &DoctorFacts) -> Vec<Finding> {
    let off = |value: &str| ["false", "off", "no", "0"].contains(&value.to_lowercase().as_str());
    let table = &facts.table.quoted;
    let (whose, remedy) = match option(&facts.table.options, "autovacuum_enabled") {
        Some(value) if off(value) => ("of the table", format!("ALTER TABLE {table} RESET (autovacuum_enabled)")),
        _ if !facts.server.autovacuum => {
            ("of the server", "ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf()".to_owned())
        }
        _ => return Vec::new(),
    };
    let text = format!("autovacuum {whose} is off: dead rows stay in the vector index, and statistics grow old");
    vec![Finding { text, remedy }]
}

pub fn statistics(facts: &DoctorFacts) -> Vec<Finding> {
    let never = !facts.table.analyzed && facts.table.bytes > 0;
    let finding = || Finding {
        text: "the table was never analyzed: the planner guesses whether the vector index is worth using".to_owned(),
        remedy: format!("ANALYZE {}", facts.table.quoted),
    };
    never.then(finding).into_iter().collect()
}

pub fn unique_key(facts: &DoctorFacts) -> Vec<Finding> {
    let finding = || {
        Finding {
        text: "the table has no unique key: rows that are written again after a failure are stored twice, and a search finds both".to_owned(),
        remedy: format!("ALTER TABLE {} ADD PRIMARY KEY (…) -- the columns that name a row", facts.table.quoted),
    }
    };
    (!facts.table.has_unique_key).then(finding).into_iter().collect()
}
