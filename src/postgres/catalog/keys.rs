//! The table's indexes: which columns identify a row, and what else must be unique.

use tokio_postgres::Row;

use crate::error::Result;
use crate::postgres::catalog::column::CatalogColumn;
use crate::postgres::catalog::unreadable::unreadable;
use crate::postgres::connect::session::Session;
use crate::settings::Sink;

/// An index of the table.
#[derive(Debug, Clone)]
pub struct Index {
    pub oid: u32,
    pub name: String,
    pub method: String,
    /// Unique, or an exclusion constraint.
    pub unique: bool,
    pub primary: bool,
    /// Checked for each row at once. That of a deferrable constraint is not, and ON CONFLICT can't use it.
    pub immediate: bool,
    pub exclusion: bool,
    pub partial: bool,
    /// Column numbers; 0 stands for an expression.
    pub columns: Vec<i16>,
    /// `name=value`, one a line.
    pub options: String,
    /// For each column the collation that it compares with, if it isn't the column's own: `"schema"."name"`.
    pub collations: Vec<Option<String>>,
    /// Values are equal only if their bytes are: no collation or operator class has another rule.
    pub bytewise: bool,
    /// The value of [`RULE`] for this index.
    pub rule: String,
}

/// A text that says what an index `i` of pg_index makes unique: its columns, how it compares them, when it is checked. It is only
/// compared with what the same server said before.
const RULE: &str = "i.indkey::text || ' ' || i.indclass::text || ' ' || i.indcollation::text || ' ' || i.indimmediate::text
                    || ' ' || i.indisexclusion::text || ' ' || (i.indpred IS NOT NULL)::text || (i.indexprs IS NOT NULL)::text";

/// The query for [`TableKeys::rules`] of the table `name` in `schema`, both literals.
pub fn rules_of(schema: &str, name: &str) -> String {
    format!(
        "SELECT coalesce(pg_catalog.string_agg(r.rule, ',' ORDER BY r.rule), '') FROM (
           SELECT DISTINCT ({RULE}) COLLATE pg_catalog.\"C\" AS rule
           FROM pg_catalog.pg_index i
           JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = {schema} AND c.relname = {name} AND (i.indisunique OR i.indisexclusion)
         ) AS r"
    )
}

pub fn read(session: &mut Session, table: u32, name: &str) -> Result<Vec<Index>> {
    let rows = session
        .client()
        .query(
            &format!(
            "SELECT i.indexrelid, c.relname::text, m.amname::text, i.indisunique OR i.indisexclusion, i.indisprimary,
                    i.indimmediate, i.indisexclusion, i.indpred IS NOT NULL, i.indkey::text,
                    coalesce((pg_catalog.row_to_json(i) ->> 'indnkeyatts')::int, i.indnatts::int),
                    coalesce(pg_catalog.array_to_string(c.reloptions, E'\\n'), ''),
                    ARRAY(SELECT CASE WHEN o.oid IS NULL OR o.oid = a.attcollation THEN ''
                                      ELSE pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.collname) END
                          FROM pg_catalog.generate_series(0, i.indnatts - 1) AS k (at)
                          LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.at] AND a.attnum <> 0
                          LEFT JOIN pg_catalog.pg_collation o ON o.oid = i.indcollation[k.at]
                          LEFT JOIN pg_catalog.pg_namespace n ON n.oid = o.collnamespace
                          ORDER BY k.at),
                    NOT EXISTS (SELECT 1 FROM pg_catalog.generate_series(0, i.indnatts - 1) AS k (at)
                                JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[k.at]
                                JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
                                LEFT JOIN pg_catalog.pg_collation c ON c.oid = i.indcollation[k.at]
                                WHERE n.nspname <> 'pg_catalog'
                                   OR pg_catalog.row_to_json(c) ->> 'collisdeterministic' = 'false'),
                    {RULE}
             FROM pg_catalog.pg_index i
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
             JOIN pg_catalog.pg_am m ON m.oid = c.relam
             WHERE i.indrelid = $1 ORDER BY c.relname"
            ),
            &[&table],
        )
        .map_err(|error| unreadable(session, name, &error))?;
    let index = |row: &Row| {
        // Columns after the key columns are only INCLUDEd.
        let key_columns = usize::try_from(row.get::<_, i32>(9)).unwrap_or(0);
        let columns = row.get::<_, &str>(8).split_whitespace().filter_map(|number| number.parse().ok());
        Index {
            oid: row.get(0),
            name: row.get(1),
            method: row.get(2),
            unique: row.get(3),
            primary: row.get(4),
            immediate: row.get(5),
            exclusion: row.get(6),
            partial: row.get(7),
            columns: columns.take(key_columns).collect(),
            options: row.get(10),
            collations: row
                .get::<_, Vec<String>>(11)
                .into_iter()
                .map(|name| (!name.is_empty()).then_some(name))
                .collect(),
            bytewise: row.get(12),
            rule: row.get(13),
        }
    };
    Ok(rows.iter().map(index).collect())
}

