//! Values of other crates' types, read back from the table.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use half::f16;
use jiff::civil;
use serde_json::json;
use uuid::Uuid;

use super::scene::{LONG, open};
use crate::support::postgresql::{Schema, postgres18};

#[test]
fn types_of_other_crates_are_stored_in_the_columns_of_their_kind() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE others (id numeric PRIMARY KEY, key uuid, spelled text, day date, hour time, wall timestamp, at timestamptz,
         zoned timestamptz, document jsonb, nothing json, h halfvec(3), single real)",
    );
    let sink = open(&schema, "others");
    let id = Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);
    let halves = vec![f16::from_f32(1.0), f16::from_f32(-2.5), f16::from_f32(0.125)];
    let day = NaiveDate::from_ymd_opt(1969, 7, 20).unwrap();
    let hour = NaiveTime::from_hms_micro_opt(20, 17, 40, 250_000).unwrap();
    let at: DateTime<FixedOffset> = "1969-07-20T22:17:40.25+02:00".parse().unwrap();
    let zoned = jiff::Timestamp::from_millisecond(-14_182_939_750).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    let document = json!({"name": "lamp", "tags": [1, null]});
    let null = json!(null);
    sink.push(&(
        u64::MAX,
        id,
        id,
        day,
        hour,
        NaiveDateTime::new(day, hour),
        at,
        zoned,
        &document,
        null,
        &halves,
        halves[1],
    ))
    .unwrap();
    let (day, hour) = (civil::date(1969, 7, 20), civil::time(20, 17, 40, 250_000_000));
    let at: jiff::Timestamp = "1969-07-20T20:17:40.25Z".parse().unwrap();
    let (wall, no_id, no_document) = (day.to_datetime(hour), None::<Uuid>, None::<serde_json::Value>);
    sink.push(&(7_u64, Some(id), no_id, day, hour, wall, at, at, document, no_document, halves, -2.5_f32)).unwrap();
    assert_eq!(sink.flush(LONG), Ok(()));
    let mut read = |id: u64| {
        let columns =
            "id, key, spelled, day, hour, wall, at AT TIME ZONE 'UTC', zoned = at, document, nothing, h, single";
        schema.text(&format!("SELECT concat_ws('|', {columns}) FROM others WHERE id = {id}")).unwrap()
    };
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let times = "1969-07-20|20:17:40.25|1969-07-20 20:17:40.25|1969-07-20 20:17:40.25|t";
    let document = r#"{"name": "lamp", "tags": [1, null]}"#;
    assert_eq!(read(u64::MAX), format!("18446744073709551615|{id}|{id}|{times}|{document}|null|[1,-2.5,0.125]|-2.5"));
    assert_eq!(read(7), format!("7|{id}|{times}|{document}|[1,-2.5,0.125]|-2.5"));
}
