//! Base64 as Jackson, and so Flink, reads it.

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, decoded_len_estimate};
use bumpalo::Bump;

/// Padding is needed, unused bits of the last digit don't matter.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The bytes that a text stands for; blanks in it don't count. `None` if it is no base64.
pub(crate) fn decode<'a>(text: &[u8], arena: &'a Bump) -> Option<&'a [u8]> {
    let compact: &[u8] = if text.iter().any(|&byte| byte <= b' ') {
        let kept = arena.alloc_slice_copy(text);
        let mut length = 0;
        for &byte in text.iter().filter(|&&byte| byte > b' ') {
            kept[length] = byte;
            length += 1;
        }
        &kept[..length]
    } else {
        text
    };
    let decoded = arena.alloc_slice_fill_copy(decoded_len_estimate(compact.len()), 0);
    let length = BASE64.decode_slice(compact, decoded).ok()?;
    Some(&decoded[..length])
}
