//! The statements that make and rename children of the target table. Nothing is asked or run here.

use super::parent::{Parent, ParentIndex};
use crate::postgres::catalog::tree::{COMMENT, TableRef, with_ending};
use crate::postgres::connect::sql::{literal, qualified, quote};

/// Makes the first hot child. It locks the table first, for two reasons. A query lists the children before it takes its snapshot: a query
/// that has listed them already must end before rows go into a new child. And a transaction that writes without looking into the hot
/// child must end before that, too.
pub fn first_hot_child(parent: &Parent, schema: &str, name: &str) -> Vec<String> {
    let lock = format!("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE", parent.quoted());
    std::iter::once(lock).chain(hot_child(parent, schema, name)).collect()
}

/// Makes a hot child: like the parent, but without vector indexes. The statements must run in one transaction, which needs the rights
/// of the parent's owner.
pub fn hot_child(parent: &Parent, schema: &str, name: &str) -> Vec<String> {
    let child = qualified(schema, name);
    let create = format!(
        "CREATE {}TABLE {child} ({}) INHERITS ({}){}",
        unlogged(parent),
        constraints(parent).join(", "),
        parent.quoted(),
        tablespace(parent)
    );
    let mut statements = vec![create];
    statements.extend(indexes(parent, &child));
    statements.extend(parent.identities.iter().map(|identity| {
        // Both tables take their numbers from one sequence.
        let sequence = literal(&identity.sequence);
        format!("ALTER TABLE {child} ALTER COLUMN {} SET DEFAULT pg_catalog.nextval({sequence})", identity.column)
    }));
    statements.extend(replica_identity(parent, &child));
    statements.extend(grants(parent, &child));
    if !parent.may_own {
        let (sequences, role) = (parent.identities.iter().map(|identity| &identity.sequence), quote(&parent.role));
        statements.extend(sequences.map(|sequence| format!("GRANT USAGE ON SEQUENCE {sequence} TO {role}")));
    }
    statements.push(comment(parent, &child));
    statements.extend(owner(parent, &format!("TABLE {child}")));
    statements
}

/// Makes the table `new` beside the tree. It has the columns of the child `model`, and further ones, but no keys and indexes.
pub fn table_beside(parent: &Parent, model: &TableRef, new: &TableRef, further: &str) -> String {
    format!(
        "CREATE {}TABLE {} (LIKE {} INCLUDING ALL EXCLUDING INDEXES, {further}){}",
        unlogged(parent),
        new.quoted(),
        model.quoted(),
        tablespace(parent)
    )
}

/// Gives a table that [`table_beside`] has made everything that a sealed child has, except vector indexes and [`foreign_keys`].
pub fn complete(parent: &Parent, child: &TableRef) -> Vec<String> {
    let child = child.quoted();
    let mut statements: Vec<String> = keys(parent).map(|key| format!("ALTER TABLE {child} ADD {key}")).collect();
    statements.extend(indexes(parent, &child));
    statements.extend(replica_identity(parent, &child));
    statements.extend(grants(parent, &child));
    statements.push(comment(parent, &child));
    statements.extend(owner(parent, &format!("TABLE {child}")));
    statements
}

/// The statements that add the foreign keys. They lock the tables to which the keys point, so they run last.
pub fn foreign_keys(parent: &Parent, child: &TableRef) -> Vec<String> {
    let keys = parent.constraints.iter().filter(|other| other.definition.starts_with("FOREIGN KEY"));
    keys.map(|key| format!("ALTER TABLE {} ADD CONSTRAINT {} {}", child.quoted(), key.name, key.definition)).collect()
}

/// The keys that are constraints.
fn keys(parent: &Parent) -> impl Iterator<Item = &String> {
    let keys = parent.indexes.iter().filter(|index| !index.is_vector && !index.constraint.is_empty());
    keys.map(|index| &index.constraint)
}

/// The parent's indexes that are neither vector indexes nor those of constraints.
pub fn indexes(parent: &Parent, child: &str) -> Vec<String> {
    let indexes = parent.indexes.iter().filter(|index| !index.is_vector);
    let index = |index: &ParentIndex| {
        let unique = if index.unique { "UNIQUE " } else { "" };
        format!("CREATE {unique}INDEX ON {child} {}", index.definition)
    };
    indexes.filter(|index| index.constraint.is_empty()).map(index).collect()
}

