//! float2, IEEE 754's binary16, which halfvec stores. Numbers are converted many at a time: the processor has instructions
//! for that.

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

/// How many numbers are converted at once.
pub const CHUNK: usize = 64;
/// The exponent of infinities and NaN.
const INFINITE: u16 = 0x7c00;

/// Turns big-endian float4 into float2 at the start of the same bytes. Numbers are rounded to the nearest one, a half to
/// the even one. Returns whether all of them stayed finite.
pub fn narrow(bytes: &mut [u8]) -> bool {
    let (mut singles, mut halves) = ([0.0; CHUNK], [f16::ZERO; CHUNK]);
    let (count, mut largest) = (bytes.len() / 4, 0);
    for start in (0..count).step_by(CHUNK) {
        let length = CHUNK.min(count - start);
        let (singles, halves) = (&mut singles[..length], &mut halves[..length]);
        for (single, number) in singles.iter_mut().zip(bytes[4 * start..].as_chunks::<4>().0) {
            *single = f32::from_be_bytes(*number);
        }
        halves.convert_from_f32_slice(singles);
        for (half, number) in halves.iter().zip(bytes[2 * start..].as_chunks_mut::<2>().0) {
            largest = largest.max(half.to_bits() & INFINITE);
            *number = half.to_be_bytes();
        }
    }
    largest < INFINITE
}

/// Calls `each` with the numbers that the bits of float2 stand for, at most [`CHUNK`] at a time.
#[inline]
pub fn widen(halves: &[u16], mut each: impl FnMut(&[f32])) {
    let mut singles = [0.0; CHUNK];
    for halves in halves.chunks(CHUNK) {
        let singles = &mut singles[..halves.len()];
        halves.reinterpret_cast::<f16>().convert_to_f32_slice(singles);
        each(singles);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_f32(number: f32) -> u16 {
        let mut bytes = number.to_be_bytes();
        narrow(&mut bytes);
        u16::from_be_bytes([bytes[0], bytes[1]])
    }

    fn to_f32(half: u16) -> f32 {
        let mut number = f32::NAN;
        widen(&[half], |numbers| number = numbers[0]);
        number
    }

    /// The value according to the definition of the format.
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
    fn numbers_are_rounded_to_the_nearest_float2_and_a_half_to_even() {
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
    fn numbers_that_are_too_large_become_infinity() {
        assert_eq!(from_f32(65_519.99), 0x7bff);
        assert_eq!(from_f32(65_520.0), INFINITE);
        assert_eq!(from_f32(-1e30), INFINITE | 0x8000);
        assert_eq!(from_f32(f32::INFINITY), INFINITE);
        assert!(!narrow(&mut 65_520_f32.to_be_bytes()));
    }

    #[test]
    fn numbers_of_several_chunks_keep_their_order() {
        let numbers: Vec<u16> = (0..200).map(|number| f16::from_f32(number as f32).to_bits()).collect();
        let mut singles = Vec::new();
        widen(&numbers, |chunk| singles.extend_from_slice(chunk));
        assert_eq!(singles, (0..200).map(|number| number as f32).collect::<Vec<_>>());
        let mut bytes: Vec<u8> = singles.iter().flat_map(|number| number.to_be_bytes()).collect();
        assert!(narrow(&mut bytes));
        assert_eq!(bytes[..400], numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>());
    }

    #[test]
    fn halves_are_read_exactly() {
        let known = [
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x0001, 2f32.powi(-24)),
            (0x03ff, 1023.0 * 2f32.powi(-24)),
            (0x0400, 2f32.powi(-14)),
            (0x3555, 0.333_251_95),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ];
        for (bits, number) in known {
            assert_eq!(to_f32(bits).to_bits(), f32::to_bits(number), "{bits:04x}");
        }
        assert!(to_f32(0x7e00).is_nan());
    }
}
