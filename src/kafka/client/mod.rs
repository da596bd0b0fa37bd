//! The client of librdkafka, and what the brokers are asked through it.

pub mod broker;
pub mod context;
pub mod question;
pub mod source_client;
