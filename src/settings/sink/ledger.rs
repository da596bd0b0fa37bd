//! How often a row is written, and the tables that store how far it has come.

/// `sink.delivery-guarantee`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeliveryGuarantee {
    /// After a crash some rows are written again.
    #[default]
    AtLeastOnce,
    /// Progress is stored in the rows' own transactions.
    ExactlyOnce,
}

/// `sink.ledger.…`. Schema and name of each table; `None`: the usual name, in the table's schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerSettings {
    pub stream_table: Option<(String, String)>,
    pub shard_table: Option<(String, String)>,
    pub replayed_table: Option<(String, String)>,
}

/// Schema and name of each table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerTables {
    pub stream: (String, String),
    pub shard: (String, String),
    /// The records that replays have written.
    pub replayed: (String, String),
}
