use proptest::prelude::*;

use super::*;

fn read<F: Float>(text: &str) -> Option<F> {
    let scanned = scan(text.as_bytes())?;
    assert_eq!(scanned.length, text.len(), "{text}");
    F::nearest(&scanned)
}

fn quick(text: &str) -> Option<f32> {
    let (value, length) = f32::quick(format!("{text},{}", ",".repeat(18)).as_bytes())?;
    assert_eq!(length, text.len(), "{text}");
    Some(value)
}

fn same32(text: &str) {
    if text.bytes().all(|byte| byte != b'e')
        && let Some(value) = quick(text)
    {
        assert_eq!(value.to_bits(), text.parse::<f32>().unwrap().to_bits(), "{text}");
    }
    if let Some(value) = read::<f32>(text) {
        assert_eq!(value.to_bits(), text.parse::<f32>().unwrap().to_bits(), "{text}");
    }
}

fn same64(text: &str) {
    if let Some(value) = read::<f64>(text) {
        assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }
}

#[test]
fn usual_numbers_take_the_fast_path() {
    for text in ["0.1", "-0.25", "1", "12.5", "0.049671415", "0.049671415239572525", "-0", "1.5e-5", "1e+3", "7.0E-5"] {
        assert_eq!(read::<f32>(text).unwrap().to_bits(), text.parse::<f32>().unwrap().to_bits(), "{text}");
    }
}

#[test]
fn one_digit_and_a_fraction_is_the_quickest() {
    for text in [
        "0.1",
        "-0.25",
        "9.999999999999999",
        "0.0",
        "-0.0",
        "0.049671415",
        "1.12345678",
        "0.123456789012345",
        "0.04967141523957252",
        "-0.0496714152395725201",
    ] {
        assert_eq!(quick(text).unwrap().to_bits(), text.parse::<f32>().unwrap().to_bits(), "{text}");
    }
    for text in ["1", "12.5", "0.", "-.5", "0.00000123456789012345", "1.000000059604645", "0.123456789012345678901234"]
    {
        assert!(quick(text).is_none(), "{text}");
    }
}

#[test]
fn a_number_half_way_between_two_floats_is_left_to_std() {
    assert!(read::<f32>("16777217").is_none());
    assert!(read::<f32>("1.00000005960464477539").is_none());
}

#[test]
fn numbers_beyond_the_range_are_left_to_std() {
    for text in ["1e39", "1e-50", "1e-40", "340282350000000000000e18"] {
        assert!(read::<f32>(text).is_none(), "{text}");
    }
}

#[test]
fn only_the_number_is_read() {
    assert_eq!(scan(b"0.5,7").unwrap().length, 3);
    assert_eq!(scan(b"0.5\xff\xff\xff").unwrap().length, 3);
    assert_eq!(scan(b"0.5:/").unwrap().length, 3);
    for text in ["", "-", ".", "x", "1.", "1e", "+1"] {
        assert!(scan(text.as_bytes()).is_none(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn the_shortest_print_of_any_float_reads_back(bits: u32, bits64: u64) {
        let (single, double) = (f32::from_bits(bits), f64::from_bits(bits64));
        if single.is_finite() && double.is_finite() {
            for text in [format!("{single}"), format!("{single:e}"), format!("{:.7}", single), format!("{double:e}")] {
                same32(&text);
                same64(&text);
            }
        }
    }

    #[test]
    fn any_decimal_is_rounded_correctly(whole in 0u64..100_000, fraction in "[0-9]{1,24}", one in 0u8..10, short in "[0-9]{1,22}", power in -30i32..30) {
        for text in [format!("{whole}.{fraction}"), format!("-{whole}.{fraction}e{power}")] {
            same32(&text);
            same64(&text);
        }
        same32(&format!("{one}.{short}"));
        same32(&format!("-{one}.{short}"));
    }

    #[test]
    fn decimals_next_to_half_way_are_rounded_correctly(bits in 0x3000_0000u32..0x4f00_0000, nudge in -2i64..3) {
        let half = (f64::from(f32::from_bits(bits)) + f64::from(f32::from_bits(bits + 1))) / 2.0;
        let near = f64::from_bits((half.to_bits() as i64 + nudge) as u64);
        same32(&format!("{near}"));
        for digits in 0..18 {
            same32(&format!("{near:.digits$}"));
        }
    }
}
