//! How far a build is, as the server says.

use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;

/// The first version with `pg_stat_progress_create_index`: PostgreSQL 12.
pub const OLDEST: u32 = 120_000;

/// How far the build of an index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildProgress {
    /// What the server does, in its own words: `building index: loading tuples`.
    pub phase: String,
    /// How much of this phase is done.
    pub percent: u8,
}

/// Reads how far the build of an index of this table is. `None`: none is being built.
pub fn read(session: &mut Session, table: u32) -> Attempt<Option<BuildProgress>> {
    let rows = session.ask(&format!(
        "SELECT phase, blocks_done, blocks_total, tuples_done, tuples_total
         FROM pg_catalog.pg_stat_progress_create_index WHERE relid = {table} LIMIT 1"
    ))?;
    Ok(rows.first().and_then(|row| progress(row)))
}

fn progress(row: &[String]) -> Option<BuildProgress> {
    let [phase, counts @ ..] = row else { return None };
    let counts: Vec<u64> = counts.iter().map(|count| count.parse().unwrap_or(0)).collect();
    let [blocks_done, blocks, tuples_done, tuples] = counts[..] else { return None };
    let (done, all) = if blocks > 0 { (blocks_done, blocks) } else { (tuples_done, tuples) };
    let percent = done.saturating_mul(100).checked_div(all).unwrap_or(0).min(100);
    Some(BuildProgress { phase: phase.clone(), percent: u8::try_from(percent).unwrap_or(100) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentage_is_that_of_blocks_or_else_of_rows() {
        let percent = |counts: [&str; 4]| {
            let row: Vec<String> = std::iter::once("loading").chain(counts).map(str::to_owned).collect();
            progress(&row).map(|progress| progress.percent)
        };
        assert_eq!(percent(["30", "60", "7", "100"]), Some(50));
        assert_eq!(percent(["0", "0", "7", "100"]), Some(7));
        assert_eq!(percent(["0", "0", "5", "0"]), Some(0), "a total of 0 is unknown");
        assert_eq!(percent(["70", "60", "0", "0"]), Some(100));
    }
}
