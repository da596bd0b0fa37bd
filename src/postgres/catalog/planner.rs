//! Planner settings for our sessions. With them, staged rows and the keys of deletes find their rows in the table by its
//! index, whatever the settings of the server, the database or the role are.

use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::connect::classify::During;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;

/// Greenplum turns nested loops off, and a role may do so. Then the join of a batch with the table reads the whole table. It
/// isn't enough to turn nested loops on, because the planner doesn't know the staging table's size.
const BY_INDEX: [(&str, &str); 4] =
    [("enable_nestloop", "on"), ("enable_indexscan", "on"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];

/// Whether an index begins with the whole key and compares it as our statements do. Without such an index nested loops would
/// read the table once for each row. A table with triggers of its user doesn't fit either: our settings may be wrong for the joins in
/// them.
const FITS: &str = "
    SELECT EXISTS (
      SELECT 1 FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
      JOIN pg_catalog.pg_am m ON m.oid = x.relam
      WHERE i.indrelid = t.oid AND m.amname = 'btree' AND i.indisvalid AND i.indpred IS NULL
        AND pg_catalog.array_length($3::text[], 1) = (
          SELECT count(*) FROM pg_catalog.pg_attribute k
          JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.attnum - 1]
          LEFT JOIN pg_catalog.pg_collation o ON o.oid = k.attcollation
          LEFT JOIN pg_catalog.pg_namespace s ON s.oid = o.collnamespace
          WHERE k.attrelid = i.indexrelid AND k.attnum <= pg_catalog.array_length($3::text[], 1)
            AND a.attname::text || ' ' || CASE WHEN k.attcollation = a.attcollation THEN ''
              ELSE pg_catalog.quote_ident(s.nspname) || '.' || pg_catalog.quote_ident(o.collname) END = ANY($3::text[])))
      AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal)
    FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = $1::text AND t.relname = $2::text";

/// Additional settings of every session that writes into the table.
pub fn settings(session: &mut Session, catalog: &Catalog) -> Attempt<Vec<(&'static str, String)>> {
    let collation = |at: usize| catalog.keys.collations.get(at).and_then(Option::as_deref).unwrap_or_default();
    let key = catalog.keys.key.iter().flatten().enumerate();
    let key: Vec<String> =
        key.map(|(at, &index)| format!("{} {}", catalog.columns[index].name, collation(at))).collect();
    if key.is_empty() {
        return Ok(Vec::new());
    }
    let (schema, table) = catalog.table_with_key();
    let found = session.client().query_opt(FITS, &[&schema, &table, &key]);
    let fits = found.map_err(|error| session.failed(&error, During::Statement))?.is_some_and(|row| row.get(0));
    let settings = BY_INDEX.iter().filter(|_| fits);
    Ok(settings.map(|(name, value)| (*name, (*value).to_owned())).collect())
}
