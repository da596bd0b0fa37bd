//! What a build costs, and whether dropping an index and building it again is cheaper than adding rows to it.

use crate::postgres::vector_index::build::needed_kilobytes;
use crate::postgres::vector_index::doctor::{hnsw, rate};

/// With the server's usual two parallel workers, CREATE INDEX builds an HNSW index this many times as fast as one connection adds rows to
/// it: 5,300 to 6,200 rows/s against 918, at 128 dimensions on two cores.
const BULK: f64 = 6.0;
/// And this many times as fast as two connections add rows.
const WORTH: u64 = 4;

/// The bytes of a row besides its vector, where the table has no row yet.
const ROW_BYTES: u64 = 60;

/// What is known of a table before its rows come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TableSize {
    /// The server's estimate.
    pub rows: u64,
    /// The bytes of a row; 0: there is none.
    pub width: u64,
}

/// What a build needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BuildCost {
    pub seconds: f64,
    pub kilobytes: u64,
}

/// Whether dropping an index and building it again is faster than adding rows to it. A build covers all rows, not only the new ones.
/// `backlog`: the records that wait. `None`: nobody knows, as with a program's rows.
pub fn is_worth(size: TableSize, backlog: Option<u64>) -> bool {
    backlog.is_none_or(|backlog| backlog > 0 && (size.rows.saturating_add(backlog)) / WORTH <= backlog)
}

/// The cost of an index over the rows of the table and of the backlog. `None`: it isn't an HNSW index, and for others nothing was
/// measured.
pub fn of_build(definition: &str, dimensions: usize, size: TableSize, backlog: u64) -> Option<BuildCost> {
    let rest = definition.strip_prefix("USING hnsw ")?;
    let parameter = |name: &str, usual: usize| {
        let found = rest.split_once(" WITH (").and_then(|(_, options)| {
            options.split([',', ')']).find_map(|option| {
                let (own, value) = option.split_once('=')?;
                (own.trim() == name).then(|| value.trim().trim_matches('\'').parse().ok())?
            })
        });
        found.unwrap_or(usual)
    };
    let (m, ef) = hnsw::DEFAULTS;
    let rate = rate::rows_per_second(dimensions, parameter("m", m), parameter("ef_construction", ef)) * BULK;
    let rows = size.rows.saturating_add(backlog);
    let width = if size.width > 0 { size.width } else { 4 * dimensions as u64 + ROW_BYTES };
    Some(BuildCost { seconds: rows as f64 / rate.max(f64::MIN_POSITIVE), kilobytes: needed_kilobytes(rows, width) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(rows: u64) -> TableSize {
        TableSize { rows, width: 0 }
    }

    #[test]
    fn an_index_is_dropped_only_for_a_backlog_that_is_large_compared_with_the_table() {
        assert!(is_worth(size(0), Some(1)));
        assert!(is_worth(size(300_000), Some(100_000)));
        assert!(!is_worth(size(300_000), Some(90_000)), "adding these rows is faster");
        assert!(!is_worth(size(0), Some(0)), "no rows come");
        assert!(is_worth(size(300_000), None), "a program decides this itself");
    }

    #[test]
    fn the_cost_of_a_build_grows_with_the_rows_and_the_parameters() {
        let cost = |definition: &str| of_build(definition, 128, size(100_000), 200_000);
        let usual = cost("USING hnsw (v public.vector_l2_ops)").expect("HNSW");
        assert!((50.0..60.0).contains(&usual.seconds), "{usual:?}");
        assert_eq!(usual.kilobytes, 300_000 * (512 + 60 + 1000) / 1024);
        let double = cost("USING hnsw (v public.vector_l2_ops) WITH (m='16', ef_construction='128')").expect("HNSW");
        assert!(double.seconds > 1.5 * usual.seconds);
        assert_eq!(cost("USING ivfflat (v public.vector_l2_ops) WITH (lists='10')"), None);
    }
}
