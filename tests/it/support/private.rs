//! A server that belongs to one test, which can stop and start it while a job runs.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::broker::Kafka;
use super::postgresql::Postgres;
use super::registry::Registry;
use super::servers::{address, script};

/// The server. When this is dropped, or the test process is killed, the server ends and its data is deleted.
struct Private {
    name: &'static str,
    addresses: serde_json::Value,
    script: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Private {
    fn start(name: &'static str) -> Private {
        Private::start_with(name, &[])
    }

    fn start_with(name: &'static str, settings: &[String]) -> Private {
        let mut script = Command::new("python3")
            .arg(script())
            .args(["serve", name])
            .args(settings.iter().map(|setting| format!("--set={setting}")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is installed");
        let commands = script.stdin.take();
        let mut answers = BufReader::new(script.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        answers.read_line(&mut line).expect("the script answers");
        let addresses = serde_json::from_str(&line).expect("the server starts");
        Private { name, addresses, script, commands, answers }
    }

    fn address(&self, variable: &str) -> &str {
        self.addresses[variable].as_str().expect("an address")
    }

    fn tell(&mut self, command: &str) {
        let commands = self.commands.as_mut().expect("open until dropped");
        writeln!(commands, "{command} {}", self.name).expect("the script listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the script answers");
        assert_eq!(answer, "done\n", "{command}");
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // The script stops the server at the end of its input.
        self.commands = None;
        let _ = self.script.wait();
    }
}

/// The setting that names the server to which a PgBouncer or a standby connects.
fn upstream(server: &Postgres) -> String {
    let Postgres { user, password, host, port, database, .. } = server;
    format!("upstream=postgresql://{user}:{password}@{host}:{port}/{database}")
}

/// A PostgreSQL 18 with pgvector.
pub struct PrivatePostgres {
    pub server: Postgres,
    private: Private,
}

impl PrivatePostgres {
    /// None where the shared one can't be had either.
    pub fn start() -> Option<PrivatePostgres> {
        address("VECSINK_TEST_PG18")?;
        let private = Private::start("postgres18");
        let server = Postgres::at(private.address("VECSINK_TEST_PG18"));
        server.add_extension("vector");
        Some(PrivatePostgres { server, private })
    }

    /// A standby of this server. It accepts no writes before it is promoted (`SELECT pg_promote()`).
    pub fn standby(&self) -> PrivatePostgres {
        let private = Private::start_with("postgres18", &[upstream(&self.server)]);
        PrivatePostgres { server: Postgres::at(private.address("VECSINK_TEST_PG18")), private }
    }

    /// Stops the server as an administrator would: sessions are ended.
    pub fn stop(&mut self) {
        self.private.tell("stop");
    }

    /// Stops the server as a power cut would: it recovers when it is started again.
    pub fn crash(&mut self) {
        self.private.tell("kill");
    }

    /// Freezes all processes of the server (SIGSTOP). The kernel still acknowledges what is sent to them.
    pub fn freeze(&mut self) {
        self.private.tell("freeze");
    }

    pub fn thaw(&mut self) {
        self.private.tell("thaw");
    }

    /// Starts the server again, on the same port with the same data; returns when it takes connections.
    pub fn start_again(&mut self) {
        self.private.tell("start");
    }
}

/// A Kafka broker.
pub struct PrivateKafka {
    pub server: Kafka,
    private: Private,
}

impl PrivateKafka {
    /// None where the shared one can't be had either.
    pub fn start() -> Option<PrivateKafka> {
        address("VECSINK_TEST_KAFKA")?;
        // Otherwise a started broker would assume that the one before it is still alive, and the start would take twelve seconds.
        let settings = ["broker.session.timeout.ms=2000", "broker.heartbeat.interval.ms=500"].map(str::to_owned);
        let private = Private::start_with("kafka", &settings);
        let server = Kafka { brokers: private.address("VECSINK_TEST_KAFKA").to_owned() };
        Some(PrivateKafka { server, private })
    }

    /// Shuts the broker down.
    pub fn stop(&mut self) {
        self.private.tell("stop");
    }

    /// `kill -9`. What it has acknowledged is there when it is started again.
    pub fn crash(&mut self) {
        self.private.tell("kill");
    }

    /// Starts it again, on the same port with the same data; returns when it takes connections.
    pub fn start_again(&mut self) {
        self.private.tell("start");
    }
}

/// A schema registry.
pub struct PrivateRegistry {
    pub server: Registry,
    private: Private,
}

impl PrivateRegistry {
    /// None where the shared one can't be had either.
    pub fn start() -> Option<PrivateRegistry> {
        address("VECSINK_TEST_REGISTRY")?;
        let private = Private::start("registry");
        let server = Registry { url: private.address("VECSINK_TEST_REGISTRY").to_owned() };
        Some(PrivateRegistry { server, private })
    }

    pub fn stop(&mut self) {
        self.private.tell("stop");
    }

    /// Starts it again with the schemas that it had.
    pub fn start_again(&mut self) {
        self.private.tell("start");
    }
}

/// A PgBouncer in front of a PostgreSQL server. Through it the server is reached as its administrator.
pub struct PgBouncer {
    pub server: Postgres,
    _private: Private,
}

impl PgBouncer {
    /// 1.18, which doesn't support prepared statements. `settings` are lines of its configuration.
    pub fn old(upstream: &Postgres, settings: &[&str]) -> Option<PgBouncer> {
        PgBouncer::start("pgbouncer-1.18", "VECSINK_TEST_PGBOUNCER_1_18", upstream, settings)
    }

    /// 1.24, which can follow a client's prepared statements from session to session (`max_prepared_statements`).
    pub fn new(upstream: &Postgres, settings: &[&str]) -> Option<PgBouncer> {
        PgBouncer::start("pgbouncer-1.24", "VECSINK_TEST_PGBOUNCER_1_24", upstream, settings)
    }

    fn start(name: &'static str, variable: &str, server: &Postgres, settings: &[&str]) -> Option<PgBouncer> {
        address(variable)?;
        let settings: Vec<String> =
            std::iter::once(upstream(server)).chain(settings.iter().map(|line| (*line).to_owned())).collect();
        let private = Private::start_with(name, &settings);
        Some(PgBouncer { server: Postgres::at(private.address(variable)), _private: private })
    }

    /// Runs a command on PgBouncer's admin console.
    pub fn console(&self, command: &str) {
        let console = Postgres { database: "pgbouncer".to_owned(), ..self.server.clone() };
        let answer = console.connect().simple_query(command);
        answer.unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}
