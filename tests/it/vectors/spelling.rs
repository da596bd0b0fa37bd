//! The spellings of a vector in a message, and the numbers that each spelling keeps exactly.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand::Rng;
use rand::rngs::StdRng;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `{0.1,0.2}` in a text.
    Braces,
    /// `[0.1,0.2]` in a text.
    Brackets,
    /// An array of JSON in a STRING column.
    Json,
    Floats,
    Doubles,
    /// Packed floats.
    Bytes(Packing),
    /// The same in base64, in a STRING column.
    Base64(Packing),
}

/// A value of `vector.encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    pub name: &'static str,
    width: usize,
    big_endian: bool,
}

const fn packing(name: &'static str, width: usize, big_endian: bool) -> Packing {
    Packing { name, width, big_endian }
}

pub const PACKINGS: [Packing; 6] = [
    packing("f16le", 2, false),
    packing("f16be", 2, true),
    packing("f32le", 4, false),
    packing("f32be", 4, true),
    packing("f64le", 8, false),
    packing("f64be", 8, true),
];

/// The forms in which a format can contain a vector.
pub enum Field {
    Text(String),
    /// A document, as it is.
    Json(String),
    Floats(Vec<f32>),
    Doubles(Vec<f64>),
    Bytes(Vec<u8>),
}

impl Spelling {
    pub fn column(self) -> String {
        match self {
            Spelling::Braces => "braces".into(),
            Spelling::Brackets => "brackets".into(),
            Spelling::Json => "json_text".into(),
            Spelling::Floats => "floats".into(),
            Spelling::Doubles => "doubles".into(),
            Spelling::Bytes(packing) => format!("bytes_{}", packing.name),
            Spelling::Base64(packing) => format!("base64_{}", packing.name),
        }
    }

    pub fn flink_type(self) -> &'static str {
        match self {
            Spelling::Braces | Spelling::Brackets | Spelling::Json | Spelling::Base64(_) => "STRING",
            Spelling::Floats => "ARRAY<FLOAT>",
            Spelling::Doubles => "ARRAY<DOUBLE>",
            Spelling::Bytes(_) => "BYTES",
        }
    }

    /// The numbers as they are read from this spelling.
    pub fn carried(self, numbers: &[f64]) -> Vec<f64> {
        let width = match self {
            Spelling::Floats => 4,
            Spelling::Bytes(packing) | Spelling::Base64(packing) => packing.width,
            _ => 8,
        };
        let round = |&number: &f64| match width {
            2 => f64::from(half(number)),
            4 => f64::from(number as f32),
            _ => number,
        };
        numbers.iter().map(round).collect()
    }

    pub fn field(self, numbers: &[f64]) -> Field {
        match self {
            Spelling::Braces => Field::Text(format!("{{{}}}", list(numbers))),
            Spelling::Brackets => Field::Text(format!("[{}]", list(numbers))),
            Spelling::Json => Field::Json(format!("[{}]", list(numbers))),
            Spelling::Floats => Field::Floats(numbers.iter().map(|&number| number as f32).collect()),
            Spelling::Doubles => Field::Doubles(numbers.to_vec()),
            Spelling::Bytes(packing) => Field::Bytes(packing.pack(numbers)),
            Spelling::Base64(packing) => Field::Text(BASE64.encode(packing.pack(numbers))),
        }
    }
}

impl Packing {
    fn pack(self, numbers: &[f64]) -> Vec<u8> {
        let bytes = |&number: &f64| {
            let mut bytes = match self.width {
                2 => half_bits(half(number)).to_le_bytes().to_vec(),
                4 => (number as f32).to_le_bytes().to_vec(),
                _ => number.to_le_bytes().to_vec(),
            };
            if self.big_endian {
                bytes.reverse();
            }
            bytes
        };
        numbers.iter().flat_map(bytes).collect()
    }
}

/// Every other number with an exponent.
fn list(numbers: &[f64]) -> String {
    let number = |(at, number): (usize, &f64)| if at % 2 == 0 { number.to_string() } else { format!("{number:e}") };
    numbers.iter().enumerate().map(number).collect::<Vec<_>>().join(",")
}

/// The nearest number with eleven binary digits. The tests have no numbers that are too large or too small for 16 bits.
fn half(number: f64) -> f32 {
    f32::from_bits(((number as f32).to_bits() + 0x1000) & !0x1fff)
}

fn half_bits(number: f32) -> u16 {
    let bits = number.to_bits();
    let exponent = (bits >> 23 & 0xff).saturating_sub(112);
    (bits >> 16 & 0x8000 | exponent << 10 | bits >> 13 & 0x3ff) as u16
}

/// This many numbers, not all of them zero.
pub fn numbers(random: &mut StdRng, count: usize, whole: bool) -> Vec<f64> {
    let number = |random: &mut StdRng| {
        let number = match random.random_range(0..5) {
            0 => 0.0,
            _ if whole => f64::from(random.random_range(-2000..=2000)),
            1 => f64::from(random.random::<f32>()) - 0.5,
            2 => random.random::<f64>() * 1e-2,
            _ => random.random::<f64>() * 200.0 - 100.0,
        };
        if number.abs() < 1e-3 { 0.0 } else { number }
    };
    let mut numbers: Vec<f64> = (0..count).map(|_| number(random)).collect();
    if numbers.iter().all(|&number| number == 0.0) {
        numbers[0] = 1.0;
    }
    numbers
}
