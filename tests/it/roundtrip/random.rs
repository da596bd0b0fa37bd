//! Random values, each with an SQL expression for the same value.

use std::fmt::Write;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use vecsink::internals::types::value::{Decimal, Value};

use super::compare::{Case, literal, text};

/// The seed. It differs in each run; `VECSINK_TEST_SEED` sets it to repeat a run. A failing test prints it.
pub fn seeded() -> StdRng {
    let given = std::env::var("VECSINK_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(rand::random);
    println!("VECSINK_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

pub fn many(case: impl FnMut(&mut StdRng) -> Case) -> Vec<Case> {
    some(&mut seeded(), 1000, case)
}

pub fn some(random: &mut StdRng, count: usize, mut case: impl FnMut(&mut StdRng) -> Case) -> Vec<Case> {
    (0..count).map(|_| case(random)).collect()
}

pub fn one_of<T: Copy>(random: &mut StdRng, choices: &[T]) -> T {
    choices[random.random_range(0..choices.len())]
}

pub fn decimal(unscaled: i128, scale: u8) -> Case {
    let sign = if unscaled < 0 { "-" } else { "" };
    let sql = format!("'{sign}{}e-{scale}'", unscaled.unsigned_abs());
    Case { value: Value::Decimal(Box::leak(Box::new(Decimal { unscaled, scale }))), sql }
}

pub fn int(random: &mut StdRng, bits: u32) -> Case {
    let number = random.random::<i64>() >> (64 - bits);
    Case { value: Value::Int(number), sql: format!("'{number}'") }
}

pub fn float(random: &mut StdRng) -> Case {
    let number = f32::from_bits(random.random());
    let number = if number.is_normal() { number } else { 0.0 };
    Case { value: Value::Float(number), sql: format!("'{number:e}'") }
}

pub fn double(random: &mut StdRng) -> Case {
    let number = f64::from_bits(random.random());
    let number = if number.is_normal() { number } else { -0.0 };
    Case { value: Value::Double(number), sql: format!("'{number:e}'") }
}

/// A number that every numeric type can hold, in steps of 1/8.
pub fn eighths(random: &mut StdRng) -> f32 {
    random.random_range(-800..800) as f32 / 8.0
}

pub fn boolean(random: &mut StdRng) -> Case {
    let value = random.random();
    Case { value: Value::Bool(value), sql: format!("'{value}'") }
}

pub fn word(random: &mut StdRng) -> String {
    const LETTERS: [&str; 16] =
        ["a", "ß", "€", "𝄞", "\t", "\n", "\r", "\\", "'", " ", " ", "N", "\"", "{", ",", "NULL"];
    let length = random.random_range(0..14);
    (0..length).map(|_| one_of(random, &LETTERS)).collect()
}

pub fn bytes(random: &mut StdRng, length: usize) -> Case {
    let bytes: Vec<u8> = (0..length).map(|_| random.random()).collect();
    let sql = format!("'\\x{}'", hex(&bytes));
    Case { value: Value::Bytes(bytes.leak()), sql }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub fn date(random: &mut StdRng) -> Case {
    let days = random.random_range(-800_000..2_000_000);
    Case { value: Value::Date(days), sql: format!("date '1970-01-01' + {days}") }
}

/// A moment of the years 1 to 9999, and its text with nine digits.
pub fn moment(random: &mut StdRng) -> (i64, u32, String) {
    let seconds = random.random_range(-62_135_596_800..253_402_300_799_i64);
    // Halves test the rounding.
    let unit = [1, 500, 500_000, 500_000_000][random.random_range(0..4)];
    let nanos = random.random_range(0..1_000_000_000) / unit * unit;
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // In days, because PostgreSQL 9.6 accepts no interval with so many seconds.
    let clock = format!("timestamp '1970-01-01' + interval '{days} days {second} seconds'");
    let sql = format!("((({clock})::text || '.{nanos:09}'))");
    (seconds, nanos, sql)
}

pub fn uuid(random: &mut StdRng) -> Case {
    let bytes: [u8; 16] = random.random();
    let digits = hex(&bytes);
    let (a, b, c, d, e) = (&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]);
    text(match random.random_range(0..4) {
        0 => format!("{a}-{b}-{c}-{d}-{e}"),
        1 => format!("{{{a}-{b}{c}-{d}-{e}}}").to_uppercase(),
        2 => digits.to_string(),
        _ => format!("{a}-{b}-{c}-{d}-{e}").to_uppercase(),
    })
}

/// The digits of a bit string, and the bytes that contain them.
pub fn bits(random: &mut StdRng, length: usize) -> (String, Vec<u8>) {
    let digits: String = (0..length).map(|_| if random.random() { '1' } else { '0' }).collect();
    let byte = |chunk: &[u8]| {
        let padded = format!("{:0<8}", String::from_utf8_lossy(chunk));
        u8::from_str_radix(&padded, 2).unwrap()
    };
    let bytes = digits.as_bytes().chunks(8).map(byte).collect();
    (digits, bytes)
}

/// An array of up to five elements. Some are NULL.
pub fn array(random: &mut StdRng, type_name: &str, element: fn(&mut StdRng) -> Case) -> Case {
    let length = random.random_range(0..6);
    let (mut values, mut sqls) = (Vec::new(), Vec::new());
    for _ in 0..length {
        let case = match random.random_range(0..8) {
            0 => Case { value: Value::Null, sql: "NULL".into() },
            _ => element(random),
        };
        values.push(case.value);
        sqls.push(case.sql);
    }
    Case { value: Value::Array(values.leak()), sql: format!("ARRAY[{}]::{type_name}", sqls.join(",")) }
}

/// An array of two dimensions, without NULLs.
pub fn matrix(random: &mut StdRng, type_name: &str, element: fn(&mut StdRng) -> Case) -> Case {
    let (height, width) = (random.random_range(1..4), random.random_range(1..4));
    let (mut rows, mut sqls) = (Vec::new(), Vec::new());
    for _ in 0..height {
        let cases: Vec<Case> = (0..width).map(|_| element(random)).collect();
        let values: Vec<Value<'static>> = cases.iter().map(|case| case.value).collect();
        rows.push(Value::Array(values.leak()));
        sqls.push(format!("[{}]", cases.iter().map(|case| case.sql.as_str()).collect::<Vec<_>>().join(",")));
    }
    Case { value: Value::Array(rows.leak()), sql: format!("ARRAY[{}]::{type_name}", sqls.join(",")) }
}

/// The elements of an array literal of words, in quotes where they need it.
pub fn words(random: &mut StdRng) -> String {
    let element = |random: &mut StdRng| match random.random_range(0..6) {
        0 => "NULL".to_owned(),
        1 => " blanks around ".to_owned(),
        2 => "plain".to_owned(),
        _ => format!("\"{}\"", word(random).replace('\\', "\\\\").replace('"', "\\\"")),
    };
    let length = random.random_range(0..5);
    format!("{{{}}}", (0..length).map(|_| element(random)).collect::<Vec<_>>().join(","))
}

/// Four numbers and their literal in the given brackets.
pub fn four(random: &mut StdRng, [opening, closing]: [char; 2]) -> ([f32; 4], String) {
    let numbers: [f32; 4] = std::array::from_fn(|_| match random.random_range(0..4) {
        0 => 0.0,
        1 => eighths(random),
        _ => random.random::<f32>() * 20.0 - 10.0,
    });
    let list: Vec<String> = numbers.iter().map(f32::to_string).collect();
    (numbers, literal(&format!("{opening}{}{closing}", list.join(","))))
}
