//! The frame of a value in a binary row: its length in four bytes, then its bytes. Also the head of an array in such a row.

use super::ColumnType;
use crate::types::refusal::{EncodeError, sqlstate};

/// The length that stands for NULL.
pub(crate) const NULL: [u8; 4] = (-1_i32).to_be_bytes();
/// The server takes no field over a gigabyte.
const MOST_BYTES: usize = (1 << 30) - 1;

/// Appends the length and the bytes.
#[inline(always)]
pub(super) fn fixed<const N: usize>(bytes: [u8; N], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let mut whole = [0; 12];
    whole[3] = N as u8;
    whole[4..4 + N].copy_from_slice(&bytes);
    out.extend_from_slice(&whole[..4 + N]);
    Ok(())
}

/// Appends bytes without their length, as a key image has them.
pub(super) fn put(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    out.extend_from_slice(bytes);
    Ok(())
}

/// Lets `write` append the bytes, and puts their length before them.
#[inline(always)]
pub(super) fn counted(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
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

/// Appends the head of an array's binary form: number of dimensions, has-nulls flag, element type, then length and lower bound of each
/// dimension. The elements with their lengths follow.
pub(super) fn array_head(element: &ColumnType, dimensions: &[usize], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let oid = element.oid().ok_or(EncodeError::AsText)?;
    for word in [dimensions.len() as u32, 0, oid] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    for length in dimensions {
        out.extend_from_slice(&(*length as u32).to_be_bytes());
        out.extend_from_slice(&1_u32.to_be_bytes());
    }
    Ok(())
}

/// Reads a signed number of up to eight bytes. The highest byte is the first.
pub(super) fn integer(bytes: &[u8]) -> i64 {
    let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { u64::MAX } else { 0 };
    bytes.iter().fold(sign, |bits, byte| bits << 8 | u64::from(*byte)).cast_signed()
}
