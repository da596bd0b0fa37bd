//! How a sink is opened.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Sink;
use super::callbacks::{Callbacks, Calls, Rejected};
use super::core::Core;
use super::position::PositionKeeper;
use crate::error::{Diagnostic, Error, Result};
use crate::options::Given;
use crate::pipeline::application_name;
use crate::pipeline::line::rejects::Rejects;
use crate::pipeline::line::{BuildTime, Line, PushSettings};
use crate::pipeline::replayed::Replayed;
use crate::pipeline::shared::Shared;
use crate::progress::ledger::{StreamName, layout_text};
use crate::settings::sink::options::{
    BATCH_SIZE, CONFLICT_MODE, CONNECTION_MAX_ACTIVE, DEAD_LETTER, DeadLetterOption, EXCEPTION_MODE, PASSWORD,
    SinkOption, SinkOptions, URL, USER_NAME, VECTOR_DIMENSION, VECTOR_INDEX, VECTOR_NORMALIZE,
};
use crate::settings::sink::push::{GivenOptions, give, push_sink};
use crate::settings::{ConflictMode, ExceptionMode, TableName, VectorIndexMode};

/// Less holds no batch of vectors.
const LEAST_MEMORY: usize = 1 << 20;
const DEFAULT_MEMORY: usize = 64 << 20;

/// Where rows go and how; from [`Sink::builder`]. What is left out has the default of a job file, with two exceptions: a
/// pushed row replaces the one with its key, and the buffer is larger.
pub struct SinkBuilder {
    table: String,
    /// `None`: all of the table.
    columns: Option<Vec<String>>,
    options: GivenOptions,
    application_name: Option<String>,
    linger: Option<Duration>,
    buffer_memory: usize,
    max_outage: Option<Duration>,
    stream: Option<String>,
    deletes: bool,
    calls: Calls,
}

impl SinkBuilder {
    pub(super) fn new(url: &str, table: &str) -> SinkBuilder {
        let builder = SinkBuilder {
            table: table.to_owned(),
            columns: None,
            options: GivenOptions::new(),
            application_name: None,
            linger: None,
            buffer_memory: DEFAULT_MEMORY,
            max_outage: None,
            stream: None,
            deletes: false,
            calls: Calls::default(),
        };
        builder.set(&URL, Given::Text(url.into())).conflict_mode(ConflictMode::Upsert)
    }

    fn set(mut self, option: &SinkOption, value: Given<SinkOptions>) -> Self {
        give(&mut self.options, option.name, value);
        self
    }

