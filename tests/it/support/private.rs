//! A PostgreSQL server of one test's own, to be stopped and started under the feet of a job.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::postgresql::Postgres;
use super::servers::{address, script};

/// The server; it ends, and its data goes, when this is dropped, also if the test process is killed.
pub struct PrivatePostgres {
    pub server: Postgres,
    script: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl PrivatePostgres {
    /// A PostgreSQL 18 with pgvector. None where the shared one can't be had either.
    pub fn start() -> Option<PrivatePostgres> {
        address("VECSINK_TEST_PG18")?;
        let mut script = Command::new("python3")
            .arg(script())
            .args(["serve", "postgres18"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is installed");
        let commands = script.stdin.take();
        let mut answers = BufReader::new(script.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        answers.read_line(&mut line).expect("the script answers");
        let addresses: serde_json::Value = serde_json::from_str(&line).expect("the server starts");
        let server = Postgres::at(addresses["VECSINK_TEST_PG18"].as_str().expect("an address"));
        server.add_pgvector();
        Some(PrivatePostgres { server, script, commands, answers })
    }

    /// Stops the server as an administrator would: sessions are ended.
    pub fn stop(&mut self) {
        self.tell("stop postgres18");
    }

    /// Stops the server as a power cut would: it recovers when it is started again.
    pub fn crash(&mut self) {
        self.tell("kill postgres18");
    }

    /// Starts the server again, on the same port with the same data; returns when it takes connections.
    pub fn start_again(&mut self) {
        self.tell("start postgres18");
    }

    fn tell(&mut self, command: &str) {
        let commands = self.commands.as_mut().expect("open until dropped");
        writeln!(commands, "{command}").expect("the script listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the script answers");
        assert_eq!(answer, "done\n", "{command}");
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        // The end of its input is the script's sign to stop the server.
        self.commands = None;
        let _ = self.script.wait();
    }
}
