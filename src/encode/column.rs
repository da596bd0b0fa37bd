//! One column: which form a value takes in it.

use super::refusal::{Refusal, sqlstate};
use super::{scalar, string, vector};
use crate::data_type::DataType;
use crate::target::{ColumnKind, TargetColumn};
use crate::value::Value;

const NULL: [u8; 4] = (-1_i32).to_be_bytes();
/// The server takes no field over a gigabyte.
const MOST_BYTES: usize = (1 << 30) - 1;

/// Appends one field of a binary row: its length and its bytes. On `Err` what was appended is to be thrown away.
#[inline]
pub(super) fn field(column: &TargetColumn, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    use ColumnKind as Kind;
    if value.is_null() {
        check_null(column)?;
        out.extend_from_slice(&NULL);
        return Ok(());
    }
    match column.kind {
        Kind::Bool => out.extend_from_slice(&[0, 0, 0, 1, u8::from(scalar::boolean(value)?)]),
        Kind::Int2 => fixed((int2(value)? as i16).to_be_bytes(), out),
        Kind::Int4 => fixed((int4(value)? as i32).to_be_bytes(), out),
        Kind::Int8 => fixed(int8(value)?.to_be_bytes(), out),
        Kind::Float4 => fixed(scalar::scalar_float::<f32>(value)?.to_be_bytes(), out),
        Kind::Float8 => fixed(scalar::scalar_float::<f64>(value)?.to_be_bytes(), out),
        Kind::Date => fixed(scalar::date(value)?.to_be_bytes(), out),
        Kind::Time(precision) => fixed(scalar::time(value, precision)?.to_be_bytes(), out),
        Kind::Timestamp(precision) => fixed(scalar::timestamp(value, precision)?.to_be_bytes(), out),
        Kind::TimestampTz(precision) => fixed(scalar::timestamptz(value, precision)?.to_be_bytes(), out),
        Kind::Numeric(modifier) => {
            let number = scalar::numeric(value, modifier)?;
            return counted(out, |out| {
                scalar::write_numeric(number, out);
                Ok(())
            });
        }
        Kind::Text => return counted(out, |out| string::write(value, None, out)),
        Kind::Varchar(limit) => return counted(out, |out| string::write(value, limit, out)),
        Kind::Char(limit) => return counted(out, |out| string::write(value, Some(limit), out)),
        Kind::Float4Array => {
            return counted(out, |out| vector::float4_array(value, column.dimension.as_ref(), out));
        }
        Kind::Float8Array => {
            return counted(out, |out| vector::float8_array(value, column.dimension.as_ref(), out));
        }
        Kind::Vector => return counted(out, |out| vector::vector(value, column.dimension.as_ref(), out)),
        Kind::Other => return Err(Refusal::AsText),
    }
    Ok(())
}

pub(super) fn check_null(column: &TargetColumn) -> Result<(), Refusal> {
    if column.not_null {
        return Err(Refusal::reject(sqlstate::NOT_NULL, "the value is NULL, the column is NOT NULL"));
    }
    Ok(())
}

pub(super) fn int2(value: &Value<'_>) -> Result<i64, Refusal> {
    scalar::integer(value, i16::MIN.into(), i16::MAX.into(), "smallint")
}

pub(super) fn int4(value: &Value<'_>) -> Result<i64, Refusal> {
    scalar::integer(value, i32::MIN.into(), i32::MAX.into(), "integer")
}

pub(super) fn int8(value: &Value<'_>) -> Result<i64, Refusal> {
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
fn counted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let start = out.len();
    out.extend_from_slice(&NULL);
    write(out)?;
    let length = out.len() - start - NULL.len();
    if length > MOST_BYTES {
        let reason = format!("the value takes {length} bytes, PostgreSQL stores at most {MOST_BYTES}");
        return Err(Refusal::reject(sqlstate::TOO_BIG, reason));
    }
    out[start..start + NULL.len()].copy_from_slice(&(length as u32).to_be_bytes());
    Ok(())
}

/// Whether values of `source` have, as a rule, a binary form in a column of `kind`.
pub(super) fn has_binary(kind: &ColumnKind, source: &DataType) -> bool {
    use ColumnKind as Kind;
    let text = source.is_text() || *source == DataType::Null;
    match kind {
        Kind::Other => false,
        Kind::Bool => text || *source == DataType::Boolean,
        Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Numeric(_) => {
            text || source.is_numeric()
        }
        Kind::Text | Kind::Varchar(_) | Kind::Char(_) => true,
        Kind::Date => text || matches!(source, DataType::Date | DataType::Timestamp { .. }),
        Kind::Time(_) => text || matches!(source, DataType::Time { .. }),
        Kind::Timestamp(_) => {
            text || matches!(source, DataType::Date | DataType::Timestamp { .. } | DataType::TimestampLtz { .. })
        }
        Kind::TimestampTz(_) => text || matches!(source, DataType::TimestampLtz { .. }),
        Kind::Float4Array | Kind::Float8Array | Kind::Vector => match source {
            DataType::Array(element) => element.is_numeric() || element.is_text() || **element == DataType::Null,
            _ => text,
        },
    }
}
