//! real[] and double precision[].

use super::facets::*;
use super::field::counted;
use super::{ColumnType, array, array_text, real};
use crate::types::number::Number;
use crate::types::refusal::sqlstate;
use crate::types::vectors::dimension::{check_finite, check_length, no_dimensions};
use crate::types::vectors::element::{ElementSlot, Sized4, Sized8};
use crate::types::vectors::input::Input;
use crate::types::vectors::normalize::normalize;

/// The differences between the arrays of float4 and of float8.
pub(super) trait Element: real::FloatWidth {
    const CATALOG: CatalogName;
    const TYPE: ColumnType;
    type Slot: ElementSlot<Number = Self>;
}

impl Element for f32 {
    const CATALOG: CatalogName = CatalogName::BuiltIn { name: "_float4", oid: 1021 };
    const TYPE: ColumnType = ColumnType::Float4;
    type Slot = Sized4;
}

impl Element for f64 {
    const CATALOG: CatalogName = CatalogName::BuiltIn { name: "_float8", oid: 1022 };
    const TYPE: ColumnType = ColumnType::Float8;
    type Slot = Sized8;
}

/// A column of arrays whose elements are `N`. Arrays of one dimension serve as vectors.
pub(super) const fn float_array<N: Element>() -> Facets<()> {
    Facets {
        catalog: N::CATALOG,
        modifier: |_| Some(()),
        natural_source: |_| DataType::Array(Box::new(N::SOURCE)),
        fit: |_, source, encoding| array::fit(&N::TYPE, source).unwrap_or(Fit::of_packed(source, encoding)),
        takes: |_| TAKES_ARRAY,
        encode: |_, context, value, out| {
            counted(out, |out| match value {
                Value::Array(elements @ [Value::Array(_), ..]) => several(&N::TYPE, context, elements, out),
                value => array::<N::Slot>(value, context, context.vectors.normalize, out),
            })
        },
        most_bytes: |value| match value {
            Value::Vector(elements) => N::Slot::WIDTH * elements.len(),
            value => room::any(value),
        },
        print: |_, bytes, out| array_text::print(&N::TYPE, bytes, out),
        key: Key { images: KeyImages::Unknown, family: None },
        key_image: no_image,
        is_bare_element: false,
        brackets: Some(*b"{}"),
        vector: Some(VectorColumn { is_vector_type: false, last_choice: false, stored_bytes: Some(size_of::<N>()) }),
    }
}

/// The bytes before the first element of an array of one dimension.
pub(super) const ARRAY_HEADER: usize = 20;

/// Writes an array of several dimensions. It isn't a vector, so it is refused where the table requires a vector length.
fn several(
    element: &ColumnType,
    context: EncodeContext<'_>,
    elements: &[Value<'_>],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    if let Some(dimension) = context.dimension {
        let reason = format!("the array has several dimensions, {} requires a vector", dimension.declared_by);
        return Err(EncodeError::reject(sqlstate::DATA_EXCEPTION, reason));
    }
    array::nested(element, context, elements, out)
}

/// The binary form of an array: dimensions, has-nulls flag, element type, then length and lower bound, then elements.
pub(super) fn array<S: ElementSlot>(
    value: &Value<'_>,
    context: EncodeContext<'_>,
    to_length_one: bool,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let dimension = context.dimension;
    let input = Input::of(value, context.vectors.encoding)?;
    let count = input.count();
    check_length(count, dimension)?;
    if count == 0 && (to_length_one || dimension.is_some_and(|dimension| dimension.finite_only)) {
        return Err(no_dimensions());
    }
    let start = out.len();
    let mut header = [0; ARRAY_HEADER];
    header[3] = u8::from(count > 0);
    header[8..12].copy_from_slice(&S::Number::OID.to_be_bytes());
    header[12..16].copy_from_slice(&(count as u32).to_be_bytes());
    header[19] = 1;
    // An empty array has no dimensions.
    out.extend_from_slice(if count > 0 { &header } else { &header[..12] });
    let contents = input.write::<S>(out)?;
    if contents.nulls > 0 {
        out[start + 7] = 1;
    }
    if let Some(dimension) = dimension
        && dimension.finite_only
    {
        check_finite(&contents, &dimension.declared_by)?;
    }
    if to_length_one {
        normalize::<S>(&mut out[start + ARRAY_HEADER..], &contents)?;
    }
    Ok(())
}
