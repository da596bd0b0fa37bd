//! Columns of a batch, read in the host's memory.

use std::ffi::{CStr, c_char, c_void};

use bumpalo::Bump;

use super::call_error::CallError;
use super::code::VECSINK_SHAPE;
use super::memory::{slice, text, utf8};
use super::value::{ValueReader, vecsink_value};
use crate::host::{Bitmap, ColumnValues, Columns, Offsets, Strided, TimeUnit};
use crate::types::value::{Value, Vector};

/// What a column's memory holds, VECSINK_COLUMN_NULL to VECSINK_COLUMN_VALUES.
pub type vecsink_column_type = i32;

/// NULL in every row; data is NULL.
pub const VECSINK_COLUMN_NULL: vecsink_column_type = 0;
/// A byte for each value: 0 or 1.
pub const VECSINK_COLUMN_BOOL: vecsink_column_type = 1;
/// A bit for each value, the lowest bit of a byte first, from bit `bit_offset` on.
pub const VECSINK_COLUMN_BITS: vecsink_column_type = 2;
/// int8_t[].
pub const VECSINK_COLUMN_I8: vecsink_column_type = 3;
/// int16_t[].
pub const VECSINK_COLUMN_I16: vecsink_column_type = 4;
/// int32_t[].
pub const VECSINK_COLUMN_I32: vecsink_column_type = 5;
/// int64_t[].
pub const VECSINK_COLUMN_I64: vecsink_column_type = 6;
/// uint8_t[].
pub const VECSINK_COLUMN_U8: vecsink_column_type = 7;
/// uint16_t[].
pub const VECSINK_COLUMN_U16: vecsink_column_type = 8;
/// uint32_t[].
pub const VECSINK_COLUMN_U32: vecsink_column_type = 9;
/// uint64_t[].
pub const VECSINK_COLUMN_U64: vecsink_column_type = 10;
/// uint16_t[] of IEEE half precision.
pub const VECSINK_COLUMN_F16: vecsink_column_type = 11;
/// float[].
pub const VECSINK_COLUMN_F32: vecsink_column_type = 12;
/// double[].
pub const VECSINK_COLUMN_F64: vecsink_column_type = 13;
/// 16 bytes for each value, little-endian two's complement, aligned to 16; `scale` digits stand after the decimal point.
pub const VECSINK_COLUMN_DECIMAL128: vecsink_column_type = 14;
/// UTF-8 texts that follow one another without a gap; `offsets` in bytes.
pub const VECSINK_COLUMN_STR: vecsink_column_type = 15;
/// Bytes; `offsets` in bytes.
pub const VECSINK_COLUMN_BYTES: vecsink_column_type = 16;
/// const char *[]: texts that end with a NUL; a NULL pointer is NULL.
pub const VECSINK_COLUMN_STR_POINTERS: vecsink_column_type = 17;
/// int32_t[]: days since 1970-01-01.
pub const VECSINK_COLUMN_DATE: vecsink_column_type = 18;
/// int64_t[]: `unit`s since midnight.
pub const VECSINK_COLUMN_TIME: vecsink_column_type = 19;
/// int64_t[]: `unit`s since 1970-01-01 00:00:00, a date and time without a zone.
pub const VECSINK_COLUMN_TIMESTAMP: vecsink_column_type = 20;
/// int64_t[]: `unit`s since 1970-01-01 00:00:00 UTC, an instant.
pub const VECSINK_COLUMN_INSTANT: vecsink_column_type = 21;
/// float[], row-major: for each row a vector of `dimension` elements.
pub const VECSINK_COLUMN_MATRIX_F32: vecsink_column_type = 22;
/// double[], likewise.
pub const VECSINK_COLUMN_MATRIX_F64: vecsink_column_type = 23;
/// uint16_t[] of IEEE half precision, likewise.
pub const VECSINK_COLUMN_MATRIX_F16: vecsink_column_type = 24;
/// float[]: vectors of any length that follow one another without a gap; `offsets` in elements.
pub const VECSINK_COLUMN_LISTS_F32: vecsink_column_type = 25;
/// double[], likewise.
pub const VECSINK_COLUMN_LISTS_F64: vecsink_column_type = 26;
/// uint16_t[] of IEEE half precision, likewise.
pub const VECSINK_COLUMN_LISTS_F16: vecsink_column_type = 27;
/// vecsink_value[]: values of any type.
pub const VECSINK_COLUMN_VALUES: vecsink_column_type = 28;

