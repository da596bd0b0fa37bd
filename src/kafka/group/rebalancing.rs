//! The decisions of the group about this member's partitions. The client notes them; they are answered one after another,
//! between two polls. Rows of revoked partitions are written and committed first, so that the next owner repeats as little as
//! possible.

use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;

use super::takeover;
use crate::error::{Error, Result};
use crate::kafka::client::context::{Rebalance, decline};
use crate::kafka::client::question::Question;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::start::position::StartPosition;

/// The longest wait until the rows of revoked partitions are written.
const LONGEST_RELEASE: Duration = Duration::from_secs(10);
/// How often the log says that open transactions are waited for.
const LOG_AGAIN: Duration = Duration::from_secs(60);

/// What the reader has to do now.
#[derive(Debug, PartialEq)]
pub enum RebalanceDecision {
    Nothing,
    /// Begin with these partitions, which were assigned.
    TakeOver(Vec<StartPosition>),
    /// The database has not answered for so long that others should have the partitions: leave the group.
    Leave,
    /// Write the waiting rows of these partitions, and commit their progress; then call [`Rebalancing::released`].
    GiveUp(TopicPartitionList),
}

/// The group's decision that has no answer yet, if there is one.
enum RebalanceState {
    Idle,
    /// Partitions were assigned, and it is asked where to begin: the brokers, and with exactly-once the ledger. The group waits for the
    /// answer; meanwhile the reader goes on reading its other partitions.
    Assigned(Taking),
    /// Partitions were revoked, and transactions with rows of these partitions are open.
    Releasing(Releasing),
}

struct Taking {
    partitions: TopicPartitionList,
    question: Question<Vec<StartPosition>>,
    since: Instant,
    logged: Option<Instant>,
}

struct Releasing {
    partitions: TopicPartitionList,
    since: Instant,
    logged: Instant,
}

/// What the state machine asks of the client.
pub trait GroupClient {
    fn group(&self) -> &str;

    /// The oldest decision of the group that was not answered.
    fn take_rebalance(&self) -> Option<Rebalance>;

    /// Asks where to begin with these partitions. `starts`: where the job found each partition when it started.
    fn ask_places(
        &self,
        assigned: &TopicPartitionList,
        starts: &[StartPosition],
    ) -> Result<Question<Vec<StartPosition>>>;

    /// Whether a database decides where to begin, too.
    fn is_assigned_elsewhere(&self) -> bool;

    /// Gives the partitions up: the answer to a revoke.
    fn give_up(&self, partitions: &TopicPartitionList) -> Result<()>;
}

impl GroupClient for SourceClient {
    fn group(&self) -> &str {
        &self.resume().group
    }

    fn take_rebalance(&self) -> Option<Rebalance> {
        self.context().take_rebalance()
    }

    fn ask_places(
        &self,
        assigned: &TopicPartitionList,
        starts: &[StartPosition],
    ) -> Result<Question<Vec<StartPosition>>> {
        takeover::ask(self, assigned, starts)
    }

    fn is_assigned_elsewhere(&self) -> bool {
        SourceClient::is_assigned_elsewhere(self)
    }

    fn give_up(&self, partitions: &TopicPartitionList) -> Result<()> {
        SourceClient::give_up(self, partitions)
    }
}

pub struct Rebalancing {
    state: RebalanceState,
    release_wait: Duration,
    /// How long the database may take to answer.
    longest_taking: Duration,
}

impl Rebalancing {
    /// `max_poll_interval`: the group removes a member that doesn't poll for this long.
    pub fn new(max_poll_interval: Duration) -> Rebalancing {
        Rebalancing {
            state: RebalanceState::Idle,
            release_wait: (max_poll_interval / 4).min(LONGEST_RELEASE),
            longest_taking: max_poll_interval / 3,
        }
    }

    /// How long to wait until the rows of revoked partitions are written.
    pub fn release_wait(&self) -> Duration {
        self.release_wait
    }

