//! How the rows of a table are spread over the shards.

use crate::dispatch::{RowKey, RowTraits, ShardLayout};
use crate::settings::ConflictMode;
use crate::types::target::TargetTable;

/// The shard layout for this table. `changing`: the source updates and deletes rows.
pub fn shard_layout_of(table: &TargetTable, mode: ConflictMode, changing: bool) -> ShardLayout {
    let key = match &table.key {
        None => RowKey::None,
        Some(_) if table.key_images_are_equal() => RowKey::Comparable,
        Some(_) => RowKey::ByServer,
    };
    ShardLayout::of(RowTraits { key, order_matters: table.other_unique && (changing || mode == ConflictMode::Upsert) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::column_types::ColumnType;
    use crate::types::data_type::DataType;
    use crate::types::target::TargetColumn;

    fn table(column_type: ColumnType, source: DataType, other_unique: bool) -> TargetTable {
        let column = TargetColumn {
            name: "id".into(),
            type_name: "t".into(),
            column_type,
            not_null: true,
            dimension: None,
            source,
        };
        let (schema, table) = ("s".into(), "t".into());
        TargetTable { schema, table, columns: vec![column], key: Some(vec![0]), key_is_bytewise: true, other_unique }
    }

    #[test]
    fn a_typed_key_is_spread_by_its_hash() {
        assert_eq!(
            shard_layout_of(&table(ColumnType::Int8, DataType::Int, false), ConflictMode::Upsert, false),
            ShardLayout::Key
        );
        assert_eq!(
            shard_layout_of(&table(ColumnType::Text, DataType::STRING, false), ConflictMode::Upsert, false),
            ShardLayout::Key
        );
    }

    #[test]
    fn a_uuid_or_an_enum_is_spread_from_text_too_and_bytes_only_from_bytes() {
        let layout = |kind, source| shard_layout_of(&table(kind, source, false), ConflictMode::Upsert, true);
        assert_eq!(layout(ColumnType::Uuid, DataType::STRING), ShardLayout::Key);
        assert_eq!(layout(ColumnType::Enum, DataType::STRING), ShardLayout::Key);
        assert_eq!(layout(ColumnType::Bytea, DataType::Binary(16)), ShardLayout::Key);
        assert_eq!(layout(ColumnType::Bytea, DataType::STRING), ShardLayout::Serial);
        assert_eq!(layout(ColumnType::Jsonb, DataType::STRING), ShardLayout::Serial);
    }

    #[test]
    fn a_key_with_several_spellings_goes_through_one_shard() {
        assert_eq!(
            shard_layout_of(&table(ColumnType::Int8, DataType::STRING, false), ConflictMode::Upsert, false),
            ShardLayout::Serial
        );
        assert_eq!(
            shard_layout_of(&table(ColumnType::Other, DataType::STRING, false), ConflictMode::Ignore, false),
            ShardLayout::Serial
        );
    }

    #[test]
    fn upserts_with_another_unique_constraint_keep_the_order_of_all_rows() {
        assert_eq!(
            shard_layout_of(&table(ColumnType::Int8, DataType::Int, true), ConflictMode::Upsert, false),
            ShardLayout::Serial
        );
        assert_eq!(
            shard_layout_of(&table(ColumnType::Int8, DataType::Int, true), ConflictMode::Ignore, false),
            ShardLayout::Key
        );
    }

    #[test]
    fn changes_with_another_unique_constraint_keep_the_order_of_all_rows() {
        for mode in [ConflictMode::Ignore, ConflictMode::Strict, ConflictMode::Upsert] {
            assert_eq!(shard_layout_of(&table(ColumnType::Int8, DataType::Int, true), mode, true), ShardLayout::Serial);
            assert_eq!(shard_layout_of(&table(ColumnType::Int8, DataType::Int, false), mode, true), ShardLayout::Key);
        }
    }
}
