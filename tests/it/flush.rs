//! The database side alone: batches with rows encoded by hand.

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
