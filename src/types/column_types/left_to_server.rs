//! Types whose values are sent as text: only the server can tell what they mean.

use std::marker::PhantomData;

use super::facets::*;

/// A column of one of these sorts of types.
pub(super) struct LeftToServer<S>(PhantomData<S>);

/// What the sorts differ in.
pub(super) trait Sort {
    const CATALOG: Catalog;
    /// Whether the text of a source type's values means something to the server.
    fn reads(source: &DataType) -> bool;
    const TAKES: &'static str;
    const BRACKETS: Option<[u8; 2]>;
}

/// A row type.
pub(super) struct Composite;
/// An array whose elements are not encoded here.
pub(super) struct OtherArray;
pub(super) struct Other;
/// Without a binary receive function.
pub(super) struct TextOnly;

impl Sort for Composite {
    const CATALOG: Catalog = Catalog::Where(|of| of.class == 'c');
    fn reads(source: &DataType) -> bool {
        source.is_text() || matches!(source, DataType::Row(_))
    }
    const TAKES: &'static str = "it takes ROW and STRING";
    const BRACKETS: Option<[u8; 2]> = None;
}

impl Sort for OtherArray {
    const CATALOG: Catalog = Catalog::Where(|of| of.is_array);
    fn reads(source: &DataType) -> bool {
        source.is_text() || matches!(source, DataType::Array(_))
    }
    const TAKES: &'static str = TAKES_ARRAY;
    const BRACKETS: Option<[u8; 2]> = Some(*b"{}");
}

impl Sort for Other {
    const CATALOG: Catalog = Catalog::Where(|_| true);
    fn reads(source: &DataType) -> bool {
        !source.is_nested()
    }
    const TAKES: &'static str = TAKES_STRING;
    const BRACKETS: Option<[u8; 2]> = None;
}

impl Sort for TextOnly {
    const CATALOG: Catalog = Catalog::Where(|of| !of.has_receive);
    fn reads(source: &DataType) -> bool {
        !source.is_nested()
    }
    const TAKES: &'static str = TAKES_STRING;
    const BRACKETS: Option<[u8; 2]> = None;
}

impl<S: Sort> Facets for LeftToServer<S> {
    type Modifier = ();

    const CATALOG: Catalog = S::CATALOG;
    fn modifier(_: &CatalogType) -> Option<()> {
        Some(())
    }

    fn natural_source((): &()) -> DataType {
        DataType::STRING
    }
    fn fit((): &(), source: &DataType, _: Option<VectorEncoding>) -> Fit {
        if S::reads(source) { Fit::Text } else { Fit::Never }
    }
    fn takes(_: &DataType) -> &'static str {
        S::TAKES
    }

    fn encode((): &(), _: Context<'_>, _: &Value<'_>, _: &mut Vec<u8>) -> Result<(), EncodeError> {
        Err(EncodeError::AsText)
    }
    fn most_bytes(value: &Value<'_>) -> usize {
        room::any(value)
    }
    fn print((): &(), _: &[u8], _: &mut Vec<u8>) {}

    const KEY: Key = Key { images: KeyImages::Unknown, family: None };
    fn key_image((): &(), _: &DataType, _: &Value<'_>, _: &mut Vec<u8>) -> Result<(), EncodeError> {
        Err(EncodeError::AsText)
    }

    const IS_BARE_ELEMENT: bool = false;
    const BRACKETS: Option<[u8; 2]> = S::BRACKETS;
    const VECTOR: Option<VectorColumn> = None;
}
