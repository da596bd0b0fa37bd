//! What the catalog says of a table that has children or may get them. A child gets the columns with their types, defaults, NOT NULL,
//! storage and most CHECK constraints by inheritance; the rest is here. A child, a partition or another table is read in the same way,
//! to compare it with its parent.

use crate::error::Error;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::connect::sql::literal;

/// A table as the catalog describes it, usually the parent of children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parent {
    pub oid: String,
    pub schema: String,
    pub name: String,
    /// `pg_class.relkind`.
    pub kind: String,
    /// `pg_class.relpersistence`.
    pub persistence: String,
    pub is_partition: bool,
    pub row_security: bool,
    /// Empty for the database's default tablespace.
    pub tablespace: String,
    pub owner: String,
    /// The role of the session.
    pub role: String,
    /// The session's role has the rights of the owner.
    pub may_own: bool,
    /// `pg_class.relreplident`.
    pub replica_identity: String,
    /// Without those that are invalid.
    pub indexes: Vec<ParentIndex>,
    /// Foreign keys of this table, and CHECK constraints that children don't inherit.
    pub constraints: Vec<Constraint>,
    /// The columns that are GENERATED AS IDENTITY. Children don't inherit that.
    pub identities: Vec<Identity>,
    /// What other roles than the owner may do.
    pub grants: Vec<Grant>,
    /// Foreign keys of other tables that point to this one.
    pub referencing: Vec<String>,
    /// Its children: schema and name.
    pub children: Vec<(String, String)>,
    /// Columns that it doesn't inherit from a parent.
    pub own_columns: Vec<String>,
    /// The triggers for each row.
    pub row_triggers: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParentIndex {
    pub name: String,
    /// Its definition from USING on.
    pub definition: String,
    pub unique: bool,
    /// The constraint that it belongs to, as ALTER TABLE writes it. Empty: none.
    pub constraint: String,
    pub is_vector: bool,
    pub exclusion: bool,
    /// It is checked for each row at once. That of a deferrable constraint is not.
    pub immediate: bool,
    pub partial: bool,
    /// The numbers of the key's columns; 0 stands for an expression.
    pub columns: Vec<i16>,
}

/// Names are quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    pub name: String,
    pub definition: String,
}

/// Names are quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub column: String,
    pub sequence: String,
}

/// Names are quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// `SELECT`, or `SELECT ("a")`.
    pub right: String,
    pub role: String,
    pub with_grant_option: bool,
}

impl Parent {
    /// `None`: there is no such table.
    pub fn read(session: &mut Session, schema: &str, name: &str) -> Attempt<Option<Parent>> {
        let found = session.ask(&format!(
            "SELECT c.oid, c.relkind, c.relpersistence,
                    coalesce(pg_catalog.row_to_json(c) ->> 'relispartition', 'false') = 'true',
                    coalesce(pg_catalog.row_to_json(c) ->> 'relrowsecurity', 'false') = 'true', coalesce(s.spcname, ''), pg_catalog.pg_get_userbyid(c.relowner), current_user,
                    pg_catalog.pg_has_role(c.relowner, 'USAGE'),
                    coalesce(pg_catalog.row_to_json(c) ->> 'relreplident', 'd')
             FROM pg_catalog.pg_class c
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace
             WHERE n.nspname = {} AND c.relname = {}",
            literal(schema),
            literal(name)
        ))?;
        let row = found.first().map(Vec::as_slice).unwrap_or_default();
        let [oid, kind, persistence, is_partition, row_security, tablespace, owner, role, may_own, replica_identity] =
            row
        else {
            return Ok(None);
        };
        let mut parent = Parent {
            oid: oid.clone(),
            schema: schema.to_owned(),
            name: name.to_owned(),
            kind: kind.clone(),
            persistence: persistence.clone(),
            is_partition: is_true(is_partition),
            row_security: is_true(row_security),
            tablespace: tablespace.clone(),
            owner: owner.clone(),
            role: role.clone(),
            may_own: is_true(may_own),
            replica_identity: replica_identity.clone(),
            ..Parent::default()
        };
        parent.indexes = indexes(session, oid)?;
        parent.constraints = constraints(session, oid)?;
        parent.identities = identities(session, oid)?;
        parent.grants = grants(session, oid)?;
        parent.referencing = first_column(session, &referencing(oid))?;
        parent.row_triggers = first_column(session, &row_triggers(oid))?;
        parent.own_columns = first_column(session, &own_columns(oid))?;
        parent.children = children(session, oid)?;
        Ok(Some(parent))
    }

