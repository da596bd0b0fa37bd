//! The key image: equal for rows that the database would take for the same key.

use super::refusal::{EncodeError, sqlstate};
use super::{bytes, column, print, scalar, string};
use crate::types::target::{ColumnKind, TargetColumn};
use crate::types::value::Value;

/// The length that stands for NULL.
const NULL: [u8; 4] = [0xFF; 4];

/// Appends one key column: its length in four bytes and the value as the column will store it. `canonical`: a text that
/// only the server can read is refused, for it may spell another row's key.
pub(super) fn image(
    column: &TargetColumn,
    value: &Value<'_>,
    canonical: bool,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.extend_from_slice(&NULL);
    if value.is_null() {
        return column::check_null(column);
    }
    match stored(column, value, out) {
        // Only the server knows what it will store: the text has to do.
        Err(EncodeError::AsText) if canonical => {
            let reason =
                format!("a key of type {} can't be told from this value; push it in that type", column.type_name);
            return Err(EncodeError::reject(sqlstate::MALFORMED, reason));
        }
        Err(EncodeError::AsText) => {
            out.truncate(start + NULL.len());
            print::print(value, &column.source, out)?;
        }
        result => result?,
    }
    let length = (out.len() - start - NULL.len()) as u32;
    out[start..start + NULL.len()].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn stored(column: &TargetColumn, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    use ColumnKind as Kind;
    let source = &column.source;
    let number = match column.kind {
        Kind::Int2 => column::int2(value)?,
        Kind::Int4 => column::int4(value)?,
        Kind::Int8 => column::int8(value)?,
        Kind::Date => scalar::date(value)?.into(),
        Kind::Time(precision) => scalar::time(value, precision)?,
        Kind::Timestamp(precision) => scalar::timestamp(value, precision)?,
        Kind::TimestampTz(precision) => scalar::timestamptz(value, precision)?,
        Kind::Bool => {
            out.push(scalar::boolean(value)?.into());
            return Ok(());
        }
        Kind::Float4 => {
            let value: f32 = scalar::float(value)?;
            // Adding 0 makes +0 of −0.
            let value = if value.is_nan() { f32::NAN } else { value + 0.0 };
            out.extend_from_slice(&value.to_be_bytes());
            return Ok(());
        }
        Kind::Float8 => {
            let value: f64 = scalar::float(value)?;
            let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
            out.extend_from_slice(&value.to_be_bytes());
            return Ok(());
        }
        Kind::Numeric(modifier) => {
            match scalar::numeric(value, modifier)? {
                Some(number) => number.write_plain(out),
                None => out.extend_from_slice(b"NaN"),
            }
            return Ok(());
        }
        Kind::Text => return string::write(value, source, None, out),
        Kind::Varchar(limit) => return string::write(value, source, limit, out),
        Kind::Char(limit) => {
            let start = out.len();
            string::write(value, source, Some(limit), out)?;
            let blanks = out[start..].iter().rev().take_while(|&&byte| byte == b' ').count();
            out.truncate(out.len() - blanks);
            return Ok(());
        }
        Kind::Uuid => {
            out.extend_from_slice(&bytes::uuid(value)?);
            return Ok(());
        }
        Kind::Bytea => return bytes::bytea(value, out),
        Kind::Enum => return bytes::label(value, out),
        // Lists of what makes a key equal end here: rows with such keys keep their order by being in one shard.
        _ => return Err(EncodeError::AsText),
    };
    out.extend_from_slice(&number.to_be_bytes());
    Ok(())
}
