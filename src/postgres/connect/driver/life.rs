//! Whether a server that doesn't answer is alive, and what it waits for if it is. The kernel of a frozen server still
//! acknowledges what is sent. So only another login shows whether a server is frozen, or is busy or waits for a lock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Error;
use super::socket::Socket;
use crate::postgres::connect::driver::wait_limit::WaitLimit;

/// As long as the server answers new logins, it is asked less and less often; this is the longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a statement may take before this is logged, and how long until it is logged again.
const LOG_AFTER: Duration = Duration::from_secs(60);
/// The event of pg_stat_activity that a COMMIT waits for when its synchronous standby is missing.
const STANDBY: &str = "SyncRep";

/// The signs of life of one server, shared by the sessions there.
pub struct Life {
    begun: Instant,
    /// When any session last got something from the server, in milliseconds since `begun`.
    heard: AtomicU64,
    state: Mutex<LifeState>,
}

#[derive(Default)]
struct LifeState {
    /// One session is asking the server now, for all sessions.
    asking: bool,
    asked: Option<Instant>,
    pause: Duration,
    /// When a question last had no answer.
    lost: Option<Instant>,
    /// When it was last logged what statements wait for.
    logged: Option<Instant>,
}

impl Default for Life {
    fn default() -> Self {
        Life { begun: Instant::now(), heard: AtomicU64::new(0), state: Mutex::default() }
    }
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Life").field("heard", &self.heard()).finish_non_exhaustive()
    }
}

impl Life {
    fn heard(&self) -> Instant {
        self.begun + Duration::from_millis(self.heard.load(Ordering::Relaxed))
    }

    fn note(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(now, Ordering::Relaxed);
    }
}

/// Asks a server over a new connection whether it is alive. The result is what the session waits for there, if the server
/// says so, or an error when there was no answer.
pub type AskServer = dyn Fn(&WaitLimit) -> Result<Option<String>, Error> + Send + Sync;

/// Asks the server to cancel what a session waits for.
pub type Cancel = dyn Fn() -> Result<(), Error> + Send + Sync;

/// How a session learns whether its server is alive.
#[derive(Clone)]
pub struct Pulse {
    pub life: Arc<Life>,
    pub question: Arc<AskServer>,
    pub cancel: Arc<Cancel>,
    /// How long a server may be silent before it is asked.
    pub silence: Duration,
    /// How long the answer may take.
    pub allowed: Duration,
    /// How long a COMMIT may wait for a standby.
    pub longest: Option<Duration>,
}

impl Pulse {
    /// The server has sent or received something.
    pub fn heard(&self) {
        self.life.note();
    }

    /// Nobody waits for the session's answer any more. A server that waits for a lock doesn't notice that its client is gone:
    /// without this request it goes on waiting.
    pub fn cancel(&self) {
        if let Err(error) = (self.cancel)() {
            log::debug!("an abandoned statement could not be cancelled: {error}");
        }
    }

    /// Called again and again by a session that has waited on the socket `own` since `since`. Returns an error when a new
    /// connection gets no answer either, or when a COMMIT has waited too long for a standby.
    pub fn ask(&self, since: Instant, own: &Arc<Socket>, wait_limit: &WaitLimit) -> Result<(), Error> {
        let now = Instant::now();
        let waited = now.duration_since(since);
        if waited < self.silence {
            return Ok(());
        }
        let silent = |heard: Instant| Err(Error::Silent(since.max(heard)));
        {
            let mut state = self.life.state.lock();
            let heard = self.life.heard();
            if state.lost.is_some_and(|lost| lost >= since && lost >= heard) {
                return silent(heard);
            }
            if state.asked.is_none_or(|asked| heard > asked) {
                state.pause = self.silence;
            }
            // When a statement has taken long already, the server is asked even if other sessions get answers.
            let last = if waited >= LOG_AFTER {
                state.asked.unwrap_or(since)
            } else {
                heard.max(state.asked.unwrap_or(heard))
            };
            let quiet = now.saturating_duration_since(last);
            if state.asking || quiet < state.pause {
                return Ok(());
            }
            state.asking = true;
        }
        let patient = WaitLimit { unless: Some(Arc::clone(own)), ..wait_limit.at_most(self.allowed) };
        let answer = (self.question)(&patient);
        let mut state = self.life.state.lock();
        state.asking = false;
        state.asked = Some(Instant::now());
        match answer {
            Err(Error::Overtaken) => Ok(()),
            Ok(what) => {
                state.pause = (state.pause * 2).min(LONGEST_PAUSE);
                if waited >= LOG_AFTER && state.logged.is_none_or(|logged| logged.elapsed() >= LOG_AFTER) {
                    state.logged = Some(Instant::now());
                    log_wait(waited, what.as_deref());
                }
                match what {
                    // The transaction is already committed on this server, so only `max.outage` ends the wait.
                    Some(what) if what.ends_with(STANDBY) && self.longest.is_some_and(|longest| waited >= longest) => {
                        Err(Error::Withheld { since, what: in_words(&what) })
                    }
                    _ => Ok(()),
                }
            }
            Err(Error::Stopped) => Err(Error::Stopped),
            // The session's own wait is over; this says nothing about the server.
            Err(_) if wait_limit.slice(self.silence).is_err() => wait_limit.slice(self.silence).map(drop),
            Err(error) => {
                log::debug!(
                    "a session has waited {:.1} s for an answer, and a new connection to its server got none either: {error}",
                    since.elapsed().as_secs_f64()
                );
                state.lost = Some(Instant::now());
                silent(self.life.heard())
            }
        }
    }
}

/// The event as the database names it, with an explanation where one is needed.
fn in_words(what: &str) -> String {
    let meaning = if what.ends_with(STANDBY) { ": a synchronous standby doesn't confirm the COMMIT" } else { "" };
    format!("pg_stat_activity says: it waits for {what}{meaning}")
}

fn log_wait(waited: Duration, what: Option<&str>) {
    let why = what.map_or_else(|| "perhaps it just takes long".to_owned(), in_words);
    log::warn!(
        "a statement has had no answer for {} s, though the database answers other sessions ({why}); still waiting",
        waited.as_secs()
    );
}