/// The parent's constraints that a child doesn't inherit, as CREATE TABLE writes them.
pub fn constraints(parent: &Parent) -> Vec<String> {
    let others = parent.constraints.iter().map(|other| format!("CONSTRAINT {} {}", other.name, other.definition));
    keys(parent).cloned().chain(others).collect()
}

pub fn unlogged(parent: &Parent) -> &'static str {
    if parent.persistence == "u" { "UNLOGGED " } else { "" }
}

pub fn tablespace(parent: &Parent) -> String {
    match parent.tablespace.as_str() {
        "" => String::new(),
        tablespace => format!(" TABLESPACE {}", quote(tablespace)),
    }
}

pub fn comment(parent: &Parent, child: &str) -> String {
    let text = format!("Rows of {} that are not in its vector index yet. {COMMENT}", parent.quoted());
    format!("COMMENT ON TABLE {child} IS {}", literal(&text))
}

/// Makes the parent's owner the owner of `what` (`TABLE …`, `FUNCTION …`), if the session has another role.
pub fn owner(parent: &Parent, what: &str) -> Option<String> {
    (parent.role != parent.owner).then(|| format!("ALTER {what} OWNER TO {}", quote(&parent.owner)))
}

/// The replica identity of the parent. Without one, a delete in a child that is published fails, although a delete in the parent doesn't.
/// If the parent's is an index, the child gets FULL: the name of the child's index isn't known before the index is made.
pub fn replica_identity(parent: &Parent, child: &str) -> Option<String> {
    match parent.replica_identity.as_str() {
        "f" | "i" => Some(format!("ALTER TABLE {child} REPLICA IDENTITY FULL")),
        "n" => Some(format!("ALTER TABLE {child} REPLICA IDENTITY NOTHING")),
        _ => None,
    }
}

