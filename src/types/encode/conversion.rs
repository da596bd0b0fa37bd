//! Which Flink type goes into which column type: in binary form, as text that the server reads, or never.

use crate::error::Error;
use crate::types::column_types::facets::Fit;
use crate::types::target::{TargetColumn, TargetTable};
use crate::types::vector_encoding::VectorEncoding;

/// Whether all columns take binary form. The error names every column whose source type can never be stored in it.
pub(super) fn all_binary(target: &TargetTable, encoding: Option<VectorEncoding>) -> Result<bool, Error> {
    let fits: Vec<Fit> = target.columns.iter().map(|column| column.column_type.fit(&column.source, encoding)).collect();
    let misfits = target.columns.iter().zip(&fits).filter(|(_, fit)| **fit == Fit::Never);
    let problems: Vec<String> = misfits.map(|(column, _)| problem(target, column)).collect();
    match problems.is_empty() {
        true => Ok(fits.iter().all(|fit| *fit == Fit::Binary)),
        false => Err(Error::target(problems.join("\n"))),
    }
}

fn problem(target: &TargetTable, column: &TargetColumn) -> String {
    let (name, source, takes) = (target.name(), &column.source, takes(column));
    format!("{name}: {source} can't be stored in column {}, which is {}; {takes}", column.name, column.type_name)
}

fn takes(column: &TargetColumn) -> &'static str {
    match column.source.is_bytes() && column.column_type.holds_vectors() {
        true => "set the source table's 'vector.encoding' to the form of the bytes, such as 'f32le'",
        false => column.column_type.takes(&column.source),
    }
}
