//! Reads Avro's binary encoding: numbers of variable length, bytes after their length, blocks. It never reads beyond the
//! end.

use crate::formats::decode_error::DecodeError;

/// The most array elements without bytes, such as nulls, in one message.
const MOST_WEIGHTLESS: usize = 1 << 8;

#[derive(Clone)]
pub struct AvroCursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How many more values without bytes the message may have.
    weightless: usize,
    /// The number of the writer's fields that were skipped.
    pub skipped: u64,
}

impl<'a> AvroCursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        AvroCursor { bytes, at: 0, weightless: MOST_WEIGHTLESS, skipped: 0 }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    #[inline(always)]
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        match self.bytes.get(self.at..).and_then(|rest| rest.get(..length)) {
            Some(taken) => {
                self.at += length;
                Ok(taken)
            }
            None => Err(self.ends(length)),
        }
    }

    #[cold]
    fn ends(&self, wanted: usize) -> DecodeError {
        let left = self.left();
        DecodeError::new(self.at, format!("the message ends after {left} more bytes where {wanted} were expected"))
    }

    #[inline(always)]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let bytes = self.take(N)?;
        // `take` has returned this many bytes.
        Ok(std::array::from_fn(|index| bytes[index]))
    }

    /// A whole number: 7 bits in each byte, the lowest bits first, the sign in the lowest bit.
    #[inline(always)]
    pub fn whole(&mut self) -> Result<i64, DecodeError> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(unfold(u64::from(byte)))
            }
            _ => self.long_whole(),
        }
    }

    fn long_whole(&mut self) -> Result<i64, DecodeError> {
        let start = self.at;
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let Some(&byte) = self.bytes.get(self.at) else { return Err(self.ends(1)) };
            self.at += 1;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(unfold(value));
            }
        }
        Err(DecodeError::new(start, "found a whole number of more than 64 bits"))
    }

    /// Bytes that come after their length.
    #[inline(always)]
    pub fn counted(&mut self) -> Result<&'a [u8], DecodeError> {
        let at = self.at;
        let length = self.whole()?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => Err(DecodeError::new(at, format!("found {length} where a length was expected"))),
        }
    }

    /// The number of a union's branch.
    #[inline(always)]
    pub fn branch(&mut self, branches: usize) -> Result<usize, DecodeError> {
        let at = self.at;
        let branch = self.whole()?;
        match usize::try_from(branch) {
            Ok(branch) if branch < branches => Ok(branch),
            _ => Err(DecodeError::new(
                at,
                format!("found {branch} where one of {branches} branches of a union was expected"),
            )),
        }
    }

    /// The head of the next block of an array or map: the number of values, and their length in bytes if the block has it.
    /// 0 values: the array or map has ended.
    pub fn block(&mut self) -> Result<(usize, Option<usize>), DecodeError> {
        let at = self.at;
        let count = self.whole()?;
        if count >= 0 {
            return Ok((count as usize, None));
        }
        let length = self.whole()?;
        match (usize::try_from(count.unsigned_abs()), usize::try_from(length)) {
            (Ok(count), Ok(length)) if length <= self.left() => Ok((count, Some(length))),
            _ => Err(DecodeError::new(at, format!("found a block of {length} bytes where {} are left", self.left()))),
        }
    }

    /// Refuses a number of values for which there aren't enough bytes left.
    pub fn expect_room(&mut self, count: usize, least: usize) -> Result<(), DecodeError> {
        if least == 0 && count <= self.weightless {
            self.weightless -= count;
            return Ok(());
        }
        if least > 0 && count <= self.left() / least {
            return Ok(());
        }
        Err(DecodeError::new(self.at, format!("found a block of {count} values where {} bytes are left", self.left())))
    }
}

/// Decodes zigzag numbers: 0, 1, 2, 3 … stand for 0, -1, 1, -2 …
#[inline(always)]
fn unfold(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}
