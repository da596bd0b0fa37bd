//! A member that leaves its group for a while: because its database doesn't answer, or because it was fenced again and again. It joins
//! again when its partitions are given up and the database answers.

use std::time::{Duration, Instant};

use crate::error::Result;
use crate::kafka::client::question::Question;
use crate::kafka::client::source_client::SourceClient;

/// How long it stays away at least, and how often the database is asked.
const INTERVAL: Duration = Duration::from_secs(1);

/// Whether the member is away, and what it waits for.
#[derive(Default)]
pub struct Absence {
    /// `None`: it is in the group.
    away: Option<Away>,
}

struct Away {
    asked_at: Instant,
    question: Option<Question<()>>,
}

impl Absence {
    pub fn is_away(&self) -> bool {
        self.away.is_some()
    }

    /// Leaves the group.
    pub fn begin(&mut self, client: &SourceClient, why: &str) {
        log::warn!("leaving group '{}' for a while: {why}", client.resume().group);
        client.unsubscribe();
        self.away = Some(Away { asked_at: Instant::now(), question: None });
    }

    /// Whether it is time to join again. `is_free`: all partitions are given up.
    pub fn is_over(&mut self, client: &SourceClient, is_free: bool) -> Result<bool> {
        let Some(away) = &mut self.away else { return Ok(false) };
        if let Some(answer) = away.question.as_ref().and_then(Question::answer) {
            away.question = None;
            match answer {
                Ok(()) => {
                    log::info!("joining group '{}' again", client.resume().group);
                    self.away = None;
                    return Ok(true);
                }
                Err(error) => log::debug!("this process stays out of the group: {error}"),
            }
        } else if is_free && away.question.is_none() && away.asked_at.elapsed() >= INTERVAL {
            let ping = client.pinger();
            away.asked_at = Instant::now();
            away.question = Some(client.ask(move |_, _| ping())?);
        }
        Ok(false)
    }

    /// Gives the question up.
    pub fn end(&mut self) {
        self.away.take().and_then(|away| away.question).into_iter().for_each(Question::end);
    }
}
