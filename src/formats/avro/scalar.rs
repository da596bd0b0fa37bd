//! Makes decimals, times and timestamps of Avro's bytes and counts.

use bumpalo::Bump;

use super::plan::DecimalPlan;
use super::schema::AvroTimeUnit;
use crate::types::java::decimal;
use crate::types::value::{Decimal, Value};

/// A decimal. If it has more digits than the column, it is NULL, as in Flink. `None`: the bytes are not a number.
#[inline]
pub fn decimal<'a>(bytes: &[u8], plan: &DecimalPlan, arena: &'a Bump) -> Option<Value<'a>> {
    let first = *bytes.first()?;
    let sign = if first < 0x80 { 0 } else { 0xff };
    // Leading bytes that only repeat the sign are left out.
    let (extra, bytes) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut all = [sign; 16];
    all[16 - bytes.len()..].copy_from_slice(bytes);
    let unscaled = i128::from_be_bytes(all);
    let is_whole = extra.iter().all(|byte| *byte == sign) && (unscaled < 0) == (sign != 0);
    let scaled = || {
        // A number with more than 38 digits after the point has only zeros there or more than 38 digits.
        let written = Decimal { unscaled, scale: u8::try_from(plan.written_scale).ok().filter(|scale| *scale <= 38)? };
        decimal::rescale(written, plan.precision, plan.scale)
    };
    let value = if is_whole { scaled() } else { None };
    Some(value.map_or(Value::Null, |value| Value::Decimal(arena.alloc(value))))
}

/// A time of day. `None`: it is not within a day.
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
    // The remainder is less than a second.
    (count.div_euclid(per_second), count.rem_euclid(per_second) as u32 * nanos)
}
