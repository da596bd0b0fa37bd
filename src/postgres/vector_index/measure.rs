//! Figures of the rows that are in no vector index: how many there are, how old they are, and how long an exact search in them takes.
//! The time is measured by the query that a user would send.

use std::time::{Duration, Instant};

use super::parent::is_vector_index;
use crate::postgres::catalog::tree::TableRef;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;

/// How a table's rows are searched: the expression that its first vector index stores, and the operator that this index serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    expression: String,
    operator: String,
}

/// A table's rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowFigures {
    pub rows: u64,
    /// Dead ones, as far as the server's statistics know.
    pub dead: u64,
    /// The number of the oldest row's transaction. `None`: there are no rows.
    pub oldest: Option<u64>,
    /// The number of the next transaction.
    pub next: u64,
}

impl SearchQuery {
    /// `None`: the table has no vector index, or the catalog doesn't say which operator it serves.
    pub fn read(session: &mut Session, table: u32) -> Attempt<Option<SearchQuery>> {
        let rows = session.ask(&format!(
            "SELECT pg_catalog.pg_get_indexdef(i.indexrelid, 1, false),
                    'OPERATOR(' || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ')', m.amname, t.typname
             FROM pg_catalog.pg_index i
             JOIN pg_catalog.pg_opclass k ON k.oid = i.indclass[0]
             JOIN pg_catalog.pg_amop a ON a.amopfamily = k.opcfamily AND a.amoplefttype = k.opcintype AND a.amoppurpose = 'o'
             JOIN pg_catalog.pg_operator o ON o.oid = a.amopopr
             JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
             JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
             JOIN pg_catalog.pg_am m ON m.oid = x.relam
             JOIN pg_catalog.pg_type t ON t.oid = k.opcintype
             WHERE i.indrelid = {table} ORDER BY i.indexrelid, a.amopstrategy"
        ))?;
        Ok(rows.into_iter().find_map(|row| match <[String; 4]>::try_from(row) {
            Ok([expression, operator, method, operand]) if is_vector_index(&method, &operand) => {
                Some(SearchQuery { expression, operator })
            }
            Ok(_) | Err(_) => None,
        }))
    }

    /// How long the server needs to find the ten rows that are nearest to one of the table's rows.
    pub fn time(&self, session: &mut Session, table: &TableRef) -> Attempt<Duration> {
        let SearchQuery { expression, operator } = self;
        let table = table.quoted();
        let plan = session.ask(&format!(
            "EXPLAIN (ANALYZE, TIMING OFF) SELECT 1 FROM ONLY {table} ORDER BY ({expression}) {operator}
             (SELECT ({expression}) FROM ONLY {table} WHERE ({expression}) IS NOT NULL LIMIT 1) LIMIT 10"
        ))?;
        Ok(plan.iter().flatten().rev().find_map(|line| execution_time(line)).unwrap_or_default())
    }
}

/// A search takes the server a while, so its time is measured now and then. In between, it is estimated from the number of rows.
#[derive(Debug, Default)]
pub struct ScanTimer {
    /// When, how many rows, and how long.
    last: Option<(Instant, u64, Duration)>,
}

/// Measuring may take one part in this many of the time.
const MEASURING: u32 = 50;

impl ScanTimer {
    /// The time for this number of rows, if it needn't be measured again.
    pub fn estimate(&self, rows: u64, now: Instant) -> Option<Duration> {
        let (at, measured, time) = self.last?;
        let is_old = now.saturating_duration_since(at) >= time * MEASURING;
        (!is_old && measured > 0).then(|| time.mul_f64(rows as f64 / measured as f64))
    }

    pub fn note(&mut self, rows: u64, time: Duration, now: Instant) {
        self.last = Some((now, rows, time));
    }
}

/// `Execution Time: 0.123 ms`; older servers write a small `t`.
fn execution_time(line: &str) -> Option<Duration> {
    let (name, value) = line.trim().split_once(": ")?;
    let milliseconds: f64 = value.strip_suffix(" ms")?.parse().ok()?;
    name.eq_ignore_ascii_case("execution time").then(|| Duration::from_secs_f64(milliseconds.max(0.0) / 1e3))
}

/// Counts the rows. This reads all pages of the table, but not the vectors that are stored outside of them.
pub fn count(session: &mut Session, table: &TableRef) -> Attempt<RowFigures> {
    let row = session.ask(&format!(
        "SELECT r.rows, r.age, pg_catalog.pg_stat_get_dead_tuples({}),
                pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())
         FROM (SELECT count(*) AS rows, max(pg_catalog.age(xmin)) AS age FROM ONLY {}) AS r",
        table.oid,
        table.quoted()
    ))?;
    let number = |at: usize| row.first().and_then(|row| row.get(at)).and_then(|text| text.parse::<u64>().ok());
    let next = number(3).unwrap_or(0);
    Ok(RowFigures {
        rows: number(0).unwrap_or(0),
        dead: number(2).unwrap_or(0),
        oldest: number(1).map(|age| next.saturating_sub(age)),
        next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_search_is_measured_less_often_and_estimated_meanwhile() {
        let now = Instant::now();
        let mut timer = ScanTimer::default();
        assert_eq!(timer.estimate(10, now), None);
        timer.note(1000, Duration::from_millis(60), now);
        assert_eq!(timer.estimate(2000, now + Duration::from_secs(2)), Some(Duration::from_millis(120)));
        assert_eq!(timer.estimate(2000, now + Duration::from_secs(3)), None);
        timer.note(0, Duration::from_millis(60), now);
        assert_eq!(timer.estimate(2000, now), None, "of no rows nothing can be concluded");
    }

    #[test]
    fn the_time_of_a_plan_is_read_whatever_the_servers_version() {
        assert_eq!(execution_time("Execution Time: 1.500 ms"), Some(Duration::from_micros(1500)));
        assert_eq!(execution_time(" Execution time: 0.250 ms"), Some(Duration::from_micros(250)));
        assert_eq!(execution_time("Planning Time: 0.250 ms"), None);
        assert_eq!(execution_time("  ->  Seq Scan on t"), None);
    }
}
