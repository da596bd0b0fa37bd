//! pgvector's sparsevec. It is made from dense vectors, whose zeros are dropped, and from its own text form
//! `{1:0.5,7:2}/10`.

use super::facets::*;
use super::field::{self, counted};
use crate::types::number;
use crate::types::refusal::{excerpt, sqlstate};
use crate::types::text::scalar;
use crate::types::vectors::dimension::{check_length, no_dimensions};
use crate::types::vectors::element::{Bare, Contents};
use crate::types::vectors::input::Input;
use crate::types::vectors::normalize::normalize;

pub(super) const SPARSEVEC: Facets<()> = Facets {
    catalog: CatalogName::Extension { name: "sparsevec" },
    modifier: |_| Some(()),
    natural_source: |_| DataType::Array(Box::new(DataType::Float)),
    fit: |_, source, encoding| Fit::of_vector(source, encoding),
    takes: |_| TAKES_VECTOR,
    encode: |_, context, value, out| {
        counted(out, |out| match value {
            Value::Text(text) if is_literal(text) => literal(text, context, out),
            value => from_dense(&Input::of(value, context.vectors.encoding)?, context, out),
        })
    },
    most_bytes: |value| match value {
        // The elements are written as float4 numbers first, then the index and the number of each element behind them.
        Value::Vector(elements) => 12 * elements.len(),
        value => room::any(value),
    },
    print: |_, bytes, out| print(bytes, out),
    key: Key { images: KeyImages::Unknown, family: None },
    key_image: no_image,
    is_bare_element: false,
    brackets: None,
    vector: Some(VectorColumn { is_vector_type: true, last_choice: false, stored_bytes: None }),
};

fn print(bytes: &[u8], out: &mut Vec<u8>) {
    let word = |at: usize| bytes.get(4 * at..4 * at + 4).map_or(0, field::integer);
    let (dimensions, count) = (word(0), word(1) as usize);
    out.push(b'{');
    for at in 0..count {
        let comma = if at > 0 { "," } else { "" };
        scalar::display(format_args!("{comma}{}:", word(3 + at) + 1), out);
        let value = 4 * (3 + count + at);
        number::print::<f32>(bytes.get(value..value + 4).unwrap_or_default(), out);
    }
    scalar::display(format_args!("}}/{dimensions}"), out);
}

/// pgvector stores at most this many elements.
const MOST_ELEMENTS: usize = 16_000;
const MOST_DIMENSIONS: usize = 1_000_000_000;
/// Dimensions, elements, and a reserved word.
const HEADER: usize = 12;

/// Whether a text is written as a sparse vector.
fn is_literal(text: &str) -> bool {
    let text = text.trim_ascii();
    text.starts_with('{') && !text.ends_with('}') && text.contains('/')
}

/// Reads `{index:value,…}/dimensions`; indexes count from 1, in any order.
fn literal(text: &str, context: EncodeContext<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let malformed = || {
        EncodeError::reject(sqlstate::MALFORMED, format!("{} is not a sparse vector: {{1:0.5,7:2}}/10", excerpt(text)))
    };
    let (inside, dimensions) = text.trim_ascii()[1..].rsplit_once('/').ok_or_else(malformed)?;
    let inside = inside.trim_ascii().strip_suffix('}').ok_or_else(malformed)?;
    let dimensions: usize = dimensions.trim_ascii().parse().map_err(|_| malformed())?;
    let start = out.len();
    header(dimensions, context, out)?;
    if !inside.trim_ascii().is_empty() {
        for element in inside.split(',') {
            let (index, value) = element.split_once(':').ok_or_else(malformed)?;
            let index: usize = index.trim_ascii().parse().map_err(|_| malformed())?;
            if !(1..=dimensions).contains(&index) {
                let reason = format!("index {index} is not within 1 to {dimensions}");
                return Err(EncodeError::reject(sqlstate::DATA_EXCEPTION, reason));
            }
            let value: f32 = number::float(&Value::Text(value.trim_ascii()))?;
            if !value.is_finite() {
                return Err(not_finite());
            }
            if value != 0.0 {
                out.extend_from_slice(&(index as u32 - 1).to_be_bytes());
                out.extend_from_slice(&value.to_be_bytes());
            }
        }
    }
    let (pairs, _) = out[start + HEADER..].as_chunks_mut::<8>();
    pairs.sort_unstable_by_key(|pair| u64::from_be_bytes(*pair) >> 32);
    if let Some(two) = pairs.windows(2).find(|two| two[0][..4] == two[1][..4]) {
        let reason = format!("index {} occurs twice", (u64::from_be_bytes(two[0]) >> 32) + 1);
        return Err(EncodeError::reject(sqlstate::DATA_EXCEPTION, reason));
    }
    lay_out(out, start, context, |entries, at| {
        let (index, value) = entries.get(8 * at..8 * at + 8)?.split_at(4);
        Some([index.try_into().ok()?, value.try_into().ok()?])
    })
}

/// Takes the elements of a dense vector.
fn from_dense(input: &Input<'_>, context: EncodeContext<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    header(input.count(), context, out)?;
    let contents = input.write::<Bare>(out)?;
    if contents.nulls > 0 || contents.not_finite {
        return Err(not_finite());
    }
    lay_out(out, start, context, |entries, at| {
        let value: [u8; 4] = entries.get(4 * at..4 * at + 4)?.try_into().ok()?;
        Some([(at as u32).to_be_bytes(), value])
    })
}

fn header(dimensions: usize, context: EncodeContext<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    check_length(dimensions, context.dimension)?;
    if dimensions == 0 {
        return Err(no_dimensions());
    }
    if dimensions > MOST_DIMENSIONS {
        let reason = format!("the vector has {dimensions} dimensions, sparsevec takes at most {MOST_DIMENSIONS}");
        return Err(EncodeError::reject(sqlstate::TOO_BIG, reason));
    }
    for word in [dimensions as u32, 0, 0] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    Ok(())
}

fn not_finite() -> EncodeError {
    EncodeError::reject(sqlstate::DATA_EXCEPTION, "the vector has NULL, NaN or Infinity elements, sparsevec takes none")
}

/// The entries whose values aren't zero are written after the header again: first all indexes, then all values.
fn lay_out(
    out: &mut Vec<u8>,
    start: usize,
    context: EncodeContext<'_>,
    entry: impl Fn(&[u8], usize) -> Option<[[u8; 4]; 2]>,
) -> Result<(), EncodeError> {
    let (from, to) = (start + HEADER, out.len());
    let is_zero = |value: [u8; 4]| f32::from_be_bytes(value) == 0.0;
    for part in 0..2 {
        let mut at = 0;
        while let Some(entry) = entry(&out[from..to], at) {
            if !is_zero(entry[1]) {
                out.extend_from_slice(&entry[part]);
            }
            at += 1;
        }
    }
    out.drain(from..to);
    let elements = (out.len() - from) / 8;
    if elements > MOST_ELEMENTS {
        let reason =
            format!("the vector has {elements} elements that aren't zero, sparsevec stores at most {MOST_ELEMENTS}");
        return Err(EncodeError::reject(sqlstate::TOO_BIG, reason));
    }
    out[start + 4..start + 8].copy_from_slice(&(elements as u32).to_be_bytes());
    if context.vectors.normalize {
        normalize::<Bare>(&mut out[from + 4 * elements..], &Contents::default())?;
    }
    Ok(())
}
