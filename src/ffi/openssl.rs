//! The OpenSSL inside the library, which is another one than the host's. What the host has configured for its own, by
//! OPENSSL_CONF, names modules that aren't here and rules for other connections, so it isn't read.

use std::hint::black_box;
use std::ptr;

const NO_LOAD_CONFIG: u64 = 0x80;

/// When the library is loaded, before libcurl's own initialization, which is there too (as `.init_array`): the first one of
/// OpenSSL decides.
#[used]
#[unsafe(link_section = ".init_array.00100")]
static AT_LOAD: extern "C" fn() = without_configuration;

extern "C" fn without_configuration() {
    // SAFETY: a number of options and no settings.
    unsafe { openssl_sys::OPENSSL_init_ssl(NO_LOAD_CONFIG | openssl_sys::OPENSSL_INIT_NO_ATEXIT, ptr::null()) };
}

/// Does nothing but refer to what is done at the start: from a static library only what is referred to is taken.
pub fn keep() {
    black_box(&AT_LOAD);
}
