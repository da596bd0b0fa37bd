//! The shard layout as a text that the ledger stores: everything that decides to which shard a record belongs. Two runs with
//! the same text put each record into the same shard.

use crate::dispatch::{SHARDS, ShardLayout};

/// It is raised when a new version would put records into other shards although the rest of the text is the same.
const PROTOCOL: u32 = 1;

/// A column of the key, and what its values are computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumnText {
    pub name: String,
    /// Its type in the database.
    pub column_type: String,
    /// What the job's SELECT computes it from.
    pub expression: String,
    /// The format of the messages.
    pub format: String,
}

/// The text for a sink of this table. If the shards don't depend on the key, the text doesn't either.
pub fn layout_text(layout: ShardLayout, table: &str, key: &[KeyColumnText]) -> String {
    let mut text = format!("{PROTOCOL} {} {SHARDS} xxh64 {}", layout.as_str(), quoted(table));
    let key = match layout {
        ShardLayout::Key => key,
        ShardLayout::Block | ShardLayout::Serial => &[],
    };
    for KeyColumnText { name, column_type, expression, format } in key {
        for part in [name, column_type, expression, format] {
            text += " ";
            text += &quoted(part);
        }
    }
    text
}

/// Between quotation marks, so that no name can look like the next part.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, expression: &str) -> KeyColumnText {
        let (column_type, format) = ("bigint".to_owned(), "csv".to_owned());
        KeyColumnText { name: name.to_owned(), column_type, expression: expression.to_owned(), format }
    }

    #[test]
    fn the_text_says_what_decides_a_records_shard() {
        let text = layout_text(ShardLayout::Key, "public.car", &[column("id", "`id`")]);
        // This text must not change, because it is compared with stored texts.
        assert_eq!(text, r#"1 key 64 xxh64 "public.car" "id" "bigint" "`id`" "csv""#);
        assert_ne!(text, layout_text(ShardLayout::Key, "public.car", &[column("id", "ABS(`id`)")]));
        assert_ne!(text, layout_text(ShardLayout::Key, "public.bike", &[column("id", "`id`")]));
    }

    #[test]
    fn the_key_may_change_if_shards_do_not_depend_on_it() {
        for layout in [ShardLayout::Block, ShardLayout::Serial] {
            assert_eq!(layout_text(layout, "t", &[column("id", "`id`")]), layout_text(layout, "t", &[]));
        }
    }

    #[test]
    fn no_name_can_look_like_another_list_of_columns() {
        let two = [column("a", "x"), column("b", "y")];
        let one = [column("a\" \"bigint\" \"x\" \"csv\" \"b", "y")];
        assert_ne!(layout_text(ShardLayout::Key, "t", &two), layout_text(ShardLayout::Key, "t", &one));
    }
}
