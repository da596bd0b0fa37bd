//! Facts about a message that librdkafka knows but its Rust binding doesn't offer. The code is unsafe because it calls C functions.

use std::ffi::CStr;
use std::{ptr, slice};

use rdkafka::message::BorrowedMessage;
use rdkafka_sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
use rdkafka_sys::{rd_kafka_header_get_all, rd_kafka_message_headers, rd_kafka_message_leader_epoch};

/// The epoch of the partition's leader when the record was written, if the broker told it.
#[inline]
pub fn leader_epoch(message: &BorrowedMessage<'_>) -> Option<i32> {
    // SAFETY: the message is borrowed, so it is valid; it came from a consumer and is only read.
    let epoch = unsafe { rd_kafka_message_leader_epoch(message.ptr()) };
    (epoch >= 0).then_some(epoch)
}

/// Gives each header's name, which may not be UTF-8, and its value.
pub fn each_header<'m>(message: &'m BorrowedMessage<'_>, mut give: impl FnMut(&'m [u8], Option<&'m [u8]>)) {
    let mut headers = ptr::null_mut();
    // SAFETY: the message is borrowed, so it is valid.
    if unsafe { rd_kafka_message_headers(message.ptr(), &mut headers) } != RD_KAFKA_RESP_ERR_NO_ERROR {
        return;
    }
    for index in 0.. {
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the headers belong to the message and live as long as it. For an index beyond them, the function returns an error.
        let found = unsafe { rd_kafka_header_get_all(headers, index, &mut name, &mut value, &mut size) };
        if found != RD_KAFKA_RESP_ERR_NO_ERROR {
            return;
        }
        // SAFETY: librdkafka ends names with a zero byte, and a value that isn't NULL has `size` bytes. Both belong to the message.
        let (name, value) = unsafe {
            let value = (!value.is_null()).then(|| slice::from_raw_parts(value.cast::<u8>(), size));
            (CStr::from_ptr(name).to_bytes(), value)
        };
        give(name, value);
    }
}
