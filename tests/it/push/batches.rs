//! Batches of columns and matrices.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::scene::{LONG, builder, open};
use crate::support::postgresql::{Schema, postgres18};
use vecsink::{
    Bitmap, ColumnValues, Columns, ExceptionMode, Offsets, Push, PushError, Strided, TimeUnit, Vector, Wait,
};

#[test]
fn matrices_of_several_threads_are_read_back() {
    const THREADS: usize = 4;
    const ROWS: usize = 2_000;
    const DIMENSION: usize = 48;
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, v vector(48), h halfvec(48))");
    let sink = builder(&schema, "items").buffer_memory(2 << 20).open().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let sink = &sink;
            scope.spawn(move || {
                let ids: Vec<i64> = (0..ROWS as i64).map(|row| row + (thread * ROWS) as i64).collect();
                let floats: Vec<f32> =
                    (0..ROWS * DIMENSION).map(|at| (at / DIMENSION + thread * ROWS) as f32 + 0.25).collect();
                let halves = vec![0x3c00_u16; ROWS * DIMENSION];
                let batch = Columns::new()
                    .column("h", ColumnValues::half_matrix(&halves, DIMENSION))
                    .column("id", &ids)
                    .column("v", ColumnValues::matrix(&floats, DIMENSION));
                let pushed = sink.push_batch(&batch).expect("there will be room");
                assert_eq!((pushed.rows, pushed.rejected), (ROWS, 0));
                assert_eq!(sink.wait_durable(pushed.numbers.unwrap().1, LONG), Ok(()));
            });
        }
    });
    assert_eq!(sink.close(LONG).unwrap().counters.rows_written, (THREADS * ROWS) as u64);
    let all = (THREADS * ROWS).to_string();
    let read = "SELECT count(*) FROM items WHERE (v::real[])[48] = id + 0.25 AND (h::real[])[1] = 1";
    assert_eq!(schema.text(read), Some(all));
}

#[test]
fn columns_of_every_kind_are_read_back_with_their_nulls() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE kinds (id int, yes bool, price numeric(8, 2), name text, raw bytea, day date, at timestamptz,
         wall timestamp, hour time, tags real[], big numeric)",
    );
    let sink = open(&schema, "kinds");
    let interleaved = [1_i32, -9, 2, -9, 3];
    let prices = [150_i128, 0, -25];
    let (micros, days, big) = ([0_i64, 1_500_000, -1], [0_i32, 1, -1], [u64::MAX, 0, 1]);
    let tags = [0.5_f32, 1.5, 2.5];
    let batch = Columns::new()
        .column("id", Strided::new(&interleaved, 2))
        .column("yes", ColumnValues::Bits { bits: Bitmap::new(&[0b1010], 1), rows: 3 })
        .nullable("price", ColumnValues::Decimal { unscaled: Strided::new(&prices, 1), scale: 2 }, &[0b101])
        .column("name", ColumnValues::Text { offsets: Offsets::Small(&[0, 1, 1, 4]), bytes: "a\u{20AC}".as_bytes() })
        .column("raw", ColumnValues::Binary { offsets: Offsets::Large(&[0, 0, 1, 2]), bytes: &[1, 255] })
        .column("day", ColumnValues::Date(Strided::new(&days, 1)))
        .column("at", ColumnValues::Instant { counts: Strided::new(&micros, 1), unit: TimeUnit::Microsecond })
        .column("wall", ColumnValues::Timestamp { counts: Strided::new(&micros, 1), unit: TimeUnit::Millisecond })
        .nullable(
            "hour",
            ColumnValues::Time { counts: Strided::new(&micros, 1), unit: TimeUnit::Microsecond },
            &[0b011],
        )
        .column("tags", ColumnValues::Lists { offsets: Offsets::Small(&[0, 2, 2, 3]), elements: Vector::Float(&tags) })
        .column("big", &big);
    assert_eq!(sink.push_batch(&batch).map(|pushed| pushed.numbers), Ok(Some((0, 2))));
    assert_eq!(sink.flush(LONG), Ok(()));
    schema.execute("SET timezone = 'UTC'");
    let row = |schema: &mut Schema, id| schema.text(&format!("SELECT kinds FROM kinds WHERE id = {id}")).unwrap();
    assert_eq!(
        row(&mut schema, 1),
        r#"(1,t,1.50,a,"\\x",1970-01-01,"1970-01-01 00:00:00+00","1970-01-01 00:00:00",00:00:00,"{0.5,1.5}",18446744073709551615)"#
    );
    assert_eq!(
        row(&mut schema, 2),
        r#"(2,f,,"","\\x01",1970-01-02,"1970-01-01 00:00:01.5+00","1970-01-01 00:25:00",00:00:01.5,{},0)"#
    );
    assert_eq!(
        row(&mut schema, 3),
        "(3,t,-0.25,\u{20AC},\"\\\\xff\",1969-12-31,\"1969-12-31 23:59:59.999999+00\",\"1969-12-31 23:59:59.999\",,{2.5},1)"
    );
}

