//! Whether the other members have read their partitions. A member stays in the group until the others have, so that it can take over
//! the partitions of a member that fails.

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::kafka::client::broker::Broker;
use crate::kafka::client::question::Question;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::resume::Resume;
use crate::kafka::start::position::StartPosition;
use crate::kafka::start::rules::StartRules;
use crate::settings::kafka::KafkaSource;

/// How often the brokers are asked.
const INTERVAL: Duration = Duration::from_secs(1);

pub struct OtherMembers {
    asked_at: Instant,
    question: Option<Question<bool>>,
}

impl OtherMembers {
    pub fn new(now: Instant) -> OtherMembers {
        OtherMembers { asked_at: now, question: None }
    }

    /// Whether the group has read all partitions to their stops. The brokers are asked until the answer is yes.
    pub fn are_done(&mut self, client: &SourceClient, starts: &[StartPosition]) -> Result<bool> {
        if self.answer() {
            return Ok(true);
        }
        if self.question.is_none() && self.asked_at.elapsed() >= INTERVAL {
            self.asked_at = Instant::now();
            let (starts, resume) = (starts.to_vec(), client.resume().clone());
            self.question = Some(client.ask(move |broker, kafka| all_read(broker, kafka, &resume, &starts))?);
        }
        Ok(false)
    }

    /// Whether the answer has come, and is yes.
    fn answer(&mut self) -> bool {
        let Some(answer) = self.question.as_ref().and_then(Question::answer) else { return false };
        self.question = None;
        answer.unwrap_or(false)
    }

    /// Gives the question up.
    pub fn end(&mut self) {
        self.question.take().into_iter().for_each(Question::end);
    }
}

/// Whether the group has read all partitions to their stops.
fn all_read(broker: &Broker<'_>, kafka: &KafkaSource, resume: &Resume, starts: &[StartPosition]) -> Result<bool> {
    let rules = StartRules::new(resume, kafka);
    for of_topic in starts.chunk_by(|one, other| one.topic == other.topic) {
        let ids: Vec<i32> = of_topic.iter().map(|start| start.partition).collect();
        let commits = broker.commits(&of_topic[0].topic, &ids, &mut false)?;
        let is_read = |(start, commit): (&StartPosition, _)| {
            let reached = rules.progress(&commit).unwrap_or(start.start);
            start.stop.is_none_or(|stop| reached >= stop)
        };
        if !of_topic.iter().zip(commits).all(is_read) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn only_a_yes_counts_and_any_other_answer_is_asked_for_again() {
        for (answer, is_yes, waits) in [
            (None, false, true),
            (Some(Ok(true)), true, false),
            (Some(Ok(false)), false, false),
            (Some(Err(Error::Source("away".into()))), false, false),
        ] {
            let mut others = OtherMembers { asked_at: Instant::now(), question: Some(Question::answered(answer)) };
            assert_eq!((others.answer(), others.question.is_some()), (is_yes, waits));
        }
    }
}
