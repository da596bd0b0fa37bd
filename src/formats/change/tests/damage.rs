//! Messages of every format with random damage: none may panic, hang or use up memory.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;

const SEEDS: &[&str] = &[
    r#"{"before":{"id":7,"color":"red","feature":"__debezium_unavailable_value"},"after":{"id":7,"color":"b\u00e9","feature":[0.1,{"x":1}],"price":1.50},"source":{"db":"shop","ts_ms":1709281800000},"op":"u","ts_ms":1709281800123}"#,
    r#"{"schema":{"type":"struct"},"payload":{"before":null,"after":{"id":8,"price":"1e3"},"op":"c"}}"#,
    r#"{"data":[{"id":"7","color":"blue"},{"id":"8","price":"2.5"}],"old":[{"color":"red"},{}],"type":"UPDATE","database":"shop","table":"cars","pkNames":["id"],"sqlType":{"id":4},"es":1709281800000,"ts":1,"isDdl":false}"#,
    r#"{"database":"shop","table":"cars","type":"update","ts":1709281800,"data":{"id":7,"color":"blue"},"old":{"color":"red"}}"#,
    r#"{"table":"SHOP.CARS","op_type":"U","op_ts":"2024-03-01 08:30:00.000000","before":{"id":6},"after":{"id":7,"color":"red"}}"#,
];

fn all_metadata(format: &Format) -> Vec<MetadataColumn> {
    let keys: &[&str] = match format {
        Format::Debezium(_) => {
            &["schema", "ingestion-timestamp", "source.timestamp", "source.database", "source.properties"]
        }
        Format::Canal(_) => &["database", "table", "sql-type", "pk-names", "ingestion-timestamp", "event-timestamp"],
        Format::Maxwell(_) => &["database", "table", "primary-key-columns", "ingestion-timestamp"],
        _ => &["table", "primary-keys", "ingestion-timestamp", "event-timestamp"],
    };
    metadata(&keys.iter().map(|key| (*key, DataType::STRING)).collect::<Vec<_>>())
}

#[test]
fn no_message_makes_a_decoder_panic_or_use_up_memory() {
    let mut random = SmallRng::seed_from_u64(11);
    let include = Some("shop".to_string());
    for change in [options(), ignoring()] {
        for format in [
            Format::Debezium(DebeziumFormat { change, schema_include: false }),
            Format::Debezium(DebeziumFormat { change, schema_include: true }),
            Format::Canal(CanalFormat { change, database_include: include.clone(), table_include: None }),
            Format::Maxwell(MaxwellFormat { change }),
            Format::Ogg(OggFormat { change }),
        ] {
            let metadata = all_metadata(&format);
            let width = columns().len() + metadata.len();
            let mut decoder = format.decoder(&columns(), &metadata, None);
            for turn in 0..10_000 {
                let mut message = SEEDS[turn % SEEDS.len()].as_bytes().to_vec();
                for _ in 0..random.random_range(0..5) {
                    damage(&mut message, &mut random);
                }
                let (arena, topic) = (Bump::new(), Arc::from("t"));
                if let Ok(decoded) = decoder.decode(&Record::of_value(&topic, Some(&message)), &arena) {
                    for change in decoded.changes {
                        let (Change::Insert(row) | Change::Delete(row) | Change::Update { after: row, .. }) = change;
                        assert_eq!(row.len(), width, "{}", String::from_utf8_lossy(&message));
                        let may_leave_out = matches!(change, Change::Update { .. });
                        assert!(may_leave_out || !row.contains(&Value::Unchanged));
                    }
                }
                assert!(arena.allocated_bytes() < 64 << 10, "{}", String::from_utf8_lossy(&message));
            }
        }
    }
}

fn damage(message: &mut Vec<u8>, random: &mut SmallRng) {
    let at = random.random_range(0..message.len());
    match random.random_range(0..5) {
        0 => message[at] = random.random(),
        1 => message[at] = b"\",:{}[]\\u0-.+eEtfn "[random.random_range(0..19)],
        2 if message.len() > 1 => drop(message.remove(at)),
        3 => message.truncate(at.max(1)),
        _ => message.insert(at, b"0123456789\",:{}[]\\"[random.random_range(0..18)]),
    }
}
