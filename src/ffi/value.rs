//! One value of a row.

use std::ffi::c_void;
use std::fmt::Display;

use bumpalo::Bump;

use super::call_error::CallError;
use super::memory::{slice, utf8};
use crate::types::value::{Decimal, Value, Vector};

/// The type of a value, VECSINK_NULL to VECSINK_ARRAY. It says which member of `as` holds the value.
pub type vecsink_type = i32;

/// NULL of any type. `as` is not used.
pub const VECSINK_NULL: vecsink_type = 0;
/// as.i64: 0 or 1.
pub const VECSINK_BOOL: vecsink_type = 1;
/// as.i64. For any integer or numeric column into which the number fits.
pub const VECSINK_I64: vecsink_type = 2;
/// as.f64, a number of single precision.
pub const VECSINK_F32: vecsink_type = 3;
/// as.f64, a number of double precision.
pub const VECSINK_F64: vecsink_type = 4;
/// as.span: UTF-8, length in bytes.
pub const VECSINK_STR: vecsink_type = 5;
/// as.span: length in bytes.
pub const VECSINK_BYTES: vecsink_type = 6;
/// as.decimal: the number without its decimal point, two's complement of 128 bits, at most 38 digits; extra: digits after the point.
pub const VECSINK_DECIMAL: vecsink_type = 7;
/// as.i64: days since 1970-01-01.
pub const VECSINK_DATE: vecsink_type = 8;
/// as.i64: nanoseconds since midnight.
pub const VECSINK_TIME: vecsink_type = 9;
/// A date and time without a zone. as.i64: seconds since 1970-01-01 00:00:00; extra: nanoseconds.
pub const VECSINK_TIMESTAMP: vecsink_type = 10;
/// An instant. as.i64: seconds since 1970-01-01 00:00:00 UTC; extra: nanoseconds.
pub const VECSINK_INSTANT: vecsink_type = 11;
/// as.span: float[], length in elements.
pub const VECSINK_VECTOR_F32: vecsink_type = 12;
/// as.span: double[], length in elements.
pub const VECSINK_VECTOR_F64: vecsink_type = 13;
/// as.span: uint16_t[] of IEEE half precision, length in elements.
pub const VECSINK_VECTOR_F16: vecsink_type = 14;
/// as.span: vecsink_value[], length in elements.
pub const VECSINK_ARRAY: vecsink_type = 15;

/// Memory of the host, borrowed during the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct vecsink_span {
    pub data: *const c_void,
    pub length: usize,
}

/// A number of 128 bits: high * 2^64 + low.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct vecsink_decimal {
    pub high: i64,
    pub low: u64,
}

/// The content of a value; its type says which member is used.
#[repr(C)]
#[derive(Clone, Copy)]
pub union vecsink_value_as {
    pub i64: i64,
    pub f64: f64,
    pub span: vecsink_span,
    pub decimal: vecsink_decimal,
}

/// One value. The functions at the end of this header make values.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct vecsink_value {
    pub r#type: vecsink_type,
    /// Digits after the decimal point, or nanoseconds; not used for other types.
    pub extra: u32,
    pub r#as: vecsink_value_as,
}

/// PostgreSQL stores no larger value, so a larger length is a mistake of the host.
const LARGEST: usize = 1 << 30;
/// PostgreSQL's arrays have six dimensions at most.
const DEEPEST: u32 = 6;
/// The most elements in all arrays of a row together. This bounds the work for an array that contains itself.
const MOST_ELEMENTS: usize = 1 << 24;

/// Reads the values of one row.
pub struct ValueReader<'a> {
    arena: &'a Bump,
    elements_left: usize,
}

impl<'a> ValueReader<'a> {
    pub fn new(arena: &'a Bump) -> ValueReader<'a> {
        ValueReader { arena, elements_left: MOST_ELEMENTS }
    }

    /// # Safety
    /// The memory that the value points to is as the value's type says, and stays unchanged for `'a`.
    pub unsafe fn read(&mut self, value: &vecsink_value, what: &dyn Display) -> Result<Value<'a>, CallError> {
        // SAFETY: as the caller promises.
        unsafe { self.nested(value, what, 0) }
    }

