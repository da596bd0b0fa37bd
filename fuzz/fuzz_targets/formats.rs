#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vecsink_fuzz::run("formats", input));
