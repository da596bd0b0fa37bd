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

/// The numbers that `run` reads from a list, and the place where it stops. Both are the same when the numbers are read one
/// by one.
fn list<F: Float + std::fmt::Debug>(text: &str, at: usize) -> (Vec<F>, usize) {
    let (mut numbers, mut slow) = (Vec::new(), Vec::new());
    let (count, end) = run(text.as_bytes(), at, |number: F| numbers.push(number));
    let slowly = run::one_by_one(text.as_bytes(), at, |number: F| slow.push(number));
    assert_eq!((count, end, &numbers), (slowly.0, slowly.1, &slow), "{text}");
    assert_eq!(count, numbers.len());
    (numbers, end)
}

#[test]
fn a_list_is_read_up_to_its_first_unusual_element() {
    let usual = "0.25,-1.5, 0.75, -0.125,0.0625,1.75,0.5,";
    let numbers = [0.25, -1.5, 0.75, -0.125, 0.0625, 1.75, 0.5];
    let many = usual.repeat(30);
    assert_eq!(list::<f32>(&many, 0), (numbers.repeat(30), many.len()));
    for odd in ["null", "\"0.5\"", "0.5 ", "  0.5", "0.5.5", "--0.5", "-", "", " ", ".5", "5.", "0x1.5", "+0.5"] {
        let text = format!("{many}{odd},0.5,");
        let (read, end) = list::<f32>(&text, 0);
        assert_eq!((read.len(), end), (7 * 30, many.len()), "{odd}");
    }
}

#[test]
fn every_form_of_a_number_is_read_except_a_zero_before_digits() {
    let text = "0.25,12.5,-123.75,1234567890.12345,7,1e-3, -2.5E+2,0.30000000000000004,00.5,";
    let numbers = [0.25, 12.5, -123.75, 1_234_567_890.123_45, 7.0, 1e-3, -250.0];
    assert_eq!(list::<f64>(text, 0).0[..7], numbers);
    assert_eq!(
        list::<f32>(text, 0).0,
        numbers.map(|number| number as f32).into_iter().chain([0.3]).collect::<Vec<_>>()
    );
    assert_eq!(list::<f32>(text, 0).1, text.len() - 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn a_list_of_numbers_reads_as_each_of_them(
        before in "[ -9]{0,20}",
        elements in prop::collection::vec((prop::sample::select(vec!["", " "]), "-?[0-9]{1,3}(\\.[0-9]{0,20})?(e-?[0-9])?"), 0..40),
    ) {
        let texts = || elements.iter().map(|(_, text)| text);
        let list_text: String = elements.iter().map(|(blank, text)| format!("{blank}{text},")).collect();
        let text = format!("{before}{list_text}");
        let (singles, end) = list::<f32>(&text, before.len());
        for (number, text) in singles.iter().zip(texts()) {
            prop_assert_eq!(number.to_bits(), text.parse::<f32>().unwrap().to_bits(), "{}", text);
        }
        let (doubles, _) = list::<f64>(&text, before.len());
        for (number, text) in doubles.iter().zip(texts()) {
            prop_assert_eq!(number.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{}", text);
        }
        let taken: usize = elements.iter().take(singles.len()).map(|(blank, text)| blank.len() + text.len() + 1).sum();
        prop_assert_eq!(end, before.len() + taken);
    }

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
