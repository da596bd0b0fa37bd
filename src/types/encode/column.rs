//! One column: which form a value takes in it.

use super::refusal::{EncodeError, sqlstate};
use super::{VectorOptions, array, bytes, json, scalar, string, vector};
use crate::types::data_type::DataType;
use crate::types::target::{ColumnKind, Dimension, TargetColumn};
use crate::types::value::Value;

const NULL: [u8; 4] = (-1_i32).to_be_bytes();
/// The server takes no field over a gigabyte.
const MOST_BYTES: usize = (1 << 30) - 1;

/// What an encoder has to know besides a value and the kind of its column.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    pub source: &'c DataType,
    pub dimension: Option<&'c Dimension>,
    pub vectors: VectorOptions,
}

/// Appends one field of a binary row: its length and its bytes. On `Err` what was appended is to be thrown away.
#[inline]
pub(super) fn field(
    column: &TargetColumn,
    vectors: VectorOptions,
    value: &Value<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    if value.is_null() {
        check_null(column)?;
        out.extend_from_slice(&NULL);
        return Ok(());
    }
    let context = Context { source: &column.source, dimension: column.dimension.as_ref(), vectors };
    sized(&column.kind, context, value, out)
}

/// Appends a value that isn't NULL, with its length before it: a field of a row, or an element of an array.
#[inline]
pub(super) fn sized(
    kind: &ColumnKind,
    context: Context<'_>,
    value: &Value<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    use ColumnKind as Kind;
    let source = context.source;
    match kind {
        Kind::Bool => out.extend_from_slice(&[0, 0, 0, 1, u8::from(scalar::boolean(value)?)]),
        Kind::Int2 => fixed((int2(value)? as i16).to_be_bytes(), out),
        Kind::Int4 => fixed((int4(value)? as i32).to_be_bytes(), out),
        Kind::Int8 => fixed(int8(value)?.to_be_bytes(), out),
        Kind::Float4 => fixed(scalar::scalar_float::<f32>(value)?.to_be_bytes(), out),
        Kind::Float8 => fixed(scalar::scalar_float::<f64>(value)?.to_be_bytes(), out),
        Kind::Date => fixed(scalar::date(value)?.to_be_bytes(), out),
        Kind::Time(precision) => fixed(scalar::time(value, *precision)?.to_be_bytes(), out),
        Kind::Timestamp(precision) => fixed(scalar::timestamp(value, *precision)?.to_be_bytes(), out),
        Kind::TimestampTz(precision) => fixed(scalar::timestamptz(value, *precision)?.to_be_bytes(), out),
        Kind::Numeric(modifier) => {
            let number = scalar::numeric(value, *modifier)?;
            return counted(out, |out| {
                scalar::write_numeric(number, out);
                Ok(())
            });
        }
        Kind::Text => return counted(out, |out| string::write(value, source, None, out)),
        Kind::Varchar(limit) => return counted(out, |out| string::write(value, source, *limit, out)),
        Kind::Char(limit) => return counted(out, |out| string::write(value, source, Some(*limit), out)),
        Kind::Bytea => return counted(out, |out| bytes::bytea(value, out)),
        Kind::Uuid => {
            out.extend_from_slice(&16_u32.to_be_bytes());
            out.extend_from_slice(&bytes::uuid(value)?);
        }
        Kind::Json => return counted(out, |out| document(value, source, out)),
        Kind::Jsonb => {
            return counted(out, |out| {
                out.push(1); // the version of the format
                document(value, source, out)
            });
        }
        Kind::Enum => return counted(out, |out| bytes::label(value, out)),
        Kind::Bit(limit) => return counted(out, |out| bytes::bits(value, *limit, true, out)),
        Kind::Varbit(limit) => return counted(out, |out| bytes::bits(value, *limit, false, out)),
        Kind::Float4Array => return counted(out, |out| vector::float4_array(value, context, out)),
        Kind::Float8Array => return counted(out, |out| vector::float8_array(value, context, out)),
        Kind::Array(element) => return counted(out, |out| array::write(element, context, value, out)),
        Kind::Vector => return counted(out, |out| vector::vector(value, context, out)),
        Kind::HalfVec => return counted(out, |out| vector::halfvec(value, context, out)),
        Kind::SparseVec => return counted(out, |out| vector::sparsevec(value, context, out)),
        Kind::Composite | Kind::OtherArray | Kind::Other | Kind::TextOnly => return Err(EncodeError::AsText),
    }
    Ok(())
}

/// Text is a document already; the server looks whether it is one.
fn document(value: &Value<'_>, source: &DataType, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match value {
        Value::Text(text) => {
            string::check_nul(text)?;
            out.extend_from_slice(text.as_bytes());
            Ok(())
        }
        value => json::write(value, source, out),
    }
}

pub(super) fn check_null(column: &TargetColumn) -> Result<(), EncodeError> {
    if column.not_null {
        return Err(EncodeError::reject(sqlstate::NOT_NULL, "the value is NULL, the column is NOT NULL"));
    }
    Ok(())
}

pub(super) fn int2(value: &Value<'_>) -> Result<i64, EncodeError> {
    scalar::integer(value, i16::MIN.into(), i16::MAX.into(), "smallint")
}

pub(super) fn int4(value: &Value<'_>) -> Result<i64, EncodeError> {
    scalar::integer(value, i32::MIN.into(), i32::MAX.into(), "integer")
}

pub(super) fn int8(value: &Value<'_>) -> Result<i64, EncodeError> {
    scalar::integer(value, i64::MIN, i64::MAX, "bigint")
}

/// Length and bytes in one go.
#[inline(always)]
fn fixed<const N: usize>(bytes: [u8; N], out: &mut Vec<u8>) {
    let mut whole = [0; 12];
    whole[3] = N as u8;
    whole[4..4 + N].copy_from_slice(&bytes);
    out.extend_from_slice(&whole[..4 + N]);
}

/// Lets `write` append the bytes and puts their length before them.
#[inline(always)]
fn counted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) -> Result<(), EncodeError> {
    let start = out.len();
    out.extend_from_slice(&NULL);
    write(out)?;
    let length = out.len() - start - NULL.len();
    if length > MOST_BYTES {
        let reason = format!("the value takes {length} bytes, PostgreSQL stores at most {MOST_BYTES}");
        return Err(EncodeError::reject(sqlstate::TOO_BIG, reason));
    }
    out[start..start + NULL.len()].copy_from_slice(&(length as u32).to_be_bytes());
    Ok(())
}
