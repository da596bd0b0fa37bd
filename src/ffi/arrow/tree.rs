//! Checks whether an Arrow array and its schema fit together. Arrow's own import would panic if they don't.

use std::ffi::{CStr, c_char, c_void};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

/// `ArrowSchema` as Arrow's specification defines it.
#[repr(C)]
struct Schema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *const *const Schema,
    dictionary: *const Schema,
    release: *const c_void,
    private_data: *const c_void,
}

#[repr(C)]
struct ArrowTree {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *const *const c_void,
    children: *const *const ArrowTree,
    dictionary: *const ArrowTree,
    release: *const c_void,
    private_data: *const c_void,
}

const _: () = assert!(size_of::<Schema>() == size_of::<FFI_ArrowSchema>());
const _: () = assert!(size_of::<ArrowTree>() == size_of::<FFI_ArrowArray>());

const DEEPEST: u32 = 8;
const MOST_CHILDREN: i64 = 1664;

/// # Safety
/// Each pointer in the structs is NULL or points to valid memory, as Arrow's specification says.
pub unsafe fn check(array: &FFI_ArrowArray, schema: &FFI_ArrowSchema) -> Result<(), String> {
    let array = std::ptr::from_ref(array).cast::<ArrowTree>();
    let schema = std::ptr::from_ref(schema).cast::<Schema>();
    // SAFETY: these are the same structs: their layout is specified.
    let (array, schema) = unsafe { (&*array, &*schema) };
    // SAFETY: as the caller promises.
    unsafe { text(schema.format, "format")? }
        .filter(|format| *format == "+s")
        .ok_or("a struct array is expected, which is a record batch")?;
    // SAFETY: as the caller promises.
    unsafe { level(array, schema, 0) }
}

unsafe fn level(array: &ArrowTree, schema: &Schema, depth: u32) -> Result<(), String> {
    // SAFETY: as the caller promises, for all of this.
    unsafe {
        text(schema.format, "format")?.ok_or("a schema has no format")?;
        let name = text(schema.name, "name")?.unwrap_or_default();
        let wrong = |what: &str| Err(format!("field '{name}': {what}"));
        if schema.release.is_null() && depth == 0 {
            return wrong("the schema was released before");
        }
        if array.length < 0
            || array.offset < 0
            || array.length.checked_add(array.offset).is_none_or(|end| end > 1 << 48)
        {
            return wrong("its length or offset is out of range");
        }
        if !(0..=1 << 20).contains(&array.n_buffers) || array.n_buffers > 0 && array.buffers.is_null() {
            return wrong("it has no buffers");
        }
        if array.n_children != schema.n_children || !(0..=MOST_CHILDREN).contains(&array.n_children) {
            return wrong("array and schema don't have the same children");
        }
        if array.n_children > 0 && (array.children.is_null() || schema.children.is_null()) {
            return wrong("its children are NULL");
        }
        if array.dictionary.is_null() != schema.dictionary.is_null() {
            return wrong("array and schema don't both have a dictionary");
        }
        if depth > DEEPEST {
            return wrong(&format!("it is nested more than {DEEPEST} deep"));
        }
        for at in 0..array.n_children as usize {
            let (child, described) = (*array.children.add(at), *schema.children.add(at));
            let (Some(child), Some(described)) = (child.as_ref(), described.as_ref()) else {
                return wrong("a child is NULL");
            };
            level(child, described, depth + 1)?;
        }
        match (array.dictionary.as_ref(), schema.dictionary.as_ref()) {
            (Some(values), Some(described)) => level(values, described, depth + 1),
            _ => Ok(()),
        }
    }
}

unsafe fn text<'a>(text: *const c_char, what: &str) -> Result<Option<&'a str>, String> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| format!("a {what} is not UTF-8"))
}
