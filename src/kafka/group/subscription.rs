//! The topics whose partitions a member asks its group for.

use std::sync::Arc;

use crate::error::Result;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::start::position::StartPosition;

#[derive(Default)]
pub struct Subscription {
    topics: Vec<Arc<str>>,
}

impl Subscription {
    /// Joins the group, for the topics of these partitions.
    pub fn begin(&mut self, client: &SourceClient, starts: &[StartPosition]) -> Result<()> {
        self.add(starts.iter().map(|position| Arc::clone(&position.topic)));
        self.subscribe(client)
    }

    /// Subscribes to those of the topics that are new. Then the group assigns their partitions.
    pub fn extend(&mut self, client: &SourceClient, topics: Vec<String>) -> Result<()> {
        let before = self.topics.len();
        self.add(topics.into_iter().map(Arc::from));
        self.topics[before..].iter().for_each(|topic| log::info!("new topic '{topic}'"));
        if self.topics.len() > before { self.subscribe(client) } else { Ok(()) }
    }

    fn add(&mut self, topics: impl Iterator<Item = Arc<str>>) {
        for topic in topics {
            if !self.topics.contains(&topic) {
                self.topics.push(topic);
            }
        }
    }

    /// Joins the group, for the topics that are known.
    pub fn subscribe(&self, client: &SourceClient) -> Result<()> {
        let topics: Vec<&str> = self.topics.iter().map(|topic| &**topic).collect();
        if topics.is_empty() { Ok(()) } else { client.subscribe(&topics) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_is_subscribed_to_once() {
        let mut subscription = Subscription::default();
        subscription.add(["t", "t", "u"].map(Arc::from).into_iter());
        subscription.add(["u", "v"].map(Arc::from).into_iter());
        assert_eq!(subscription.topics, ["t", "u", "v"].map(Arc::<str>::from));
    }
}
