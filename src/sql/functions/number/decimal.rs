//! Arithmetic of DECIMALs as Java's `BigDecimal` does it, rounded half up into the result's type.

use bumpalo::Bump;
use ethnum::{I256, U256};

use super::operation::Operation;
use crate::types::data_type::DataType;
use crate::types::value::{Decimal, Value};

/// A quotient is computed to this many digits before it is rounded.
const QUOTIENT_DIGITS: u32 = 38;

/// The result of an operation. `Err`: division by zero. `None`: it has more digits than the type, so it is NULL in Flink.
pub fn binary(
    operation: Operation,
    left: Decimal,
    right: Decimal,
    precision: u8,
    scale: u8,
) -> Result<Option<Decimal>, ()> {
    let (left_wide, right_wide) = (I256::from(left.unscaled), I256::from(right.unscaled));
    // Both numbers are brought to the same scale. An I256 has room for 38 digits and 38 more.
    let common = left.scale.max(right.scale);
    let aligned =
        || (left_wide * power(u32::from(common - left.scale)), right_wide * power(u32::from(common - right.scale)));
    let (unscaled, unscaled_scale) = match operation {
        Operation::Add => (aligned().0 + aligned().1, i32::from(common)),
        Operation::Subtract => (aligned().0 - aligned().1, i32::from(common)),
        Operation::Multiply => (left_wide * right_wide, i32::from(left.scale) + i32::from(right.scale)),
        Operation::Divide | Operation::Remainder if right.unscaled == 0 => return Err(()),
        Operation::Remainder => (aligned().0 % aligned().1, i32::from(common)),
        Operation::Divide => quotient(left, right),
    };
    Ok(fit(unscaled, unscaled_scale, precision, scale, true))
}

fn power(digits: u32) -> I256 {
    I256::from(10).pow(digits)
}

/// The first 38 digits of the quotient, and its scale.
fn quotient(left: Decimal, right: Decimal) -> (I256, i32) {
    let (dividend, divisor) = (left.unscaled.unsigned_abs(), right.unscaled.unsigned_abs());
    if dividend == 0 {
        return (I256::ZERO, 0);
    }
    let digits = |value: u128| value.ilog10() + 1;
    let more = QUOTIENT_DIGITS + digits(divisor) - digits(dividend);
    let widened = U256::from(dividend) * U256::from(10_u8).pow(more);
    let divisor = U256::from(divisor);
    let (mut result, rest) = (widened / divisor, widened % divisor);
    let mut scale = more as i32 + i32::from(left.scale) - i32::from(right.scale);
    if result >= U256::from(10_u8).pow(QUOTIENT_DIGITS) {
        // There is one digit too many. It decides how the number is rounded, whatever the digits after it are.
        let last = result % 10;
        result = result / 10 + U256::from(last >= 5);
        scale -= 1;
    } else if rest * 2 >= divisor {
        result += 1;
    }
    let result = result.as_i256();
    (if (left.unscaled < 0) == (right.unscaled < 0) { result } else { -result }, scale)
}

/// The number `unscaled / 10^from` with `scale` digits after the point, rounded half up or cut.
pub fn fit(unscaled: I256, from: i32, precision: u8, scale: u8, rounds: bool) -> Option<Decimal> {
    let more = i32::from(scale) - from;
    let fitted = match u32::try_from(more) {
        Ok(more) => unscaled.checked_mul(power_within(more)?)?,
        Err(_) => match power_within(more.unsigned_abs()) {
            Some(divisor) => {
                let (quotient, rest) = (unscaled / divisor, unscaled % divisor);
                if rounds && rest.abs() * 2 >= divisor { quotient + unscaled.signum() } else { quotient }
            }
            None => I256::ZERO,
        },
    };
    (fitted.abs() < power(u32::from(precision))).then(|| Decimal { unscaled: fitted.as_i128(), scale })
}

fn power_within(digits: u32) -> Option<I256> {
    (digits <= 76).then(|| power(digits))
}

pub fn value_or_null(value: Option<Decimal>, arena: &Bump) -> Value<'_> {
    value.map_or(Value::Null, |value| Value::Decimal(arena.alloc(value)))
}

/// The precision and scale of a DECIMAL.
pub fn digits(data_type: &DataType) -> (u8, u8) {
    match data_type {
        DataType::Decimal { precision, scale } => (*precision, *scale),
        _ => (38, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(unscaled: i128, scale: u8) -> Decimal {
        Decimal { unscaled, scale }
    }

    fn divide(left: Decimal, right: Decimal, precision: u8, scale: u8) -> Option<i128> {
        binary(Operation::Divide, left, right, precision, scale).unwrap().map(|value| value.unscaled)
    }

    #[test]
    fn a_quotient_is_rounded_half_up() {
        assert_eq!(divide(decimal(1, 0), decimal(3, 0), 38, 6), Some(333_333));
        assert_eq!(divide(decimal(2, 0), decimal(-3, 0), 38, 6), Some(-666_667));
        assert_eq!(divide(decimal(1, 0), decimal(8, 0), 38, 2), Some(13));
        assert_eq!(divide(decimal(0, 2), decimal(8, 0), 38, 2), Some(0));
        let most = 10_i128.pow(38) - 1;
        assert_eq!(divide(decimal(most, 0), decimal(most, 0), 38, 6), Some(1_000_000));
        assert_eq!(divide(decimal(most, 0), decimal(1, 38), 38, 6), None);
        assert_eq!(divide(decimal(1, 38), decimal(most, 0), 38, 6), Some(0));
        assert_eq!(divide(decimal(most, 0), decimal(most, 38), 38, 0), None);
    }

    #[test]
    fn a_product_is_exact_even_if_it_has_76_digits_before_it_is_rounded() {
        let most = 10_i128.pow(38) - 1;
        let product = binary(Operation::Multiply, decimal(most, 38), decimal(most, 38), 38, 6).unwrap();
        assert_eq!(product, Some(decimal(1_000_000, 6)));
        assert_eq!(binary(Operation::Multiply, decimal(most, 0), decimal(2, 0), 38, 0), Ok(None));
    }

    #[test]
    fn sums_and_remainders_have_the_larger_scale() {
        let result = |operation| binary(operation, decimal(-75, 1), decimal(200, 2), 38, 2).unwrap().unwrap().unscaled;
        assert_eq!(result(Operation::Add), -550);
        assert_eq!(result(Operation::Subtract), -950);
        assert_eq!(result(Operation::Remainder), -150);
        assert_eq!(binary(Operation::Remainder, decimal(1, 0), decimal(0, 2), 38, 2), Err(()));
    }
}
