//! Floats → float2, IEEE 754's binary16, which halfvec stores.

const INFINITY: u16 = 0x7c00;

/// Rounds to the nearest, a half to even; what is too large becomes an infinity.
#[inline(always)]
pub fn from_f32(number: f32) -> u16 {
    /// Its last place is that of float2's subnormal numbers: adding it rounds them.
    const HALF: f32 = 0.5;
    const SMALLEST_NORMAL: u32 = (127 - 14) << 23;
    const LARGEST: u32 = 0x477f_efff;
    let bits = number.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let subnormal = (f32::from_bits(magnitude) + HALF).to_bits().wrapping_sub(HALF.to_bits());
    let odd = (magnitude >> 13) & 1;
    let normal = magnitude.wrapping_add(0xfff + odd).wrapping_sub(112 << 23) >> 13;
    let rounded = if magnitude < SMALLEST_NORMAL { subnormal } else { normal };
    let special = if magnitude > 0x7f80_0000 { INFINITY | 0x200 } else { INFINITY };
    let half = if magnitude > LARGEST { special } else { rounded as u16 };
    half | ((bits >> 16) & 0x8000) as u16
}

/// Turns big-endian float4 into float2 at the start of the same bytes. Whether all of them stayed finite.
pub fn narrow(bytes: &mut [u8]) -> bool {
    let mut largest = 0;
    for at in 0..bytes.len() / 4 {
        let number = f32::from_be_bytes([bytes[4 * at], bytes[4 * at + 1], bytes[4 * at + 2], bytes[4 * at + 3]]);
        let half = from_f32(number);
        largest = largest.max(half & INFINITY);
        bytes[2 * at..2 * at + 2].copy_from_slice(&half.to_be_bytes());
    }
    largest < INFINITY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::value::half as to_f32;

    /// The value by the definition of the format.
    fn defined(half: u16) -> f64 {
        let (exponent, fraction) = (i32::from(half >> 10 & 0x1f), f64::from(half & 0x3ff));
        let magnitude = match exponent {
            0 => fraction * 2_f64.powi(-24),
            31 if fraction == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
        };
        if half & 0x8000 == 0 { magnitude } else { -magnitude }
    }

    #[test]
    fn every_float2_is_the_float4_of_its_definition_and_comes_back() {
        for half in 0..=u16::MAX {
            let number = to_f32(half);
            if defined(half).is_nan() {
                assert!(number.is_nan() && to_f32(from_f32(number)).is_nan());
            } else {
                assert_eq!(f64::from(number), defined(half), "{half:#x}");
                assert_eq!(from_f32(number), half, "{half:#x}");
            }
        }
    }

    #[test]
    fn what_lies_between_two_is_rounded_to_the_nearer_one_and_a_half_to_even() {
        for half in 0..0x7bff_u16 {
            let (low, high) = (defined(half), defined(half + 1));
            let middle = ((low + high) / 2.0) as f32;
            assert_eq!(from_f32(middle), half + half % 2, "{half:#x}");
            assert_eq!(from_f32(middle.next_down()), half, "{half:#x}");
            assert_eq!(from_f32(middle.next_up()), half + 1, "{half:#x}");
            assert_eq!(from_f32(-middle.next_up()), (half + 1) | 0x8000, "{half:#x}");
        }
    }

    #[test]
    fn what_is_too_large_is_an_infinity() {
        assert_eq!(from_f32(65_519.99), 0x7bff);
        assert_eq!(from_f32(65_520.0), INFINITY);
        assert_eq!(from_f32(-1e30), INFINITY | 0x8000);
        assert_eq!(from_f32(f32::INFINITY), INFINITY);
        assert!(!narrow(&mut 65_520_f32.to_be_bytes()));
    }
}
