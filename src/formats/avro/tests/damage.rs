//! Damaged and hostile messages. Each is refused quickly, even if its numbers are huge.

use super::*;

fn of(writer: &str, column: (&str, DataType), message: &[u8]) -> Result<String, String> {
    let reader = r#"{"type": "record", "name": "r", "fields": [
        {"name": "a", "type": ["null", {"type": "array", "items": ["null", "float"]}], "default": null}]}"#;
    let mut confluent = Confluent::new(schema(reader), fields(&[column]), known(&[(1, writer)]));
    decode(&mut confluent, Some(&[&[0, 0, 0, 0, 1], message].concat()))
}

fn field(name: &str, of: &str) -> String {
    format!(r#"{{"type": "record", "name": "w", "fields": [{{"name": "{name}", "type": {of}}}]}}"#)
}

/// 2^62, as a number of values.
const HUGE: [u8; 9] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f];

#[test]
fn a_huge_number_of_values_does_no_harm() {
    let vector = || ("a", DataType::Array(Box::new(DataType::Float)));
    for items in ["float", "double", "null", "int", "string"] {
        let array = format!(r#"{{"type": "array", "items": "{items}"}}"#);
        for name in ["a", "skipped"] {
            let found = of(&field(name, &array), vector(), &HUGE);
            assert!(found.is_err() || items == "null" && name == "skipped", "{items} {name}: {found:?}");
        }
        // A block that has its length in it can't be longer than the message.
        assert!(of(&field("skipped", &array), vector(), &[[1].as_slice(), &HUGE].concat()).is_err());
    }
    for counted in ["string", "bytes"] {
        assert!(of(&field("skipped", &format!(r#""{counted}""#)), vector(), &HUGE).is_err());
        assert!(of(&field("skipped", &format!(r#""{counted}""#)), vector(), &[1]).is_err(), "a negative length");
    }
    let map = r#"{"type": "map", "values": "null"}"#;
    assert!(of(&field("skipped", map), vector(), &HUGE).is_err());
    let fixed = r#"{"type": "fixed", "name": "f", "size": 4611686018427387904}"#;
    assert!(of(&field("skipped", fixed), vector(), &HUGE).is_err());
    // Blocks of values without bytes, one after another.
    let nulls = [0x80, 0x80, 0x08].repeat(10_000);
    assert!(of(&field("a", r#"{"type": "array", "items": "null"}"#), vector(), &nulls).is_err());
}

#[test]
fn records_are_read_up_to_a_limited_depth() {
    let node = r#"{"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}"#;
    let vector = || ("a", DataType::Array(Box::new(DataType::Float)));
    let chain = |length: usize| [vec![2; length], vec![0]].concat();
    assert_eq!(of(&field("skipped", node), vector(), &chain(50)).as_deref(), Ok("+I null"));
    assert!(of(&field("skipped", node), vector(), &chain(1_000_000)).unwrap_err().contains("more than 100 deep"));
    // A record that contains itself without end has no value.
    let endless = r#"{"type": "record", "name": "Node", "fields": [{"name": "next", "type": "Node"}]}"#;
    assert!(of(&field("skipped", endless), vector(), &chain(10)).is_err());
    let array = format!(r#"{{"type": "array", "items": {endless}}}"#);
    assert!(of(&field("a", &array), vector(), &chain(10)).is_err());
}

#[test]
fn records_without_fields_take_no_bytes() {
    let writer = r#"{"type": "record", "name": "w", "fields": [
        {"name": "one", "type": {"type": "record", "name": "Empty", "fields": []}},
        {"name": "skipped", "type": {"type": "array", "items": "Empty"}},
        {"name": "a", "type": {"type": "array", "items": "float"}}]}"#;
    let vector = ("a", DataType::Array(Box::new(DataType::Float)));
    assert_eq!(of(writer, vector, &bytes("0a 00 02 00 00 00 3f 00")).as_deref(), Ok("+I <0.5f>"));
}

#[test]
fn the_decoder_ends_for_any_bytes() {
    let sample = [&[0, 0, 0, 0, 1][..], &bytes(SAMPLE)].concat();
    let mut confluent = Confluent::new(schema(READER), columns(), known(&[(1, READER)]));
    for length in 0..sample.len() {
        assert!(decode(&mut confluent, Some(&sample[..length])).is_err(), "{length}");
    }
    for at in 5..sample.len() {
        for byte in 0..=255 {
            let mut changed = sample.clone();
            changed[at] = byte;
            // Many changed messages are still valid.
            let _ = decode(&mut confluent, Some(&changed));
        }
    }
}
