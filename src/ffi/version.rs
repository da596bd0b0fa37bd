//! The versions of the header and of the library.

use std::ffi::c_char;

pub const VECSINK_VERSION_MAJOR: u32 = 0;
pub const VECSINK_VERSION_MINOR: u32 = 1;
pub const VECSINK_VERSION_PATCH: u32 = 0;
/// The version of the header: major << 16 | minor << 8 | patch.
pub const VECSINK_VERSION_NUMBER: u32 = 0x000100;

const _: () =
    assert!(VECSINK_VERSION_NUMBER == VECSINK_VERSION_MAJOR << 16 | VECSINK_VERSION_MINOR << 8 | VECSINK_VERSION_PATCH);

/// The version of the library that is loaded: "0.1.0". Static.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The version of the library that is loaded, as a number like VECSINK_VERSION_NUMBER.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_version_number() -> u32 {
    VECSINK_VERSION_NUMBER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_version_is_the_packages() {
        let parts = [VECSINK_VERSION_MAJOR, VECSINK_VERSION_MINOR, VECSINK_VERSION_PATCH];
        assert_eq!(env!("CARGO_PKG_VERSION"), parts.map(|part| part.to_string()).join("."));
    }
}
