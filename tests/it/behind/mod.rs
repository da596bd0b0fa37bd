//! A vector index that is behind its rows: they are written to a hot child of the table and move from there.

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
