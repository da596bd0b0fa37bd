//! Checks that the table is still the one that the rows are encoded for. If a column was changed to another type of the same
//! width, the server would read their bytes as other values. A table without its key would take rows twice. Each transaction
//! checks this in the message that commits it (with exactly-once, in the one before). At that time it holds a lock on the table, so
//! the server has read the rows with the types that the check sees. If the table has changed, the catalog is read again.

use super::keys;
use super::partitioned::TIER;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::catalog::tree::{TableRef, Tree};
use crate::postgres::connect::classify::{Class, During};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::literal;

/// The error of the check quotes one of these words, whatever the language of the server's messages is.
const ALTERED: &str = "vecsink_altered";
const OTHER_TREE: &str = "vecsink_tree";

/// The text of the failure when a child was made, sealed, merged or dropped meanwhile, or when policies began to hide rows.
const OTHER_CHILDREN: &str = "its child tables, or what row security hides of them, have changed";

/// A column's type: its oid, its modifier, and how the server prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DeclaredType {
    id: u32,
    modifier: i32,
    name: String,
}

/// The types of the written columns, and what is unique, as the catalog had them. Shared by a sink's writers.
#[derive(Debug, PartialEq, Eq)]
pub struct TableShape {
    schema: String,
    table: String,
    columns: Vec<(String, DeclaredType)>,
    /// Names of the columns that aren't written.
    others: Vec<String>,
    /// [`TableKeys::rules`](super::keys::TableKeys::rules).
    rules: String,
    /// Where there is a tree, the tables in it.
    tree: Option<TreeShape>,
    /// [`Catalog::has_children`], where there is no tree: another process may make the first child.
    has_children: Option<bool>,
    /// A query that fails unless the columns have their types and the same columns are unique.
    check: String,
}

impl TableShape {
    pub fn new(catalog: &Catalog) -> TableShape {
        let columns = catalog.columns.iter().map(|column| {
            let (id, modifier) = column.type_id;
            (column.name.clone(), DeclaredType { id, modifier, name: column.type_name.clone() })
        });
        let others = catalog.unwritten.iter().map(|column| column.name.clone());
        let tier = catalog.is_partitioned().then(|| TIER.to_owned());
        let (schema, table) = catalog.table_with_key();
        let mut shape = TableShape {
            schema: schema.to_owned(),
            table: table.to_owned(),
            columns: columns.collect(),
            others: others.chain(tier).collect(),
            rules: catalog.keys.rules.clone(),
            tree: catalog.tree.as_ref().and_then(TreeShape::new),
            has_children: catalog.tree.is_none().then_some(catalog.has_children),
            check: String::new(),
        };
        shape.check = shape.check();
        shape
    }

    /// Makes a session ready for [`commit`], if the table still is as it was.
    pub fn ensure(&self, session: &mut Session, revision: u32) -> Attempt<()> {
        if session.revision != Some(revision) {
            self.compare(session)?;
            session.check_before_commit(&self.check)?;
            session.revision = Some(revision);
        }
        Ok(())
    }

    /// The query that fails when something differs: only then it evaluates a cast, which fails.
    fn check(&self) -> String {
        let mut columns: Vec<&(String, DeclaredType)> = self.columns.iter().collect();
        columns.sort_by(|a, b| a.0.cmp(&b.0));
        let shown = columns.iter().map(|(name, was)| format!("{name} {} {}", was.id, was.modifier));
        let shape = shown.collect::<Vec<_>>().join(",");
        let names = columns.iter().map(|(name, _)| literal(name)).collect::<Vec<_>>().join(", ");
        let (schema, table) = (literal(&self.schema), literal(&self.table));
        let tree = self.tree.as_ref().map(TreeShape::check).unwrap_or_default();
        let children = self.has_children.map(|has| format!(" AND has_children = {has}")).unwrap_or_default();
        format!(
            "SELECT CASE {tree}
                         WHEN shape = {} AND rules = {}{children} THEN 0
                         ELSE CAST('{ALTERED} ' || coalesce(shape, '') || ' ' || rules AS int) END FROM (
               SELECT ({}) AS rules, pg_catalog.bool_or(c.relhassubclass) AS has_children, pg_catalog.string_agg(a.attname::text || ' ' || a.atttypid::text || ' ' || a.atttypmod::text, ','
                                            ORDER BY a.attname) AS shape
               FROM pg_catalog.pg_attribute a
               JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = {} AND c.relname = {} AND a.attnum > 0 AND NOT a.attisdropped AND a.attname IN ({names})
             ) AS s",
            literal(&shape),
            literal(&self.rules),
            keys::rules_of(&schema, &table),
            schema,
            table
        )
    }

