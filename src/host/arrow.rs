//! Arrow record batches as columns, without copying.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit as ArrowUnit};

use super::arrow_texts::Scattered;
use super::{Bitmap, ColumnValues, Columns, Offsets, Strided, TimeUnit};
use crate::types::value::Vector;

impl<'a> Columns<'a> {
    /// The columns of a record batch, under their names. Vectors are lists (of fixed size or not) of floats, without NULLs among the
    /// floats. Timestamps with a zone are instants. `Err` names a column whose type isn't supported.
    pub fn from_record_batch(batch: &'a RecordBatch) -> Result<Columns<'a>, String> {
        let mut columns = Columns::new();
        for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let values = values(array).map_err(|what| format!("column {}: {what}", field.name()))?;
            let nulls = array.nulls().map(|nulls| Bitmap::new(nulls.validity(), nulls.offset()));
            columns = columns.add(Some(field.name()), values, nulls);
        }
        Ok(columns)
    }
}

fn values(array: &ArrayRef) -> Result<ColumnValues<'_>, String> {
    Ok(match array.data_type() {
        DataType::Null => ColumnValues::Null(array.len()),
        DataType::Boolean => {
            let bits = array.as_boolean().values();
            ColumnValues::Bits { bits: Bitmap::new(bits.values(), bits.offset()), rows: array.len() }
        }
        DataType::Int8 => slice::<Int8Type>(array).into(),
        DataType::Int16 => slice::<Int16Type>(array).into(),
        DataType::Int32 => slice::<Int32Type>(array).into(),
        DataType::Int64 => slice::<Int64Type>(array).into(),
        DataType::UInt8 => slice::<UInt8Type>(array).into(),
        DataType::UInt16 => slice::<UInt16Type>(array).into(),
        DataType::UInt32 => slice::<UInt32Type>(array).into(),
        DataType::UInt64 => slice::<UInt64Type>(array).into(),
        DataType::Float16 => ColumnValues::F16(Strided::new(halves(array), 1)),
        DataType::Float32 => slice::<Float32Type>(array).into(),
        DataType::Float64 => slice::<Float64Type>(array).into(),
        DataType::Decimal128(_, scale) => ColumnValues::Decimal {
            unscaled: Strided::new(slice::<Decimal128Type>(array), 1),
            scale: u8::try_from(*scale).map_err(|_| "a decimal of negative scale is not supported".to_owned())?,
        },
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            ColumnValues::Text { offsets: Offsets::Small(texts.value_offsets()), bytes: texts.value_data() }
        }
        DataType::LargeUtf8 => {
            let texts = array.as_string::<i64>();
            ColumnValues::Text { offsets: Offsets::Large(texts.value_offsets()), bytes: texts.value_data() }
        }
        DataType::Binary => {
            let bytes = array.as_binary::<i32>();
            ColumnValues::Binary { offsets: Offsets::Small(bytes.value_offsets()), bytes: bytes.value_data() }
        }
        DataType::LargeBinary => {
            let bytes = array.as_binary::<i64>();
            ColumnValues::Binary { offsets: Offsets::Large(bytes.value_offsets()), bytes: bytes.value_data() }
        }
        DataType::Date32 => ColumnValues::Date(Strided::new(slice::<Date32Type>(array), 1)),
        DataType::Time64(ArrowUnit::Microsecond) => time(slice::<Time64MicrosecondType>(array), TimeUnit::Microsecond),
        DataType::Time64(ArrowUnit::Nanosecond) => time(slice::<Time64NanosecondType>(array), TimeUnit::Nanosecond),
        DataType::Timestamp(unit, zone) => {
            let (counts, unit) = match unit {
                ArrowUnit::Second => (slice::<TimestampSecondType>(array), TimeUnit::Second),
                ArrowUnit::Millisecond => (slice::<TimestampMillisecondType>(array), TimeUnit::Millisecond),
                ArrowUnit::Microsecond => (slice::<TimestampMicrosecondType>(array), TimeUnit::Microsecond),
                ArrowUnit::Nanosecond => (slice::<TimestampNanosecondType>(array), TimeUnit::Nanosecond),
            };
            let counts = Strided::new(counts, 1);
            match zone {
                Some(_) => ColumnValues::Instant { counts, unit },
                None => ColumnValues::Timestamp { counts, unit },
            }
        }
        DataType::FixedSizeList(_, size) => {
            let list = array.as_fixed_size_list();
            let dimension = usize::try_from(*size).unwrap_or(0);
            let part = |row: usize| row * dimension..(row + 1) * dimension;
            ColumnValues::Matrix { elements: elements(list, list.values(), part)?, dimension, stride: dimension }
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            let part = |row: usize| offsets[row] as usize..offsets[row + 1] as usize;
            ColumnValues::Lists { offsets: Offsets::Small(offsets), elements: elements(list, list.values(), part)? }
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let offsets = list.value_offsets();
            let part = |row: usize| offsets[row] as usize..offsets[row + 1] as usize;
            ColumnValues::Lists { offsets: Offsets::Large(offsets), elements: elements(list, list.values(), part)? }
        }
        other => match Scattered::of(array) {
            Some(values) => ColumnValues::Scattered(values),
            None => return Err(format!("the Arrow type {other} is not supported; cast it before")),
        },
    })
}

