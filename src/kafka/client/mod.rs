//! The client of librdkafka, and what the brokers are asked through it.

pub(super) mod broker;
pub(super) mod context;
pub(super) mod question;