#[test]
fn a_bad_row_of_a_batch_is_rejected_alone_or_ends_the_batch_as_the_mode_says() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, v vector(2))");
    let ids = [0_i64, 1, 2, 3];
    let numbers = [1.0_f32, 1.0, f32::NAN, 1.0, 1.0, 1.0, 1.0, 1.0];
    let batch = Columns::new().column("id", &ids).column("v", ColumnValues::matrix(&numbers, 2));

    let heard: Arc<Mutex<Vec<u64>>> = Arc::default();
    let told = Arc::clone(&heard);
    let sink =
        builder(&schema, "items").on_rejected(move |row| told.lock().unwrap().push(row.sequence)).open().unwrap();
    let pushed = sink.push_batch_with(&batch, Push { sequence: Some(70), ..Push::default() }).unwrap();
    assert_eq!((pushed.numbers, pushed.rejected), (Some((70, 73)), 1));
    let counters = sink.close(LONG).unwrap().counters;
    assert_eq!((counters.rows_read, counters.rows_written, counters.rows_dead_lettered), (4, 3, 1));
    assert_eq!(*heard.lock().unwrap(), [71]);

    schema.execute("TRUNCATE items");
    let sink = builder(&schema, "items").exception_mode(ExceptionMode::Strict).open().unwrap();
    let ended = sink.push_batch(&batch).unwrap_err();
    assert_eq!((ended.accepted, ended.last), (1, Some(0)));
    assert!(matches!(ended.error, PushError::Rejected(_)));
    assert_eq!(sink.push_batch(&batch.slice(2..4)).map(|pushed| pushed.rows), Ok(2));
    assert_eq!(sink.close(LONG).unwrap().counters.rows_written, 3);
}

#[test]
fn a_batch_that_finds_no_more_room_goes_on_where_it_stopped() {
    const ROWS: usize = 3_000;
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id int PRIMARY KEY, v vector(256))");
    let ids: Vec<i32> = (0..ROWS as i32).collect();
    let numbers = vec![0.5_f32; ROWS * 256];
    let batch = Columns::new().column("id", &ids).column("v", ColumnValues::matrix(&numbers, 256));
    let sink = builder(&schema, "items").buffer_memory(1 << 20).open().unwrap();
    let mut blocker = schema.connect();
    let mut lock = blocker.transaction().unwrap();
    lock.batch_execute("LOCK TABLE items").unwrap();
    let impatient = Push { wait: Wait::No, ..Push::default() };
    let ended = sink.push_batch_with(&batch, impatient).unwrap_err();
    assert_eq!(ended.error, PushError::WouldBlock);
    assert!((500..1500).contains(&ended.accepted), "{ended:?}");
    let patient = Push { wait: Wait::AtMost(Duration::from_millis(30)), ..Push::default() };
    let again = sink.push_batch_with(&batch.slice(ended.accepted..ROWS), patient).unwrap_err();
    assert_eq!((again.error, again.accepted), (PushError::TimedOut, 0));
    lock.commit().unwrap();
    sink.push_batch(&batch.slice(ended.accepted..ROWS)).unwrap();
    sink.close(LONG).unwrap();
    assert_eq!(schema.count("items"), ROWS as i64);
}
