//! Tests that the header in the repository is the one that is made from these files.

#[test]
fn the_header_is_up_to_date() {
    let made = include_str!(concat!(env!("OUT_DIR"), "/vecsink.h"));
    let kept = include_str!("../../include/vecsink.h");
    assert!(made == kept, "include/vecsink.h is stale: make header");
}