/// Roles that may read or change the parent's rows get the same rights on the child. Under row security they get none, because the
/// parent's policies hold only for those who read through the parent. The job's role always gets the rights that it needs.
fn grants(parent: &Parent, child: &str) -> Vec<String> {
    let mut statements = Vec::new();
    for grant in parent.grants.iter().filter(|_| !parent.row_security) {
        let option = if grant.with_grant_option { " WITH GRANT OPTION" } else { "" };
        statements.push(format!("GRANT {} ON {child} TO {}{option}", grant.right, grant.role));
    }
    if !parent.may_own {
        let role = quote(&parent.role);
        statements.push(format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {child} TO {role}"));
    }
    statements
}

/// Renames a child and those of its indexes whose names begin with its own.
pub fn rename(child: &TableRef, new_name: &str, indexes: &[String]) -> Vec<String> {
    let index = |name: &String| {
        let ending = name.strip_prefix(&child.name).filter(|ending| !ending.is_empty())?;
        let new_name = quote(&with_ending(new_name, ending));
        Some(format!("ALTER INDEX {} RENAME TO {new_name}", qualified(&child.schema, name)))
    };
    let table = format!("ALTER TABLE {} RENAME TO {}", child.quoted(), quote(new_name));
    indexes.iter().filter_map(index).chain([table]).collect()
}

/// One of the parent's vector indexes, for a sealed child. It can't run in a transaction.
pub fn vector_index(index: &ParentIndex, name: &str, child: &TableRef) -> String {
    format!("CREATE INDEX CONCURRENTLY {} ON {} {}", quote(name), child.quoted(), index.definition)
}

/// The same index for a table that no other session can see yet.
pub fn vector_index_beside(index: &ParentIndex, name: &str, child: &TableRef) -> String {
    format!("CREATE INDEX {} ON {} {}", quote(name), child.quoted(), index.definition)
}

impl Parent {
    /// `"schema"."name"`.
    pub fn quoted(&self) -> String {
        qualified(&self.schema, &self.name)
    }

    pub fn vector_indexes(&self) -> impl Iterator<Item = &ParentIndex> {
        self.indexes.iter().filter(|index| index.is_vector)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parent::{Constraint, Grant, Identity};
    use super::*;

    fn cars() -> Parent {
        let index = |name: &str, definition: &str| ParentIndex {
            name: name.to_owned(),
            definition: definition.to_owned(),
            ..ParentIndex::default()
        };
        Parent {
            schema: "s".into(),
            name: "Cars".into(),
            owner: "owner".into(),
            role: "owner".into(),
            may_own: true,
            indexes: vec![
                ParentIndex { constraint: "PRIMARY KEY (id)".into(), ..index("Cars_pkey", "USING btree (id)") },
                ParentIndex { is_vector: true, ..index("Cars_v", "USING hnsw (v vector_l2_ops)") },
                index("Cars_a", "USING btree (a)"),
            ],
            ..Parent::default()
        }
    }

    #[test]
    fn a_hot_child_has_the_parents_key_and_plain_indexes_but_no_vector_index() {
        let statements = hot_child(&cars(), "s", "Cars_hot");
        assert_eq!(statements[0], r#"CREATE TABLE "s"."Cars_hot" (PRIMARY KEY (id)) INHERITS ("s"."Cars")"#);
        assert_eq!(statements[1], r#"CREATE INDEX ON "s"."Cars_hot" USING btree (a)"#);
        assert!(statements[2].starts_with("COMMENT ON TABLE"), "{statements:?}");
        assert_eq!(statements.len(), 3);
    }

    #[test]
    fn what_inheritance_leaves_out_is_written() {
        let parent = Parent {
            persistence: "u".into(),
            tablespace: "fast".into(),
            replica_identity: "f".into(),
            role: "member".into(),
            may_own: false,
            constraints: vec![Constraint { name: "c".into(), definition: "CHECK (a > 0) NO INHERIT".into() }],
            identities: vec![Identity { column: "id".into(), sequence: "s.\"Cars_id_seq\"".into() }],
            grants: vec![Grant { right: "SELECT".into(), role: "PUBLIC".into(), with_grant_option: true }],
            ..cars()
        };
        let statements = hot_child(&parent, "s", "h");
        for expected in [
            r#"CREATE UNLOGGED TABLE "s"."h" (PRIMARY KEY (id), CONSTRAINT c CHECK (a > 0) NO INHERIT) INHERITS ("s"."Cars") TABLESPACE "fast""#,
            r#"ALTER TABLE "s"."h" ALTER COLUMN id SET DEFAULT pg_catalog.nextval('s."Cars_id_seq"')"#,
            r#"ALTER TABLE "s"."h" REPLICA IDENTITY FULL"#,
            r#"GRANT SELECT ON "s"."h" TO PUBLIC WITH GRANT OPTION"#,
            r#"GRANT SELECT, INSERT, UPDATE, DELETE ON "s"."h" TO "member""#,
            r#"GRANT USAGE ON SEQUENCE s."Cars_id_seq" TO "member""#,
            r#"ALTER TABLE "s"."h" OWNER TO "owner""#,
        ] {
            assert!(statements.iter().any(|statement| statement == expected), "{expected}: {statements:#?}");
        }
        let hidden = hot_child(&Parent { row_security: true, ..parent }, "s", "h");
        assert!(!hidden.iter().any(|statement| statement.ends_with("TO PUBLIC WITH GRANT OPTION")));
    }

    #[test]
    fn a_table_beside_the_tree_gets_its_keys_and_indexes_after_its_rows() {
        let foreign = Constraint { name: "f".into(), definition: "FOREIGN KEY (a) REFERENCES s.o(id)".into() };
        let check = Constraint { name: "c".into(), definition: "CHECK (a > 0) NO INHERIT".into() };
        let parent = Parent { constraints: vec![foreign, check], ..cars() };
        let table = |name: &str| TableRef { oid: 1, schema: "s".into(), name: name.into() };
        assert_eq!(
            table_beside(&parent, &table("Cars_sealed_1"), &table("new"), "place tid"),
            r#"CREATE TABLE "s"."new" (LIKE "s"."Cars_sealed_1" INCLUDING ALL EXCLUDING INDEXES, place tid)"#
        );
        let statements = complete(&parent, &table("new"));
        assert_eq!(
            statements[..2],
            [r#"ALTER TABLE "s"."new" ADD PRIMARY KEY (id)"#, r#"CREATE INDEX ON "s"."new" USING btree (a)"#]
        );
        assert_eq!(
            foreign_keys(&parent, &table("new")),
            [r#"ALTER TABLE "s"."new" ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES s.o(id)"#],
            "LIKE copies the CHECK"
        );
    }

    #[test]
    fn the_indexes_of_a_renamed_child_are_renamed_too() {
        let hot = TableRef { oid: 1, schema: "s".into(), name: "t_hot".into() };
        let indexes = ["t_hot_pkey", "mine", "t_hot"].map(str::to_owned);
        assert_eq!(
            rename(&hot, "t_sealed_1", &indexes),
            [
                r#"ALTER INDEX "s"."t_hot_pkey" RENAME TO "t_sealed_1_pkey""#,
                r#"ALTER TABLE "s"."t_hot" RENAME TO "t_sealed_1""#
            ]
        );
    }
}
