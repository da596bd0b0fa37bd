//! Which shard a row belongs to.

use twox_hash::XxHash64;

use crate::settings::ConflictMode;
use crate::types::target::{ColumnKind, TargetTable};

/// For ever: stored positions depend on it.
pub const SHARDS: usize = 64;

/// How a sink's rows are spread over the shards. Chosen once, at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// By the hash of the key as the column stores it.
    Key,
    /// Insert-only and without a key: 256 neighbouring offsets share a shard.
    Block,
    /// One shard, because which rows must stay in order can't be told from them.
    Serial,
}

impl Layout {
    /// `changing`: the source updates and deletes rows.
    pub fn of(target: &TargetTable, mode: ConflictMode, changing: bool) -> Layout {
        // Which row meets another constraint's key, and which is updated or deleted out of its way, depends on the order
        // of all.
        if target.other_unique && (changing || mode == ConflictMode::Upsert) {
            return Layout::Serial;
        }
        let Some(key) = &target.key else { return Layout::Block };
        if !target.key_is_bytewise {
            return Layout::Serial;
        }
        let hashable = key.iter().all(|&column| {
            let column = &target.columns[column];
            match &column.kind {
                // Of these all spellings are known to the encoder.
                ColumnKind::Text
                | ColumnKind::Varchar(_)
                | ColumnKind::Char(_)
                | ColumnKind::Uuid
                | ColumnKind::Enum => true,
                // `5`, `+5` and `0x5` are one key; only the server knows all the spellings it takes.
                ColumnKind::Bool
                | ColumnKind::Int2
                | ColumnKind::Int4
                | ColumnKind::Int8
                | ColumnKind::Float4
                | ColumnKind::Float8
                | ColumnKind::Numeric(_)
                | ColumnKind::Date
                | ColumnKind::Time(_)
                | ColumnKind::Timestamp(_)
                | ColumnKind::TimestampTz(_)
                | ColumnKind::Bytea => !column.source.is_text(),
                _ => false,
            }
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

    /// In words, for `check` and the log.
    pub fn describe(self) -> &'static str {
        match self {
            Layout::Key => "layout key: rows are shared among the writers by their key, so each key keeps its order",
            Layout::Block => {
                "layout block: rows have no key; blocks of 256 are shared among the writers, and the order of blocks isn't kept"
            }
            Layout::Serial => {
                "layout serial: one writer takes all rows in their order, because of another unique constraint or a key that \
                 only the server can compare"
            }
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
    use crate::types::data_type::DataType;
    use crate::types::target::TargetColumn;

    #[test]
    fn a_key_always_meets_the_same_shard() {
        // Fixed vectors: a change here would break the order of a job that goes on from stored positions.
        let image = |id: i64| [&8u32.to_be_bytes()[..], &id.to_be_bytes()[..]].concat();
        assert_eq!(Layout::Key.shard_of_row(key_hash(&image(1)), 0), (key_hash(&image(1)) >> 58) as usize);
        assert_eq!(key_hash(b""), 0xef46_db37_51d8_e999);
    }

    fn table(kind: ColumnKind, source: DataType, other_unique: bool) -> TargetTable {
        let column =
            TargetColumn { name: "id".into(), type_name: "t".into(), kind, not_null: true, dimension: None, source };
        let (schema, table) = ("s".into(), "t".into());
        TargetTable { schema, table, columns: vec![column], key: Some(vec![0]), key_is_bytewise: true, other_unique }
    }

    #[test]
    fn a_typed_key_is_spread_by_its_hash() {
        assert_eq!(
            Layout::of(&table(ColumnKind::Int8, DataType::Int, false), ConflictMode::Upsert, false),
            Layout::Key
        );
        assert_eq!(
            Layout::of(&table(ColumnKind::Text, DataType::STRING, false), ConflictMode::Upsert, false),
            Layout::Key
        );
    }

    #[test]
    fn a_uuid_or_an_enum_is_spread_from_text_too_and_bytes_only_from_bytes() {
        let layout = |kind, source| Layout::of(&table(kind, source, false), ConflictMode::Upsert, true);
        assert_eq!(layout(ColumnKind::Uuid, DataType::STRING), Layout::Key);
        assert_eq!(layout(ColumnKind::Enum, DataType::STRING), Layout::Key);
        assert_eq!(layout(ColumnKind::Bytea, DataType::Binary(16)), Layout::Key);
        assert_eq!(layout(ColumnKind::Bytea, DataType::STRING), Layout::Serial);
        assert_eq!(layout(ColumnKind::Jsonb, DataType::STRING), Layout::Serial);
    }

    #[test]
    fn a_key_with_several_spellings_goes_through_one_shard() {
        assert_eq!(
            Layout::of(&table(ColumnKind::Int8, DataType::STRING, false), ConflictMode::Upsert, false),
            Layout::Serial
        );
        assert_eq!(
            Layout::of(&table(ColumnKind::Other, DataType::STRING, false), ConflictMode::Ignore, false),
            Layout::Serial
        );
    }

    #[test]
    fn upserts_beside_another_unique_constraint_keep_the_order_of_all_rows() {
        assert_eq!(
            Layout::of(&table(ColumnKind::Int8, DataType::Int, true), ConflictMode::Upsert, false),
            Layout::Serial
        );
        assert_eq!(Layout::of(&table(ColumnKind::Int8, DataType::Int, true), ConflictMode::Ignore, false), Layout::Key);
    }

    #[test]
    fn changes_beside_another_unique_constraint_keep_the_order_of_all_rows() {
        for mode in [ConflictMode::Ignore, ConflictMode::Strict, ConflictMode::Upsert] {
            assert_eq!(Layout::of(&table(ColumnKind::Int8, DataType::Int, true), mode, true), Layout::Serial);
            assert_eq!(Layout::of(&table(ColumnKind::Int8, DataType::Int, false), mode, true), Layout::Key);
        }
    }

    #[test]
    fn without_a_key_neighbouring_offsets_share_a_shard() {
        assert_eq!(Layout::Block.shard_of_row(0, 255), 0);
        assert_eq!(Layout::Block.shard_of_row(0, 256), 1);
        assert_eq!(Layout::Block.shard_of_row(0, 256 * 64), 0);
    }
}