    /// The error of a table that was there a moment before, with the code that the server would send.
    pub fn is_gone(name: &str) -> Error {
        Error::Target { message: format!("table {name} is gone"), sqlstate: Some("42P01".to_owned()), passing: false }
    }
}

fn is_true(text: &str) -> bool {
    text == "t"
}

fn first_column(session: &mut Session, sql: &str) -> Attempt<Vec<String>> {
    let rows = session.ask(sql)?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next()).collect())
}

fn indexes(session: &mut Session, table: &str) -> Attempt<Vec<ParentIndex>> {
    let rows = session.ask(&format!(
        "SELECT x.relname, pg_catalog.pg_get_indexdef(x.oid), i.indisunique, coalesce(pg_catalog.pg_get_constraintdef(k.oid), ''),
                m.amname, coalesce(t.typname, ''), i.indisexclusion, i.indimmediate, i.indpred IS NOT NULL,
                i.indkey, coalesce((pg_catalog.row_to_json(i) ->> 'indnkeyatts')::int, i.indnatts::int)
         FROM pg_catalog.pg_index i
         JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
         JOIN pg_catalog.pg_am m ON m.oid = x.relam
         LEFT JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[0]
         LEFT JOIN pg_catalog.pg_type t ON t.oid = o.opcintype
         LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = x.oid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
         WHERE i.indrelid = {table} AND i.indisvalid ORDER BY i.indisprimary DESC, x.relname"
    ))?;
    let index = |row: &Vec<String>| {
        let [name, definition, unique, constraint, method, operand, exclusion, immediate, partial, columns, keys] =
            row.as_slice()
        else {
            return None;
        };
        let columns = columns.split_whitespace().filter_map(|number| number.parse().ok());
        Some(ParentIndex {
            name: name.clone(),
            definition: from_using(definition).to_owned(),
            unique: is_true(unique),
            constraint: constraint.clone(),
            is_vector: is_vector_index(method, operand),
            exclusion: is_true(exclusion),
            immediate: is_true(immediate),
            partial: is_true(partial),
            columns: columns.take(keys.parse().unwrap_or(0)).collect(),
        })
    };
    Ok(rows.iter().filter_map(index).collect())
}

/// The part of `CREATE INDEX a ON b USING …` that is the same for an index of another name on another table.
pub fn from_using(definition: &str) -> &str {
    let mut in_name = false;
    for (at, character) in definition.char_indices() {
        in_name ^= character == '"';
        if !in_name && definition[at..].starts_with(" USING ") {
            return &definition[at + 1..];
        }
    }
    definition
}

/// Access methods that find near vectors.
const VECTOR_METHODS: [&str; 10] =
    ["hnsw", "ivfflat", "ann", "diskann", "vchordrq", "vchordg", "lantern_hnsw", "pase_hnsw", "pase_ivfflat", "scann"];
/// The access methods of PostgreSQL and Greenplum themselves.
pub const PLAIN_METHODS: [&str; 7] = ["btree", "hash", "gin", "gist", "spgist", "brin", "bitmap"];

/// Whether an index of this access method, whose first operator class takes this type, is searched for near vectors.
pub fn is_vector_index(method: &str, operand: &str) -> bool {
    let is_vector = matches!(operand, "vector" | "halfvec" | "sparsevec");
    VECTOR_METHODS.contains(&method) || (is_vector && !PLAIN_METHODS.contains(&method))
}

fn constraints(session: &mut Session, table: &str) -> Attempt<Vec<Constraint>> {
    let rows = session.ask(&format!(
        "SELECT pg_catalog.quote_ident(conname), pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint
         WHERE conrelid = {table} AND (contype = 'f' OR (contype = 'c' AND connoinherit)) ORDER BY conname"
    ))?;
    let constraint = |row: &Vec<String>| match row.as_slice() {
        [name, definition] => Some(Constraint { name: name.clone(), definition: definition.clone() }),
        _ => None,
    };
    Ok(rows.iter().filter_map(constraint).collect())
}

