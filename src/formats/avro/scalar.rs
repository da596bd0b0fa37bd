//! Decimals, times and timestamps from the bytes and counts that Avro has for them.

use bumpalo::Bump;

use super::plan::DecimalPlan;
use super::schema::AvroTimeUnit;
use crate::types::java::decimal;
use crate::types::value::{Decimal, Value};

/// A number of more digits than the column's is NULL: Flink's rule. `None`: no number.
#[inline]
pub fn decimal<'a>(bytes: &[u8], plan: &DecimalPlan, arena: &'a Bump) -> Option<Value<'a>> {
    let first = *bytes.first()?;
    let sign = if first < 0x80 { 0 } else { 0xff };
    // Bytes in front that only repeat the sign say nothing.
    let (extra, bytes) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut all = [sign; 16];
    all[16 - bytes.len()..].copy_from_slice(bytes);
    let unscaled = i128::from_be_bytes(all);
    let is_whole = extra.iter().all(|byte| *byte == sign) && (unscaled < 0) == (sign != 0);
    let scaled = || {
        // No number of at most 38 digits has more of them behind the point than that, but for zeros.
        let written = Decimal { unscaled, scale: u8::try_from(plan.written_scale).ok().filter(|scale| *scale <= 38)? };
        decimal::rescale(written, plan.precision, plan.scale)
    };
    let value = if is_whole { scaled() } else { None };
    Some(value.map_or(Value::Null, |value| Value::Decimal(arena.alloc(value))))
}

/// `None`: the time is not within a day.
#[inline]
pub fn time(count: i64, unit: AvroTimeUnit) -> Option<Value<'static>> {
    let nanos = match unit {
        AvroTimeUnit::Millis => 1_000_000,
        AvroTimeUnit::Micros => 1_000,
        AvroTimeUnit::Nanos => 1,
    };
    let value = count.checked_mul(nanos)?;
    (0..86_400_000_000_000).contains(&value).then_some(Value::Time(value))
}

/// Seconds and nanoseconds.
#[inline]
pub fn timestamp(count: i64, unit: AvroTimeUnit) -> (i64, u32) {
    let (per_second, nanos) = match unit {
        AvroTimeUnit::Millis => (1_000, 1_000_000),
        AvroTimeUnit::Micros => (1_000_000, 1_000),
        AvroTimeUnit::Nanos => (1_000_000_000, 1),
    };
    // The remainder is less than a second's.
    (count.div_euclid(per_second), count.rem_euclid(per_second) as u32 * nanos)
}
