//! How a sink is opened.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Sink;
use super::callbacks::{Callbacks, Calls, Rejected};
use super::core::Core;
use super::resumed::Resumed;
use crate::error::{Diagnostic, Error, Result};
use crate::options::Given;
use crate::pipeline::application_name;
use crate::pipeline::line::rejects::Rejects;
use crate::pipeline::line::{BuildTime, Line, PushSettings};
use crate::pipeline::replayed::Replayed;
use crate::pipeline::shared::Shared;
use crate::postgres::TakenStream;
use crate::progress::ledger::{KeyColumnText, StreamName, Wanted, layout_text};
use crate::settings::sink::options::{
    BATCH_SIZE, CONFLICT_MODE, CONNECTION_MAX_ACTIVE, DEAD_LETTER, DELIVERY_GUARANTEE, DeadLetterOption,
    EXCEPTION_MODE, PASSWORD, SinkOption, SinkOptions, URL, USER_NAME, VECTOR_DIMENSION, VECTOR_INDEX,
    VECTOR_NORMALIZE,
};
use crate::settings::sink::push::{GivenOptions, give, push_sink};
use crate::settings::{ConflictMode, DeliveryGuarantee, ExceptionMode, TableName, VectorIndexMode};

/// The least `buffer_memory`: with less, a batch of vectors doesn't fit.
const LEAST_MEMORY: usize = 1 << 20;
const DEFAULT_MEMORY: usize = 64 << 20;

/// The settings of a sink that is about to be opened. [`Sink::builder`] makes one. The defaults are those of a job file, with two
/// exceptions: a pushed row replaces the row with its key, and the buffer is larger.
pub struct SinkBuilder {
    table: String,
    /// `None`: all columns of the table, except those that the database generates.
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

