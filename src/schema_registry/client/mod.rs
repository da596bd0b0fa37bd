//! A schema registry with Confluent's API, in which schemas are looked up by their ids. A thread of its own asks the
//! registry, because the thread that needs a schema must not wait. If the registry doesn't answer, it is asked again. The
//! wait before this becomes longer each time.

mod answer;
mod http;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use self::answer::{Body, RegistryAnswer};
use self::http::RegistryClient;
use crate::error::{Error, Result};
use crate::schema_registry::schemas::{RegisteredSchema, SchemaLookup, Schemas};
use crate::settings::registry::Registry;
use crate::threads;

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// If the registry doesn't know an id, it isn't asked for it again for this long, so that damaged messages don't cause many
/// requests.
const FORGET_UNKNOWN: Duration = Duration::from_secs(30);
const MOST_UNKNOWN: usize = 1000;
/// The most schemas that a schema can refer to, directly or through others.
const MOST_REFERENCES: usize = 200;

/// Opens a registry without asking it anything yet. A request for a schema waits for at most `longest_wait`. If there is no
/// answer by then, the result says so, and a later request gets the answer.
pub fn open(settings: &Registry, longest_wait: Duration) -> Result<Arc<dyn Schemas>> {
    let client = RegistryClient::new(settings).map_err(Error::Source)?;
    let asker =
        Asker { client, urls: settings.urls.clone(), outage: None, has_answered: false, unknown: HashMap::new() };
    let shared = Arc::new(SharedAnswers::default());
    let (questions, to_ask) = sync_channel(1);
    let answers = Arc::clone(&shared);
    let thread = threads::spawn("schema-registry", move || answer_all(asker, &to_ask, &answers));
    thread.map_err(|error| threads::refused("to ask the schema registry", &error))?;
    Ok(Arc::new(ConfluentRegistry { longest_wait, questions, shared }))
}

/// The errors in a registry's options that can be found without asking the registry.
pub fn check(settings: &Registry) -> Vec<String> {
    RegistryClient::new(settings).err().into_iter().collect()
}

struct ConfluentRegistry {
    longest_wait: Duration,
    questions: SyncSender<u32>,
    shared: Arc<SharedAnswers>,
}

/// Shared between the asking thread and the threads that need a schema.
#[derive(Default)]
struct SharedAnswers {
    state: Mutex<Answers>,
    answered: Condvar,
}

#[derive(Default)]
struct Answers {
    /// The id that the thread is asking for.
    asking: Option<u32>,
    /// The answer, until it is fetched.
    answer: Option<(u32, SchemaLookup)>,
}

impl Schemas for ConfluentRegistry {
    fn find(&self, id: u32) -> SchemaLookup {
        let deadline = Instant::now() + self.longest_wait;
        let mut answers = self.shared.state.lock();
        loop {
            match answers.answer.take() {
                Some((answered, found)) if answered == id => return found,
                // The answer to another caller's question is dropped. That caller asks again if it still needs the answer.
                _ => {}
            }
            if answers.asking.is_none() {
                // The channel is never full, because there is only one question at a time.
                if self.questions.try_send(id).is_err() {
                    return SchemaLookup::Refused("the thread that asks the schema registry has ended".into());
                }
                answers.asking = Some(id);
            }
            if self.shared.answered.wait_until(&mut answers, deadline).timed_out() {
                return SchemaLookup::NotNow;
            }
        }
    }
}

/// Answers questions until the other end of the channel is closed.
fn answer_all(mut asker: Asker, questions: &Receiver<u32>, shared: &SharedAnswers) {
    for id in questions {
        let found = asker.find(id);
        let mut answers = shared.state.lock();
        (answers.asking, answers.answer) = (None, Some((id, found)));
        shared.answered.notify_all();
    }
}

struct Asker {
    client: RegistryClient,
    /// The URL that answered last is the first.
    urls: Vec<String>,
    outage: Option<RegistryOutage>,
    has_answered: bool,
    unknown: HashMap<u32, (Instant, String)>,
}

/// None of the URLs answered. It says how long to wait before they are asked again.
struct RegistryOutage {
    wait: Duration,
    until: Instant,
}

