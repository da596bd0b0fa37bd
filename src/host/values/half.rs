//! 16-bit floats of the crate half.

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::{Scratch, ToValue};
use crate::types::value::{Value, Vector};

impl ToValue for f16 {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Float(self.to_f32())
    }
}

impl ToValue for [f16] {
    fn to_value<'a>(&'a self, _: &'a Scratch) -> Value<'a> {
        Value::Vector(Vector::Half(self.reinterpret_cast()))
    }
}
