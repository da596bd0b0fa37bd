//! Random messages: valid ones are read as serde_json reads them, and damaged ones do no harm.

use proptest::prelude::*;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;

#[test]
fn no_message_makes_the_decoder_panic_or_use_up_memory() {
    let types = columns(&[
        ("a", INT),
        ("b", array(DataType::Float)),
        ("c", DataType::STRING),
        ("d", DataType::Map(Box::new(DataType::STRING), Box::new(array(DataType::Double)))),
        ("e", row_of(&[("x", DataType::Decimal { precision: 38, scale: 38 }), ("y", TIMESTAMP)])),
        ("f", DataType::Varbinary(9)),
    ]);
    let seed = br#"{"a":-1.5e2,"b":[0.25, -1e-3,null,"NaN"],"c":{"k":[1,"\ud83d\ude97",0.10,true]},"d":{"k":[1.5],"k":[]},"e":{"x":1e-38,"y":"2024-02-30 24:00:00"},"f":"AQI=","g":[{}]}"#;
    let topic = Arc::from("t");
    let mut random = SmallRng::seed_from_u64(7);
    for options in [defaults(), ignoring(), iso()] {
        let mut decoder = options.decoder(&types, &[], None);
        for _ in 0..30_000 {
            let mut message = seed.to_vec();
            for _ in 0..random.random_range(1..6) {
                let at = random.random_range(0..message.len());
                match random.random_range(0..5) {
                    0 => message[at] = random.random(),
                    1 => message[at] = b"\",:{}[]\\u0-.+eEtfn "[random.random_range(0..19)],
                    2 if message.len() > 1 => drop(message.remove(at)),
                    3 => message.truncate(at.max(1)),
                    _ => message.insert(at, b"0123456789\",:{}[]\\"[random.random_range(0..18)]),
                }
            }
            let arena = Bump::new();
            let _ = decoder.decode(&Record::of_value(&topic, Some(&message)), &arena);
            assert!(arena.allocated_bytes() < 64 << 10, "{}", String::from_utf8_lossy(&message));
        }
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Into::into),
        "\\PC{0,20}|[\\x00-\\x7f]{0,20}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::Array),
            proptest::collection::vec(("\\PC{0,6}", inner), 0..5)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The type that holds a JSON value without loss.
fn type_of(json: &serde_json::Value) -> DataType {
    match json {
        serde_json::Value::Null | serde_json::Value::String(_) => DataType::STRING,
        serde_json::Value::Bool(_) => DataType::Boolean,
        serde_json::Value::Number(number) if number.is_i64() => DataType::BigInt,
        serde_json::Value::Number(_) => DataType::Double,
        // Elements may differ, so they stay JSON.
        serde_json::Value::Array(_) => array(DataType::STRING),
        serde_json::Value::Object(fields) => DataType::Row(
            fields.iter().map(|(name, value)| RowField { name: name.clone(), data_type: type_of(value) }).collect(),
        ),
    }
}

/// Whether serde_json reads the same value.
fn is_same(value: &Value<'_>, json: &serde_json::Value) -> bool {
    match (value, json) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(value), serde_json::Value::Bool(json)) => value == json,
        (Value::Int(value), json) => json.as_i64() == Some(*value),
        (Value::Double(value), json) => json.as_f64().map(f64::to_bits) == Some(value.to_bits()),
        (Value::Text(value), serde_json::Value::String(json)) => value == json,
        // The text of a scalar, or of an array or object as we print it.
        (Value::Text(value), json) => {
            serde_json::from_str::<serde_json::Value>(value).is_ok_and(|value| loosely_equal(&value, json))
        }
        (Value::Array(values), serde_json::Value::Array(json)) => {
            values.len() == json.len() && values.iter().zip(json).all(|(value, json)| is_same(value, json))
        }
        (Value::Row(values), serde_json::Value::Object(fields)) => {
            values.len() == fields.len() && values.iter().zip(fields.values()).all(|(value, json)| is_same(value, json))
        }
        _ => false,
    }
}

/// serde_json may read a float that differs in the last place. In a tree, -0 and 0 are printed alike.
fn loosely_equal(left: &serde_json::Value, right: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object};
    match (left, right) {
        (Array(left), Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| loosely_equal(left, right))
        }
        (Object(left), Object(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|((a, left), (b, right))| a == b && loosely_equal(left, right))
        }
        (left, right) => match (left.as_f64(), right.as_f64()) {
            // For subnormal numbers the last place is larger than this part of the number.
            (Some(left), Some(right)) => (left - right).abs() <= (left.abs() * 1e-15).max(f64::from_bits(1)),
            _ => left == right,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_serde_json_reads_is_read_the_same(document in proptest::collection::vec(("\\PC{0,8}", json()), 0..6), pretty: bool) {
        let object = serde_json::Value::Object(document.into_iter().collect());
        let message = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.unwrap();
        let serde_json::Value::Object(fields) = &object else { unreachable!() };
        // The values are not read again by serde_json, because its floats may differ in the last place.
        let types: Vec<SourceColumn> = fields
            .iter()
            .map(|(name, value)| SourceColumn { name: name.clone(), data_type: type_of(value), not_null: false })
            .collect();
        let (arena, topic) = (Bump::new(), Arc::from("t"));
        let decoded = defaults().decoder(&types, &[], None)
            .decode(&Record::of_value(&topic, Some(message.as_bytes())), &arena)
            .unwrap();
        let [Change::Insert(row)] = decoded.changes else { panic!("{decoded:?}") };
        for (value, json) in row.iter().zip(fields.values()) {
            prop_assert!(is_same(value, json), "{value:?} {json}");
        }
    }

    #[test]
    fn broken_messages_are_those_that_serde_json_refuses(message in "\\{(\"[ab]\"|[:,\\[\\]{} ]|[0-9.eE-]{1,3}|true|null){0,12}\\}") {
        let accepted = decode(&defaults(), &[("a", DataType::STRING)], &message).is_ok();
        // Text after the object is ignored.
        let mut stream = serde_json::Deserializer::from_str(&message).into_iter::<serde_json::Value>();
        let oracle = stream.next().is_some_and(|first| first.as_ref().is_ok_and(serde_json::Value::is_object) || first.is_err_and(|error| error.to_string().contains("out of range")));
        prop_assert_eq!(accepted, oracle, "{}", message);
    }
}