fn time(counts: &[i64], unit: TimeUnit) -> ColumnValues<'_> {
    ColumnValues::Time { counts: Strided::new(counts, 1), unit }
}

fn slice<T: ArrowPrimitiveType>(array: &ArrayRef) -> &[T::Native] {
    array.as_primitive::<T>().values()
}

fn halves(array: &ArrayRef) -> &[u16] {
    array.as_primitive::<Float16Type>().values().inner().typed_data()
}

/// The elements of all lists of a column. `part` gives the range of a row's elements. A NULL among them is an error, except in the
/// list of a row that is NULL itself.
fn elements<'a>(
    lists: &dyn Array,
    array: &'a ArrayRef,
    part: impl Fn(usize) -> Range<usize>,
) -> Result<Vector<'a>, String> {
    if let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) {
        let has_null = |row: &usize| lists.is_valid(*row) && part(*row).any(|element| nulls.is_null(element));
        if let Some(row) = (0..lists.len()).find(has_null) {
            return Err(format!("the vector of row {row} has a NULL element"));
        }
    }
    match array.data_type() {
        DataType::Float16 => Ok(Vector::Half(halves(array))),
        DataType::Float32 => Ok(Vector::Float(slice::<Float32Type>(array))),
        DataType::Float64 => Ok(Vector::Double(slice::<Float64Type>(array))),
        other => Err(format!("a list of {other} is not supported; a vector has floats")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{FixedSizeListArray, Float32Array, Int64Array, StringArray};
    use bumpalo::Bump;

    use super::*;
    use crate::types::value::Value;

    #[test]
    fn a_record_batch_is_read_in_place_also_when_it_is_a_slice() {
        let numbers: Vec<f32> = (0..6).map(|number| number as f32).collect();
        let field = Arc::new(arrow_schema::Field::new("item", DataType::Float32, true));
        let vectors = FixedSizeListArray::new(field, 2, Arc::new(Float32Array::from(numbers)), None);
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
        let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "bc", "d"]));
        let batch = RecordBatch::try_from_iter([("id", ids), ("name", names), ("v", Arc::new(vectors) as ArrayRef)]);
        let part = batch.unwrap().slice(1, 2);
        let columns = Columns::from_record_batch(&part).unwrap();
        let arena = Bump::new();
        assert_eq!(columns.rows(), Ok(2));
        let row = |row| [0, 1, 2].map(|column| columns.value(column, row, &arena).unwrap());
        assert_eq!(row(0), [Value::Null, Value::Text("bc"), Value::Vector(Vector::Float(&[2.0, 3.0]))]);
        assert_eq!(row(1), [Value::Int(3), Value::Text("d"), Value::Vector(Vector::Float(&[4.0, 5.0]))]);
    }

    #[test]
    fn a_vector_that_is_null_may_have_null_elements_but_no_other() {
        let field = Arc::new(arrow_schema::Field::new("item", DataType::Float32, true));
        let numbers = vec![Some(1.0), Some(2.0), None, None, Some(5.0), None];
        let vectors = |valid: Vec<bool>| {
            let numbers = Arc::new(Float32Array::from(numbers.clone()));
            let vectors = FixedSizeListArray::new(field.clone(), 2, numbers, Some(valid.into()));
            RecordBatch::try_from_iter([("v", Arc::new(vectors) as ArrayRef)]).unwrap()
        };
        let said = |batch: &RecordBatch| Columns::from_record_batch(batch).map(drop);
        assert_eq!(
            said(&vectors(vec![true, false, true])).unwrap_err(),
            "column v: the vector of row 2 has a NULL element"
        );
        let batch = vectors(vec![true, false, false]);
        let columns = Columns::from_record_batch(&batch).unwrap();
        let arena = Bump::new();
        assert_eq!(columns.value(0, 0, &arena), Ok(Value::Vector(Vector::Float(&[1.0, 2.0]))));
        assert_eq!(columns.value(0, 1, &arena), Ok(Value::Null));
    }
}
