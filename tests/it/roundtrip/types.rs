//! Every type of column with every type of the source that it accepts, each on a line.

use std::collections::BTreeSet;

use rand::Rng;
use rand::rngs::StdRng;
use vecsink::internals::types::column_types::ColumnType;
use vecsink::internals::types::data_type::{DataType, RowField, UNBOUNDED};
use vecsink::internals::types::encode::VectorOptions;
use vecsink::internals::types::value::{Decimal, Value};
use vecsink::internals::types::vector_encoding::{PackedNumber, VectorEncoding};

use super::compare::{Case, Feed, compare, literal, text};
use super::random::*;
use crate::support::postgresql::Postgres;
use crate::support::{Feature, Schema, postgres18, servers};

const BYTES: DataType = DataType::Varbinary(UNBOUNDED);
const TIMESTAMP: DataType = DataType::Timestamp { precision: 9 };
const INSTANT: DataType = DataType::TimestampLtz { precision: 9 };

/// A column's type, the Flink type of the values, and the function that makes a value.
type Line = (&'static str, DataType, fn(&mut StdRng) -> Case);

fn list_of(element: DataType) -> DataType {
    DataType::Array(Box::new(element))
}

fn lines() -> Vec<Line> {
    let decimals = DataType::Decimal { precision: 18, scale: 2 };
    vec![
        ("smallint", DataType::SmallInt, |r| int(r, 17)),
        ("integer", DataType::BigInt, |r| int(r, 33)),
        ("integer", DataType::Double, |r| whole(r, |number| Value::Double(number as f64))),
        ("bigint", DataType::Float, |r| whole(r, |number| Value::Float(number as f32))),
        ("bigint", decimals.clone(), |r| {
            whole(r, |number| {
                Value::Decimal(Box::leak(Box::new(Decimal { unscaled: i128::from(number) * 100, scale: 2 })))
            })
        }),
        ("real", DataType::Float, float),
        ("real", DataType::BigInt, |r| int(r, 64)),
        ("real", decimals.clone(), |r| decimal(r.random::<i64>().into(), 2)),
        ("double precision", DataType::Double, double),
        ("double precision", decimals.clone(), |r| decimal(r.random::<i64>().into(), 2)),
        ("numeric", DataType::Double, double),
        ("numeric", DataType::Float, float),
        ("numeric(9,2)", DataType::Int, |r| int(r, 25)),
        ("boolean", DataType::Boolean, boolean),
        ("boolean", DataType::Int, |r| {
            let bit: bool = r.random();
            Case { value: Value::Int(bit.into()), sql: format!("'{bit}'") }
        }),
        ("text", DataType::Int, |r| int(r, 32)),
        ("varchar(5)", DataType::Boolean, boolean),
        ("text", DataType::Date, |r| {
            let case = date(r);
            Case { sql: format!("({})::text", case.sql), ..case }
        }),
        ("text", BYTES, |r| bytes(r, 9)),
        ("date", DataType::Date, date),
        ("date", TIMESTAMP, |r| at(r, "date", "", false)),
        ("date", INSTANT, |r| at(r, "date", "+00", true)),
        ("time", TIMESTAMP, |r| at(r, "time", "", false)),
        ("timestamp", TIMESTAMP, |r| at(r, "timestamp", "", false)),
        ("timestamp(3)", INSTANT, |r| at(r, "timestamp(3)", "", true)),
        ("timestamp", DataType::Date, date),
        ("timestamptz", INSTANT, |r| at(r, "timestamptz", "+00", true)),
        ("timestamptz", TIMESTAMP, |r| at(r, "timestamptz", "", false)),
        ("timestamptz", DataType::Date, date),
        ("bytea", BYTES, |r| {
            let length = r.random_range(0..30);
            bytes(r, length)
        }),
        ("bytea", DataType::STRING, |r| {
            let digits = hex(&r.random::<[u8; 6]>());
            text(one_of(r, &["\\x", "", "\\001"]).to_owned() + &digits)
        }),
        ("uuid", DataType::STRING, uuid),
        ("uuid", DataType::Binary(16), |r| {
            let case = bytes(r, 16);
            Case { sql: case.sql.replace("\\x", ""), ..case }
        }),
        ("json", DataType::STRING, document),
        ("jsonb", DataType::STRING, document),
        ("jsonb", DataType::Double, |r| {
            let number = double(r);
            Case { sql: format!("to_jsonb({}::numeric)", number.sql), ..number }
        }),
        ("jsonb", DataType::Boolean, boolean),
        ("jsonb", car_type(), car_json),
        ("json", car_type(), car_json),
        ("text", car_type(), car_json),
        ("jsonb", DataType::Map(Box::new(DataType::STRING), Box::new(DataType::BigInt)), map),
        ("jsonb", list_of(DataType::STRING), |r| {
            let (a, b) = (word(r), word(r));
            let sql = literal(&serde_json::json!([a, b]).to_string());
            let elements = [Value::Text(a.leak()), Value::Text(b.leak())];
            Case { value: Value::Array(elements.to_vec().leak()), sql }
        }),
        ("mood", DataType::STRING, mood),
        ("mood[]", list_of(DataType::STRING), |r| array(r, "mood[]", mood)),
        ("bit(11)", DataType::STRING, |r| {
            let length = one_of(r, &[11, 11, 11, 10, 12]);
            text(bits(r, length).0)
        }),
        ("bit(11)", BYTES, |r| {
            let (digits, bytes) = bits(r, 11);
            Case { value: Value::Bytes(bytes.leak()), sql: format!("'{digits}'") }
        }),
        ("varbit(20)", DataType::STRING, |r| {
            let length = r.random_range(0..22);
            text(bits(r, length).0)
        }),
        ("varbit(24)", BYTES, |r| {
            let length = r.random_range(0..5) * 8;
            let (digits, bytes) = bits(r, length);
            Case { value: Value::Bytes(bytes.leak()), sql: format!("'{digits}'") }
        }),
        ("smallint[]", list_of(DataType::Int), |r| array(r, "smallint[]", |r| int(r, 16))),
        ("integer[]", list_of(DataType::BigInt), |r| array(r, "integer[]", |r| int(r, 32))),
        ("bigint[]", list_of(DataType::BigInt), |r| array(r, "bigint[]", |r| int(r, 64))),
        ("bigint[]", DataType::STRING, |r| {
            let (a, b): (i64, i64) = (r.random(), r.random());
            text(format!("{{{a},NULL, {b}}}"))
        }),
        ("boolean[]", list_of(DataType::Boolean), |r| array(r, "boolean[]", boolean)),
        ("text[]", list_of(DataType::STRING), |r| array(r, "text[]", |r| text(word(r)))),
        ("text[]", DataType::STRING, |r| text(words(r))),
        ("text[]", DataType::STRING, |r| {
            let (a, b) = (word(r), word(r));
            let sql = format!("ARRAY[{},NULL,{}]", literal(&a), literal(&b));
            Case { sql, ..text(serde_json::json!([a, null_word(), b]).to_string()) }
        }),
        ("char(14)", DataType::STRING, |r| text(word(r))),
        ("varchar(14)[]", list_of(DataType::STRING), |r| array(r, "varchar[]", |r| text(word(r)))),
        ("numeric(9,2)[]", list_of(decimals.clone()), |r| {
            array(r, "numeric(9,2)[]", |r| decimal((r.random::<i64>() >> 34).into(), 3))
        }),
        ("timestamp(3)[]", list_of(TIMESTAMP), |r| array(r, "timestamp(3)[]", |r| at(r, "timestamp(3)", "", false))),
        ("date[]", list_of(DataType::Date), |r| array(r, "date[]", date)),
        ("uuid[]", list_of(DataType::STRING), |r| array(r, "uuid[]", uuid)),
        ("bytea[]", list_of(BYTES), |r| array(r, "bytea[]", |r| bytes(r, 5))),
        ("jsonb[]", list_of(car_type()), |r| array(r, "jsonb[]", car_json)),
        ("double precision[]", list_of(DataType::Double), |r| array(r, "float8[]", double)),
        ("real[]", list_of(DataType::Float), |r| array(r, "real[]", float)),
        ("real[]", list_of(decimals), |r| array(r, "real[]", |r| decimal(r.random::<i64>().into(), 2))),
        ("integer[]", list_of(list_of(DataType::Int)), |r| matrix(r, "integer[]", |r| int(r, 32))),
        ("text[]", list_of(list_of(DataType::STRING)), |r| matrix(r, "text[]", |r| text(word(r)))),
        ("real[]", list_of(list_of(DataType::Float)), |r| matrix(r, "real[]", float)),
        ("inet[]", list_of(DataType::STRING), |r| array(r, "inet[]", inet)),
        ("inet", DataType::STRING, inet),
        ("interval", DataType::STRING, |r| text(format!("{} days 01:02:03", r.random_range(0..99)))),
        ("interval", DataType::IntervalYearMonth, months),
        ("interval", DataType::IntervalDayTime, millis),
        ("interval[]", list_of(DataType::IntervalDayTime), |r| array(r, "interval[]", millis)),
        ("text", DataType::IntervalYearMonth, months_text),
        ("varchar(30)", DataType::IntervalDayTime, millis_text),
        ("text[]", list_of(DataType::IntervalYearMonth), |r| array(r, "text[]", months_text)),
        ("jsonb", DataType::IntervalYearMonth, |r| {
            let number: i32 = r.random();
            Case { value: Value::Months(number), sql: format!("'{number}'") }
        }),
        ("jsonb", DataType::Multiset(Box::new(DataType::STRING)), map),
        ("text", DataType::Multiset(Box::new(DataType::STRING)), map),
        ("int4range", DataType::STRING, |r| text(format!("[1,{})", r.random_range(2..99)))),
        ("car", row_type(), |r| {
            let (id, name) = (int(r, 32), text(word(r)));
            let tags = array(r, "text[]", |r| text(word(r)));
            let sql = format!("ROW({},{},{})::car", id.sql, name.sql, tags.sql);
            Case { value: Value::Row(vec![id.value, name.value, tags.value].leak()), sql }
        }),
        ("short", DataType::STRING, |r| text(word(r))),
        ("price", DataType::Double, |r| {
            let number = f64::from(eighths(r).abs());
            Case { value: Value::Double(number), sql: format!("'{number}'") }
        }),
        ("feature", list_of(DataType::Float), |r| floats(r, ['{', '}'])),
        ("outer_id", DataType::STRING, uuid),
    ]
}

/// The types that need pgvector.
fn vector_lines() -> Vec<Line> {
    vec![
        ("vector(4)", list_of(DataType::Float), |r| floats(r, ['[', ']'])),
        ("vector", list_of(DataType::Double), |r| floats(r, ['[', ']'])),
        ("halfvec(4)", list_of(DataType::Float), |r| floats(r, ['[', ']'])),
        ("halfvec(4)", DataType::STRING, |r| {
            let large = r.random::<f32>() * 80_000.0;
            let tiny = r.random::<f32>() * 1e-5;
            Case { sql: format!("'[{large},{tiny},1e-9,2]'"), ..text(format!("{{{large},{tiny},1e-9,2}}")) }
        }),
        ("sparsevec(4)", DataType::STRING, |r| {
            let (a, b) = (eighths(r), r.random_range(1..5));
            text(format!("{{4:{a}, {b}:0.5}}/4"))
        }),
        ("sparsevec(4)", list_of(DataType::Float), |r| {
            let case = floats(r, ['[', ']']);
            Case { sql: format!("{}::vector::sparsevec", case.sql), ..case }
        }),
    ]
}

fn whole(random: &mut StdRng, value: fn(i64) -> Value<'static>) -> Case {
    let number = random.random_range(-8_000_000..8_000_000);
    Case { value: value(number), sql: format!("'{number}'") }
}

fn at(random: &mut StdRng, type_name: &str, zone: &str, instant: bool) -> Case {
    let (seconds, nanos, sql) = moment(random);
    let value = if instant { Value::Instant { seconds, nanos } } else { Value::Timestamp { seconds, nanos } };
    Case { value, sql: format!("({sql} || '{zone}')::{type_name}") }
}

fn mood(random: &mut StdRng) -> Case {
    text(one_of(random, &["sad", "it's ok", "happy \"!\""]))
}

fn inet(random: &mut StdRng) -> Case {
    text(format!("10.0.{}.1/24", random.random_range(0..255)))
}

fn months(random: &mut StdRng) -> Case {
    let number = random.random::<i32>() >> random.random_range(0..32);
    Case { value: Value::Months(number), sql: format!("make_interval(months => {number})") }
}

/// The range of the server's dates, in days.
fn days_and_rest(random: &mut StdRng) -> (i64, i64) {
    let millis = random.random::<i64>() >> random.random_range(7..64);
    (millis / 86_400_000, millis % 86_400_000)
}

fn millis(random: &mut StdRng) -> Case {
    let (days, rest) = days_and_rest(random);
    let sql = format!("make_interval(days => {days}) + interval '1 millisecond' * ({rest})");
    Case { value: Value::Millis(days * 86_400_000 + rest), sql }
}

/// The text in Flink's form, which the server composes.
fn months_text(random: &mut StdRng) -> Case {
    let number = random.random::<i32>() >> random.random_range(1..32);
    let sign = if number < 0 { "-" } else { "+" };
    let size = number.abs();
    let sql = format!("('{sign}' || {size} / 12 || '-' || to_char({size} % 12, 'FM00'))");
    Case { value: Value::Months(number), sql }
}

fn millis_text(random: &mut StdRng) -> Case {
    let (days, rest) = days_and_rest(random);
    let sign = if days < 0 || rest < 0 { "-" } else { "+" };
    let clock = format!("timestamp '1970-01-01' + interval '1 millisecond' * {}", rest.abs());
    let sql = format!("('{sign}{} ' || to_char({clock}, 'HH24:MI:SS.MS'))", days.abs());
    Case { value: Value::Millis(days * 86_400_000 + rest), sql }
}

fn null_word() -> Option<String> {
    None
}

fn document(random: &mut StdRng) -> Case {
    text(format!(r#"{{"a": [{}, null], "b": {} }}"#, random.random::<i64>(), serde_json::Value::from(word(random))))
}

fn map(random: &mut StdRng) -> Case {
    let (key, number) = (word(random), random.random::<i64>());
    let sql = literal(&format!("{{{}:{number},\"none\":null}}", serde_json::Value::from(key.as_str())));
    let entries = vec![(Value::Text(key.leak()), Value::Int(number)), (Value::Text("none"), Value::Null)];
    Case { value: Value::Map(entries.leak()), sql }
}

fn field(name: &str, data_type: DataType) -> RowField {
    RowField { name: name.into(), data_type }
}

fn row_type() -> DataType {
    let fields = vec![
        field("a", DataType::Int),
        field("b", DataType::STRING),
        field("c", DataType::Array(Box::new(DataType::STRING))),
    ];
    DataType::Row(fields)
}

fn car_type() -> DataType {
    DataType::Row(vec![
        field("id", DataType::BigInt),
        field("a \"name\"", DataType::STRING),
        field("feature", list_of(DataType::Float)),
        field("price", DataType::Decimal { precision: 38, scale: 3 }),
        field("at", DataType::Timestamp { precision: 3 }),
        field("inner", DataType::Row(vec![field("raw", BYTES), field("none", DataType::Int)])),
    ])
}

/// A row of this type, and the same row as JSON.
fn car_json(random: &mut StdRng) -> Case {
    let (id, name, price) = (random.random::<i64>(), word(random), random.random::<i64>());
    let (number, second, raw) = (eighths(random), random.random_range(0..60), random.random::<[u8; 3]>());
    let json = format!(
        "{{\"id\":{id},\"a \\\"name\\\"\":{},\"feature\":[{number},null],\"price\":{}{}.{:03},\
         \"at\":\"2024-03-01 08:30:{second:02}.5\",\"inner\":{{\"raw\":\"{}\",\"none\":null}}}}",
        serde_json::Value::from(name.as_str()),
        if price < 0 { "-" } else { "" },
        price.unsigned_abs() / 1000,
        price.unsigned_abs() % 1000,
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, raw),
    );
    let inner = vec![Value::Bytes(raw.to_vec().leak()), Value::Null];
    let row = vec![
        Value::Int(id),
        Value::Text(name.leak()),
        Value::Array(vec![Value::Float(number), Value::Null].leak()),
        Value::Decimal(Box::leak(Box::new(Decimal { unscaled: price.into(), scale: 3 }))),
        Value::Timestamp { seconds: 1_709_281_800 + second, nanos: 500_000_000 },
        Value::Row(inner.leak()),
    ];
    Case { value: Value::Row(row.leak()), sql: literal(&json) }
}

fn floats(random: &mut StdRng, brackets: [char; 2]) -> Case {
    let (numbers, sql) = four(random, brackets);
    Case { value: Value::Array(numbers.map(Value::Float).to_vec().leak()), sql }
}

/// Returns the names of the column types of the lines.
fn run(server: &Postgres, lines: Vec<Line>) -> BTreeSet<String> {
    let mut random = seeded();
    let column_types = lines.into_iter().map(|(type_name, source, case)| {
        let feed = Feed { source, ..Feed::text(type_name) };
        compare(server, &feed, some(&mut random, 100, case))
    });
    // The name without a modifier, such as that of `Varchar(Some(5))`.
    let name = |column_type| format!("{column_type:?}").split('(').next().unwrap_or_default().to_owned();
    column_types.map(name).collect()
}

#[test]
fn every_type_prints_like_the_servers_own_value() {
    let mut checked = BTreeSet::new();
    for server in servers(&[Feature::Jsonb]) {
        checked.extend(run(&server, lines()));
    }
    let Some(server) = postgres18() else { return };
    checked.extend(run(&server, vector_lines()));
    // A table with such a column accepts no binary rows: see tests/it/push/text_types.rs.
    checked.insert("TextOnly".to_owned());
    let unchecked: Vec<_> = ColumnType::NAMES.iter().filter(|name| !checked.contains(**name)).collect();
    assert!(unchecked.is_empty(), "these column types have no line in this file: {unchecked:?}");
}

#[test]
fn packed_vectors_of_every_width_and_order_are_stored_in_every_vector_type() {
    let Some(server) = postgres18() else { return };
    let mut random = seeded();
    for (number, big_endian) in [PackedNumber::F16, PackedNumber::F32, PackedNumber::F64]
        .into_iter()
        .flat_map(|number| [(number, false), (number, true)])
    {
        let pack = move |numbers: [f32; 4]| -> &'static [u8] {
            let packed = numbers.iter().flat_map(|&value| {
                let big = match number {
                    // Eighths up to 100 have at most 10 bits, so the exponent moves and the fraction is cut.
                    PackedNumber::F16 if value == 0.0 => vec![0, 0],
                    PackedNumber::F16 => {
                        let bits = value.to_bits();
                        let exponent = (bits >> 23 & 0xff) - 112;
                        ((bits >> 16 & 0x8000 | exponent << 10 | bits >> 13 & 0x3ff) as u16).to_be_bytes().to_vec()
                    }
                    PackedNumber::F32 => value.to_be_bytes().to_vec(),
                    PackedNumber::F64 => f64::from(value).to_be_bytes().to_vec(),
                };
                if big_endian { big } else { big.into_iter().rev().collect() }
            });
            packed.collect::<Vec<u8>>().leak()
        };
        let encoding = VectorEncoding { number, big_endian, base64: false };
        let vectors = VectorOptions { encoding: Some(encoding), normalize: false };
        for (type_name, [opening, closing], cast) in [
            ("real[]", ['{', '}'], ""),
            ("double precision[]", ['{', '}'], ""),
            ("smallint[]", ['{', '}'], ""),
            ("vector(4)", ['[', ']'], ""),
            ("halfvec(4)", ['[', ']'], ""),
            ("sparsevec(4)", ['[', ']'], "::vector::sparsevec"),
        ] {
            let feed = Feed { source: BYTES, vectors, ..Feed::text(type_name) };
            let case = |random: &mut StdRng| {
                let whole = type_name == "smallint[]";
                let numbers =
                    std::array::from_fn(|_| if whole { eighths(random).round() } else { eighths(random) } + 0.0);
                let list = numbers.map(|number: f32| number.to_string()).join(",");
                Case { value: Value::Bytes(pack(numbers)), sql: format!("'{opening}{list}{closing}'{cast}") }
            };
            compare(&server, &feed, some(&mut random, 50, case));
        }
    }
}

#[test]
fn normalized_vectors_are_those_of_pgvector() {
    let Some(server) = postgres18() else { return };
    let vectors = VectorOptions { encoding: None, normalize: true };
    let mut random = seeded();
    for (type_name, cast) in [("vector(4)", ""), ("real[]", "::real[]"), ("sparsevec(4)", "::sparsevec")] {
        let feed = Feed { vectors, ..Feed::text(type_name) };
        let case = |random: &mut StdRng| {
            let (_, sql) = four(random, ['[', ']']);
            let case = text(sql.trim_matches('\'').replace("[0,0,0,0]", "[1,0,0,0]"));
            Case { sql: format!("l2_normalize({}::vector){cast}", case.sql), ..case }
        };
        compare(&server, &feed, some(&mut random, 100, case));
    }
}

#[test]
fn the_server_still_checks_the_constraints_of_a_domain_in_binary_rows() {
    for server in servers(&[]) {
        let mut schema = Schema::new(&server);
        schema.execute("CREATE DOMAIN price AS numeric(9,2) CHECK (value >= 0); CREATE TABLE t (v price)");
        let row = [&b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x0a\0\x01\0\0\x40\0\0\0\0\x01"[..], &[0xff, 0xff]];
        let mut copy = schema.client.copy_in("COPY t FROM STDIN (FORMAT binary)").unwrap();
        std::io::Write::write_all(&mut copy, &row.concat()).unwrap();
        let error = copy.finish().expect_err("-1 is no price");
        assert_eq!(error.code().map(|code| code.code()), Some("23514"));
    }
}