/// Times are counted in seconds.
pub const VECSINK_SECOND: i32 = 0;
/// Times are counted in milliseconds.
pub const VECSINK_MILLISECOND: i32 = 1;
/// Times are counted in microseconds.
pub const VECSINK_MICROSECOND: i32 = 2;
/// Times are counted in nanoseconds.
pub const VECSINK_NANOSECOND: i32 = 3;

/// One column of a batch: where its values are in the host's memory. The memory is only read, only during the call,
/// and only as far as `length` says. Begin with zeros; members that a type doesn't need are not read.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct vecsink_column {
    /// The column's name in the database. If it is NULL in all columns, they stand in the sink's order.
    pub name: *const c_char,
    pub r#type: vecsink_column_type,
    /// For times: VECSINK_SECOND to VECSINK_NANOSECOND.
    pub unit: i32,
    /// For decimals: digits after the decimal point, 0 to 38.
    pub scale: i32,
    /// The bits of each of the `offsets`: 32 (int32_t) or 64 (int64_t).
    pub offset_bits: i32,
    pub data: *const c_void,
    /// The number of elements that data points to. For STR and BYTES it counts bytes, for BITS bits.
    pub length: usize,
    /// The number of elements from a row's first element to the next row's. 0: the rows follow one another without a
    /// gap.
    pub stride: usize,
    /// For matrices: the number of elements of a vector.
    pub dimension: usize,
    /// One more than there are rows: where each row's part begins, and where the last part ends.
    pub offsets: *const c_void,
    /// For BITS: the position of the first row's bit.
    pub bit_offset: usize,
    /// A bit for each row, the lowest bit of a byte first. 0 means that the value is NULL. If this pointer is NULL, no value
    /// is NULL.
    pub validity: *const u8,
    /// The position of the first row's bit in `validity`.
    pub validity_offset: usize,
    /// Must be 0.
    pub reserved: [u64; 2],
}

/// PostgreSQL's tables have no more, so a larger number is a mistake, and nothing is read.
const MOST_COLUMNS: usize = 1664;

/// `none`: the error text if the count is 0.
pub fn checked_count(count: usize, none: &str) -> Result<usize, CallError> {
    match count {
        0 => Err(CallError::new(VECSINK_SHAPE, none)),
        1..=MOST_COLUMNS => Ok(count),
        more => Err(CallError::argument(format!("no table has {more} columns"))),
    }
}

/// # Safety
/// The columns' memory is as they say, and stays unchanged for `'a`.
pub unsafe fn read<'a>(columns: &'a [vecsink_column], rows: usize, arena: &'a Bump) -> Result<Columns<'a>, CallError> {
    let mut batch = Columns::new();
    for (at, column) in columns.iter().enumerate() {
        // SAFETY: as the caller promises, for all of this.
        unsafe {
            let name = match column.name.is_null() {
                true => None,
                false => Some(text(column.name, format_args!("the name of column number {}", at + 1))?),
            };
            let reader = ColumnReader { column, rows, arena, label: Label { at, name } };
            batch = batch.add(name, reader.values()?, reader.validity()?);
        }
    }
    Ok(batch)
}

struct ColumnReader<'a> {
    column: &'a vecsink_column,
    rows: usize,
    arena: &'a Bump,
    label: Label<'a>,
}

#[derive(Clone, Copy)]
struct Label<'a> {
    at: usize,
    name: Option<&'a str>,
}

