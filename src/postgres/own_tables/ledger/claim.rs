//! The statement for claims.

use super::tables::Ledger;
use crate::dispatch::SHARDS;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::{Backend, Session};
use crate::progress::ledger::{ShardClaim, StreamClaim};

impl Ledger {
    /// Sets the offsets of the claimed shards of one stream, where they are as expected. It names one table only: on Greenplum other
    /// statements can fail when another transaction changes the same rows.
    fn claim_sql(&self) -> String {
        format!(
            "UPDATE {} SET next_offset = ($4::bigint[])[shard + 1] WHERE stream = $1 AND epoch = $2
              AND shard = ANY($5::smallint[]) AND next_offset = ($3::bigint[])[shard + 1]",
            self.shard()
        )
    }

    /// Makes a session ready for claims: prepares the statement, and asks which process of the server it has.
    pub fn prepare_claims(&self, session: &mut Session) -> Attempt<Backend> {
        if let Some(backend) = &session.backend {
            return Ok(backend.clone());
        }
        session.prepare_claim(&format!("(bigint, bigint, bigint[], bigint[], smallint[]) AS {}", self.claim_sql()))?;
        let backend = Backend::of(session)?;
        session.backend = Some(backend.clone());
        Ok(backend)
    }
}

/// The arguments of the prepared statement.
pub fn claim_arguments(claim: &StreamClaim) -> String {
    let StreamClaim { number, epoch, shards, .. } = claim;
    let array = |value: fn(&ShardClaim) -> i64| {
        let mut texts = vec!["NULL".to_owned(); SHARDS];
        for shard in shards {
            if let Some(text) = texts.get_mut(usize::from(shard.shard)) {
                *text = value(shard).to_string();
            }
        }
        texts.join(",")
    };
    let claimed: Vec<String> = shards.iter().map(|shard| shard.shard.to_string()).collect();
    format!(
        "({number}, {epoch}, '{{{}}}', '{{{}}}', '{{{}}}')",
        array(|shard| shard.expected),
        array(|shard| shard.upto),
        claimed.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_names_its_shards_by_their_place_in_the_arrays() {
        let shards =
            vec![ShardClaim { shard: 1, expected: 5, upto: 9 }, ShardClaim { shard: 63, expected: -1, upto: 7 }];
        let text = claim_arguments(&StreamClaim { index: 0, number: -3, epoch: 2, shards });
        let expected = format!("'{{NULL,5,{}-1}}'", "NULL,".repeat(61));
        let upto = format!("'{{NULL,9,{}7}}'", "NULL,".repeat(61));
        assert_eq!(text, format!("(-3, 2, {expected}, {upto}, '{{1,63}}')"));
    }
}
