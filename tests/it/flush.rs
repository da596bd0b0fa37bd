//! Tests of writing batches into the database, without Kafka. The tests encode the rows themselves.

mod catalog;
pub mod changes;
mod client_certificates;
mod conflicts;
mod connections;
mod evidence;
mod exactly_once;
pub mod fixture;
mod frozen;
mod isolation;
mod ledger;
mod locks;
pub mod opening;
mod outages;
mod owners;
mod planner;
mod poolers;
mod quoting;
mod turns;
mod unchanged;
