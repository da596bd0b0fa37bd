//! Arrays of any element type, with one dimension or several.

use super::facets::*;
use super::field::{NULL, array_head, counted};
use super::{ColumnType, array_text};
use crate::types::refusal::sqlstate;
use crate::types::vectors::dimension::check_length;

/// The modifier is the element type.
pub(super) const ARRAY: Facets<Box<ColumnType>> = Facets {
    catalog: CatalogName::Where(|of| of.is_array),
    modifier: |of| {
        // The bytes of an array name the element type by its oid.
        of.element().map(|element| Box::new(ColumnType::of(&element))).filter(|element| element.oid().is_some())
    },
    natural_source: |element| DataType::Array(Box::new(element.natural_source())),
    fit: |element, source, _| fit(element, source).unwrap_or(Fit::binary_if(source.is_text())),
    takes: |_| TAKES_ARRAY,
    encode: |element, context, value, out| {
        counted(out, |out| match *value {
            Value::Array(elements) => {
                check_length(elements.len(), context.dimension)?;
                nested(element, context, elements, out)
            }
            Value::Text(text) => array_text::read(element, context, text, out),
            _ => Err(EncodeError::AsText),
        })
    },
    most_bytes: room::any,
    print: |element, bytes, out| array_text::print(element, bytes, out),
    key: Key { images: KeyImages::Unknown, family: None },
    key_image: no_image,
    is_bare_element: false,
    brackets: Some(*b"{}"),
    vector: None,
};

const MOST_DIMENSIONS: usize = 6;

/// How an ARRAY enters an array of `element`, of one dimension or several. `None`: the source is no ARRAY.
pub(super) fn fit(element: &ColumnType, source: &DataType) -> Option<Fit> {
    let DataType::Array(leaf) = source else { return None };
    let mut leaf = &**leaf;
    while let DataType::Array(inner) = leaf {
        leaf = inner;
    }
    Some(element.fit(leaf, None))
}

pub(super) fn nested(
    element: &ColumnType,
    context: EncodeContext<'_>,
    elements: &[Value<'_>],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let mut dimensions = [0; MOST_DIMENSIONS];
    let (mut depth, mut level, mut source) = (0, elements, context.source);
    loop {
        *dimensions.get_mut(depth).ok_or(EncodeError::AsText)? = level.len();
        depth += 1;
        if let DataType::Array(inner) = source {
            source = inner;
        }
        match level.first() {
            Some(Value::Array(inner)) => level = inner,
            // The meaning of an empty part depends on the server's version.
            None if depth > 1 => return Err(EncodeError::AsText),
            _ => break,
        }
    }
    // An empty array has no dimensions.
    let dimensions = if elements.is_empty() { &[] } else { &dimensions[..depth] };
    let start = out.len();
    array_head(element, dimensions, out)?;
    let context = EncodeContext { source, dimension: None, ..context };
    if parts(element, context, elements, dimensions, out)? {
        out[start + 7] = 1;
    }
    Ok(())
}

/// Writes the elements below one dimension. Returns whether one of them is NULL.
fn parts(
    element: &ColumnType,
    context: EncodeContext<'_>,
    values: &[Value<'_>],
    dimensions: &[usize],
    out: &mut Vec<u8>,
) -> Result<bool, EncodeError> {
    let mut nulls = false;
    let is_leaf = dimensions.len() < 2;
    for value in values {
        match value {
            Value::Array(inner) if !is_leaf && inner.len() == dimensions[1] => {
                nulls |= parts(element, context, inner, &dimensions[1..], out)?;
            }
            Value::Null if is_leaf => {
                out.extend_from_slice(&NULL);
                nulls = true;
            }
            value if is_leaf && !matches!(value, Value::Array(_)) => element.encode(context, value, out)?,
            _ => {
                let reason = "the parts of an array of several dimensions must be arrays of one length";
                return Err(EncodeError::reject(sqlstate::MALFORMED, reason));
            }
        }
    }
    Ok(nulls)
}
