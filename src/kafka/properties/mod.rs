//! The properties of a Kafka client: as a job file names them, and as librdkafka takes them.

pub(crate) mod jaas;
pub(super) mod java_properties;
pub(crate) mod stores;
pub(super) mod tuning;
