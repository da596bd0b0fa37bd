//! `CREATE TABLE … LIKE other`: the columns, constraints and options that a table takes over from another one.

use crate::options::OptionEntry;
use crate::options::report::Report;
use crate::sql::parse::{ColumnDefinition, ColumnKind, CreateTable, LikeClause, Merging, PrimaryKey};

/// The table as if it were written without LIKE. If both tables have something that is allowed only once, an error is
/// added.
pub fn derive(own: CreateTable, base: &CreateTable, like: &LikeClause, report: &mut Report) -> CreateTable {
    let from = &base.name.text;
    let mut columns: Vec<ColumnDefinition> =
        base.columns.iter().filter(|column| merging(column, like) != Some(Merging::Excluding)).cloned().collect();
    for column in own.columns {
        let Some(earlier) = columns.iter_mut().find(|earlier| earlier.name.text == column.name.text) else {
            columns.push(column);
            continue;
        };
        let same_kind = std::mem::discriminant(&earlier.kind) == std::mem::discriminant(&column.kind);
        if same_kind && merging(earlier, like) == Some(Merging::Overwriting) {
            *earlier = column;
        } else {
            let name = &column.name.text;
            report.error(
                Some(column.name.at),
                format!("table '{from}', which it is LIKE, has a column '{name}' already"),
            );
        }
    }
    let inherited = base.primary_key.as_ref().filter(|_| like.constraints != Merging::Excluding);
    let inherited = inherited.map(|key| PrimaryKey { at: like.table.at, columns: key.columns.clone() });
    if let (Some(key), Some(_)) = (&own.primary_key, &inherited) {
        let message = format!(
            "table '{from}', which it is LIKE, has a PRIMARY KEY already; write LIKE {from} (EXCLUDING CONSTRAINTS)"
        );
        report.error(Some(key.at), message);
    }
    CreateTable {
        columns,
        primary_key: own.primary_key.or(inherited),
        options: options(own.options, base, like, report),
        ..own
    }
}

/// How LIKE treats columns of this kind. `None`: the column is stored. Such columns are always taken over.
fn merging(column: &ColumnDefinition, like: &LikeClause) -> Option<Merging> {
    match column.kind {
        ColumnKind::Physical { .. } => None,
        ColumnKind::Metadata { .. } => Some(like.metadata),
        ColumnKind::Computed(_) => Some(like.generated),
    }
}

fn options(own: Vec<OptionEntry>, base: &CreateTable, like: &LikeClause, report: &mut Report) -> Vec<OptionEntry> {
    if like.options == Merging::Excluding {
        return own;
    }
    if like.options == Merging::Including {
        let twice = own.iter().filter(|entry| base.options.iter().any(|other| other.key == entry.key));
        for entry in twice {
            let message = format!(
                "option '{}' is in table '{}' already, and INCLUDING OPTIONS takes it once; write OVERWRITING OPTIONS",
                entry.key, base.name.text
            );
            report.error(entry.key_at, message);
        }
    }
    // If an option is in the list twice, the last one counts.
    base.options.iter().cloned().chain(own).collect()
}