    /// Compares it with the table as it is now. If something differs, the error has the class [`Class::Altered`] and says what.
    pub fn compare(&self, session: &mut Session) -> Attempt<()> {
        let (schema, table) = (literal(&self.schema), literal(&self.table));
        let query = format!(
            "SELECT a.attname::text, a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod), ({}), c.relhassubclass
             FROM pg_catalog.pg_attribute a
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = {schema} AND c.relname = {table} AND a.attnum > 0 AND NOT a.attisdropped",
            keys::rules_of(&schema, &table)
        );
        let rows = session.client().query(&query, &[]);
        let rows = rows.map_err(|error| session.failed(&error, During::Statement))?;
        let found = rows.iter().map(|row| {
            let found = DeclaredType { id: row.get(1), modifier: row.get(2), name: row.get(3) };
            (row.get(0), found)
        });
        let rules = rows.first().map(|row| row.get::<_, String>(4));
        let is_other = rules.is_some_and(|rules| rules != self.rules);
        let difference = self.difference(&found.collect::<Vec<_>>());
        let difference = difference.or_else(|| is_other.then(|| "its unique indexes have changed".to_owned()));
        let has_children = rows.first().map(|row| row.get::<_, bool>(5));
        let other_children = has_children.zip(self.has_children).is_some_and(|(is, was)| is != was);
        let difference = difference.or_else(|| other_children.then(|| "it has got or lost child tables".to_owned()));
        let difference = match (difference, &self.tree) {
            (None, Some(tree)) => tree.difference(session)?,
            (difference, _) => difference,
        };
        match difference {
            Some(text) => Err(AttemptError::of(Class::Altered, text)),
            None => Ok(()),
        }
    }

    /// Whether the other shape differs in nothing but the tree.
    pub fn is_same_but_for_tree(&self, other: &TableShape) -> bool {
        self.columns == other.columns && self.others == other.others && self.rules == other.rules
    }

    /// The first column that is not what it was. If the whole table is gone, the errors of the statements say more. The
    /// order of columns doesn't matter, because all are written by name.
    fn difference(&self, found: &[(String, DeclaredType)]) -> Option<String> {
        if found.is_empty() {
            return None;
        }
        let changed = self.columns.iter().find_map(|(name, was)| match found.iter().find(|(other, _)| other == name) {
            Some((_, is)) if (is.id, is.modifier) == (was.id, was.modifier) => None,
            Some((_, is)) => Some(format!("column {name} was {}, is {}", was.name, is.name)),
            None => Some(format!("column {name} is gone")),
        });
        // A new column counts as a change: if it must not be NULL and has no default, the server refuses every row.
        let is_new =
            |name: &&String| !self.columns.iter().any(|(known, _)| known == *name) && !self.others.contains(name);
        changed.or_else(|| found.iter().map(|(name, _)| name).find(is_new).map(|name| format!("column {name} is new")))
    }
}

/// The children of a table, as the catalog had them.
#[derive(Debug, PartialEq, Eq)]
struct TreeShape {
    parent: u32,
    /// The children's oids and names, in the order of the oids.
    children: String,
}

impl TreeShape {
    /// `None`: the tree has no parent.
    fn new(tree: &Tree) -> Option<TreeShape> {
        let parent = tree.target()?;
        let mut children: Vec<&TableRef> = tree.children();
        children.sort_by_key(|child| child.oid);
        let children = children.iter().map(|child| format!("{} {}", child.oid, child.name));
        Some(TreeShape { parent: parent.oid, children: children.collect::<Vec<_>>().join(",") })
    }

    /// The query for [`TreeShape::children`] as they are now. When policies apply to one of the tables, it returns another text, so
    /// that the catalog is read again and refused.
    fn query(&self) -> String {
        format!(
            "SELECT coalesce(pg_catalog.string_agg(h.oid::text || ' ' || h.relname::text, ',' ORDER BY h.oid), '') ||
                    CASE WHEN pg_catalog.row_security_active({0}::oid) OR pg_catalog.bool_or(pg_catalog.row_security_active(h.oid))
                         THEN ' row security' ELSE '' END
             FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class h ON h.oid = i.inhrelid WHERE i.inhparent = {0}",
            self.parent
        )
    }

    /// The part of [`TableShape::check`] that fails when the children differ.
    fn check(&self) -> String {
        let query = self.query();
        format!("WHEN ({query}) <> {} THEN CAST('{OTHER_TREE} ' || ({query}) AS int)", literal(&self.children))
    }

    fn difference(&self, session: &mut Session) -> Attempt<Option<String>> {
        let children = session.first_value(&self.query())?.unwrap_or_default();
        Ok((children != self.children).then(|| OTHER_CHILDREN.to_owned()))
    }
}

/// Commits, unless the table is no longer the one that the session is prepared for.
pub fn commit(session: &mut Session) -> Attempt<()> {
    session.commit().map_err(altered)
}

/// The failure of the check before COMMIT, with the class that says what to do.
pub fn altered(failure: AttemptError) -> AttemptError {
    if failure.text.contains(OTHER_TREE) {
        // The session can be used again. Only its statements are for the tables of the former tree.
        return AttemptError::of(Class::Altered, OTHER_CHILDREN);
    }
    match failure.text.contains(ALTERED) {
        // A new session compares the table with the newest schema version, and finds out what is different.
        true => AttemptError { class: Class::Stale, ..failure },
        false => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_another_type_is_named_and_the_order_does_not_matter() {
        let shape = TableShape::new(&Catalog::sample("t", &["id", "a"], &["id"]));
        let column = |name: &str, id, name_of_type: &str| {
            (name.to_owned(), DeclaredType { id, modifier: -1, name: name_of_type.to_owned() })
        };
        let bigint = |name| column(name, 20, "bigint");
        assert_eq!(shape.difference(&[bigint("a"), bigint("id")]), None);
        let more = shape.difference(&[bigint("a"), bigint("b"), bigint("id")]);
        assert_eq!(more.as_deref(), Some("column b is new"));
        let real = column("a", 700, "real");
        assert_eq!(shape.difference(&[bigint("id"), real]).as_deref(), Some("column a was bigint, is real"));
        assert_eq!(shape.difference(&[bigint("id")]).as_deref(), Some("column a is gone"));
        assert_eq!(shape.difference(&[]), None);
    }
}
