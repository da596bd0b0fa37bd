//! A vector index that is behind its rows: they are written to a hot child of the table and move from there.

mod children;
mod fixture;
mod layout;
mod races;
mod told;
mod tree;
mod writes;
