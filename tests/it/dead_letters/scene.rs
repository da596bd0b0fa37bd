//! A table of cars with a CHECK, a topic, and the job between them.

use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;

use crate::support::broker::Kafka;
use crate::support::postgresql::{Postgres, unique};
use crate::support::{Job, Schema, Topic};

pub struct Scene {
    pub schema: Schema,
    pub topic: Topic,
    pub group: String,
}

impl Scene {
    /// Prices of 100 and more are refused by the database, as are colours of more than ten characters by the encoder.
    pub fn new(server: &Postgres, kafka: &Kafka) -> Scene {
        let mut schema = Schema::new(server);
        schema.execute("CREATE TABLE cars (id bigint PRIMARY KEY, color varchar(10), price int CONSTRAINT cheap CHECK (price < 100))");
        Scene { schema, topic: kafka.topic(1), group: unique("group") }
    }

    pub fn sql(&self) -> String {
        let server = &self.schema.server;
        format!(
            "CREATE TABLE cars (id INT, color STRING, price INT) WITH ('connector' = 'adbpg-nightly-1.13',\n\
             'url' = '{}', 'tablename' = 'cars', 'username' = '{}', 'password' = '${{DB_PASSWORD}}',\n\
             'targetschema' = '{}', 'conflictmode' = 'ignore');\n\
             CREATE TABLE messages (id INT, color STRING, price INT) WITH ('connector' = 'kafka', 'format' = 'csv',\n\
             'properties.bootstrap.servers' = '{}', 'topic' = '{}', 'properties.group.id' = '{}',\n\
             'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');\n\
             INSERT INTO cars SELECT * FROM messages;",
            server.jdbc_url(),
            server.user,
            self.schema.name,
            self.topic.kafka.brokers,
            self.topic.name,
            self.group,
        )
    }

    pub fn with_password(&self, job: Job) -> Job {
        job.variable("DB_PASSWORD", &self.schema.server.password)
    }

    /// `vecsink run`, with this dead-letter target.
    pub fn run(&self, target: &str) -> Job {
        self.with_password(Job::run(&self.sql())).option("cars.deadletter", target)
    }

    pub fn check(&self, target: &str) -> Job {
        self.with_password(Job::check(&self.sql())).option("cars.deadletter", target)
    }

    /// `vecsink replay`, of a job with this dead-letter target.
    pub fn replay(&self, dead_letters: &str, target: &str) -> Job {
        self.with_password(Job::replay(dead_letters, &self.sql())).option("cars.deadletter", target)
    }

    pub fn ids(&mut self) -> String {
        let query = "SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM cars";
        self.schema.text(query).unwrap_or_default()
    }
}

/// The parts of a message that tests compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, String)>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().rfind(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// All messages of a topic's one partition.
pub fn messages(kafka: &Kafka, topic: &str) -> Vec<Seen> {
    let consumer: BaseConsumer = kafka.config().set("group.id", unique("look")).create().expect("a consumer");
    let (_, end) = consumer.fetch_watermarks(topic, 0, Duration::from_secs(60)).expect("the topic is there");
    let mut list = rdkafka::TopicPartitionList::new();
    list.add_partition_offset(topic, 0, rdkafka::Offset::Beginning).expect("a valid offset");
    consumer.assign(&list).expect("a partition to read");
    let (mut seen, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(120));
    while (seen.len() as i64) < end {
        assert!(Instant::now() < deadline, "{} of {end} messages", seen.len());
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = message.expect("a message");
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        seen.push(Seen {
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: message.headers().map_or(Vec::new(), |headers| {
                headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect()
            }),
        });
    }
    seen
}

/// One message with a key and a header.
pub fn produce_with_header(topic: &Topic, key: &str, value: &[u8], header: (&str, &str)) {
    use rdkafka::message::{Header, OwnedHeaders};
    use rdkafka::producer::{BaseRecord, Producer};
    let producer = topic.producer(0);
    let headers = OwnedHeaders::new().insert(Header { key: header.0, value: Some(header.1) });
    let record = BaseRecord::to(&topic.name).partition(0).key(key).payload(value).headers(headers);
    producer.send(record).map_err(|(error, _)| error).expect("the queue has room");
    producer.flush(Duration::from_secs(120)).expect("the broker takes it");
}