    /// The columns that rows have, in their order, named as the database has them. Left out: all of the table in its own
    /// order, but those that the database generates.
    pub fn columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Any option of a sink table of a job file, by its name there; a later one wins. `docs/options.md` lists them.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        give(&mut self.options, name, Given::Text(value.into()));
        self
    }

    /// Who logs in; wins over the URL.
    pub fn user(self, user: &str) -> Self {
        self.set(&USER_NAME, Given::Text(user.into()))
    }

    /// Wins over the URL.
    pub fn password(self, password: &str) -> Self {
        self.set(&PASSWORD, Given::Text(password.into()))
    }

    /// What happens to a row whose key is already there. Default: [`ConflictMode::Upsert`].
    pub fn conflict_mode(self, mode: ConflictMode) -> Self {
        self.set(&CONFLICT_MODE, Given::typed(move |options: &mut SinkOptions| options.sink.conflict_mode = mode))
    }

    /// What happens to an accepted row that can't be stored: it is rejected (the default), or the sink fails.
    pub fn exception_mode(self, mode: ExceptionMode) -> Self {
        self.set(&EXCEPTION_MODE, Given::typed(move |options: &mut SinkOptions| options.sink.exception_mode = mode))
    }

    /// Rows in one transaction at most. Left out: tuned while running.
    pub fn batch_size(self, rows: u32) -> Self {
        self.set(&BATCH_SIZE, Given::Number(rows.into()))
    }

    /// How long a row waits for others to share its transaction while the sink is idle. Left out: 2 ms, or 50 ms where a
    /// transaction costs more (ADBPG, Greenplum).
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = Some(linger);
        self
    }

    /// Bytes of rows between push and COMMIT, at least 1 MiB. At the bound pushes wait. Default: 64 MiB.
    pub fn buffer_memory(mut self, bytes: usize) -> Self {
        self.buffer_memory = bytes;
        self
    }

    /// Connections at most, and so transactions at once; as many are opened as make writing faster. Default: 20.
    pub fn connections(self, most: u32) -> Self {
        self.set(&CONNECTION_MAX_ACTIVE, Given::Number(most.into()))
    }

    /// A file that keeps rows which can't be stored, as JSON Lines.
    pub fn dead_letter_file(self, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let set = move |options: &mut SinkOptions| {
            if path.as_os_str().is_empty() {
                return Err("needs a path".to_owned());
            }
            options.dead_letter = Some(DeadLetterOption::File(path));
            Ok(())
        };
        self.set(&DEAD_LETTER, Given::Typed(Box::new(set)))
    }

    /// The length of every vector, for tables whose types and indexes don't say.
    pub fn vector_dimension(self, dimension: usize) -> Self {
        self.set(&VECTOR_DIMENSION, Given::Number(dimension as u64))
    }

    /// Scale vectors to length 1 before they are stored.
    pub fn vector_normalize(self, normalize: bool) -> Self {
        self.set(
            &VECTOR_NORMALIZE,
            Given::typed(move |options: &mut SinkOptions| options.sink.vector_normalize = normalize),
        )
    }

    /// How rows get into the table's vector index. Default: [`VectorIndexMode::Inline`].
    pub fn vector_index(self, mode: VectorIndexMode) -> Self {
        self.set(&VECTOR_INDEX, Given::typed(move |options: &mut SinkOptions| options.sink.vector_index = mode))
    }

    /// How sessions name themselves in `pg_stat_activity`; wins over the URL. Default: `vecsink` and the stream.
    pub fn application_name(mut self, name: &str) -> Self {
        self.application_name = Some(name.to_owned());
        self
    }

    /// How long the database may be away before the sink fails. Left out: no end.
    pub fn max_outage(mut self, longest: Duration) -> Self {
        self.max_outage = Some(longest);
        self
    }

    /// Whether rows will be deleted, too ([`Sink::delete`]). The table needs a key among the sink's columns.
    pub fn deletes(mut self, deletes: bool) -> Self {
        self.deletes = deletes;
        self
    }

    /// Names the stream of rows, for a host that numbers them itself ([`Sink::push_at`]) and wants to go on after a crash:
    /// opened again, [`Sink::resume_position`] is the number from which on to push again. It is kept in the table
    /// `vecsink_stream` of the target's schema, at most a second behind, and never before the rows; the table is made if it
    /// is missing. One process at a time pushes into a stream: opening it ends the sink that had it before.
    pub fn stream(mut self, name: &str) -> Self {
        self.stream = Some(name.to_owned());
        self
    }

    /// Called with the new [`Sink::durable`] whenever it has risen, from a thread of the library. It may push, but not
    /// close. Its push fails with [`PushError::WouldBlock`](super::PushError::WouldBlock) if it would wait for ever: when
    /// the buffer is full of rejected rows whose callbacks can't be called before this one returns. A panic in it is logged
    /// and changes nothing else.
    pub fn on_durable(mut self, call: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.calls.durable = Some(Box::new(call));
        self
    }

    /// Called for every row that was accepted and then could not be stored, before [`SinkBuilder::on_durable`] is told of a
    /// number above it, from the same thread and under the same rules. [`Sink::durable`] may pass the row a moment earlier:
    /// it doesn't wait for callbacks, [`Sink::close`] does.
    pub fn on_rejected(mut self, call: impl Fn(&Rejected) + Send + Sync + 'static) -> Self {
        self.calls.rejected = Some(Box::new(call));
        self
    }

    /// Connects, reads the table's columns from the catalog, and starts. Blocks for at most the connect time-outs of all hosts.
    /// [`Error::Config`] when something in the options is wrong, [`Error::Target`] when the database is away or the table
    /// can't take such rows.
    pub fn open(self) -> Result<Sink> {
        let mut wrong = Vec::new();
        if self.buffer_memory < LEAST_MEMORY {
            wrong.push(format!("buffer_memory must be at least {LEAST_MEMORY} bytes"));
        }
        if self.columns.as_ref().is_some_and(Vec::is_empty) {
            let why = "the list of columns is empty: name those that rows have, or leave it out for all of the table";
            wrong.push(why.to_owned());
        }
        let (schema, table) = TableName::parse(&self.table).map_or_else(
            |why| {
                wrong.push(format!("'{}' {why}", self.table));
                Default::default()
            },
            |name| name.or_in("public"),
        );
        let columns = self.columns.unwrap_or_default();
        let (mut settings, notices) = push_sink((&schema, &table), &columns, self.options, wrong)?;
        settings.changing = self.deletes;
        for notice in notices {
            log::warn!("{notice}");
        }
        let stream = self.stream.clone().unwrap_or_else(|| settings.name.clone());
        if let Some(name) = self.application_name {
            settings.connection.application_name = Some(name);
        }
        let application = settings.connection.application_name.clone();
        let application = application.unwrap_or_else(|| format!("vecsink {stream}"));
        let shared = Arc::new(Shared::new(self.buffer_memory));
        let traits =
            PushSettings { typed_by_table: true, keeps_rejected: self.calls.rejected.is_some(), linger: self.linger };
        let rejects =
            Rejects::open(&settings, &|_| Err(misuse("a pushed row's dead letter can't go to Kafka".into())))?;
        let line = Line::open(&settings, &application, self.max_outage, &shared, rejects, Replayed::default(), traits)?;
        let topic: Arc<str> = format!("push:{stream}").into();
        let held = match self.stream {
            None => None,
            Some(job) => {
                let name = StreamName { job, sink: line.name().to_owned(), topic: topic.clone(), partition: 0 };
                let layout = layout_text(line.layout, line.name(), &[]);
                Some(line.target.streams.take_over(&name, &layout, &application_name(application))?)
            }
        };
        let start = held.map_or(0, |held| held.low);
        let stream = line.add_stream(&topic, 0, start);
        // Nobody knows how many rows come; a pause between two of them says nothing.
        line.begin_deferral(None, BuildTime::End)?;
        line.start_writer();
        let columns: Arc<[String]> = line.table.columns.iter().map(|column| column.name.clone()).collect();
        let core = Arc::new(Core::new(line, stream));
        let callbacks = Callbacks::start(&core, self.calls)?;
        let keeper = held.map(|held| PositionKeeper::start(&core, held)).transpose()?;
        Ok(Sink::new(core, columns, callbacks, keeper, start as u64))
    }
}

/// What the options say, without their values, which may be secrets.
impl fmt::Debug for SinkBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options: Vec<&str> = self.options.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("SinkBuilder")
            .field("table", &self.table)
            .field("columns", &self.columns)
            .field("options", &options)
            .field("buffer_memory", &self.buffer_memory)
            .finish_non_exhaustive()
    }
}

fn misuse(message: String) -> Error {
    Error::Config(vec![Diagnostic { location: None, message }])
}