impl std::fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name {
            Some(name) => write!(f, "column {name}"),
            None => write!(f, "column number {}", self.at + 1),
        }
    }
}

impl<'a> ColumnReader<'a> {
    fn wrong(&self, what: impl std::fmt::Display) -> CallError {
        CallError::argument(format!("{}: {what}", self.label))
    }

    unsafe fn values(&self) -> Result<ColumnValues<'a>, CallError> {
        use ColumnValues as Of;
        let column = self.column;
        if column.reserved != [0; 2] {
            return Err(self.wrong("reserved must be 0"));
        }
        // SAFETY: as the caller promises, for all of this.
        unsafe {
            Ok(match column.r#type {
                VECSINK_COLUMN_NULL => Of::Null(self.rows),
                VECSINK_COLUMN_BOOL => Of::Flags(self.flags()?),
                VECSINK_COLUMN_BITS => Of::Bits { bits: self.bits()?, rows: self.rows },
                VECSINK_COLUMN_I8 => Of::I8(self.strided()?),
                VECSINK_COLUMN_I16 => Of::I16(self.strided()?),
                VECSINK_COLUMN_I32 => Of::I32(self.strided()?),
                VECSINK_COLUMN_I64 => Of::I64(self.strided()?),
                VECSINK_COLUMN_U8 => Of::U8(self.strided()?),
                VECSINK_COLUMN_U16 => Of::U16(self.strided()?),
                VECSINK_COLUMN_U32 => Of::U32(self.strided()?),
                VECSINK_COLUMN_U64 => Of::U64(self.strided()?),
                VECSINK_COLUMN_F16 => Of::F16(self.strided()?),
                VECSINK_COLUMN_F32 => Of::F32(self.strided()?),
                VECSINK_COLUMN_F64 => Of::F64(self.strided()?),
                VECSINK_COLUMN_DECIMAL128 => Of::Decimal { unscaled: self.strided()?, scale: self.scale()? },
                VECSINK_COLUMN_STR => Of::Text { offsets: self.offsets()?, bytes: self.all()? },
                VECSINK_COLUMN_BYTES => Of::Binary { offsets: self.offsets()?, bytes: self.all()? },
                VECSINK_COLUMN_STR_POINTERS => Of::Values(self.texts()?),
                VECSINK_COLUMN_DATE => Of::Date(self.strided()?),
                VECSINK_COLUMN_TIME => Of::Time { counts: self.strided()?, unit: self.unit()? },
                VECSINK_COLUMN_TIMESTAMP => Of::Timestamp { counts: self.strided()?, unit: self.unit()? },
                VECSINK_COLUMN_INSTANT => Of::Instant { counts: self.strided()?, unit: self.unit()? },
                VECSINK_COLUMN_MATRIX_F32 => self.matrix(Vector::Float(self.all()?))?,
                VECSINK_COLUMN_MATRIX_F64 => self.matrix(Vector::Double(self.all()?))?,
                VECSINK_COLUMN_MATRIX_F16 => self.matrix(Vector::Half(self.all()?))?,
                VECSINK_COLUMN_LISTS_F32 => {
                    Of::Lists { offsets: self.offsets()?, elements: Vector::Float(self.all()?) }
                }
                VECSINK_COLUMN_LISTS_F64 => {
                    Of::Lists { offsets: self.offsets()?, elements: Vector::Double(self.all()?) }
                }
                VECSINK_COLUMN_LISTS_F16 => Of::Lists { offsets: self.offsets()?, elements: Vector::Half(self.all()?) },
                VECSINK_COLUMN_VALUES => Of::Values(self.any()?),
                other => return Err(self.wrong(format_args!("{other} is not a vecsink_column_type"))),
            })
        }
    }

    /// All elements of the column's memory.
    unsafe fn all<T>(&self) -> Result<&'a [T], CallError> {
        // SAFETY: as the caller promises.
        unsafe { slice(self.column.data.cast(), self.column.length, format_args!("the data of {}", self.label)) }
    }

    /// How many elements of the memory belong to the rows. Each row has `part` elements, and the rows begin `stride` elements apart.
    fn used(&self, part: usize, stride: usize) -> Result<usize, CallError> {
        let length = self.column.length;
        let used = match self.rows.checked_sub(1) {
            None => Some(0),
            Some(gaps) => gaps.checked_mul(stride).and_then(|start| start.checked_add(part)),
        };
        used.filter(|used| *used <= length).ok_or_else(|| {
            let rows = self.rows;
            self.wrong(format_args!("its length of {length} is too short for {rows} rows, one every {stride} elements"))
        })
    }

    unsafe fn strided<T: Copy>(&self) -> Result<Strided<'a, T>, CallError> {
        let stride = self.column.stride.max(1);
        let used = self.used(1, stride)?;
        // SAFETY: as the caller promises.
        Ok(Strided::new(&unsafe { self.all() }?[..used], stride))
    }

    unsafe fn flags(&self) -> Result<Strided<'a, u8>, CallError> {
        // SAFETY: as the caller promises.
        let bytes = unsafe { self.strided::<u8>() }?;
        match bytes.iter().position(|byte| byte > 1) {
            None => Ok(bytes),
            Some(row) => {
                Err(self
                    .wrong(format_args!("the byte of row {row} is neither 0 nor 1, as a VECSINK_COLUMN_BOOL needs")))
            }
        }
    }

    unsafe fn bits(&self) -> Result<Bitmap<'a>, CallError> {
        let column = self.column;
        let end = column.bit_offset.checked_add(self.rows).filter(|end| *end <= column.length);
        let end = end.ok_or_else(|| {
            self.wrong(format_args!("its length of {} bits is too short for {} rows", column.length, self.rows))
        })?;
        // SAFETY: as the caller promises.
        let bytes = unsafe { slice(column.data.cast(), end.div_ceil(8), format_args!("the data of {}", self.label)) }?;
        Ok(Bitmap::new(bytes, column.bit_offset))
    }

    pub unsafe fn validity(&self) -> Result<Option<Bitmap<'a>>, CallError> {
        let column = self.column;
        if column.validity.is_null() {
            return Ok(None);
        }
        let end = column.validity_offset.checked_add(self.rows);
        let end = end.ok_or_else(|| self.wrong("its validity_offset is larger than the address space"))?;
        // SAFETY: as the caller promises.
        let bytes = unsafe { slice(column.validity, end.div_ceil(8), format_args!("the validity of {}", self.label)) }?;
        Ok(Some(Bitmap::new(bytes, column.validity_offset)))
    }

    fn scale(&self) -> Result<u8, CallError> {
        let scale = u8::try_from(self.column.scale).ok().filter(|scale| *scale <= 38);
        scale.ok_or_else(|| self.wrong(format_args!("a scale is 0 to 38, not {}", self.column.scale)))
    }

    fn unit(&self) -> Result<TimeUnit, CallError> {
        Ok(match self.column.unit {
            VECSINK_SECOND => TimeUnit::Second,
            VECSINK_MILLISECOND => TimeUnit::Millisecond,
            VECSINK_MICROSECOND => TimeUnit::Microsecond,
            VECSINK_NANOSECOND => TimeUnit::Nanosecond,
            other => return Err(self.wrong(format_args!("{other} is not a unit of time"))),
        })
    }

    /// Offsets that rise and stay within the column's memory.
    unsafe fn offsets(&self) -> Result<Offsets<'a>, CallError> {
        let column = self.column;
        let count = self.rows.checked_add(1).ok_or_else(|| self.wrong("it can't have so many rows"))?;
        let what = format_args!("the offsets of {}", self.label);
        // SAFETY: as the caller promises, for both.
        match column.offset_bits {
            32 => {
                let offsets: &[i32] = unsafe { slice(column.offsets.cast(), count, what) }?;
                self.check_offsets(offsets.iter().map(|offset| i64::from(*offset)))?;
                Ok(Offsets::Small(offsets))
            }
            64 => {
                let offsets: &[i64] = unsafe { slice(column.offsets.cast(), count, what) }?;
                self.check_offsets(offsets.iter().copied())?;
                Ok(Offsets::Large(offsets))
            }
            other => Err(self.wrong(format_args!("offset_bits is 32 or 64, not {other}"))),
        }
    }

    fn check_offsets(&self, offsets: impl Iterator<Item = i64>) -> Result<(), CallError> {
        let mut before = 0;
        for (at, offset) in offsets.enumerate() {
            if offset < before {
                return Err(self.wrong(format_args!("offset number {at}, {offset}, is less than the one before")));
            }
            before = offset;
        }
        match usize::try_from(before) {
            Ok(end) if end <= self.column.length => Ok(()),
            _ => Err(self.wrong(format_args!("its offsets end at {before}, its length is {}", self.column.length))),
        }
    }

    fn matrix(&self, elements: Vector<'a>) -> Result<ColumnValues<'a>, CallError> {
        let dimension = self.column.dimension;
        let stride = if self.column.stride == 0 { dimension } else { self.column.stride };
        if dimension == 0 || stride < dimension {
            return Err(self.wrong(format_args!(
                "a matrix can't have a dimension of {dimension} and a row every {stride} elements"
            )));
        }
        let used = self.used(dimension, stride)?;
        let elements = match elements {
            Vector::Half(elements) => Vector::Half(&elements[..used]),
            Vector::Float(elements) => Vector::Float(&elements[..used]),
            Vector::Double(elements) => Vector::Double(&elements[..used]),
        };
        Ok(ColumnValues::Matrix { elements, dimension, stride })
    }

    /// Memory for a value of each row, for column types whose memory can't be used as it is.
    fn room(&self) -> Result<&'a mut [Value<'a>], CallError> {
        let room = std::alloc::Layout::array::<Value<'_>>(self.rows);
        let room = room.ok().and_then(|layout| self.arena.try_alloc_layout(layout).ok());
        let Some(room) = room else {
            return Err(self.wrong(format_args!("there is no memory for {} rows", self.rows)));
        };
        let room = room.cast::<Value<'_>>();
        // SAFETY: it was just allocated for this many values, and each is written before the slice is made.
        unsafe {
            (0..self.rows).for_each(|at| room.add(at).write(Value::Null));
            Ok(std::slice::from_raw_parts_mut(room.as_ptr(), self.rows))
        }
    }

    unsafe fn texts(&self) -> Result<&'a [Value<'a>], CallError> {
        let stride = self.column.stride.max(1);
        let used = self.used(1, stride)?;
        // SAFETY: as the caller promises.
        let pointers: &[*const c_char] = &unsafe { self.all() }?[..used];
        let room = self.room()?;
        for (row, (to, pointer)) in room.iter_mut().zip(pointers.iter().step_by(stride)).enumerate() {
            if !pointer.is_null() {
                // SAFETY: as the caller promises.
                let bytes = unsafe { CStr::from_ptr(*pointer) }.to_bytes();
                *to = Value::Text(utf8(bytes, format_args!("row {row} of {}", self.label))?);
            }
        }
        Ok(room)
    }

    unsafe fn any(&self) -> Result<&'a [Value<'a>], CallError> {
        let stride = self.column.stride.max(1);
        let used = self.used(1, stride)?;
        // SAFETY: as the caller promises.
        let values: &[vecsink_value] = &unsafe { self.all() }?[..used];
        let room = self.room()?;
        for (row, (to, value)) in room.iter_mut().zip(values.iter().step_by(stride)).enumerate() {
            // SAFETY: as the caller promises.
            *to = unsafe { ValueReader::new(self.arena).read(value, &format_args!("row {row} of {}", self.label)) }?;
        }
        Ok(room)
    }
}
