//! Vectors in every format and in each spelling that the format can contain, stored in columns of every type. PostgreSQL prints the same
//! texts for them as for values that it makes from the same numbers itself.

mod binary;
mod scene;
mod spelling;
mod texts;

use apache_avro::Schema as AvroSchema;
use rand::Rng;

use self::binary::{Schematic, none, some};
use self::scene::{Row, Source, TARGETS, check, columns, rows, topic_of};
use self::spelling::{Field, PACKINGS, Packing, Spelling};
use crate::roundtrip::random::seeded;
use crate::support::broker::Kafka;
use crate::support::postgresql::unique;
use crate::support::{Schema, Topic, kafka, postgres18, registry};

/// All spellings except a JSON array in a text, which only JSON has.
fn spellings() -> Vec<Spelling> {
    let packed = PACKINGS.into_iter().flat_map(|packing| [Spelling::Bytes(packing), Spelling::Base64(packing)]);
    let lists = [Spelling::Braces, Spelling::Brackets, Spelling::Floats, Spelling::Doubles];
    lists.into_iter().chain(packed).collect()
}

/// Source tables for one topic, whose messages have every spelling: one table without `vector.encoding`, and one for each encoding.
fn check_format(
    options: &str,
    spellings: &[Spelling],
    normalize: bool,
    write: impl Fn(i32, &[(Spelling, Field)]) -> Vec<u8>,
) {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let mut random = seeded();
    let rows = rows(&mut random, spellings);
    let topic = topic_of(&kafka, rows.iter().map(|row| write(row.id, &row.fields())));
    let mut of = |name: &str, encoding: String, is_own: &dyn Fn(Spelling) -> bool| Source {
        name: name.to_owned(),
        columns: columns(spellings),
        options: format!("{options}{encoding}"),
        topic: &topic.name,
        id: "id",
        spellings: spellings.iter().filter(|own| is_own(**own)).map(|own| (*own, own.column())).collect(),
        rows: &rows,
        first: random.random_range(0..TARGETS.len()),
    };
    let mut sources = vec![of("plain", String::new(), &|own| !matches!(own, Spelling::Bytes(_) | Spelling::Base64(_)))];
    sources.extend(PACKINGS.into_iter().map(|packing| {
        let encoding = format!(", 'vector.encoding' = 'base64:{}'", packing.name);
        let packed = [Spelling::Bytes(packing), Spelling::Base64(packing)];
        of(packing.name, encoding, &|own| packed.contains(&own))
    }));
    check(&mut Schema::new(&server), &kafka, &sources, normalize);
}

#[test]
fn vectors_of_csv_are_stored_in_every_type() {
    let options = "'format' = 'csv', 'csv.field-delimiter' = '|'";
    check_format(options, &spellings(), false, |id, fields| texts::line(id, fields).into_bytes());
}

/// A format whose rows are JSON objects, alone or within another object.
fn check_json(format: &str, normalize: bool, write: impl Fn(String) -> String) {
    let spellings = [&[Spelling::Json][..], &spellings()].concat();
    let options = format!("'format' = '{format}'");
    check_format(&options, &spellings, normalize, |id, fields| write(texts::object(id, fields)).into_bytes());
}

#[test]
fn vectors_of_json_are_stored_in_every_type() {
    check_json("json", false, |row| row);
}

#[test]
fn vectors_of_json_are_scaled_to_length_one_in_every_type() {
    check_json("json", true, |row| row);
}

