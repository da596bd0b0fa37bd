//! Every function of the C interface returns within a second of its deadline, whatever the server does.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::library::{compile_c, url};
use crate::support::broker::{Topic, kafka};
use crate::support::postgresql::{Postgres, Schema, postgres18};
use crate::support::proxy::Way;
use crate::support::servers::project;
use crate::support::{PrivatePostgres, Proxy};

/// How many milliseconds a call may take beyond its deadline, in addition to the delay of the machine itself.
const GRACE: u64 = 1000;

/// The running program, which has opened its sinks and jobs.
struct Host {
    program: Child,
    said: BufReader<std::process::ChildStdout>,
    schema: Schema,
    topic: Topic,
}

/// A call, as the program reports it.
#[derive(Debug)]
struct Call {
    function: String,
    took: u64,
    deadline: u64,
    late: u64,
    outcome: String,
}

impl Call {
    fn parse(line: &str) -> Option<Call> {
        let (timed, outcome) = line.split_once(": ")?;
        let words: Vec<&str> = timed.split(' ').collect();
        let [function, "took", took, "of", deadline, "late", late] = words[..] else { return None };
        let number = |text: &str| text.parse().ok();
        let (took, deadline, late) = (number(took)?, number(deadline)?, number(late)?);
        Some(Call { function: function.to_owned(), took, deadline, late, outcome: outcome.to_owned() })
    }
}

impl Host {
    /// Opens the sinks and jobs at `server`, through another port if one is given.
    fn open(server: &Postgres, port: Option<u16>, to: &str) -> Option<Host> {
        let kafka = kafka()?;
        let mut schema = Schema::new(server);
        schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, name text)");
        let topic = kafka.topic(1);
        topic.produce(0, (0..100).map(|id| format!("{id},first")));
        let port = port.unwrap_or(server.port);
        let url = url(&Postgres { port, ..server.clone() });
        let mut program = Command::new(compile_c("ends", to, &[]))
            .args([&format!("{url}&connect_timeout=2"), &format!("{}.items", schema.name), &kafka.brokers, &topic.name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(program.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let mut host = Host { program, said, schema, topic };
        if line != "open\n" {
            let mut errors = String::new();
            host.program.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            panic!("{line}{errors}");
        }
        Some(host)
    }

    /// Lets the program make its calls, when the server is in trouble and the jobs have rows to write. Returns all of its calls.
    fn calls(mut self) -> (Vec<Call>, Schema) {
        self.topic.produce(0, (0..100).map(|id| format!("{id},second")));
        self.program.stdin.take().unwrap().write_all(b"on\n").unwrap();
        let mut stderr = self.program.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut errors = String::new();
            stderr.read_to_string(&mut errors).unwrap();
            errors
        });
        let lines: Vec<String> = self.said.lines().map(Result::unwrap).collect();
        let ended = self.program.wait().unwrap();
        println!("{}\n{}", lines.join("\n"), errors.join().unwrap());
        assert!(ended.success(), "{ended}");
        (lines.iter().filter_map(|line| Call::parse(line)).collect(), self.schema)
    }
}

/// The functions that the header declares.
fn declared() -> Vec<String> {
    let header = std::fs::read_to_string(project().join("include/vecsink.h")).unwrap();
    let function = |line: &str| {
        let (before, _) = line.split_once('(')?;
        let name = before.rsplit([' ', '*']).next()?;
        let is_one = name.starts_with("vecsink_") && !line.starts_with([' ', '/', '*', '#']);
        (is_one && !line.starts_with("typedef") && !line.starts_with("static")).then(|| name.to_owned())
    };
    header.lines().filter_map(function).collect()
}

#[track_caller]
fn all_are_in_time(calls: &[Call], expected: &[(&str, &[&str])]) {
    let mut outcomes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for call in calls {
        outcomes.entry(&call.function).or_default().push(&call.outcome);
    }
    let declared = declared();
    assert!(declared.len() > 60, "the header is read");
    for function in &declared {
        assert!(outcomes.contains_key(function.as_str()), "{function} isn't called by tests/hosts/c/ends.c");
    }
    for (function, expected) in expected {
        assert_eq!(outcomes[function], *expected, "{function}");
    }
    let late: Vec<&Call> = calls.iter().filter(|call| call.took > call.deadline + GRACE + call.late).collect();
    assert!(late.is_empty(), "{late:#?}");
}

