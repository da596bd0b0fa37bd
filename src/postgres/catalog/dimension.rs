//! The length that a column's vectors must have: its type says so, or a vector index does.

use tokio_postgres::Row;

use super::keys::Index;
use crate::error::Result;
use crate::postgres::catalog::column::CatalogColumn;
use crate::postgres::catalog::unreadable::unreadable;
use crate::postgres::connect::session::Session;
use crate::settings::Sink;
use crate::types::column_types::ColumnType;
use crate::types::column_types::catalog::CatalogType;
use crate::types::vectors::dimension::Dimension;

/// The length in a type such as `vector(10)`, `halfvec(10)` or `sparsevec(10)`.
pub fn of_type(column_type: &ColumnType, of: &CatalogType) -> Option<Dimension> {
    let length = usize::try_from(of.typmod).ok().filter(|&length| length > 0 && column_type.is_vector_type())?;
    Some(Dimension { length, declared_by: format!("{}({length})", of.name), finite_only: true })
}

/// The length that the option `vector.dimension` gives, for a column whose type and indexes give none.
pub fn declared(column: &CatalogColumn, columns: &[CatalogColumn], sink: &Sink) -> Option<Dimension> {
    let length = sink.vector_dimension?;
    let vector = column.column_type.vector()?;
    let is_better = |other: &CatalogColumn| other.column_type.vector().is_some_and(|other| !other.last_choice);
    (!(vector.last_choice && columns.iter().any(is_better))).then(|| Dimension {
        length,
        declared_by: "the option vector.dimension".to_owned(),
        finite_only: false,
    })
}

/// Finds the lengths that the indexes demand. An index with a predicate has only some of the rows: the server checks those.
pub fn find(session: &mut Session, indexes: &[Index], columns: &mut [CatalogColumn], table: &str) -> Result<()> {
    for index in indexes.iter().filter(|index| !index.partial) {
        if index.method.eq_ignore_ascii_case("ann") {
            let length =
                option(&index.options, "dim").and_then(|value| value.parse().ok()).filter(|&length| length > 0);
            let column = columns.iter_mut().find(|column| index.columns.first() == Some(&column.number));
            if let (Some(length), Some(column)) = (length, column) {
                demand(column, length, &index.name, false);
            }
        } else if index.columns.contains(&0) {
            for (name, length) in casts(session, index, table)? {
                if let Some(column) = columns.iter_mut().find(|column| column.name == name) {
                    demand(column, length, &index.name, true);
                }
            }
        }
    }
    Ok(())
}

fn demand(column: &mut CatalogColumn, length: usize, index: &str, finite_only: bool) {
    let dimension = column.dimension.get_or_insert_with(|| Dimension {
        length,
        declared_by: format!("index {index}"),
        finite_only,
    });
    dimension.finite_only |= finite_only;
}

/// The value of an option among those of `pg_class.reloptions`: `dim=10` or `DIM='10'`, one a line.
pub fn option<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    options.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('\''))
    })
}

/// The columns that an index casts to a vector type of fixed length, `(feature::vector(10))`. The index's own attribute has
/// the type. The text must be nothing but that cast, because the result of a function says nothing about the column's length.
fn casts(session: &mut Session, index: &Index, table: &str) -> Result<Vec<(String, usize)>> {
    let rows = session
        .client()
        .query(
            "SELECT c.attname::text, pg_catalog.quote_ident(c.attname::text), x.atttypmod,
                    pg_catalog.format_type(x.atttypid, x.atttypmod),
                    pg_catalog.pg_get_indexdef(x.attrelid, x.attnum::int, true)
             FROM pg_catalog.pg_attribute x
             JOIN pg_catalog.pg_type t ON t.oid = x.atttypid
             JOIN pg_catalog.pg_index i ON i.indexrelid = x.attrelid
             JOIN pg_catalog.pg_attribute c ON c.attrelid = i.indrelid AND c.attnum > 0 AND NOT c.attisdropped
             WHERE x.attrelid = $1 AND x.attnum > 0 AND x.atttypmod > 0 AND t.typname IN ('vector', 'halfvec')",
            &[&index.oid],
        )
        .map_err(|error| unreadable(session, table, &error))?;
    let plain = |text: &str| text.replace(['(', ')', ' '], "");
    let is_cast =
        |row: &&Row| plain(row.get(4)) == plain(&format!("{}::{}", row.get::<_, &str>(1), row.get::<_, &str>(3)));
    let length = |row: &Row| usize::try_from(row.get::<_, i32>(2)).unwrap_or(0);
    Ok(rows.iter().filter(is_cast).map(|row| (row.get(0), length(row))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_options_are_read_whatever_their_case_and_quotes() {
        assert_eq!(option("dim=10\npq_enable=0", "dim"), Some("10"));
        assert_eq!(option("pq_enable=0\nDIM='128'", "dim"), Some("128"));
        assert_eq!(option("", "dim"), None);
    }

    #[test]
    fn only_a_vector_type_modifier_is_a_dimension() {
        let of_type = |name: &str, typmod| {
            let built_in = name == "varchar";
            let of =
                CatalogType { name: name.into(), built_in, class: 'b', is_array: false, has_receive: true, typmod };
            of_type(&ColumnType::of(&of), &of)
        };
        assert_eq!(of_type("vector", 10).map(|dimension| dimension.length), Some(10));
        assert_eq!(of_type("halfvec", 3).map(|dimension| dimension.declared_by), Some("halfvec(3)".into()));
        assert_eq!(of_type("vector", -1), None);
        assert_eq!(of_type("varchar", 14), None);
    }
}
