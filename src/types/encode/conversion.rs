//! Which Flink type goes into which column type: in binary form, as text that the server reads, or never.

use crate::error::Error;
use crate::types::data_type::DataType;
use crate::types::target::{ColumnKind, TargetColumn, TargetTable};
use crate::types::vector_encoding::VectorEncoding;

/// How values of a source type enter a column, as a rule; single values may still differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    Binary,
    Text,
    Never,
}

/// Whether all columns take binary form. An error names every column that no value could ever enter.
pub(super) fn all_binary(target: &TargetTable, encoding: Option<VectorEncoding>) -> Result<bool, Error> {
    let fits: Vec<Fit> = target.columns.iter().map(|column| fit(&column.kind, &column.source, encoding)).collect();
    let misfits = target.columns.iter().zip(&fits).filter(|(_, fit)| **fit == Fit::Never);
    let problems: Vec<String> = misfits.map(|(column, _)| problem(target, column)).collect();
    match problems.is_empty() {
        true => Ok(fits.iter().all(|fit| *fit == Fit::Binary)),
        false => Err(Error::target(problems.join("\n"))),
    }
}

fn problem(target: &TargetTable, column: &TargetColumn) -> String {
    let (name, source, takes) = (target.name(), &column.source, takes(&column.kind, &column.source));
    format!("{name}: {source} can't be stored in column {}, which is {}; {takes}", column.name, column.type_name)
}

fn takes(kind: &ColumnKind, source: &DataType) -> &'static str {
    use ColumnKind as Kind;
    match kind {
        kind if is_bytes(source) && kind.holds_vectors() => {
            "say in the source table's 'vector.encoding' what the bytes hold, such as 'f32le'"
        }
        Kind::Float4Array | Kind::Float8Array | Kind::Array(_) | Kind::OtherArray => {
            "it takes STRING ('{1,2}' or '[1,2]') and ARRAY"
        }
        Kind::Vector | Kind::HalfVec | Kind::SparseVec => {
            "it takes STRING ('[0.1,0.2]'), ARRAY of a number type, and BYTES with 'vector.encoding'"
        }
        Kind::Composite => "it takes ROW and STRING",
        Kind::Bool => "it takes BOOLEAN and STRING",
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Numeric(_) => match source {
            DataType::IntervalYearMonth => "CAST it AS INT, its months",
            DataType::IntervalDayTime => "CAST it AS BIGINT, its milliseconds",
            _ => "it takes number types and STRING",
        },
        Kind::Date | Kind::Time(_) | Kind::Timestamp(_) | Kind::TimestampTz(_) => {
            "it takes DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ as far as they have its parts, and STRING"
        }
        Kind::Bytea | Kind::Uuid | Kind::Bit(_) | Kind::Varbit(_) => "it takes BYTES and STRING",
        _ => "CAST the value to STRING in the SELECT, in the form that the type's input takes",
    }
}

pub(super) fn fit(kind: &ColumnKind, source: &DataType, encoding: Option<VectorEncoding>) -> Fit {
    use ColumnKind as Kind;
    let other = match kind {
        Kind::Bool => bool_from(source),
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Numeric(_) => {
            binary_if(source.is_numeric())
        }
        Kind::Text | Kind::Varchar(_) | Kind::Char(_) | Kind::Json | Kind::Jsonb => Fit::Binary,
        Kind::Enum if is_bytes(source) || is_collection(source) || source.is_interval() => Fit::Never,
        Kind::Enum => Fit::Binary,
        Kind::Date => match source {
            DataType::Date | DataType::Timestamp { .. } => Fit::Binary,
            DataType::TimestampLtz { .. } => Fit::Text,
            _ => Fit::Never,
        },
        Kind::Time(_) => match source {
            DataType::Time { .. } => Fit::Binary,
            DataType::Timestamp { .. } | DataType::TimestampLtz { .. } => Fit::Text,
            _ => Fit::Never,
        },
        Kind::Timestamp(_) => {
            binary_if(matches!(source, DataType::Date | DataType::Timestamp { .. } | DataType::TimestampLtz { .. }))
        }
        Kind::TimestampTz(_) => match source {
            DataType::TimestampLtz { .. } => Fit::Binary,
            DataType::Date | DataType::Timestamp { .. } => Fit::Text,
            _ => Fit::Never,
        },
        Kind::Bytea | Kind::Uuid | Kind::Bit(_) | Kind::Varbit(_) => binary_if(is_bytes(source)),
        Kind::Float4Array => list(&Kind::Float4, kind, source, encoding),
        Kind::Float8Array => list(&Kind::Float8, kind, source, encoding),
        Kind::Array(element) => list(element, kind, source, encoding),
        Kind::Vector | Kind::HalfVec | Kind::SparseVec => list(&Kind::Float4, kind, source, encoding),
        Kind::Composite if matches!(source, DataType::Row(_)) => Fit::Text,
        Kind::OtherArray if matches!(source, DataType::Array(_)) => Fit::Text,
        Kind::Other | Kind::TextOnly if !is_collection(source) => Fit::Text,
        Kind::Composite | Kind::OtherArray | Kind::Other | Kind::TextOnly => Fit::Never,
    };
    match (source, kind) {
        // A constant NULL has a form everywhere, and a row of such types is text for other reasons.
        (DataType::Null, _) if other == Fit::Never => Fit::Binary,
        (source, Kind::Composite | Kind::OtherArray | Kind::Other | Kind::TextOnly) if source.is_text() => Fit::Text,
        (source, _) if source.is_text() => Fit::Binary,
        _ => other,
    }
}

fn binary_if(fits: bool) -> Fit {
    if fits { Fit::Binary } else { Fit::Never }
}

/// `1` and `0` mean something to the server.
fn bool_from(source: &DataType) -> Fit {
    match source {
        DataType::Boolean => Fit::Binary,
        source if source.is_integer() => Fit::Text,
        _ => Fit::Never,
    }
}

/// What goes into a list of `element`: arrays, nested ones too unless it is one of pgvector's types, and packed vectors.
fn list(element: &ColumnKind, kind: &ColumnKind, source: &DataType, encoding: Option<VectorEncoding>) -> Fit {
    match source {
        DataType::Array(inner) => {
            let mut leaf = &**inner;
            while let DataType::Array(inner) = leaf
                && !kind.is_vector()
            {
                leaf = inner;
            }
            fit(element, leaf, None)
        }
        source => binary_if(is_bytes(source) && kind.holds_vectors() && encoding.is_some()),
    }
}

fn is_bytes(source: &DataType) -> bool {
    matches!(source, DataType::Binary(_) | DataType::Varbinary(_))
}

fn is_collection(source: &DataType) -> bool {
    source.is_nested()
}
