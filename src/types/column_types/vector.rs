//! pgvector's vector and halfvec.

use half::f16;

use super::facets::*;
use super::field::{self, counted};
use crate::types::number::{self, Number};
use crate::types::refusal::sqlstate;
use crate::types::vectors::dimension::{check_finite, check_length, no_dimensions};
use crate::types::vectors::element::Bare;
use crate::types::vectors::float2;
use crate::types::vectors::input::Input;
use crate::types::vectors::normalize::normalize;

/// pgvector stores at most this many dimensions.
const MOST_DIMENSIONS: usize = 16_000;

pub(super) const VECTOR: Facets<()> = Facets {
    catalog: CatalogName::Extension { name: "vector" },
    modifier: |_| Some(()),
    natural_source: |_| DataType::Array(Box::new(DataType::Float)),
    fit: |_, source, encoding| Fit::of_vector(source, encoding),
    takes: |_| TAKES_VECTOR,
    encode: |_, context, value, out| counted(out, |out| vector(value, context, out)),
    most_bytes,
    print: |_, bytes, out| list(bytes.get(4..).unwrap_or_default().chunks_exact(4), number::print::<f32>, out),
    key: Key { images: KeyImages::Unknown, family: None },
    key_image: no_image,
    is_bare_element: false,
    brackets: Some(*b"[]"),
    vector: Some(VectorColumn { is_vector_type: true, last_choice: false, stored_bytes: Some(4) }),
};

pub(super) const HALFVEC: Facets<()> = Facets {
    catalog: CatalogName::Extension { name: "halfvec" },
    encode: |_, context, value, out| counted(out, |out| halfvec(value, context, out)),
    // `halfvec` writes float4 numbers first.
    most_bytes: VECTOR.most_bytes,
    print: |_, bytes, out| list(bytes.get(4..).unwrap_or_default().chunks_exact(2), print_half, out),
    vector: Some(VectorColumn { is_vector_type: true, last_choice: false, stored_bytes: Some(2) }),
    ..VECTOR
};

/// An element has four bytes.
fn most_bytes(value: &Value<'_>) -> usize {
    match value {
        Value::Vector(elements) => 4 * elements.len(),
        // The shortest element in a text is a digit and a comma, and becomes four bytes.
        Value::Text(text) => 2 * text.len(),
        value => room::any(value),
    }
}

/// The binary form of `vector`: the length, a reserved word, then float4 numbers without their own lengths.
fn vector(value: &Value<'_>, context: EncodeContext<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    dense(value, context, "vector", out)
}

/// The binary form of `halfvec`: the same with float2 numbers.
fn halfvec(value: &Value<'_>, context: EncodeContext<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let elements = out.len() + 4;
    dense(value, context, "halfvec", out)?;
    if !float2::narrow(&mut out[elements..]) {
        let reason = "an element is out of range for halfvec (-65504 to 65504)";
        return Err(EncodeError::reject(sqlstate::OUT_OF_RANGE, reason));
    }
    out.truncate(elements + (out.len() - elements) / 2);
    Ok(())
}

fn dense(value: &Value<'_>, context: EncodeContext<'_>, type_name: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let input = Input::of(value, context.vectors.encoding)?;
    let count = input.count();
    check_length(count, context.dimension)?;
    if count == 0 {
        return Err(no_dimensions());
    }
    if count > MOST_DIMENSIONS {
        let reason = format!("the vector has {count} dimensions, {type_name} stores at most {MOST_DIMENSIONS}");
        return Err(EncodeError::reject(sqlstate::TOO_BIG, reason));
    }
    out.extend_from_slice(&(count as u16).to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    let start = out.len();
    let contents = input.write::<Bare>(out)?;
    if contents.nulls > 0 {
        let reason = format!("the vector has {} NULL elements, the type {type_name} takes none", contents.nulls);
        return Err(EncodeError::reject(sqlstate::MALFORMED, reason));
    }
    check_finite(&contents, &format_args!("the type {type_name}"))?;
    if context.vectors.normalize {
        normalize::<Bare>(&mut out[start..], &contents)?;
    }
    Ok(())
}

fn list<'b>(elements: impl Iterator<Item = &'b [u8]>, print: impl Fn(&[u8], &mut Vec<u8>), out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, element) in elements.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        print(element, out);
    }
    out.push(b']');
}

fn print_half(bytes: &[u8], out: &mut Vec<u8>) {
    f16::from_bits(field::integer(bytes) as u16).to_f32().print(out);
}
