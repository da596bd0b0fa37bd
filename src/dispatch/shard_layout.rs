//! Which shard a row belongs to.

use twox_hash::XxHash64;

use crate::batch::Op;

/// How many shards a sink has.
pub const SHARDS: usize = 64;

/// How a sink's rows are spread over the shards. Chosen once, at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardLayout {
    /// By the hash of the key as the column stores it.
    Key,
    /// Insert-only and without a key: 256 neighbouring offsets share a shard.
    Block,
    /// One shard, because it can't be told which rows must stay in order.
    Serial,
}

/// What decides how the rows of a table are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowTraits {
    pub key: RowKey,
    /// There is another unique constraint. Whether a row violates it depends on the rows before it, whatever their keys are.
    pub order_matters: bool,
}

/// What identifies a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKey {
    None,
    /// A key: equal keys have equal images.
    Comparable,
    /// A key that only the server can compare.
    ByServer,
}

impl ShardLayout {
    pub fn of(rows: RowTraits) -> ShardLayout {
        match rows.key {
            _ if rows.order_matters => ShardLayout::Serial,
            RowKey::None => ShardLayout::Block,
            RowKey::Comparable => ShardLayout::Key,
            RowKey::ByServer => ShardLayout::Serial,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            ShardLayout::Key => "key",
            ShardLayout::Block => "block",
            ShardLayout::Serial => "serial",
        }
    }

    /// In words, for `check` and the log.
    pub fn describe(self) -> &'static str {
        match self {
            ShardLayout::Key => {
                "layout key: rows are shared among the writers by their key, so each key keeps its order"
            }
            ShardLayout::Block => {
                "layout block: rows have no key; blocks of 256 are shared among the writers, and the order of blocks isn't kept"
            }
            ShardLayout::Serial => {
                "layout serial: one writer takes all rows in their order, because of another unique constraint or a key that \
                 only the server can compare"
            }
        }
    }

    /// The shard of an entry. A rejected record without a key goes by its offset.
    pub fn shard_of_entry(self, op: Op, has_key: bool, key_hash: u64, offset: i64) -> usize {
        match op == Op::Reject && !has_key {
            true => self.shard_of_rejected(offset),
            false => self.shard_of_row(key_hash, offset),
        }
    }

    /// The shard of a rejected record whose key isn't known.
    pub fn shard_of_rejected(self, offset: i64) -> usize {
        match self {
            ShardLayout::Key | ShardLayout::Block => ShardLayout::Block.shard_of_row(0, offset),
            ShardLayout::Serial => 0,
        }
    }

    /// The shard of a row with this key hash.
    pub fn shard_of_row(self, key_hash: u64, offset: i64) -> usize {
        match self {
            ShardLayout::Key => (key_hash >> 58) as usize,
            ShardLayout::Block => (offset / 256) as usize % SHARDS,
            ShardLayout::Serial => 0,
        }
    }
}

/// The hash that decides a key's shard.
pub fn key_hash(key_image: &[u8]) -> u64 {
    XxHash64::oneshot(0, key_image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_always_meets_the_same_shard() {
        let image = |id: i64| [&8u32.to_be_bytes()[..], &id.to_be_bytes()[..]].concat();
        assert_eq!(ShardLayout::Key.shard_of_row(key_hash(&image(1)), 0), (key_hash(&image(1)) >> 58) as usize);
        // XXH64 of no bytes, as its specification has it.
        assert_eq!(key_hash(b""), 0xef46_db37_51d8_e999);
    }

    #[test]
    fn rows_are_spread_by_their_key_where_it_can_be_compared_and_no_other_order_matters() {
        let layout = |key, order_matters| ShardLayout::of(RowTraits { key, order_matters });
        assert_eq!(layout(RowKey::Comparable, false), ShardLayout::Key);
        assert_eq!(layout(RowKey::ByServer, false), ShardLayout::Serial);
        assert_eq!(layout(RowKey::None, false), ShardLayout::Block);
        for key in [RowKey::Comparable, RowKey::ByServer, RowKey::None] {
            assert_eq!(layout(key, true), ShardLayout::Serial);
        }
    }

    #[test]
    fn without_a_key_neighbouring_offsets_share_a_shard() {
        assert_eq!(ShardLayout::Block.shard_of_row(0, 255), 0);
        assert_eq!(ShardLayout::Block.shard_of_row(0, 256), 1);
        assert_eq!(ShardLayout::Block.shard_of_row(0, 256 * 64), 0);
    }
}
