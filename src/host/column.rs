//! One column of a batch.

use bumpalo::Bump;

use crate::types::value::{Decimal, Value, Vector};

/// A bit for each row. The lowest bit of the first byte belongs to the first row, as in Arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bitmap<'a> {
    bytes: &'a [u8],
    /// The position of row 0's bit.
    offset: usize,
}

impl<'a> Bitmap<'a> {
    /// The bits of `bytes` from bit `offset` on.
    pub fn new(bytes: &'a [u8], offset: usize) -> Self {
        Bitmap { bytes, offset }
    }

    /// The largest number of rows for which there are bits.
    pub fn len(&self) -> usize {
        (self.bytes.len() * 8).saturating_sub(self.offset)
    }

    /// Whether there is no bit.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bit of a row; 0 beyond the end.
    #[inline]
    pub fn get(&self, row: usize) -> bool {
        let bit = self.offset + row;
        self.bytes.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }
}

impl<'a, B: AsRef<[u8]> + ?Sized> From<&'a B> for Bitmap<'a> {
    fn from(bytes: &'a B) -> Self {
        Bitmap::new(bytes.as_ref(), 0)
    }
}

/// Every `stride`-th element of a slice, beginning with the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strided<'a, T> {
    elements: &'a [T],
    stride: usize,
}

impl<'a, T: Copy> Strided<'a, T> {
    /// A `stride` of 0 means 1.
    pub fn new(elements: &'a [T], stride: usize) -> Self {
        Strided { elements, stride: stride.max(1) }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.elements.len().div_ceil(self.stride)
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The values: every `stride`-th element.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        self.elements.iter().step_by(self.stride).copied()
    }

    #[inline]
    fn get(&self, row: usize) -> Option<T> {
        self.elements.get(row * self.stride).copied()
    }
}

/// For each row the index of its first byte or element; after the last row the index where its part ends. So there is one offset
/// more than there are rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offsets<'a> {
    /// Offsets of 4 bytes.
    Small(&'a [i32]),
    /// Offsets of 8 bytes.
    Large(&'a [i64]),
}

impl Offsets<'_> {
    fn rows(&self) -> usize {
        let offsets = match self {
            Offsets::Small(offsets) => offsets.len(),
            Offsets::Large(offsets) => offsets.len(),
        };
        offsets.saturating_sub(1)
    }

    #[inline]
    fn part<T>(self, row: usize, of: &[T]) -> Option<&[T]> {
        let (start, end) = match self {
            Offsets::Small(offsets) => ((*offsets.get(row)?).into(), (*offsets.get(row + 1)?).into()),
            Offsets::Large(offsets) => (*offsets.get(row)?, *offsets.get(row + 1)?),
        };
        of.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }
}

/// The unit in which a time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Second,
    /// Thousandths of a second.
    Millisecond,
    /// Millionths of a second.
    Microsecond,
    /// Billionths of a second.
    Nanosecond,
}

impl TimeUnit {
    fn per_second(self) -> i64 {
        match self {
            TimeUnit::Second => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1_000_000,
            TimeUnit::Nanosecond => 1_000_000_000,
        }
    }

    /// Splits a count into whole seconds and the nanoseconds after them.
    fn split(self, count: i64) -> (i64, u32) {
        let unit = self.per_second();
        (count.div_euclid(unit), (count.rem_euclid(unit) * (1_000_000_000 / unit)) as u32)
    }
}