#[test]
fn vectors_of_debezium_are_stored_in_every_type() {
    check_json("debezium-json", false, |row| format!(r#"{{"before":null,"after":{row},"op":"c"}}"#));
}

#[test]
fn vectors_of_canal_are_stored_in_every_type() {
    check_json("canal-json", false, |row| format!(r#"{{"data":[{row}],"old":null,"type":"INSERT","isDdl":false}}"#));
}

#[test]
fn vectors_of_maxwell_are_stored_in_every_type() {
    check_json("maxwell-json", false, |row| format!(r#"{{"type":"insert","data":{row}}}"#));
}

#[test]
fn vectors_of_goldengate_are_stored_in_every_type() {
    check_json("ogg-json", false, |row| format!(r#"{{"op_type":"I","after":{row}}}"#));
}

#[test]
fn vectors_of_avro_without_a_schema_id_are_stored_in_every_type() {
    let schema = AvroSchema::parse_str(&Schematic::Derived.schema("record", &spellings())).expect("a schema");
    check_format("'format' = 'avro'", &spellings(), false, |id, fields| {
        binary::datum(&schema, Schematic::Derived.record(id, fields))
    });
}

#[test]
fn vectors_of_avro_with_a_registry_are_stored_in_every_type() {
    of_registered_avro(false);
}

#[test]
fn vectors_of_avro_with_a_registry_are_scaled_to_length_one_in_every_type() {
    of_registered_avro(true);
}

fn of_registered_avro(normalize: bool) {
    let Some(registry) = registry() else { return };
    let text = Schematic::Own.schema("Vectors", &spellings());
    let number = registry.register(&unique("vectors"), &text);
    let schema = AvroSchema::parse_str(&text).expect("a schema");
    let options = format!("'format' = 'avro-confluent', 'avro-confluent.url' = '{}'", registry.url);
    check_format(&options, &spellings(), normalize, |id, fields| {
        binary::message(number, &schema, Schematic::Own.record(id, fields))
    });
}

#[test]
fn vectors_of_debezium_in_avro_are_stored_in_every_type() {
    let Some(registry) = registry() else { return };
    let text = format!(
        r#"{{"type": "record", "name": "Envelope", "fields": [{{"name": "before", "type": ["null", {}]}},
            {{"name": "after", "type": ["null", "Value"]}}, {{"name": "op", "type": "string"}}]}}"#,
        Schematic::Own.schema("Value", &spellings())
    );
    let number = registry.register(&unique("vectors"), &text);
    let schema = AvroSchema::parse_str(&text).expect("a schema");
    let options = format!("'format' = 'debezium-avro-confluent', 'debezium-avro-confluent.url' = '{}'", registry.url);
    check_format(&options, &spellings(), false, |id, fields| {
        let after = some(Schematic::Own.record(id, fields));
        let op = apache_avro::types::Value::String("c".into());
        let change = [("before", none()), ("after", after), ("op", op)].map(|(name, value)| (name.to_owned(), value));
        binary::message(number, &schema, apache_avro::types::Value::Record(change.into()))
    });
}

#[test]
fn vectors_of_protobuf_are_stored_in_every_type() {
    let descriptors = binary::descriptors(&spellings());
    let descriptor = binary::descriptor(&descriptors);
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let file = folder.path().join("vectors.desc");
    std::fs::write(&file, descriptors).expect("the file can be written");
    let options = format!(
        "'format' = 'protobuf', 'protobuf.descriptor-file' = '{}', 'protobuf.message' = 'test.Vectors'",
        file.display()
    );
    check_format(&options, &spellings(), false, |id, fields| binary::protobuf(&descriptor, id, fields));
}

/// A topic whose messages are single vectors, and the format that reads them.
struct RawTopic {
    name: String,
    encoding: String,
    spellings: Vec<Spelling>,
    rows: Vec<Row>,
    topic: Topic,
    first: usize,
}

/// Each encoding has a topic of bytes, and one in which literals come between texts in base64.
fn raw_topics(kafka: &Kafka) -> Vec<RawTopic> {
    let mut random = seeded();
    let mut topic = |name: String, encoding: String, spellings: &[Spelling]| {
        let mut rows = rows(&mut random, spellings);
        // The vectors that are too long are kept: row 0 has that of the first spelling, and so on.
        for (at, row) in rows.iter_mut().enumerate() {
            row.vectors = vec![row.vectors.swap_remove(at % spellings.len())];
        }
        let messages = rows.iter().flat_map(Row::fields).filter_map(|(_, field)| match field {
            Field::Text(text) => Some(text.into_bytes()),
            Field::Bytes(bytes) => Some(bytes),
            _ => None,
        });
        let topic = topic_of(kafka, messages);
        let first = random.random_range(0..TARGETS.len());
        RawTopic { name, encoding, spellings: spellings.to_vec(), rows, topic, first }
    };
    let of_packing = |packing: Packing| {
        let name = packing.name;
        let texts = [Spelling::Braces, Spelling::Brackets, Spelling::Base64(packing)];
        [
            topic(format!("bytes_{name}"), name.to_owned(), &[Spelling::Bytes(packing)]),
            topic(format!("text_{name}"), format!("base64:{name}"), &texts),
        ]
    };
    PACKINGS.into_iter().flat_map(of_packing).collect()
}

impl RawTopic {
    fn source(&self) -> Source<'_> {
        let flink_type = self.spellings[0].flink_type();
        Source {
            name: self.name.clone(),
            columns: format!("feature {flink_type}, position BIGINT METADATA FROM 'offset' VIRTUAL"),
            options: format!("'format' = 'raw', 'vector.encoding' = '{}'", self.encoding),
            topic: &self.topic.name,
            id: "CAST(position AS INT)",
            spellings: self.spellings.iter().map(|spelling| (*spelling, "feature".to_owned())).collect(),
            rows: &self.rows,
            first: self.first,
        }
    }
}

#[test]
fn vectors_of_raw_messages_are_stored_in_every_type() {
    let (Some(server), Some(kafka)) = (postgres18(), kafka()) else { return };
    let topics = raw_topics(&kafka);
    let sources: Vec<Source<'_>> = topics.iter().map(RawTopic::source).collect();
    check(&mut Schema::new(&server), &kafka, &sources, false);
}
