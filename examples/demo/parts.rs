//! The programs that the demo starts. Each one ends when it is dropped, and also when the demo is killed.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use postgres::{Client, Config, NoTls};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

use crate::Result;
use crate::generator::Car;

const SERVERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/servers.py");
/// The embedded broker keeps the last 5 MiB of a partition; the cars need 3 MiB in all.
const PARTITIONS: i32 = 4;

/// Notices Ctrl-C, so that all parts are ended in order.
pub struct Interrupted(Arc<AtomicBool>);

impl Interrupted {
    pub fn watch() -> Result<Interrupted> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
        }
        Ok(Interrupted(flag))
    }

    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) { Err("interrupted".into()) } else { Ok(()) }
    }
}

/// PostgreSQL 18 with pgvector, on a free port. Its data is deleted at its end.
pub struct Postgres {
    script: Child,
    /// The script ends the server when this pipe is closed.
    input: Option<ChildStdin>,
    config: Config,
}

impl Postgres {
    pub fn start() -> Result<Postgres> {
        // The script gets a process group of its own. So Ctrl-C reaches only the demo, which then ends the other parts.
        let mut script = Command::new("python3")
            .args([SERVERS, "serve", "postgres18"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("python3 can't be started: {error}"))?;
        let (input, output) = (script.stdin.take(), script.stdout.take());
        let mut line = String::new();
        BufReader::new(output.ok_or("no pipe")?).read_line(&mut line)?;
        let addresses: serde_json::Value =
            serde_json::from_str(&line).map_err(|_| "PostgreSQL didn't start; see above")?;
        let config = addresses["VECSINK_TEST_PG18"].as_str().ok_or("no address of PostgreSQL")?.parse()?;
        Ok(Postgres { script, input, config })
    }

    pub fn connect(&self, database: &str) -> Result<Client> {
        Ok(self.config.clone().dbname(database).connect(NoTls)?)
    }

    /// The variables with which a job file finds the server and logs in.
    fn variables(&self) -> Result<[(&str, String); 4]> {
        let (user, password) = (self.config.get_user(), self.config.get_password());
        Ok([
            ("PGHOST", "127.0.0.1".to_owned()),
            ("PGPORT", self.config.get_ports().first().ok_or("no port")?.to_string()),
            ("PGUSER", user.ok_or("no user")?.to_owned()),
            ("PGPASSWORD", String::from_utf8(password.ok_or("no password")?.to_vec())?),
        ])
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.script.wait();
    }
}

/// A Kafka broker within this process, with one topic.
pub struct Broker {
    producer: ThreadedProducer<DefaultProducerContext>,
    brokers: String,
    topic: &'static str,
    _cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Broker {
    pub fn start(topic: &'static str) -> Result<Broker> {
        let cluster = MockCluster::new(1)?;
        cluster.create_topic(topic, PARTITIONS, 1)?;
        let brokers = cluster.bootstrap_servers();
        let producer = ClientConfig::new().set("bootstrap.servers", &brokers).set("linger.ms", "0").create()?;
        Ok(Broker { producer, brokers, topic, _cluster: cluster })
    }

    /// Sends cars; returns when the broker has them all.
    pub fn produce(&self, cars: impl IntoIterator<Item = Car>) -> Result<()> {
        cars.into_iter().try_for_each(|car| self.send(&car))?;
        Ok(self.producer.flush(Duration::from_secs(30))?)
    }

    /// Sends one car, without waiting for the broker.
    pub fn send(&self, car: &Car) -> Result<()> {
        let line = car.line();
        let partition = (car.id % i64::from(PARTITIONS)) as i32;
        let mut record = BaseRecord::<(), [u8]>::to(self.topic).partition(partition).payload(&line);
        while let Err((error, back)) = self.producer.send(record) {
            if !matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) {
                return Err(error.into());
            }
            self.producer.poll(Duration::from_millis(10));
            record = back;
        }
        Ok(())
    }
}

/// The `vecsink run` command.
pub struct Job(Child);

impl Job {
    pub fn start(file: &str, postgres: &Postgres, broker: &Broker) -> Result<Job> {
        // The examples are built into a folder below that of the command.
        let this = std::env::current_exe()?;
        let built = this.parent().and_then(|examples| examples.parent()).ok_or("no folder")?.join("vecsink");
        // With setpriv, the kernel ends the command if the demo is killed.
        let child = Command::new("setpriv")
            .arg("--pdeathsig=KILL")
            .arg(&built)
            .args(["run", file, "--summary", "json"])
            // A real broker answers as soon as there are messages; the embedded one answers only when the wait is over.
            .args(["-D", "vector_kafka.properties.fetch.max.wait.ms=5"])
            // Queries find the rows at once; the rows get into the vector index later.
            .args(["-D", "vector_ingest.sink.vector-index=behind"])
            .envs(postgres.variables()?)
            .env("KAFKA_BROKERS", &broker.brokers)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("setpriv (of util-linux) can't be started: {error}"))?;
        Ok(Job(child))
    }

    /// An error if the job has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        match self.0.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("the job ended: {status}").into()),
        }
    }

    /// Tells the job to drain and end. Returns its summary.
    pub fn stop(mut self) -> Result<String> {
        Command::new("kill").arg("-TERM").arg(self.0.id().to_string()).status()?;
        let mut summary = String::new();
        self.0.stdout.take().ok_or("no pipe")?.read_to_string(&mut summary)?;
        let status = self.0.wait()?;
        if !status.success() {
            return Err(format!("the job didn't end well: {status}").into());
        }
        Ok(summary.trim().to_owned())
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
