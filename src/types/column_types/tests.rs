//! Vectors of every form into every column type that takes them.

use super::ColumnType;
use super::facets::EncodeContext;
use crate::types::data_type::DataType;
use crate::types::refusal::EncodeError;
use crate::types::value::{Value, Vector};
use crate::types::vector_encoding::{PackedNumber, VectorEncoding, VectorOptions};
use crate::types::vectors::dimension::Dimension;

type Writer = fn(&Value<'_>, EncodeContext<'_>, &mut Vec<u8>) -> Result<(), EncodeError>;

macro_rules! writers {
    ($( $writer:ident = $column_type:ident ),+) => {
        $(
            /// Writes the bytes without their length.
            fn $writer(value: &Value<'_>, context: EncodeContext<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                let mut field = Vec::new();
                ColumnType::$column_type.encode(context, value, &mut field)?;
                out.extend_from_slice(&field[4..]);
                Ok(())
            }
        )+
    };
}
writers! {
    float4_array = Float4Array, float8_array = Float8Array, int2_array = Int2Array, vector = Vector, halfvec = HalfVec,
    sparsevec = SparseVec
}

fn context(dimension: Option<&Dimension>) -> EncodeContext<'_> {
    EncodeContext { source: &DataType::STRING, dimension, vectors: VectorOptions::default() }
}

fn written(write: Writer, value: Value<'_>, vectors: VectorOptions) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    write(&value, EncodeContext { vectors, ..context(None) }, &mut out).map(|()| out)
}

fn array(text: &str) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    float4_array(&Value::Text(text), context(None), &mut out).map(|()| out)
}

fn elements(text: &str) -> Vec<Option<f32>> {
    let bytes = array(text).unwrap();
    let mut rest = &bytes[20..];
    let mut elements = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        match i32::from_be_bytes(*length) {
            -1 => {
                elements.push(None);
                rest = after;
            }
            4 => {
                elements.push(Some(f32::from_be_bytes(after[..4].try_into().unwrap())));
                rest = &after[4..];
            }
            length => panic!("an element of {length} bytes"),
        }
    }
    assert_eq!(bytes[12..16], (elements.len() as u32).to_be_bytes());
    assert_eq!(bytes[7] == 1, elements.contains(&None));
    elements
}

fn sqlstate(result: Result<Vec<u8>, EncodeError>) -> &'static str {
    match result {
        Err(EncodeError::Reject { sqlstate, .. }) => sqlstate,
        other => panic!("{other:?}"),
    }
}

fn pgvector(text: &str) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    vector(&Value::Text(text), context(None), &mut out).map(|()| out)
}

fn ten() -> Dimension {
    Dimension { length: 2, declared_by: "index car_info_feature_idx".into(), finite_only: true }
}