/// What the pushes of large rows may give. A push of a small row may still find room.
const NO_ROOM: &[(&str, &[&str])] = &[
    ("vecsink_sink_push", &["VECSINK_WOULD_BLOCK", "VECSINK_TIMED_OUT"]),
    ("vecsink_sink_push_row", &["VECSINK_WOULD_BLOCK", "VECSINK_TIMED_OUT"]),
    ("vecsink_sink_push_arrow", &["VECSINK_WOULD_BLOCK", "VECSINK_TIMED_OUT"]),
    ("vecsink_sink_flush", &["VECSINK_TIMED_OUT"]),
];
const AWAY: &[(&str, &[&str])] = &[
    // The first code is that of a sink whose max_outage is over.
    ("vecsink_sink_wait_durable", &["VECSINK_FAILED", "VECSINK_TIMED_OUT"]),
    ("vecsink_sink_open", &["VECSINK_TARGET"]),
    ("vecsink_sink_builder_open", &["VECSINK_TARGET"]),
];
const UNENDED_JOBS: &[(&str, &[&str])] = &[
    ("vecsink_pipeline_wait", &["VECSINK_TIMED_OUT", "VECSINK_STOPPED"]),
    ("vecsink_pipeline_stop", &["VECSINK_STOPPED"; 4]),
];

#[test]
fn every_function_returns_by_its_deadline_on_a_frozen_server() {
    let Some(mut private) = PrivatePostgres::start() else { return };
    let Some(host) = Host::open(&private.server, None, "ends_frozen") else { return };
    private.freeze();
    let (calls, schema) = host.calls();
    private.thaw();
    drop(schema);
    all_are_in_time(&calls, &[NO_ROOM, AWAY, UNENDED_JOBS].concat());
}

#[test]
fn every_function_returns_by_its_deadline_when_the_way_to_the_server_is_cut_within_a_copy() {
    let Some(server) = postgres18() else { return };
    let proxy = Proxy::to(&server.host, server.port);
    let Some(host) = Host::open(&server, Some(proxy.port), "ends_cut") else { return };
    proxy.cut_after(Way::Up, 50_000);
    let (calls, _schema) = host.calls();
    all_are_in_time(&calls, &[NO_ROOM, AWAY].concat());
}

#[test]
fn every_function_returns_by_its_deadline_while_another_session_has_locked_the_table() {
    let Some(server) = postgres18() else { return };
    let Some(mut host) = Host::open(&server, None, "ends_locked") else { return };
    host.schema.execute("BEGIN; LOCK TABLE items");
    let (calls, mut schema) = host.calls();
    schema.execute("COMMIT");
    all_are_in_time(&calls, &[NO_ROOM, UNENDED_JOBS].concat());
}

/// The functions of the C++ sink that take a time-out.
fn with_a_timeout() -> Vec<String> {
    let header = std::fs::read_to_string(project().join("include/vecsink/sink.hpp")).unwrap();
    let function = |line: &str| {
        let (before, arguments) = line.split_once('(')?;
        let is_one = arguments.contains("timeout longest") || arguments.contains("timeout deadline");
        (is_one && !before.contains("send")).then(|| before.rsplit(' ').next().unwrap_or_default().to_owned())
    };
    header.lines().filter_map(function).collect()
}

#[test]
fn cpp_returns_by_its_deadlines_and_a_callback_may_outlive_its_sink() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, name text)");
    let program = crate::cpp::program("ends", "-std=c++17");
    let mut program = Command::new(program)
        .args([url(&server), format!("{}.items", schema.name)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said: Vec<String> = lines.by_ref().take_while(|line| line != "open").collect();
    schema.execute("BEGIN; LOCK TABLE items");
    program.stdin.take().unwrap().write_all(b"on\n").unwrap();
    said.extend(lines);
    let ended = program.wait().unwrap();
    schema.execute("COMMIT");
    println!("{}", said.join("\n"));
    assert!(ended.success(), "{ended}");
    let calls: Vec<Call> = said.iter().filter_map(|line| Call::parse(line)).collect();
    let functions = with_a_timeout();
    assert!(functions.len() > 8, "the header is read: {functions:?}");
    for function in functions {
        assert!(
            calls.iter().any(|call| call.function == function),
            "{function} isn't called by tests/hosts/cpp/ends.cpp"
        );
    }
    let late: Vec<&Call> = calls.iter().filter(|call| call.took > call.deadline + GRACE + call.late).collect();
    assert!(late.is_empty(), "{late:#?}");
}
