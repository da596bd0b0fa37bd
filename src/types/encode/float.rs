//! float4 and float8: what a column of floats needs of f32 and f64.

use super::print;
use crate::types::float::Float;

/// float4 or float8.
pub(super) trait Number: Float {
    const NAME: &'static str;
    const OID: u32;

    fn parse(text: &str) -> Option<Self>;
    fn from_int(value: i64) -> Self;
    fn from_double(value: f64) -> Self;
    fn from_single(value: f32) -> Self;
    fn to_double(self) -> f64;
    fn is_finite(self) -> bool;
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// Appends the shortest text that reads back.
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
        print::float(self, 6, out);
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
        print::float(self, 15, out);
    }
}
