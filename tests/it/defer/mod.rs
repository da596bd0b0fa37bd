//! A deferred vector index: dropped before the rows come, and built again after them, whatever happens in between.

mod crash;
mod fixture;
mod index;
mod jobs;
mod pace;
mod processes;
mod refused;
mod told;
