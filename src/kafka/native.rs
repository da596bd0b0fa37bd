//! What librdkafka knows but its Rust binding doesn't offer. The code is unsafe because it calls C functions.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::time::Duration;
use std::{ptr, slice};

use rdkafka::client::{Client, ClientContext};
use rdkafka::message::BorrowedMessage;
use rdkafka_sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
use rdkafka_sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
use rdkafka_sys::{
    rd_kafka_AdminOptions_destroy, rd_kafka_AdminOptions_new, rd_kafka_AdminOptions_set_request_timeout,
    rd_kafka_DescribeTopics, rd_kafka_DescribeTopics_result_topics, rd_kafka_TopicCollection_destroy,
    rd_kafka_TopicCollection_of_topic_names, rd_kafka_TopicDescription_name, rd_kafka_TopicDescription_topic_id,
    rd_kafka_Uuid_base64str, rd_kafka_Uuid_least_significant_bits, rd_kafka_Uuid_most_significant_bits,
    rd_kafka_event_DescribeTopics_result, rd_kafka_event_destroy, rd_kafka_event_t, rd_kafka_header_get_all,
    rd_kafka_message_headers, rd_kafka_message_leader_epoch, rd_kafka_queue_destroy, rd_kafka_queue_new,
    rd_kafka_queue_poll,
};

/// The ids that the brokers have given these topics, by the topics' names. A topic that was created again has another one. Brokers
/// before Kafka 2.8 have none; then, or where there is no answer in time, the topic is left out. Waits, so it isn't called by the thread that
/// polls.
pub fn topic_ids<C: ClientContext>(client: &Client<C>, topics: &[&str], wait: Duration) -> HashMap<String, String> {
    let names: Vec<CString> = topics.iter().filter_map(|topic| CString::new(*topic).ok()).collect();
    let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let milliseconds = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    if pointers.is_empty() {
        return HashMap::new();
    }
    // SAFETY: the client lives as long as this borrow. The names outlive the call that copies them. All that is made here is destroyed
    // here, and the event, to which the answer belongs, only after it was read.
    unsafe {
        let handle = client.native_ptr();
        let options = rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
        rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, ptr::null_mut(), 0);
        let collection = rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        let queue = rd_kafka_queue_new(handle);
        rd_kafka_DescribeTopics(handle, collection, options, queue);
        let event = rd_kafka_queue_poll(queue, milliseconds);
        let found = ids_in(event);
        if !event.is_null() {
            rd_kafka_event_destroy(event);
        }
        rd_kafka_queue_destroy(queue);
        rd_kafka_TopicCollection_destroy(collection);
        rd_kafka_AdminOptions_destroy(options);
        found
    }
}

/// The topics' ids in the answer.
///
/// # Safety
///
/// `event` is NULL, or an event that was not destroyed.
unsafe fn ids_in(event: *mut rd_kafka_event_t) -> HashMap<String, String> {
    let mut found = HashMap::new();
    if event.is_null() {
        return found;
    }
    // SAFETY: each pointer is checked, and belongs to the event.
    unsafe {
        // NULL for an event of another kind.
        let result = rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return found;
        }
        let mut count = 0;
        let topics = rd_kafka_DescribeTopics_result_topics(result, &mut count);
        if topics.is_null() {
            return found;
        }
        for &topic in slice::from_raw_parts(topics, count) {
            let (name, id) = (rd_kafka_TopicDescription_name(topic), rd_kafka_TopicDescription_topic_id(topic));
            if name.is_null() || id.is_null() {
                continue;
            }
            let is_zero = rd_kafka_Uuid_most_significant_bits(id) == 0 && rd_kafka_Uuid_least_significant_bits(id) == 0;
            let base64 = rd_kafka_Uuid_base64str(id);
            if !is_zero && !base64.is_null() {
                let text = |pointer| CStr::from_ptr(pointer).to_string_lossy().into_owned();
                found.insert(text(name), text(base64));
            }
        }
    }
    found
}

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
