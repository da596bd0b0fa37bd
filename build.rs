//! With the feature `ffi`: include/vecsink.h, made of src/ffi, into OUT_DIR. Without it there is nothing to build.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "ffi")]
    header::write();
}

#[cfg(feature = "ffi")]
mod header {
    use std::path::{Path, PathBuf};
    use std::{env, fs};

    /// In the header's order.
    const SOURCES: [&str; 14] = [
        "version",
        "code",
        "error",
        "log",
        "value",
        "sink_builder",
        "sink_options",
        "sink",
        "push",
        "row",
        "column",
        "arrow/mod",
        "stats",
        "pipeline/mod",
    ];

    pub fn write() {
        let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
        for part in ["src/ffi", "cbindgen.toml"] {
            println!("cargo:rerun-if-changed={part}");
        }
        let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
        config.header = Some(read(&root.join("src/ffi/header_start.h")));
        config.trailer = Some(read(&root.join("src/ffi/header_end.h")));
        let sources = SOURCES.iter().map(|name| root.join(format!("src/ffi/{name}.rs")));
        let builder = sources.fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
        let bindings = builder.generate().expect("cbindgen reads src/ffi");
        bindings.write_to_file(out.join("vecsink.h"));
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).expect("the header's text is there").trim_end().to_owned()
    }
}
