//! The table's columns: their types down to the base type, and what the user may do with them.

use super::dimension;
use crate::error::Result;
use crate::postgres::catalog::column::CatalogColumn;
use crate::postgres::catalog::unreadable::unreadable;
use crate::postgres::connect::session::Session;
use crate::types::column_types::ColumnType;
use crate::types::column_types::catalog::CatalogType;

pub fn read(session: &mut Session, table: u32, name: &str) -> Result<Vec<CatalogColumn>> {
    let rows = session
        .client()
        .query(
            "SELECT a.attname::text, a.attnum, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid, a.atttypmod,
                    a.attnotnull, a.atthasdef, a.attstorage::text,
                    coalesce(pg_catalog.row_to_json(a) ->> 'attidentity', ''),
                    coalesce(pg_catalog.row_to_json(a) ->> 'attgenerated', ''),
                    coalesce((SELECT pg_catalog.row_to_json(c) ->> 'collisdeterministic'
                              FROM pg_catalog.pg_collation c WHERE c.oid = a.attcollation), 'true'),
                    pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT'),
                    pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'UPDATE'),
                    pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
             FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            &[&table],
        )
        .map_err(|error| unreadable(session, name, &error))?;
    let mut columns = Vec::with_capacity(rows.len());
    for row in &rows {
        let base = base_type(session, name, row.get(3), row.get(4))?;
        let identity: &str = row.get(8);
        let column_type = ColumnType::of(&base.in_catalog);
        columns.push(CatalogColumn {
            name: row.get(0),
            number: row.get(1),
            type_id: (row.get(3), row.get(4)),
            type_name: row.get(2),
            base_type: base.type_name,
            base_type_id: base.oid,
            dimension: dimension::of_type(&column_type, &base.in_catalog),
            column_type,
            not_null: row.get::<_, bool>(5) || base.not_null,
            has_default: row.get::<_, bool>(6) || base.has_default || !identity.is_empty(),
            identity_always: identity == "a",
            generated: !row.get::<_, &str>(9).is_empty(),
            storage: row.get::<_, &str>(7).chars().next().unwrap_or('x'),
            type_storage: base.storage,
            bytewise: row.get::<_, &str>(10) == "true",
            may_insert: row.get(11),
            may_update: row.get(12),
            may_select: row.get(13),
        });
    }
    Ok(columns)
}

struct BaseType {
    oid: u32,
    in_catalog: CatalogType,
    type_name: String,
    storage: char,
    /// Whether any of the domains between the column's type and its base type says so.
    not_null: bool,
    has_default: bool,
}

fn base_type(session: &mut Session, table: &str, mut oid: u32, mut typmod: i32) -> Result<BaseType> {
    let (mut not_null, mut has_default) = (false, false);
    loop {
        let row = session
            .client()
            .query_one(
                "SELECT t.typname::text, n.nspname = 'pg_catalog', t.typtype::text, t.typbasetype, t.typtypmod,
                        t.typnotnull, t.typstorage::text, t.typdefault IS NOT NULL,
                        t.typlen = -1 AND t.typelem <> 0, pg_catalog.format_type(t.oid, $2),
                        t.typreceive::oid <> 0
                 FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = $1",
                &[&oid, &typmod],
            )
            .map_err(|error| unreadable(session, table, &error))?;
        not_null |= row.get::<_, bool>(5);
        has_default |= row.get::<_, bool>(7);
        let letter = |index| row.get::<_, &str>(index).chars().next();
        let class = letter(2).unwrap_or('b');
        if class != 'd' {
            return Ok(BaseType {
                oid,
                in_catalog: CatalogType {
                    name: row.get(0),
                    built_in: row.get(1),
                    class,
                    is_array: row.get(8),
                    has_receive: row.get(10),
                    typmod,
                },
                type_name: row.get(9),
                storage: letter(6).unwrap_or('x'),
                not_null,
                has_default,
            });
        }
        (oid, typmod) = (row.get(3), row.get(4));
    }
}

#[cfg(test)]
impl CatalogColumn {
    /// A bigint column, for tests.
    pub fn sample(number: i16, name: &str, not_null: bool) -> CatalogColumn {
        CatalogColumn {
            name: name.to_owned(),
            number,
            type_id: (20, -1),
            type_name: "bigint".to_owned(),
            base_type: "bigint".to_owned(),
            base_type_id: 20,
            column_type: ColumnType::Int8,
            not_null,
            has_default: false,
            identity_always: false,
            generated: false,
            storage: 'x',
            type_storage: 'x',
            bytewise: true,
            dimension: None,
            may_insert: true,
            may_update: true,
            may_select: true,
        }
    }
}
