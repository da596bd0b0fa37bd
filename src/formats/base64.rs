//! Base64 as Jackson reads it, which Flink uses.

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, decoded_len_estimate};
use bumpalo::Bump;

/// Padding is required. Unused bits of the last digit are ignored.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Decodes a text. Blanks in it are ignored. `None`: the text is not base64.
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