#[test]
fn an_array_has_the_bytes_of_the_binary_format() {
    let expected = [
        0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 188, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0x3f, 0, 0, 0, 0, 0, 0, 4, 0xbf,
        0x80, 0, 0,
    ];
    assert_eq!(array("{0.5,-1}").unwrap(), expected);
    let mut out = Vec::new();
    float8_array(&Value::Text("{0.5}"), context(None), &mut out).unwrap();
    assert_eq!(out[8..12], 701_u32.to_be_bytes());
    assert_eq!(out[20..], [0, 0, 0, 8, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_vector_has_the_bytes_of_pgvector() {
    assert_eq!(pgvector("[0.5,-1]").unwrap(), [0, 2, 0, 0, 0x3f, 0, 0, 0, 0xbf, 0x80, 0, 0]);
}

#[test]
fn both_brackets_blanks_and_quotes_are_read() {
    for text in ["{0.5,1,-2}", "[0.5,1,-2]", " [ 0.5 , 1,\t-2 ] ", "{\"0.5\",1, \" -2 \"}", "[0.5, 1, -2]"] {
        assert_eq!(elements(text), [Some(0.5), Some(1.0), Some(-2.0)], "{text}");
    }
}

#[test]
fn null_nan_and_infinity_are_elements_of_arrays() {
    let read = elements(" { 0.1 , NULL , NaN,-Infinity,inf,null } ");
    assert_eq!(read[0], Some(0.1));
    assert_eq!((read[1], read[5]), (None, None));
    assert!(read[2].unwrap().is_nan());
    assert_eq!((read[3], read[4]), (Some(f32::NEG_INFINITY), Some(f32::INFINITY)));
}

#[test]
fn an_empty_array_has_no_dimensions() {
    assert_eq!(array("{}").unwrap(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 188]);
    assert_eq!(array("{ }").unwrap().len(), 12);
}

#[test]
fn bounds_nesting_escapes_and_hexadecimal_are_left_to_the_server() {
    for text in ["[1:2]={1,2}", "{{1,2},{3,4}}", r#"{"\1"}"#, "{0x1p3}", "{nan(1)}"] {
        assert_eq!(array(text), Err(EncodeError::AsText), "{text}");
    }
}

#[test]
fn a_text_that_is_not_a_vector_is_refused() {
    for text in ["{1,2", "1,2", "{0.1;0.2}", "{1,,2}", "{1,}", "{a}", "", "{1.2.3}", "{\"null\"}", "{1 2}"] {
        assert_eq!(sqlstate(array(text)), "22P02", "{text}");
    }
}

#[test]
fn too_large_an_element_is_refused_and_too_small_a_one_becomes_zero() {
    assert_eq!(sqlstate(array("{1e39}")), "22003");
    assert_eq!(sqlstate(pgvector("[-1e39]")), "22003");
    assert_eq!(elements("{1e-50,1e-45}"), [Some(0.0), Some(1e-45)]);
}

#[test]
fn a_vector_takes_no_null_nan_or_infinity() {
    assert_eq!(sqlstate(pgvector("[1,null]")), "22P02");
    assert_eq!(sqlstate(pgvector("[1,NaN]")), "22000");
    assert_eq!(sqlstate(pgvector("[1,Infinity]")), "22000");
    assert_eq!(sqlstate(pgvector("[]")), "22000");
    assert_eq!(sqlstate(pgvector(&format!("[{}1]", "1,".repeat(16_000)))), "54000");
}

#[test]
fn the_error_for_another_length_says_which_length_is_required_and_by_what() {
    let refusal = float4_array(&Value::Text("{1,2,3}"), context(Some(&ten())), &mut Vec::new());
    let reason = "the vector has 3 dimensions, index car_info_feature_idx requires 2".to_string();
    assert_eq!(refusal, Err(EncodeError::Reject { sqlstate: "22000", reason }));
}

#[test]
fn an_index_over_a_cast_refuses_what_the_cast_refuses() {
    for (text, expected) in [("{1,NULL}", "22004"), ("{1,NaN}", "22000")] {
        let mut out = Vec::new();
        assert_eq!(sqlstate(float4_array(&Value::Text(text), context(Some(&ten())), &mut out).map(|()| out)), expected);
    }
}

#[test]
fn arrays_of_numbers_are_vectors_too() {
    let values = [Value::Int(1), Value::Float(0.5), Value::Double(0.1), Value::Null, Value::Text("2")];
    let mut out = Vec::new();
    float4_array(&Value::Array(&values), context(None), &mut out).unwrap();
    assert_eq!(out, array("{1,0.5,0.1,NULL,2}").unwrap());
}

fn packed(number: PackedNumber, big_endian: bool) -> VectorOptions {
    VectorOptions { encoding: Some(VectorEncoding { number, big_endian, base64: false }), normalize: false }
}

#[test]
fn bytes_are_floats_of_the_width_and_order_that_the_job_says() {
    let expected = pgvector("[0.5,-1]").unwrap();
    for (number, big_endian, bytes) in [
        (PackedNumber::F32, false, [0.5_f32.to_le_bytes(), (-1_f32).to_le_bytes()].concat()),
        (PackedNumber::F32, true, [0.5_f32.to_be_bytes(), (-1_f32).to_be_bytes()].concat()),
        (PackedNumber::F64, false, [0.5_f64.to_le_bytes(), (-1_f64).to_le_bytes()].concat()),
        (PackedNumber::F64, true, [0.5_f64.to_be_bytes(), (-1_f64).to_be_bytes()].concat()),
        (PackedNumber::F16, false, vec![0, 0x38, 0, 0xbc]),
        (PackedNumber::F16, true, vec![0x38, 0, 0xbc, 0]),
    ] {
        let options = packed(number, big_endian);
        assert_eq!(written(vector, Value::Bytes(&bytes), options).unwrap(), expected);
        assert_eq!(written(float4_array, Value::Bytes(&bytes), options).unwrap(), array("{0.5,-1}").unwrap());
        assert_eq!(sqlstate(written(vector, Value::Bytes(&bytes[1..]), options)), "22P02");
    }
    let (nan, large) = (f32::NAN.to_le_bytes(), 1e300_f64.to_le_bytes());
    assert_eq!(sqlstate(written(vector, Value::Bytes(&nan), packed(PackedNumber::F32, false))), "22000");
    assert_eq!(sqlstate(written(float4_array, Value::Bytes(&large), packed(PackedNumber::F64, false))), "22003");
    assert!(written(float8_array, Value::Bytes(&large), packed(PackedNumber::F64, false)).is_ok());
}

#[test]
fn a_halfvec_is_rounded_and_takes_no_more_than_65504() {
    let half = |text| written(halfvec, Value::Text(text), VectorOptions::default());
    assert_eq!(half("[1,0.1]").unwrap(), [0, 2, 0, 0, 0x3c, 0, 0x2e, 0x66]);
    assert_eq!(sqlstate(half("[70000]")), "22003");
    assert_eq!(sqlstate(half("[NaN]")), "22000");
}

#[test]
fn a_sparsevec_drops_zeros_and_reads_its_own_text() {
    let sparse = |text| written(sparsevec, Value::Text(text), VectorOptions::default());
    let expected =
        [&[0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2][..], &[0x3f, 0, 0, 0, 0xbf, 0x80, 0, 0]];
    for text in ["[0.5,0,-1]", "{0.5,-0.0,-1}", "{1:0.5,3:-1}/3", " { 3:-1 , 1:0.5, 2:0 } / 3 "] {
        assert_eq!(sparse(text).unwrap(), expected.concat(), "{text}");
    }
    assert_eq!(sparse("{}/5").unwrap(), [0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0]);
    for (text, expected) in
        [("{4:1}/3", "22000"), ("{0:1}/3", "22000"), ("{1:1,1:2}/3", "22000"), ("{1=1}/3", "22P02"), ("{}/0", "22000")]
    {
        assert_eq!(sqlstate(sparse(text)), expected, "{text}");
    }
}

#[test]
fn smallints_must_be_whole_numbers() {
    let smallints = |value| written(int2_array, value, VectorOptions::default());
    let expected = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 21, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 255, 255, 255, 255];
    let expected = [&expected[..], &[0, 0, 0, 2, 0x80, 0]].concat();
    assert_eq!(smallints(Value::Text("[1.0,null,-32768]")).unwrap(), expected);
    assert_eq!(smallints(Value::Text("{}")).unwrap(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 21]);
    assert_eq!(sqlstate(smallints(Value::Text("{1.5}"))), "22003");
    assert_eq!(sqlstate(smallints(Value::Text("{32768}"))), "22003");
}

#[test]
fn a_normalized_vector_has_length_one_and_a_zero_vector_is_refused() {
    let options = VectorOptions { normalize: true, ..VectorOptions::default() };
    let normal = |write: Writer, text| written(write, Value::Text(text), options);
    assert_eq!(normal(vector, "[3,4]").unwrap(), pgvector("[0.6,0.8]").unwrap());
    assert_eq!(normal(float4_array, "{3,4}").unwrap(), array("{0.6,0.8}").unwrap());
    assert_eq!(
        normal(halfvec, "[3e4,4e4]").unwrap(),
        written(halfvec, Value::Text("[0.6,0.8]"), packed(PackedNumber::F32, false)).unwrap()
    );
    assert_eq!(normal(sparsevec, "{2:3,5:4}/9").unwrap()[20..], pgvector("[0.6,0.8]").unwrap()[4..]);
    for (write, text) in
        [(vector as Writer, "[0,0]"), (float8_array, "{0}"), (sparsevec, "{}/3"), (float4_array, "{1,NULL}")]
    {
        assert_eq!(sqlstate(normal(write, text)), "22000", "{text}");
    }
    let large = normal(float8_array, "{3e200,-4e200}").unwrap();
    let first = f64::from_be_bytes(large[24..32].try_into().unwrap());
    assert!((first - 0.6).abs() < 1e-15, "{first}");
    assert_eq!(normal(float8_array, "{3e-200}").unwrap()[24..32], 1_f64.to_be_bytes());
}

#[test]
fn floats_of_the_host_have_the_same_bytes_as_their_literal() {
    let numbers = [0.5_f32, -2.0, 65504.0, 0.0];
    let doubles = numbers.map(f64::from);
    let halves = [0x3800, 0xc000, 0x7bff, 0x0000];
    let literal = Value::Text("{0.5,-2,65504,0}");
    for write in [vector as Writer, halfvec, sparsevec, float4_array, float8_array] {
        let bytes = |value: Value<'_>| written(write, value, VectorOptions::default()).unwrap();
        assert_eq!(bytes(Value::Vector(Vector::Float(&numbers))), bytes(literal));
        assert_eq!(bytes(Value::Vector(Vector::Double(&doubles))), bytes(literal));
        assert_eq!(bytes(Value::Vector(Vector::Half(&halves))), bytes(literal));
    }
}

#[test]
fn floats_of_the_host_are_checked_like_any_other() {
    let refused = |value: Vector<'_>| sqlstate(written(vector, Value::Vector(value), VectorOptions::default()));
    assert_eq!(refused(Vector::Float(&[1.0, f32::NAN])), "22000");
    assert_eq!(refused(Vector::Half(&[0x7c00])), "22000");
    assert_eq!(refused(Vector::Double(&[1e39])), "22003");
    assert_eq!(refused(Vector::Float(&[])), "22000");
}