fn identities(session: &mut Session, table: &str) -> Attempt<Vec<Identity>> {
    let rows = session.ask(&format!(
        "SELECT pg_catalog.quote_ident(a.attname), pg_catalog.pg_get_serial_sequence({table}::regclass::text, a.attname)
         FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = {table} AND a.attnum > 0 AND NOT a.attisdropped
           AND pg_catalog.row_to_json(a) ->> 'attidentity' IN ('a', 'd') ORDER BY a.attnum"
    ))?;
    let identity = |row: &Vec<String>| match row.as_slice() {
        [column, sequence] if !sequence.is_empty() => {
            Some(Identity { column: column.clone(), sequence: sequence.clone() })
        }
        _ => None,
    };
    Ok(rows.iter().filter_map(identity).collect())
}

fn grants(session: &mut Session, table: &str) -> Attempt<Vec<Grant>> {
    let rows = session.ask(&format!(
        "SELECT e.privilege_type || g.columns, CASE e.grantee WHEN 0 THEN 'PUBLIC'
                  ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(e.grantee)) END, e.is_grantable
         FROM (SELECT relowner, relacl, '' FROM pg_catalog.pg_class WHERE oid = {table}
               UNION ALL
               SELECT c.relowner, a.attacl, ' (' || pg_catalog.quote_ident(a.attname) || ')'
               FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
               WHERE a.attrelid = {table} AND a.attnum > 0 AND NOT a.attisdropped) AS g (owner, acl, columns),
              pg_catalog.aclexplode(g.acl) AS e
         WHERE e.grantee <> g.owner AND e.privilege_type NOT IN ('TRIGGER', 'REFERENCES')
         ORDER BY 2, 1"
    ))?;
    let grant = |row: &Vec<String>| match row.as_slice() {
        [right, role, with_grant_option] => {
            Some(Grant { right: right.clone(), role: role.clone(), with_grant_option: is_true(with_grant_option) })
        }
        _ => None,
    };
    Ok(rows.iter().filter_map(grant).collect())
}

fn referencing(table: &str) -> String {
    format!(
        "SELECT k.conname || ' of ' || k.conrelid::regclass::text FROM pg_catalog.pg_constraint k
         WHERE k.confrelid = {table} AND k.contype = 'f' ORDER BY 1"
    )
}

/// `tgtype` has the bit 1 if the trigger fires FOR EACH ROW.
fn row_triggers(table: &str) -> String {
    format!(
        "SELECT tgname FROM pg_catalog.pg_trigger
         WHERE tgrelid = {table} AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 1 = 1 ORDER BY tgname"
    )
}

fn own_columns(table: &str) -> String {
    format!(
        "SELECT attname FROM pg_catalog.pg_attribute
         WHERE attrelid = {table} AND attnum > 0 AND NOT attisdropped AND attinhcount = 0 ORDER BY attnum"
    )
}

fn children(session: &mut Session, table: &str) -> Attempt<Vec<(String, String)>> {
    let rows = session.ask(&format!(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE h.inhparent = {table} ORDER BY 1, 2"
    ))?;
    let child = |row: &Vec<String>| match row.as_slice() {
        [schema, name] => Some((schema.clone(), name.clone())),
        _ => None,
    };
    Ok(rows.iter().filter_map(child).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_keeps_its_definition_from_using_on() {
        let definition =
            r#"CREATE UNIQUE INDEX "a USING b" ON s."t USING ""c""" USING btree (id) WHERE (a = ' USING ')"#;
        assert_eq!(from_using(definition), "USING btree (id) WHERE (a = ' USING ')");
    }

    #[test]
    fn vector_indexes_are_known_by_their_method_or_their_operands() {
        for (method, operand) in [("hnsw", "bit"), ("ivfflat", "vector"), ("ann", "float4"), ("new", "halfvec")] {
            assert!(is_vector_index(method, operand), "{method}");
        }
        for (method, operand) in [("btree", "vector"), ("bm25", "text"), ("gin", "anyarray"), ("new", "")] {
            assert!(!is_vector_index(method, operand), "{method}");
        }
    }
}
