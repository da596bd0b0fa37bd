//! Types whose values are sent as text: only the server can tell what they mean.

use super::facets::*;

pub(super) const OTHER: Facets<()> = Facets {
    catalog: CatalogName::Where(|_| true),
    modifier: |_| Some(()),
    natural_source: |_| DataType::STRING,
    fit: |_, source, _| text_if(!source.is_nested()),
    takes: |_| TAKES_STRING,
    encode: |_, _, _, _| Err(EncodeError::AsText),
    most_bytes: room::any,
    print: |_, _, _| {},
    key: Key { images: KeyImages::Unknown, family: None },
    key_image: no_image,
    is_bare_element: false,
    brackets: None,
    vector: None,
};

/// Types without a binary receive function.
pub(super) const TEXT_ONLY: Facets<()> = Facets { catalog: CatalogName::Where(|of| !of.has_receive), ..OTHER };

pub(super) const COMPOSITE: Facets<()> = Facets {
    catalog: CatalogName::Where(|of| of.class == 'c'),
    fit: |_, source, _| text_if(source.is_text() || matches!(source, DataType::Row(_))),
    takes: |_| "it takes ROW and STRING",
    ..OTHER
};

/// An array whose elements are not encoded here.
pub(super) const OTHER_ARRAY: Facets<()> = Facets {
    catalog: CatalogName::Where(|of| of.is_array),
    fit: |_, source, _| text_if(source.is_text() || matches!(source, DataType::Array(_))),
    takes: |_| TAKES_ARRAY,
    brackets: Some(*b"{}"),
    ..OTHER
};

fn text_if(fits: bool) -> Fit {
    if fits { Fit::Text } else { Fit::Never }
}
