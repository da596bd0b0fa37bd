//! Arrow record batches as columns, without copying.

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
use crate::value::Vector;

impl<'a> Columns<'a> {
    /// The columns of a record batch, under their names. Vectors are lists, of fixed size or not, of floats without NULLs;
    /// timestamps with a zone are instants. `Err` names a column whose type has no counterpart.
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
            ColumnValues::Matrix { elements: elements(list.values())?, dimension, stride: dimension }
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            ColumnValues::Lists { offsets: Offsets::Small(list.value_offsets()), elements: elements(list.values())? }
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            ColumnValues::Lists { offsets: Offsets::Large(list.value_offsets()), elements: elements(list.values())? }
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

fn elements(array: &ArrayRef) -> Result<Vector<'_>, String> {
    if array.null_count() > 0 {
        return Err("a vector has NULL elements".to_owned());
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
    use crate::value::Value;

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
}
