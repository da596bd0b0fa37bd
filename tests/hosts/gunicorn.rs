//! Python under gunicorn: a master that forks its workers, replaces them on SIGHUP and ends them on SIGTERM.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use crate::items::{holds, items};
use crate::library::{self, finish, has_since};
use crate::support::eventually;
use crate::support::servers::{address, project};

/// The server, which ends with the test.
struct Gunicorn {
    child: Child,
    folder: TempDir,
}

impl Gunicorn {
    /// Starts gunicorn for a table, with these additional environment variables (see config.py).
    fn start([url, table]: &[String; 2], variables: &[(&str, &str)]) -> Option<Gunicorn> {
        let gunicorn = address("VECSINK_TEST_GUNICORN")?;
        if !has_since("python3", "--version", [3, 10]) {
            return None;
        }
        let own = project().join("tests/hosts/gunicorn");
        let paths = [PathBuf::from(gunicorn), project().join("bindings/python/src"), own.clone()];
        let folder = TempDir::new().unwrap();
        let mut python = Command::new("python3");
        python.args(["-m", "gunicorn", "app:application", "--config"]).arg(own.join("config.py"));
        python.arg("--bind").arg(format!("unix:{}", folder.path().join("socket").display()));
        python.env("PYTHONPATH", std::env::join_paths(paths).unwrap()).env("PYTHONDONTWRITEBYTECODE", "1");
        python.env("VECSINK_LIBRARY", library::folder().join("libvecsink.so"));
        python.env("APP_URL", url).env("APP_TABLE", table).envs(variables.iter().copied());
        python.stderr(fs::File::create(folder.path().join("log")).unwrap()).stdin(Stdio::null());
        let server = Gunicorn { child: python.spawn().expect("Python is there"), folder };
        eventually("a worker answers", || server.client().post("/rows", &(0..0)).is_some());
        Some(server)
    }

    fn client(&self) -> Client {
        Client(self.folder.path().join("socket"))
    }

    fn signal(&self, name: &str) {
        finish(Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()));
    }

    /// Ends it as a service manager does, and returns its log.
    #[track_caller]
    fn stop(mut self) -> String {
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        assert!(status.success(), "{status}\n{log}");
        for word in ["Traceback", "WARNING", "ERROR", "CRITICAL", "vecsink"] {
            assert!(!log.contains(word), "{word}:\n{log}");
        }
        log
    }
}

impl Drop for Gunicorn {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // The workers end when they notice that their master is gone.
            let _ = self.child.kill();
            let _ = self.child.wait();
            eprintln!("{}", fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
        }
    }
}

struct Client(PathBuf);

impl Client {
    /// The answer's status and text. `None`: there was no answer, so it isn't known whether the rows were accepted.
    fn post(&self, path: &str, ids: &Range<i64>) -> Option<(String, String)> {
        let mut stream = UnixStream::connect(&self.0).ok()?;
        let count = ids.end - ids.start;
        let request = format!("POST {path}?first={}&count={count} HTTP/1.0\r\nContent-Length: 0\r\n\r\n", ids.start);
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, text) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.to_owned(), text.to_owned()))
    }
}

/// What the clients have posted, and the answers that they have got so far.
#[derive(Default)]
struct ClientResults {
    next: AtomicI64,
    accepted: Mutex<Vec<Range<i64>>>,
    /// The rows of requests that got no answer.
    in_doubt: Mutex<Vec<Range<i64>>>,
    workers: Mutex<BTreeSet<String>>,
    stopping: AtomicBool,
}

impl ClientResults {
    /// Posts until a request gets no answer after the server was told to stop.
    fn keep_posting(&self, client: &Client) {
        loop {
            let stopping = self.stopping.load(Ordering::SeqCst);
            let first = self.next.fetch_add(100, Ordering::SeqCst);
            let (path, ids) =
                if first % 300 == 0 { ("/batch", first..first + 100) } else { ("/rows", first..first + 20) };
            match client.post(path, &ids) {
                Some((status, text)) => {
                    assert_eq!(status, "200", "{text}");
                    self.accepted.lock().unwrap().push(ids);
                    self.workers.lock().unwrap().insert(text);
                }
                None => {
                    self.in_doubt.lock().unwrap().push(ids);
                    if stopping {
                        return;
                    }
                }
            }
        }
    }

    fn answers(&self) -> usize {
        self.accepted.lock().unwrap().len()
    }
}

/// Clients post while the workers are replaced twice and while the server ends.
fn every_accepted_row_is_there(variables: &[(&str, &str)]) {
    let Some((mut schema, arguments)) = items() else { return };
    let Some(server) = Gunicorn::start(&arguments, variables) else { return };
    // A worker's own callback is called for both.
    assert_eq!(server.client().post("/bad", &(-10..-9)).unwrap().0, "200");
    let instead = "SELECT string_agg(id || ' ' || name, ', ' ORDER BY id DESC) FROM items WHERE id < 0";
    let expected = Some("-1 instead of encode, -2 instead of write".to_owned());
    eventually("callbacks pushed instead", || schema.text(instead) == expected);
    schema.execute("DELETE FROM items WHERE id < 0");

    let results = Arc::new(ClientResults::default());
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (results, client) = (Arc::clone(&results), server.client());
            thread::spawn(move || results.keep_posting(&client))
        })
        .collect();
    for _ in 0..2 {
        let before = results.answers();
        eventually("clients are answered", || results.answers() > before + 50);
        let old = results.workers.lock().unwrap().clone();
        server.signal("HUP");
        eventually("new workers answer", || results.workers.lock().unwrap().difference(&old).count() >= 2);
    }
    results.stopping.store(true, Ordering::SeqCst);
    let log = server.stop();
    for client in clients {
        client.join().unwrap();
    }
    assert_eq!(log.matches("Booting worker").count(), 9, "{log}");

    let mut accepted = std::mem::take(&mut *results.accepted.lock().unwrap());
    println!("{} requests accepted, {} in doubt", accepted.len(), results.in_doubt.lock().unwrap().len());
    for ids in results.in_doubt.lock().unwrap().iter() {
        match schema.count(&format!("items WHERE id >= {} AND id < {}", ids.start, ids.end)) {
            0 => {}
            some => accepted.push(ids.start..ids.start + some),
        }
    }
    holds(&mut schema, &accepted);
}

#[test]
fn every_row_that_workers_of_gunicorn_accepted_is_in_the_table() {
    every_accepted_row_is_there(&[]);
}

#[test]
fn every_row_that_threads_of_a_preloaded_application_accepted_is_in_the_table() {
    every_accepted_row_is_there(&[("APP_PRELOADED", "1"), ("APP_THREADS", "4")]);
}

#[test]
fn workers_get_an_error_for_a_sink_that_their_master_opened() {
    let Some((mut schema, arguments)) = items() else { return };
    let variables = [("APP_PRELOADED", "1"), ("APP_OPENS_BEFORE", "1")];
    let Some(server) = Gunicorn::start(&arguments, &variables) else { return };
    for path in ["/rows", "/batch", "/another"] {
        let (status, text) = server.client().post(path, &(100..120)).expect("an answer");
        assert!(status == "503" && text.starts_with("FORKED: ") && text.contains("fork"), "{path}: {status} {text}");
    }
    server.stop();
    holds(&mut schema, std::slice::from_ref(&(0..1)));
}
