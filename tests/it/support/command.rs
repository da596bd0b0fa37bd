//! The `vecsink` command as a child process, with a job file in a folder of its own.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

use super::wait::eventually_within;

/// A job that isn't started yet: its file, and the command's other arguments.
pub struct Job {
    folder: TempDir,
    command: Command,
}

impl Job {
    /// `vecsink run` of a job with this text. Values come in as `${NAME}` with [`Job::variable`], so that nothing is escaped.
    pub fn run(sql: &str) -> Job {
        Job::new("run", sql).argument("--summary").argument("json")
    }

    /// `vecsink run` of a file as it is.
    pub fn run_file(file: &Path) -> Job {
        Job::run(&std::fs::read_to_string(file).expect("the job file is there"))
    }

    /// `vecsink check` of a job with this text.
    pub fn check(sql: &str) -> Job {
        Job::new("check", sql)
    }

    /// `vecsink ddl` of a job with this text.
    pub fn ddl(sql: &str) -> Job {
        Job::new("ddl", sql)
    }

    /// Another subcommand of several words, such as `offsets show`, for a job with this text.
    pub fn of(subcommand: &[&str], sql: &str) -> Job {
        let mut job = Job::new("", sql);
        let file = job.file("job.sql");
        job.command = vecsink();
        job.command.args(subcommand).arg(file);
        job
    }

    /// `vecsink replay` of these dead letters through a job with this text.
    pub fn replay(dead_letters: &str, sql: &str) -> Job {
        let mut job = Job::new("replay", sql);
        let file = job.file("job.sql");
        job.command = vecsink();
        job.command.args(["replay", dead_letters, "--summary", "json", "--job"]).arg(file);
        job
    }

    /// `vecsink run` by another binary.
    pub fn run_by(binary: &Path, sql: &str) -> Job {
        Job::by(Command::new(binary), "run", sql).argument("--summary").argument("json")
    }

    fn new(subcommand: &str, sql: &str) -> Job {
        Job::by(Command::new(VECSINK), subcommand, sql)
    }

    fn by(command: Command, subcommand: &str, sql: &str) -> Job {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("job.sql");
        std::fs::write(&file, sql).expect("the job file can be written");
        let mut command = piped(command);
        command.arg(subcommand).arg(file);
        Job { folder, command }
    }

    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Job {
        self.command.arg(argument);
        self
    }

    /// Sets an environment variable.
    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Job {
        self.command.env(name, value);
        self
    }

    /// Sets an option of a table: `-D TABLE.OPTION=VALUE`.
    pub fn option(self, option: &str, value: impl std::fmt::Display) -> Job {
        self.argument("-D").argument(format!("{option}={value}"))
    }

    /// A path in the job's own folder, for dead letters.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the job. Its folder exists until the result of `wait` is dropped.
    pub fn start(mut self) -> Running {
        let mut child = self.command.spawn().expect("the vecsink command is built");
        let mut stdout = child.stdout.take().expect("stdout is a pipe");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
        let said = Arc::new(Mutex::new(String::new()));
        let collect = Arc::clone(&said);
        let readers = (
            std::thread::spawn(move || {
                let mut text = String::new();
                stdout.read_to_string(&mut text).expect("stdout is UTF-8");
                text
            }),
            std::thread::spawn(move || {
                for line in stderr.lines() {
                    let line = line.expect("stderr is UTF-8");
                    collect.lock().expect("not poisoned").push_str(&(line + "\n"));
                }
            }),
        );
        Running { child, folder: Some(self.folder), said, readers: Some(readers) }
    }

    /// Starts the job and waits for its end.
    pub fn finish(self) -> Finished {
        self.start().wait()
    }
}

const VECSINK: &str = env!("CARGO_BIN_EXE_vecsink");

/// The command itself, for subcommands without a job file. Its output is piped, its input empty.
pub fn vecsink() -> Command {
    piped(Command::new(VECSINK))
}

fn piped(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running job. It is killed if the test ends without waiting for it.
pub struct Running {
    child: Child,
    folder: Option<TempDir>,
    said: Arc<Mutex<String>>,
    readers: Option<(JoinHandle<String>, JoinHandle<()>)>,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the job has written to stderr so far.
    pub fn said(&self) -> String {
        self.said.lock().expect("not poisoned").clone()
    }

    /// Fails the test if the job has ended.
    #[track_caller]
    pub fn lives(&mut self) {
        let ended = self.child.try_wait().expect("the child is ours");
        assert!(ended.is_none(), "the job has ended; it said:\n{}", self.said());
    }

    /// Asks the job to drain and end.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal by its name, such as STOP or CONT.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill is installed").success(), "no process to signal; it said:\n{}", self.said());
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().expect("the process can be killed");
    }

    /// The peak of its memory, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says so");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// Waits for the job's end, two minutes at most.
    #[track_caller]
    pub fn wait(self) -> Finished {
        self.wait_at_most(Duration::from_secs(120))
    }

    #[track_caller]
    pub fn wait_at_most(mut self, limit: Duration) -> Finished {
        let said = Arc::clone(&self.said);
        let mut status = None;
        eventually_within(limit, "the job ends", || {
            status = self.child.try_wait().expect("the child is ours");
            status.is_some()
        });
        let (stdout, stderr) = self.readers.take().expect("taken once");
        let stdout = stdout.join().expect("stdout was read");
        stderr.join().expect("stderr was read");
        let stderr = said.lock().expect("not poisoned").clone();
        Finished { status: status.expect("it ended"), stdout, stderr, folder: self.folder.take().expect("taken once") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the job said:\n{}", self.said());
        }
    }
}

/// A job that has ended.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    folder: TempDir,
}

impl Finished {
    /// Fails the test, and prints the job's output, unless the job exited with this code.
    #[track_caller]
    pub fn exited(self, code: i32) -> Finished {
        assert_eq!(self.status.code(), Some(code), "the job said:\n{}{}", self.stderr, self.stdout);
        self
    }

    /// The summary: one JSON object on the last line of stdout.
    #[track_caller]
    pub fn summary(&self) -> serde_json::Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(last)
            .unwrap_or_else(|_| panic!("no summary in {:?}; stderr:\n{}", self.stdout, self.stderr))
    }

    /// One count of the summary.
    #[track_caller]
    pub fn count(&self, name: &str) -> u64 {
        self.summary()[name].as_u64().unwrap_or_else(|| panic!("no {name} in {}", self.stdout))
    }

    /// The job's own folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
