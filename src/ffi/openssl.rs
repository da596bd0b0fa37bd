//! The OpenSSL inside the library isn't the host's. The host's configuration (OPENSSL_CONF) names modules that aren't here and
//! rules for other connections, so it isn't read.

use std::hint::black_box;
use std::ptr;

const NO_LOAD_CONFIG: u64 = 0x80;

/// Runs when the library is loaded. The first initialization of OpenSSL decides, so this one has to come before that of libcurl,
/// which is in `.init_array` too.
#[used]
#[unsafe(link_section = ".init_array.00100")]
static AT_LOAD: extern "C" fn() = without_configuration;

extern "C" fn without_configuration() {
    // SAFETY: only flags are passed, and no settings.
    unsafe { openssl_sys::OPENSSL_init_ssl(NO_LOAD_CONFIG | openssl_sys::OPENSSL_INIT_NO_ATEXIT, ptr::null()) };
}

/// Only refers to [`AT_LOAD`]: a linker takes from a static library only what something refers to.
pub fn keep() {
    black_box(&AT_LOAD);
}
