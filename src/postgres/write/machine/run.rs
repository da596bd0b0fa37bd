//! The loop around the machine.

use std::ops::Range;
use std::time::Instant;

use super::{Action, BatchFacts, Effect, Facts, Machine, Outcome, Request, StopReason};
use crate::error::{Error, Result};
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::write::written::Written;

/// What carries out the actions: the target, or a scripted server in the tests.
pub trait World {
    fn now(&self) -> Instant;

    fn batch(&self) -> BatchFacts<'_>;

    /// Called before each request. Encodes the rows again if the table was altered, and returns whether it was. An error ends the
    /// work.
    fn prepare(&mut self) -> Result<bool>;

    fn request(&mut self, request: &Request) -> (Outcome, Facts);

    fn settle(&mut self, rows: Range<usize>, written: Written);

    /// An error: the job stops at the first rejected row.
    fn reject(&mut self, row: usize, failure: &AttemptError) -> Result<()>;

    /// An error ends the work.
    fn carry_out(&mut self, effect: Effect) -> Result<()>;

    fn stopped(&mut self, reason: StopReason) -> Error;
}

/// Runs the machine until the batch is written, or an error ends the work.
pub fn run(machine: &mut Machine<'_>, world: &mut impl World) -> Result<()> {
    // What is durable is settled even if a rejection before it stops the job.
    let mut failed = None;
    loop {
        match machine.next(&world.batch(), world.now()) {
            Action::Settle(rows, written) => world.settle(rows, written),
            Action::Reject(..) if failed.is_some() => {}
            Action::Reject(row, failure) => failed = world.reject(row, &failure).err(),
            Action::Effect(effect) => world.carry_out(effect)?,
            _ if failed.is_some() => return failed.map_or(Ok(()), Err),
            Action::Stop(reason) => return Err(world.stopped(reason)),
            Action::Finish => return Ok(()),
            Action::Request(request) => {
                if world.prepare()? {
                    machine.table_altered();
                } else {
                    let (outcome, facts) = world.request(&request);
                    machine.ended(&world.batch(), &outcome, &facts);
                }
            }
        }
    }
}
