//! Host programs in other languages, over the library as it is installed. All tests are one program, because linking takes long.
//!
//! The library is built by the tests themselves when it isn't there; `make library` does it before.

#[path = "../it/support/mod.rs"]
mod support;

mod bounds;
mod c;
mod cpp;
mod ends;
mod go;
mod gunicorn;
mod installed;
mod items;
mod java;
mod library;
mod node;
mod once;
mod python;
mod surroundings;
