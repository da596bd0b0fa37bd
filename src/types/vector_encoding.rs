//! The job's options for vectors, and how the numbers of a vector are packed in bytes.

/// The job's options for vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VectorOptions {
    /// `vector.encoding`: the number type and byte order of vectors that come as BYTES.
    pub encoding: Option<VectorEncoding>,
    /// `vector.normalize` = l2: vectors are scaled to length 1.
    pub normalize: bool,
}

/// The number type and byte order of a vector whose numbers are packed in bytes, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorEncoding {
    pub number: PackedNumber,
    pub big_endian: bool,
    /// STRING columns contain these bytes too, as base64.
    pub base64: bool,
}

/// A float of IEEE 754 of 2, 4 or 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackedNumber {
    F16,
    F32,
    F64,
}
