//! Which shard a row belongs to.

use twox_hash::XxHash64;

use crate::target::{ColumnKind, TargetTable};

/// For ever: stored positions depend on it.
pub const SHARDS: usize = 64;

/// How a sink's rows are spread over the shards. Chosen once, at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// By the hash of the key as the column stores it.
    Key,
    /// Insert-only and without a key: 256 neighbouring offsets share a shard.
    Block,
    /// One shard, because rows that must stay in order can't be told apart.
    Serial,
}

impl Layout {
    /// Insert-only sources; `TargetTable::other_unique` only matters once changes may update or delete.
    pub fn of(target: &TargetTable) -> Layout {
        let Some(key) = &target.key else { return Layout::Block };
        let hashable = key.iter().all(|&column| match target.columns[column].kind {
            ColumnKind::Text | ColumnKind::Varchar(_) | ColumnKind::Char(_) => target.key_is_bytewise,
            ColumnKind::Float4Array | ColumnKind::Float8Array | ColumnKind::Vector | ColumnKind::Other => false,
            _ => true,
        });
        if hashable { Layout::Key } else { Layout::Serial }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Layout::Key => "key",
            Layout::Block => "block",
            Layout::Serial => "serial",
        }
    }

    /// The shard of a row with this key hash.
    pub fn shard_of_row(self, key_hash: u64, offset: i64) -> usize {
        match self {
            Layout::Key => (key_hash >> 58) as usize,
            Layout::Block => (offset / 256) as usize % SHARDS,
            Layout::Serial => 0,
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
        // Fixed vectors: a change here would break the order of a job that goes on from stored positions.
        let image = |id: i64| [&8u32.to_be_bytes()[..], &id.to_be_bytes()[..]].concat();
        assert_eq!(Layout::Key.shard_of_row(key_hash(&image(1)), 0), (key_hash(&image(1)) >> 58) as usize);
        assert_eq!(key_hash(b""), 0xef46_db37_51d8_e999);
    }

    #[test]
    fn without_a_key_neighbouring_offsets_share_a_shard() {
        assert_eq!(Layout::Block.shard_of_row(0, 255), 0);
        assert_eq!(Layout::Block.shard_of_row(0, 256), 1);
        assert_eq!(Layout::Block.shard_of_row(0, 256 * 64), 0);
    }
}
