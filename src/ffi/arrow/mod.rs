//! Arrow's C data interface.

#[cfg(feature = "arrow")]
mod tree;

use crate::ffi::call::call;
use crate::ffi::call_error::CallError;
use crate::ffi::code::vecsink_code;
use crate::ffi::error::vecsink_error;
use crate::ffi::memory::optional_place;
use crate::ffi::push::{self, vecsink_pushed};
use crate::ffi::sink::{self, vecsink_sink};

#[cfg(feature = "arrow")]
use arrow_array::ffi::{FFI_ArrowArray as ArrowArray, FFI_ArrowSchema as ArrowSchema};

#[cfg(not(feature = "arrow"))]
pub struct ArrowArray(());
#[cfg(not(feature = "arrow"))]
pub struct ArrowSchema(());

/// Pushes an Arrow record batch: a struct array of Arrow's C data interface, whose fields have the names of the
/// sink's columns. Nothing is copied before it is encoded. Array and schema are consumed: their release callbacks are
/// called before this returns, also when it fails, unless the library was built without Arrow (VECSINK_UNSUPPORTED).
/// Vectors are lists, of fixed size or not, of half, single or double floats without NULLs. Everything else is as with
/// vecsink_sink_push_batch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_push_arrow(
    sink: *mut vecsink_sink,
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
    sequence: u64,
    timeout_ms: i64,
    pushed: *mut vecsink_pushed,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // This comes first, so that array and schema are released whatever happens.
        // SAFETY: as the header asks, for both calls.
        let taken = unsafe { imported::Taken::new(array, schema) };
        let pushed = unsafe { optional_place(pushed, "the vecsink_pushed") }?.map(push::nothing_yet);
        let object = sink::get(sink)?;
        let batch = unsafe { taken?.read() }?;
        imported::push(&object, &batch, (sequence, timeout_ms), pushed)
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

#[cfg(not(feature = "arrow"))]
mod imported {
    use super::*;
    use crate::ffi::code::VECSINK_UNSUPPORTED;
    use crate::ffi::sink::SinkObject;

    pub enum Taken {}

    impl Taken {
        /// Nothing is read, so nothing is released.
        pub unsafe fn new(_: *mut ArrowArray, _: *mut ArrowSchema) -> Result<Taken, CallError> {
            Err(CallError::new(VECSINK_UNSUPPORTED, "this vecsink was built without Arrow (feature arrow)"))
        }

        pub unsafe fn read(self) -> Result<Taken, CallError> {
            match self {}
        }
    }

    pub fn push(_: &SinkObject, never: &Taken, _: (u64, i64), _: Option<&mut vecsink_pushed>) -> Result<(), CallError> {
        match *never {}
    }
}

#[cfg(feature = "arrow")]
mod imported {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use arrow_array::ffi::from_ffi;
    use arrow_array::{RecordBatch, StructArray};

    use super::*;
    use crate::ffi::code::VECSINK_SHAPE;
    use crate::ffi::sink::SinkObject;
    use crate::host::Columns;

    /// The host's array and schema, released when this is dropped.
    pub struct Taken {
        array: ArrowArray,
        schema: ArrowSchema,
    }

    impl Taken {
        pub unsafe fn new(array: *mut ArrowArray, schema: *mut ArrowSchema) -> Result<Taken, CallError> {
            let wrong = |what: &str| CallError::argument(format!("the {what} is NULL or not aligned"));
            // SAFETY: not NULL and aligned, and Arrow's structs as the caller promises.
            let array = (!array.is_null() && array.is_aligned()).then(|| unsafe { ArrowArray::from_raw(array) });
            let schema = (!schema.is_null() && schema.is_aligned()).then(|| unsafe { ArrowSchema::from_raw(schema) });
            let array = array.ok_or_else(|| wrong("ArrowArray"))?;
            let schema = schema.ok_or_else(|| wrong("ArrowSchema"))?;
            Ok(Taken { array, schema })
        }

        pub unsafe fn read(self) -> Result<RecordBatch, CallError> {
            let Taken { array, schema } = self;
            if array.is_released() {
                return Err(CallError::argument("the ArrowArray was released before"));
            }
            // SAFETY: Arrow's structs as the caller promises, one level after the other.
            unsafe { tree::check(&array, &schema) }.map_err(|what| CallError::argument(format!("Arrow: {what}")))?;
            // Arrow's own code may refuse an array that has passed this check, and sometimes it panics.
            let import = AssertUnwindSafe(|| {
                // SAFETY: as above.
                let mut data = unsafe { from_ffi(array, &schema) }.map_err(|error| error.to_string())?;
                data.align_buffers();
                data.validate().map_err(|error| error.to_string())?;
                if data.null_count() > 0 {
                    return Err("a record batch has no NULL among its rows, only among its values".to_owned());
                }
                Ok(RecordBatch::from(StructArray::from(data)))
            });
            match catch_unwind(import) {
                Ok(Ok(batch)) => Ok(batch),
                Ok(Err(what)) => Err(CallError::argument(format!("Arrow: {what}"))),
                Err(_) => Err(CallError::argument("Arrow: the array is not as its schema says")),
            }
        }
    }

    pub fn push(
        object: &SinkObject,
        batch: &RecordBatch,
        how: (u64, i64),
        pushed: Option<&mut vecsink_pushed>,
    ) -> Result<(), CallError> {
        let columns = Columns::from_record_batch(batch).map_err(|what| CallError::new(VECSINK_SHAPE, what))?;
        push::push_batch(object, &columns, how, pushed)
    }
}
