//! Which stream of the ledger is which partition of the group.

use crate::kafka::GroupPartition;
use crate::postgres::LedgerStream;

pub fn is_of(own: &GroupPartition, stream: &LedgerStream) -> bool {
    (&own.topic, own.partition) == (&stream.topic, stream.partition)
}
