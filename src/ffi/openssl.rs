//! The library has its own copy of OpenSSL. The host's configuration file (OPENSSL_CONF) names modules that this copy doesn't have and
//! rules for other connections, so it isn't read.

use std::hint::black_box;
use std::ptr;

const NO_LOAD_CONFIG: u64 = 0x80;

/// Runs when the library is loaded. The first initialization of OpenSSL decides whether the file is read. So this one has to come
/// before that of libcurl, which is in `.init_array`, too.
#[used]
#[unsafe(link_section = ".init_array.00100")]
static AT_LOAD: extern "C" fn() = without_configuration;

extern "C" fn without_configuration() {
    // SAFETY: only flags are passed, and no settings.
    unsafe { openssl_sys::OPENSSL_init_ssl(NO_LOAD_CONFIG | openssl_sys::OPENSSL_INIT_NO_ATEXIT, ptr::null()) };
}

/// Refers to [`AT_LOAD`], so that a linker takes it from a static library: it leaves out what nothing refers to.
pub fn keep() {
    black_box(&AT_LOAD);
}
