//! smallint[], which serves as a vector on ADBPG.

use super::facets::*;
use super::field::counted;
use super::float_array::{self, ARRAY_HEADER};
use super::{ColumnType, array, array_text};
use crate::types::refusal::sqlstate;
use crate::types::text::shown::shown;
use crate::types::vectors::dimension::check_length;
use crate::types::vectors::element::{ElementSlot, Sized8};

pub(super) const SMALLINT_ARRAY: Facets<()> = Facets {
    catalog: CatalogName::BuiltIn { name: "_int2", oid: 1005 },
    modifier: |_| Some(()),
    natural_source: |_| DataType::Array(Box::new(DataType::SmallInt)),
    fit: |_, source, encoding| array::fit(&ColumnType::Int2, source).unwrap_or(Fit::of_packed(source, encoding)),
    takes: |_| TAKES_ARRAY,
    encode: |_, context, value, out| {
        counted(out, |out| match value {
            Value::Array(elements) => {
                check_length(elements.len(), context.dimension)?;
                array::nested(&ColumnType::Int2, context, elements, out)
            }
            // In these values whole numbers may be written like floats: `[1.0,2.0]`.
            value => from_floats(value, context, out),
        })
    },
    most_bytes: room::any,
    print: |_, bytes, out| array_text::print(&ColumnType::Int2, bytes, out),
    key: Key { images: KeyImages::Unknown, family: None },
    key_image: no_image,
    is_bare_element: false,
    brackets: Some(*b"{}"),
    vector: Some(VectorColumn { is_vector_type: false, last_choice: true, stored_bytes: None }),
};

/// Encodes whole numbers, even if they are written like floats. They aren't normalized, because nearly all of them would
/// become 0.
fn from_floats(value: &Value<'_>, context: EncodeContext<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    const OID: u32 = 21;
    let start = out.len();
    float_array::array::<Sized8>(value, context, false, out)?;
    out[start + 8..start + 12].copy_from_slice(&OID.to_be_bytes());
    // The elements are converted in place: a smallint takes less room than a float8.
    let (mut from, mut to) = (start + ARRAY_HEADER, start + ARRAY_HEADER);
    while let Some(&length) = out.get(from..).and_then(|rest| rest.first_chunk::<4>()) {
        let is_null = i32::from_be_bytes(length) < 0;
        if is_null {
            out[to..to + 4].copy_from_slice(&length);
            to += 4;
        } else {
            let number = out.get(from..from + Sized8::WIDTH).and_then(Sized8::get).unwrap_or(f64::NAN);
            if number.fract() != 0.0 || !(-32_768.0..=32_767.0).contains(&number) {
                let number = shown(&Value::Double(number));
                let reason = format!("element {number} is not a whole number within -32768 to 32767");
                return Err(EncodeError::reject(sqlstate::OUT_OF_RANGE, reason));
            }
            out[to..to + 4].copy_from_slice(&2_u32.to_be_bytes());
            out[to + 4..to + 6].copy_from_slice(&(number as i16).to_be_bytes());
            to += 6;
        }
        from += if is_null { 4 } else { Sized8::WIDTH };
    }
    // An empty array is shorter than the header of an array with elements.
    if from > start + ARRAY_HEADER {
        out.truncate(to);
    }
    Ok(())
}
