//! The header that is checked in is the one these files make.

#[test]
fn the_header_is_up_to_date() {
    let made = include_str!(concat!(env!("OUT_DIR"), "/vecsink.h"));
    let kept = include_str!("../../include/vecsink.h");
    assert!(made == kept, "include/vecsink.h is stale: make header");
}