/// What identifies a row, and what else may conflict.
#[derive(Debug, Default)]
pub struct TableKeys {
    /// Indexes into the written columns.
    pub key: Option<Vec<usize>>,
    /// The table itself has a unique index over exactly these columns that is checked for each row at once.
    pub key_is_unique: bool,
    /// It has one that is only checked after the statement or at COMMIT.
    pub key_is_deferrable: bool,
    /// No index of the key has its own rule for what is equal.
    pub key_is_bytewise: bool,
    /// For each of the key's columns the collation that its index compares with, if it isn't the column's own.
    pub collations: Vec<Option<String>>,
    /// There is a unique or exclusion constraint over a written column or an expression that isn't an index of the key that is checked
    /// at once.
    pub other_unique: bool,
    /// Some unique or exclusion constraint of the table is only checked after the statement.
    pub deferrable: bool,
    /// [`RULE`] of all unique indexes and exclusion constraints, each text once. An index that is built again changes nothing.
    pub rules: String,
}

impl TableKeys {
    pub fn new(sink: &Sink, columns: &[CatalogColumn], indexes: &[Index]) -> TableKeys {
        let written = |number: &i16| columns.iter().position(|column| column.number == *number);
        let unique: Vec<&Index> = indexes.iter().filter(|index| index.unique).collect();
        let key = sink.declared_key.clone().or_else(|| {
            // An unwritten key column gets its default: such a key says nothing about the job's rows.
            unique.iter().find(|index| index.primary)?.columns.iter().map(written).collect()
        });
        let is_key = |index: &Index| {
            let Some(key) = &key else { return false };
            let columns: Option<Vec<usize>> = index.columns.iter().map(written).collect();
            !index.partial
                && !index.exclusion
                && columns
                    .is_some_and(|columns| columns.len() == key.len() && columns.iter().all(|at| key.contains(at)))
        };
        let may_conflict =
            |index: &&Index| index.columns.iter().any(|number| *number == 0 || written(number).is_some());
        // ON CONFLICT may use any index over the columns, so all must be bytewise. Our statements compare as the first one does.
        let of_key: Vec<&Index> = unique.iter().copied().filter(|index| is_key(index)).collect();
        let collation = |at: &usize| {
            let index = of_key.iter().find(|index| index.immediate).or(of_key.first())?;
            let place = index.columns.iter().position(|number| written(number) == Some(*at))?;
            index.collations.get(place)?.clone()
        };
        let mut rules: Vec<&str> = unique.iter().map(|index| index.rule.as_str()).collect();
        rules.sort_unstable();
        rules.dedup();
        TableKeys {
            rules: rules.join(","),
            key_is_bytewise: of_key.iter().all(|index| index.bytewise),
            collations: key.iter().flatten().map(collation).collect(),
            key_is_unique: unique.iter().any(|index| index.immediate && is_key(index)),
            key_is_deferrable: unique.iter().any(|index| !index.immediate && is_key(index)),
            other_unique: unique.iter().copied().filter(may_conflict).any(|index| !(index.immediate && is_key(index))),
            deferrable: unique.iter().any(|index| !index.immediate),
            key,
        }
    }

    /// Whether a row can be refused because another one is there.
    pub fn can_conflict(&self) -> bool {
        self.key_is_unique || self.other_unique
    }
}
