//! Links the C functions of the crate vecsink. There is no code here.

extern crate rust as _;
