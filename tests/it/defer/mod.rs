//! A deferred vector index: it is dropped before the rows are written, and built again after them, also after errors and crashes.

mod crash;
mod fixture;
mod index;
mod jobs;
mod pace;
mod processes;
mod refused;
mod told;
