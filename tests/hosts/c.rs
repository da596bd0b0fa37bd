//! C11 programs.

use crate::library::{check, compile_c, url};
use crate::support::postgresql::{Schema, postgres18};

#[test]
fn the_tours_rows_are_read_back() {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute(
        "CREATE TABLE items (id bigint PRIMARY KEY, name text, price numeric(10,2), seen timestamptz, raw bytea, tags text[],
         v vector(3))",
    );
    let tour = compile_c("tour", "tour", &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    check(&tour, &[url(&server), format!("{}.items", schema.name)]);
    schema.execute("SET timezone = 'UTC'");
    let mut row = |id: i64| schema.text(&format!("SELECT items FROM items WHERE id = {id}"));
    assert_eq!(
        row(1).unwrap(),
        r#"(1,"lamp €",19.99,"1970-01-02 00:00:00.5+00","\\x00ff","{new,NULL,red}","[0.5,-1,2]")"#
    );
    assert_eq!(row(2).unwrap(), r#"(2,"lamp €",-2.50,,,,"[1,-2,0.33325195]")"#);
    assert_eq!(row(4).unwrap(), r#"(4,filled,,,,,"[4,0,0.25]")"#);
    assert_eq!(row(5), None);
    assert_eq!(row(104).unwrap(), r#"(104,abc,1.00,,,"{x,y}","[4,5,6]")"#);
    assert_eq!(row(1003).unwrap(), r#"(1003,abc,,,,,"[903,904,905]")"#);
    assert_eq!(schema.count("items"), 1004);
}
