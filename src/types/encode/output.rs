//! The text of binary values, as the server's input functions read it: so a row that goes as text holds what it would
//! have held in binary form, rounded and limited by us.

use super::calendar::{EPOCH_DAY, SECONDS_A_DAY};
use super::float::Number;
use super::{numeric, print};
use crate::types::target::ColumnKind;
use crate::types::value;

/// Appends the text of a column's bytes. They are the encoder's own, so what isn't there is left out.
pub(super) fn print(kind: &ColumnKind, bytes: &[u8], out: &mut Vec<u8>) {
    use ColumnKind as Kind;
    match kind {
        Kind::Bool => out.push(if bytes == [0] { b'f' } else { b't' }),
        Kind::Int2 | Kind::Int4 | Kind::Int8 => print::display(integer(bytes), out),
        Kind::Float4 => number::<f32>(bytes, out),
        Kind::Float8 => number::<f64>(bytes, out),
        Kind::Numeric(_) => numeric::print(bytes, out),
        Kind::Text | Kind::Varchar(_) | Kind::Char(_) | Kind::Json | Kind::Enum => out.extend_from_slice(bytes),
        Kind::Jsonb => out.extend_from_slice(bytes.get(1..).unwrap_or_default()),
        Kind::Date => print::date(integer(bytes) + EPOCH_DAY, out),
        Kind::Time(_) => {
            let (seconds, nanos) = parts(integer(bytes));
            print::time(seconds, nanos, out);
        }
        Kind::Timestamp(_) => moment(bytes, b"", out),
        Kind::TimestampTz(_) => moment(bytes, b"+00", out),
        Kind::Bytea => print::hex(bytes, out),
        Kind::Uuid => uuid(bytes, out),
        Kind::Bit(_) | Kind::Varbit(_) => bits(bytes, out),
        Kind::Float4Array => array(&Kind::Float4, bytes, out),
        Kind::Float8Array => array(&Kind::Float8, bytes, out),
        Kind::Array(element) => array(element, bytes, out),
        Kind::Vector => list(bytes.get(4..).unwrap_or_default().chunks_exact(4), number::<f32>, out),
        Kind::HalfVec => list(bytes.get(4..).unwrap_or_default().chunks_exact(2), half_number, out),
        Kind::SparseVec => sparse(bytes, out),
        // They have no binary form here.
        Kind::Composite | Kind::OtherArray | Kind::Other | Kind::TextOnly => {}
    }
}

fn integer(bytes: &[u8]) -> i64 {
    let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { u64::MAX } else { 0 };
    bytes.iter().fold(sign, |bits, byte| bits << 8 | u64::from(*byte)).cast_signed()
}

fn number<N: Number>(bytes: &[u8], out: &mut Vec<u8>) {
    if let Some(value) = N::from_bytes(bytes) {
        value.print(out);
    }
}

fn half_number(bytes: &[u8], out: &mut Vec<u8>) {
    value::half(integer(bytes) as u16).print(out);
}

/// Seconds and nanoseconds.
fn parts(micros: i64) -> (i64, u32) {
    (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000) as u32 * 1000)
}

fn moment(bytes: &[u8], zone: &[u8], out: &mut Vec<u8>) {
    let (seconds, nanos) = parts(integer(bytes));
    print::timestamp(seconds + EPOCH_DAY * SECONDS_A_DAY, nanos, zone, out);
}

fn uuid(bytes: &[u8], out: &mut Vec<u8>) {
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        print::display(format_args!("{byte:02x}"), out);
    }
}

fn bits(bytes: &[u8], out: &mut Vec<u8>) {
    let (length, bytes) = bytes.split_at(bytes.len().min(4));
    let digits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| b'0' + (byte >> bit & 1)));
    out.extend(digits.take(integer(length) as usize));
}

fn list<'b>(elements: impl Iterator<Item = &'b [u8]>, print: impl Fn(&[u8], &mut Vec<u8>), out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, element) in elements.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        print(element, out);
    }
    out.push(b']');
}

fn sparse(bytes: &[u8], out: &mut Vec<u8>) {
    let word = |at: usize| bytes.get(4 * at..4 * at + 4).map_or(0, integer);
    let (dimensions, count) = (word(0), word(1) as usize);
    out.push(b'{');
    for at in 0..count {
        let comma = if at > 0 { "," } else { "" };
        print::display(format_args!("{comma}{}:", word(3 + at) + 1), out);
        let value = 4 * (3 + count + at);
        number::<f32>(bytes.get(value..value + 4).unwrap_or_default(), out);
    }
    print::display(format_args!("}}/{dimensions}"), out);
}

fn array(element: &ColumnKind, bytes: &[u8], out: &mut Vec<u8>) {
    let word = |at: usize| bytes.get(4 * at..4 * at + 4).map_or(0, integer) as usize;
    let depth = word(0);
    if depth == 0 {
        return out.extend_from_slice(b"{}");
    }
    let lengths = |level: usize| word(3 + 2 * level);
    let mut rest = bytes.get(4 * (3 + 2 * depth)..).unwrap_or_default();
    level(element, 0, depth, &lengths, &mut rest, out);
}

fn level(
    element: &ColumnKind,
    at: usize,
    depth: usize,
    lengths: &dyn Fn(usize) -> usize,
    rest: &mut &[u8],
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for index in 0..lengths(at) {
        if index > 0 {
            out.push(b',');
        }
        if at + 1 < depth {
            level(element, at + 1, depth, lengths, rest, out);
            continue;
        }
        let Some((length, after)) = rest.split_first_chunk::<4>() else { return };
        *rest = after;
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                let (bytes, after) = after.split_at(length.min(after.len()));
                *rest = after;
                let start = out.len();
                print(element, bytes, out);
                if !is_plain(element) {
                    print::quote(out, start);
                }
            }
            Err(_) => out.extend_from_slice(b"NULL"),
        }
    }
    out.push(b'}');
}

/// Whose text needs no quotes in an array.
fn is_plain(kind: &ColumnKind) -> bool {
    use ColumnKind as Kind;
    matches!(
        kind,
        Kind::Bool | Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Float4 | Kind::Float8 | Kind::Numeric(_) | Kind::Uuid
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_numbers_keep_their_sign_in_every_width() {
        for (kind, bytes) in [(ColumnKind::Int2, &[0xff, 0xfe][..]), (ColumnKind::Int8, &(-2_i64).to_be_bytes())] {
            let mut out = Vec::new();
            print(&kind, bytes, &mut out);
            assert_eq!(out, b"-2");
        }
    }

    #[test]
    fn an_array_of_two_dimensions_has_braces_for_each() {
        let mut bytes: Vec<u8> = [2_u32, 0, 25, 2, 1, 1, 1].iter().flat_map(|word| word.to_be_bytes()).collect();
        for text in [&b"a\"b"[..], b""] {
            bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
            bytes.extend_from_slice(text);
        }
        let mut out = Vec::new();
        print(&ColumnKind::Array(Box::new(ColumnKind::Text)), &bytes, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{{"a\"b"},{""}}"#);
    }
}
