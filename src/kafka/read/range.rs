//! What happens when the next record of a partition isn't there, because retention has deleted it or the topic was created again.
//! The client doesn't say which partition it is, so the brokers are asked.

use crate::error::Result;
use crate::kafka::client::question::Question;
use crate::kafka::client::source_client::SourceClient;
use crate::kafka::start::extent::Extents;

use super::fetching::Fetching;

#[derive(Default)]
pub struct RangeCheck {
    /// The next record of a partition is out of range, and the brokers haven't been asked yet which partition it is.
    is_due: bool,
    /// The question how far the partitions that are being read reach.
    question: Option<Question<Extents>>,
}

impl RangeCheck {
    /// To be called when the next record of some partition is out of range.
    pub fn request(&mut self) {
        self.is_due = true;
    }

    /// If it was requested, asks how far the partitions that are being read reach. Meanwhile the other partitions are read.
    pub fn ask_if_due(&mut self, client: &SourceClient, fetching: &Fetching) -> Result<()> {
        if !self.is_due || self.question.is_some() {
            return Ok(());
        }
        self.is_due = false;
        let open = fetching.open_by_topic();
        self.question = Some(client.ask_bounds(open)?);
        Ok(())
    }

    /// The answer, once it has come.
    pub fn answer(&mut self) -> Option<Extents> {
        let answer = self.question.as_ref().and_then(Question::answer)?;
        self.question = None;
        match answer {
            Ok(extents) => Some(extents),
            Err(error) => {
                log::warn!(
                    "the next record of some partition is out of range; it isn't known yet of which one: {error}"
                );
                self.is_due = true;
                None
            }
        }
    }

    /// Gives the question up.
    pub fn end(&mut self) {
        self.question.take().into_iter().for_each(Question::end);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::Error;
    use crate::kafka::start::extent::Extent;

    #[test]
    fn an_answer_is_given_once() {
        let extent = Extent { partition: 0, low: 3, high: 9, commit: None, at_timestamp: None, at_bound: None };
        let extents = vec![(Arc::from("t"), extent)];
        let question = Some(Question::answered(Some(Ok(extents.clone()))));
        let mut check = RangeCheck { is_due: false, question };
        assert_eq!(check.answer(), Some(extents));
        assert_eq!(check.answer(), None);
        assert!(!check.is_due);
    }

    #[test]
    fn a_question_that_fails_is_asked_again() {
        let question = Some(Question::answered(Some(Err(Error::Source("away".into())))));
        let mut check = RangeCheck { is_due: false, question };
        assert_eq!(check.answer(), None);
        assert!(check.is_due && check.question.is_none());
    }

    #[test]
    fn nothing_is_known_while_the_answer_is_awaited() {
        let mut check = RangeCheck { is_due: false, question: Some(Question::answered(None)) };
        assert_eq!(check.answer(), None);
        assert!(check.question.is_some());
    }
}
