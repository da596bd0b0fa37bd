//! The main job, `examples/sql/car_info.sql`, from end to end: a real broker, real servers, the real command.

mod avro;
mod bad_rows;
mod broker;
mod disk;
mod formats;
mod interruptions;
mod malformed;
mod million;
mod network;
mod outages;
mod password;
mod poolers;
mod scene;
mod shapes;
mod standby;
mod strict;
mod time_limits;
mod tls;
mod two_sinks;
mod types;
