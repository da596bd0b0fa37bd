//! The settings for `sink.vector-index` = behind.

use std::time::Duration;

/// The settings for `sink.vector-index` = behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BehindSettings {
    pub creation: HotChildCreation,
    /// The schema and name of the hot child. `None`: the table's schema, and the table's name with `_hot` at its end.
    pub hot_table: Option<(String, String)>,
    /// The longest time that a query may spend on rows that are in no vector index.
    pub scan_limit: Duration,
    /// The most movers. `None`: the number depends on the number of connections.
    pub movers: Option<u32>,
}

/// Whether a hot child is made if it is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HotChildCreation {
    #[default]
    Allowed,
    /// If it is missing, that is an error that shows the statements.
    Refused,
    /// For `vecsink check`: making it is tried in a transaction that is rolled back.
    Tried,
}

/// More movers would only wait for each other.
const MOST_MOVERS: u32 = 8;

impl Default for BehindSettings {
    fn default() -> Self {
        BehindSettings {
            creation: HotChildCreation::default(),
            hot_table: None,
            scan_limit: Duration::from_millis(20),
            movers: None,
        }
    }
}

impl BehindSettings {
    /// The most movers at once, if there are `connections` for the writers.
    pub fn most_movers(&self, connections: u32) -> u32 {
        self.movers.unwrap_or_else(|| (connections / 2).clamp(1, MOST_MOVERS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_there_are_half_as_many_movers_as_connections_and_at_least_one_and_at_most_eight() {
        let movers = |connections| BehindSettings::default().most_movers(connections);
        assert_eq!([1, 2, 7, 20].map(movers), [1, 1, 3, 8]);
        let set = BehindSettings { movers: Some(12), ..BehindSettings::default() };
        assert_eq!(set.most_movers(2), 12);
    }
}
