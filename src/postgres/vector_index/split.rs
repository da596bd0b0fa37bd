//! A layout that spares the vector index: the vectors have a table of their own, so that an update of another column makes no
//! new entry in the index. A view of the table's name joins both.

use super::parent::Parent;
use crate::error::{Error, Result};
use crate::postgres::catalog::column::CatalogColumn;
use crate::postgres::catalog::lookup::Catalog;
use crate::postgres::catalog::tree::with_ending;
use crate::postgres::connect::sql::{list, qualified, quote};

/// The statements that split a table, as a script for its owner.
pub fn split(parent: &Parent, catalog: &Catalog) -> Result<String> {
    let name = catalog.name();
    let mut columns: Vec<&CatalogColumn> = catalog.columns.iter().chain(&catalog.unwritten).collect();
    columns.sort_by_key(|column| column.number);
    let (vectors, others): (Vec<_>, Vec<_>) = columns.iter().copied().partition(|column| is_vector(column, parent));
    let key: Vec<&str> = catalog.usable_key().into_iter().flatten().map(|column| column.name.as_str()).collect();
    if vectors.is_empty() {
        return Err(Error::target(format!("{name} has no vector column, so there is nothing to split")));
    }
    if key.is_empty() {
        return Err(Error::target(format!(
            "{name} has no unique key over the written columns, by which its two halves could be joined; run: ALTER TABLE {} ADD \
             PRIMARY KEY (…)",
            parent.quoted()
        )));
    }
    if parent.kind != "r" {
        return Err(Error::target(format!("{name} is no plain table, and only such a table can be split")));
    }
    let (data, vector_table) = (with_ending(&parent.name, "_data"), with_ending(&parent.name, "_vectors"));
    let (of_data, of_vectors) = (qualified(&parent.schema, &data), qualified(&parent.schema, &vector_table));
    let names =
        |columns: &[&CatalogColumn]| columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>().join(", ");

    let key_columns = others.iter().filter(|column| key.contains(&column.name.as_str()));
    let definitions = key_columns.chain(&vectors).map(|column| definition(column)).collect::<Vec<_>>().join(", ");
    let copied: Vec<&str> = key.iter().copied().chain(vectors.iter().map(|column| column.name.as_str())).collect();
    let drops =
        vectors.iter().map(|column| format!("DROP COLUMN {}", quote(&column.name))).collect::<Vec<_>>().join(", ");
    let shown = columns.iter().map(|column| {
        let half = if vectors.iter().any(|vector| vector.number == column.number) { "v" } else { "d" };
        format!("{half}.{}", quote(&column.name))
    });
    let same = key.iter().map(|column| format!("v.{0} = d.{0}", quote(column))).collect::<Vec<_>>().join(" AND ");
    let mut script = format!(
        "-- {name}: the vectors ({}) get the table {vector_table}; the other columns stay in the table {data}.\n\
         -- An update of {data} leaves the vector index alone. Queries go on reading {}, now a view.\n\
         -- In the job file, replace the sink table by two, and write each of them by an INSERT of its own:\n\
         --   {vector_table} ({}), {data} ({})\n\
         -- Other views, functions, foreign keys and privileges on columns that use the table must be changed by hand.\n\
         BEGIN;\n",
        names(&vectors),
        parent.name,
        copied.join(", "),
        names(&others),
    );
    let mut add = |statement: String| {
        script += &statement;
        script += ";\n";
    };
    add(format!("CREATE TABLE {of_vectors} ({definitions}, PRIMARY KEY ({}))", list(key.iter().copied())));
    for column in &vectors {
        if let Some(storage) = column.special_storage() {
            add(format!("ALTER TABLE {of_vectors} ALTER COLUMN {} SET STORAGE {storage}", quote(&column.name)));
        }
    }
    add(format!("INSERT INTO {of_vectors} SELECT {} FROM {}", list(copied.iter().copied()), parent.quoted()));
    add(format!("ALTER TABLE {} RENAME TO {}", parent.quoted(), quote(&data)));
    add(format!("ALTER TABLE {of_data} {drops}"));
    for index in parent.vector_indexes() {
        let statement = format!("CREATE INDEX {} ON {of_vectors} {}", quote(&index.name), index.definition);
        // Its condition may need the other columns.
        let by_hand = if index.partial { "-- by hand: " } else { "" };
        add(format!("{by_hand}{statement}"));
    }
    let view = shown.collect::<Vec<_>>().join(", ");
    add(format!("CREATE VIEW {} AS SELECT {view} FROM {of_data} d JOIN {of_vectors} v ON {same}", parent.quoted()));
    // Privileges on single columns are granted by hand.
    for grant in parent.grants.iter().filter(|grant| !grant.right.contains('(')) {
        add(format!("GRANT {} ON {of_vectors} TO {}", grant.right, grant.role));
        if grant.right == "SELECT" {
            add(format!("GRANT SELECT ON {} TO {}", parent.quoted(), grant.role));
        }
    }
    script += "COMMIT;\n";
    script += &format!("ANALYZE {of_vectors};\n");
    Ok(script)
}

fn is_vector(column: &CatalogColumn, parent: &Parent) -> bool {
    column.column_type.is_vector_type()
        || parent.vector_indexes().any(|index| index.columns.first() == Some(&column.number))
}

fn definition(column: &CatalogColumn) -> String {
    let not_null = if column.not_null { " NOT NULL" } else { "" };
    format!("{} {}{not_null}", quote(&column.name), column.type_name)
}
