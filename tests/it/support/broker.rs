//! A Kafka broker for tests, and a topic in it that belongs to one test.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::ToBytes;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};

use super::postgresql::unique;
use super::servers::address;

/// The broker.
pub fn kafka() -> Option<Kafka> {
    address("VECSINK_TEST_KAFKA").map(|brokers| Kafka { brokers })
}

#[derive(Clone, Debug)]
pub struct Kafka {
    /// `host:port`, for `properties.bootstrap.servers`.
    pub brokers: String,
}

impl Kafka {
    pub fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    /// A new topic with this many partitions.
    pub fn topic(&self, partitions: i32) -> Topic {
        self.topic_with(partitions, &[])
    }

    /// A new topic with settings of its own, such as `cleanup.policy`.
    pub fn topic_with(&self, partitions: i32, settings: &[(&str, &str)]) -> Topic {
        let name = unique("topic");
        let mut new = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
        new.config = settings.to_vec();
        let admin: AdminClient<DefaultClientContext> = self.config().create().expect("an admin client");
        let made = block_on(admin.create_topics([&new], &AdminOptions::new())).expect("the broker answers");
        made[0].as_ref().expect("the topic is made");
        Topic { name, partitions, kafka: self.clone() }
    }

    /// The offset a consumer group has stored for a partition.
    pub fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        let consumer: BaseConsumer = self.config().set("group.id", group).create().expect("a consumer");
        let mut list = rdkafka::TopicPartitionList::new();
        list.add_partition(topic, partition);
        let stored = consumer.committed_offsets(list, Duration::from_secs(60)).expect("the broker answers");
        match stored.elements()[0].offset() {
            rdkafka::Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    /// The state of a consumer group, and how many members it has.
    pub fn members(&self, group: &str) -> (String, usize) {
        let consumer: BaseConsumer = self.config().create().expect("a consumer");
        let list = consumer.fetch_group_list(Some(group), Duration::from_secs(60)).expect("the broker answers");
        list.groups().first().map_or_else(Default::default, |found| (found.state().to_owned(), found.members().len()))
    }
}

/// A topic that belongs to one test. It is deleted at the test's end.
pub struct Topic {
    pub name: String,
    pub partitions: i32,
    pub kafka: Kafka,
}

impl Topic {
    /// A producer that gathers records for this time. With 0 each record is sent at once.
    pub fn producer(&self, linger_ms: u64) -> ThreadedProducer<Deliveries> {
        producer_of(self.kafka.config().set("linger.ms", linger_ms.to_string()).set("acks", "all"))
    }

    /// A producer for a broker that is restarted meanwhile: each record is stored once, and in order.
    pub fn steady_producer(&self) -> ThreadedProducer<Deliveries> {
        producer_of(self.kafka.config().set("linger.ms", "20").set("enable.idempotence", "true"))
    }

    /// Sends values to a partition, and returns when the broker has them all.
    pub fn produce<V: AsRef<[u8]>>(&self, partition: i32, values: impl IntoIterator<Item = V>) {
        self.produce_to(values, |_| partition);
    }

    /// Sends values to all partitions by turns, and returns when the broker has them all.
    pub fn produce_spread<V: AsRef<[u8]>>(&self, values: impl IntoIterator<Item = V>) {
        self.produce_to(values, |i| (i % self.partitions as usize) as i32);
    }

    fn produce_to<V: AsRef<[u8]>>(&self, values: impl IntoIterator<Item = V>, partition: impl Fn(usize) -> i32) {
        let mut config = self.kafka.config();
        // The topic's setting limits the size of a message.
        config.set("linger.ms", "5").set("message.max.bytes", "110000000");
        let producer = producer_of(&config);
        for (i, value) in values.into_iter().enumerate() {
            let record = BaseRecord::<(), [u8]>::to(&self.name).partition(partition(i)).payload(value.as_ref());
            send(&producer, record);
        }
        finish(&producer);
    }

    /// Deletes a partition's records before an offset, as retention does.
    pub fn delete_before(&self, partition: i32, offset: i64) {
        let admin: AdminClient<DefaultClientContext> = self.kafka.config().create().expect("an admin client");
        let mut list = rdkafka::TopicPartitionList::new();
        list.add_partition_offset(&self.name, partition, rdkafka::Offset::Offset(offset)).expect("an offset");
        block_on(admin.delete_records(&list, &AdminOptions::new())).expect("the broker deletes them");
    }

    /// Deletes the topic and makes another one of its name, empty.
    pub fn create_again(&self) {
        let admin: AdminClient<DefaultClientContext> = self.kafka.config().create().expect("an admin client");
        block_on(admin.delete_topics(&[&self.name], &AdminOptions::new())).expect("the broker answers");
        super::eventually("the topic is made again", || {
            let new = NewTopic::new(&self.name, self.partitions, TopicReplication::Fixed(1));
            let made = block_on(admin.create_topics([&new], &AdminOptions::new())).expect("the broker answers");
            made[0].is_ok()
        });
    }

    /// Sends keys with their values, either of which may be absent, and returns when the broker has them all.
    pub fn produce_keyed<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        partition: i32,
        records: impl IntoIterator<Item = (Option<K>, Option<V>)>,
    ) {
        let producer = producer_of(self.kafka.config().set("linger.ms", "5"));
        for (key, value) in records {
            let mut record = BaseRecord::<[u8], [u8]>::to(&self.name).partition(partition);
            record.key = key.as_ref().map(AsRef::as_ref);
            record.payload = value.as_ref().map(AsRef::as_ref);
            send(&producer, record);
        }
        finish(&producer);
    }

    /// The offsets of a partition's first record and of the next one to come.
    pub fn watermarks(&self, partition: i32) -> (i64, i64) {
        let consumer: BaseConsumer = self.kafka.config().create().expect("a consumer");
        consumer.fetch_watermarks(&self.name, partition, Duration::from_secs(60)).expect("the broker answers")
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        if let Ok(admin) = self.kafka.config().create::<AdminClient<DefaultClientContext>>() {
            let _ = block_on(admin.delete_topics(&[&self.name], &AdminOptions::new()));
        }
    }
}

/// The error if the broker refused a record of a producer.
#[derive(Default)]
pub struct Deliveries(Mutex<Vec<KafkaError>>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().push(error.clone());
        }
    }
}

fn producer_of(config: &ClientConfig) -> ThreadedProducer<Deliveries> {
    config.create_with_context(Deliveries::default()).expect("a producer")
}

/// Returns when the broker has all records that were sent.
fn finish(producer: &ThreadedProducer<Deliveries>) {
    producer.flush(Duration::from_secs(120)).expect("the broker answers");
    assert_eq!(*producer.context().0.lock(), [], "the broker takes everything");
}

/// Sends a record, waiting while the producer's queue is full.
pub fn send<K: ToBytes + ?Sized>(producer: &ThreadedProducer<Deliveries>, record: BaseRecord<'_, K, [u8]>) {
    let mut record = record;
    while let Err((error, back)) = producer.send(record) {
        assert!(matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)), "{error}");
        producer.poll(Duration::from_millis(10));
        record = back;
    }
}

/// Waits for an answer of the broker; the admin client's own thread brings it.
fn block_on<T>(answer: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut answer = pin!(answer);
    loop {
        match answer.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
