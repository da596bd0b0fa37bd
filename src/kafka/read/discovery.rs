//! New partitions and topics: looked for now and then while a job runs. A member of a group looks only for topics, because the
//! group assigns it the partitions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::kafka::client::broker::Broker;
use crate::kafka::client::question::Question;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::start::position::{StartPosition, StartReason};
use crate::settings::topics::Topics;

pub struct Discovery {
    /// `None`: nothing is looked for.
    interval: Option<Duration>,
    searched_at: Instant,
    search: Option<Search>,
}

/// A question under way.
enum Search {
    Partitions(Question<Vec<StartPosition>>),
    Topics(Question<Vec<String>>),
}

#[derive(Debug, PartialEq)]
pub enum Found {
    Nothing,
    /// Partitions that weren't known.
    Partitions(Vec<StartPosition>),
    /// All topics that match the pattern.
    Topics(Vec<String>),
}

impl Discovery {
    pub fn new(interval: Option<Duration>, now: Instant) -> Discovery {
        Discovery { interval, searched_at: now, search: None }
    }

    /// Asks the brokers when the interval has passed. `known`: the partitions that are read.
    pub fn search_if_due(
        &mut self,
        now: Instant,
        client: &SourceClient,
        known: impl FnOnce() -> Vec<(Arc<str>, i32)>,
    ) -> Result<()> {
        if self.is_due(now) {
            self.search = search(client, known)?;
        }
        Ok(())
    }

    fn is_due(&mut self, now: Instant) -> bool {
        if self.interval.is_none_or(|interval| now.duration_since(self.searched_at) < interval) {
            return false;
        }
        self.searched_at = now;
        self.search.is_none()
    }

    /// What was found, each answer once. An error of the brokers, or one that may pass, has found nothing: the next search asks again. Any
    /// other says that a partition must not be read.
    pub fn found(&mut self) -> Result<Found> {
        let found = match &self.search {
            None => return Ok(Found::Nothing),
            Some(Search::Partitions(question)) => question.answer().map(|found| found.map(Found::Partitions)),
            Some(Search::Topics(question)) => question.answer().map(|found| found.map(Found::Topics)),
        };
        let Some(found) = found else { return Ok(Found::Nothing) };
        self.search = None;
        match found {
            Err(error @ Error::Target { passing: false, .. }) => Err(error),
            Err(error) => {
                log::debug!("new partitions can't be looked for: {error}");
                Ok(Found::Nothing)
            }
            found => found,
        }
    }

    /// Gives the question up.
    pub fn end(&mut self) {
        match self.search.take() {
            None => {}
            Some(Search::Partitions(question)) => question.end(),
            Some(Search::Topics(question)) => question.end(),
        }
    }
}

fn search(client: &SourceClient, known: impl FnOnce() -> Vec<(Arc<str>, i32)>) -> Result<Option<Search>> {
    Ok(match (client.in_group(), &client.source().topics) {
        (true, Topics::Matching(_)) => Some(Search::Topics(client.ask(|broker, kafka| broker.topics(&kafka.topics))?)),
        // The client itself finds new partitions of the topics that it has subscribed to.
        (true, Topics::Named(_)) => None,
        (false, _) => {
            let known = known();
            let assign = client.assigner();
            let found = client.ask(move |broker, kafka| assign(new_partitions(broker, &kafka.topics, &known)?))?;
            Some(Search::Partitions(found))
        }
    })
}

/// Partitions that aren't `known`, in old topics and new ones. They are read from their beginning.
fn new_partitions(broker: &Broker<'_>, topics: &Topics, known: &[(Arc<str>, i32)]) -> Result<Vec<StartPosition>> {
    let mut found = Vec::new();
    for topic in broker.topics(topics)? {
        // A single topic may be gone, or without a leader; the next search finds what this one doesn't.
        let Ok(mut ids) = broker.partitions(&topic) else { continue };
        ids.retain(|id| !known.iter().any(|(name, known)| **name == *topic && known == id));
        let Ok(extents) = broker.bounds(&topic, &ids) else { continue };
        // All of a topic's partitions share its name.
        let name = known.iter().find(|(name, _)| **name == *topic).map(|(name, _)| Arc::clone(name));
        let name = name.unwrap_or_else(|| Arc::from(topic.as_str()));
        found.extend(extents.iter().map(|extent| StartPosition {
            topic: Arc::clone(&name),
            partition: extent.partition,
            start: extent.low,
            origin: StartReason::NewPartition,
            stop: None,
            first: extent.low,
            end: extent.high,
            missed: 0,
        }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(60);

    #[test]
    fn a_search_is_due_after_each_interval_unless_one_is_under_way() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut discovery = Discovery::new(Some(INTERVAL), start);
        assert!(!discovery.is_due(at(59)));
        assert!(discovery.is_due(at(60)));
        assert!(!discovery.is_due(at(61)), "the interval begins again");
        discovery.search = Some(Search::Topics(Question::answered(None)));
        assert!(!discovery.is_due(at(120)), "the last search has no answer yet");
        assert!(!Discovery::new(None, start).is_due(at(1_000_000)));
    }

    #[test]
    fn an_answer_is_given_once_and_a_failed_search_found_nothing() {
        let discovery = |answer| Discovery {
            interval: Some(INTERVAL),
            searched_at: Instant::now(),
            search: Some(Search::Topics(Question::answered(answer))),
        };
        let mut found = discovery(Some(Ok(vec!["t".to_owned()])));
        assert_eq!(found.found().ok(), Some(Found::Topics(vec!["t".to_owned()])));
        assert_eq!(found.found().ok(), Some(Found::Nothing));
        assert!(found.search.is_none());
        let away = Error::Target { message: "away".into(), sqlstate: None, passing: true };
        for error in [Error::Source("away".into()), away] {
            let mut failed = discovery(Some(Err(error)));
            assert_eq!(failed.found().ok(), Some(Found::Nothing));
            assert!(failed.search.is_none(), "the next interval asks again");
        }
        let mut waiting = discovery(None);
        assert_eq!(waiting.found().ok(), Some(Found::Nothing));
        assert!(waiting.search.is_some());
        let mut refused = discovery(Some(Err(Error::target("the ledger belongs to another topic"))));
        assert!(refused.found().is_err(), "the job stops");
    }
}
