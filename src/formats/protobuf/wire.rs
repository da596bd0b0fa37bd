//! The wire format: tags, numbers of variable and of fixed length, bytes after their length.

use crate::formats::decode_error::DecodeError;

/// How deep groups may be nested in a field that is skipped.
const DEEPEST: usize = 100;

/// The form of a field's value in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireType {
    Varint,
    Fixed64,
    Delimited,
    StartGroup,
    EndGroup,
    Fixed32,
}

/// Reads a message, or the part of it that is a nested message.
pub struct Wire<'a> {
    message: &'a [u8],
    at: usize,
    end: usize,
    /// The number of fields that were skipped.
    pub skipped: u64,
}

impl<'a> Wire<'a> {
    pub fn new(message: &'a [u8]) -> Self {
        Wire { message, at: 0, end: message.len(), skipped: 0 }
    }

    /// The current place, in bytes from the message's start.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn is_at_end(&self) -> bool {
        self.at >= self.end
    }

    /// Calls `read` with only the bytes of `range`, then goes back to the current place.
    pub fn within<T>(
        &mut self,
        range: (usize, usize),
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let outer = (self.at, self.end);
        (self.at, self.end) = range;
        let result = read(self);
        (self.at, self.end) = outer;
        result
    }

    fn rest(&self) -> &'a [u8] {
        self.message.get(self.at..self.end).unwrap_or_default()
    }

    #[cold]
    fn cut(&self, what: &str) -> DecodeError {
        DecodeError::new(self.at, format!("found the message's end inside {what}"))
    }

    #[inline]
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        match self.rest() {
            [byte @ 0..=0x7f, ..] => {
                self.at += 1;
                Ok((*byte).into())
            }
            rest => self.long_varint(rest),
        }
    }

    fn long_varint(&mut self, rest: &[u8]) -> Result<u64, DecodeError> {
        let mut value = 0;
        for (index, byte) in rest.iter().take(10).enumerate() {
            // There is room for only one bit of the tenth byte. The other bits are dropped, as other decoders do.
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.at += index + 1;
                return Ok(value);
            }
        }
        match rest.len() {
            0..10 => Err(self.cut("a number")),
            _ => Err(DecodeError::new(self.at, "found a number of more than 10 bytes")),
        }
    }

    #[inline]
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some(bytes) = self.rest().first_chunk() else { return Err(self.cut("a number")) };
        self.at += N;
        Ok(*bytes)
    }

    /// Skips bytes that come after their length, and returns their range.
    #[inline]
    pub fn delimited(&mut self) -> Result<(usize, usize), DecodeError> {
        let start = self.at;
        let length = self.varint()?;
        let left = self.end - self.at;
        match usize::try_from(length) {
            Ok(length) if length <= left => {
                let range = (self.at, self.at + length);
                self.at += length;
                Ok(range)
            }
            _ => Err(DecodeError::new(start, format!("found a length of {length} bytes where {left} are left"))),
        }
    }

    pub fn bytes(&self, range: (usize, usize)) -> &'a [u8] {
        self.message.get(range.0..range.1).unwrap_or_default()
    }

    /// The number of the next field, and the wire type of its value.
    #[inline]
    pub fn tag(&mut self) -> Result<(u32, WireType), DecodeError> {
        let start = self.at;
        let tag = self.varint()?;
        let wire_type = match tag & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::Delimited,
            3 => WireType::StartGroup,
            4 => WireType::EndGroup,
            5 => WireType::Fixed32,
            other => return Err(DecodeError::new(start, format!("found the wire type {other}, which doesn't exist"))),
        };
        match u32::try_from(tag >> 3) {
            Ok(number @ 1..0x2000_0000) => Ok((number, wire_type)),
            _ => Err(DecodeError::new(start, format!("found the field number {}, which is not allowed", tag >> 3))),
        }
    }

    /// Skips the value of a field whose tag was read.
    pub fn skip(&mut self, number: u32, wire_type: WireType) -> Result<(), DecodeError> {
        match wire_type {
            WireType::Varint => self.varint().map(drop),
            WireType::Fixed64 => self.fixed::<8>().map(drop),
            WireType::Delimited => self.delimited().map(drop),
            WireType::Fixed32 => self.fixed::<4>().map(drop),
            WireType::StartGroup => self.group(number).map(drop),
            WireType::EndGroup => {
                Err(DecodeError::new(self.at, format!("found the end of the group {number} without its start")))
            }
        }
    }

    /// Skips a group whose start was read, and returns the range of its fields.
    pub fn group(&mut self, number: u32) -> Result<(usize, usize), DecodeError> {
        let start = self.at;
        let mut open = vec![number];
        loop {
            if self.is_at_end() {
                return Err(self.cut("a group"));
            }
            let end = self.at;
            match self.tag()? {
                (number, WireType::EndGroup) => {
                    if open.pop() != Some(number) {
                        return Err(DecodeError::new(
                            end,
                            format!("found the end of the group {number} without its start"),
                        ));
                    }
                    if open.is_empty() {
                        return Ok((start, end));
                    }
                }
                (_, WireType::StartGroup) if open.len() == DEEPEST => {
                    return Err(DecodeError::new(end, format!("found more than {DEEPEST} nested groups")));
                }
                (number, WireType::StartGroup) => open.push(number),
                (number, wire_type) => self.skip(number, wire_type)?,
            }
        }
    }
}
