//! The properties of a Kafka client: as a job file names them, and as librdkafka takes them.

pub(crate) mod jaas;
pub mod java_properties;
pub(crate) mod stores;
pub mod tuning;

use self::java_properties::Translation;
use crate::settings::kafka::KafkaSource;

/// What is wrong with the source's `properties.*`, found without opening anything.
pub fn check_properties(source: &KafkaSource) -> Vec<String> {
    java_properties::translate(&source.properties).errors
}

/// The properties as the client has them. Warnings are logged.
pub fn translated(properties: &[(String, String)]) -> Translation {
    let translation = java_properties::translate(properties);
    translation.warnings.iter().for_each(|warning| log::warn!("{warning}"));
    translation
}
