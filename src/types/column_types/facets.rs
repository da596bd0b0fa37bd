//! What defines a column type.

use super::ColumnType;
// With `use super::facets::*` a type's file imports all names that its facets need.
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

/// Everything that the crate knows about a column type. No field has a default: if a type's file leaves one out, the crate
/// doesn't compile. `M` is the type's modifier: the length, the precision or the element type that a column is declared
/// with. It is `()` for types without a modifier.
pub(super) struct Facets<M> {
    /// How the database's catalog names the type.
    pub catalog: CatalogName,
    /// Reads the modifier from the declaration of a column. `None`: columns that are declared like this are not encoded
    /// here.
    pub modifier: fn(&CatalogType) -> Option<M>,

    /// The Flink type whose values hold exactly what the column stores.
    pub natural_source: fn(&M) -> DataType,
    /// How values of a source type enter the column. The encoding is the option `vector.encoding`: the number type and byte
    /// order of vectors that come as BYTES.
    pub fit: fn(&M, &DataType, Option<VectorEncoding>) -> Fit,
    /// Names the source types that the column takes, in the error about a source type that doesn't fit. The function gets
    /// this source type, because for some types it can give better advice.
    pub takes: fn(&DataType) -> &'static str,

    /// Appends the length and the binary form of a value that isn't NULL. After an `Err` the caller removes the bytes that
    /// were appended.
    pub encode: fn(&M, EncodeContext<'_>, &Value<'_>, &mut Vec<u8>) -> Result<(), EncodeError>,
    /// The most bytes that `encode` needs in its output for a value, also while it works. This number plus [`room::FRAME`] is
    /// the memory that is reserved for the value.
    pub most_bytes: fn(&Value<'_>) -> usize,
    /// Appends the text of the bytes that `encode` wrote after the length, in the form that the server's input function
    /// reads. If bytes are missing, their text is left out.
    pub print: fn(&M, &[u8], &mut Vec<u8>),

    /// The key images that a key column of the type has.
    pub key: Key,
    /// Appends the key image: the bytes of the value as the column will store it. Values that are one key to the database have
    /// the same bytes.
    pub key_image: fn(&M, &DataType, &Value<'_>, &mut Vec<u8>) -> Result<(), EncodeError>,

    /// Whether the text of a value never needs quotes as an element of an array.
    pub is_bare_element: bool,
    /// The brackets of a value's text, if the text is a list with commas between the elements.
    pub brackets: Option<[u8; 2]>,
    /// `Some`: the column's values can be vectors.
    pub vector: Option<VectorColumn>,
}

/// How values of a source type enter a column, as a rule; single values may still differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    Binary,
    /// As text, which the server reads.
    Text,
    Never,
}

impl Fit {
    pub(super) fn binary_if(fits: bool) -> Fit {
        if fits { Fit::Binary } else { Fit::Never }
    }

    /// How a source type enters a column of numbers.
    pub(super) fn of_number(source: &DataType) -> Fit {
        Fit::binary_if(source.is_numeric() || source.is_text())
    }

    /// How a source type that isn't ARRAY enters a column of vectors. Text does, and BYTES do if `vector.encoding` says how
    /// to read them.
    pub(super) fn of_packed(source: &DataType, encoding: Option<VectorEncoding>) -> Fit {
        Fit::binary_if(source.is_text() || source.is_bytes() && encoding.is_some())
    }

    /// How a source type enters a column of one of pgvector's types.
    pub(super) fn of_vector(source: &DataType, encoding: Option<VectorEncoding>) -> Fit {
        match source {
            DataType::Array(element) => ColumnType::Float4.fit(element, None),
            source => Fit::of_packed(source, encoding),
        }
    }
}

/// [`Facets::takes`] of a column of numbers.
pub(super) fn takes_numbers(source: &DataType) -> &'static str {
    match source {
        DataType::IntervalYearMonth => "CAST it AS INT, its months",
        DataType::IntervalDayTime => "CAST it AS BIGINT, its milliseconds",
        _ => "it takes number types and STRING",
    }
}

/// [`Facets::takes`] of a column of dates, times or timestamps.
pub(super) const TAKES_TIMES: &str =
    "it takes STRING, and those of DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ that have the parts it stores";
/// [`Facets::takes`] of a column that stores values of the rejected source type only if they are cast to text.
pub(super) const TAKES_STRING: &str =
    "CAST the value to STRING in the SELECT, in the text form that PostgreSQL reads for this type";
/// [`Facets::takes`] of a column of bytes or bits.
pub(super) const TAKES_BYTES: &str = "it takes BYTES and STRING";
/// [`Facets::takes`] of a column of one of pgvector's types.
pub(super) const TAKES_VECTOR: &str =
    "it takes STRING ('[0.1,0.2]'), ARRAY of a number type, and BYTES with 'vector.encoding'";
/// [`Facets::takes`] of a column of arrays.
pub(super) const TAKES_ARRAY: &str = "it takes STRING ('{1,2}' or '[1,2]') and ARRAY";

/// The key images of a type's key columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub images: KeyImages,
    /// If two types of one family both take a value, the value has the same key image in both.
    pub family: Option<&'static str>,
}

/// [`Facets::key_image`] of a type whose keys only the server can compare. There is no key image.
pub(super) fn no_image<M>(_: &M, _: &DataType, _: &Value<'_>, _: &mut Vec<u8>) -> Result<(), EncodeError> {
    Err(EncodeError::AsText)
}

/// [`Facets::print`] of a type whose binary form is its text.
pub(super) fn print_as_is<M>(_: &M, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
}

/// Whether equal keys always have equal images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyImages {
    /// Always: the encoder knows all spellings of a value.
    Equal,
    /// Only if the values aren't text: the texts `5`, `+5` and `0x5` are one key, and only the server knows all spellings
    /// that it takes.
    EqualUnlessText,
    /// Nothing is certain: only the server knows which keys are equal.
    Unknown,
}

/// A type that was made for vectors, or an array type that can hold vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VectorColumn {
    /// It is a type of pgvector: its values have one dimension, and its modifier is the vector's length.
    pub is_vector_type: bool,
    /// The type often holds other things than vectors. So a column of this type counts as the table's vector only if the
    /// table has no other column that can hold a vector.
    pub last_choice: bool,
    /// How many bytes the server stores for each element. `None`: the number depends on the elements.
    pub stored_bytes: Option<usize>,
}

/// The information that an encoder needs in addition to a value and the type of its column.
#[derive(Clone, Copy)]
pub(crate) struct EncodeContext<'c> {
    pub source: &'c DataType,
    pub dimension: Option<&'c Dimension>,
    pub vectors: VectorOptions,
}

/// The error for a date or time that is out of the range of the column's type.
pub(super) fn out_of_calendar(value: &Value<'_>, type_name: &str) -> EncodeError {
    EncodeError::reject(sqlstate::DATETIME_OVERFLOW, format!("{} is out of range for {type_name}", shown(value)))
}
