//! `sink.vector-index = behind`: rows are written into a hot child of the table, and are moved into the table later.

mod chaos;
mod children;
mod fixture;
mod foreign;
mod layout;
mod merge;
mod mover;
mod opening;
mod partitioned;
mod races;
mod row_security;
mod scene;
mod seal;
mod told;
mod tree;
mod writes;