impl Asker {
    fn find(&mut self, id: u32) -> SchemaLookup {
        let now = Instant::now();
        if self.outage.as_ref().is_some_and(|outage| now < outage.until) {
            return SchemaLookup::NotNow;
        }
        if let Some((_, reason)) = self.unknown.get(&id).filter(|(since, _)| now < *since + FORGET_UNKNOWN) {
            return SchemaLookup::Nothing(reason.clone());
        }
        let found = match self.ask(&format!("/schemas/ids/{id}")) {
            Ok(body) => self.schema(id, body),
            Err(found) => found,
        };
        if let SchemaLookup::Nothing(reason) = &found {
            if self.unknown.len() >= MOST_UNKNOWN {
                self.unknown.clear();
            }
            self.unknown.insert(id, (now, reason.clone()));
        }
        found
    }

    fn schema(&mut self, id: u32, body: Body) -> SchemaLookup {
        if let Some(kind) = body.schema_type.as_deref().filter(|kind| *kind != "AVRO") {
            return SchemaLookup::Nothing(format!("schema {id} of the registry is of type {kind}, not AVRO"));
        }
        let mut references = Vec::new();
        match self.add_references(id, &body, &mut Vec::new(), &mut references) {
            Ok(()) => {
                log::debug!("schema {id}: {}", body.schema);
                SchemaLookup::Schema(Arc::new(RegisteredSchema { text: body.schema, references }))
            }
            Err(found) => found,
        }
    }

    /// Adds the texts of the schemas that a schema refers to. A schema comes after those that it refers to itself.
    fn add_references(
        &mut self,
        id: u32,
        body: &Body,
        seen: &mut Vec<(String, i64)>,
        texts: &mut Vec<String>,
    ) -> std::result::Result<(), SchemaLookup> {
        for (subject, version) in &body.references {
            if seen.contains(&(subject.clone(), *version)) {
                continue;
            }
            seen.push((subject.clone(), *version));
            if seen.len() > MOST_REFERENCES {
                let reason = format!("schema {id} refers to more than {MOST_REFERENCES} others");
                return Err(SchemaLookup::Nothing(reason));
            }
            let referred = self.ask(&format!("/subjects/{}/versions/{version}", http::escaped(subject)))?;
            self.add_references(id, &referred, seen, texts)?;
            texts.push(referred.schema);
        }
        Ok(())
    }

    /// Asks one URL after another until one answers.
    fn ask(&mut self, path: &str) -> std::result::Result<Body, SchemaLookup> {
        let mut last = String::new();
        for _ in 0..self.urls.len().max(1) {
            let Some(url) = self.urls.first() else { break };
            let url = format!("{url}{path}");
            match self.client.get(&url).map_or_else(|failure| failure, |reply| answer::of(&url, &reply)) {
                RegistryAnswer::Schema(body) => {
                    self.answered();
                    return Ok(body);
                }
                RegistryAnswer::Unknown(reason) => {
                    self.answered();
                    return Err(SchemaLookup::Nothing(reason));
                }
                // The registry has answered before, so this is probably temporary.
                RegistryAnswer::Refused(reason) if !self.has_answered => return Err(SchemaLookup::Refused(reason)),
                RegistryAnswer::Refused(reason) | RegistryAnswer::NotNow(reason) => {
                    last = reason;
                    self.urls.rotate_left(1);
                }
            }
        }
        self.not_answered(&last);
        Err(SchemaLookup::NotNow)
    }

    fn answered(&mut self) {
        self.has_answered = true;
        if self.outage.take().is_some() {
            log::info!("the schema registry answers again");
        }
    }

    fn not_answered(&mut self, reason: &str) {
        let wait = match &self.outage {
            None => {
                log::warn!("the schema registry doesn't answer, so reading waits for it: {reason}");
                FIRST_WAIT
            }
            Some(outage) => {
                log::debug!("the schema registry still doesn't answer: {reason}");
                (outage.wait * 2).min(LONGEST_WAIT)
            }
        };
        self.outage = Some(RegistryOutage { wait, until: Instant::now() + wait });
    }
}