    unsafe fn nested(&mut self, value: &vecsink_value, what: &dyn Display, depth: u32) -> Result<Value<'a>, CallError> {
        // SAFETY: every bit pattern is a valid one of each member.
        let (number, real, span, decimal) =
            unsafe { (value.r#as.i64, value.r#as.f64, value.r#as.span, value.r#as.decimal) };
        let nanos = || match value.extra {
            nanos @ 0..1_000_000_000 => Ok(nanos),
            other => Err(CallError::argument(format!("{what}: nanoseconds must be below 1,000,000,000, not {other}"))),
        };
        Ok(match value.r#type {
            VECSINK_NULL => Value::Null,
            VECSINK_BOOL => match number {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                other => return Err(CallError::argument(format!("{what}: a VECSINK_BOOL is 0 or 1, not {other}"))),
            },
            VECSINK_I64 => Value::Int(number),
            VECSINK_F32 => Value::Float(real as f32),
            VECSINK_F64 => Value::Double(real),
            VECSINK_STR => {
                // SAFETY: as the caller promises.
                Value::Text(utf8(unsafe { elements(span, what) }?, what)?)
            }
            // SAFETY: as the caller promises.
            VECSINK_BYTES => Value::Bytes(unsafe { elements(span, what) }?),
            VECSINK_DECIMAL => Value::Decimal(self.arena.alloc(number_of(decimal, value.extra, what)?)),
            VECSINK_DATE => match i32::try_from(number) {
                Ok(days) => Value::Date(days),
                Err(_) => {
                    return Err(CallError::argument(format!(
                        "{what}: {number} days from 1970-01-01 is out of range for a date"
                    )));
                }
            },
            VECSINK_TIME => Value::Time(number),
            VECSINK_TIMESTAMP => Value::Timestamp { seconds: number, nanos: nanos()? },
            VECSINK_INSTANT => Value::Instant { seconds: number, nanos: nanos()? },
            // SAFETY: as the caller promises, for these three.
            VECSINK_VECTOR_F32 => Value::Vector(Vector::Float(unsafe { elements(span, what) }?)),
            VECSINK_VECTOR_F64 => Value::Vector(Vector::Double(unsafe { elements(span, what) }?)),
            VECSINK_VECTOR_F16 => Value::Vector(Vector::Half(unsafe { elements(span, what) }?)),
            VECSINK_ARRAY => {
                // SAFETY: as the caller promises.
                let values: &[vecsink_value] = unsafe { elements(span, what) }?;
                if depth == DEEPEST {
                    return Err(CallError::argument(format!("{what}: arrays have {DEEPEST} dimensions at most")));
                }
                self.elements_left = self.elements_left.checked_sub(values.len()).ok_or_else(|| {
                    CallError::argument(format!("{what}: the arrays of a row have {MOST_ELEMENTS} elements at most"))
                })?;
                let read = self.arena.try_alloc_slice_fill_copy(values.len(), Value::Null);
                let read = read.map_err(|_| CallError::out_of_memory(size_of_val(values)))?;
                for (to, value) in read.iter_mut().zip(values) {
                    // SAFETY: as the caller promises.
                    *to = unsafe { self.nested(value, what, depth + 1) }?;
                }
                Value::Array(read)
            }
            other => return Err(CallError::argument(format!("{what}: {other} is not a vecsink_type"))),
        })
    }
}

unsafe fn elements<'a, T>(span: vecsink_span, what: &dyn Display) -> Result<&'a [T], CallError> {
    if span.length > LARGEST / size_of::<T>() {
        return Err(CallError::argument(format!(
            "{what}: a length of {} is a mistake; PostgreSQL stores no value of more than 1 GB",
            span.length
        )));
    }
    // SAFETY: as the caller promises.
    unsafe { slice(span.data.cast(), span.length, what) }
}

fn number_of(number: vecsink_decimal, scale: u32, what: &dyn Display) -> Result<Decimal, CallError> {
    let unscaled = i128::from(number.high) << 64 | i128::from(number.low);
    match u8::try_from(scale) {
        Ok(scale @ 0..=38) if unscaled.unsigned_abs() < 10_u128.pow(38) => Ok(Decimal { unscaled, scale }),
        _ => Err(CallError::argument(format!(
            "{what}: a VECSINK_DECIMAL has 38 digits at most, before and after the point"
        ))),
    }
}
