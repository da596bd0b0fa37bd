//! A vector index that is behind its rows: they are written to a hot child of the table and move from there.

mod children;
mod layout;
mod told;
