//! How `protobuf` messages are decoded.

use std::fmt;

/// Options of `format = 'protobuf'`.
#[derive(Clone, PartialEq)]
pub struct ProtobufFormat {
    /// The type of the messages, with all types that it is made of.
    pub message: prost_reflect::MessageDescriptor,
    pub ignore_parse_errors: bool,
    /// Fields that aren't set have their default instead of NULL.
    pub read_default_values: bool,
}

impl fmt::Debug for ProtobufFormat {
    /// A descriptor shows itself with all of its file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtobufFormat")
            .field("message", &self.message.full_name())
            .field("ignore_parse_errors", &self.ignore_parse_errors)
            .field("read_default_values", &self.read_default_values)
            .finish()
    }
}
