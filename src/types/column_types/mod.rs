//! The types of the target's columns: a file for each, or for a few that share their code. [`column_types!`] lists them,
//! and each of them is described by a constant of the type [`Facets`](facets::Facets).

mod array;
mod array_text;
mod bit_string;
mod boolean;
mod bytea;
pub(crate) mod catalog;
mod date;
mod enumeration;
pub(crate) mod facets;
mod field;
mod float_array;
mod integer;
mod json;
mod left_to_server;
mod numeric;
mod numeric_digits;
mod real;
mod smallint_array;
mod sparse_vector;
mod string;
mod time;
mod timestamp;
mod uuid;
mod vector;

use crate::types::data_type::DataType;
use crate::types::refusal::EncodeError;
use crate::types::value::Value;
use crate::types::vector_encoding::VectorEncoding;
use catalog::CatalogType;
use facets::{EncodeContext, Facets, Fit, Key, VectorColumn};

pub(in crate::types) use field::NULL;
pub(in crate::types) use string::check_nul;

/// Makes [`ColumnType`] and its methods from the list of types. An entry has the name, the modifier that a column can be
/// declared with, and the type's [`Facets`].
macro_rules! column_types {
    ($( $(#[$doc:meta])* $name:ident $( ( $modifier:ident: $modifier_type:ty ) )? = $facets:expr ),+ $(,)?) => {
        /// How a column stores its values. A domain counts as its base type.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum ColumnType {
            $( $(#[$doc])* $name $( ($modifier_type) )? ),+
        }

        #[allow(non_upper_case_globals, unused_parens, reason = "a modifier stands in parentheses, and `()` where there is none")]
        mod facets_of {
            use super::*;
            $( pub(super) const $name: Facets<($( $modifier_type )?)> = $facets; )+
        }

        #[allow(unused_parens, reason = "a modifier stands in parentheses, and `()` where there is none")]
        impl ColumnType {
            /// The names of all column types, for tests that go through them.
            #[cfg(any(test, feature = "internals"))]
            pub const NAMES: &'static [&'static str] = &[$( stringify!($name) ),+];

            /// How the catalog names each type.
            #[cfg(test)]
            pub(crate) fn catalogs() -> Vec<catalog::CatalogName> {
                vec![$( facets_of::$name.catalog ),+]
            }

            /// The column type that the catalog means: the first type of the list that fits.
            pub(crate) fn of(of: &CatalogType) -> ColumnType {
                $(
                    if facets_of::$name.catalog.fits(of)
                        && let Some(($( $modifier )?)) = (facets_of::$name.modifier)(of)
                    {
                        return ColumnType::$name $( ($modifier) )?;
                    }
                )+
                ColumnType::Other
            }

            /// The type's oid, if it is the same in every database.
            pub(crate) fn oid(&self) -> Option<u32> {
                match self { $( ColumnType::$name { .. } => facets_of::$name.catalog.oid() ),+ }
            }

            /// The Flink type whose values hold exactly what the column stores.
            pub(crate) fn natural_source(&self) -> DataType {
                match self { $( ColumnType::$name $( ($modifier) )? => (facets_of::$name.natural_source)(&($( $modifier )?)) ),+ }
            }

            fn fit_of_type(&self, source: &DataType, encoding: Option<VectorEncoding>) -> Fit {
                match self {
                    $( ColumnType::$name $( ($modifier) )? => (facets_of::$name.fit)(&($( $modifier )?), source, encoding) ),+
                }
            }

            /// The source types that the column takes, for the error about a source type that doesn't fit.
            pub(crate) fn takes(&self, source: &DataType) -> &'static str {
                match self { $( ColumnType::$name { .. } => (facets_of::$name.takes)(source) ),+ }
            }

            /// Appends the length and the binary form of a value that isn't NULL: a field of a row, or an element of an array.
            #[inline]
            pub(crate) fn encode(
                &self,
                context: EncodeContext<'_>,
                value: &Value<'_>,
                out: &mut Vec<u8>,
            ) -> Result<(), EncodeError> {
                match self {
                    $( ColumnType::$name $( ($modifier) )? => {
                        (facets_of::$name.encode)(&($( $modifier )?), context, value, out)
                    } ),+
                }
            }

            /// The most bytes that a value's binary form can have, without [`room::FRAME`](crate::types::room::FRAME).
            pub(crate) fn most_bytes(&self, value: &Value<'_>) -> usize {
                match self { $( ColumnType::$name { .. } => (facets_of::$name.most_bytes)(value) ),+ }
            }

            /// Appends the text of a value's binary form, in the form that the server's input function reads.
            pub(crate) fn print(&self, bytes: &[u8], out: &mut Vec<u8>) {
                match self { $( ColumnType::$name $( ($modifier) )? => (facets_of::$name.print)(&($( $modifier )?), bytes, out) ),+ }
            }

            pub(crate) fn key(&self) -> Key {
                match self { $( ColumnType::$name { .. } => facets_of::$name.key ),+ }
            }

            /// Appends the value as the column will store it.
            #[inline]
            pub(crate) fn key_image(
                &self,
                source: &DataType,
                value: &Value<'_>,
                out: &mut Vec<u8>,
            ) -> Result<(), EncodeError> {
                match self {
                    $( ColumnType::$name $( ($modifier) )? => {
                        (facets_of::$name.key_image)(&($( $modifier )?), source, value, out)
                    } ),+
                }
            }

            /// Whether the text of a value never needs quotes as an element of an array.
            fn is_bare_element(&self) -> bool {
                match self { $( ColumnType::$name { .. } => facets_of::$name.is_bare_element ),+ }
            }

            /// The brackets of a value's text, if the text is a list.
            pub(crate) fn brackets(&self) -> Option<[u8; 2]> {
                match self { $( ColumnType::$name { .. } => facets_of::$name.brackets ),+ }
            }

            /// `Some`: the column's values can be vectors.
            #[inline]
            pub(crate) fn vector(&self) -> Option<VectorColumn> {
                match self { $( ColumnType::$name { .. } => facets_of::$name.vector ),+ }
            }
        }
    };
}

column_types! {
    /// A type that the server reads as text only, because it has no binary receive function. No row of its table is sent in
    /// binary form, whatever its other columns are.
    TextOnly = left_to_server::TEXT_ONLY,
    /// Any enum: stored by its label.
    Enum = enumeration::ENUM,
    /// A row type: sent as text.
    Composite = left_to_server::COMPOSITE,
    Bool = boolean::BOOL,
    Int2 = integer::integer::<i16>(),
    Int4 = integer::integer::<i32>(),
    Int8 = integer::integer::<i64>(),
    Float4 = real::real::<f32>(),
    Float8 = real::real::<f64>(),
    /// `None`: any number of digits.
    Numeric(digits: Option<(u16, i16)>) = numeric::NUMERIC,
    Text = string::TEXT,
    /// Length in characters.
    Varchar(length: Option<u32>) = string::VARCHAR,
    Char(length: u32) = string::CHAR,
    Date = date::DATE,
    /// Fraction digits, 0 to 6.
    Time(fraction: u8) = time::TIME,
    Timestamp(fraction: u8) = timestamp::TIMESTAMP,
    TimestampTz(fraction: u8) = timestamp::TIMESTAMPTZ,
    Bytea = bytea::BYTEA,
    Uuid = uuid::UUID,
    Json = json::JSON,
    Jsonb = json::JSONB,
    /// Length in bits.
    Bit(length: Option<u32>) = bit_string::bit_string::<true>(),
    /// The greatest length in bits.
    Varbit(length: Option<u32>) = bit_string::bit_string::<false>(),
    Float4Array = float_array::float_array::<f32>(),
    Float8Array = float_array::float_array::<f64>(),
    Int2Array = smallint_array::SMALLINT_ARRAY,
    /// An array whose elements have another type of this list, which is not an array type.
    Array(element: Box<ColumnType>) = array::ARRAY,
    /// An array of any other elements: sent as text.
    OtherArray = left_to_server::OTHER_ARRAY,
    /// pgvector's `vector`. Its length is in [`TargetColumn::dimension`](crate::types::target::TargetColumn::dimension).
    Vector = vector::VECTOR,
    HalfVec = vector::HALFVEC,
    SparseVec = sparse_vector::SPARSEVEC,
    /// Any other type: sent as text, and the server decides.
    Other = left_to_server::OTHER,
}

impl ColumnType {
    /// How values of a source type enter the column.
    pub(crate) fn fit(&self, source: &DataType, encoding: Option<VectorEncoding>) -> Fit {
        match (source, self.fit_of_type(source, encoding)) {
            // A constant NULL has a binary form in every column. Whether the row is sent as text depends on its other values.
            (DataType::Null, Fit::Never) => Fit::Binary,
            (_, fit) => fit,
        }
    }

    /// Whether the type was made for vectors, or is an array type that can hold vectors.
    #[inline]
    pub(crate) fn holds_vectors(&self) -> bool {
        self.vector().is_some()
    }

    /// Whether it is one of pgvector's types.
    pub(crate) fn is_vector_type(&self) -> bool {
        self.vector().is_some_and(|vector| vector.is_vector_type)
    }

    /// Whether each value that both types take has the same key image in both. Then the rows stay in their shards when a
    /// key column is altered from one type to the other.
    pub(crate) fn has_images_of(&self, other: &ColumnType) -> bool {
        self == other || self.key().family.is_some() && self.key().family == other.key().family
    }
}

#[cfg(test)]
mod tests;