    /// The columns that rows have, in their order, by their names in the database. Default: all columns of the table in its own
    /// order, except those that the database generates.
    pub fn columns<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Sets an option of the sink by the name that it has in a job file; `docs/options.md` lists them. When an option is set twice,
    /// the later value is used.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        give(&mut self.options, name, Given::Text(value.into()));
        self
    }

    /// The user who logs in, instead of the URL's.
    pub fn user(self, user: &str) -> Self {
        self.set(&USER_NAME, Given::Text(user.into()))
    }

    /// The password. It is used instead of the URL's.
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

    /// The most rows in one transaction. Default: the sink finds the best number while it runs.
    pub fn batch_size(self, rows: u32) -> Self {
        self.set(&BATCH_SIZE, Given::Number(rows.into()))
    }

    /// How long a row waits for other rows of its transaction while the sink is idle. Default: 2 ms, or 50 ms where a transaction
    /// costs more (ADBPG, Greenplum).
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = Some(linger);
        self
    }

    /// The most bytes of rows between push and COMMIT, at least 1 MiB. When they are used up, pushes wait. Default: 64 MiB.
    pub fn buffer_memory(mut self, bytes: usize) -> Self {
        self.buffer_memory = bytes;
        self
    }

    /// The most connections, and so the most transactions at once. As many are opened as make writing faster. Default: 20.
    pub fn connections(self, most: u32) -> Self {
        self.set(&CONNECTION_MAX_ACTIVE, Given::Number(most.into()))
    }

    /// The file into which rows that can't be stored are written, as JSON Lines.
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

    /// The length of every vector, for tables whose types and indexes don't say it.
    pub fn vector_dimension(self, dimension: usize) -> Self {
        self.set(&VECTOR_DIMENSION, Given::Number(dimension as u64))
    }

    /// Whether vectors are scaled to length 1 before they are stored.
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

    /// How often a row is written. [`DeliveryGuarantee::ExactlyOnce`] needs the name of a stream, and rows with numbers of the host's own
    /// ([`Sink::push_at`]): pushed again after a crash, each is written once. Default: [`DeliveryGuarantee::AtLeastOnce`].
    pub fn delivery_guarantee(self, guarantee: DeliveryGuarantee) -> Self {
        self.set(&DELIVERY_GUARANTEE, Given::typed(move |options: &mut SinkOptions| options.sink.delivery = guarantee))
    }

    /// The name of the sessions in `pg_stat_activity`, instead of the URL's. Default: `vecsink` and the stream's name. With a
    /// named stream, `/` and 16 digits follow, which are other ones for each sink.
    pub fn application_name(mut self, name: &str) -> Self {
        self.application_name = Some(name.to_owned());
        self
    }

    /// How long the database may be unreachable before the sink fails. Default: without end.
    pub fn max_outage(mut self, longest: Duration) -> Self {
        self.max_outage = Some(longest);
        self
    }

    /// Whether rows will be deleted, too ([`Sink::delete`]). The table needs a key among the sink's columns.
    pub fn deletes(mut self, deletes: bool) -> Self {
        self.deletes = deletes;
        self
    }

    /// Names the stream of rows, for a host that numbers its rows itself ([`Sink::push_at`]) and wants to go on after a crash. When
    /// the sink is opened again, [`Sink::resume_position`] is the first number that must be pushed again. It is kept in the table
    /// `vecsink_stream` in the schema of the target table. This table and `vecsink_shard` are made if they are missing. The position is
    /// stored once a second, after the rows below it. Only one sink at a time can push into a stream. Opening a sink with the same stream ends the former one.
    pub fn stream(mut self, name: &str) -> Self {
        self.stream = Some(name.to_owned());
        self
    }

    /// Sets the function that is called with the new value of [`Sink::durable`] each time it has risen, from a thread of the library.
    /// It may push, but not close. Its push fails with [`PushError::WouldBlock`](super::PushError::WouldBlock) when the buffer is full
    /// of rejected rows that wait for their callback, because that callback can't be called before this one returns. A panic in it
    /// is logged and changes nothing else.
    pub fn on_durable(mut self, call: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.calls.durable = Some(Box::new(call));
        self
    }

    /// Sets the function that is called for each row that was accepted and then could not be stored, before the function of
    /// [`SinkBuilder::on_durable`] is called with a number above it. The thread and the rules are the same. [`Sink::durable`] may rise
    /// above the row a moment before this call, because it doesn't wait for callbacks. [`Sink::close`] waits for them.
    pub fn on_rejected(mut self, call: impl Fn(&Rejected) + Send + Sync + 'static) -> Self {
        self.calls.rejected = Some(Box::new(call));
        self
    }

    /// Connects, reads the table's columns from the catalog and starts the sink. Blocks for at most the connect time-outs of all
    /// hosts. [`Error::Config`]: an option is wrong. [`Error::Target`]: the database can't be reached, or the table can't take such
    /// rows.
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
        let is_exactly_once = settings.delivery == DeliveryGuarantee::ExactlyOnce;
        if is_exactly_once && self.stream.is_none() {
            return Err(misuse(
                "'sink.delivery-guarantee' = 'exactly-once' needs the name of a stream, under which its progress is stored".into(),
            ));
        }
        let stream = self.stream.clone().unwrap_or_else(|| settings.name.clone());
        if let Some(name) = self.application_name {
            settings.connection.application_name = Some(name);
        }
        let application = settings.connection.application_name.clone();
        let mut application = application.unwrap_or_else(|| format!("vecsink {stream}"));
        if self.stream.is_some() {
            application = application_name(application);
        }
        let shared = Arc::new(Shared::new(self.buffer_memory));
        let traits = PushSettings {
            typed_by_table: true,
            is_named: self.stream.is_some(),
            keeps_rejected: self.calls.rejected.is_some(),
            linger: self.linger,
        };
        let rejects =
            Rejects::open(&settings, &|_| Err(misuse("a pushed row's dead letter can't go to Kafka".into())))?;
        let line = Line::open(&settings, &application, self.max_outage, &shared, rejects, Replayed::default(), traits)?;
        let topic: Arc<str> = format!("push:{stream}").into();
        let taken = self.stream.map(|job| take_over(&line, job, &topic)).transpose()?;
        let start = taken.as_ref().map_or(0, |taken| taken.positions.low());
        let stream = line.add_stream(&topic, 0, start);
        let resumed = taken.map(|TakenStream { number, epoch, positions, .. }| {
            line.target.ledger.streams.own(stream, number, epoch, &positions);
            Resumed::new(positions, is_exactly_once)
        });
        // It isn't known how many rows will come, and a pause between two rows doesn't mean that it was the last one.
        line.begin_deferral(None, BuildTime::End)?;
        line.start_writer();
        let columns: Arc<[String]> = line.table.columns.iter().map(|column| column.name.clone()).collect();
        let core = Arc::new(Core::new(line, stream, resumed));
        let callbacks = Callbacks::start(&core, self.calls)?;
        Ok(Sink::new(core, columns, callbacks, start as u64))
    }
}

/// Opens the ledger, and takes the stream over from whoever had it.
fn take_over(line: &Line, job: String, topic: &Arc<str>) -> Result<TakenStream> {
    let table = &line.table;
    let column = |&at: &usize| {
        let column = table.columns.get(at)?;
        Some(KeyColumnText {
            name: column.name.clone(),
            column_type: column.type_name.clone(),
            expression: String::new(),
            format: "push".to_owned(),
        })
    };
    let key: Vec<KeyColumnText> = table.key.iter().flatten().filter_map(column).collect();
    let layout = layout_text(line.layout, &format!("{}.{}", table.schema, table.table), &key);
    let name = StreamName { job, sink: line.name().to_owned(), topic: Arc::clone(topic), partition: 0 };
    let wanted = Wanted { name: &name, layout: &layout, source: "", extent: None, may_jump: false };
    line.target.ledger.open_pushed(&wanted)
}

/// The names of the options, without their values, which may be secrets.
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
