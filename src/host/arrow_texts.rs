//! Texts and bytes in those forms of Arrow in which the values don't follow one another in memory: views, and codes of a dictionary.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BinaryViewArray, LargeStringArray, StringArray, StringViewArray};
use arrow_buffer::ArrowNativeType;
use arrow_schema::DataType;

use crate::types::value::Value;

/// The values of a column whose type Arrow calls Utf8View, BinaryView, or Dictionary of texts.
#[derive(Debug, Clone, Copy)]
pub struct Scattered<'a>(Form<'a>);

#[derive(Debug, Clone, Copy)]
enum Form<'a> {
    Texts(Texts<'a>),
    Bytes(&'a BinaryViewArray),
    Coded { codes: Codes<'a>, texts: Texts<'a> },
}

#[derive(Debug, Clone, Copy)]
enum Texts<'a> {
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
    Views(&'a StringViewArray),
}

#[derive(Debug, Clone, Copy)]
enum Codes<'a> {
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    U64(&'a [u64]),
}

impl<'a> Scattered<'a> {
    /// `None`: the array has another type.
    pub(super) fn of(array: &'a ArrayRef) -> Option<Scattered<'a>> {
        Some(Scattered(match array.data_type() {
            DataType::Utf8View => Form::Texts(Texts::Views(array.as_string_view())),
            DataType::BinaryView => Form::Bytes(array.as_binary_view()),
            DataType::Dictionary(key, _) => {
                let texts = Texts::of(array.as_any_dictionary_opt()?.values())?;
                let codes = match **key {
                    DataType::Int8 => Codes::I8(codes::<Int8Type>(array)),
                    DataType::Int16 => Codes::I16(codes::<Int16Type>(array)),
                    DataType::Int32 => Codes::I32(codes::<Int32Type>(array)),
                    DataType::Int64 => Codes::I64(codes::<Int64Type>(array)),
                    DataType::UInt8 => Codes::U8(codes::<UInt8Type>(array)),
                    DataType::UInt16 => Codes::U16(codes::<UInt16Type>(array)),
                    DataType::UInt32 => Codes::U32(codes::<UInt32Type>(array)),
                    DataType::UInt64 => Codes::U64(codes::<UInt64Type>(array)),
                    _ => return None,
                };
                Form::Coded { codes, texts }
            }
            _ => return None,
        }))
    }

    pub(super) fn len(&self) -> usize {
        match &self.0 {
            Form::Texts(texts) => texts.array().len(),
            Form::Bytes(bytes) => bytes.len(),
            Form::Coded { codes, .. } => codes.len(),
        }
    }

    /// `None`: there is no such row, or its code is beyond the end of the dictionary.
    pub(super) fn value(&self, row: usize) -> Option<Value<'a>> {
        match self.0 {
            Form::Texts(texts) => texts.value(row),
            Form::Bytes(bytes) => (row < bytes.len()).then(|| Value::Bytes(bytes.value(row))),
            Form::Coded { codes, texts } => texts.value(codes.get(row)?),
        }
    }
}

impl<'a> Texts<'a> {
    fn of(array: &'a ArrayRef) -> Option<Texts<'a>> {
        match array.data_type() {
            DataType::Utf8 => Some(Texts::Small(array.as_string())),
            DataType::LargeUtf8 => Some(Texts::Large(array.as_string())),
            DataType::Utf8View => Some(Texts::Views(array.as_string_view())),
            _ => None,
        }
    }

    fn array(self) -> &'a dyn Array {
        match self {
            Texts::Small(texts) => texts,
            Texts::Large(texts) => texts,
            Texts::Views(texts) => texts,
        }
    }

    fn value(self, row: usize) -> Option<Value<'a>> {
        if row >= self.array().len() {
            return None;
        }
        // A dictionary may have a NULL among its values.
        if self.array().is_null(row) {
            return Some(Value::Null);
        }
        Some(Value::Text(match self {
            Texts::Small(texts) => texts.value(row),
            Texts::Large(texts) => texts.value(row),
            Texts::Views(texts) => texts.value(row),
        }))
    }
}

impl Codes<'_> {
    fn len(&self) -> usize {
        match self {
            Codes::I8(codes) => codes.len(),
            Codes::I16(codes) => codes.len(),
            Codes::I32(codes) => codes.len(),
            Codes::I64(codes) => codes.len(),
            Codes::U8(codes) => codes.len(),
            Codes::U16(codes) => codes.len(),
            Codes::U32(codes) => codes.len(),
            Codes::U64(codes) => codes.len(),
        }
    }

    fn get(&self, row: usize) -> Option<usize> {
        match self {
            Codes::I8(codes) => codes.get(row)?.to_usize(),
            Codes::I16(codes) => codes.get(row)?.to_usize(),
            Codes::I32(codes) => codes.get(row)?.to_usize(),
            Codes::I64(codes) => codes.get(row)?.to_usize(),
            Codes::U8(codes) => codes.get(row)?.to_usize(),
            Codes::U16(codes) => codes.get(row)?.to_usize(),
            Codes::U32(codes) => codes.get(row)?.to_usize(),
            Codes::U64(codes) => codes.get(row)?.to_usize(),
        }
    }
}

fn codes<K: ArrowDictionaryKeyType>(array: &ArrayRef) -> &[K::Native] {
    array.as_dictionary::<K>().keys().values()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{DictionaryArray, RecordBatch};
    use bumpalo::Bump;

    use crate::host::Columns;

    use super::*;

    #[test]
    fn views_and_dictionaries_are_read_like_plain_texts() {
        let long = "longer than what a view holds itself";
        let views: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a"), None, Some(long)]));
        let bytes: ArrayRef = Arc::new(BinaryViewArray::from(vec![Some(&b"x"[..]), Some(b""), None]));
        let coded: DictionaryArray<Int8Type> = [Some("red"), None, Some("red")].into_iter().collect();
        let batch =
            RecordBatch::try_from_iter([("t", views), ("b", bytes), ("c", Arc::new(coded) as ArrayRef)]).unwrap();
        let columns = Columns::from_record_batch(&batch).unwrap();
        let arena = Bump::new();
        assert_eq!(columns.rows(), Ok(3));
        let row = |row| [0, 1, 2].map(|column| columns.value(column, row, &arena).unwrap());
        assert_eq!(row(0), [Value::Text("a"), Value::Bytes(b"x"), Value::Text("red")]);
        assert_eq!(row(1), [Value::Null, Value::Bytes(b""), Value::Null]);
        assert_eq!(row(2), [Value::Text(long), Value::Null, Value::Text("red")]);
        let part = batch.slice(2, 1);
        let columns = Columns::from_record_batch(&part).unwrap();
        assert_eq!(columns.value(0, 0, &arena), Ok(Value::Text(long)));
        assert_eq!(columns.value(2, 0, &arena), Ok(Value::Text("red")));
    }
}
