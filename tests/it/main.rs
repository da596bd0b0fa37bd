//! Tests with real servers, from a message or a pushed row to the table. They are one program, because linking takes long.
//!
//! `make test` starts the servers; so does `make servers-up`, after which `cargo test --release` finds them.

mod behind;
mod cars;
mod changes;
mod cli;
mod cli_job;
mod cli_sample;
mod cli_start;
mod cli_topic;
mod consume;
mod dead_letters;
mod defects;
mod defer;
mod doctor;
mod drift;
mod exactly_once;
mod expressions;
mod flush;
mod formats;
mod keys;
mod main_job;
#[path = "../formats/page.rs"]
mod page;
mod push;
mod registry;
mod roundtrip;
mod support;
mod torture;
mod vectors;
