//! Turns values into floats: everything that columns of floats and vectors need of f32 and f64.

use std::io::Write;

use crate::types::float::{self, Float};
use crate::types::refusal::{EncodeError, excerpt, sqlstate};
use crate::types::text::scalar;
use crate::types::text::shown::shown;
use crate::types::value::{Decimal, Value};

/// float4 or float8.
pub trait Number: Float {
    const NAME: &'static str;
    const OID: u32;

    fn parse(text: &str) -> Option<Self>;
    fn from_int(value: i64) -> Self;
    fn from_double(value: f64) -> Self;
    fn from_single(value: f32) -> Self;
    fn to_double(self) -> f64;
    fn is_finite(self) -> bool;
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// Appends the shortest text that is read as the same number.
    fn print(self, out: &mut Vec<u8>);
}

impl Number for f32 {
    const NAME: &'static str = "float4";
    const OID: u32 = 700;

    fn parse(text: &str) -> Option<f32> {
        text.parse().ok()
    }

    fn from_int(value: i64) -> f32 {
        value as f32
    }

    fn from_double(value: f64) -> f32 {
        value as f32
    }

    #[inline(always)]
    fn from_single(value: f32) -> f32 {
        value
    }

    #[inline(always)]
    fn to_double(self) -> f64 {
        self.into()
    }

    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }

    fn from_bytes(bytes: &[u8]) -> Option<f32> {
        bytes.try_into().ok().map(f32::from_be_bytes)
    }

    fn print(self, out: &mut Vec<u8>) {
        scalar::float(self, 6, out);
    }
}

impl Number for f64 {
    const NAME: &'static str = "float8";
    const OID: u32 = 701;

    fn parse(text: &str) -> Option<f64> {
        text.parse().ok()
    }

    fn from_int(value: i64) -> f64 {
        value as f64
    }

    fn from_double(value: f64) -> f64 {
        value
    }

    #[inline(always)]
    fn from_single(value: f32) -> f64 {
        value.into()
    }

    #[inline(always)]
    fn to_double(self) -> f64 {
        self
    }

    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }

    fn from_bytes(bytes: &[u8]) -> Option<f64> {
        bytes.try_into().ok().map(f64::from_be_bytes)
    }

    fn print(self, out: &mut Vec<u8>) {
        scalar::float(self, 15, out);
    }
}

/// Prints the number that `bytes` hold.
pub fn print<N: Number>(bytes: &[u8], out: &mut Vec<u8>) {
    if let Some(value) = N::from_bytes(bytes) {
        value.print(out);
    }
}

/// The value as float4 or float8. A number that is too small for float4 becomes 0, as it would in Flink's FLOAT.
pub fn float<N: Number>(value: &Value<'_>) -> Result<N, EncodeError> {
    match *value {
        Value::Int(value) => Ok(N::from_int(value)),
        Value::Float(value) => Ok(N::from_double(f64::from(value))),
        Value::Double(value) => {
            let number = N::from_double(value);
            if number.is_finite() || !value.is_finite() {
                Ok(number)
            } else {
                Err(overflow::<N>(shown(&Value::Double(value))))
            }
        }
        Value::Decimal(value) => with_decimal_text(value, parse_float),
        Value::Text(text) => parse_float(text),
        _ => Err(EncodeError::AsText),
    }
}

fn parse_float<N: Number>(text: &str) -> Result<N, EncodeError> {
    if let Some(scanned) = float::scan(text.as_bytes())
        && scanned.length == text.len()
        && let Some(number) = N::nearest(&scanned)
    {
        return Ok(number);
    }
    let number = N::parse(text).ok_or(EncodeError::AsText)?;
    // `Infinity` is a value. But a number whose digits give infinity is too large.
    if number.is_finite() || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        Ok(number)
    } else {
        Err(overflow::<N>(excerpt(text)))
    }
}

pub fn overflow<N: Number>(value: String) -> EncodeError {
    EncodeError::reject(sqlstate::OUT_OF_RANGE, format!("{value} is out of range for {}", N::NAME))
}

/// Calls `read` with the decimal's plain digits, which need no allocation.
pub fn with_decimal_text<T>(
    value: &Decimal,
    read: impl FnOnce(&str) -> Result<T, EncodeError>,
) -> Result<T, EncodeError> {
    let mut digits = [0; 400];
    let mut rest = &mut digits[..];
    let sign = if value.unscaled < 0 { "-" } else { "" };
    let magnitude = value.unscaled.unsigned_abs();
    let scale = u32::from(value.scale);
    let written = match 10_u128.checked_pow(scale) {
        Some(_) if scale == 0 => write!(rest, "{sign}{magnitude}"),
        Some(unit) => {
            write!(rest, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit, width = scale as usize)
        }
        None => write!(rest, "{sign}0.{magnitude:0width$}", width = scale as usize),
    };
    let length = 400 - rest.len();
    written.map_err(|_| EncodeError::AsText)?;
    read(std::str::from_utf8(&digits[..length]).map_err(|_| EncodeError::AsText)?)
}

/// Calls `read` with the shortest plain digits of a float. There are at most about 340.
pub fn with_display<T>(
    value: impl std::fmt::Display,
    read: impl FnOnce(&str) -> Result<T, EncodeError>,
) -> Result<T, EncodeError> {
    let mut digits = [0; 400];
    let mut rest = &mut digits[..];
    let written = write!(rest, "{value}");
    let length = 400 - rest.len();
    written.map_err(|_| EncodeError::AsText)?;
    read(std::str::from_utf8(&digits[..length]).map_err(|_| EncodeError::AsText)?)
}