/// The values of one column, borrowed. Slices, arrays and vectors of Rust's own types turn into one by `into`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum ColumnValues<'a> {
    /// Booleans of Rust.
    Bool(Strided<'a, bool>),
    /// Booleans as bytes: 0 is false.
    Flags(Strided<'a, u8>),
    /// Booleans as `rows` bits.
    Bits {
        /// Bit `i` is row `i`.
        bits: Bitmap<'a>,
        /// How many rows there are.
        rows: usize,
    },
    /// Integers of 1 byte.
    I8(Strided<'a, i8>),
    /// Integers of 2 bytes.
    I16(Strided<'a, i16>),
    /// Integers of 4 bytes.
    I32(Strided<'a, i32>),
    /// Integers of 8 bytes.
    I64(Strided<'a, i64>),
    /// Unsigned integers of 1 byte.
    U8(Strided<'a, u8>),
    /// Unsigned integers of 2 bytes.
    U16(Strided<'a, u16>),
    /// Unsigned integers of 4 bytes.
    U32(Strided<'a, u32>),
    /// Unsigned integers of 8 bytes.
    U64(Strided<'a, u64>),
    /// Half floats as their bits.
    F16(Strided<'a, u16>),
    /// Floats of 4 bytes.
    F32(Strided<'a, f32>),
    /// Floats of 8 bytes.
    F64(Strided<'a, f64>),
    /// Numbers of `scale` decimal places.
    Decimal {
        /// The digits, as an integer.
        unscaled: Strided<'a, i128>,
        /// How many of the digits stand after the decimal point.
        scale: u8,
    },
    /// Texts.
    Strs(&'a [&'a str]),
    /// Texts that own their memory.
    Strings(&'a [String]),
    /// UTF-8 texts that follow one another without a gap.
    Text {
        /// Where each text begins and ends.
        offsets: Offsets<'a>,
        /// The bytes of all texts.
        bytes: &'a [u8],
    },
    /// Values of bytes that follow one another without a gap.
    Binary {
        /// Where each value begins and ends.
        offsets: Offsets<'a>,
        /// The bytes of all values.
        bytes: &'a [u8],
    },
    /// Days since 1970-01-01.
    Date(Strided<'a, i32>),
    /// Times of day.
    Time {
        /// Counts of `unit` since midnight.
        counts: Strided<'a, i64>,
        /// The unit of the counts.
        unit: TimeUnit,
    },
    /// Dates with a time of day, without a zone, counted from 1970-01-01 00:00:00: for `timestamp`.
    Timestamp {
        /// Counts of `unit` since 1970.
        counts: Strided<'a, i64>,
        /// The unit of the counts.
        unit: TimeUnit,
    },
    /// Instants, counted from 1970-01-01 00:00:00 UTC: for `timestamptz`.
    Instant {
        /// Counts of `unit` since 1970.
        counts: Strided<'a, i64>,
        /// The unit of the counts.
        unit: TimeUnit,
    },
    /// Vectors that all have the length `dimension`. A vector begins `stride` elements after the one before it.
    Matrix {
        /// The elements of all vectors.
        elements: Vector<'a>,
        /// The number of elements of a vector.
        dimension: usize,
        /// The number of elements from the start of a vector to the start of the next.
        stride: usize,
    },
    /// Vectors of any length that follow one another without a gap.
    Lists {
        /// Where each vector begins and ends, in elements.
        offsets: Offsets<'a>,
        /// The elements of all vectors.
        elements: Vector<'a>,
    },
    /// Values of any kind.
    Values(&'a [Value<'a>]),
    /// NULL in each row. The number is the number of rows.
    Null(usize),
    /// Arrow's views and dictionaries.
    #[cfg(feature = "arrow")]
    Scattered(super::arrow_texts::Scattered<'a>),
}

impl<'a> ColumnValues<'a> {
    /// A row-major matrix: for each row a vector of `dimension` elements. The vectors follow one another without a gap.
    pub fn matrix(elements: &'a (impl AsRef<[f32]> + ?Sized), dimension: usize) -> Self {
        ColumnValues::Matrix { elements: Vector::Float(elements.as_ref()), dimension, stride: dimension }
    }

    /// A row-major matrix of half floats, each as its 16 bits.
    pub fn half_matrix(elements: &'a (impl AsRef<[u16]> + ?Sized), dimension: usize) -> Self {
        ColumnValues::Matrix { elements: Vector::Half(elements.as_ref()), dimension, stride: dimension }
    }

    /// How many rows the column has, or what is wrong with it.
    pub(super) fn rows(&self) -> Result<usize, String> {
        use ColumnValues as Of;
        Ok(match self {
            Of::Bool(values) => values.len(),
            Of::Bits { bits, rows } if bits.len() < *rows => return Err(format!("it has no bits for {rows} rows")),
            Of::Bits { rows, .. } => *rows,
            Of::I8(values) => values.len(),
            Of::I16(values) => values.len(),
            Of::I32(values) | Of::Date(values) => values.len(),
            Of::I64(values) => values.len(),
            Of::U8(values) | Of::Flags(values) => values.len(),
            Of::U16(values) | Of::F16(values) => values.len(),
            Of::U32(values) => values.len(),
            Of::U64(values) => values.len(),
            Of::F32(values) => values.len(),
            Of::F64(values) => values.len(),
            Of::Decimal { unscaled, .. } => unscaled.len(),
            Of::Strs(values) => values.len(),
            Of::Strings(values) => values.len(),
            Of::Text { offsets, .. } | Of::Binary { offsets, .. } | Of::Lists { offsets, .. } => offsets.rows(),
            Of::Time { counts, .. } | Of::Timestamp { counts, .. } | Of::Instant { counts, .. } => counts.len(),
            Of::Matrix { elements, dimension, stride } => matrix_rows(elements.len(), *dimension, *stride)?,
            Of::Values(values) => values.len(),
            Of::Null(rows) => *rows,
            #[cfg(feature = "arrow")]
            Of::Scattered(values) => values.len(),
        })
    }

    /// The value of a row. A value that has to be made (and is not just borrowed) lives in `arena`.
    #[inline]
    pub(super) fn value<'b>(&'b self, row: usize, arena: &'b Bump) -> Result<Value<'b>, String> {
        use ColumnValues as Of;
        let value = match self {
            Of::Bool(values) => values.get(row).map(Value::Bool),
            Of::Flags(values) => values.get(row).map(|byte| Value::Bool(byte != 0)),
            Of::Bits { bits, .. } => Some(Value::Bool(bits.get(row))),
            Of::I8(values) => values.get(row).map(|value| Value::Int(value.into())),
            Of::I16(values) => values.get(row).map(|value| Value::Int(value.into())),
            Of::I32(values) => values.get(row).map(|value| Value::Int(value.into())),
            Of::I64(values) => values.get(row).map(Value::Int),
            Of::U8(values) => values.get(row).map(|value| Value::Int(value.into())),
            Of::U16(values) => values.get(row).map(|value| Value::Int(value.into())),
            Of::U32(values) => values.get(row).map(|value| Value::Int(value.into())),
            Of::U64(values) => values.get(row).map(|value| match i64::try_from(value) {
                Ok(value) => Value::Int(value),
                Err(_) => Value::Decimal(arena.alloc(Decimal { unscaled: value.into(), scale: 0 })),
            }),
            Of::F16(values) => values.get(row).map(|bits| Value::Float(half::f16::from_bits(bits).to_f32())),
            Of::F32(values) => values.get(row).map(Value::Float),
            Of::F64(values) => values.get(row).map(Value::Double),
            Of::Decimal { unscaled, scale } => {
                unscaled.get(row).map(|unscaled| Value::Decimal(arena.alloc(Decimal { unscaled, scale: *scale })))
            }
            Of::Strs(values) => values.get(row).map(|text| Value::Text(text)),
            Of::Strings(values) => values.get(row).map(|text| Value::Text(text)),
            Of::Text { offsets, bytes } => match offsets.part(row, bytes).map(std::str::from_utf8) {
                Some(Err(error)) => return Err(format!("the text is not UTF-8: {error}")),
                text => text.and_then(Result::ok).map(Value::Text),
            },
            Of::Binary { offsets, bytes } => offsets.part(row, bytes).map(Value::Bytes),
            Of::Date(values) => values.get(row).map(Value::Date),
            Of::Time { counts, unit } => counts.get(row).map(|count| {
                let (seconds, nanos) = unit.split(count);
                Value::Time(seconds.saturating_mul(1_000_000_000).saturating_add(nanos.into()))
            }),
            Of::Timestamp { counts, unit } => counts.get(row).map(|count| {
                let (seconds, nanos) = unit.split(count);
                Value::Timestamp { seconds, nanos }
            }),
            Of::Instant { counts, unit } => counts.get(row).map(|count| {
                let (seconds, nanos) = unit.split(count);
                Value::Instant { seconds, nanos }
            }),
            Of::Matrix { elements, dimension, stride } => {
                let start = row * stride;
                let part = start..start + dimension;
                match elements {
                    Vector::Half(elements) => elements.get(part).map(Vector::Half),
                    Vector::Float(elements) => elements.get(part).map(Vector::Float),
                    Vector::Double(elements) => elements.get(part).map(Vector::Double),
                }
                .map(Value::Vector)
            }
            Of::Lists { offsets, elements } => match elements {
                Vector::Half(elements) => offsets.part(row, elements).map(Vector::Half),
                Vector::Float(elements) => offsets.part(row, elements).map(Vector::Float),
                Vector::Double(elements) => offsets.part(row, elements).map(Vector::Double),
            }
            .map(Value::Vector),
            Of::Values(values) => values.get(row).copied(),
            Of::Null(_) => Some(Value::Null),
            #[cfg(feature = "arrow")]
            Of::Scattered(values) => values.value(row),
        };
        value.ok_or_else(|| "its offsets lead out of the column".to_owned())
    }
}

fn matrix_rows(elements: usize, dimension: usize, stride: usize) -> Result<usize, String> {
    if dimension == 0 || stride < dimension {
        return Err(format!(
            "a matrix of dimension {dimension} and stride {stride}: the dimension must be at least 1, the stride at least the dimension"
        ));
    }
    // There may be no gap after the last row.
    let rows = (elements + stride - dimension) / stride;
    let used = rows.saturating_sub(1) * stride + if rows > 0 { dimension } else { 0 };
    match elements.checked_sub(used) {
        Some(left) if left <= stride - dimension => Ok(rows),
        _ => Err(format!("its {elements} elements make no rows of {dimension}")),
    }
}

macro_rules! slices {
    ($($element:ty => $variant:ident;)*) => { $(
        impl<'a> From<&'a [$element]> for ColumnValues<'a> {
            fn from(elements: &'a [$element]) -> Self {
                ColumnValues::$variant(Strided::new(elements, 1))
            }
        }
        impl<'a> From<&'a Vec<$element>> for ColumnValues<'a> {
            fn from(elements: &'a Vec<$element>) -> Self {
                elements.as_slice().into()
            }
        }
        impl<'a, const N: usize> From<&'a [$element; N]> for ColumnValues<'a> {
            fn from(elements: &'a [$element; N]) -> Self {
                elements.as_slice().into()
            }
        }
        impl<'a> From<Strided<'a, $element>> for ColumnValues<'a> {
            fn from(elements: Strided<'a, $element>) -> Self {
                ColumnValues::$variant(elements)
            }
        }
    )* };
}

slices! {
    bool => Bool;
    i8 => I8;
    i16 => I16;
    i32 => I32;
    i64 => I64;
    u8 => U8;
    u16 => U16;
    u32 => U32;
    u64 => U64;
    f32 => F32;
    f64 => F64;
}

impl<'a> From<&'a [&'a str]> for ColumnValues<'a> {
    fn from(texts: &'a [&'a str]) -> Self {
        ColumnValues::Strs(texts)
    }
}

impl<'a> From<&'a Vec<&'a str>> for ColumnValues<'a> {
    fn from(texts: &'a Vec<&'a str>) -> Self {
        ColumnValues::Strs(texts)
    }
}

impl<'a, const N: usize> From<&'a [&'a str; N]> for ColumnValues<'a> {
    fn from(texts: &'a [&'a str; N]) -> Self {
        ColumnValues::Strs(texts)
    }
}

impl<'a> From<&'a Vec<String>> for ColumnValues<'a> {
    fn from(texts: &'a Vec<String>) -> Self {
        ColumnValues::Strings(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(values: &'a ColumnValues<'a>, row: usize, arena: &'a Bump) -> Value<'a> {
        values.value(row, arena).unwrap()
    }

    #[test]
    fn strides_skip_what_lies_between() {
        let interleaved = [1.0_f32, 9.0, 2.0, 9.0, 3.0];
        let column = ColumnValues::from(Strided::new(&interleaved, 2));
        let arena = Bump::new();
        assert_eq!(column.rows(), Ok(3));
        assert_eq!(value(&column, 2, &arena), Value::Float(3.0));
    }

    #[test]
    fn a_matrix_has_as_many_rows_as_its_elements_make() {
        let elements = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        let arena = Bump::new();
        let plain = ColumnValues::matrix(&elements[..6], 3);
        assert_eq!(plain.rows(), Ok(2));
        assert_eq!(value(&plain, 1, &arena), Value::Vector(Vector::Float(&[4.0, 5.0, 6.0])));
        assert!(ColumnValues::matrix(&elements, 3).rows().is_err());
        assert!(ColumnValues::matrix(&elements, 0).rows().is_err());
        assert_eq!(ColumnValues::matrix(&[], 3).rows(), Ok(0));
        let padded = |length: usize| {
            ColumnValues::Matrix { elements: Vector::Float(&elements[..length]), dimension: 2, stride: 3 }.rows()
        };
        assert_eq!((padded(5), padded(6)), (Ok(2), Ok(2)), "with or without the last row's gap");
        assert!(padded(7).is_err());
    }

    #[test]
    fn texts_lie_between_their_offsets() {
        let arena = Bump::new();
        let text = |bytes, offsets| ColumnValues::Text { offsets: Offsets::Small(offsets), bytes };
        let column = text(b"ab\xff".as_slice(), &[0, 2, 2, 3, 9]);
        assert_eq!(column.rows(), Ok(4));
        assert_eq!(value(&column, 0, &arena), Value::Text("ab"));
        assert_eq!(value(&column, 1, &arena), Value::Text(""));
        assert!(column.value(2, &arena).unwrap_err().contains("UTF-8"));
        assert!(column.value(3, &arena).unwrap_err().contains("offsets"));
        let backwards = text(b"ab", &[2, 1]);
        assert!(backwards.value(0, &arena).is_err());
    }

    #[test]
    fn times_before_the_epoch_have_a_fraction_that_counts_upwards() {
        let counts = [-1_i64];
        let counts = Strided::new(&counts, 1);
        let arena = Bump::new();
        let instant = ColumnValues::Instant { counts, unit: TimeUnit::Millisecond };
        assert_eq!(value(&instant, 0, &arena), Value::Instant { seconds: -1, nanos: 999_000_000 });
    }

    #[test]
    fn an_integer_above_bigint_is_a_decimal() {
        let arena = Bump::new();
        let column = ColumnValues::from(&[u64::MAX]);
        assert_eq!(value(&column, 0, &arena), Value::Decimal(&Decimal { unscaled: u64::MAX.into(), scale: 0 }));
    }
}
