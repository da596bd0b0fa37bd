//! What defines a column type.

use super::ColumnType;
// With `use super::facets::*` a type's file has all that its facets name.
pub(super) use super::catalog::{CatalogName, CatalogType};
pub(super) use crate::types::data_type::DataType;
pub(super) use crate::types::refusal::EncodeError;
use crate::types::refusal::sqlstate;
pub(super) use crate::types::room;
use crate::types::text::shown::shown;
pub(super) use crate::types::value::Value;
pub(super) use crate::types::vector_encoding::VectorEncoding;
use crate::types::vector_encoding::VectorOptions;
use crate::types::vectors::dimension::Dimension;

/// All that is to be known of a column type. No field has a default: if a type's file leaves one out, the crate doesn't compile. `M` is the
/// type's modifier: the length, the precision or the element type that a column is declared with, `()` where there is none.
pub(super) struct Facets<M> {
    /// How the database's catalog names the type.
    pub catalog: CatalogName,
    /// The modifier of a column whose type is named so. `None`: it is declared in a way that is not encoded here.
    pub modifier: fn(&CatalogType) -> Option<M>,

    /// The type of the values that go into the column as they are.
    pub natural_source: fn(&M) -> DataType,
    /// How values of a source type enter the column. The option says what BYTES hold that feed a vector.
    pub fit: fn(&M, &DataType, Option<VectorEncoding>) -> Fit,
    /// What the column takes, for the error that a source type doesn't fit. It gets that source type, because for some of them
    /// it can give better advice.
    pub takes: fn(&DataType) -> &'static str,

    /// Appends the length and the binary form of a value that isn't NULL. On `Err` what was appended is to be thrown away.
    pub encode: fn(&M, EncodeContext<'_>, &Value<'_>, &mut Vec<u8>) -> Result<(), EncodeError>,
    /// The most bytes of a value's binary form, so that their memory can be reserved. [`room::FRAME`] is added to it.
    pub most_bytes: fn(&Value<'_>) -> usize,
    /// Appends the text of what `encode` wrote behind the length, as the server's input function reads it. If bytes are missing, their text is
    /// left out.
    pub print: fn(&M, &[u8], &mut Vec<u8>),

    /// The key images that a key column of the type has.
    pub key: Key,
    /// Appends the key image: the bytes of the value as the column will store it. Values that are one key to the database have
    /// the same bytes.
    pub key_image: fn(&M, &DataType, &Value<'_>, &mut Vec<u8>) -> Result<(), EncodeError>,

    /// Whether its text never needs quotes as an element of an array.
    pub is_bare_element: bool,
    /// The brackets of its text, where it is a list whose elements stand between commas.
    pub brackets: Option<[u8; 2]>,
    /// Whether its values can be vectors.
    pub vector: Option<VectorColumn>,
}

/// How values of a source type enter a column, as a rule; single values may still differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    Binary,
    /// As text that the server reads.
    Text,
    Never,
}

impl Fit {
    pub(super) fn binary_if(fits: bool) -> Fit {
        if fits { Fit::Binary } else { Fit::Never }
    }

    /// Into a column of numbers.
    pub(super) fn of_number(source: &DataType) -> Fit {
        Fit::binary_if(source.is_numeric() || source.is_text())
    }

    /// What is no ARRAY, into a column of vectors: text, and BYTES if it is known what they hold.
    pub(super) fn of_packed(source: &DataType, encoding: Option<VectorEncoding>) -> Fit {
        Fit::binary_if(source.is_text() || source.is_bytes() && encoding.is_some())
    }

    /// Into a type of pgvector.
    pub(super) fn of_vector(source: &DataType, encoding: Option<VectorEncoding>) -> Fit {
        match source {
            DataType::Array(element) => ColumnType::Float4.fit(element, None),
            source => Fit::of_packed(source, encoding),
        }
    }
}

/// What a column of numbers takes.
pub(super) fn takes_numbers(source: &DataType) -> &'static str {
    match source {
        DataType::IntervalYearMonth => "CAST it AS INT, its months",
        DataType::IntervalDayTime => "CAST it AS BIGINT, its milliseconds",
        _ => "it takes number types and STRING",
    }
}

/// What a column of a day, a time or both takes.
pub(super) const TAKES_TIMES: &str =
    "it takes DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ as far as they have its parts, and STRING";
/// What a column takes that only text enters otherwise.
pub(super) const TAKES_STRING: &str = "CAST the value to STRING in the SELECT, in the form that the type's input takes";
/// What a column of bytes or bits takes.
pub(super) const TAKES_BYTES: &str = "it takes BYTES and STRING";
/// What a type of pgvector takes.
pub(super) const TAKES_VECTOR: &str =
    "it takes STRING ('[0.1,0.2]'), ARRAY of a number type, and BYTES with 'vector.encoding'";
/// What an array takes.
pub(super) const TAKES_ARRAY: &str = "it takes STRING ('{1,2}' or '[1,2]') and ARRAY";

/// The key images of key columns of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub images: KeyImages,
    /// Types of one family have the same image for a value that both take.
    pub family: Option<&'static str>,
}

/// The key image of a type whose keys only the server can compare.
pub(super) fn no_image<M>(_: &M, _: &DataType, _: &Value<'_>, _: &mut Vec<u8>) -> Result<(), EncodeError> {
    Err(EncodeError::AsText)
}

/// The text of a binary form that is text.
pub(super) fn print_as_is<M>(_: &M, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
}

/// Whether equal keys always have equal images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyImages {
    /// All spellings of a value are known to the encoder.
    Equal,
    /// Only of values that aren't text: `5`, `+5` and `0x5` are one key, and only the server knows all the spellings it takes.
    EqualUnlessText,
    /// What makes a key equal is not known here.
    Unknown,
}

/// A type made for vectors, or an array that serves as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VectorColumn {
    /// A type of pgvector: it has one dimension, and its modifier is the vector's length.
    pub is_vector_type: bool,
    /// The type is often used for other things too, so a column of it is taken for the table's vector only if the table has no
    /// other column that can hold one.
    pub last_choice: bool,
    /// What the server stores for each element. `None`: that depends on the elements.
    pub stored_bytes: Option<usize>,
}

/// What an encoder has to know besides a value and the type of its column.
#[derive(Clone, Copy)]
pub(crate) struct EncodeContext<'c> {
    pub source: &'c DataType,
    pub dimension: Option<&'c Dimension>,
    pub vectors: VectorOptions,
}

/// A day or time that the column's type doesn't reach.
pub(super) fn out_of_calendar(value: &Value<'_>, type_name: &str) -> EncodeError {
    EncodeError::reject(sqlstate::DATETIME_OVERFLOW, format!("{} is out of range for {type_name}", shown(value)))
}