    /// Whether the group waits for an answer. Then nothing must be assigned for another reason: the client would take it for the
    /// answer.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, RebalanceState::Idle)
    }

    /// The next step. `is_releasing` tells whether a transaction with rows of revoked partitions is open.
    pub fn next(
        &mut self,
        client: &impl GroupClient,
        starts: &[StartPosition],
        is_releasing: impl FnOnce() -> bool,
    ) -> Result<RebalanceDecision> {
        match std::mem::replace(&mut self.state, RebalanceState::Idle) {
            RebalanceState::Idle => self.take_decision(client, starts),
            RebalanceState::Releasing(mut releasing) => {
                if is_releasing() {
                    releasing.warn_if_long(client.group());
                    self.state = RebalanceState::Releasing(releasing);
                    return Ok(RebalanceDecision::Nothing);
                }
                client.give_up(&releasing.partitions)?;
                self.take_decision(client, starts)
            }
            RebalanceState::Assigned(mut taking) => {
                match taking.question.answer() {
                    Some(Ok(starts)) => return Ok(RebalanceDecision::TakeOver(starts)),
                    Some(Err(error @ Error::Target { passing: false, .. })) => {
                        self.state = RebalanceState::Assigned(taking);
                        return Err(error);
                    }
                    Some(Err(error)) => {
                        taking.warn_of(&error);
                        taking.question = client.ask_places(&taking.partitions, starts)?;
                    }
                    None => {}
                }
                let is_too_long = client.is_assigned_elsewhere() && taking.since.elapsed() >= self.longest_taking;
                self.state = RebalanceState::Assigned(taking);
                Ok(if is_too_long { RebalanceDecision::Leave } else { RebalanceDecision::Nothing })
            }
        }
    }

    fn take_decision(&mut self, client: &impl GroupClient, starts: &[StartPosition]) -> Result<RebalanceDecision> {
        match client.take_rebalance() {
            None => Ok(RebalanceDecision::Nothing),
            Some(Rebalance::Assigned(partitions)) => {
                let question = client.ask_places(&partitions, starts)?;
                let taking = Taking { partitions, question, since: Instant::now(), logged: None };
                self.state = RebalanceState::Assigned(taking);
                Ok(RebalanceDecision::Nothing)
            }
            Some(Rebalance::Revoked(partitions)) => Ok(RebalanceDecision::GiveUp(partitions)),
        }
    }

    /// To be called when the wait for the rows of revoked partitions is over. `is_releasing`: a transaction with rows of these
    /// partitions is still open. The group gets its answer only after the end of this transaction. Otherwise the transaction could
    /// write an older row after the next owner has written a newer one.
    pub fn released(
        &mut self,
        client: &impl GroupClient,
        partitions: TopicPartitionList,
        is_releasing: bool,
    ) -> Result<()> {
        if !is_releasing {
            return client.give_up(&partitions);
        }
        let now = Instant::now();
        self.state = RebalanceState::Releasing(Releasing { partitions, since: now, logged: now });
        Ok(())
    }

    /// Before the group is left: the partitions that were assigned are not read.
    pub fn decline_assigned(&mut self, client: &SourceClient) {
        match std::mem::replace(&mut self.state, RebalanceState::Idle) {
            // A question that is under way is given up when it is dropped.
            RebalanceState::Assigned(taking) => decline(client.consumer(), &Rebalance::Assigned(taking.partitions)),
            other => self.state = other,
        }
    }

    /// To be called when nothing is read any more: the group's decisions are answered without reading the partitions.
    pub fn decline_all(&mut self, client: &SourceClient) {
        let later = client.context().leave();
        let open = match std::mem::replace(&mut self.state, RebalanceState::Idle) {
            RebalanceState::Idle => None,
            RebalanceState::Assigned(taking) => {
                decline(client.consumer(), &Rebalance::Assigned(taking.partitions));
                taking.question.end();
                None
            }
            RebalanceState::Releasing(releasing) => Some(Rebalance::Revoked(releasing.partitions)),
        };
        open.iter().chain(&later).for_each(|rebalance| decline(client.consumer(), rebalance));
    }
}

impl Taking {
    /// Logs once a minute why the partitions aren't read yet.
    fn warn_of(&mut self, error: &Error) {
        if self.logged.is_none_or(|logged| logged.elapsed() >= LOG_AGAIN) {
            self.logged = Some(Instant::now());
            log::warn!("the partitions assigned to this process can't be read yet: {error}");
        }
    }
}

impl Releasing {
    /// Logs once a minute what the group waits for.
    fn warn_if_long(&mut self, group: &str) {
        if self.logged.elapsed() >= LOG_AGAIN {
            self.logged = Instant::now();
            log::warn!(
                "group '{group}' has waited for {1} s until this process gives up {0} partitions: a transaction with their rows is \
                 still open",
                self.partitions.count(),
                self.since.elapsed().as_secs()
            );
        }
    }
}

#[cfg(test)]
#[path = "rebalancing_tests.rs"]
mod tests;
