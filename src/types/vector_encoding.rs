//! What the job says of its vectors, and how vectors stand in bytes.

/// What the job says of its vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VectorOptions {
    /// `vector.encoding`: what BYTES hold that feed a vector.
    pub encoding: Option<VectorEncoding>,
    /// `vector.normalize` = l2: vectors are scaled to length 1.
    pub normalize: bool,
}

/// How a vector's numbers stand in bytes, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorEncoding {
    pub number: PackedNumber,
    pub big_endian: bool,
    /// STRING columns hold these bytes too, as base64.
    pub base64: bool,
}

/// A float of IEEE 754 of 2, 4 or 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackedNumber {
    F16,
    F32,
    F64,
}
