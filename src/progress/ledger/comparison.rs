//! Finds out from the ledger whether a transaction was committed whose COMMIT was sent and not answered.

use super::claims::{ShardClaim, StreamClaim};

/// A row of the ledger's shard table. It is locked, so no open transaction can change it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerRow {
    /// The stream's number.
    pub stream: i64,
    pub shard: u8,
    pub epoch: i64,
    pub next: i64,
}

/// What happened to the transaction's entries, as far as this process still owns their streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are committed.
    Durable,
    /// They are not, and never will be.
    NotWritten,
    /// Another process has changed the ledger, or this process no longer owns any stream of the transaction.
    Fenced,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerComparison {
    pub verdict: Verdict,
    /// Indexes of the streams that belong to another process, whose epoch is higher.
    pub lost: Vec<u32>,
}

/// Compares the claims with what the ledger has.
pub fn compare(claims: &[StreamClaim], rows: &[LedgerRow]) -> LedgerComparison {
    let mut lost = Vec::new();
    let mut verdict = None;
    for claim in claims {
        let found: Vec<Option<&LedgerRow>> = claim
            .shards
            .iter()
            .map(|shard| rows.iter().find(|row| (row.stream, row.shard) == (claim.number, shard.shard)))
            .collect();
        if found.iter().flatten().any(|row| row.epoch > claim.epoch) {
            lost.push(claim.index);
            continue;
        }
        let is = |wanted: fn(&ShardClaim) -> i64| {
            let same = |(shard, row): (&ShardClaim, &Option<&LedgerRow>)| {
                row.is_some_and(|row| row.epoch == claim.epoch && row.next == wanted(shard))
            };
            claim.shards.iter().zip(&found).all(same)
        };
        let of_stream = match (is(|shard| shard.upto), is(|shard| shard.expected)) {
            (true, false) => Verdict::Durable,
            (false, true) => Verdict::NotWritten,
            _ => Verdict::Fenced,
        };
        // A transaction is committed for all of its streams or for none.
        verdict = Some(match verdict {
            Some(before) if before != of_stream => Verdict::Fenced,
            _ => of_stream,
        });
    }
    LedgerComparison { verdict: verdict.unwrap_or(Verdict::Fenced), lost }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(index: u32, shards: &[(u8, i64, i64)]) -> StreamClaim {
        let shard = |&(shard, expected, upto): &(u8, i64, i64)| ShardClaim { shard, expected, upto };
        StreamClaim { index, number: i64::from(index) + 100, epoch: 3, shards: shards.iter().map(shard).collect() }
    }

    fn row(index: i64, shard: u8, epoch: i64, next: i64) -> LedgerRow {
        LedgerRow { stream: index + 100, shard, epoch, next }
    }

    fn two() -> [StreamClaim; 2] {
        [claim(0, &[(1, 5, 9), (2, 5, 8)]), claim(1, &[(1, 50, 60)])]
    }

    fn verdict(rows: &[LedgerRow]) -> (Verdict, Vec<u32>) {
        let LedgerComparison { verdict, lost } = compare(&two(), rows);
        (verdict, lost)
    }

    #[test]
    fn a_transaction_is_durable_if_the_ledger_has_the_offsets_that_it_claimed() {
        let rows = [row(0, 1, 3, 9), row(0, 2, 3, 8), row(1, 1, 3, 60)];
        assert_eq!(verdict(&rows), (Verdict::Durable, vec![]));
    }

    #[test]
    fn a_transaction_is_written_again_only_if_the_ledger_has_the_offsets_that_it_expected() {
        let rows = [row(0, 1, 3, 5), row(0, 2, 3, 5), row(1, 1, 3, 50)];
        assert_eq!(verdict(&rows), (Verdict::NotWritten, vec![]));
    }

    #[test]
    fn streams_of_another_epoch_are_lost_and_say_nothing_of_the_others() {
        let rows = [row(0, 1, 4, 9), row(0, 2, 4, 900), row(1, 1, 3, 50)];
        assert_eq!(verdict(&rows), (Verdict::NotWritten, vec![0]));
        let rows = [row(0, 1, 4, 5), row(0, 2, 4, 5), row(1, 1, 3, 60)];
        assert_eq!(verdict(&rows), (Verdict::Durable, vec![0]));
        let rows = [row(0, 1, 4, 5), row(0, 2, 4, 5), row(1, 1, 9, 60)];
        assert_eq!(verdict(&rows), (Verdict::Fenced, vec![0, 1]));
    }

    #[test]
    fn any_other_state_of_the_ledger_means_fenced() {
        let half = [row(0, 1, 3, 9), row(0, 2, 3, 5), row(1, 1, 3, 60)];
        let streams_differ = [row(0, 1, 3, 9), row(0, 2, 3, 8), row(1, 1, 3, 50)];
        let missing = [row(0, 1, 3, 9), row(1, 1, 3, 60)];
        let restored = [row(0, 1, 2, 5), row(0, 2, 2, 5), row(1, 1, 2, 50)];
        for rows in [&half[..], &streams_differ, &missing, &restored, &[]] {
            assert_eq!(verdict(rows).0, Verdict::Fenced, "{rows:?}");
        }
    }
}
