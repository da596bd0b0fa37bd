//! Partitions that the client has stopped fetching are found and assigned again. The client says nothing of them, so the brokers are
//! asked whether a partition that stands still has more records.

use std::time::Instant;

use super::fetching::Fetching;
use crate::error::Result;
use crate::kafka::client::question::Question;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::start::extent::Extents;

#[derive(Default)]
pub struct StallCheck {
    /// The question where the partitions end that stand still.
    question: Option<Question<Extents>>,
}

impl StallCheck {
    /// Asks where the partitions end that have stood still for long.
    pub fn ask_if_due(&mut self, client: &SourceClient, fetching: &mut Fetching, now: Instant) -> Result<()> {
        if self.question.is_some() {
            return Ok(());
        }
        let still = fetching.standing_still(now);
        if still.is_empty() {
            return Ok(());
        }
        self.question = Some(client.ask_bounds(still)?);
        Ok(())
    }

    /// The answer, once it has come. If there is none, the partitions are still due, and the next question follows.
    pub fn answer(&mut self) -> Option<Extents> {
        let answer = self.question.as_ref().and_then(Question::answer)?;
        self.question = None;
        answer.inspect_err(|error| log::debug!("a partition stands still; its end isn't known: {error}")).ok()
    }

    /// Gives the question up.
    pub fn end(&mut self) {
        self.question.take().into_iter().for_each(Question::end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn an_answer_is_given_once_and_an_error_is_none() {
        let mut check = StallCheck { question: Some(Question::answered(Some(Ok(Vec::new())))) };
        assert_eq!((check.answer(), check.answer()), (Some(Vec::new()), None));
        check.question = Some(Question::answered(Some(Err(Error::Source("away".into())))));
        assert_eq!(check.answer(), None);
        assert!(check.question.is_none(), "the next question may follow");
        check.question = Some(Question::answered(None));
        assert_eq!(check.answer(), None);
        assert!(check.question.is_some(), "the answer is awaited");
    }
}
