//! Values of `$1`, `$2`, … in a statement that isn't prepared. They carry their type, so the statement and its values are sent
//! together, and the statement needs no name in the server.

use tokio_postgres::types::{ToSql, Type};

/// A value that knows its type.
pub trait Parameter: ToSql + Sync {
    fn declared(&self) -> Type;
}

/// The statement decides the type of a string: text, or name.
impl Parameter for String {
    fn declared(&self) -> Type {
        Type::UNKNOWN
    }
}

impl Parameter for &str {
    fn declared(&self) -> Type {
        Type::UNKNOWN
    }
}

impl Parameter for u32 {
    fn declared(&self) -> Type {
        Type::OID
    }
}

impl Parameter for i32 {
    fn declared(&self) -> Type {
        Type::INT4
    }
}

impl<T: ArrayElement> Parameter for Vec<T> {
    fn declared(&self) -> Type {
        T::ARRAY
    }
}

/// An element of an array.
pub trait ArrayElement: ToSql + Sync {
    const ARRAY: Type;
}

impl ArrayElement for &str {
    const ARRAY: Type = Type::TEXT_ARRAY;
}

impl ArrayElement for String {
    const ARRAY: Type = Type::TEXT_ARRAY;
}

impl ArrayElement for &[u8] {
    const ARRAY: Type = Type::BYTEA_ARRAY;
}

impl ArrayElement for i32 {
    const ARRAY: Type = Type::INT4_ARRAY;
}

impl ArrayElement for i64 {
    const ARRAY: Type = Type::INT8_ARRAY;
}

impl<T: ArrayElement> ArrayElement for Option<T> {
    const ARRAY: Type = T::ARRAY;
}
